"""The state that a shock met: the eve, the burn-in, and a dam that broke before the shock.

The eve is the last close before the shock day. Where the shock comes on day 0 it is the last close
of the burn-in, whose days are a table of their own (`day` -1 is the last of them).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from abm.measures.classes import BREAK_DAYS, DAM_BREAK_SHARE, LEAST_SHORT_UNITS
from abm.measures.table import need, on_day, values_of, within

if TYPE_CHECKING:
    from abm.contagion.networks import FloatArray
    from abm.measures.table import Table

EVE = {
    "yen_short_units": "eve_yen_short_units",
    "fund_wealth_usd_bn": "eve_fund_wealth_usd_bn",
    "leverage": "eve_leverage",
    "share_unlevered": "eve_share_unlevered",
}
"""Columns of the days that are published of the eve, and the names they have there."""


def eve(days: Table, shock_day: int, burn_in: Table | None = None) -> dict[str, float]:
    """Yen short, wealth, leverage and share unlevered of the hedge funds on the eve.

    NaN where no table has that close, as where a run has not come as far.
    """
    need(days, "day")
    first = int(values_of(days, "day")[0])
    table = days if shock_day > first or burn_in is None else burn_in
    return {said: on_day(table, name, shock_day - 1) for name, said in EVE.items()}


def broke_before(days: Table, shock_day: int, burn_in: Table | None = None) -> bool:
    """True if the dam broke before the shock, between the start of the burn-in and the eve.

        S(t + 5) <= (1 - .4) S(t)  and  S(d - 1) <= (1 - .4) S(t)  for some t <= d - 6     (M60)

    S: `yen_short_units` at the close, d the shock day. Some five days closed as much of the yen
    short as a dam break closes, gross, since before the shock no counterfactual differs;
    and on the eve the short was not rebuilt, so that the shock met what was left of it. A short of
    less than one unit (USD 1bn at the opening) does not count as one.
    """
    parts = [within(days, "yen_short_units", 0, shock_day - 1)]
    if burn_in is not None:
        parts.insert(0, within(burn_in, "yen_short_units", -len(values_of(burn_in, "day")), -1))
    return _broke(np.concatenate(parts).astype(np.float64))


def _broke(short: FloatArray) -> bool:
    """The same of a path that ends on the eve."""
    if len(short) <= BREAK_DAYS:
        return False
    opened, closed = short[:-BREAK_DAYS], short[BREAK_DAYS:]
    left = (1.0 - DAM_BREAK_SHARE) * opened
    return bool(((opened >= LEAST_SHORT_UNITS) & (closed <= left) & (short[-1] <= left)).any())
