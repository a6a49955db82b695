"""The front door: light to open, complete, and the rooms behind it in order."""

import subprocess
import sys
from pathlib import Path

import pytest
from importlinter.cli import lint_imports

import abm

ROOT = Path(__file__).parents[1]
HEAVY = frozenset(
    {"matplotlib", "mesa", "networkx", "numba", "numpy", "pandas"}
    | {"pyarrow", "pydantic", "rich", "scipy", "typer"}
)


def python(code: str) -> str:
    """Output of a fresh interpreter."""
    return subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout


def test_opening_the_door_loads_nothing_heavy():
    loaded = set(python("import abm, sys; print(*sys.modules)").split())
    assert not loaded & HEAVY
    assert not {m for m in loaded if m.startswith("abm.")}


@pytest.mark.parametrize("name", sorted(set(abm.__all__) - {"__version__"}))
def test_every_name_on_the_door_is_behind_it(name):
    assert callable(getattr(abm, name))
    assert name in dir(abm)


def test_a_name_loads_once_and_is_then_the_package_s_own():
    said = python(
        "import abm, abm.scenario\n"
        "assert 'load_scenario' not in vars(abm)\n"
        "assert abm.load_scenario is abm.scenario.load_scenario\n"
        "print('load_scenario' in vars(abm))"
    )
    assert said.strip() == "True"


def test_a_name_that_is_not_there_is_an_ordinary_attribute_error():
    with pytest.raises(AttributeError, match="has no attribute 'unwound'"):
        abm.unwound  # noqa: B018


def test_a_star_import_brings_the_names_on_the_door():
    said = python("from abm import *; print(sorted(n for n in dir() if not n.startswith('__')))")
    assert said.strip() == str(sorted(set(abm.__all__) - {"__version__"}))


def test_the_citation_and_the_change_log_name_this_version():
    citation = (ROOT / "CITATION.cff").read_text(encoding="utf-8")
    assert f"\nversion: {abm.__version__}\n" in citation
    assert f"\n## {abm.__version__}" in (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")


def test_the_constraints_name_versions_and_nothing_else():
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    pins = [line for line in lines if line and not line.startswith("#")]
    assert all("==" in pin.split(";")[0] for pin in pins)
    assert not any(sign in pin for pin in pins for sign in ("/", "@", "--"))


def test_rooms_import_downwards_only_and_kernels_know_arrays_only(monkeypatch, capsys):
    monkeypatch.chdir(ROOT)
    assert lint_imports(no_cache=True) == 0, capsys.readouterr().out
