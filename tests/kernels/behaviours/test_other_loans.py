"""A second funding currency: a style that owes Australian dollars beside yen."""

import numpy as np
import pytest

import abm
from abm.errors import ScenarioFaults
from abm.kernels.behaviours.hedge_fund import portfolio_variance
from abm.kernels.book_risk import book_variance
from abm.kernels.compiler.reference import by_reference
from abm.kernels.constraints.deleverage import delever
from abm.kernels.contracts.balances import mark_all
from abm.kernels.risk import set_fast_risk
from abm.kernels.state import ACCRUALS, HEDGE_FUND
from abm.population.instruments import opening_terms
from abm.population.world import build_world
from tests.engine.worlds import (
    AUD,
    JPY,
    UST,
    everybody,
    gross,
    pass_days,
    quiet,
    rows_of,
    scenario,
    still,
    with_rules,
)

YEN, AUSSIE = 0.5, 0.3  # of the loan; the rest is in dollars
STYLE = {
    "share_of_number": 1.0, "equity_usd_bn": 10.0, "leverage": 3.0, "yen_share": YEN,
    "weights": {"UST": 1.0}, "loan_shares": {"AUD": AUSSIE},
}  # fmt: skip
RATES = {
    "rates__funding_per_year": 0.001,
    "rates__usd_per_year": 0.053,
    "instruments__AUD__yield_per_year": 0.027,
    "instruments__UST__yield_per_year": 0.06,
}
ONE = {"funds__n": 1, "funds__styles": {"RV": STYLE}, "population__scale": 1.0} | RATES
BY_RATES = {"kind": "differential", "full_per_year": 0.052}
AT_ANY = {"kind": "none"}


def one_fund(**changes):
    """One fund in markets that do not move; it owes both currencies at any rates."""
    return still("funds", **ONE | {"funds__funding": AT_ANY} | changes)


def book_of(world):
    """Wealth, multiple of its mandate, and what it owes of yen, Australian dollars and dollars."""
    books = world.books
    wealth = books.wealth[0]
    return wealth, books.units[UST, 0] / wealth, -books.units[[JPY, AUD], 0], -books.cash[0]


def test_a_loan_in_three_currencies_by_hand():
    wealth, multiple, owed, dollars = book_of(one_fund())
    assert wealth == pytest.approx(10.0) and multiple > 1.5
    borrowed = 10.0 * (multiple - 1.0)
    assert owed == pytest.approx([0.5 * borrowed, 0.3 * borrowed])
    assert dollars == pytest.approx(0.2 * borrowed)
    world = one_fund()
    assert world.books.borrowing[0] == pytest.approx(borrowed)  # lenders see all three


def test_no_fund_trades_on_the_first_morning():
    world = one_fund()
    before = world.books.units.copy()
    assert pass_days(world).books.units == pytest.approx(before, abs=1e-9)


def test_interest_on_it_is_that_of_its_currency_by_hand():
    world = with_rules(one_fund(), "banks", spread=0.0)
    books = world.books
    books.units[:], books.cash[:] = 0.0, 100.0
    books.units[AUD, 0] = -36.5
    world = world._replace(
        script=world.script._replace(accrual_days=np.full_like(world.script.accrual_days, 10.0)),
        options=world.options._replace(no_trade_from=0, audit=False),
    )
    pass_days(world)
    assert books.units[AUD, 0] == pytest.approx(-36.5 - 0.027)  # 36.5 x 2.7% x 10/365
    assert world.market.outside[ACCRUALS, AUD] == pytest.approx(0.027)
    assert world.market.outside[ACCRUALS, JPY] == 0.0


def test_a_rise_of_what_it_owes_is_its_loss_by_hand():
    world = one_fund()
    wealth, _, owed, _ = book_of(world)
    borrowing = world.books.borrowing[0]
    world.market.usd_price[AUD] *= 1.12
    mark_all(*by_reference(world.books, world.market))
    assert world.books.wealth[0] == pytest.approx(wealth - 0.12 * owed[1])
    assert world.books.borrowing[0] == pytest.approx(borrowing + 0.12 * owed[1])


