"""Words and exit codes of `unwind sweep` and `unwind status`."""

import json
import re

import pytest

from abm.cli.analyse import lines
from abm.cli.status import tell_status
from abm.cli.sweep import Asked, SweepProgress, sweep_and_tell
from abm.errors import InvalidInput
from abm.report.study import read_study
from abm.sweep import session, store
from abm.sweep.plan import Chunk
from abm.sweep.session import Progress
from tests.sweep.small import experiment, factors
from tests.sweep.test_runner import failing


@pytest.fixture
def tiny(tmp_path, in_process):
    """The command on the file of the tiny experiment."""
    file = tmp_path / "tiny.toml"
    file.write_text(experiment().to_toml())
    return Asked(str(file), tmp_path / "out")


def test_the_command_to_go_on_allows_what_was_allowed(tiny):
    assert tiny._replace(max_runs=99, timeout=2.5).command.endswith(" --max-runs 99 --timeout 2.5")


def test_where_every_run_failed_nothing_is_to_be_analysed(tiny, capsys):
    assert sweep_and_tell(tiny._replace(timeout=1e-6)) == 1
    said = capsys.readouterr().out
    assert "12 of them failed" in said and "unwind analyse" not in said


def test_a_finished_sweep_says_what_was_run_where_it_is_and_what_next(tiny, capsys):
    assert sweep_and_tell(tiny) == 0
    said = capsys.readouterr().out
    assert "12 of 12 runs done" in said and "Now             12 runs in" in said
    assert f"Kept in         {tiny.out}" in said and f"unwind analyse {tiny.out}" in said
    assert sweep_and_tell(tiny) == 0
    assert "Now             no run" in capsys.readouterr().out


def test_a_sweep_of_one_run_is_told_in_the_singular(tmp_path, in_process, capsys):
    file, folder = tmp_path / "one.toml", tmp_path / "one"
    design = factors(shock__surprise_bp=[50])
    file.write_text(experiment(replicates=1, design=design).to_toml())
    assert sweep_and_tell(Asked(str(file), folder)) == 0 and tell_status(folder) == 0
    study = read_study(folder)
    said = capsys.readouterr().out
    assert "Now             1 run in" in said and "1 of 1 run done" in said
    assert "Done            1 of 1 run (100.0%)" in said
    assert study.caption.endswith("1 point × 1 replicate, 1 run.")
    told = "\n".join(lines(study, [], tmp_path, ["a.csv", "a.png"]))
    assert "0 factors, 1 point" in told and "1 table, 1 figure" in told
    assert not re.findall(r"(?<![\d.,])1 [a-z]+s\b", f"{said}{study.caption}{told}")


def test_an_error_that_came_once_is_told_in_the_singular(tiny, capsys, monkeypatch):
    failing(monkeypatch, 3)
    sweep_and_tell(tiny)
    tell_status(tiny.out)
    assert "1 time          Broken: x" in capsys.readouterr().out


def test_failed_runs_are_said_and_the_exit_code_is_one(tiny, capsys, monkeypatch):
    failing(monkeypatch, 3, 8)
    assert sweep_and_tell(tiny) == 1
    said = capsys.readouterr().out
    assert "12 of 12 runs done, 2 of them failed" in said
    assert f"--out {tiny.out} --retry-failed" in said
    assert tell_status(tiny.out) == 1
    assert "2 times         Broken: x" in capsys.readouterr().out


def test_a_shard_says_how_to_see_the_others(tiny, capsys):
    assert sweep_and_tell(tiny._replace(shard="1/2")) == 0
    said = capsys.readouterr().out
    assert "6 of 6 runs done of shard 1/2" in said and f"unwind status {tiny.out}" in said


def test_workers_and_cluster_exclude_each_other(tiny):
    with pytest.raises(InvalidInput, match="give one of the two"):
        sweep_and_tell(tiny._replace(workers=2, cluster="tcp://x:1"))


def test_status_says_what_is_missing_by_level(tiny, capsys):
    sweep_and_tell(tiny._replace(shard="1/2"))
    capsys.readouterr()
    assert tell_status(tiny.out) == 0
    said = capsys.readouterr().out
    assert "Done            6 of 12 runs (50.0%)" in said and "At work         no process" in said
    assert "goes on where it stopped, " in said and " s on one core" in said
    assert "shock.surprise_bp  5: 2/4, 50: 2/4, 150: 2/4" in said


def test_status_is_also_json(tiny, capsys):
    sweep_and_tell(tiny)
    capsys.readouterr()
    assert tell_status(tiny.out, as_json=True) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["n_rows"], told["n_done"], told["seconds_left"]) == (12, 12, None)


def test_verify_says_what_is_damaged_and_that_it_will_be_run_again(tiny, capsys):
    sweep_and_tell(tiny)
    path = store.path_of(tiny.out, "rows", Chunk(4, 4))
    path.write_bytes(path.read_bytes()[:-9])
    assert tell_status(tiny.out, verified=True) == 2
    assert f"{path.name} is not whole; its runs count as missing" in capsys.readouterr().err
    assert sweep_and_tell(tiny) == 0 and tell_status(tiny.out, verified=True) == 0
    assert "every file is as it was written" in capsys.readouterr().out


def test_progress_elsewhere_than_on_a_terminal_is_a_line_now_and_then(capsys):
    with SweepProgress(every_seconds=0.0) as progress:
        progress(Progress(n_rows=400, n_done=100, n_failed=1, n_new=50, seconds=10.0))
        progress(Progress(400, 110, 1, 60, 12.0, stopped=session.INTERRUPTED))
    lines = capsys.readouterr().err.splitlines()
    assert lines[0] == "100 of 400 runs done, 1 of them failed, 5 runs a second, 60 s left"
    assert "what is running is finished first" in lines[1]
