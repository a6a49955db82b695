"""What a shock set off: one function per published number, read off a run and its twins.

Twins share the run's seed. No-shock: scripted news and policy from the shock day on removed.
Frozen: same script, but from the shock day on no institution except value investors and dealers
sends an order. Frozen no-shock: both. A run is measured against the twin that lacks the shock and
nothing else: the run against the no-shock twin, the frozen twin against the frozen no-shock twin.
Tables are those of `RunResult` (schemas in ODD.md), as pandas tables or, where thousands of runs
are measured, as plain columns by name; `shock_day` is a value of their column `day`.
A number whose days lie beyond the run is NaN, never a guess; a table without a column that is
needed, or twins of unlike length, are InvalidInput.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy.typing import NDArray

from abm.errors import InvalidInput
from abm.measures import tails

if TYPE_CHECKING:
    import pandas as pd
    from typing_extensions import TypeAliasType

    from abm.contagion.networks import FloatArray

    # Unlike a plain alias such a type keeps its name in the API pages.
    Table = TypeAliasType("Table", pd.DataFrame | Mapping[str, NDArray[Any]])

HORIZONS_DAYS = (5, 30, 60)
"""Days after the shock at which the closed share is published."""

PEAK_WINDOW_DAYS = 60
"""Days after the shock in which a peak is looked for."""

DAM_BREAK_SHARE = 0.40
"""Share of the opening yen short that, closed within five days, makes a dam break."""

LEAK_SHARE = 0.25
"""Share of the same that, closed within thirty or sixty days, makes a leak."""

STATUS_FAILED = 2
"""`status` of a day that found no price, in the table of days."""

# Below this share of wealth a loss is arithmetic noise, and a ratio to it says nothing.
_NO_LOSS = 1e-9
_N_RETURNS_LEAST = 20
_N_LOSSES_LEAST = 50


class RunTables(Protocol):
    """What the measures read of a run: three of its tables, those of `RunResult`."""

    @property
    def days(self) -> Table:
        """One row per trading day."""

    @property
    def events(self) -> Table:
        """One row per event."""

    @property
    def institutions(self) -> Table:
        """One row per institution and bank."""


def unwound_share(days: Table, no_shock_days: Table, shock_day: int, horizon: int) -> float:
    """Share of the opening yen short closed because of the shock, `horizon` days after it.

        U_h = (S'(d + h) - S(d + h)) / S(d - 1)

    S: `yen_short_units` at the close, S' that of the no-shock twin [units], d the shock day.
    S(d + h) is the row `day` = d + h: the close of the h-th trading day after d, whose own close
    is h = 0. The shock is heard on d, but estimates of risk learn of it only at d's close, so U5
    gives those who act on them five days, d + 1 to d + 5. S(d - 1) is the last close before the
    shock, where run and twin are one; if d is the table's first day, S'(d) stands for it.
    NaN if the run ends before d + h or nobody was short.
    """
    opening = _before_shock(days, no_shock_days, "yen_short_units", shock_day)
    run = _on_day(days, "yen_short_units", shock_day + horizon)
    twin = _on_day(no_shock_days, "yen_short_units", shock_day + horizon)
    return (twin - run) / opening if opening > 0.0 else float("nan")


def classify(u5: float, u30: float, u60: float) -> str:
    """Class of a run: "dam break" (U5 >= .4), "leak" (else max(U30, U60) >= .25), "absorbed".

    Of U30 and U60 a NaN (run too short) is passed over; when what is left cannot tell,
    "undetermined".
    """
    if u5 >= DAM_BREAK_SHARE:
        return "dam break"
    later = [u for u in (u30, u60) if not np.isnan(u)]
    if np.isnan(u5) or not later:
        return "undetermined"
    return "leak" if max(later) >= LEAK_SHARE else "absorbed"


def peak_appreciation(
    days: Table,
    no_shock_days: Table,
    shock_day: int,
    window_days: int = PEAK_WINDOW_DAYS,
    funding: str | None = None,
) -> float:
    """Largest rise of the funding currency over the no-shock twin [log, at least 0].

        max_{d <= t <= d + window} (x(t) - x'(t))^+

    x is the run's quote, x' the twin's; before d they are the same, so nothing is re-based.
    `funding` names the instrument; by default the first of the table.
    """
    column = f"log_{funding or funding_currency(days)}"
    gap = _after_shock(days, column, shock_day, window_days) - _after_shock(
        no_shock_days, column, shock_day, window_days
    )
    return float(max(0.0, gap.max()))


def frozen_appreciation(
    frozen_days: Table,
    frozen_no_shock_days: Table,
    shock_day: int,
    window_days: int = PEAK_WINDOW_DAYS,
    funding: str | None = None,
) -> float:
    """Largest rise of the funding currency had institutions not traded after the shock.

        max_{d <= t <= d + window} (x''(t) - x'''(t))^+    [log, at least 0]

    x'' is the frozen twin's quote, x''' the frozen no-shock twin's. Net of x''' and not of the
    no-shock twin: sixty days of ordinary trading there would count as an effect of the shock.
    Nor of its news: a price away from its fundamental on d returns to it without any shock.
    """
    return peak_appreciation(frozen_days, frozen_no_shock_days, shock_day, window_days, funding)


def price_amplification(
    days: Table,
    no_shock_days: Table,
    frozen_days: Table,
    frozen_no_shock_days: Table,
    shock_day: int,
    window_days: int = PEAK_WINDOW_DAYS,
) -> float:
    """Peak yen move over the same with positions frozen at the shock [1]; NaN if that is zero."""
    run = peak_appreciation(days, no_shock_days, shock_day, window_days)
    frozen = frozen_appreciation(frozen_days, frozen_no_shock_days, shock_day, window_days)
    return run / frozen if frozen > _NO_LOSS else float("nan")


def loss_amplification(
    days: Table,
    no_shock_days: Table,
    frozen_days: Table,
    frozen_no_shock_days: Table,
    shock_day: int,
    window_days: int = PEAK_WINDOW_DAYS,
) -> float:
    """Largest loss of the margined funds over the same with positions frozen [1].

        L = max_{d <= t <= d + window} (W'(t) - W(t)),   L'' = max (W'''(t) - W''(t)),   L / L''

    W: wealth of the margined funds [USD bn], with as many primes as the price in
    `frozen_appreciation`. The frozen loss is net of the frozen no-shock twin for the same reason:
    what funds earn by trading for sixty days is no loss of those who did not trade.
    NaN at leverage 1 before the shock, and where the frozen twin loses nothing. Falls for huge
    shocks, since funds that are out stop losing: not a measure to classify by.
    """
    wealth = "fund_wealth_usd_bn"
    leverage = _before_shock(days, no_shock_days, "leverage", shock_day)
    opening = _before_shock(days, no_shock_days, wealth, shock_day)
    after = partial(_after_shock, column=wealth, shock_day=shock_day, window_days=window_days)
    loss = (after(no_shock_days) - after(days)).max()
    frozen = (after(frozen_no_shock_days) - after(frozen_days)).max()
    if not leverage > 1.0 + _NO_LOSS or not frozen > _NO_LOSS * abs(opening):
        return float("nan")
    return float(max(0.0, loss) / frozen)


def forced_volume(days: Table, from_day: int | None = None) -> float:
    """Forced sales of all types, from `from_day` on or over the whole table [USD bn]."""
    return float(sum(forced_by_type(days, from_day).values()))


def forced_volume_net(days: Table, no_shock_days: Table, shock_day: int) -> float:
    """Forced sales from the shock day on, less those of the no-shock twin [USD bn]."""
    return forced_volume(days, shock_day) - forced_volume(no_shock_days, shock_day)


def forced_by_type(days: Table, from_day: int | None = None) -> dict[str, float]:
    """Forced sales by type of institution, in the order of the table [USD bn]."""
    _need(days, "day")
    first = 0 if from_day is None else int(np.searchsorted(_column(days, "day"), from_day))
    return {
        column.removeprefix("forced_").removesuffix("_usd_bn"): float(
            _column(days, column)[first:].sum()
        )
        for column in _names(days)
        if column.startswith("forced_") and column.endswith("_usd_bn")
    }


def forced_shares(days: Table) -> dict[str, float]:
    """Share of each type in all forced sales; NaN where nothing was forced."""
    amounts = forced_by_type(days)
    total = sum(amounts.values())
    return {kind: a / total if total > 0.0 else float("nan") for kind, a in amounts.items()}


def calls_by_generation(events: Table) -> dict[int, int]:
    """Number of margin calls in each generation of the cascade, counted by (day, round)."""
    _need(events, "kind", "generation")
    is_call = _column(events, "kind") == "margin_call"
    generations, numbers = np.unique(_column(events, "generation")[is_call], return_counts=True)
    return dict(zip(generations.tolist(), numbers.tolist(), strict=True))


def branching_ratio(events: Table) -> float:
    """Margin calls that one margin call brings about [1].

        R = sum_g n_{g+1} / sum_g n_g,   g = 0, 1, ..., last

    pooled over all cascades of the run. The last generation has no children and counts, so R of a
    cascade that died out is below 1: the share of calls that other calls caused. NaN without calls.
    """
    n_calls = calls_by_generation(events)
    total = sum(n_calls.values())
    return sum(n for g, n in n_calls.items() if g > 0) / total if total else float("nan")


def funding_currency(days: Table) -> str:
    """Name of the funding currency: the instrument whose quote the table of days lists first."""
    for column in _names(days):
        if column.startswith("log_"):
            return str(column.removeprefix("log_"))
    raise InvalidInput("days: no column log_<instrument>")


def usd_returns(days: Table) -> FloatArray:
    """Daily log returns of the dollar in the funding currency (USDJPY): -diff x, (n_days - 1,)."""
    column = f"log_{funding_currency(days)}"
    return -np.diff(_column(days, column).astype(np.float64))


def tail_measures(days: Table) -> dict[str, float]:
    """Drawdown, VaR, ES, skewness, excess kurtosis and Hill index of USDJPY's daily returns.

    Keys carry the pair: usdjpy_max_drawdown and so on. NaN where the series is too short for the
    number to mean anything: 20 returns, for Hill 50 losses.
    """
    x = usd_returns(days)
    pair = f"usd{funding_currency(days).lower()}"
    nan = float("nan")
    enough = x.size >= _N_RETURNS_LEAST
    enough_losses = np.count_nonzero(x < 0.0) >= _N_LOSSES_LEAST
    return {
        f"{pair}_max_drawdown": tails.max_drawdown(x) if x.size else nan,
        f"{pair}_var_95": tails.value_at_risk(x, 0.95) if enough else nan,
        f"{pair}_es_95": tails.expected_shortfall(x, 0.95) if enough else nan,
        f"{pair}_skewness": tails.skewness(x) if enough else nan,
        f"{pair}_excess_kurtosis": tails.excess_kurtosis(x) if enough else nan,
        f"{pair}_hill_left": tails.hill(x).tail_index if enough_losses else nan,
    }


def run_measures(run: RunTables) -> dict[str, float | int | str]:
    """Every number of one run that needs no twin, as plain scalars."""
    days, events, institutions = run.days, run.events, run.institutions
    _need(days, "day", "status", "rounds", "conservation_error", "n_margin_calls", "feedback_gain")
    _need(institutions, "kind", "n_failures")
    failed = _column(institutions, "n_failures") > 0
    is_bank = _column(institutions, "kind") == "bank"
    gain = _column(days, "feedback_gain").astype(np.float64)
    return {
        "n_days": len(_column(days, "day")),
        "forced_sales_usd_bn": forced_volume(days),
        **{f"forced_{kind}_usd_bn": amount for kind, amount in forced_by_type(days).items()},
        "n_margin_calls": int(_column(days, "n_margin_calls").sum()),
        "n_failed": int(np.count_nonzero(failed & ~is_bank)),
        "n_banks_failed": int(np.count_nonzero(failed & is_bank)),
        "n_days_failed_to_clear": int((_column(days, "status") == STATUS_FAILED).sum()),
        "n_days_at_limit": int((_column(days, "n_at_limit") > 0).sum()),
        "n_rounds_max": int(_column(days, "rounds").max()),
        "max_conservation_error": float(_column(days, "conservation_error").max()),
        "max_feedback_gain": float(np.nanmax(gain)) if np.isfinite(gain).any() else float("nan"),
        "branching_ratio": branching_ratio(events),
        **tail_measures(days),
    }


def cascade_measures(
    run: RunTables,
    no_shock: RunTables,
    frozen: RunTables,
    frozen_no_shock: RunTables,
    shock_day: int,
) -> dict[str, float | int | str]:
    """Every published number of a run beside its three twins, as plain scalars."""
    a, b, c, d = run.days, no_shock.days, frozen.days, frozen_no_shock.days
    _same_days(a, b, "no-shock")
    _same_days(a, c, "frozen")
    _same_days(a, d, "frozen no-shock")
    u5, u30, u60 = (unwound_share(a, b, shock_day, h) for h in HORIZONS_DAYS)
    return {
        "class": classify(u5, u30, u60),
        "peak_yen_appreciation": peak_appreciation(a, b, shock_day),
        "frozen_yen_appreciation": frozen_appreciation(c, d, shock_day),
        "price_amplification": price_amplification(a, b, c, d, shock_day),
        "loss_amplification": loss_amplification(a, b, c, d, shock_day),
        "unwound_5d": u5,
        "unwound_30d": u30,
        "unwound_60d": u60,
        "forced_sales_net_usd_bn": forced_volume_net(a, b, shock_day),
        **run_measures(run),
    }


def _before_shock(days: Table, no_shock_days: Table, column: str, shock_day: int) -> float:
    """The close before the shock; on the table's first day the no-shock twin's own close."""
    _need(days, "day", column)
    if shock_day > int(_column(days, "day")[0]):
        return _on_day(days, column, shock_day - 1)
    return _on_day(no_shock_days, column, shock_day)


def _on_day(days: Table, column: str, day: int) -> float:
    _need(days, "day", column)
    values = _column(days, column)[_column(days, "day") == day]
    return float(values[0]) if values.size else float("nan")


def _after_shock(days: Table, column: str, shock_day: int, window_days: int) -> FloatArray:
    _need(days, "day", column)
    day = _column(days, "day")
    inside = (day >= shock_day) & (day <= shock_day + window_days)
    values = _column(days, column)[inside].astype(np.float64)
    if not values.size:
        raise InvalidInput(
            f"shock_day = {shock_day}, must be a day of the run: {day[0]} to {day[-1]}"
        )
    return values


def _same_days(days: Table, twin: Table, name: str) -> None:
    day, of_twin = _column(days, "day"), _column(twin, "day")
    if not np.array_equal(day, of_twin):
        raise InvalidInput(f"{name} twin: {len(of_twin)} days, must be the {len(day)} of the run")


def _names(table: Table) -> list[str]:
    return [str(name) for name in table]


def _column(table: Table, name: str) -> NDArray[Any]:
    return np.asarray(table[name])


def _need(table: Table, *columns: str) -> None:
    missing = [c for c in columns if c not in table]
    if missing:
        raise InvalidInput(f"table: column {', '.join(missing)} is missing")
