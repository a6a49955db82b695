"""`abm.sweep`: every run once, the same bytes whoever runs it, and a clear no."""

import errno
import json
import os
from pathlib import Path

import numpy as np
import pytest

import abm
from abm.errors import InvalidInput, OutputRefused
from abm.runs import fast_run
from abm.sweep import (
    digest,
    load_days,
    load_events,
    load_sweep,
    locks,
    plan,
    run_of_row,
    session,
    store,
    sweep,
)
from abm.sweep.locks import only_runner, taking_turns
from abm.sweep.question import scenario_at
from abm.sweep.work import run_task
from tests.sweep import small
from tests.sweep.small import experiment, factors

FIRST = ["row", "point", "replicate", "seed", "shock.surprise_bp", "funds.leverage_cap"]
OWN = {
    "plan.json",
    "experiment.toml",
    "scenario.toml",
    "points.parquet",
    "runs",
    ".locks",
    "ODD.md",
    "ro-crate-metadata.json",
}


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """A folder with the whole sweep, made by one worker of its own."""
    folder = tmp_path_factory.mktemp("whole") / "tiny"
    sweep(experiment(), folder, workers=1)
    return folder


def same(row, found):
    """To the last bit; not a number is not a number."""
    return all(row[name] == x or (x != x and row[name] != row[name]) for name, x in found.items())


def failing(monkeypatch, *rows):
    """Make these rows raise."""

    def broken(task):
        kept = [row for row in task.rows if row not in rows]
        finished = run_task(task._replace(rows=tuple(kept))) if kept else None
        bad = [session.failed_record(r, task.experiment, "Broken: x") for r in rows]
        bad = [record for record in bad if record["row"] in task.rows]
        tables = [session.columns_of(bad)] if bad else []
        tables += [finished.runs] if finished else []
        return session.Finished(store._concatenated(tables).sort_by("row"), None, None)

    monkeypatch.setattr(session, "run_task", broken)


