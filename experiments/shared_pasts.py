"""The gain from pasts that runs share, beside another checkout that lets each run live its own.

    python -m experiments.shared_pasts --against FOLDER [--replicates N]

Rows of sweeps of cascades on the world of `hike`, as one worker runs them, storing apart: a design
whose factor acts before the shock (no two rows have one past), and one whose factor acts from the
shock on. Both checkouts run in turn, by processor time, so that whatever else the machine does
slows neither. Then an attribution to nine channels on sixteen draws, by two workers.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pandas as pd

from abm.attribution import shapley
from experiments.keeping import ROOT, keep, show

TIMES = 5
WORKERS = 2
REPLICATES = 20
DESIGNS: dict[str, dict[str, list[float]]] = {
    "leverage caps: acts before the shock": {"funds.leverage_cap": [4.0, 6.0, 8.0, 10.0]},
    "surprises: acts from the shock on": {"shock.surprise_bp": [5.0, 15.0, 25.0, 35.0, 50.0]},
}
# Run by either checkout; knows nothing of this file.
WORK = """
import json, sys, time
from abm.sweep.experiment import Experiment
from abm.sweep.plan import plan_of
from abm.sweep.work import Task, run_task

def rows_per_second(raw):
    plan = plan_of(Experiment.from_dict(raw))
    points = {p: plan.values_at(p) for p in range(len(plan.points))}
    start = time.process_time()
    done = run_task(Task(plan.experiment, tuple(range(plan.n_rows)), points))
    seconds = time.process_time() - start
    assert set(done.runs["status"].to_pylist()) == {"done"}
    return plan.n_rows / seconds

asked = json.loads(sys.argv[1])
rows_per_second(asked[0] | {"replicates": 1})
print(json.dumps([rows_per_second(raw) for raw in asked]))
"""


def experiment(factors: dict[str, list[float]], replicates: int) -> dict[str, Any]:
    """Cascades on the world of `hike`."""
    return {
        "name": "shared pasts",
        "scenario": "hike",
        "replicates": replicates,
        "seed": 1,
        "design": {"kind": "grid", "factors": factors},
    }


def rates(checkout: Path, asked: list[dict[str, Any]]) -> list[float]:
    """Rows a second of each design, in a process of a checkout's own."""
    done = subprocess.run(
        [sys.executable, "-c", WORK, json.dumps(asked)],
        env=os.environ | {"PYTHONPATH": str(checkout)},
        cwd=checkout, capture_output=True, text=True, check=True,
    )  # fmt: skip
    found: list[float] = json.loads(done.stdout)
    return found


def attribution() -> pd.DataFrame:
    """Seconds that all coalitions of nine channels on sixteen draws of `august-2024` take."""
    start, spent = time.perf_counter(), processor_seconds()
    found = shapley("august-2024", workers=WORKERS)
    wall, used = time.perf_counter() - start, processor_seconds() - spent
    row = {
        "n_channels": len(found.players.names),
        "n_draws": len(found.worths),
        "n_coalitions": found.worths.size,
        "workers": WORKERS,
        "wall_seconds": wall,
        "processor_seconds": used,
        "processor_seconds_a_worker": used / WORKERS,
        "largest_gap_of_sum": float(
            abs(found.worths[:, 0] + found.shares.sum(axis=1) - found.worths[:, -1]).max()
        ),
    }
    return pd.DataFrame([row])


def processor_seconds() -> float:
    """Processor time of this process and of those that it has waited for."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(each.ru_utime + each.ru_stime for each in used)


def commit_of(checkout: Path) -> str:
    """The commit that a checkout stands on."""
    words = ["git", "-C", str(checkout), "rev-parse", "--short", "HEAD"]
    return subprocess.run(words, capture_output=True, text=True, check=False).stdout.strip()


def main() -> None:
    """Measure in turn, and keep."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--against", type=Path, required=True, metavar="FOLDER")
    parser.add_argument("--replicates", type=int, default=REPLICATES, metavar="N")
    given = parser.parse_args()
    asked = [experiment(factors, given.replicates) for factors in DESIGNS.values()]
    for checkout in (given.against, ROOT):
        rates(checkout, [experiment(DESIGNS[name], 1) for name in DESIGNS])  # compiled
    pairs = [(rates(given.against, asked), rates(ROOT, asked)) for _ in range(TIMES)]
    rows = []
    for number, name in enumerate(DESIGNS):
        before, now = ([pair[side][number] for pair in pairs] for side in (0, 1))
        ratios = [y / x for x, y in zip(before, now, strict=True)]
        rows.append(
            {
                "design": name,
                "before_rows_per_second": statistics.median(before),
                "now_rows_per_second": statistics.median(now),
                "ratio": statistics.median(ratios),
                "ratio_least": min(ratios),
                "ratio_most": max(ratios),
            }
        )
    table = pd.DataFrame(rows)
    show(table, "Rows of sweeps of cascades, one worker, by processor time")
    shares = attribution()
    show(shares.T.reset_index(), "Attribution")
    about = {
        "command": "python -m experiments.shared_pasts --against FOLDER",
        "before_commit": commit_of(given.against), "times": TIMES,
        "replicates": given.replicates, "seed": 1,
    }  # fmt: skip
    tables = {"rates": table, "attribution": shares}
    keep(ROOT / "results" / "shared-pasts", tables, {}, {}, about)


if __name__ == "__main__":
    main()
