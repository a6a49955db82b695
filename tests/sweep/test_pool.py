"""Workers that are killed: nothing hangs, nothing is lost, and the guilty row is named."""

import os
from concurrent.futures import wait

import pytest

from abm.sweep import digest, load_sweep, session, sweep
from abm.sweep.pool import KilledWorker, RebuildingPool, WorkersCannotLive
from tests.sweep import deeds, small
from tests.sweep.conftest import no_processes
from tests.sweep.small import experiment


def test_a_pool_calculates_elsewhere_in_one_thread_and_raises_here():
    with RebuildingPool(2) as pool:
        futures = [pool.submit(deeds.square, x) for x in range(8)]
        assert [future.result(60) for future in futures] == [x * x for x in range(8)]
        assert pool.submit(os.getpid).result(60) != os.getpid()
        assert pool.submit(deeds.environment, "NUMBA_NUM_THREADS").result(60) == "1"
        assert isinstance(pool.submit(deeds.divide, 0).exception(60), ZeroDivisionError)


def test_work_in_company_of_a_killer_is_done_all_the_same():
    with RebuildingPool(2) as pool:
        killer = pool.submit(deeds.die)
        others = [pool.submit(deeds.square, x) for x in range(6)]
        wait([killer, *others], timeout=60)
        assert isinstance(killer.exception(0), KilledWorker)
        assert [other.result(0) for other in others] == [0, 1, 4, 9, 16, 25]


def test_work_whose_worker_was_killed_from_outside_is_done_by_another(tmp_path, monkeypatch):
    monkeypatch.setenv(deeds.MARK, str(tmp_path / "mark"))
    with RebuildingPool(2) as pool:
        assert pool.submit(deeds.die_once).result(60) == "alive"


def test_a_pool_whose_every_worker_dies_says_so():
    with RebuildingPool(2) as pool:
        deaths = [pool.submit(deeds.die) for _ in range(3)]
        wait(deaths, timeout=60)
        assert isinstance(deaths[-1].exception(0), WorkersCannotLive)
        assert "too little memory" in str(deaths[-1].exception(0))


def test_a_row_that_kills_its_worker_is_set_aside_and_costs_no_other_row(
    tmp_path, monkeypatch, undisturbed
):
    monkeypatch.setattr(session, "run_task", small.dies_at_poison)
    done = sweep(experiment(), tmp_path / "a", workers=2, chunk_rows=4)
    runs = load_sweep(tmp_path / "a")
    assert done.is_complete and runs.query("status == 'failed'")["row"].tolist() == [small.POISON]
    assert "killed its worker 2 times" in runs["error"][small.POISON]
    monkeypatch.setattr(session, "run_task", small.run_task)
    with no_processes():
        sweep(experiment(), tmp_path / "a", retry_failed=True)
    assert digest(tmp_path / "a") == undisturbed(experiment())


def test_rows_killed_before_any_was_done_end_the_sweep(tmp_path, in_process, monkeypatch):
    def hopeless(task):
        raise WorkersCannotLive("too little memory")

    monkeypatch.setattr(session, "run_task", hopeless)
    with pytest.raises(WorkersCannotLive):
        sweep(experiment(), tmp_path / "a")