def test_a_sweep_has_one_row_for_each_run_factors_first_then_what_was_found(whole):
    runs = load_sweep(whole)
    assert list(runs.columns[:9]) == [*FIRST, "status", "error", "seconds"]
    assert runs["row"].tolist() == list(range(12)) and (runs["status"] == "done").all()
    assert runs["point"].tolist() == [row // 2 for row in range(12)]
    assert runs["shock.surprise_bp"].tolist() == [5] * 4 + [50] * 4 + [150] * 4


def test_a_row_is_the_run_that_its_scenario_seed_and_replicate_give(whole):
    runs = load_sweep(whole)
    point = {"shock.surprise_bp": 150, "funds.leverage_cap": 10.0}
    found = fast_run(scenario_at(experiment(), point), 5, 1)
    assert same(runs.iloc[11], found)


def test_all_points_see_the_same_shocks(tmp_path, in_process):
    quiet = experiment(design=factors(shock__surprise_bp=[0, 0.0001]), outputs=run_with_series())
    sweep(quiet, tmp_path / "a")
    days = load_days(tmp_path / "a").set_index("row")["fundamental_AUD"]
    np.testing.assert_array_equal(days[0], days[2])
    assert not np.array_equal(days[0], days[1])


def run_with_series(**more):
    return {"measure": "run", "series": ["log_JPY", "fundamental_AUD"], **more}


@pytest.mark.parametrize("chunk_rows", [1, 5, 12])
def test_no_byte_depends_on_the_size_of_chunks(whole, tmp_path, in_process, chunk_rows):
    sweep(experiment(), tmp_path / "other", chunk_rows=chunk_rows)
    assert digest(tmp_path / "other") == digest(whole)


def test_no_byte_depends_on_the_number_of_workers(whole, tmp_path):
    sweep(experiment(), tmp_path / "two", workers=2)
    assert digest(tmp_path / "two") == digest(whole)


def test_no_byte_depends_on_what_is_collected_beside(whole, tmp_path, in_process):
    out = tmp_path / "more"
    sweep(experiment(outputs=run_with_series(stride=5, events=True)), out)
    assert digest(out) == digest(whole)
    single = abm.run(scenario_at(experiment(), {"shock.surprise_bp": 150}), rng=5, replicate=1)
    days = load_days(out).query("row == 11")
    assert days["log_JPY"].tolist() == single.days["log_JPY"][::5].tolist()
    events = load_events(out).query("row == 11").drop(columns="row").reset_index(drop=True)
    assert len(events) and events.astype(str).equals(single.events.astype(str))


def test_a_cascade_is_swept_with_the_names_and_values_of_abm_cascade(tmp_path, in_process):
    one = experiment(design=factors(shock__surprise_bp=[150]), outputs={"measure": "cascade"})
    sweep(one, tmp_path / "a")
    found = abm.cascade(scenario_at(one, {"shock.surprise_bp": 150}), rng=5, replicate=1)
    row = load_sweep(tmp_path / "a").iloc[1]
    assert same(row, found)


def test_a_second_call_runs_nothing_again(whole):
    before = {path: path.stat().st_mtime_ns for path in (whole / "runs").iterdir()}
    assert sweep(experiment(), whole, workers=1).progress.n_new == 0
    assert {path: path.stat().st_mtime_ns for path in (whole / "runs").iterdir()} == before


def test_an_interrupted_sweep_goes_on_with_the_rows_that_are_missing(
    whole, tmp_path, in_process, monkeypatch
):
    ran, raised = [], []

    def until_seven(task):
        if 7 in task.rows and not raised:
            raised.append(7)
            raise ZeroDivisionError("our fault, in the middle")
        ran.extend(task.rows)
        return run_task(task)

    monkeypatch.setattr(session, "run_task", until_seven)
    with pytest.raises(ZeroDivisionError):
        sweep(experiment(), tmp_path / "a", chunk_rows=1)
    kept = load_sweep(tmp_path / "a")["row"].tolist()
    ran.clear()
    assert sweep(experiment(), tmp_path / "a").is_complete
    assert sorted([*kept, *ran]) == list(range(12))
    assert digest(tmp_path / "a") == digest(whole)


def test_a_run_that_raises_is_a_row_with_its_error_and_its_seed():
    points = {0: {"calendar.days": 12}, 1: {"calendar.days": -1}}
    runs = run_task(session.Task(experiment(), (1, 2, 3), points)).runs.to_pandas()
    assert runs["status"].tolist() == ["done", "failed", "failed"]
    assert runs["error"][0] == "" and "ScenarioFaults: point: 1 fault" in runs["error"][1]
    assert runs["seed"].tolist() == [5] * 3 and runs["replicate"].tolist() == [1, 0, 1]
    assert runs["n_failed"].notna().tolist() == [True, False, False]


def test_failed_runs_are_told_and_run_again_on_request(whole, tmp_path, in_process, monkeypatch):
    with monkeypatch.context() as patched:
        failing(patched, 3, 8)
        done = sweep(experiment(), tmp_path / "a", chunk_rows=4)
    assert done.is_complete and done.progress.n_failed == 2
    runs = load_sweep(tmp_path / "a")
    assert runs.loc[[3, 8], "error"].tolist() == ["Broken: x"] * 2
    assert runs.loc[3, "funds.leverage_cap"] == 10.0 and np.isnan(runs.loc[3, "n_failed"])
    assert sweep(experiment(), tmp_path / "a").progress.n_new == 0
    again = sweep(experiment(), tmp_path / "a", retry_failed=True)
    assert again.progress.n_new == 2 and again.is_complete and again.progress.n_failed == 0
    assert digest(tmp_path / "a") == digest(whole)


def test_too_many_failures_stop_a_sweep(tmp_path, in_process, monkeypatch):
    failing(monkeypatch, *range(60))
    many = experiment(replicates=10, stop={"max_failed": 0.5})
    done = sweep(many, tmp_path / "a", chunk_rows=5)
    assert "max_failed = 0.5" in done.progress.stopped and 20 <= done.progress.n_done < 60


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"replicates": 3}, "replicates: 2 there, 3 now"),
        ({"seed": 6}, "seed: 5 there, 6 now"),
        ({"changes": {**small.TINY, "calendar.days": 13}}, "calendar.days: 12 there, 13 now"),
        ({"design": factors(shock__surprise_bp=[5, 50])}, "funds.leverage_cap"),
        ({"outputs": {"measure": "cascade"}}, 'outputs.measure: "run" there, "cascade" now'),
    ],
)
def test_another_plan_is_refused_with_what_is_different(whole, in_process, changed, said):
    with pytest.raises(OutputRefused, match="holds another sweep") as refused:
        sweep(experiment(**changed), whole)
    assert said in str(refused.value)


