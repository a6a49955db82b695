"""Shared parts of the tests of sweeps."""

from contextlib import contextmanager

import pytest

from abm.sweep import digest, pool, sweep
from tests.sweep import small


@contextmanager
def here(n_workers):
    yield small.HereAndNow()


@contextmanager
def no_processes():
    """Sweeps start no process: a tenth of the time, and what is patched here is patched there."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(pool, "own_processes", here)
        yield


@pytest.fixture
def in_process():
    with no_processes():
        yield


@pytest.fixture(scope="session")
def undisturbed(tmp_path_factory):
    """Digest of an experiment that nothing disturbs; each experiment is run once."""
    known = {}

    def digest_of(experiment):
        asked = experiment.to_toml()
        if asked not in known:
            folder = tmp_path_factory.mktemp("undisturbed") / "swept"
            with no_processes():
                sweep(experiment, folder)
            known[asked] = digest(folder)
        return known[asked]

    return digest_of
