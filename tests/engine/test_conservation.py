"""Nothing is made and nothing is lost, whoever trades, fails or is bailed out."""

from copy import deepcopy

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from abm.kernels.audit import balance_error, counter_error
from abm.kernels.compiler.reference import by_reference
from abm.kernels.markets.flow import FAILED
from abm.kernels.state import (
    ESTATE_DESKS,
    ESTATE_FUNDING,
    ESTATE_LOANS,
    FUNDERS,
    MARKET_ACCOUNTS,
    OWNERS,
    SUBSCRIPTIONS,
    SWAP_USERS,
    TRADE,
    Market,
)
from abm.population.world import build_world
from tests.engine.worlds import (
    AUD,
    BARE,
    JPY,
    NEW_BANKS,
    NKY,
    SMALL,
    everybody,
    gross,
    pass_days,
    quiet,
    scenario,
    with_rules,
)

N_DAYS = SMALL["calendar.days"]
DESK = {
    "kind": "carry",
    "capital_share": 0.05,
    "leverage": 4.0,
    "yen_share": 0.4,
    "weights": {"AUD": 0.3, "UST": 0.4, "NKY": 0.3},
}

HEDGERS = {"kind": "short-gamma", "gamma_usd_bn": {"NKY": 90.0, "JPY": 300.0, "SPX": 500.0}}
ANTICIPATORS = {
    "kind": "order-flow",
    "share": {"JPY": 0.3, "AUD": 0.3, "NKY": 0.2, "SPX": 0.1},
    "memory_days": 2.0,
    "capital_usd_bn": 10.0,
}
APPETITE = {"kind": "losses", "betas": {"NKY": 0.4, "SPX": 0.12, "AUD": 0.1, "UST": -0.12}}
CURVE = {
    "JGB": {"surprise_pass_through": 0.3, "haven_of": "NKY", "haven_beta": 0.1},
    "UST": {"haven_of": "SPX", "haven_beta": 0.05},
}


SWAPS = {
    "kind": "market",
    "maturity_days": 4,
    "swap_share": 0.5,
    "squeeze": {"kind": "script", "points": [{"name": "fear", "day": 3, "squeeze": 6.0}]},
    "currencies": {
        "MXN": {
            "basis_per_year": 0.006,
            "demand_usd_bn": 10.0,
            "squeeze": {"kind": "script", "points": [{"name": "flight", "day": 2, "squeeze": 3.0}]},
        }
    },
}


def one_of(*values):
    return st.sampled_from(values)


storms = st.fixed_dictionaries(
    {
        "population__scale": one_of(0.15, 0.3),
        "risk_parity__yen_share": one_of(0.0, 0.5),
        "risk_parity__leverage_cap": one_of(2.5, 6.0),
        "margin__liquidation": one_of(
            {"kind": "pro-rata"}, {"kind": "least-impact"}, {"kind": "waterfall"}
        ),
        "liquidity__impact": one_of(
            {"kind": "tanh"}, {"kind": "linear"}, {"kind": "cont-schaanning"}, {"kind": "none"}
        ),
        "liquidity__mode": one_of("simultaneous", "frozen"),
        "banks__core_capital_usd_bn": one_of(1.0, 60.0),
        "banks__leverage_limit": one_of(20.0, 60.0),
        "banks__periphery_capital_usd_bn": one_of(0.05, 12.0),
        "banks__desk": one_of({"kind": "none"}, DESK),
        "banks__requirement__kind": one_of("leverage", "risk-weighted"),
        "banks__trading_book": one_of({"kind": "none"}, NEW_BANKS["banks__trading_book"]),
        "banks__funding_run__kind": one_of("none", "withdrawals"),
        "banks__interbank_marks__kind": one_of("par", "capital"),
        "liquidity__dealers__capacity__kind": one_of("capital", "head-room"),
        "network__brokers__concentration": one_of(0.0, 0.9),
        "funds__days_out": one_of(2, 120),
        "retail_fx__leverage": one_of(3.0, 20.0),
        "funds__styles__FXM__leverage": one_of(3.7, 9.0),
        "funds__leverage_cap": one_of(3.0, 15.0),
        "funds__styles__RV__loan_shares": one_of({}, {"AUD": 0.5, "MXN": 0.3}),
        "clearing__rounds": one_of(1, 6),
        "option_hedgers": one_of({"kind": "none"}, HEDGERS),
        "order_anticipators": one_of({"kind": "none"}, ANTICIPATORS),
        "risk_appetite": one_of({"kind": "none"}, APPETITE),
        "bonds": one_of({}, CURVE),
        "funding__basis": one_of({"kind": "constant"}, SWAPS),
        "trader": one_of({"kind": "none"}, {"kind": "account", "account_usd": 1e9, "open_day": 2}),
        "companies": one_of({}, {"n": 10, "debt_usd_bn": 100.0, "rise_days": 3}),
        "repo": one_of({"kind": "fixed", "haircut": 0.0}, {"kind": "risk"}),
        "funds__styles__RV__repo_share": one_of(0.0, 1.0),
        "funds__styles__MA__repo_share": one_of(0.0, 1.0),
        "instruments__NKY__value_speed_gain": one_of(0.0, 1000.0),
        "retail_equity__days_to_pay": one_of(0, 2),
        "retail_fx__renewal_per_day": one_of(0.0, 0.05),
        "liquidity__trade_share_per_day": one_of(0.0, 0.05),
        "liquidity__payout_share_per_day": one_of(0.0, 0.05),
        "shock__surprise_bp": one_of(-150.0, 0.0, 50.0, 150.0, 400.0),
    }
)
thinness = one_of(0.02, 0.1, 1.0)  # of all depths
limits = one_of(0.02, 0.05, 0.12)  # of a day's move, log
seeds = st.integers(0, 99)