def test_another_point_of_a_list_is_refused_with_its_value(tmp_path, in_process):
    lists = [
        {"kind": "list", "points": [{"shock.surprise_bp": bp} for bp in surprises]}
        for surprises in ([5, 50], [5, 60])
    ]
    sweep(experiment(design=lists[0]), tmp_path / "a")
    with pytest.raises(OutputRefused, match=r"point 1, shock\.surprise_bp: 50 there, 60 now"):
        sweep(experiment(design=lists[1]), tmp_path / "a")


def test_another_version_is_refused(whole, in_process, monkeypatch):
    monkeypatch.setattr(abm.version, "__version__", "9.9")
    with pytest.raises(OutputRefused, match=r"package version: .* there, 9.9 now"):
        sweep(experiment(), whole)


def test_rows_of_other_definitions_are_read_but_not_gone_on_with(whole, in_process, monkeypatch):
    monkeypatch.setattr(plan, "MEASURES_VERSION", 99)
    with pytest.raises(OutputRefused, match="defined as of version 2 there, of version 99 now"):
        sweep(experiment(), whole)
    assert len(load_sweep(whole)) > 0


def test_the_copy_of_the_experiment_beside_the_results_is_the_same_plan(whole, in_process):
    assert sweep(whole / "experiment.toml", whole).progress.n_new == 0


def test_one_row_can_be_run_again_from_its_folder(whole):
    again = run_of_row(whole, 11)
    assert (again.seed, again.replicate, again.measure) == (5, 1, "run")
    assert same(load_sweep(whole).iloc[11], fast_run(again.scenario, 5, 1))
    with pytest.raises(InvalidInput, match=r"row = 12, must be a row of .*: 0 to 11"):
        run_of_row(whole, 12)


def test_what_only_says_when_to_stop_may_change(whole, in_process):
    assert sweep(experiment(name="other", stop={"max_failed": 0.1}), whole).is_complete


def test_shards_share_a_folder_and_make_the_same_sweep(whole, tmp_path, in_process):
    parts = [sweep(experiment(), tmp_path / "a", shard=f"{k}/3", chunk_rows=2) for k in (2, 1, 3)]
    assert [part.progress.n_new for part in parts] == [4, 4, 4]
    assert digest(tmp_path / "a") == digest(whole)


@pytest.mark.parametrize("shard", ["0/2", "3/2", "1", "a/b", "1/0", "-1/2", "1/2/3", "1.0/2"])
def test_a_shard_out_of_range_is_refused(tmp_path, shard):
    with pytest.raises(InvalidInput, match="must be K/N with K from 1 to N"):
        sweep(experiment(), tmp_path / "a", shard=shard)
    assert not (tmp_path / "a").exists()


@pytest.mark.parametrize("label", ["shard-1-of-1", "shard-1-of-4"])
def test_a_second_runner_is_refused(tmp_path, in_process, label):
    (tmp_path / "a").mkdir()
    with (
        only_runner(tmp_path / "a", label),
        pytest.raises(OutputRefused, match=f"process {os.getpid()}"),
    ):
        sweep(experiment(), tmp_path / "a")
    assert sweep(experiment(), tmp_path / "a").is_complete  # the lock's file is still there


