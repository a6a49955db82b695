"""A scenario explained: a commented file to start from, the parameter table, the JSON Schema."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, NamedTuple

from abm.errors import InvalidInput
from abm.scenario.fields import note
from abm.scenario.files import load_scenario
from abm.scenario.places import Leaf, leaves, leaves_of_other_kinds
from abm.scenario.schema import Scenario
from abm.scenario.writing import WORDS, toml_key, toml_value

FILE_NAME = re.compile(r"^[A-Za-z0-9][A-Za-z0-9_.-]*\Z")

ASKED = ("shock.surprise_bp",)  # set in the file itself: what one changes first
LISTS = ("news.", "policy.boj.path.", "policy.mof.interventions.")
NEWS_EXAMPLE = (
    "",
    "# [[news]]   # public news moves fundamentals on its day; as many of these as you like",
    '# name = "payrolls"',
    "# day = 2   # index of the day, or a date where calendar.start is given",
    "# moves = { SPX = -0.035, UST = 0.026 }   # log",
)


class Parameter(NamedTuple):
    """One row of the parameter table."""

    key: str
    """Dotted, as `Scenario.with_changes` takes it."""
    value: Any
    """The scenario's value."""
    unit: str
    """Of the value; "-" for none."""
    range: str
    """The values allowed, in words."""
    source: str
    """Source of the value: a record, a paper, tuned, assumed."""
    meaning: str
    """Meaning of the key."""


def parameter_table(scenario: Scenario) -> list[Parameter]:
    """Every number and choice of a scenario with its unit, range, source and meaning."""
    chosen = (leaf for leaf in leaves(scenario) if leaf.key not in WORDS)
    return [_parameter(leaf) for leaf in chosen if leaf.value is not None]


def parameters_of_other_kinds(scenario: Scenario) -> list[tuple[str, Parameter]]:
    """Kind and choice for every kind that a scenario does not take, at the kind's default."""
    return [(kind, _parameter(leaf)) for kind, leaf in leaves_of_other_kinds(scenario)]


def _parameter(leaf: Leaf) -> Parameter:
    notes = (note(leaf.field, which) for which in ("unit", "range", "source", "meaning"))
    return Parameter(leaf.key, leaf.value, *notes)


def commented_template(name: str, base: str = "hike") -> str:
    """A file that runs as it is and shows, behind a #, everything that can be changed.

    Raises InvalidInput for a name that cannot be a file's.
    """
    if not FILE_NAME.match(name):
        raise InvalidInput(f"'{name}' cannot be a scenario's name: use letters, digits, - and _")
    scenario = load_scenario(base)
    head = [
        f"# Your own scenario. It takes everything from {base} and changes what you write here.",
        f"# Check it with: unwind check {name}.toml     Run it with: unwind run {name}.toml",
        "# Below stands every other choice with its present value: take away a # to change one.",
        "# Lines that start with ## say what the next one means [unit; range; source].",
        f"base = {toml_value(base)}",
        f"title = {toml_value(name.replace('-', ' '))}",
        f"# without = [{toml_value('instruments.JGB')}]   # entries of the base to leave out",
    ]
    return "\n".join([*head, *_commented(scenario)]) + "\n"


def _commented(scenario: Scenario) -> Iterator[str]:
    """Every choice of the base, table by table; lists of tables only as an example."""
    tables: dict[str, list[Leaf]] = {}
    for leaf in leaves(scenario):
        table = leaf.key.rpartition(".")[0]
        if table and not leaf.key.startswith(LISTS):
            tables.setdefault(table, []).append(leaf)
    for table, inside in tables.items():
        yield ""
        yield f"[{'.'.join(toml_key(step) for step in table.split('.'))}]"
        for leaf in inside:
            yield from _choice(leaf)
    yield from NEWS_EXAMPLE


def _choice(leaf: Leaf) -> Iterator[str]:
    """Meaning of a key, and the line that sets it."""
    facts = [note(leaf.field, which) for which in ("unit", "range", "source")]
    known = "; ".join(fact for fact in facts if fact not in ("", "-"))
    yield f"## {note(leaf.field, 'meaning')} [{known}]"
    value = "" if leaf.value is None else toml_value(leaf.value)
    off = "" if leaf.key in ASKED else "# "
    yield f"{off}{toml_key(leaf.key.rpartition('.')[2])} = {value}".rstrip()


def json_schema() -> dict[str, Any]:
    """JSON Schema of a scenario file, for editors. Nothing is required: a base may give it."""
    schema = Scenario.model_json_schema()
    _require_nothing(schema)
    schema["$schema"] = "https://json-schema.org/draft/2020-12/schema"
    schema["properties"]["base"] = {
        "type": "string",
        "description": "scenario (name or .toml file) from which all that is not said is taken",
    }
    schema["properties"]["without"] = {
        "type": "array",
        "items": {"type": "string"},
        "description": "dotted keys of the base to leave out",
    }
    return schema


def _require_nothing(node: Any) -> None:
    if isinstance(node, dict):
        if isinstance(node.get("required"), list):
            node["required"] = [name for name in node["required"] if name == "kind"]
        for below in node.values():
            _require_nothing(below)
    elif isinstance(node, list):
        for below in node:
            _require_nothing(below)
