"""The ODD says what the code does: the schedule line by line, every equation, every column."""

import ast
import builtins
import inspect
import re
from pathlib import Path

import pytest

import abm
from abm.kernels import day
from abm.runs.columns import CATEGORIES
from abm.runs.columns import columns_of as columns_of_table
from abm.runs.manifest import manifest_of
from abm.runs.tables import ACCOUNT_COLUMNS, REPO_COLUMNS
from abm.scenario import parameter_table
from abm.scenario.retired import NOW_A_RULE, RETIRED
from experiments import odd_tables

ROOT = Path(__file__).parents[1]
TEXT = odd_tables.ODD.read_text(encoding="utf-8")
HEADINGS = (
    "1. Purpose and patterns",
    "2. Entities, state variables and scales",
    "3. Process overview and scheduling",
    "4. Design concepts",
    "5. Initialization",
    "6. Input data",
    "7. Submodels",
)
# Phases that the schedule opens up.
OPENED = (
    "advance day",
    "set policy",
    "accrue",
    "trade swaps",
    "mark and move capital",
    "trade repo",
    "open markets",
    "decide",
    "clear intraday rounds",
    "realise losses",
    "settle banks",
    "record day",
)
CONTROL = ("for ", "if ", "stop")
N_OF_STATE = 5  # (M1) to (M5) hold at any moment
LAST_IN_ORDER = 67  # those that came later stand with their actor or market
KINDS = {"int64": "i", "float64": "f", "text": "t", "date": "M", "category": "c"}


def schedule() -> list:
    """The pseudocode of section 3 as nested dictionaries, each line without its comment."""
    block = re.search(r"```text\n(advance day\n.*?)```", TEXT, re.DOTALL)[1]
    tree: list = []
    levels = [tree]
    for line in block.splitlines():
        depth = (len(line) - len(line.lstrip())) // 4
        words, below = re.split(r"  +", line.strip())[0], []
        levels[depth].append((words, below))
        del levels[depth + 1 :]
        levels.append(below)
    return tree


def phases(tree: list) -> dict:
    """Every opened line of the pseudocode: name -> what stands under it."""
    found = {}
    for words, below in tree:
        if below and not words.startswith(CONTROL):
            found[words] = below
        found |= phases(below)
    return found


def calls_of(statements: list) -> list:
    """Calls in order, under the `for` and `if` that hold them; a `break` is a stop."""
    found: list = []
    for statement in statements:
        if isinstance(statement, ast.For | ast.If):
            inside = calls_of(statement.body) + calls_of(statement.orelse)
            if inside == [("stop", [])]:
                found += inside  # an `if` that only ends the loop
            elif inside:
                found.append(("for" if isinstance(statement, ast.For) else "if", inside))
        elif isinstance(statement, ast.Break):
            found.append(("stop", []))
        elif isinstance(call := getattr(statement, "value", None), ast.Call):
            name = call.func.id if isinstance(call.func, ast.Name) else "a method"
            if name not in vars(builtins):
                found.append((name.replace("_", " "), []))
    return found


def as_written(tree: list) -> list:
    """Pseudocode to compare with `calls_of`: of a control line only `for` or `if`."""
    return [
        (words.split()[0], as_written(below)) if words.startswith(CONTROL) else (words, [])
        for words, below in tree
    ]


def code_of(function) -> list:
    """Statements of a kernel, as it stands in its file."""
    source = Path(inspect.getsourcefile(getattr(function, "py_func", function)))
    name = function.__name__
    tree = ast.parse(source.read_text(encoding="utf-8"))
    return next(n for n in tree.body if isinstance(n, ast.FunctionDef) and n.name == name).body


def rows_of(heading: str) -> list[list[str]]:
    """Cells of the first Markdown table under a heading, the header left out."""
    section = TEXT.split(f"\n### {heading}\n", 1)[1]
    lines = re.search(r"(?:^\|.*\n)+", section, re.MULTILINE)[0].splitlines()
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[2:]]


def columns_of(heading: str, **several: list[str]) -> list[tuple[str, str]]:
    """(name, type) of a schema's rows; <word> in a name stands for each of `several[word]`."""
    found = []
    for first, kind, *_ in rows_of(heading):
        name = re.search(r"`([^`]+)`", first)[1]
        word = re.search(r"<(\w+)>", name)
        values = several[word[1]] if word else [""]
        found += [(name.replace(word[0], v) if word else name, kind) for v in values]
    return found


