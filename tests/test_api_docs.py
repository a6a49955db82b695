"""Everything on the API pages is said where it is defined, and their examples are true."""

import ast
import doctest
import inspect
from importlib import import_module
from types import ModuleType

import pytest
from pydantic import BaseModel

import abm

ROOMS = (
    "abm",
    "abm.agents",
    "abm.calibration",
    "abm.carry",
    "abm.contagion",
    "abm.errors",
    "abm.literature",
    "abm.market",
    "abm.measures.cascade",
    "abm.measures.indicators",
    "abm.measures.moments",
    "abm.measures.network",
    "abm.measures.tails",
    "abm.measures.vulnerability",
    "abm.runs",
    "abm.scenario",
    "abm.stress",
    "abm.sweep",
    "abm.validation",
)
WITH_EXAMPLES = (
    "abm",
    "abm.agents",
    "abm.agents.python_agent",
    "abm.carry",
    "abm.contagion",
    "abm.literature",
    "abm.market",
    "abm.scenario",
    "abm.sweep.experiment",
)


def shown() -> dict[str, object]:
    """Every class and function of the pages, by where it is defined."""
    found = {}
    for room in map(import_module, ROOMS):
        own = [n for n in vars(room) if getattr(vars(room)[n], "__module__", "") == room.__name__]
        for name in getattr(room, "__all__", own):
            value = getattr(room, name)
            is_listed = inspect.isclass(value) or inspect.isfunction(value)
            if is_listed and not name.startswith("_"):
                found[f"{value.__module__}.{name}"] = value
    return found


SHOWN = shown()
CLASSES = {name: value for name, value in SHOWN.items() if inspect.isclass(value)}


def undocumented(kind: type) -> list[str]:
    """Fields, properties and methods in the body of a class that nothing is said of."""
    body = ast.parse(inspect.getsource(kind)).body[0].body
    silent = []
    for node, after in zip(body, [*body[1:], None], strict=True):
        if isinstance(node, ast.AnnAssign) and not issubclass(kind, BaseModel):
            is_said = isinstance(after, ast.Expr) and isinstance(after.value, ast.Constant)
            silent += [] if is_said else [node.target.id]
        elif isinstance(node, ast.FunctionDef):
            is_setter = any(ast.unparse(d).endswith(".setter") for d in node.decorator_list)
            is_said = is_setter or ast.get_docstring(node)
            silent += [] if is_said else [node.name]
    return [name for name in silent if not name.startswith("_") or name == "__init__"]


@pytest.mark.parametrize("name", SHOWN)
def test_what_is_shown_has_a_docstring_of_its_own(name):
    assert (vars(SHOWN[name])["__doc__"] if name in CLASSES else SHOWN[name].__doc__).strip()


@pytest.mark.parametrize("name", CLASSES)
def test_every_field_and_method_of_a_class_says_what_it_is(name):
    assert undocumented(CLASSES[name]) == []


def test_every_field_of_a_scenario_a_study_and_an_experiment_is_declared_with_its_meaning():
    models = [kind for kind in CLASSES.values() if issubclass(kind, BaseModel)]
    assert {kind.__name__ for kind in models} == {"Scenario", "Experiment", "Study"}
    assert all(field.description for kind in models for field in kind.model_fields.values())


@pytest.mark.parametrize("name", sorted(set(abm.__all__) - {"__version__", "list_scenarios"}))
def test_the_front_door_says_what_it_refuses(name):
    value = getattr(abm, name)
    said = (value.sweep if isinstance(value, ModuleType) else value).__doc__
    assert "Raises\n" in said or "errors" in said


@pytest.mark.parametrize("name", WITH_EXAMPLES)
def test_the_examples_of_the_pages_are_true(name):
    failed, attempted = doctest.testmod(import_module(name))
    assert attempted and not failed


def test_no_page_with_an_example_is_left_out():
    homes = {value.__module__ for value in SHOWN.values()} | set(ROOMS)
    assert {home for home in homes if ">>> " in inspect.getsource(import_module(home))} == set(
        WITH_EXAMPLES
    )