def storm(choices, thin, limit, seed):
    """A world in which funds are called, limits are hit, banks fail and desks trade."""
    world = build_world(scenario(**choices), seed)
    rules = world.rules
    world.market.dealer_depth[:] *= thin
    world = with_rules(world, "value_investors", depth=thin * rules.value_investors.depth)
    world = with_rules(world, "dealers", depth=thin * rules.dealers.depth)
    return with_rules(world, "market", daily_limit=np.full_like(rules.market.daily_limit, limit))


def outside_balances(world):
    """Holdings of outside accounts, units of every instrument and dollars, (K + 1,)."""
    held = np.zeros(world.market.log_price.size + 1)
    held[[*range(world.market.rates.size - 1), -1]] = world.market.outside.sum(axis=0)
    return held


def marked_wealth(world, price):
    """Wealth of all inside: the engine's own marks, and market makers counted here [USD bn]."""
    market = world.market
    held = market.value_held + market.dealer_held + market.hedger_held + market.official_units
    held = held + market.anticipator_held + market.estate_units
    cash = sum(getattr(market, f"{who}_cash") for who in MARKET_ACCOUNTS)
    makers = held @ price[:-1] + cash @ price[[*range(market.rates.size - 1), -1]]
    return world.books.wealth.sum() + world.graph.equity.sum() + makers


def marked_ok(world, price):
    worth = world.books.cash + world.books.units.T @ price[:-1]
    np.testing.assert_allclose(world.books.wealth, worth, rtol=0, atol=1e-9 * gross(world).sum())


@settings(max_examples=60)
@given(storms, thinness, limits, seeds)
def test_units_currencies_dollars_and_wealth_are_conserved_on_every_day(choices, thin, limit, seed):
    world = storm(choices, thin, limit, seed)
    start, scale = everybody(world), gross(world)
    price = np.append(world.market.usd_price, 1.0)
    before, outside = marked_wealth(world, price), outside_balances(world)
    for day in range(N_DAYS):
        pass_days(world, 1, day)
        assert np.abs((everybody(world) - start) / scale).max() < 1e-9
        new, held = np.append(world.market.usd_price, 1.0), outside_balances(world)
        now = marked_wealth(world, new)
        # what all inside gained: revaluation of what they held, and what came from outside
        gained = (start - outside) @ (new - price) - (held - outside) @ new
        assert abs(now - before - gained) < 1e-9 * (scale @ new)
        marked_ok(world, new)
        before, outside, price = now, held, new
    assert world.record.days["conservation_error"].max() < 1e-9
    assert (world.record.days["status"] < FAILED).all()  # and every day clears


