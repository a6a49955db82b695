"""A run, day by day, as the page shows it: the model itself, and what is read off it."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from abm.figures.layout import ring_layout
from abm.kernels.events import MARGIN_CALL
from abm.kernels.state import HEDGE_FUND
from abm.model import CarryUnwindModel
from abm.population.exposures import bank_names_of, leverage_of
from abm.report.quotes import usd_quotes
from abm.runs.bank_capital import required_capital
from abm.runs.fast import fast_cascade
from abm.runs.genealogy import events_from_day_0, events_table
from abm.runs.tables import dates_of, days_table, edges_table, institutions_table

if TYPE_CHECKING:
    import networkx as nx
    import pandas as pd

    from abm.classroom.choice import Choice
    from abm.scenario import Scenario

Places = dict[str, tuple[float, float]]
BAND = (10.0, 90.0)  # per cent of the hedge funds


class FundLeverage(NamedTuple):
    """Leverage of the hedge funds on one day; NaN where none has wealth."""

    low: float  # 10% of the funds with wealth have less, at the close
    high: float  # 10% have more
    share_above: float  # of all funds: above their own line at the close, or called that day


class BankRoom(NamedTuple):
    """Capital over what is required, of the banks that stand at a close; NaN where none does."""

    low: float
    high: float
    thinnest: str  # the bank that has `low`; empty where none stands


class SoFar(NamedTuple):
    """The tables of a run as far as it has gone, as a `RunResult` names them."""

    scenario: Scenario
    days: pd.DataFrame
    events: pd.DataFrame
    edges: pd.DataFrame


class LiveRun:
    """One run of a scenario, advanced as the page asks.

    Prices, tables and events are those of `abm.run` on the same scenario, seed and replicate.
    """

    def __init__(self, scenario: Scenario, seed: int, replicate: int = 0) -> None:
        self.scenario, self.seed, self.replicate = scenario, seed, replicate
        self.model = CarryUnwindModel(scenario, rng=seed, replicate=replicate)
        self.opening_graph = self.model.exposures
        self.fund_leverage: list[FundLeverage] = []  # of the days traded
        self.bank_room: list[BankRoom] = []  # of the same

    @classmethod
    def of(cls, choice: Choice) -> LiveRun:
        """The run that a page's choice asks for."""
        return cls(choice.run_scenario, choice.seed, choice.replicate)

    @property
    def name(self) -> str:
        """The run in the name of a file: its scenario, its seed and, but the first, its draw."""
        draw = f"-replicate-{self.replicate}" if self.replicate else ""
        return f"{self.scenario.name}-seed-{self.seed}{draw}"

    @property
    def day(self) -> int:
        """Days traded; the last has index day - 1."""
        return self.model.day

    @property
    def n_days(self) -> int:
        return self.scenario.calendar.days

    @property
    def is_over(self) -> bool:
        return self.day >= self.n_days

    def advance(self, n_days: int = 1) -> None:
        """Trade some days, or as many as are left."""
        for _ in range(min(n_days, self.n_days - self.day)):
            self.model.step()
            self.fund_leverage.append(fund_leverage(self.model.world, self.day - 1))
            self.bank_room.append(bank_room(self.model.world))

    def advance_to_event(self) -> None:
        """Trade days until one on which something was announced or an institution was forced."""
        while not self.is_over:
            self.advance()
            events = self.events()
            if ((events["day"] == self.day - 1) & (events["kind"] != "clearing")).any():
                return

    def finish(self) -> None:
        """Trade all days that are left."""
        self.advance(self.n_days)

    def days(self, since: int = 0) -> pd.DataFrame:
        """Rows of the days traded, as in `RunResult.days`, from day `since` on."""
        table = days_table(self.model.world, self.model.opening, self.scenario, self.day)
        return table.iloc[since:]

    def institutions(self) -> pd.DataFrame:
        """Institutions and banks as they stand, as in `RunResult.institutions`."""
        return institutions_table(self.model.world, self.model.opening)

    @property
    def has_thin_bank(self) -> bool:
        """True once a bank has come so near to its requirement that it charges more (M48, M106)."""
        threshold = self.scenario.banks.utilisation_threshold
        return any(threshold * room.low < 1.0 for room in self.bank_room)

    @property
    def opening_short(self) -> float:
        """Yen owed at the close before day 0 [units]; NaN without a day before it."""
        burn_in = self.model.world.burn_in
        days = self.model.world.record.days
        return float(days["yen_short_units"][burn_in - 1]) if burn_in else float("nan")

    def calendar(self) -> pd.DataFrame:
        """Every trading day of the run, traded or to come: its number and its date."""
        import pandas as pd

        dates = dates_of(self.scenario, self.n_days)
        return pd.DataFrame({"day": range(self.n_days), "date": dates})

    def quotes(self, days: pd.DataFrame) -> list[float]:
        """Units of the funding currency per dollar, at the closes of these rows."""
        return usd_quotes(self.scenario, days)[1]

    def events(self) -> pd.DataFrame:
        """Events so far, as in `RunResult.events`."""
        return events_table(self.model.world, self.scenario, self.day)

    @property
    def so_far(self) -> SoFar:
        """Its tables up to now."""
        edges = edges_table(self.model.world, self.model.opening)
        return SoFar(self.scenario, self.days(), self.events(), edges)

    def graph(self) -> nx.DiGraph:
        """The exposure graph of now."""
        return self.model.exposures

    @cached_property
    def places(self) -> Places:
        """Places of all institutions in the picture of the network, the same on all days."""
        return ring_layout(self.opening_graph, self.radii)

    @cached_property
    def radii(self) -> dict[str, float]:
        """Radius of every institution's circle, by opening assets."""
        from abm.figures.network import radii

        return radii(self.opening_graph)

    @cached_property
    def measures(self) -> dict[str, Any]:
        """The published numbers of the whole run, as `abm.cascade` gives them."""
        return fast_cascade(self.scenario, self.seed, self.replicate)


