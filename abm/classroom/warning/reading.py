"""The indicators of a page's run, and the stored study that they are set beside."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from abm.runs import run
from abm.warning import Study, load_study
from abm.warning.columns import CONSTANT
from abm.warning.of_run import ahead_in_run, indicators_of_run
from abm.warning.own import placed

if TYPE_CHECKING:
    import pandas as pd

    from abm.scenario import Scenario

Array = np.ndarray


class Readings(NamedTuple):
    """The indicators of a run by day, and whether an unwind lies ahead of each (NaN: not known)."""

    values: dict[str, Array]
    ahead: Array

    def on(self, study: Study, day: int) -> pd.DataFrame:
        """The values of a day beside the simulated days, as `abm.warning.own.placed` says."""
        return placed(study, {name: column[day : day + 1] for name, column in self.values.items()})


@lru_cache(maxsize=16)
def read_run(scenario: Scenario, seed: int, replicate: int) -> Readings:
    """The readings of a run; it is passed again, stopped at every close."""
    result = run(scenario, seed, replicate)
    return Readings(indicators_of_run(result), ahead_in_run(result))


@lru_cache(maxsize=1)
def shipped_study() -> Study:
    """The study of the package, read once. Raises UnreadableFile."""
    return load_study()


def told_of(study: Study) -> list[str]:
    """Indicators with a score, the one without information left out."""
    return [name for name in study.scores["indicator"] if name != CONSTANT]
