"""Thousands of runs: designs, a runner that nothing stops, and a store that survives it.

The package is called as its function `sweep`, here with the experiment of README:

    if __name__ == "__main__":  # workers are new processes and read the script again
        abm.sweep("mine.toml")
        runs = abm.load_sweep("results/mine")

An experiment may also be made in Python, with `Experiment.from_dict`; `abm.compare` makes one of
two scenarios. Every row has the same bytes whatever the number of workers, shards and
interruptions.
"""

import sys
from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from abm.sweep.comparison import Comparison, compare
    from abm.sweep.experiment import Experiment, load_experiment
    from abm.sweep.plan import run_of_row
    from abm.sweep.runner import Summary, SweepInterrupted, sweep
    from abm.sweep.session import Progress
    from abm.sweep.store import digest, load_days, load_events, load_sweep

_FILE_OF = {
    "Comparison": "comparison",
    "compare": "comparison",
    "Experiment": "experiment",
    "load_experiment": "experiment",
    "run_of_row": "plan",
    "Progress": "session",
    "Summary": "runner",
    "SweepInterrupted": "runner",
    "digest": "store",
    "load_days": "store",
    "load_events": "store",
    "load_sweep": "store",
    "sweep": "runner",
}

__all__ = [
    "Comparison",
    "Experiment",
    "Progress",
    "Summary",
    "SweepInterrupted",
    "compare",
    "digest",
    "load_days",
    "load_events",
    "load_experiment",
    "load_sweep",
    "run_of_row",
    "sweep",
]


def __getattr__(name: str) -> Any:
    """Load a name on first use: a worker needs none of the runner."""
    if name not in _FILE_OF:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(f"abm.sweep.{_FILE_OF[name]}"), name)
    globals()[name] = value
    return value


class _Room(ModuleType):
    """This package, called as the function it is named after: `abm.sweep(…)`."""

    def __call__(self, *args: Any, **options: Any) -> Any:
        return self.sweep(*args, **options)


sys.modules[__name__].__class__ = _Room