def test_who_is_at_work_is_read_behind_the_byte_that_windows_locks(tmp_path):
    with only_runner(tmp_path, "shard-1-of-1"):
        with (tmp_path / ".locks" / "shard-1-of-1").open("r+b") as file:
            file.write(b"{")
        with (
            pytest.raises(OutputRefused, match=f"process {os.getpid()}"),
            only_runner(tmp_path, "shard-1-of-1"),
        ):
            pass


def test_whose_turn_does_not_come_is_told_and_the_next_turn_is_free(tmp_path, monkeypatch):
    monkeypatch.setattr(locks, "_TRIES_OF_A_TURN", 2)
    (tmp_path / ".locks").mkdir()
    with (
        taking_turns(tmp_path),
        pytest.raises(OutputRefused, match="another runner keeps it locked; try again"),
        taking_turns(tmp_path),
    ):
        pass
    with taking_turns(tmp_path):
        pass


def test_runners_of_other_shards_are_welcome(tmp_path, in_process):
    (tmp_path / "a").mkdir()
    with only_runner(tmp_path / "a", "shard-1-of-2"):
        assert sweep(experiment(), tmp_path / "a", shard="2/2").is_complete


def test_more_runs_than_allowed_are_refused(tmp_path):
    with pytest.raises(InvalidInput, match=r"12 runs .* at most max_runs = 11"):
        sweep(experiment(), tmp_path / "a", max_runs=11)


@pytest.mark.parametrize("workers", [0, -1, 1.5])
def test_workers_are_counted_from_one(tmp_path, workers):
    with pytest.raises(InvalidInput, match="workers"):
        sweep(experiment(), tmp_path / "a", workers=workers)


def test_a_folder_that_holds_other_things_is_refused(tmp_path, in_process):
    (tmp_path / "thesis.txt").write_text("years of work")
    with pytest.raises(OutputRefused, match=r"holds other things .thesis.txt"):
        sweep(experiment(), tmp_path)
    with pytest.raises(OutputRefused, match="is a file"):
        sweep(experiment(), tmp_path / "thesis.txt")


def test_a_full_disk_is_said_and_what_was_finished_is_kept(
    whole, tmp_path, in_process, monkeypatch
):
    sync, n_left = os.fsync, [16]

    def full(handle):
        n_left[0] -= 1
        if n_left[0] < 0:
            raise OSError(errno.ENOSPC, "No space left on device")
        sync(handle)

    with monkeypatch.context() as patched:
        patched.setattr(os, "fsync", full)
        with pytest.raises(OutputRefused, match="the disk is full; what was finished before"):
            sweep(experiment(), tmp_path / "a", chunk_rows=3)
    assert 0 < len(load_sweep(tmp_path / "a")) < 12
    assert sweep(experiment(), tmp_path / "a").is_complete
    assert digest(tmp_path / "a") == digest(whole)


def test_a_folder_that_may_not_be_written_is_said(tmp_path, monkeypatch):
    def denied(*_, **__):
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(Path, "mkdir", denied)  # root may write anywhere
    with pytest.raises(OutputRefused, match="a cannot be written: Permission denied"):
        sweep(experiment(), tmp_path / "a")


def test_a_plan_lies_beside_the_results_and_nothing_is_left_over(whole):
    assert {path.name for path in whole.iterdir()} == OWN
    plan = json.loads((whole / "plan.json").read_text())
    assert plan["n_rows"] == 12 and plan["experiment"]["seed"] == 5 and plan["platform"]
    assert all(path.name.startswith("rows-") for path in (whole / "runs").iterdir())


def test_the_room_is_called_as_the_function_it_is_named_after(whole):
    import abm.sweep as room

    assert room(experiment(), whole, workers=1).is_complete


def test_progress_counts_up_to_all_rows(tmp_path, in_process):
    seen = []
    sweep(experiment(), tmp_path / "a", chunk_rows=4, progress=seen.append)
    assert seen[-1].n_done == seen[-1].n_rows == 12
    assert [s.n_done for s in seen] == sorted(s.n_done for s in seen)
