"""The attack of a thousand inputs: tables of surface, input and expected words, beside this file.

Every answer has exit code 2 (in Python, an UnwindError), says what is wrong, is of bounded length,
holds no character that a terminal obeys, and leaves every file as it was.
"""

import json
import os
import re
import shutil
import tomllib
from contextlib import nullcontext
from pathlib import Path

import pyarrow.parquet as pq
import pytest

import abm
from abm.cli.commands import COMMANDS
from abm.errors import UnwindError
from abm.literature import find_papers
from abm.scenario import Scenario, commented_template, load_scenario, parse_setting
from abm.sweep import pool, run_of_row, sweep
from abm.sweep.experiment import Experiment, load_experiment
from abm.words import words
from tests.attacks.stage import BASED, RAW, Answer, ask, contents, faults_of, set_up
from tests.sweep.small import HereAndNow, experiment

HERE = Path(__file__).parent
SURFACES = sorted(path.stem for path in HERE.glob("*.toml"))
NAME = "\x1b[31m\u202e\u200b\x9b[bold]"
REPEATED = re.compile(r"«(.+?)×(\d+)»", re.DOTALL)
TAKEN_AWAY = "∅"


def written_out(value):
    """A table's value with «text×times» spelt out, so that the tables can be read."""
    if isinstance(value, list):
        return [written_out(entry) for entry in value]
    if isinstance(value, dict):
        return {key: written_out(entry) for key, entry in value.items()}
    if isinstance(value, str):
        return REPEATED.sub(lambda found: found[1] * int(found[2]), value)
    return value


def table(surface):
    rows = tomllib.loads((HERE / f"{surface}.toml").read_text(encoding="utf-8"))["rows"]
    return [(written_out(given), expected) for given, expected in rows]


def told(given):
    return ascii(given)[:60]


def rows(surface):
    return pytest.mark.parametrize(("given", "expected"), table(surface), ids=told)


@pytest.fixture(scope="module")
def stage(tmp_path_factory):
    place = tmp_path_factory.mktemp("stage")
    set_up(place)
    return place


@pytest.fixture
def attack(stage, monkeypatch):
    """Ask the command and look at the answer, and at what became of the files."""
    monkeypatch.chdir(stage)

    def call(words: list[str], expected: str) -> None:
        before = contents(stage)
        found = faults_of(ask(words), expected)
        assert not found, found
        assert contents(stage) == before

    return call


def test_there_are_four_hundred_rows_over_all_surfaces():
    assert sum(len(table(surface)) for surface in SURFACES) >= 400
    assert len(SURFACES) == 11


def test_every_command_is_attacked():
    known = {command.__name__ for command in COMMANDS}
    assert known - {given[0] for given, _ in table("options")} == set()


@rows("options")
def test_words_on_the_command_line(attack, given, expected):
    attack(given, expected)


@rows("settings")
def test_settings(attack, given, expected):
    attack(["check", "hike", f"--set={given}"], expected)


@rows("scenarios")
def test_scenario_files(attack, stage, given, expected):
    text = given if given.startswith("base =") else BASED + given
    (stage / "mine.toml").write_text(f"{text}\n", encoding="utf-8")
    attack(["check", "mine.toml"], expected)


@rows("experiments")
def test_experiment_files(attack, stage, given, expected):
    (stage / "mine.toml").write_text(f"{given}\n", encoding="utf-8")
    attack(["sweep", "mine.toml", "--out", "swept"], expected)


@rows("points")
def test_files_of_points(attack, stage, given, expected):
    head = 'scenario = "hike"\nreplicates = 1\n[design]\nkind = "list"\nfile = "points.csv"\n'
    (stage / "mine.toml").write_text(head)
    (stage / "points.csv").write_text(f"{given}\n", encoding="utf-8")
    attack(["sweep", "mine.toml", "--out", "swept"], expected)


@rows("portfolios")
def test_portfolio_files(attack, stage, given, expected):
    (stage / "mine.csv").write_text(f"{given}\n", encoding="utf-8")
    attack(["stress", "mine.csv", "--scenario", "hike", "--out", "stressed"], expected)


@rows("graphs")
def test_graph_files(attack, stage, given, expected):
    end, name, content = given
    (stage / name).write_text(content, encoding="utf-8")
    network = f'[network.{end}]\nkind = "file"\npath = {json.dumps(name)}\n'
    (stage / "mine.toml").write_text(BASED + network)
    attack(["check", "mine.toml"], expected)


