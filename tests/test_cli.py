"""`unwind` as it is typed: what it prints, and the one clear message for every mistake."""

import json
import os
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from typer.testing import CliRunner

from abm.cli.commands import COMMANDS, app
from abm.scenario import list_scenarios, load_scenario

ROOT = Path(__file__).parents[1]
BASED = 'base = "hike"\n'


@pytest.fixture
def unwind(tmp_path, monkeypatch):
    """Call the command in an empty folder: `unwind("check", "hike")`."""
    monkeypatch.chdir(tmp_path)

    def call(*words: object):
        return CliRunner().invoke(app, [str(word) for word in words])

    return call


@pytest.fixture
def refused(unwind):
    """The command's answer to a mistake, after checking that it is an answer to one."""

    def call(*words: object) -> str:
        result = unwind(*words)
        assert result.exit_code == 2, result.output
        assert result.stdout == ""
        assert "Traceback" not in result.stderr
        return " ".join(result.stderr.split())

    return call


def shell(*words: str, code: str = "from abm.cli import main; main()", **options):
    """The command in a process of its own."""
    return subprocess.run(
        [sys.executable, "-c", code, *words],
        env={"PYTHONPATH": str(ROOT), "PATH": "", "NO_COLOR": "1"},
        capture_output=True,
        text=True,
        timeout=60,
        **options,
    )


def test_every_scenario_is_listed_on_one_line_with_what_it_is(unwind):
    lines = unwind("scenarios").stdout.splitlines()
    assert [line.split()[0] for line in lines] == list_scenarios()
    width = max(map(len, list_scenarios())) + 2
    assert f"{'hike':{width}}{load_scenario('hike').title}" in lines


def test_a_valid_scenario_is_ok_with_its_size_and_its_hash(unwind):
    result = unwind("check", "august-2024")
    assert result.exit_code == 0
    assert result.stdout.startswith("ok: august-2024, ")
    assert "9 instruments, 88 days from 2024-07-01" in result.stdout
    assert load_scenario("august-2024").canonical_hash()[:12] in result.stdout


def test_a_setting_changes_what_is_checked(unwind):
    plain = unwind("check", "hike").stdout
    changed = unwind("check", "hike", "--set", "calendar.days=70", "--set", "funds.n=40").stdout
    assert "70 days" in changed
    assert plain.split("hash")[1] != changed.split("hash")[1]


def test_a_new_scenario_runs_as_it_is_and_is_never_overwritten_unasked(unwind, refused, tmp_path):
    assert "unwind run mine.toml" in unwind("new", "mine").stdout
    assert unwind("check", "mine.toml").exit_code == 0
    (tmp_path / "mine.toml").write_text("precious")
    assert refused("new", "mine.toml") == "mine.toml exists; --force overwrites it"
    assert (tmp_path / "mine.toml").read_text() == "precious"
    assert unwind("new", "mine", "--force").exit_code == 0
    assert tomllib.loads((tmp_path / "mine.toml").read_text())["base"] == "hike"
    assert [path.name for path in tmp_path.iterdir()] == ["mine.toml"]


@pytest.mark.parametrize("name", ["../mine", "a/b", "", "-", "two words"])
def test_a_new_scenario_is_named_by_a_plain_name(refused, tmp_path, name):
    assert "cannot be a scenario's name" in refused("new", "--", name)
    assert not list(tmp_path.iterdir())


def test_a_new_scenario_can_start_from_any_other_that_exists(unwind, refused, tmp_path):
    assert unwind("new", "mine", "--base", "calm").exit_code == 0
    assert tomllib.loads((tmp_path / "mine.toml").read_text())["base"] == "calm"
    assert "did you mean calm?" in refused("new", "other", "--base", "clam")


def test_the_schema_is_json_on_the_screen_or_in_a_file(unwind, refused, tmp_path):
    printed = json.loads(unwind("schema").stdout)
    assert printed["properties"]["funds"]
    assert unwind("schema", "--out", "deep/schema.json").exit_code == 0
    assert json.loads((tmp_path / "deep/schema.json").read_text()) == printed
    assert "exists; --force" in refused("schema", "--out", "deep/schema.json")
    assert "is a folder" in refused("schema", "--out", "deep")


