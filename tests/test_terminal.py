"""Whatever a name holds, a terminal shows it and does not obey it: answers as well as refusals."""

import ast
import io
from contextlib import nullcontext
from pathlib import Path

import pytest

import abm
from abm.cli import progress as bars
from abm.cli.terminal import say, tell, warned
from abm.scenario import load_scenario
from abm.sweep import pool, sweep
from tests.attacks.stage import RAW, ask
from tests.sweep.small import HereAndNow, experiment

ROOT = Path(__file__).parents[1]
NAME = "a\x1b[31m\x07\x9b2J\u202e\u2066\u200b\ufeff[bold]\nok"
SPELT = "a\\u001b[31m\\u0007\\u009b2J\\u202e\\u2066\\u200b\\ufeff[bold]\\nok"


@pytest.fixture
def place(tmp_path, monkeypatch):
    """An empty folder to work in, and in it one that is called NAME."""
    monkeypatch.chdir(tmp_path)
    Path(NAME).mkdir()
    return Path(NAME)


@pytest.fixture
def kept_run(place):
    small = {"calendar.days": 4, "calendar.burn_in_days": 6, "calendar.drift_days": 5}
    scenario = load_scenario("hike").with_changes(small | {"calendar.shock_day": 1})
    return abm.run(scenario).save(place / "run")


@pytest.fixture
def kept_sweep(place, monkeypatch):
    monkeypatch.setattr(pool, "own_processes", lambda _: nullcontext(HereAndNow()))
    sweep(experiment(name=NAME), place / "sweep")
    return place / "sweep"


def answered(*words):
    """The command's words where all is well, after a look at every character of them."""
    answer = ask([str(word) for word in words])
    assert answer.code in (0, 1), answer.text
    assert not RAW & set(answer.text), answer.text
    assert "Traceback" not in answer.text
    return answer.text


def test_a_scenario_s_file_may_be_called_anything(place):
    path = place / f"{NAME}.toml"
    path.write_text('base = "hike"\nname = "mine"\n')
    assert "ok: mine" in answered("check", path)
    path.write_text('base = "hike"\n[funds]\nn = -1\n')
    answer = ask(["check", str(path)])
    assert answer.code == 2 and SPELT in answer.text and not RAW & set(answer.text)


def test_schema_and_figures_go_where_they_are_asked_to(place, kept_run):
    assert SPELT in answered("schema", "--out", place / "schema.json")
    assert SPELT in answered("report", kept_run)
    assert SPELT in answered("plot", kept_run)
    answered("explain", kept_run)
    answered("explain", kept_run, "--json")
    answered("explain", kept_run, "--language", "ja")
    answered("reproduce", kept_run)


@pytest.mark.filterwarnings("error:Glyph")
def test_a_sweep_may_be_called_anything(kept_sweep):
    assert f"Sweep           {SPELT}" in answered("status", kept_sweep)
    answered("status", kept_sweep, "--json")
    answered("status", kept_sweep, "--verify")
    assert SPELT in answered("analyse", kept_sweep)
    answered("analyse", kept_sweep, "--json")
    assert SPELT in answered("report", kept_sweep)
    answered("reproduce", kept_sweep, "--rows", "1")


def test_an_experiment_may_be_called_anything(place, monkeypatch):
    monkeypatch.setattr("abm.cli.pilot.pilot_runs", lambda *_: _no_pilot())
    text = experiment(name=NAME).to_toml()
    (place / "mine.toml").write_text(text)
    assert f"ok: {SPELT}" in answered("check", place / "mine.toml")


def _no_pilot():
    from abm.cli.pilot import Pilot

    return Pilot([], [], [], [])


def test_both_streams_spell_what_they_are_given(capsys):
    tell(NAME, "円\u3000é", 3)
    say(NAME)
    warned(UserWarning(NAME), UserWarning, "x.py", 3)
    told = capsys.readouterr()
    assert told.out == f"{SPELT}\n円\u3000é\n3\n"
    assert told.err == f"{SPELT}\nwarning: {SPELT}\n"


def test_a_bar_shows_a_name_and_no_markup(monkeypatch):
    from rich.console import Console

    screen = io.StringIO()
    monkeypatch.setattr(
        "rich.console.Console", lambda **_: Console(file=screen, force_terminal=True, width=200)
    )
    monkeypatch.setattr(bars.sys.stderr, "isatty", lambda: True, raising=False)
    with bars.Progress(1) as progress, progress.step("a\x1b[2J\u202e[red]b[/red]"):
        progress.bar.refresh()
    assert "a\\u001b[2J\\u202e[red]b[/red]" in screen.getvalue()
    assert "\u202e" not in screen.getvalue()


def test_commands_print_through_one_place_alone():
    for path in (ROOT / "abm" / "cli").glob("*.py"):
        names = {
            node.func.id
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
        }
        assert "print" not in names or path.name == "terminal.py", path.name
