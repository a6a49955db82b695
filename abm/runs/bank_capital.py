"""Banks day by day: capital, what it has to be, and what each has lost.

A run keeps the banks' capital together, and their books at the last close. The rest needs the books
of every close: a run that can be repeated is passed again, for those who ask.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from abm.errors import InvalidInput
from abm.kernels.state import (
    BOOK,
    CLIENTS,
    DEALERS,
    DEPOSIT_INSURANCE,
    DESKS,
    DISCOUNT,
    FAILURE,
    INTERBANK,
)
from abm.population.branching import replays
from abm.population.exposures import bank_assets, bank_names_of
from abm.population.origin import Origin

if TYPE_CHECKING:
    import pandas as pd

    from abm.population.world import World
    from abm.runs.result import RunResult

Array = np.ndarray

LOSSES = {
    "clients": (CLIENTS,),
    "dealing": (DEALERS, DESKS),
    "trading_book": (BOOK,),
    "banks": (INTERBANK,),
    "fire_sales": (DISCOUNT,),
    "failure": (FAILURE,),
}
"""Ways of (M112) by which a bank loses capital; interest and its owners' payments are none."""
_SAME = 1e-9  # of the banks' capital


class BankDays(NamedTuple):
    """The banks of a run; a column for each of them, a row per trading day."""

    capital_usd_bn: pd.DataFrame
    required_usd_bn: pd.DataFrame
    """(M105) at every close; NaN of a bank that has failed."""
    losses_usd_bn: pd.DataFrame
    """A row per bank, a column for each way of `LOSSES`: lost since the close before day 0."""
    insured_usd_bn: float
    """Paid by the deposit insurer since."""

    @property
    def over_required(self) -> pd.DataFrame:
        """Capital over what is required; below 1 a bank recalls what it has lent."""
        return self.capital_usd_bn / self.required_usd_bn

    @property
    def failed_on(self) -> dict[str, int]:
        """Day on which a bank failed, of those that did, the first first."""
        gone = self.required_usd_bn.isna()
        days = {str(bank): int(gone[bank].to_numpy().argmax()) for bank in gone if gone[bank].any()}
        return dict(sorted(days.items(), key=lambda item: item[1]))


def bank_days(result: RunResult) -> BankDays:
    """Capital, requirement and losses of every bank.

    Raises InvalidInput for a run that cannot be repeated, or that this version of the program does
    not repeat.
    """
    import pandas as pd

    if not result.is_repeatable:
        raise InvalidInput(
            "a run with Python agents or written books cannot be run again: the capital of each of "
            "its banks is known at the last close only"
        )
    begun, n_days = result.origin or Origin(result.scenario, ()), len(result.days)
    stops = range(n_days + 1)  # the first is the close before day 0
    again = replays(begun, result.seed, result.replicate, stops, with_events=False)
    world = next(again).world
    moved, paid_usd_bn = world.graph.flows.copy(), _insured_usd_bn(world)
    capital, required = [], []
    for stop in again:
        world = stop.world
        capital.append(world.graph.equity.copy())
        required.append(required_capital(world))
    names = bank_names_of(world.graph)
    equity = pd.DataFrame(np.array(capital), columns=names)
    together = result.days["bank_equity_usd_bn"].to_numpy()
    if not np.allclose(equity.sum(axis=1), together, rtol=_SAME, atol=_SAME):
        raise InvalidInput(
            "this version or platform does not repeat the run: "
            "unwind reproduce says how far the two are apart"
        )
    lost = moved - world.graph.flows
    by_way = {way: lost[list(rows)].sum(axis=0) for way, rows in LOSSES.items()}
    return BankDays(
        equity,
        pd.DataFrame(np.array(required), columns=names),
        pd.DataFrame(by_way, index=names),
        _insured_usd_bn(world) - paid_usd_bn,
    )


def required_capital(world: World) -> Array:
    """Capital that every bank's assets require tonight [USD bn], NaN once it has failed.

    By the size of the balance sheet alone where no rule counts the risk of loans: (M105) with
    w0 = 0, which no kernel then writes down.
    """
    graph = world.graph
    by_risk = world.rules.banks.requirement.is_on
    required = graph.requirement if by_risk else bank_assets(graph) / graph.leverage_max
    return np.where(graph.failed > 0, np.nan, required)


def _insured_usd_bn(world: World) -> float:
    """Paid by the deposit insurer so far: dollars are the last currency of every account."""
    return float(-world.market.outside[DEPOSIT_INSURANCE, -1])
