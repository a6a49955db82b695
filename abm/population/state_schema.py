"""Arrays of a saved state: type, shape and range of each, derived from a freshly built world.

The kernels index without asking, so that a row out of range in a file is a crash: every array is
compared with this table before one of them is used.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import numpy as np

from abm.kernels.events import EVENT, EVENT_KINDS, FIRST_BANK
from abm.kernels.markets.flow import FAILED
from abm.kernels.record import DAY_COLUMNS
from abm.kernels.state import (
    ACCOUNT_NAMES,
    CALL_RULES,
    COUNTED_BEYOND_HEDGE,
    MANDATE,
    MARKET_ACCOUNTS,
    NOT_COUNTED,
    SHARE_A_DAY,
)
from abm.population.advance import InitialState
from abm.population.archive import Header
from abm.population.world import World

Array = np.ndarray

# Records of the days so far: as many rows as there were days, or events.
BY_DAY = ("days", "forced_usd_bn", "log_prices", "fundamentals", "depth_usd_bn",
          "other_basis_bp")  # fmt: skip
WRITTEN = (*BY_DAY, "events")

LARGEST_COUNT = 2**53
LARGEST_NUMBER = 1e100  # squares and products of such numbers are numbers still
WORST_BALANCE = 1e-6  # of gross positions: a thousand times what the audit of a run allows
_FLAGS = {"graph.failed": 2, "books.verdict": 5, "books.forced": 3}  # where more than 0 and 1
# Fixed for a run: the scenario, the seed and the replicate say what they are.
_FIXED = (
    "mandates.first_row", "mandates.kind", "mandates.owner", "market.quote", "graph.broker_start",
    "graph.borrower", "graph.is_core", "graph.lent_rows", "mandates.short_rows",
    "mandates.hedged_rows", "mandates.subscriber_rows", "mandates.called_rows",
    "mandates.liquidated_rows", "mandates.retail_rows", "mandates.desk_rows", "market.swapped",
    "mandates.repo_rows", "market.repo_bond", "market.repo_capacity",
)  # fmt: skip
# Without a limit: leverage that no broker and no rule bounds, debt of those who have nothing left.
_MAY_BE_INFINITE = (
    "books.maintenance_leverage", "mandates.leverage_cap", "opening.leverage",
    "record.peak_leverage", "market.margin_ceiling",
)  # fmt: skip
_AT_LEAST_0 = (
    "books.borrowing", "books.margin_rate", "books.maintenance_leverage", "books.recalled",
    "market.margin_ceiling", "market.depth_floor", "market.spent_usd_bn", "market.fear_gauge",
    "record.forced_usd_bn",
    "market.local_price", "market.usd_price", "market.value_depth", "market.dealer_depth",
    "market.gross_totals",
    "graph.broker_share", "graph.liabilities", "graph.opening_equity", "graph.cut", "graph.gross",
    "graph.written_down", "graph.opening_room",
    "mandates.leverage_cap", "opening.broker_share", "opening.leverage", "books.morning_leverage",
    "books.sizing_risk", "books.margin_risk", "market.funding_share", "mandates.asset_variance",
    "mandates.loan_variance", "mandates.swap_share", "mandates.loan_units",
    "mandates.hedge_trigger", "market.line_stages", "market.line_usd_bn",
    "mandates.repo_share", "books.repo_units", "books.repo_debt", "market.repo_price",
    "market.repo_haircut", "market.repo_risk", "market.repo_called",
)  # fmt: skip
_MAY_BE_UNDEFINED = (
    "feedback_gain",
    "leverage",
    "margin_rate",
    "share_unlevered",
)  # of `record.days`
_WHOLE_DAYS = ("status", "rounds", "iterations", "n_at_limit", "n_margin_calls", "n_failures",
               "n_loss_cuts", "n_bank_failures")  # fmt: skip


class Column(NamedTuple):
    """Type, shape and range of one array."""

    dtype: np.dtype
    shape: tuple[int, ...]
    least: Any = -LARGEST_NUMBER  # a number, or an array of the same shape
    most: Any = LARGEST_NUMBER
    may_be_infinite: bool = False
    fixed: Array | None = None  # the array itself, where nothing else will do
    most_rows: int | None = None  # where the number of rows is free
    what: str = "number"


def columns_of(world: World, next_day: int) -> dict[str, Column]:
    """Every array of the state of a world after `next_day` days, burn-in included, by name.

    `world` is the same scenario, seed and replicate, freshly built. Contents of the record
    (`record.days`, `record.events`) are checked by `record_faults`.
    """
    columns = {name: _column(name, array) for name, array in state_of(world).items()}
    columns |= _opening_columns(world)
    for name, (least, most, what) in _indices(world, next_day).items():
        columns[name] = columns[name]._replace(least=least, most=most, what=what)
    for name in BY_DAY:
        whole = getattr(world.record, name)
        columns[f"record.{name}"] = Column(whole.dtype, (next_day, *whole.shape[1:]))
    most_rows = _most_events(world, next_day)
    columns["record.events"] = Column(EVENT, (-1,), most_rows=most_rows)
    return columns


def state_of(world: World) -> dict[str, Array]:
    """Arrays of fixed shape by room and name: `books.units`, `market.covariance`, …"""
    rooms: dict[str, Any] = {
        "books": world.books,
        "market": world.market,
        "graph": world.graph,
        "record": world.record,
        "mandates": world.rules.mandates,
    }
    return {
        f"{room}.{name}": value
        for room, columns in rooms.items()
        for name, value in columns._asdict().items()
        if isinstance(value, np.ndarray) and not (room == "record" and name in WRITTEN)
    }


def header_faults(columns: Mapping[str, Column], headers: Mapping[str, Header]) -> Iterator[str]:
    """Faults of the types and shapes that a file declares."""
    for name, column in columns.items():
        header = headers.get(name)
        if header is None:
            yield f"{name} is missing"
            continue
        if header.dtype != column.dtype:
            yield f"{name} has type {header.dtype!s:.20}, must be {column.dtype}"
        elif not _fits(header.shape, column):
            yield f"{name} has shape {_short(header.shape)}, must be {_short(column.shape)}"
        elif header.n_bytes != int(np.prod(header.shape, dtype=object)) * column.dtype.itemsize:
            yield f"{name} has {header.n_bytes:,} bytes, not those of its shape"


def value_faults(columns: Mapping[str, Column], arrays: Mapping[str, Array]) -> Iterator[str]:
    """Faults of the numbers of arrays of the right type and shape."""
    for name, column in columns.items():
        array = arrays[name]
        if column.fixed is not None:
            if not np.array_equal(array, column.fixed):
                yield f"{name} is not that of the file's own scenario and seed"
            continue
        if name in ("record.days", "record.events"):
            continue  # by column: `record_faults`
        wrong = (array < column.least) | (array > column.most)
        wrong = wrong & ~np.isinf(array) if column.may_be_infinite else wrong
        wrong |= np.isnan(array) if column.may_be_infinite else ~np.isfinite(array)
        wrong |= array == -np.inf
        if wrong.any():
            at = int(np.flatnonzero(wrong)[0])
            least, most = (np.broadcast_to(end, array.shape).flat[at] for end in column[2:4])
            yield f"{name} holds {array.flat[at]}, must be {_range(column.what, least, most)}"


def record_faults(world: World, arrays: Mapping[str, Array], next_day: int) -> Iterator[str]:
    """Faults of the table of days and of the events, column by column."""
    days = arrays["record.days"]
    for name in DAY_COLUMNS:
        values = days[name]
        if name not in _MAY_BE_UNDEFINED and not np.isfinite(values).all():
            yield f"record.days, {name}, holds {values[~np.isfinite(values)][0]}, must be finite"
        elif name in _WHOLE_DAYS and not _are_whole(values, 0, LARGEST_COUNT):
            yield f"record.days, {name}, must hold whole numbers, at least 0"
    if not _are_whole(days["status"], 0, FAILED):
        yield "record.days, status, must hold 0, 1 or 2"
    events = arrays["record.events"]
    for name, (least, most) in _event_ranges(world, arrays, next_day).items():
        if not _are_whole(events[name], least, most):
            yield f"record.events, {name}, must be whole numbers from {least} to {most}"
    if not np.isfinite(events["amount_usd_bn"]).all():
        yield "record.events, amount_usd_bn, must be finite"
    n_written, n_counted = len(arrays["record.events"]), int(arrays["record.n_events"][0])
    for name in ("record.cause", "record.clearing_event"):
        if (arrays[name] >= n_counted).any():
            yield f"{name} holds {arrays[name].max()}, must be an event: -1 to {n_counted - 1}"
    if n_written not in (0, n_counted):
        yield f"record.n_events is {n_counted:,}, and there are {n_written:,} events"


def balance_faults(
    world: World, arrays: Mapping[str, Array], was_written_to: bool
) -> Iterator[str]:
    """Accounts that do not add up to what there was at the opening.

    The opening is that of the freshly built world, or else a file could vouch for itself; only
    units that were written through an agent came later.
    """
    yield from _bank_faults(world, arrays)
    held = {name.partition(".")[2]: array for name, array in arrays.items()}
    opening, scale = world.market.totals, world.market.gross_totals
    is_other = np.abs(held["totals"] - opening) > WORST_BALANCE * scale
    if is_other.any() and not was_written_to:
        yield "market.totals are not those of the file's own scenario and seed"
    if (held["gross_totals"] < (1.0 - WORST_BALANCE) * scale).any():
        yield "market.gross_totals are below those of the file's own scenario and seed"
    cash = [held[f"{who}_cash"] for who in MARKET_ACCOUNTS]
    balances = np.sum([*cash, *held["outside"]], axis=0)
    capital = held["equity"].sum() - held["book_value"].sum()
    now = np.append(held["units"].sum(axis=1), held["cash"].sum() + capital)
    now[:-1] += held["value_held"] + held["dealer_held"]
    now[:-1] += held["hedger_held"] + held["anticipator_held"] + held["official_units"]
    now[:-1] += held["estate_units"]
    now[: len(held["book"])] += held["book"].sum(axis=1)
    now[: len(balances) - 1] += balances[:-1]
    now[-1] += balances[-1]
    if not (np.abs(now - held["totals"]) <= WORST_BALANCE * scale).all():
        yield (
            "books.units, books.cash, graph.equity, market.outside and what market.value_held, "
            "value_cash, dealer_held, dealer_cash, hedger_held, hedger_cash, anticipator_held, "
            "anticipator_cash, official_units, official_cash, estate_units and graph.book hold do "
            "not add up to market.totals"
        )


def _bank_faults(world: World, arrays: Mapping[str, Array]) -> Iterator[str]:
    """Banks that do not own what they owe and their capital, by the scale of the opening."""
    owned = ("loans", "desk_assets", "other_assets", "reserves", "book_value")
    debts, marks = arrays["graph.liabilities"], 1.0 - arrays["graph.written_down"][0]
    assets = sum(arrays[f"graph.{name}"] for name in owned) + (debts.T * marks).sum(axis=1)
    deposits, equity = arrays["graph.deposits"], arrays["graph.equity"]
    gap = assets - debts.sum(axis=1) - deposits - equity
    if not (np.abs(gap) <= WORST_BALANCE * world.graph.gross).all():
        yield (
            "graph.loans, desk_assets, other_assets, reserves, book_value and liabilities to a "
            "bank (less what is written_down) are not its graph.liabilities, deposits and equity"
        )
    opening, moved = arrays["graph.opening_equity"], arrays["graph.flows"].sum(axis=0)
    if not (np.abs(equity - opening - moved) <= WORST_BALANCE * world.graph.gross).all():
        yield "graph.equity is not graph.opening_equity and what graph.flows moved"


def _event_ranges(
    world: World, arrays: Mapping[str, Array], next_day: int
) -> dict[str, tuple[int, int]]:
    who = (FIRST_BANK - len(world.graph.equity) + 1, len(world.names) - 1)
    event = (-1, len(arrays["record.events"]) - 1)
    return {
        "day": (0, next_day - 1),
        "round": (0, LARGEST_COUNT),
        "kind": (0, len(EVENT_KINDS) - 1),
        "institution": who,
        "counterparty": who,
        "instrument": (-1, len(world.market.log_price) - 1),
        "cause": event,
        "clearing": event,
    }


def _column(name: str, array: Array) -> Column:
    """A column by its type: flags are 0 or 1, numbers finite."""
    column = Column(array.dtype, array.shape, may_be_infinite=name in _MAY_BE_INFINITE)
    if name in _FIXED:
        return column._replace(fixed=array)
    if array.dtype == np.uint8:
        return column._replace(least=0, most=_FLAGS.get(name, 1), what="flag")
    return column._replace(least=0.0) if name in _AT_LEAST_0 else column


def _opening_columns(world: World) -> dict[str, Column]:
    """Standing of all before day 0: shapes follow from books and graph."""
    books, graph = world.books, world.graph
    like = {
        "wealth": books.wealth,
        "leverage": books.wealth,
        "bank_equity": graph.equity,
        "bank_assets": graph.equity,
        "bank_failed": graph.failed > 0,
        "broker": graph.broker,
        "broker_share": graph.broker_share,
        "log_prices": world.market.log_price,
        "yen_short": np.zeros(1),
    }
    return {
        f"opening.{name}": _column(f"opening.{name}", like[name]) for name in InitialState._fields
    }


def _indices(world: World, next_day: int) -> dict[str, tuple[Any, Any, str]]:
    """Range of every whole number, and what it is."""
    n_banks = len(world.graph.equity)
    last, count = next_day - 1, (0, LARGEST_COUNT, "count")
    return {
        "graph.broker": (0, n_banks - 1, "row of a bank"),
        "opening.broker": (0, n_banks - 1, "row of a bank"),
        "books.call_day": (-1, last, "day"),
        "books.suspended_days": count,
        "books.stopped_days": count,
        "mandates.suspended_days_after_failure": count,
        "mandates.grace_days": count,
        "mandates.call_rule": (min(CALL_RULES), max(CALL_RULES), "call rule"),
        "mandates.loss_account": (0, len(ACCOUNT_NAMES) - 1, "outside account"),
        "mandates.sale_rule": (MANDATE, SHARE_A_DAY, "sale rule"),
        "mandates.carry_short": (NOT_COUNTED, COUNTED_BEYOND_HEDGE, "way to count"),
        "market.line_days": (-1, LARGEST_COUNT, "day"),
        "market.boj": (
            np.array([0, -1, -1, 0]),
            np.array([LARGEST_COUNT, last, LARGEST_COUNT, 1]),
            "count, day or flag",
        ),
        "market.last_act": (-1, last, "day"),
        "record.first_failure_day": (-1, last, "day"),
        "record.now": (np.array([0, 0]), np.array([max(last, 0), LARGEST_COUNT]), "day and round"),
        "record.when": (np.array([-1, -1]), np.array([last, LARGEST_COUNT]), "day and round"),
        "record.n_events": count,
        "record.n_calls": count,
        "record.n_failures": count,
        "record.cause": (-1, LARGEST_COUNT, "event"),
        "record.clearing_event": (-1, LARGEST_COUNT, "event"),
    }


def _most_events(world: World, next_day: int) -> int:
    """More events than so many days can have: each party, in each round, with each instrument."""
    parties = len(world.names) + len(world.graph.equity)
    kinds = len(world.market.log_price) + len(EVENT_KINDS)
    return next_day * (world.rules.market.rounds + 1) * parties * kinds


def _fits(shape: tuple[int, ...], column: Column) -> bool:
    if column.most_rows is None:
        return shape == column.shape
    is_row = len(shape) == len(column.shape) and shape[1:] == column.shape[1:]
    return is_row and 0 <= shape[0] <= column.most_rows


def _are_whole(values: Array, least: int, most: int) -> bool:
    with np.errstate(invalid="ignore"):
        return bool(((values == np.floor(values)) & (values >= least) & (values <= most)).all())


def _short(shape: tuple[int, ...]) -> str:
    said = str(tuple("any" if n < 0 else n for n in shape)).replace("'any'", "any")
    return said if len(said) <= 60 else f"{said[:60]}…"


def _range(what: str, least: Any, most: Any) -> str:
    if what == "number":
        return "a finite number" if least < 0.0 else "a finite number, at least 0"
    return f"a {what} from {least} to {most}"