@pytest.mark.parametrize("command", ["check", "run"])
@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("agust-2024", "no scenario is called 'agust-2024'; did you mean august-2024?"),
        ("gone.toml", "gone.toml: there is no such file"),
        ("folder.toml", "folder.toml is a folder; give the .toml file in it"),
        (".", ". is a folder; give the .toml file in it"),
        ("latin.toml", "latin.toml is not UTF-8 text (line 2); save it as UTF-8"),
        ("broken.toml", "broken.toml is not valid TOML: Invalid value (at line 1, column 5)"),
    ],
)
def test_a_scenario_that_cannot_be_read_is_named_in_one_sentence(
    refused, tmp_path, command, name, message
):
    (tmp_path / "folder.toml").mkdir()
    (tmp_path / "latin.toml").write_bytes(b'base = "hike"\ntitle = "caf\xe9"\n')
    (tmp_path / "broken.toml").write_text("a = = 3")
    assert message in refused(command, name)
    assert not (tmp_path / "results").exists()


@pytest.mark.parametrize("command", ["check", "run"])
@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[funds]\nlevrage_cap = 5", "line 3 [funds] levrage_cap = 5 unknown key; did you mean"),
        ('[funds]\nleverage_cap = "ten"', 'leverage_cap = "ten" must be a number'),
        ("[funds]\nleverage_cap = 0.5", "leverage_cap = 0.5 must be from 1 to 100"),
        ("[funds]\nband = nan", "band = nan must be at least 0 and below 1"),
        ("[trend]\nfast_days = inf", "fast_days = inf must be from 1"),
        ("[funds.styles.FXM]\nequity_usd_bn = -3", "equity_usd_bn = -3 must be from 0"),
        ("[correlations]\nAUD-MXN = -0.99\nJPY-AUD = 0.9", "not positive definite"),
        ("[insurers.weights]\nUST = 0.6", "must sum to 1; they sum to 0.9"),
        ("[funds]\nn = 0", "is an empty group"),
        ('[network.brokers]\nkind = "file"\npath = "gone.csv"', "there is no such file"),
    ],
)
def test_a_fault_of_a_file_is_said_with_line_key_value_and_range(
    refused, tmp_path, command, text, message
):
    (tmp_path / "mine.toml").write_text(BASED + text)
    assert message in refused(command, "mine.toml")
    assert not (tmp_path / "results").exists()


def test_all_faults_of_a_file_are_said_at_once(refused, tmp_path):
    (tmp_path / "mine.toml").write_text(BASED + "[funds]\nband = 7\nn = 2.5\nx = 1\n")
    assert "mine.toml: 3 faults" in refused("check", "mine.toml")


@pytest.mark.parametrize("command", ["check", "run"])
@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ("funds.levrage_cap=5", "did you mean leverage_cap?"),
        ("leverage_cap=5", "unknown key; did you mean"),
        ("funds.leverage_cap", "'funds.leverage_cap' is not KEY=VALUE"),
        ("funds.leverage_cap=", "is not KEY=VALUE"),
        ("funds.leverage_cap=0.2", "--set: 1 fault [funds] leverage_cap = 0.2 must be from 1"),
        ("funds.leverage_cap=many", 'leverage_cap = "many" must be a number'),
        ("calendar.days=nan", "days = nan must be a whole number"),
        ("funds.n=" + "9" * 5000, "must be a whole number"),
    ],
)
def test_a_setting_that_will_not_do_is_answered_like_a_line_of_a_file(
    refused, command, setting, message
):
    assert message in refused(command, "hike", "--set", setting)


def test_a_key_is_set_once(refused):
    settings = ["--set", "funds.band=0.1", "--set", "funds.band=0.2"]
    assert "[funds] band = 0.2 is set more than once" in refused("check", "hike", *settings)
    of_second = [word.replace("--set", "--set-b") for word in settings]
    assert "--set-b: 1 fault [funds] band = 0.2 is set" in refused("compare", "hike", *of_second)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["new", "x" * 300], "File name too long"),
        (["schema", "--out", "x" * 300], "File name too long"),
        (["plot", "x" * 300], "there is no such folder"),
        (["run", "hike", "--out", "caf\udce9"], "is not UTF-8; give another --out"),
        (["check"], "Missing argument"),
        (["chekc", "hike"], "No such command"),
        (["run", "hike", "--sed", "3"], "No such option"),
        (["run", "hike", "--seed", "-1"], "--seed = -1, must be a whole number from 0"),
        (["run", "hike", "--seed", "seven"], "--seed = seven, must be a whole"),
        (["run", "hike", "--seed", "9" * 5000], "of at most 18 digits"),
        (["run", "hike", "--replicate", "-1"], "--replicate = -1, must be a whole"),
        *((words, f"{words[-2]} = {words[-1]}, must be a whole number from 1, of at most 18 digits")
          for given in ("0", "-3", "x") for words in (
            ["compare", "hike", "calm", "--runs", given],
            ["compare", "hike", "calm", "--workers", given],
            ["sweep", "nowhere.toml", "--workers", given],
            ["calibrate", "nowhere.toml", "--recover", given],
            ["validate", "--seeds", given],
            ["reproduce", "nowhere", "--rows", given],
          )),
        (["plot", "nowhere"], "nowhere: there is no such folder"),
    ],
)  # fmt: skip
def test_a_command_that_is_typed_wrong_is_answered_with_what_is_wrong(refused, words, message):
    assert message in refused(*words)


