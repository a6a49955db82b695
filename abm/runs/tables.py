"""The kernels' record as tables: one row per day, one per institution."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from abm.kernels.contracts.balances import leverage_ratio
from abm.kernels.events import BANK_FAILURE, FIRST_BANK
from abm.kernels.record import DAY_COLUMNS, unlevered_share
from abm.kernels.state import HEDGE_FUND, KIND_NAMES, NO_CALL, TRADER
from abm.population.advance import InitialState
from abm.population.exposures import bank_assets, bank_names_of, kinds_of, leverage_of
from abm.population.soundness import as_numbers
from abm.runs.columns import table_of_result, typed

if TYPE_CHECKING:
    import pandas as pd

    from abm.population.world import World
    from abm.scenario import Scenario

Array = np.ndarray

# Kinds whose forced sales have a column, and the column's name for them.
FORCED_TYPES = {
    "hedge_fund": "hedge_fund",
    "risk_parity": "risk_parity",
    "volatility_target": "volatility_target",
    "trend": "trend",
    "retail_fx": "retail_fx",
    "retail_equity": "retail_equity",
    "bank": "bank_desk",
}
# Columns of runs in which the basis moves; of each currency with a basis of its own one more.
BASIS_COLUMNS = ("basis_bp", "swap_line_usd_bn")
OWN_BASIS = "basis_{}_bp"
# Depth by market: of sweeps that ask for it, not of the table.
DEPTH = "depth_{}_usd_bn"
ACCOUNT_COLUMNS = ("account_usd", "account_position_usd", "account_is_called")
# Columns of runs with a repo lender.
REPO_COLUMNS = ("repo_usd_bn", "repo_haircut", "repo_called_usd_bn")
_SOLVED = ("status", "rounds", "iterations", "residual", "feedback_gain", "n_at_limit")
_STANDING = ("yen_short_units", "leverage", "margin_rate", "fund_wealth_usd_bn")
_WHOLE = ("status", "rounds", "iterations", "n_at_limit")
_BURN_IN = (
    "yen_short_units", "leverage", "fund_wealth_usd_bn", "share_unlevered", "n_margin_calls",
    "n_failures",
)  # fmt: skip
_COUNTS = ("n_margin_calls", "n_failures", "n_loss_cuts", "n_bank_failures")


def days_table(
    world: World, opening: InitialState, scenario: Scenario, n_days: int
) -> pd.DataFrame:
    """One row per trading day from day 0, n_days of them; columns: `columns.toml`."""
    import pandas as pd

    return table_of_result("days", pd.DataFrame(day_columns(world, opening, scenario, n_days)))


def day_columns(
    world: World, opening: InitialState, scenario: Scenario, n_days: int
) -> dict[str, Array]:
    """The columns of `days_table` before they are typed: dates as text, status as a number."""
    burn = world.burn_in
    written = as_numbers(world.record.days[burn : burn + n_days])
    by_name = dict(zip(DAY_COLUMNS, written.T.copy(), strict=True))
    dates = dates_of(scenario, n_days)
    columns: dict[str, Any] = {"day": np.arange(n_days), "date": text_column(dates)}
    for name in _SOLVED:
        columns[name] = by_name[name]
    columns["feedback_gain"] = asked_gains(by_name["feedback_gain"], burn, world.options.gain_every)
    columns |= price_columns(world, opening, scenario, n_days)
    for name in _STANDING:
        columns[name] = by_name[name]
    sold = world.record.forced_usd_bn[burn : burn + n_days].T.copy()
    for name, kind in forced_types(world).items():
        columns[f"forced_{name}_usd_bn"] = sold[KIND_NAMES.index(kind)]
    first = world.rules.mandates.first_row
    absent: tuple[str, ...] = () if len(world.market.swapped) else BASIS_COLUMNS
    absent += () if first[TRADER] < first[TRADER + 1] else ACCOUNT_COLUMNS
    absent += () if len(world.market.repo_bond) else REPO_COLUMNS
    for name in DAY_COLUMNS[DAY_COLUMNS.index("n_margin_calls") :]:
        if name not in absent:
            columns[name] = by_name[name]
    for s, c in enumerate(world.market.swapped[1:]):
        own = world.record.other_basis_bp[burn : burn + n_days, s]
        columns[OWN_BASIS.format(world.instruments[c])] = own.copy()
    for name in (*_WHOLE, *_COUNTS):
        columns[name] = columns[name].astype(np.int8 if name == "status" else np.int64)
    return columns


def depth_columns(world: World, scenario: Scenario, n_days: int) -> dict[str, Array]:
    """Depth that each market opens with (M37) [USD bn per log]."""
    depth = world.record.depth_usd_bn[world.burn_in : world.burn_in + n_days].T.copy()
    names = map(DEPTH.format, scenario.instrument_names)
    return dict(zip(names, depth, strict=True))


def burn_in_table(world: World, opening: InitialState) -> pd.DataFrame:
    """`burn_in_columns` as a table."""
    import pandas as pd

    return pd.DataFrame(burn_in_columns(world, opening))


def burn_in_columns(world: World, opening: InitialState) -> dict[str, Array]:
    """The columns that the measures read of the days before day 0, `day` -1 the last of them.

    Without a burn-in one row, the opening itself.
    """
    burn = world.burn_in
    if burn == 0:
        return _opening_columns(world, opening)
    by_name = {name: world.record.days[name][:burn] for name in _BURN_IN}
    columns = {"day": np.arange(-burn, 0)} | {name: by_name[name] for name in _BURN_IN}
    for name in ("n_margin_calls", "n_failures"):
        columns[name] = columns[name].astype(np.int64)
    return {name: np.array(column) for name, column in columns.items()}


def _opening_columns(world: World, opening: InitialState) -> dict[str, Array]:
    """The same of books before any trade."""
    first = world.rules.mandates.first_row
    funds = slice(first[HEDGE_FUND], first[HEDGE_FUND + 1])
    wealth, leverage = opening.wealth[funds], opening.leverage[funds]
    borrowing, total = (leverage - 1.0) * wealth, wealth.sum()
    levered = leverage_ratio(total, borrowing.sum()) if total > 0.0 else np.nan
    unlevered = unlevered_share(wealth, borrowing, np.zeros(len(wealth), np.int64))
    values = (-1, opening.yen_short[0], levered, total, unlevered, 0, 0)
    return {name: np.array([value]) for name, value in zip(("day", *_BURN_IN), values, strict=True)}


def forced_types(world: World) -> dict[str, str]:
    """Types with a column of forced sales; kinds beyond these where any can be forced to sell."""
    mandates = world.rules.mandates
    callable_kinds = np.flatnonzero(np.bincount(mandates.kind[mandates.call_rule != NO_CALL]))
    others = [KIND_NAMES[kind] for kind in callable_kinds]
    return FORCED_TYPES | {kind: kind for kind in others if kind not in FORCED_TYPES.values()}


def price_columns(
    world: World, opening: InitialState, scenario: Scenario, n_days: int
) -> dict[str, Array]:
    """Log quotes and fundamentals, both against the quote at the close before day 0."""
    burn = world.burn_in
    columns = {}
    for prefix, source in (("log", "log_prices"), ("fundamental", "fundamentals")):
        levels = getattr(world.record, source)[burn : burn + n_days] - opening.log_prices
        for name, level in zip(scenario.instrument_names, levels.T.copy(), strict=True):
            columns[f"{prefix}_{name}"] = level
    return columns


def asked_gains(gain: Array, burn_in: int, every: int) -> Array:
    """Feedback gains of the days on which they were computed; NaN on the others."""
    asked = np.full(len(gain), np.nan)
    if every > 0:
        days = slice(-burn_in % every, None, every)
        asked[days] = gain[days]
    return asked


def dates_of(scenario: Scenario, n_days: int) -> list[str]:
    """ISO date of every day; empty where the scenario has none."""
    dates = [day.isoformat() for day in scenario.calendar.dates()[:n_days]]
    return dates or [""] * n_days


def text_column(words: list[str]) -> Array:
    """Words as a column."""
    return np.array(words, dtype=object)


def institutions_table(world: World, opening: InitialState) -> pd.DataFrame:
    """One row per institution, then one per bank, from the close before day 0 to the last."""
    import pandas as pd

    books, record = world.books, world.record
    columns = {
        "name": text_column(world.names),
        "kind": text_column(kinds_of(world.rules.mandates)),
        "style": text_column(world.styles),
        "opening_wealth_usd_bn": opening.wealth,
        "closing_wealth_usd_bn": books.wealth,
        "opening_leverage": opening.leverage,
        "closing_leverage": leverage_of(books.wealth, books.borrowing),
        "peak_leverage": record.peak_leverage,
        "worst_wealth_usd_bn": record.worst_wealth,
        "n_margin_calls": record.n_calls,
        "forced_sales_usd_bn": record.forced_sales,
        "n_failures": record.n_failures,
        "first_failure_day": first_failures(world),
    }
    banks = bank_columns(world, opening)
    whole = {name: np.concatenate([column, banks[name]]) for name, column in columns.items()}
    return typed("institutions", pd.DataFrame(whole))


def edges_table(world: World, opening: InitialState) -> pd.DataFrame:
    """One row per institution and broker, before day 0; a bank's desk borrows from its bank."""
    import pandas as pd

    owner, start = world.rules.mandates.owner, world.graph.broker_start
    desks = np.flatnonzero(owner >= 0)
    borrower = np.concatenate([np.repeat(np.arange(len(owner)), np.diff(start)), desks])
    broker = np.concatenate([opening.broker, owner[desks]])
    share = np.concatenate([opening.broker_share, np.ones(len(desks))])
    order = np.argsort(borrower, kind="stable")
    return pd.DataFrame(
        {
            "institution": text_column(world.names)[borrower[order]],
            "broker": text_column(bank_names_of(world.graph))[broker[order]],
            "share": share[order],
        }
    )


