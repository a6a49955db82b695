"""Calibration: parameters by the method of simulated moments, and what the fit can tell of them.

    if __name__ == "__main__":  # workers are new processes and read the script again
        found = abm.calibrate("experiments/calibrate-august.toml")
        print(found.estimates)

A study's file names a scenario, parameters with ranges, moments with targets and sources, and
seeds for each stage (`abm/calibration/study.py`). The same call goes on where it was killed, and
gives the same bytes whatever the number of workers and interruptions. `accepted_scenarios` are
those that fit as well within sampling error: a band over them holds the uncertainty of the
parameters too.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from abm.calibration.evaluations import Progress
    from abm.calibration.folder import accepted_scenarios, estimated_scenario
    from abm.calibration.reading import load_study, study_of
    from abm.calibration.running import Calibration, calibrate
    from abm.calibration.simulating import simulate
    from abm.calibration.study import Study

_FILE_OF = {
    "Calibration": "running",
    "Progress": "evaluations",
    "Study": "study",
    "accepted_scenarios": "folder",
    "calibrate": "running",
    "estimated_scenario": "folder",
    "load_study": "reading",
    "simulate": "simulating",
    "study_of": "reading",
}

__all__ = [
    "Calibration",
    "Progress",
    "Study",
    "accepted_scenarios",
    "calibrate",
    "estimated_scenario",
    "load_study",
    "simulate",
    "study_of",
]


def __getattr__(name: str) -> Any:
    """Load a name on first use: a worker needs none of the runner."""
    if name not in _FILE_OF:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(f"abm.calibration.{_FILE_OF[name]}"), name)
    globals()[name] = value
    return value