def test_its_own_return_counts_what_the_loan_has_cost():
    world = one_fund()
    multiple = book_of(world)[1]
    variance = world.books.loan_variance[0], world.books.loan_covariance[0]
    world = with_rules(world, "funds", risk=world.rules.funds.risk._replace(decay=0.0))
    world.chance.news[0, AUD] = 0.01
    pass_days(world)
    lost = AUSSIE * (multiple - 1.0) * 0.01
    calm = book_variance(multiple, world.rules.mandates.asset_variance[0], *variance[::-1])
    assert world.books.sizing_risk[0] == pytest.approx(
        world.rules.funds.risk.multiple * 250 * lost**2 / calm, rel=1e-3
    )


def test_three_constants_give_the_variance_of_a_book_with_both_loans():
    made = scenario("calm", "funds", **ONE)
    books = build_world(made, 1).books
    assets = build_world(made, 1).rules.mandates.asset_variance[0]
    held = np.zeros(9)
    held[UST], held[JPY], held[AUD] = 2.7, -1.7 * YEN, -1.7 * AUSSIE
    constants = assets, books.loan_covariance[0], books.loan_variance[0]
    covariance = opening_terms(made).usd_covariance
    assert book_variance(2.7, *constants) == pytest.approx(held @ covariance @ held, rel=1e-12)


def test_each_loan_follows_the_differential_of_its_own_currency():
    world = pass_days(one_fund(funds__funding=BY_RATES))
    aussie = 0.5  # (5.3% - 2.7%) / 5.2%
    assert world.market.funding_share == pytest.approx([1.0, aussie])
    assert world.books.loan_share[0] == pytest.approx(YEN + aussie * AUSSIE)
    owed = book_of(world)[2]
    assert owed[1] / owed[0] == pytest.approx(aussie * AUSSIE / YEN)


def test_a_loan_that_has_become_as_dear_as_dollars_is_moved_into_dollars():
    world = one_fund(funds__funding=BY_RATES, calendar__days=60)
    owed = book_of(world)[2][1]
    world = world._replace(script=world.script._replace(rates=world.script.rates.copy()))
    world.script.rates[:, AUD] = 0.053
    pass_days(with_rules(world, "funds", band=0.0), 60)
    assert owed > 1.0 and book_of(world)[2][1] < 0.05 * owed
    assert book_of(world)[3] > 0.2 * owed  # dollars are owed in its place


def wanted_at(rate):
    """Leverage that the fund wants where Australian money costs this, and the world; no limit."""
    limits = {"margin__kind": "none", "funds__leverage_cap": 100.0, "funds__var_limit": 5.0}
    world = one_fund(**limits)
    world = world._replace(script=world.script._replace(rates=world.script.rates.copy()))
    world.script.rates[:, AUD] = rate
    pass_days(world)
    return world.books.target_leverage[0], world


def test_leverage_wanted_with_both_loans_by_hand():
    wanted, world = wanted_at(0.04)
    mandates, books, funds = world.rules.mandates, world.books, world.rules.funds
    # Treasuries at 6%; half of the loan at .1% and half the basis, .3 at 4%, .2 at 5.3%, spread
    mean = 0.06 - 0.5 * (0.001 + 0.5 * world.rules.banks.basis) - 0.3 * 0.04 - 0.2 * 0.053
    mean -= world.rules.banks.spread
    covariance, variance = books.loan_covariance[0], books.loan_variance[0]
    curvature = mandates.asset_variance[0] - 2.0 * covariance + variance
    seen = (1.0 - funds.anchor_share) * books.sizing_risk[0] + funds.anchor_share * 1.3
    by_hand = (mean / (mandates.risk_aversion[0] * seen) + variance - covariance) / curvature
    assert wanted == pytest.approx(by_hand, rel=1e-9)
    assert wanted_at(0.02)[0] > wanted


