"""A failed run at the command: its message on stderr, exit code 1, and nothing written."""

import pytest
from typer.testing import CliRunner

import abm
from abm.cli.commands import app
from abm.errors import FailedRun

MESSAGE = "hike, seed 0, replicate 0: failed on day 2: the books do not balance"


@pytest.fixture
def unwind(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    def fails(*given, **how):
        raise FailedRun(MESSAGE)

    monkeypatch.setattr(abm, "cascade", fails)
    return lambda *words: CliRunner().invoke(app, list(words))


@pytest.mark.parametrize("options", [(), ("--json",), ("--out", "mine")])
def test_a_failed_run_is_said_and_leaves_nothing(unwind, tmp_path, options):
    told = unwind("run", "hike", *options)
    assert told.exit_code == 1
    assert told.stdout == ""
    assert told.stderr.splitlines()[-1] == MESSAGE
    assert "Traceback" not in told.stderr
    assert not list(tmp_path.iterdir())


def test_a_check_runs_nothing(unwind):
    assert unwind("check", "hike").exit_code == 0
