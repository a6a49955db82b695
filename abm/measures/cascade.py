"""Effects of a shock: one function per published number, from a run and its counterfactuals.

Counterfactual runs share the run's seed. No-shock: scripted news and policy from the shock day on
removed. Frozen, the no-trade counterfactual: same script, but from the shock day on no institution
except value investors and dealers sends an order. Frozen no-shock: both. A run is measured against
the one that lacks the shock and nothing else: the run against the no-shock run, the frozen run
against the frozen no-shock run.
Tables are those of `RunResult` (schemas in ODD.md), as pandas tables or, where thousands of runs
are measured, as plain columns by name; `shock_day` is a value of their column `day`.
A number whose days lie beyond the run is NaN, never a guess; a table without a column that is
needed, or counterfactuals of unlike length, are InvalidInput.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

import numpy as np

from abm.errors import InvalidInput
from abm.measures import tails
from abm.measures.before import broke_before, eve
from abm.measures.classes import BREAK_DAYS, LEAST_SHORT_UNITS
from abm.measures.classes import DAM_BREAK_SHARE as DAM_BREAK_SHARE  # named here for others too
from abm.measures.classes import LEAK_SHARE as LEAK_SHARE
from abm.measures.classes import classify as classify
from abm.measures.table import after_shock, names_of, need, on_day, values_of, within
from abm.numbers import sum_in_turn
from abm.words import counted

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from abm.contagion.networks import FloatArray
    from abm.measures.table import Table

HORIZONS_DAYS = (BREAK_DAYS, 30, 60)
"""Days after the shock at which the closed share is published."""

PEAK_WINDOW_DAYS = 60
"""Days after the shock in which a peak is looked for."""

AMPLIFICATION_WINDOW_DAYS = 20
"""Days after the shock in which peaks are compared with those of frozen positions: later, ordinary
trading that the shock has put in another order moves a run further from the no-shock run than a
small shock did."""

NOISE_SHARE = 0.5
"""Standard deviations of a day's change that a frozen move must exceed to be compared with: less
than that happens on a typical day without any shock (the median of a normal is .67)."""

LEAST_UNWIND = 0.01
"""Share of the opening yen short that must be closed for its forced part to have a share."""

SMALLEST_MOVE_LOG = 1e-6
"""A frozen move of the yen below this is arithmetic, and has no sign."""

FAILED_TO_CLEAR = ("failed", 2)
"""`status` of a day that found no price: in the table of days, and in plain columns of it."""

# Below this share of wealth a loss is arithmetic noise, and a ratio to it says nothing.
_NO_LOSS = 1e-9
_N_RETURNS_LEAST = 20
_N_LOSSES_LEAST = 50
_N_CHANGES_LEAST = 5


class RunTables(Protocol):
    """The tables that the measures read of a run: three of those of `RunResult`."""

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
    """Share of the opening yen short closed because of the shock, `horizon` days after it.  (M59)

        U_h = (S'(d + h) - S(d + h)) / S(d - 1)

    S: `yen_short_units` at the close, S' that of the no-shock run [units], d the shock day.
    S(d + h) is the row `day` = d + h: the close of the h-th trading day after d, whose own close
    is h = 0. The shock is heard on d, but estimates of risk learn of it only at d's close, so U5
    gives those who act on them five days, d + 1 to d + 5. S(d - 1) is the last close before the
    shock, where the two runs are one; if d is the table's first day, S'(d) stands for it.
    NaN if the run ends before d + h, or without a net short: S(d - 1) below one unit.
    """
    opening = _before_shock(days, no_shock_days, "yen_short_units", shock_day)
    run = on_day(days, "yen_short_units", shock_day + horizon)
    without = on_day(no_shock_days, "yen_short_units", shock_day + horizon)
    return (without - run) / opening if opening >= LEAST_SHORT_UNITS else float("nan")


def peak_appreciation(
    days: Table,
    no_shock_days: Table,
    shock_day: int,
    window_days: int = PEAK_WINDOW_DAYS,
    funding: str | None = None,
) -> float:
    """Largest rise of the funding currency over the no-shock run [log, at least 0].

        max_{d <= t <= d + window} (x(t) - x'(t))^+

    x is the run's quote, x' the no-shock run's; before d they are the same, so nothing is re-based.
    `funding` names the instrument; by default the first of the table.
    """
    name = f"log_{funding or funding_currency(days)}"
    gap = after_shock(days, name, shock_day, window_days) - after_shock(
        no_shock_days, name, shock_day, window_days
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

    x'' is the frozen run's quote, x''' the frozen no-shock run's. Net of x''' and not of the
    no-shock run: sixty days of ordinary trading there would count as an effect of the shock.
    Nor of its news: a price away from its fundamental on d returns to it without any shock.
    """
    return peak_appreciation(frozen_days, frozen_no_shock_days, shock_day, window_days, funding)


def peak_depreciation(
    days: Table,
    no_shock_days: Table,
    shock_day: int,
    window_days: int = PEAK_WINDOW_DAYS,
    funding: str | None = None,
) -> float:
    """Largest fall of the funding currency below the no-shock run [log, at least 0].

    max_{d <= t <= d + window} (x'(t) - x(t))^+, as `peak_appreciation` with the runs exchanged.
    """
    return peak_appreciation(no_shock_days, days, shock_day, window_days, funding)


def lowers_yen(frozen_days: Table, frozen_no_shock_days: Table, shock_day: int) -> bool:
    """True if the shock itself lowered the yen: x''(d) < x'''(d).                        (M61)

    Read off the frozen runs at the close of the shock day: what the news did to the price before
    any trade and before any later news. A move below `SMALLEST_MOVE_LOG` is none.
    """
    name = f"log_{funding_currency(frozen_days)}"
    gap = on_day(frozen_days, name, shock_day) - on_day(frozen_no_shock_days, name, shock_day)
    return gap < -SMALLEST_MOVE_LOG


class Amplification(NamedTuple):
    """A peak over that of frozen positions [1], or why there is none."""

    value: float
    """The ratio; NaN where there is a reason for none."""
    reason: str = ""
    """The reason for its absence, in a few words; empty where there is one."""


NO_FROZEN_MOVE = "no frozen move"
WITHIN_NOISE = "frozen move within noise"
TOO_SHORT = "run too short"


def amplification(peak: float, frozen: float, frozen_changes: FloatArray) -> Amplification:
    """The ratio of two peaks, where the second exceeds its noise.                        (M64)

        A = peak / frozen            if frozen > .5 sd(frozen_changes)

    `frozen_changes` are daily changes of the same quantity in the frozen no-shock run, over the
    days in which the peaks are looked for: what happens to it without shock and without trading.
    """
    if not frozen > _NO_LOSS:
        return Amplification(float("nan"), NO_FROZEN_MOVE)
    if len(frozen_changes) < _N_CHANGES_LEAST:
        return Amplification(float("nan"), TOO_SHORT)
    if not frozen > NOISE_SHARE * float(np.std(frozen_changes)):
        return Amplification(float("nan"), WITHIN_NOISE)
    return Amplification(max(0.0, peak) / frozen)


def price_amplification(
    days: Table,
    no_shock_days: Table,
    frozen_days: Table,
    frozen_no_shock_days: Table,
    shock_day: int,
    window_days: int = AMPLIFICATION_WINDOW_DAYS,
) -> float:
    """Peak yen move over the same with positions frozen at the shock, both within twenty days [1].

    NaN where the frozen yen does not rise, where it rises by no more than the noise of its daily
    news (`amplification`), and where the run ends within five days of the shock:
    `price_amplification_reason` says which.
    """
    peak = peak_appreciation(days, no_shock_days, shock_day, window_days)
    return _price(peak, frozen_days, frozen_no_shock_days, shock_day, window_days).value


def price_amplification_reason(
    frozen_days: Table,
    frozen_no_shock_days: Table,
    shock_day: int,
    window_days: int = AMPLIFICATION_WINDOW_DAYS,
) -> str:
    """The reason for a missing price amplification: "no frozen move", "frozen move within noise" or
    "run too short"; empty where there is one."""
    return _price(0.0, frozen_days, frozen_no_shock_days, shock_day, window_days).reason


def _price(
    peak: float, frozen_days: Table, frozen_no_shock_days: Table, shock_day: int, window_days: int
) -> Amplification:
    frozen = frozen_appreciation(frozen_days, frozen_no_shock_days, shock_day, window_days)
    name = f"log_{funding_currency(frozen_no_shock_days)}"
    calm = after_shock(frozen_no_shock_days, name, shock_day, window_days)
    return amplification(peak, frozen, np.diff(calm))


def loss_amplification(
    days: Table,
    no_shock_days: Table,
    frozen_days: Table,
    frozen_no_shock_days: Table,
    shock_day: int,
    window_days: int = AMPLIFICATION_WINDOW_DAYS,
) -> float:
    """Largest loss of the hedge funds over the same with positions frozen [1].

        L = max_{d <= t <= d + window} (W'(t) - W(t)),   L'' = max (W'''(t) - W''(t)),   L / L''

    W: wealth of the hedge funds [USD bn], with as many primes as the price in
    `frozen_appreciation`. The frozen loss is net of the frozen no-shock run for the same reason:
    what funds earn by trading is no loss of those who did not trade.
    NaN at leverage 1 before the shock, and where the frozen run loses no more than the noise of
    its daily gains and losses (`amplification`). Falls for huge shocks, since funds that are out
    stop losing: not a measure to classify by.
    """
    wealth = "fund_wealth_usd_bn"
    leverage = _before_shock(days, no_shock_days, "leverage", shock_day)
    opening = _before_shock(days, no_shock_days, wealth, shock_day)
    after = partial(after_shock, name=wealth, shock_day=shock_day, window_days=window_days)
    calm = after(frozen_no_shock_days)
    loss = (after(no_shock_days) - after(days)).max()
    frozen = (calm - after(frozen_days)).max()
    if not leverage > 1.0 + _NO_LOSS or not frozen > _NO_LOSS * abs(opening):
        return float("nan")
    return amplification(float(loss), float(frozen), np.diff(calm)).value


def forced_volume(days: Table, from_day: int | None = None, before_day: int | None = None) -> float:
    """Forced sales of all types, of the whole table or of `forced_by_type`'s days [USD bn]."""
    return sum_in_turn(forced_by_type(days, from_day, before_day).values())


def forced_volume_net(days: Table, no_shock_days: Table, shock_day: int) -> float:
    """Forced sales from the shock day on, less those of the no-shock run [USD bn]."""
    return forced_volume(days, shock_day) - forced_volume(no_shock_days, shock_day)


def forced_by_type(
    days: Table, from_day: int | None = None, before_day: int | None = None
) -> dict[str, float]:
    """Forced sales by type of institution, in the order of the table [USD bn].

    Of all days, or of those from `from_day` on and before `before_day`.
    """
    need(days, "day")
    day = values_of(days, "day")
    first = 0 if from_day is None else int(np.searchsorted(day, from_day))
    last = len(day) if before_day is None else int(np.searchsorted(day, before_day))
    columns = {
        name.removeprefix("forced_").removesuffix("_usd_bn"): values_of(days, name)[first:last]
        for name in names_of(days)
        if name.startswith("forced_") and name.endswith("_usd_bn")
    }
    if not columns:
        return {}
    totals = np.array(list(columns.values())).sum(axis=1)  # one call: a sweep makes thousands
    return dict(zip(columns, totals.tolist(), strict=True))


def forced_share_of_unwind(days: Table, no_shock_days: Table, shock_day: int) -> float:
    """Share of the yen short closed because of the shock within five days that was forced.  (M63)

        (sum_{d <= t <= d + 5} F(t) - F'(t)) / (S'(d + 5) - S(d + 5)), at least 0 and at most 1

    F: units of the yen short that orders after margin calls, close-outs, stop-outs and recalls
    closed on the day (M58), F' those of the no-shock run. The rest was closed by the rules of the
    institutions themselves: targets of leverage and volatility, value at risk, stops, trends. At
    most 1, where others opened some of what forced orders closed; at least 0, where fewer were
    forced than without the shock. NaN unless more than a hundredth of the opening yen short was
    closed: two small differences have no ratio.
    """
    closed = "yen_short_closed_by_force_units"
    last = shock_day + BREAK_DAYS
    if not unwound_share(days, no_shock_days, shock_day, BREAK_DAYS) > LEAST_UNWIND:
        return float("nan")
    forced = [within(table, closed, shock_day, last).sum() for table in (days, no_shock_days)]
    short = [on_day(table, "yen_short_units", last) for table in (days, no_shock_days)]
    return float(np.clip((forced[0] - forced[1]) / (short[1] - short[0]), 0.0, 1.0))


def calls_by_generation(events: Table) -> dict[int, int]:
    """Number of margin calls in each generation of the cascade, counted by (day, round)."""
    need(events, "kind", "generation")
    is_call = values_of(events, "kind") == "margin_call"
    generations, numbers = np.unique(values_of(events, "generation")[is_call], return_counts=True)
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
    for name in names_of(days):
        if name.startswith("log_"):
            return name.removeprefix("log_")
    raise InvalidInput("days: no column log_<instrument>")


def largest_yen_rise(days: Table) -> float:
    """Largest rise of the funding currency since the opening [log, at least 0]."""
    return max(0.0, float(values_of(days, f"log_{funding_currency(days)}").max()))


def usd_returns(days: Table) -> FloatArray:
    """Daily log returns of the dollar in the funding currency (USDJPY): -diff x, (n_days - 1,)."""
    name = f"log_{funding_currency(days)}"
    return -np.diff(values_of(days, name).astype(np.float64))


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
    """Every number of one run that needs no counterfactual run, as plain scalars."""
    return {
        **day_measures(run),
        "branching_ratio": branching_ratio(run.events),
        **tail_measures(run.days),
    }


def day_measures(run: RunTables) -> dict[str, float | int | str]:
    """The same without those of events or tails of returns, which cost more than all others."""
    days = run.days
    need(days, "day", "status", "rounds", "conservation_error", "n_margin_calls", "feedback_gain")
    n_failed, n_banks_failed = _n_failed(run)
    forced = forced_by_type(days)
    gain = values_of(days, "feedback_gain").astype(np.float64)
    gain = gain[~np.isnan(gain)]
    return {
        "n_days": len(values_of(days, "day")),
        "forced_sales_usd_bn": sum_in_turn(forced.values()),
        **{f"forced_{kind}_usd_bn": amount for kind, amount in forced.items()},
        "n_margin_calls": int(values_of(days, "n_margin_calls").sum()),
        "n_failed": n_failed,
        "n_banks_failed": n_banks_failed,
        "n_days_failed_to_clear": int(failed_to_clear(days).sum()),
        "n_days_at_limit": int((values_of(days, "n_at_limit") > 0).sum()),
        "n_rounds_max": int(values_of(days, "rounds").max()),
        "max_conservation_error": float(values_of(days, "conservation_error").max()),
        "max_feedback_gain": float(gain.max()) if np.isfinite(gain).any() else float("nan"),
    }


def failed_to_clear(days: Table) -> NDArray[np.bool_]:
    """Days that found no price."""
    status = values_of(days, "status")
    word, number = FAILED_TO_CLEAR
    return np.asarray(status == (number if status.dtype.kind in "iuf" else word))


def before_measures(
    run: RunTables, shock_day: int, burn_in: Table | None = None
) -> dict[str, float | int | str]:
    """Every number of the time before the shock, as plain scalars.

    Without `burn_in` its two counts are 0, and the eve of a shock on the first day is NaN.
    """
    days, rows = run.days, run.institutions
    need(rows, "kind", "first_failure_day")
    first_failure = values_of(rows, "first_failure_day")
    has_failed = (first_failure >= 0) & (first_failure < shock_day)
    is_bank = values_of(rows, "kind") == "bank"
    counts = {
        f"{name}_burn_in": 0 if burn_in is None else int(values_of(burn_in, name).sum())
        for name in ("n_margin_calls", "n_failures")
    }
    return {
        **eve(days, shock_day, burn_in),
        **counts,
        "forced_sales_before_usd_bn": forced_volume(days, before_day=shock_day),
        "n_margin_calls_before": int(within(days, "n_margin_calls", 0, shock_day - 1).sum()),
        "n_failed_before": int(np.count_nonzero(has_failed & ~is_bank)),
    }


def net_measures(
    run: RunTables, no_shock: RunTables, shock_day: int
) -> dict[str, float | int | str]:
    """Forced sales, calls and failures because of the shock: the run less the no-shock run.

    Counts of failures are of institutions that failed at least once; before the shock day run and
    no-shock run are one, so the difference is from that day on.
    """
    a, b = run.days, no_shock.days
    calls = [int(values_of(days, "n_margin_calls").sum()) for days in (a, b)]
    failed, banks_failed = zip(*(_n_failed(each) for each in (run, no_shock)), strict=True)
    return {
        "forced_sales_net_usd_bn": forced_volume_net(a, b, shock_day),
        "n_margin_calls_net": calls[0] - calls[1],
        "n_failed_net": failed[0] - failed[1],
        "n_banks_failed_net": banks_failed[0] - banks_failed[1],
        "forced_share_of_unwind": forced_share_of_unwind(a, b, shock_day),
    }


def cascade_measures(
    run: RunTables,
    no_shock: RunTables,
    frozen: RunTables,
    frozen_no_shock: RunTables,
    shock_day: int,
    burn_in: Table | None = None,
) -> dict[str, float | int | str]:
    """Every published number of a run beside its three counterfactuals, as plain scalars.

    `burn_in` has the run's days before its first, numbered -1 and less; without it a dam that
    broke then is not seen.
    """
    a, b, c, d = run.days, no_shock.days, frozen.days, frozen_no_shock.days
    _same_days(a, b, "no-shock")
    _same_days(a, c, "frozen")
    _same_days(a, d, "frozen no-shock")
    u5, u30, u60 = (unwound_share(a, b, shock_day, h) for h in HORIZONS_DAYS)
    name = classify(
        u5, u30, u60, lowers_yen=lowers_yen(c, d, shock_day),
        broke_before=broke_before(a, shock_day, burn_in),
    )  # fmt: skip
    return {
        "class": name,
        "peak_yen_appreciation": peak_appreciation(a, b, shock_day),
        "peak_yen_depreciation": peak_depreciation(a, b, shock_day),
        "frozen_yen_appreciation": frozen_appreciation(c, d, shock_day),
        "price_amplification": price_amplification(a, b, c, d, shock_day),
        "price_amplification_reason": price_amplification_reason(c, d, shock_day),
        "loss_amplification": loss_amplification(a, b, c, d, shock_day),
        "unwound_5d": u5,
        "unwound_30d": u30,
        "unwound_60d": u60,
        **net_measures(run, no_shock, shock_day),
        **run_measures(run),
        **before_measures(run, shock_day, burn_in),
    }


SHOCK_MEASURES = (
    "class",
    "peak_yen_appreciation",
    "peak_yen_depreciation",
    "frozen_yen_appreciation",
    "price_amplification",
    "price_amplification_reason",
    "loss_amplification",
    "unwound_5d",
    "unwound_30d",
    "unwound_60d",
    "forced_sales_net_usd_bn",
    "n_margin_calls_net",
    "n_failed_net",
    "n_banks_failed_net",
    "forced_share_of_unwind",
)
"""Numbers of a cascade that say what the shock did: those that need a counterfactual run."""


def by_origin(measures: Mapping[str, float | int | str]) -> dict[str, dict[str, Any]]:
    """Numbers in two groups: `run`, what happened in it, and `shock`, what the shock did."""
    groups: dict[str, dict[str, Any]] = {"run": {}, "shock": {}}
    for name, value in measures.items():
        groups["shock" if name in SHOCK_MEASURES else "run"][name] = value
    return groups


def _n_failed(run: RunTables) -> tuple[int, int]:
    """Institutions and banks that failed at least once."""
    need(run.institutions, "kind", "n_failures")
    failed = values_of(run.institutions, "n_failures") > 0
    is_bank = values_of(run.institutions, "kind") == "bank"
    return int(np.count_nonzero(failed & ~is_bank)), int(np.count_nonzero(failed & is_bank))


def _before_shock(days: Table, no_shock_days: Table, name: str, shock_day: int) -> float:
    """The close before the shock; on the table's first day the no-shock run's own close."""
    need(days, "day", name)
    if shock_day > int(values_of(days, "day")[0]):
        return on_day(days, name, shock_day - 1)
    return on_day(no_shock_days, name, shock_day)


def _same_days(days: Table, other: Table, name: str) -> None:
    day, of_other = values_of(days, "day"), values_of(other, "day")
    if not np.array_equal(day, of_other):
        given = counted(len(of_other), "day")
        raise InvalidInput(f"{name} run: {given}, must be the {len(day)} of the run")