def test_margins_by_volatility_see_both_loans():
    world = one_fund(margin__kind="volatility")
    market, n = world.market, 1
    set_fast_risk(*by_reference(market))
    variance = np.empty(n)
    portfolio_variance(0, n, *by_reference(market, world.rules, world.scratch), variance)
    weights = world.rules.mandates.weights[:, 0].copy()
    weights[AUD] -= AUSSIE
    loaded = np.tril(market.risk_fast)
    assert variance[0] == pytest.approx(weights @ loaded @ weights, rel=1e-12)
    assert variance[0] != pytest.approx(variance_without(world), rel=1e-3)


def variance_without(world):
    weights = world.rules.mandates.weights[:, 0]
    return weights @ np.tril(world.market.risk_fast) @ weights


def test_a_forced_sale_to_half_the_debt_leaves_half_of_each_loan():
    world = one_fund(margin__liquidation__kind="pro-rata")
    delever(0, 2.0, *by_reference(world.books, world.market, world.rules, world.scratch))
    assert world.books.intent[[JPY, AUD, UST], 0] == pytest.approx([-0.5, -0.3, 2.0])
    world = one_fund(margin__liquidation__kind="waterfall")
    _, multiple, owed, _ = book_of(world)
    delever(0, 2.0, *by_reference(world.books, world.market, world.rules, world.scratch))
    repaid = world.rules.margin.forced_speed * (multiple - 2.0) / (multiple - 1.0)
    assert world.books.intent[[JPY, AUD], 0] == pytest.approx(repaid * owed)
    assert world.books.intent[UST, 0] == pytest.approx(-repaid * owed.sum() / 0.8)


@pytest.mark.parametrize("liquidation", ["pro-rata", "waterfall"])
def test_a_fund_that_must_shrink_buys_back_both_currencies_and_nothing_is_lost(liquidation):
    own = {"funds__styles__RV__loan_shares": {"AUD": 0.4}, "margin__liquidation__kind": liquidation}
    world = quiet(build_world(scenario("hike", **own), 3))
    funds = slice(*rows_of(world, HEDGE_FUND)[:: len(rows_of(world, HEDGE_FUND)) - 1])
    before, total, size = (
        -world.books.units[[JPY, AUD], funds].sum(axis=1),
        everybody(world),
        gross(world),
    )
    world.chance.news[2, AUD], world.chance.news[2, UST] = 0.2, -0.1
    pass_days(world, 10)
    assert world.record.days["conservation_error"].max() < 1e-12
    assert np.abs(everybody(world) - total).max() / size.max() < 1e-12
    assert world.record.days["n_margin_calls"][:10].sum() > 0
    after = -world.books.units[[JPY, AUD], funds].sum(axis=1)
    assert (after < before).all()


def test_a_share_of_nothing_is_the_world_without_one():
    plain = abm.run(scenario("hike"), rng=1).days
    none = abm.run(scenario("hike", funds__styles__RV__loan_shares={"AUD": 0.0}), rng=1).days
    assert plain.equals(none)


def test_every_fault_of_further_loans_is_told_at_once():
    shares = {"CHF": 0.1, "JPY": 0.1, "SPX": 0.1, "AUD": 0.2, "MXN": 0.6}
    with pytest.raises(ScenarioFaults) as refused:
        abm.load_scenario("hike").with_changes({"funds.styles.MA.loan_shares": shares})
    said = str(refused.value)
    for words in (
        "6 faults", "CHF", "SPX", "is not a traded currency of the scenario (AUD, MXN)",
        "is the funding currency: its share is yen_share", "is held by the style too (weights)",
        "must sum to at most 1 with yen_share; they sum to 1.7",
    ):  # fmt: skip
        assert words in said, said
