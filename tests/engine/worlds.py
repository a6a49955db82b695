"""Small worlds to put claims to: quiet ones, deep ones, rearranged ones; and counting by hand.

Everything is counted here with NumPy from balances, never with the kernels' own audit.
"""

import numpy as np

from abm.kernels.day import run_days
from abm.kernels.scratch import allocate_scratch
from abm.kernels.state import LEGS, MARKET_ACCOUNTS, SUBSCRIPTIONS, Mandates
from abm.population.world import World, borrowers, build_world, rows_with_traits
from abm.scenario import Scenario, load_scenario

NO_DRIFT = {f"instruments.{k}.drift_before_start_log": 0.0 for k in ("JPY", "AUD", "SPX", "NKY")}
SHORT = {"calendar.days": 12, "calendar.burn_in_days": 0, "calendar.drift_days": 0} | NO_DRIFT
SMALL = SHORT | {"population.scale": 0.2, "outputs.feedback_gain_every_days": 0}
NONE = {"kind": "none"}
BOTTOMLESS = 1e15  # units per log: no trade moves such a price
NEW_BANKS = {
    "banks__requirement": {"kind": "risk-weighted"},
    "banks__trading_book": {"kind": "held", "weights": {"HY": 0.6, "EM": 0.2, "SPX": 0.2}},
    "banks__funding_run": {"kind": "withdrawals"},
    "banks__interbank_marks": {"kind": "capital"},
    "liquidity__dealers__capacity": {"kind": "head-room"},
}
MONEY_OF = {
    "risk_parity": "equity_usd_bn",
    "volatility_target": "equity_usd_bn",
    "trend": "equity_usd_bn",
    "retail_fx": "notional_usd_bn",
    "retail_equity": "notional_usd_bn",
    "insurers": "assets_usd_bn",
    "auto_borrowers": "equity_usd_bn",
    "companies": "debt_usd_bn",
}
JPY, AUD, MXN, UST, SPX, HY, EM, NKY, JGB = range(9)
DOLLAR = 3  # column of the dollar in accounts by currency

# Books per institution, and what each institution is, by row.
_WHOLE = ("first_row", "weights")
_PEOPLE = [name for name in Mandates._fields if name not in _WHOLE and not name.endswith("_rows")]
_MONEY = {"units", "cash", "wealth", "borrowing", "high_water", "entry_wealth", "morning_wealth"}
_MONEY |= {"size_usd_bn", "opening_wealth", "intent", "loan_units", "swap_legs"}


# Banks that look at the size of their books alone; with a constant basis, a bare world.
BANKS_BY_SIZE = {
    "banks.requirement": {"kind": "leverage"},
    "banks.trading_book": NONE,
    "banks.funding_run": NONE,
    "liquidity.dealers.capacity": {"kind": "capital"},
}
BARE = {key.replace(".", "__"): part for key, part in BANKS_BY_SIZE.items()}
BARE["funding__basis"] = {"kind": "constant"}


def scenario(base: str = "hike", /, only: str = "", **changes) -> Scenario:
    """A small scenario; dots in keys are double underscores. ``only``: groups that exist, beside
    bare banks and a constant basis.
    """
    given = {**(BARE if only else {}), **changes}
    given = {key.replace("__", "."): value for key, value in given.items()}
    dated = {"calendar.days": 45} if base == "august-2024" else {}
    absent = {}
    if only:
        gone = [kind for kind in MONEY_OF if kind not in only.split()]
        absent = {f"{kind}.n": 0 for kind in gone}
        absent |= {f"{kind}.{MONEY_OF[kind]}": 0.0 for kind in gone}
        absent |= {} if "funds" in only else {"funds.n": 0, "funds.styles": {}}
        absent |= {} if "desks" in only else {"banks.desk": NONE}
        absent |= {"option_hedgers": NONE, "order_anticipators": NONE, "risk_appetite": NONE}
    return load_scenario(base).with_changes(SMALL | dated | absent | given)


def quiet(world: World, *, interest: bool = False) -> World:
    """The same world without news, interest, dealing spread or fresh capital."""
    world.chance.news[:] = 0.0
    script = world.script._replace(
        news=np.zeros_like(world.script.news),
        accrual_days=world.script.accrual_days * float(interest),
    )
    world = with_rules(world, "dealers", half_spread=0.0)
    world = with_rules(world, "banks", recapitalisation=0.0)
    world = with_rules(world, "funds", payout=0.0, subscription=0.0)
    return world._replace(script=script)


def held_estimates(world: World) -> World:
    """Covariances and funds' risk stay what they were: no estimate is updated."""
    world = with_rules(world, "funds", risk=world.rules.funds.risk._replace(decay=1.0))
    return with_rules(world, "estimate", slow_decay=1.0, fast_decay=1.0)


def bottomless(world: World) -> World:
    """Markets so deep that prices move with news only."""
    depth = np.full(len(world.market.log_price), BOTTOMLESS)
    world.market.dealer_depth[:] = depth
    world = with_rules(world, "value_investors", depth=depth)
    return with_rules(world, "dealers", depth=depth.copy())


