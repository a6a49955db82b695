"""Early warning: what indicators of a carry trade were worth in simulated years and on the record.

    if __name__ == "__main__":  # workers are new processes and read the script again
        found = abm.warning.study(quick=True)
        print(found.scores)

A study simulates years with surprises on random days, marks the days that an unwind lay ahead of,
and scores every indicator on seeds that its thresholds were not chosen on.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from abm.warning.running import Progress, Study, load_study, study

_FILE_OF = {
    "Progress": "running",
    "Study": "running",
    "load_study": "running",
    "study": "running",
}

__all__ = ["Progress", "Study", "load_study", "study"]


def __getattr__(name: str) -> Any:
    """Load a name on first use: a worker needs none of the runner."""
    if name not in _FILE_OF:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(f"abm.warning.{_FILE_OF[name]}"), name)
    globals()[name] = value
    return value
