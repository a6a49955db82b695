"""The stress test of a page: markets kept in memory for all pages, portfolios for none."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

from abm.report.stress_page import StressReport
from abm.stress.in_memory import GrowingMarket
from abm.stress.portfolio import Portfolio, read_portfolio
from abm.stress.running import stressed
from abm.stress.samples import find_portfolio

if TYPE_CHECKING:
    from abm.report.chronicle import Entry
    from abm.scenario import Scenario
    from abm.stress import StressResult
    from abm.stress.cells import CsvFile

MOST_MARKETS = 6  # of scenario and seed, with up to a thousand runs each: some 10 MB
SHOWN_HORIZONS = (1, 5, 10, 20, 40, 60)
_markets: OrderedDict[tuple[str, int], GrowingMarket] = OrderedDict()


class Asked(NamedTuple):
    """All that decides a stress test."""

    source: CsvFile | str
    """A file of the reader's own, or the name of a sample."""
    scenario: Scenario
    seed: int
    horizon: int
    paths: int

    def portfolio(self) -> Portfolio:
        """The portfolio, read. Raises ScenarioFaults with every fault."""
        if isinstance(self.source, str):
            return read_portfolio(find_portfolio(self.source), self.scenario)
        return read_portfolio(self.source, self.scenario)


class Answer(NamedTuple):
    """A stress test and the story of its worst path."""

    found: StressResult
    report: StressReport
    entries: list[Entry]


def answer(asked: Asked, language: str, tell: Callable[[int], None]) -> Answer:
    """The stress test; `tell` is called with the number of paths that have been simulated.

    Raises ScenarioFaults, InvalidInput, FailedRun as `abm.stress.run` does.
    """
    portfolio = asked.portfolio()  # its faults before any simulating
    growing = _market_of(asked.scenario, asked.seed)
    while growing.n_runs < asked.paths:
        tell(growing.n_runs)
        growing.add()
    tell(asked.paths)
    market = growing.market(asked.paths, asked.horizon, portfolio.base)
    earlier = tuple(day for day in SHOWN_HORIZONS if day < asked.horizon)
    found = stressed(portfolio, market, (*earlier, asked.horizon))
    _ = found.tables  # made once, and here: not where other pages wait
    report = StressReport(found, language)
    return Answer(found, report, report.told_of_worst())


def _market_of(scenario: Scenario, seed: int) -> GrowingMarket:
    """The market of a scenario, with the runs that any page has had of it."""
    key = (scenario.canonical_hash(), seed)
    if key not in _markets:
        _markets[key] = GrowingMarket(scenario, seed)
    _markets.move_to_end(key)
    while len(_markets) > MOST_MARKETS:
        _markets.popitem(last=False)
    return _markets[key]
