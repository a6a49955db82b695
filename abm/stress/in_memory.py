"""A market simulated in this process, run by run, and kept in memory: for who waits and watches."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from abm.errors import FailedRun, InvalidInput
from abm.runs import OutputRequest, watched_run
from abm.stress.paths import (
    Drawn,
    Market,
    market_of,
    rates_follow_rules,
    series_of,
    too_long,
)

if TYPE_CHECKING:
    import pandas as pd

    from abm.runs import RunOutput
    from abm.runs.pasts import Pasts
    from abm.scenario import Scenario


def draw(
    scenario: Scenario, seed: int, replicate: int, pasts: Pasts | None = None
) -> RunOutput | None:
    """What a market reads of one run; None of one that fails."""
    request = OutputRequest(tuple(series_of(scenario)), events=rates_follow_rules(scenario))
    try:
        run = watched_run(scenario, seed, replicate, request, pasts)
    except FailedRun:
        return None
    return run._replace(scalars={})


def drawn_of(scenario: Scenario, seed: int, runs: Mapping[int, RunOutput | None]) -> Drawn:
    """Runs by replicate, as a market is made from them; raises FailedRun where all failed."""
    done = {row: run for row, run in runs.items() if run is not None}
    if not done:
        raise FailedRun(f"{scenario.name}: every run failed")
    replicates = np.array(list(done))
    days = {name: np.stack([run.days[name] for run in done.values()]).astype(np.float64)
            for name in series_of(scenario)}  # fmt: skip
    events = _events(done) if rates_follow_rules(scenario) else None
    return Drawn(seed, replicates, replicates, len(runs) - len(done), days, events)


def _events(done: Mapping[int, RunOutput]) -> pd.DataFrame:
    import pandas as pd

    tables = [pd.DataFrame(run.events).assign(row=row) for row, run in done.items()]
    return pd.concat(tables, ignore_index=True)


class GrowingMarket:
    """Replicates 0, 1, … of a scenario under one seed, as many as have been asked for so far.

    Its markets are those of `simulate`, without a folder and without processes of their own.
    """

    def __init__(self, scenario: Scenario, seed: int) -> None:
        """Before the first run."""
        self.scenario, self.seed = scenario, seed
        self.runs: list[RunOutput | None] = []  # None for one that failed

    @property
    def n_runs(self) -> int:
        """Runs so far, failed ones included."""
        return len(self.runs)

    def add(self) -> None:
        """One run more; one that fails is no path."""
        self.runs.append(draw(self.scenario, self.seed, self.n_runs))

    def market(self, n_runs: int, n_days: int, base: int) -> Market:
        """The market of the first runs.

        Raises InvalidInput where the scenario is too short, FailedRun where all of them failed.
        """
        bad = too_long(self.scenario, n_days)
        if bad:
            raise InvalidInput(*bad)
        drawn = drawn_of(self.scenario, self.seed, dict(enumerate(self.runs[:n_runs])))
        return market_of(self.scenario, drawn, n_days, base)
