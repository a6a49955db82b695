"""The cost of a sweep beside the bare loop, and the gain from a second worker.

    python -m experiments.sweep_speed [N_RUNS]

100 institutions, 250 days in all, one thread a run, storing included; starting the workers (some
seconds each, once) is told apart. Medians of three, taken in turn.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import pandas as pd

import abm
from abm.runs import fast_run
from abm.sweep.experiment import Experiment, base_scenario
from experiments.keeping import ROOT, keep, show

TIMES = 3
N_LOOP = 300
N_RUNS = 4000


def experiment(n_runs: int) -> Experiment:
    """Runs alone on the world of `hike`, 80 days of burn-in and 170 after it."""
    return Experiment.from_dict(
        {
            "name": "speed",
            "scenario": "hike",
            "replicates": n_runs // 2,
            "seed": 1,
            "changes": {"calendar.days": 170, "outputs.feedback_gain_every_days": 5},
            "design": {"kind": "grid", "factors": {"shock.surprise_bp": [10, 30]}},
            "outputs": {"measure": "run"},
        }
    )


def seconds(work: Callable[[], object]) -> float:
    """Wall time of some work."""
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def sweep_seconds(n_runs: int, workers: int) -> float:
    """Wall time of a whole sweep, from nothing to the last file."""
    with tempfile.TemporaryDirectory() as folder:
        return seconds(lambda: abm.sweep(experiment(n_runs), Path(folder) / "out", workers=workers))


def rates(n_runs: int) -> dict[str, float]:
    """Runs a second of everything, once."""
    scenario = base_scenario(experiment(2))
    rate = {
        "abm.run, looped": N_LOOP
        / seconds(lambda: [abm.run(scenario, 1, i) for i in range(N_LOOP)]),
        "fast_run, looped": N_LOOP
        / seconds(lambda: [fast_run(scenario, 1, i) for i in range(N_LOOP)]),
    }
    for workers in (1, 2):
        few, all_ = sweep_seconds(32, workers), sweep_seconds(n_runs, workers)
        words = f"sweep, {workers} worker{'s' * (workers > 1)}"
        rate[words] = n_runs / all_
        rate[f"{words}, once started"] = (n_runs - 32) / (all_ - few)
    return rate


def main() -> None:
    """Measure and keep."""
    n_runs = int(sys.argv[1]) if len(sys.argv) > 1 else N_RUNS
    fast_run(base_scenario(experiment(2)), 1)  # compiled before anything is timed
    taken = [rates(n_runs) for _ in range(TIMES)]
    medians = {name: statistics.median(one[name] for one in taken) for name in taken[0]}
    table = pd.DataFrame(
        [
            (name, rate, min(one[name] for one in taken), max(one[name] for one in taken))
            for name, rate in medians.items()
        ],
        columns=["what", "runs_per_second", "least", "most"],
    )
    table["over_abm_run"] = table["runs_per_second"] / medians["abm.run, looped"]
    show(table, "100 institutions, 250 days")
    started = [
        [one[f"sweep, {w}, once started"] for one in taken] for w in ("1 worker", "2 workers")
    ]
    gain = statistics.median(two / one for one, two in zip(*started, strict=True))
    print(f"\ntwo workers over one, once started: {gain:.2f}")
    about = {"n_runs": n_runs, "times": TIMES, "two_workers_over_one": round(gain, 3)}
    keep(ROOT / "results" / "sweep-speed", {"rates": table}, {}, {}, about)


if __name__ == "__main__":
    main()