def kind_of(column) -> str:
    is_category = hasattr(column.dtype, "categories")
    return "c" if is_category else {k: k for k in "ifM"}.get(column.dtype.kind, "t")


@pytest.fixture(scope="module")
def cascade():
    """Twelve days of a small world in which something happens."""
    small = {
        "calendar.days": 12,
        "calendar.burn_in_days": 6,
        "calendar.drift_days": 5,
        "population.scale": 0.2,
        "shock.surprise_bp": 60,
    }
    return abm.cascade(abm.load_scenario("hike").with_changes(small), rng=3)


def test_the_seven_headings_of_the_protocol_are_there_in_order():
    found = re.findall(r"^## (\d\. .+)$", TEXT, re.MULTILINE)
    assert tuple(found) == HEADINGS


@pytest.mark.parametrize("phase", OPENED)
def test_the_schedule_reads_as_the_code_does_line_by_line(phase):
    written = phases(schedule())[phase]
    function = getattr(day, phase.replace(" ", "_"))
    assert as_written(written) == calls_of(code_of(function))


def test_every_opened_phase_of_the_schedule_is_compared():
    assert set(phases(schedule())) == set(OPENED)


def test_names_of_the_schedule_are_kernels():
    known = vars(day)
    for below in phases(schedule()).values():
        for words, _ in below:
            assert words.startswith(CONTROL) or words.replace(" ", "_") in known


def test_equations_have_a_number_of_their_own_the_first_67_in_the_order_of_the_text():
    found = [int(number) for number, _ in odd_tables.EQUATION.findall(TEXT)]
    assert len(found) == len(set(found))
    first = [number for number in found if number <= LAST_IN_ORDER]
    assert first == list(range(1, LAST_IN_ORDER + 1))


def test_every_equation_of_the_code_is_in_the_odd_and_the_other_way_round():
    assert set(odd_tables.marks()) == set(odd_tables.equations(TEXT))


def test_the_odd_refers_to_no_equation_that_is_not_there():
    known = set(odd_tables.equations(TEXT))
    said = {int(number) for number in re.findall(r"\bM([1-9]\d*)\b", TEXT)}
    assert said <= known


def test_equations_are_numbered_in_the_order_of_the_day():
    block = re.search(r"```text\n(advance day\n.*?)```", TEXT, re.DOTALL)[1]
    first = [int(m[1]) for line in block.splitlines() if (m := re.search(r"M(\d+)", line))]
    in_order = range(N_OF_STATE + 1, LAST_IN_ORDER + 1)
    of_the_day = [number for number in dict.fromkeys(first) if number in in_order]
    assert of_the_day == sorted(of_the_day)


def test_all_generated_tables_are_fresh():
    assert odd_tables.stale(TEXT) == "", "run python -m experiments.odd_tables"


def test_every_parameter_is_in_the_table():
    listed = set(re.findall(r"^\| `([\w.*-]+)` \|", TEXT, re.MULTILINE))
    for row in parameter_table(abm.load_scenario(odd_tables.SCENARIO)):
        key, _ = odd_tables.shared_key(row.key)
        assert key in listed or odd_tables.LISTED_BY_NAME.search(key), row.key


def test_every_key_that_the_text_names_is_in_the_table():
    listed = set(re.findall(r"^\| `([\w.*-]+)` \|", TEXT, re.MULTILINE))
    parts = {key.partition(".")[0] for key in listed if "." in key}
    text = re.sub(r"<!-- (\w+): begin -->.*?<!-- \1: end -->", "", TEXT, flags=re.DOTALL)
    named = set(re.findall(r"`([a-z_]+\.[\w.*-]+)`", text))
    named = {word for word in named if word.partition(".")[0] in parts}
    assert len(named) > 20
    known = "\n".join([*listed, *RETIRED, *NOW_A_RULE])
    assert [word for word in sorted(named) if f"\n{word}" not in f"\n{known}"] == []


def test_choices_of_kinds_that_the_reference_does_not_take_are_in_the_table():
    listed = set(re.findall(r"^\| `([\w.*-]+)` \|", TEXT, re.MULTILINE))
    for key in ("policy.swap_line.margin_ceiling", "shock.surprise_bp", "network.brokers.path"):
        assert key in listed