def fund_leverage(world: Any, day: int) -> FundLeverage:
    """Leverage of single hedge funds on the day that has just been traded.

    A fund's own line is its maintenance leverage; one that was called during the day has mostly
    sold enough by the close to be below it again, and is counted.
    """
    books, first = world.books, world.rules.mandates.first_row
    lo, hi = int(first[HEDGE_FUND]), int(first[HEDGE_FUND + 1])
    wealth, borrowing = books.wealth[lo:hi], books.borrowing[lo:hi]
    has_wealth = wealth > 0.0
    leverage = leverage_of(wealth, borrowing)[has_wealth]
    is_above = np.zeros(hi - lo, dtype=bool)
    is_above[has_wealth] = leverage > books.maintenance_leverage[lo:hi][has_wealth]
    is_above[called(world, day, lo, hi) - lo] = True
    low, high = np.percentile(leverage, BAND) if len(leverage) else (np.nan, np.nan)
    return FundLeverage(float(low), float(high), float(is_above.mean()) if hi > lo else np.nan)


def bank_room(world: Any) -> BankRoom:
    """Capital over what is required, at the close that has just been made."""
    required = required_capital(world)
    stands = np.flatnonzero(required > 0.0)
    if not len(stands):
        return BankRoom(np.nan, np.nan, "")
    over = world.graph.equity[stands] / required[stands]
    thinnest = bank_names_of(world.graph)[stands[over.argmin()]]
    return BankRoom(float(over.min()), float(over.max()), thinnest)


def called(world: Any, day: int, lo: int, hi: int) -> np.ndarray:
    """Flags of the rows lo .. hi that had a margin call on a day."""
    written = events_from_day_0(world, day + 1)
    is_call = (written["kind"] == MARGIN_CALL) & (written["day"] == day)
    rows = np.unique(written["institution"][is_call])
    return rows[(rows >= lo) & (rows < hi)]


def forced_columns(days: pd.DataFrame) -> dict[str, str]:
    """Columns of forced sales, by kind of institution."""
    return {
        name.removeprefix("forced_").removesuffix("_usd_bn"): name
        for name in days.columns
        if name.startswith("forced_")
    }


def largest_leverage_allowed(margin_rate: np.ndarray) -> np.ndarray:
    """1 / margin rate: the leverage at which a fund of average margin is called."""
    with np.errstate(divide="ignore"):
        return np.asarray(1.0 / margin_rate)
