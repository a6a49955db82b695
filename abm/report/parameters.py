"""The parameters of a scenario, beside the shipped scenario that it is nearest to."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from abm.scenario import list_scenarios, load_scenario
from abm.scenario.files import bases_of
from abm.scenario.template import Parameter, parameter_table
from abm.scenario.writing import toml_value
from abm.words import counted

if TYPE_CHECKING:
    from abm.scenario import Scenario

NOT_THERE = "—"
_MOST_CHANGES, _MOST_LETTERS = 3, 24  # named in a caption; of a value beside its key


class Difference(NamedTuple):
    """A parameter that has another value than in the scenario compared with, or is only in one."""

    key: str
    value: str
    base_value: str
    unit: str
    meaning: str


class Compared(NamedTuple):
    """A shipped scenario, and all in which another one is different."""

    base: str
    differences: list[Difference]


def run_name(scenario: Scenario, seed: int, replicate: int) -> str:
    """A run in a caption: scenario, what differs from the shipped one of that name, its draws."""
    shipped = scenario.name in list_scenarios()
    found = differences(scenario, load_scenario(scenario.name)) if shipped else []
    named = [
        f"{one.key} = {one.value}" if len(one.value) <= _MOST_LETTERS else one.key
        for one in found[:_MOST_CHANGES]
    ]
    n_more = len(found) - len(named)
    more = f" and {counted(n_more, 'more change')}" if n_more else ""
    changes = f" ({', '.join(named)}{more})" if named else ""
    return f"{scenario.name}{changes}, seed {seed}, replicate {replicate}"


def parameters(scenario: Scenario) -> dict[str, Any]:
    """The section of parameters, of both kinds of page."""
    return {
        "compared": compared(scenario),
        "parameters": [_written(row) for row in parameter_table(scenario)],
    }


def _written(row: Parameter) -> Parameter:
    return row._replace(value=toml_value(row.value))


def compared(scenario: Scenario) -> Compared:
    """A scenario beside the shipped one of its name; without one, from which it differs least.

    A result does not say what it was based on. Of several that are as near, the one that stands on
    fewest others, then the first in alphabetical order.
    """
    shipped = list_scenarios()
    names = [scenario.name] if scenario.name in shipped else shipped
    candidates = [Compared(name, differences(scenario, load_scenario(name))) for name in names]
    return min(
        candidates, key=lambda one: (len(one.differences), len(bases_of(one.base)), one.base)
    )


def differences(scenario: Scenario, base: Scenario) -> list[Difference]:
    """Every parameter in which two scenarios differ, in the order of the file."""
    here = {row.key: row for row in parameter_table(scenario)}
    there = {row.key: row for row in parameter_table(base)}
    found = []
    for key in dict.fromkeys((*here, *there)):
        values = _value(here.get(key)), _value(there.get(key))
        if values[0] != values[1]:
            row = here.get(key) or there[key]
            found.append(Difference(key, *values, row.unit, row.meaning))
    return found


def _value(row: Parameter | None) -> str:
    return NOT_THERE if row is None else toml_value(row.value)