def with_rules(world: World, part: str, **numbers) -> World:
    """Other numbers in one part of its rules, in a copy: rules are shared between worlds."""
    changed = getattr(world.rules, part)._replace(**numbers)
    return world._replace(rules=world.rules._replace(**{part: changed}))


def pass_days(world: World, n: int = 1, first: int = 0) -> World:
    """Let n days pass; the same world."""
    run_days(first, first + n, *world.groups)
    return world


def still(only: str, base: str = "calm", /, seed: int = 1, **changes) -> World:
    """A quiet, bottomless world with frozen estimates in which only some groups exist."""
    built = build_world(scenario(base, only=only, **changes), seed, event_capacity=2000)
    return bottomless(held_estimates(quiet(built)))


def with_wealth(world: World, row: int, wealth: float) -> World:
    """Give or take dollars, from outside, until a row has this wealth."""
    books, market = world.books, world.market
    paid = wealth - (books.cash[row] + books.units[:, row] @ market.usd_price)
    books.cash[row] += paid
    market.outside[SUBSCRIPTIONS, -1] -= paid
    return world


def rows_of(world: World, kind: int) -> range:
    """Rows of a kind."""
    return range(*world.rules.mandates.first_row[kind : kind + 2])


def leverage(world: World, row: int) -> float:
    """1 + (loans in any currency) / wealth, from balances."""
    books, price = world.books, world.market.usd_price
    n_currencies = world.market.rates.size - 1
    worth = books.units[:, row] * price
    loans = np.maximum(-worth[:n_currencies], 0.0).sum() + max(-books.cash[row], 0.0)
    return 1.0 + loans / (worth.sum() + books.cash[row])


def everybody(world: World) -> np.ndarray:
    """Units of every instrument, then dollars, over all accounts, (K + 1,)."""
    books, market = world.books, world.market
    graph = world.graph
    capital = graph.equity.sum() - graph.book_value.sum()  # of banks, as dollars
    total = np.append(books.units.sum(axis=1), books.cash.sum() + capital)
    total[:-1] += market.value_held + market.dealer_held + market.official_units
    total[:-1] += market.hedger_held + market.anticipator_held + market.estate_units
    total[: len(graph.book)] += graph.book.sum(axis=1)
    currencies = [*range(market.rates.size - 1), -1]
    accounts = sum(getattr(market, f"{who}_cash") for who in MARKET_ACCOUNTS)
    total[currencies] += accounts + market.outside.sum(axis=0)
    return total


def gross(world: World) -> np.ndarray:
    """Gross positions, to measure what is lost by, (K + 1,)."""
    held = np.abs(world.books.units).sum(axis=1)
    money = np.abs(world.books.cash).sum() + np.abs(world.graph.equity).sum()
    return np.maximum(np.append(held, money), 1.0)


def rearranged(world: World, rows: np.ndarray, share: float = 1.0) -> World:
    """The same world with other rows of institutions, each with a share of the money.

    ``rows`` is sorted by kind; a row may come more than once.
    """
    mandates, graph = world.rules.mandates, world.graph

    def taken(name: str, column: np.ndarray) -> np.ndarray:
        picked = np.ascontiguousarray(column[..., rows])
        if name == "swap_sums":
            picked[:, LEGS:] *= share
        return picked * share if name in _MONEY else picked

    kind = np.searchsorted(mandates.first_row, rows, side="right") - 1
    starts = np.searchsorted(kind, np.arange(len(mandates.first_row)))
    people = {name: taken(name, getattr(mandates, name)) for name in _PEOPLE}
    people |= rows_with_traits(people)
    people |= {"first_row": starts, "weights": taken("weights", mandates.weights)}
    books = world.books._replace(
        **{name: taken(name, col) for name, col in world.books._asdict().items()}
    )
    edges = [np.arange(graph.broker_start[i], graph.broker_start[i + 1]) for i in rows]
    picked = np.concatenate(edges).astype(np.int64)
    counts = np.array([0] + [len(e) for e in edges])
    start = np.cumsum(counts)
    graph = graph._replace(
        broker_start=start,
        borrower=borrowers(start)["borrower"],
        broker=graph.broker[picked],
        broker_share=graph.broker_share[picked],
    )
    per_row = "cause n_calls forced_sales n_failures first_failure_day peak_leverage worst_wealth"
    record = world.record._replace(
        **{name: taken("", getattr(world.record, name)) for name in per_row.split()}
    )
    rules = world.rules._replace(mandates=mandates._replace(**people))
    scratch = allocate_scratch(len(world.market.log_price), len(rows))
    other = world._replace(scratch=scratch, books=books, graph=graph, rules=rules, record=record)
    return copied(other)._replace(names=[world.names[i] for i in rows])


def copied(columns):
    """The same columns in other memory, nested ones too."""
    if isinstance(columns, np.ndarray):
        return columns.copy()
    if hasattr(columns, "_fields"):
        return type(columns)(*(copied(column) for column in columns))
    return columns


def same_fate(a: World, b: World, tolerance: float = 1e-9) -> None:
    """Two worlds have seen the same prices on every day."""
    np.testing.assert_allclose(a.record.log_prices, b.record.log_prices, rtol=0.0, atol=tolerance)
