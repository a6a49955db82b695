"""Sweeps on a Dask cluster: a real scheduler and two real workers, one of which is killed."""

import os
import re
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from abm.errors import InvalidInput
from abm.sweep import digest, load_sweep, pool, sweep
from abm.sweep.pool import ClusterLost
from tests.sweep.small import experiment

pytest.importorskip("distributed")
ROOT = Path(__file__).parents[2]
LOOPBACK = "127.0.0.1"
MANY = {"replicates": 40}  # 240 runs


def dask(*words):
    return subprocess.Popen(
        [sys.executable, "-m", "dask", *words],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stderr=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        text=True,
    )


@pytest.fixture(scope="module")
def cluster(tmp_path_factory):
    """Address of a scheduler on this machine, and its two workers; the tests end them in turn."""
    local = ["--host", LOOPBACK, "--no-dashboard"]
    scheduler = dask("scheduler", *local, "--port", "0")
    for line in scheduler.stderr:
        found = re.search(r"Scheduler at: +(tcp://\S+)", line)
        if found:
            break
    options = [*local, "--nthreads", "1", "--no-nanny", "--local-directory"]
    options.append(str(tmp_path_factory.mktemp("workers")))
    workers = [dask("worker", found[1], *options) for _ in range(2)]
    yield found[1], workers, scheduler
    for process in (*workers, scheduler):
        process.kill()
        process.communicate()


@pytest.mark.skipif(os.name == "nt", reason="Windows has no SIGKILL")
def test_a_cluster_that_loses_a_worker_gives_the_same_bytes(cluster, tmp_path, undisturbed):
    address, workers, _ = cluster

    def kill_one(progress):
        if progress.n_new >= 40 and workers[0].poll() is None:
            workers[0].send_signal(signal.SIGKILL)

    done = sweep(
        experiment(**MANY), tmp_path / "a", cluster=address, chunk_rows=4, progress=kill_one
    )
    assert done.is_complete and done.progress.n_failed == 0
    assert workers[0].wait(10) == -signal.SIGKILL
    assert digest(tmp_path / "a") == undisturbed(experiment(**MANY))


def test_a_cluster_whose_scheduler_is_lost_ends_the_sweep_with_one_sentence(cluster, tmp_path):
    address, _, scheduler = cluster

    def kill_it(progress):
        if progress.n_new >= 40:
            scheduler.kill()

    with pytest.raises(ClusterLost, match="what was finished is kept"):
        sweep(experiment(**MANY), tmp_path / "a", cluster=address, chunk_rows=4, progress=kill_it)
    assert 40 <= len(load_sweep(tmp_path / "a")) < 240


def test_a_cluster_that_does_not_answer_in_time_is_said(tmp_path, monkeypatch):
    assert pool.ANSWER_SECONDS == 10
    monkeypatch.setattr(pool, "ANSWER_SECONDS", 1)
    with socket.socket() as nobody:
        nobody.bind((LOOPBACK, 0))  # and never listens
        address = f"tcp://{LOOPBACK}:{nobody.getsockname()[1]}"
        with pytest.raises(InvalidInput, match="no Dask scheduler answered within 1 seconds"):
            sweep(experiment(), tmp_path / "a", cluster=address)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("address", ["", "not an address", "tcp://", "tcp://host:port"])
def test_what_is_no_address_is_refused(tmp_path, monkeypatch, address):
    monkeypatch.setattr(pool, "ANSWER_SECONDS", 1)
    with pytest.raises(InvalidInput, match="--cluster"):
        sweep(experiment(), tmp_path / "a", cluster=address)
