"""Groups of state in signatures: what is read and written; only the day takes more than four."""

import ast
from pathlib import Path

import pytest

import abm.kernels
from abm.population.world import World

KERNELS = Path(abm.kernels.__file__).parent
GROUPS = set(World._fields[:10])
MOST = 4


def functions():
    """Every function of the kernels but those of the day, as (place, its arguments)."""
    for path in sorted(KERNELS.rglob("*.py")):
        if path == KERNELS / "day.py":
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.FunctionDef):
                names = {argument.arg for argument in node.args.args}
                yield f"{path.relative_to(KERNELS)}:{node.name}", names


@pytest.mark.plain
def test_no_function_outside_the_day_takes_more_than_four_groups_of_state():
    assert {"books", "market", "record", "scratch"} < GROUPS
    taken = {place: names & GROUPS for place, names in functions()}
    assert len(taken) > 200
    assert {place: found for place, found in taken.items() if len(found) > MOST} == {}