def failure_columns(world: World, opening: InitialState) -> dict[str, Array]:
    """The columns of `institutions_table` that the measures of a run read."""
    failed = (world.graph.failed > 0) & ~opening.bank_failed
    kinds = text_column([*KIND_NAMES, "bank"])
    banks = np.full(len(failed), len(KIND_NAMES))
    return {
        "kind": kinds[np.concatenate([world.rules.mandates.kind, banks])],
        "n_failures": np.concatenate([world.record.n_failures, failed.astype(np.int64)]),
        "first_failure_day": np.concatenate([first_failures(world), first_bank_failures(world)]),
    }


def first_failures(world: World) -> Array:
    """Day each institution first failed, -1 for never."""
    day = world.record.first_failure_day
    return np.where(day >= 0, day - world.burn_in, -1)


def bank_columns(world: World, opening: InitialState) -> dict[str, Array]:
    """The same columns of the banks, wealth being equity; NaN for what is not kept of them."""
    graph = world.graph
    names = bank_names_of(graph)
    n = len(names)
    assets = bank_assets(graph)
    with np.errstate(divide="ignore", invalid="ignore"):
        before = opening.bank_assets / opening.bank_equity
        opened = np.where(opening.bank_equity > 0.0, before, np.inf)
        closed = np.where(graph.equity > 0.0, assets / graph.equity, np.inf)
    styles = ["core" if core else "periphery" for core in graph.is_core]
    return {
        "name": text_column(names),
        "kind": text_column(["bank"] * n),
        "style": text_column(styles),
        "opening_wealth_usd_bn": opening.bank_equity,
        "closing_wealth_usd_bn": graph.equity,
        "opening_leverage": opened,
        "closing_leverage": closed,
        "peak_leverage": np.full(n, np.nan),
        "worst_wealth_usd_bn": np.full(n, np.nan),
        "n_margin_calls": np.zeros(n, np.int64),
        "forced_sales_usd_bn": np.zeros(n),
        "n_failures": ((graph.failed > 0) & ~opening.bank_failed).astype(np.int64),
        "first_failure_day": first_bank_failures(world),
    }


def first_bank_failures(world: World) -> Array:
    """Day each bank failed, -1 for never."""
    days = np.full(len(world.graph.equity), -1, np.int64)
    record = world.record
    written = record.events[: min(int(record.n_events[0]), len(record.events))]
    if not len(written):
        return days
    failures = written[(written["kind"] == BANK_FAILURE) & (written["day"] >= world.burn_in)]
    days[FIRST_BANK - failures["institution"]] = failures["day"] - world.burn_in
    return days