@settings(max_examples=60)
@given(storms, thinness, limits, seeds)
def test_claims_are_liabilities_on_every_day(choices, thin, limit, seed):
    world = storm(choices, thin, limit, seed)
    for day in range(N_DAYS):
        pass_days(world, 1, day)
        books, graph, price = world.books, world.graph, world.market.usd_price
        n_currencies = world.market.rates.size - 1
        owed = np.maximum(-books.units[:n_currencies] * price[:n_currencies, None], 0).sum(axis=0)
        owed += np.maximum(-books.cash, 0.0) - books.repo_debt.sum(axis=0)
        share = np.add.reduceat(np.append(graph.broker_share, 0.0), graph.broker_start[:-1])
        has_broker = np.diff(graph.broker_start) > 0
        np.testing.assert_allclose(share[has_broker], 1.0, atol=1e-12)
        lent = np.zeros(len(graph.equity))
        rows = np.repeat(np.arange(len(owed)), np.diff(graph.broker_start))
        np.add.at(lent, graph.broker, graph.broker_share * owed[rows])
        gone, size = graph.failed > 0, 1e-9 * (1.0 + owed.sum())
        np.testing.assert_allclose(graph.loans, np.where(gone, 0.0, lent), atol=size)
        assert graph.estate[ESTATE_LOANS] == pytest.approx(lent[gone].sum(), abs=size)
        desks = world.rules.mandates.owner >= 0
        lent_to_desks = graph.desk_assets.sum() + graph.estate[ESTATE_DESKS]
        assert lent_to_desks == pytest.approx(owed[desks].sum(), abs=1e-9)


@settings(max_examples=40)
@given(storms, thinness, limits, seeds)
def test_every_yen_bought_is_a_yen_sold(choices, thin, limit, seed):
    # without interest all that changes hands is traded: changes over all traders sum to zero
    world = quiet(storm(choices, thin, limit, seed))
    world.chance.news[0] = 0.02 * np.random.default_rng(1).standard_normal(9)
    books, market = world.books, world.market
    cash = [getattr(market, f"{who}_cash") for who in MARKET_ACCOUNTS]
    cash += [market.outside[account] for account in (TRADE, OWNERS, SUBSCRIPTIONS, SWAP_USERS)]

    def held():
        total = books.units.sum(axis=1) + market.value_held + market.dealer_held
        total += market.hedger_held + market.anticipator_held
        total[:3] += sum(account[:3] for account in cash)
        return total + market.official_units

    before = held()
    for day in range(4):
        pass_days(world, 1, day)
        np.testing.assert_allclose(held(), before, rtol=0, atol=1e-9 * gross(world)[:-1].max())


def test_a_thin_market_near_the_floor_of_its_demand_clears():
    # plain steps of the flow go back and forth permanently where demand bends next to its floor
    choices = {
        "liquidity__impact": {"kind": "cont-schaanning"},
        "banks__periphery_capital_usd_bn": 0.05,
        "funds__styles__FXM__leverage": 9.0,
    }
    world = pass_days(storm(choices, thin=0.1, limit=0.05, seed=79), N_DAYS)
    assert (world.record.days["status"] < FAILED).all()


def test_the_storms_of_this_file_do_blow():
    world = storm(
        {
            "banks__core_capital_usd_bn": 1.0,
            "banks__periphery_capital_usd_bn": 0.05,
            "banks__desk": DESK,
            "funds__styles__FXM__leverage": 9.0,
            "funds__leverage_cap": 15.0,
            "retail_fx__leverage": 20.0,
            "shock__surprise_bp": 400.0,
        },
        thin=1.0, limit=0.12, seed=1,
    )  # fmt: skip
    days = pass_days(world, N_DAYS).record.days
    assert days["n_margin_calls"].sum() > 3 and days["n_at_limit"].sum() > 3
    graph = world.graph
    assert days["broker_loss_usd_bn"].sum() > graph.opening_equity.sum() and graph.failed.all()


@pytest.mark.parametrize(
    "lose",
    [
        lambda w: w.books.units[JPY, :1],
        lambda w: w.books.units[NKY, -1:],
        lambda w: w.books.cash[3:4],
        lambda w: w.market.value_held[AUD : AUD + 1],
        lambda w: w.market.dealer_cash[JPY : JPY + 1],
        lambda w: w.market.outside[0, :1],
        lambda w: w.graph.equity[:1],
    ],
    ids=["loan", "share", "dollar", "value-investor", "dealer", "outside", "bank"],
)
def test_the_audit_sees_one_lost_unit_in_a_million(lose):
    world = pass_days(build_world(scenario(), 1), 2)
    assert world.record.days["conservation_error"][:2].max() < 1e-12
    lose(world)[:] -= 1e-6 * gross(world).max()
    pass_days(world, 1, 2)
    assert world.record.days["conservation_error"][2] > 1e-8