@pytest.fixture(scope="module")
def kept_run(tmp_path_factory):
    small = {"calendar.days": 4, "calendar.burn_in_days": 6, "calendar.drift_days": 5}
    scenario = load_scenario("hike").with_changes(small | {"calendar.shock_day": 1})
    return abm.run(scenario).save(tmp_path_factory.mktemp("run") / "kept")


@pytest.fixture(scope="module")
def kept_sweep(tmp_path_factory):
    place = tmp_path_factory.mktemp("sweep") / "kept"
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(pool, "own_processes", lambda _: nullcontext(HereAndNow()))
        sweep(experiment(), place, chunk_rows=12)
    return place


def damage(path: Path, change):
    """Do to a file what a row of the tables says."""
    if isinstance(change, dict):
        content = json.loads(path.read_text()) | change
        content = {key: value for key, value in content.items() if value != TAKEN_AWAY}
        path.write_text(json.dumps(content))
        return
    raw = path.read_bytes()
    path.unlink()
    if change == "pipe":
        os.mkfifo(path)
    elif change == "device":
        path.symlink_to("/dev/zero")
    elif change == "folder":
        path.mkdir()
    elif change == "cut":
        path.write_bytes(raw[:-20])
    elif change == "flip":
        path.write_bytes(flipped(path, raw))
    elif change != "gone":
        path.write_text(change, encoding="utf-8")


def flipped(path: Path, raw: bytes) -> bytes:
    """The file with one bit of a number changed, as long and as readable as before."""
    path.write_bytes(raw)
    before = pq.read_table(path)
    for at in range(4, len(raw)):
        changed = raw[:at] + bytes([raw[at] ^ 1]) + raw[at + 1 :]
        path.write_bytes(changed)
        try:
            if not pq.ParquetFile(path).read().equals(before):
                return changed
        except Exception:  # a bit of the file's frame: it is not read at all
            continue
    raise AssertionError("every bit matters to the reader")


@pytest.fixture
def damaged(tmp_path, monkeypatch):
    """Ask commands about a folder of which one file has been damaged."""

    def call(kept: Path, change, commands, expected: str, file: Path | None = None) -> None:
        monkeypatch.chdir(tmp_path)
        shutil.copytree(kept, "kept", ignore=shutil.ignore_patterns("figures", "ODD.md"))
        damage(Path("kept") / (file or ""), change)
        for command in commands:
            before = contents(tmp_path)
            found = faults_of(ask([*command, "kept"]), expected)
            assert not found, (command, found)
            assert contents(tmp_path) == before, command

    return call


@rows("results")
def test_result_folders(damaged, kept_run, given, expected):
    commands = [["explain"], ["plot"], ["report"], ["reproduce"], ["export"]]
    damaged(kept_run, given[1], commands, expected, Path(given[0]))


@rows("sweeps")
def test_sweep_folders(damaged, kept_sweep, given, expected):
    commands = [["analyse"], ["report"], ["reproduce"], ["run", "--row", "0", "--from"]]
    commands += [["plot"], ["export"]]
    damaged(kept_sweep, given[1], commands, expected, Path(given[0]))


@rows("chunks")
def test_files_of_runs(damaged, kept_sweep, given, expected):
    (name,) = [path.name for path in (kept_sweep / "runs").glob(f"{given[0]}-*")]
    commands = [["analyse"], ["report"], ["reproduce"], ["plot"], ["export"]]
    damaged(kept_sweep, given[1], commands, expected, Path("runs") / name)


KNOWN = {
    "abm": abm,
    "Path": Path,
    "NAME": NAME,
    "Scenario": Scenario,
    "Experiment": Experiment,
    "load_experiment": load_experiment,
    "run_of_row": run_of_row,
    "parse_setting": parse_setting,
    "commented_template": commented_template,
    "words": words,
    "find_papers": find_papers,
}


@rows("front_door")
def test_the_front_door(stage, monkeypatch, given, expected):
    monkeypatch.chdir(stage)
    before = contents(stage)
    with pytest.raises(UnwindError) as refused:
        eval(given, KNOWN | {"hike": load_scenario("hike")})  # rows of our own table
    found = faults_of(Answer(2, str(refused.value)), expected)
    assert not found, found
    assert contents(stage) == before


def test_every_sign_that_a_terminal_obeys_is_looked_for():
    assert set("\x00\x07\x1b\x7f\x85\x9b\u200b\u200e\u202e\u2066\u2069\u061c\ufeff\ud800") <= RAW
