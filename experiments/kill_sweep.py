"""Does a sweep survive SIGKILL? Its parent is killed five times at random moments, and goes on.

    python -m experiments.kill_sweep [--runs 4000] [--kills 5] [--seed N]

At the end: every run once, the same digest as an undisturbed sweep, no file too many, every hash
right. Prints what happened; exit code 1 if something is missing. Takes a few minutes.
"""

from __future__ import annotations

import argparse
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from abm.sweep import digest, load_sweep, sweep
from abm.sweep.status import verify

ROOT = Path(__file__).resolve().parents[1]
EXPERIMENT = """
name = "kill-sweep"
scenario = "hike"
replicates = {replicates}
seed = 1

[changes]
"calendar.days" = 40
"population.scale" = 0.3

[design]
kind = "grid"

[design.factors]
"shock.surprise_bp" = [5, 25, 50, 150]
"funds.leverage_cap" = [2, 4, 7, 10, 15]

[outputs]
measure = "run"
series = ["log_JPY"]
stride = 5
"""
SWEEP = (
    "import sys; from abm.sweep import sweep\n"
    "if __name__ == '__main__': sweep(sys.argv[1], sys.argv[2], workers=2, chunk_rows=20)"
)


def main() -> int:
    """Kill, go on, compare."""
    asked = _asked()
    chance = random.Random(asked.seed)
    with tempfile.TemporaryDirectory() as scratch:
        file, script = Path(scratch) / "experiment.toml", Path(scratch) / "script.py"
        file.write_text(EXPERIMENT.format(replicates=max(1, asked.runs // 20)))
        script.write_text(SWEEP)
        whole, killed = Path(scratch) / "whole", Path(scratch) / "killed"
        start = time.monotonic()
        sweep(file, whole, workers=2, chunk_rows=20)
        seconds = time.monotonic() - start
        print(f"undisturbed: {len(load_sweep(whole)):,} runs in {seconds:.1f} s")
        for kill in range(asked.kills):
            _killed_after(chance.uniform(0.0, seconds / (2 * asked.kills)), script, file, killed)
            n_left = sum(1 for _ in killed.glob("runs/.*"))
            print(f"kill {kill + 1}: {_n_chunks(killed):,} chunks kept, {n_left} half-written")
        done = sweep(file, killed, workers=2)
        print(f"gone on: {done.progress.n_new:,} of {done.progress.n_rows:,} runs were left to do")
        return _judged(whole, killed)


def _asked() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--runs", type=int, default=4000)
    parser.add_argument("--kills", type=int, default=5)
    parser.add_argument("--seed", type=int, default=None, help="of the moments; default: chance")
    return parser.parse_args()


def _killed_after(seconds: float, script: Path, file: Path, folder: Path) -> None:
    """Start the sweep, or go on with it; some time after its next chunk kill the parent."""
    n_before = _n_chunks(folder)
    process = subprocess.Popen(
        [sys.executable, str(script), str(file), str(folder)],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stderr=subprocess.DEVNULL,
    )
    while _n_chunks(folder) == n_before and process.poll() is None:
        time.sleep(0.01)
    time.sleep(seconds)
    process.send_signal(getattr(signal, "SIGKILL", signal.SIGTERM))
    process.wait()


def _n_chunks(folder: Path) -> int:
    return sum(1 for _ in folder.glob("runs/rows-*.parquet"))


def _judged(whole: Path, killed: Path) -> int:
    """1 where the killed sweep is not the undisturbed one."""
    rows = load_sweep(killed)["row"].tolist()
    claims = {
        "each run once": rows == list(range(len(rows))) and len(rows) == len(load_sweep(whole)),
        "the same digest": digest(killed) == digest(whole),
        "every hash right": verify(killed) == [],
        "no leftover": not list(killed.glob("runs/.*")),
    }
    for claim, holds in claims.items():
        print(f"{claim}: {'yes' if holds else 'NO'}")
    return 0 if all(claims.values()) else 1


if __name__ == "__main__":
    sys.exit(main())