# Columns that hold what an account owns or owes; all others say where it stands.
ACCOUNTS = {
    "books": ("units", "cash", "borrowing"),
    "market": [
        name
        for name in Market._fields
        if name.endswith(("_held", "_cash", "_units")) or name == "outside"
    ],
    "graph": (
        "equity", "other_assets", "deposits", "liabilities", "loans", "desk_assets", "reserves",
        "book", "book_value", "written_down", "flows", "counter", "estate", "opening_equity",
        "broker_share",
    ),
}  # fmt: skip
NO_ACCOUNT = {
    "books": {
        "wealth", "margin_rate", "maintenance_leverage", "target_leverage", "high_water",
        "stopped_days", "morning_wealth", "morning_leverage", "sizing_risk", "margin_risk",
        "mean_return", "noticed_return", "entry_wealth", "call_day", "suspended_days", "closing",
        "recalled", "verdict", "intent", "speed", "forced", "swap_legs", "swap_sums",
        "loan_share", "loan_covariance", "loan_variance",
        "repo_units", "repo_debt",
    },
    "graph": {
        "broker_start", "borrower", "broker", "lent_rows", "leverage_max", "is_core", "failed",
        "utilisation", "cut", "gross", "requirement", "opening_room",
    },
}  # fmt: skip


@pytest.mark.parametrize("room", NO_ACCOUNT)
def test_a_new_column_is_an_account_or_said_to_be_none(room):
    columns = getattr(build_world(scenario(), 1), room)._fields
    assert {*columns} == {*ACCOUNTS[room]} | NO_ACCOUNT[room]


def places_in(world, room, column):
    """Entries of a column in which something can be owned or owed, (n, dimensions)."""
    is_account = np.ones(getattr(getattr(world, room), column).shape, bool)
    if column == "liabilities":  # no bank owes itself
        np.fill_diagonal(is_account, False)
    if column == "written_down":  # what is found tonight is booked tonight
        is_account[1] = False
    if column == "borrowing":  # what others owe is in units and cash alone
        is_account = (np.diff(world.graph.broker_start) > 0) | (world.rules.mandates.owner >= 0)
    return np.argwhere(is_account)


@pytest.mark.parametrize(
    ("room", "column"), [(room, column) for room in ACCOUNTS for column in ACCOUNTS[room]]
)
@pytest.mark.parametrize("made_usd_bn", [1e-3, 1.0, 1e6])
def test_the_audit_sees_every_asset_and_debt_of_every_account(room, column, made_usd_bn):
    # a million, a billion, and more than there is; every rule under which banks have accounts
    world = pass_days(build_world(scenario(banks__desk=DESK, **NEW_BANKS), 1), 2)
    assert world.record.days["conservation_error"][:2].max() < 1e-12
    places = places_in(world, room, column)
    for place in places[:: 1 + len(places) // (100 if made_usd_bn == 1.0 else 10)]:
        other = deepcopy(world)
        getattr(getattr(other, room), column)[tuple(place)] += made_usd_bn
        pass_days(other, 1, 2)
        assert not other.record.days["conservation_error"][2] <= 1e-9, place


def test_the_rounding_of_debts_that_are_gone_is_not_taken_for_lost_money():
    # two banks owe each other so much that thousands have no digits, and one loses its capital
    world = build_world(scenario(**BARE), 1)
    graph = world.graph
    graph.liabilities[0, 1] = graph.liabilities[1, 0] = 1e13 / 3.0
    pass_days(world)
    loss = 2.0 * graph.equity[0]
    graph.equity[0] -= loss
    graph.deposits[0] += loss
    graph.counter[FUNDERS] += loss
    world.market.outside[0, -1] += loss
    pass_days(world, 2, 1)
    assert graph.failed[0] and not graph.liabilities[0].any()
    left = graph.estate[:ESTATE_FUNDING].sum() - graph.estate[ESTATE_FUNDING]
    (graph,) = by_reference(graph)
    assert abs(left) > 1e-5 and max(balance_error(graph), counter_error(graph)) < 1e-12
