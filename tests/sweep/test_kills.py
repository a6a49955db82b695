"""A sweep whose parent is killed, or told to stop: what was finished is kept, the rest is run."""

import os
import random
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import psutil
import pytest

from abm.sweep import digest, load_sweep, sweep
from abm.sweep.status import verify
from tests.sweep.conftest import no_processes
from tests.sweep.small import experiment

ROOT = Path(__file__).parents[2]
MANY = {"replicates": 100}  # 600 runs of a few milliseconds, in 16 chunks
CODE = """
import sys
from pathlib import Path
from abm.cli import _prepare
from abm.cli.terminal import INTERRUPTED
from abm.cli.sweep import Asked, sweep_and_tell
if __name__ == "__main__":
    _prepare()
    try:
        code = sweep_and_tell(Asked(sys.argv[1], Path(sys.argv[2]), workers=2))
    except KeyboardInterrupt:
        code = INTERRUPTED
    sys.exit(code)
"""


@pytest.fixture
def start(tmp_path):
    """Start the sweep in a process of its own, as the command does."""
    script, file = tmp_path / "script.py", tmp_path / "many.toml"
    script.write_text(CODE)
    file.write_text(experiment(**MANY).to_toml())

    def begin(folder):
        return subprocess.Popen(
            [sys.executable, str(script), str(file), str(folder)],
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    return begin


def wait_for_files(folder, n, process):
    """Until n chunks are kept."""
    end = time.monotonic() + 60
    while len(list(folder.glob("runs/rows-*"))) < n:
        assert time.monotonic() < end and process.poll() is None, process.communicate()
        time.sleep(0.01)


def wait_for_workers(process):
    """Until the first worker starts."""
    end = time.monotonic() + 60
    while not any(is_worker(child) for child in psutil.Process(process.pid).children()):
        assert time.monotonic() < end and process.poll() is None, process.communicate()
        time.sleep(0.001)


def is_worker(process):
    """A process that a pool of processes has started; not Python's tracker of resources."""
    with suppress(psutil.NoSuchProcess):
        return any("spawn_main" in word for word in process.cmdline())
    return False


def wait_for_the_end_of(group):
    """Until no process of a group is left: workers do not outlive their parent."""
    end = time.monotonic() + 20
    with pytest.raises(ProcessLookupError):
        while time.monotonic() < end:
            os.killpg(group, 0)
            time.sleep(0.05)


def completed(folder):
    """The second call: what it finds was made by processes, it needs none."""
    with no_processes():
        return sweep(experiment(**MANY), folder)


@pytest.mark.skipif(os.name == "nt", reason="Windows has no SIGKILL")
def test_a_parent_killed_at_some_moment_leaves_what_a_second_call_completes(
    tmp_path, start, undisturbed
):
    folder = tmp_path / "killed"
    process = start(folder)
    wait_for_files(folder, random.randint(1, 12), process)
    process.kill()
    process.wait()
    wait_for_the_end_of(process.pid)
    assert 0 < len(load_sweep(folder)) < 600
    done = completed(folder)
    assert done.is_complete and digest(folder) == undisturbed(experiment(**MANY))
    assert verify(folder) == [] and not list(folder.glob("runs/.*"))


@pytest.mark.skipif(os.name == "nt", reason="Windows sends no SIGINT to one process")
def test_ctrl_c_keeps_what_was_finished(tmp_path, start):
    folder = tmp_path / "stopped"
    process = start(folder)
    wait_for_files(folder, 5, process)
    os.killpg(process.pid, signal.SIGINT)  # as a terminal does, workers included
    _, said = process.communicate(timeout=30)
    assert process.returncode == 130, said
    assert "what is running is finished first" in said
    assert f"To go on: unwind sweep {tmp_path}/many.toml --out {folder} --workers 2" in said
    assert "Traceback" not in said
    assert 5 * 37 <= len(load_sweep(folder)) < 600 and verify(folder) == []
    assert not list(folder.glob("runs/.*"))


@pytest.mark.skipif(os.name == "nt", reason="Windows sends no SIGINT to one process")
def test_ctrl_c_in_the_first_seconds_keeps_what_was_finished(tmp_path, start, undisturbed):
    folder = tmp_path / "early"
    process = start(folder)
    wait_for_workers(process)  # which start: the pilot is asked for, and no run is done yet
    assert not (folder / "plan.json").exists()
    os.killpg(process.pid, signal.SIGINT)
    _, said = process.communicate(timeout=60)
    assert process.returncode == 130, said
    assert "what is running is finished first" in said and "Traceback" not in said
    kept = load_sweep(folder)
    assert sorted(kept["row"]) == [0, 199, 399, 599] and f"{len(kept)} of 600 runs done" in said
    assert verify(folder) == []
    done = completed(folder)
    assert done.is_complete and digest(folder) == undisturbed(experiment(**MANY))
