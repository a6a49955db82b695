"""Agents know of their model what `HostModel` lists, and the model has all of it."""

import ast
from pathlib import Path

from abm.agents import HostModel
from abm.model import CarryUnwindModel

ROOM = Path(__file__).parents[2] / "abm" / "agents"


def listed():
    """Names that a host has."""
    said = {name for name in vars(HostModel) if not name.startswith("_")}
    return said | set(HostModel.__annotations__)


def read_of_models():
    """Names that the agents' code reads of `model`, or of the model of another object."""
    for path in ROOM.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            owner = node.value if isinstance(node, ast.Attribute) else None
            if getattr(owner, "attr", getattr(owner, "id", "")) == "model":
                yield node.attr


def test_agents_read_nothing_of_their_model_that_is_not_listed():
    assert {"world", "next_day"} <= set(read_of_models()) <= listed()


def test_the_model_is_a_host():
    model = CarryUnwindModel("calm", rng=1)
    assert {name for name in listed() if not hasattr(model, name)} == set()