def test_every_test_that_the_map_names_is_there():
    named = {test for tests in odd_tables.TESTS.values() for test in tests}
    for test in named | set(odd_tables.WHOLE_DAY):
        file, name = test.split(":")
        assert f"\ndef {name}(" in (ROOT / "tests" / file).read_text(encoding="utf-8"), test


def test_the_days_table_has_the_columns_of_the_odd(cascade):
    days = cascade.run.days
    forced = [c.removeprefix("forced_").removesuffix("_usd_bn") for c in days if "forced" in c]
    said = columns_of(
        "Table `days`", instrument=list(cascade.run.scenario.instrument_names), type=forced,
        currency=[],  # with a basis of its own
    )  # fmt: skip
    absent = (*ACCOUNT_COLUMNS, *REPO_COLUMNS)
    said = [column for column in said if column[0] not in absent]
    assert sorted(forced) == sorted(set(forced)) and set(forced) < set(re.findall(r"\w+", TEXT))
    assert [name for name, _ in said] == list(days.columns)
    assert [KINDS[kind] for _, kind in said] == [kind_of(days[name]) for name in days]


def test_the_indicators_have_the_columns_of_the_odd(cascade):
    found = cascade.run.indicators
    banks = [node for node, kind in cascade.run.exposures.nodes(data="kind") if kind == "bank"]
    said = columns_of("Table `indicators`", bank=banks)
    assert [name for name, _ in said] == list(found.columns)
    assert [KINDS[kind] for _, kind in said] == [kind_of(found[name]) for name in found]


@pytest.mark.parametrize("table", ["events", "institutions", "edges"])
def test_a_table_has_the_columns_of_the_odd(cascade, table):
    found, said = getattr(cascade.run, table), columns_of(f"Table `{table}`")
    assert [name for name, _ in said] == list(found.columns)
    assert [KINDS[kind] for _, kind in said] == [kind_of(found[name]) for name in found]


@pytest.mark.parametrize(
    ("table", "column"),
    [("days", "status"), ("events", "side"), ("institutions", "kind"), ("cascade", "class")],
)
def test_the_odd_names_every_category_of_a_closed_list(table, column):
    (meaning,) = (c.meaning for c in columns_of_table(table) if c.name == column)
    closed = CATEGORIES["runs" if table == "cascade" else table, column]
    assert len(closed) > 2 and all(word in meaning for word in closed)


def test_events_are_of_the_kinds_of_the_odd(cascade):
    from abm.kernels.events import EVENT_KINDS

    section = TEXT.split("| kind | amount | cause |")[1].split("\n\n")[0]
    assert set(re.findall(r"^\| (\w+) \|", section, re.MULTILINE)) == set(EVENT_KINDS)
    assert set(cascade.run.events["kind"]) <= set(EVENT_KINDS)


def test_the_exposure_graph_has_the_attributes_of_the_odd(cascade):
    graph = cascade.run.exposures
    said = [
        re.match(r"(\w+) `(\w+)`", first).groups() for first, *_ in rows_of("Graph `exposures`")
    ]
    nodes = {name for _, node in graph.nodes(data=True) for name in node}
    edges = {name for _, _, edge in graph.edges(data=True) for name in edge}
    assert {name for what, name in said if what == "node"} == nodes
    assert {name for what, name in said if what == "edge"} == edges


def test_the_summary_and_the_cascade_have_the_keys_of_the_odd(cascade):
    forced = [k.removeprefix("forced_").removesuffix("_usd_bn") for k in cascade if "forced" in k]
    kinds = [kind for kind in forced if not kind.startswith(("sales", "share"))]
    summary = [name for name, _ in columns_of("Numbers `summary`", type=kinds)]
    assert set(summary) == set(cascade.run.summary)
    added = [name for name, _ in columns_of("Numbers `cascade`")]
    assert added == [key for key in cascade if key not in cascade.run.summary]


def test_the_manifest_has_the_keys_of_the_odd(cascade):
    assert [name for name, _ in columns_of("File `manifest`")] == list(manifest_of(cascade.run))


def test_the_readme_s_keys_are_keys_of_the_scenarios_it_names():
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    asked = re.findall(r"unwind run ([\w./-]+)[^\n`]*?--set ([\w.]+)=", readme)
    assert asked
    for name, key in asked:
        base = name if name in abm.list_scenarios() else "hike"
        assert key in abm.load_scenario(base).dotted_keys(), key
