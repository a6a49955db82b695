"""Shared parts of the tests of sweeps."""

from contextlib import contextmanager

import pytest

from abm.sweep import digest, pool, sweep
from tests.sweep import small


@contextmanager
def here(n_workers):
    yield small.HereAndNow()


@pytest.fixture
def in_process(monkeypatch):
    """Sweeps start no process: a tenth of the time, and what is patched here is patched there."""
    monkeypatch.setattr(pool, "own_processes", here)


@pytest.fixture
def undisturbed(tmp_path, monkeypatch):
    """Digest of an experiment that nothing disturbs."""

    def digest_of(experiment):
        with monkeypatch.context() as patched:
            patched.setattr(pool, "own_processes", here)
            sweep(experiment, tmp_path / "undisturbed")
        return digest(tmp_path / "undisturbed")

    return digest_of