def test_help_names_what_to_start_with():
    assert "august-2024" in shell("--help").stdout


def test_help_loads_nothing_heavy():
    code = (
        "import sys\nfrom typer.testing import CliRunner\nfrom abm.cli.commands import app\n"
        "CliRunner().invoke(app, ['--help']); print(*sys.modules)"
    )
    loaded = set(shell(code=code).stdout.split())
    assert "typer" in loaded
    assert not loaded & {"numba", "numpy", "pandas", "matplotlib", "mesa", "pydantic", "pyarrow"}


@pytest.mark.parametrize("command", COMMANDS)
def test_a_command_is_in_the_file_of_its_name(command):
    assert command.__module__ == f"abm.cli.{command.__name__}"


def test_the_version_is_the_package_s(unwind):
    import abm

    assert unwind("--version").stdout == f"unwind {abm.__version__}\n"


def test_a_reader_who_leaves_is_not_an_error():
    code = "import os; r, w = os.pipe(); os.close(r); os.dup2(w, 1)\n"
    result = shell("scenarios", code=code + "from abm.cli import main; main()")
    assert (result.returncode, result.stderr) == (0, "")


def test_a_reader_who_leaves_while_help_is_shown_is_not_an_error():
    code = "import os; r, w = os.pipe(); os.close(r); os.dup2(w, 1)\n"
    result = shell("--help", code=code + "from abm.cli import main; main()")
    assert (result.returncode, result.stderr) == (0, "")


@pytest.mark.parametrize(
    ("closed", "words", "code"),
    [(1, ["scenarios"], 0), (2, ["check", "gone.toml"], 2), (2, ["scenarios"], 0)],
)
def test_a_stream_that_is_closed_is_not_an_error(closed, words, code):
    result = subprocess.run(
        [sys.executable, "-m", "abm.cli", *words], cwd=ROOT, env={}, timeout=60,
        capture_output=True, text=True, preexec_fn=lambda: os.close(closed),
    )  # fmt: skip
    assert result.returncode == code
    assert "gone.toml" not in result.stdout and result.stderr == ""


def test_a_terminal_that_knows_few_letters_gets_the_rest_spelt_out():
    result = subprocess.run(
        [sys.executable, "-c", "import sys; from abm.cli import _prepare; _prepare(); "
         "print('\u2212')"],
        cwd=ROOT, env={"PYTHONIOENCODING": "ascii"}, timeout=60, capture_output=True, text=True,
    )  # fmt: skip
    assert (result.stdout, result.stderr) == ("\\u2212\n", "")


@pytest.mark.parametrize("unbuffered", ["", "1"])
def test_output_sent_to_a_full_disk_is_said_so(unbuffered):
    with open("/dev/full", "w") as full:
        result = subprocess.run(
            [sys.executable, "-m", "abm.cli", "scenarios"],
            cwd=ROOT, env={"PYTHONUNBUFFERED": unbuffered}, timeout=60,
            stdout=full, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip
    assert result.returncode == 2
    assert result.stderr == "unwind: the disk is full\n"


def test_a_mistake_of_ours_is_said_to_be_ours_and_how_to_see_it(unwind, monkeypatch):
    def broken() -> None:
        raise ZeroDivisionError("in the middle")

    monkeypatch.setattr("abm.scenario.describe_scenarios", broken)
    result = unwind("scenarios")
    assert result.exit_code == 1
    assert result.stderr.count("\n") == 1
    assert "internal error (ZeroDivisionError: in the middle)" in result.stderr
    assert "UNWIND_TRACEBACK=1" in result.stderr
    monkeypatch.setenv("UNWIND_TRACEBACK", "1")
    assert "Traceback" in unwind("scenarios").stderr
