"""A market simulated in this process, run by run, and kept in memory: for who waits and watches."""

from __future__ import annotations

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
    from abm.scenario import Scenario


class GrowingMarket:
    """Replicates 0, 1, … of a scenario under one seed, as many as have been asked for so far.

    Its markets are those of `simulate`, without a folder and without processes of their own.
    """

    def __init__(self, scenario: Scenario, seed: int) -> None:
        """Before the first run."""
        self.scenario, self.seed = scenario, seed
        self.request = OutputRequest(
            tuple(series_of(scenario)), events=rates_follow_rules(scenario)
        )
        self.runs: list[RunOutput | None] = []  # None for one that failed

    @property
    def n_runs(self) -> int:
        """Runs so far, failed ones included."""
        return len(self.runs)

    def add(self) -> None:
        """One run more; one that fails is no path."""
        try:
            run = watched_run(self.scenario, self.seed, self.n_runs, self.request)
        except FailedRun:
            self.runs.append(None)
        else:
            self.runs.append(run._replace(scalars={}))

    def market(self, n_runs: int, n_days: int, base: int) -> Market:
        """The market of the first runs.

        Raises InvalidInput where the scenario is too short, FailedRun where all of them failed.
        """
        bad = too_long(self.scenario, n_days)
        if bad:
            raise InvalidInput(*bad)
        asked = self.runs[:n_runs]
        done = {row: run for row, run in enumerate(asked) if run is not None}
        if not done:
            raise FailedRun(f"{self.scenario.name}: every run failed")
        replicates = np.array(list(done))
        days = {name: np.stack([run.days[name] for run in done.values()]).astype(np.float64)
                for name in self.request.series}  # fmt: skip
        drawn = Drawn(
            self.seed, replicates, replicates, len(asked) - len(done), days, self._events(done)
        )
        return market_of(self.scenario, drawn, n_days, base)

    def _events(self, done: dict[int, RunOutput]) -> pd.DataFrame | None:
        if not self.request.events:
            return None
        import pandas as pd

        tables = [pd.DataFrame(run.events).assign(row=row) for row, run in done.items()]
        return pd.concat(tables, ignore_index=True)
