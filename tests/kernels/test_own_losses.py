"""Hedge funds that learn from their own losses: each equation by hand, signs, and edges."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from abm.kernels.behaviours.expectations import carry_share
from abm.kernels.behaviours.hedge_fund import add_funding, book_leverage, portfolio_mean
from abm.kernels.book_risk import (
    book_variance,
    largest_leverage,
    next_margin_risk,
    next_sizing_risk,
    own_return,
    surprise,
)
from abm.kernels.compiler.reference import by_reference
from abm.kernels.constraints.margin import worst_loss_margin
from abm.kernels.constraints.stop_loss import reset_stops
from abm.kernels.constraints.value_at_risk import limit_by_var, loss_bound
from abm.kernels.contracts.balances import mandate_multiple
from abm.kernels.contracts.fund_shares import capital_flow_usd_bn, report_returns
from abm.kernels.day import decide, mark_and_move_capital, set_policy
from abm.kernels.rules import FlowRule, LossRule, OwnRiskRule
from abm.kernels.state import HEDGE_FUND, RETAIL_FX, TREND
from abm.population.hedge_fund import expected_income, fund_styles
from abm.population.instruments import opening_terms
from abm.population.rules import make_rules
from abm.population.world import build_world
from abm.scenario import load_scenario
from tests.engine.worlds import (
    BARE,
    JPY,
    pass_days,
    rows_of,
    scenario,
    with_rules,
)

ASSETS, COVARIANCE, LOAN = 0.01, 0.002, 0.0036  # Q = .0096, c = .0016, D = .0036
BOOK = ASSETS, COVARIANCE, LOAN
SIZING = OwnRiskRule(multiple=1.5, decay=0.9, long_run=1.3)
LOSSES = LossRule(is_on=True, floor=1.3, decay=0.9, threshold=5.6)
RULES = make_rules(load_scenario("calm"))
MARGIN = RULES.margin._replace(
    floor=0.08, ceiling=0.6, volatility_multiple=6.0, concentration_load=0.1, loss=LOSSES
)
FLOWS = FlowRule(sensitivity=0.5, performance_days=60.0, notice_days=30.0, gate=0.003)
FUNDS = RULES.funds._replace(payout=0.01, subscription=0.003, flows=FLOWS)


def new_world(**changes):
    """A small hike."""
    return build_world(scenario(**changes), 8)


def test_the_variance_of_a_book_by_hand():
    # 9 x .01 - 2 x .002 x 3 x 2 + .0036 x 4, which is 9 Q - 6 c + D
    assert book_variance(3.0, *BOOK) == pytest.approx(0.0804, rel=1e-14)
    assert book_variance(1.0, *BOOK) == ASSETS  # no loan


def test_three_constants_give_the_variance_of_what_a_fund_holds():
    world = new_world(funds__n=20)
    mandates, risk = world.rules.mandates, world.rules.market.calm_risk
    calm = 0.5 * (risk + risk.T)
    calm[np.diag_indices(9)] = np.diag(risk)
    for i in rows_of(world, HEDGE_FUND):
        held = 2.7 * mandates.weights[:, i]
        held[JPY] = 1.7 * mandates.weights[JPY, i]
        book = mandates.asset_variance[i], mandates.loan_covariance[i], mandates.loan_variance[i]
        assert book_variance(2.7, *book) == pytest.approx(held @ calm @ held, rel=1e-12)


def test_the_largest_leverage_within_a_bound_by_hand():
    assert largest_leverage(0.0804, *BOOK) == pytest.approx(3.0, rel=1e-14)
    assert largest_leverage(0.0025, *BOOK) == pytest.approx(0.5, rel=1e-14)  # no loan: .5^2 x .01
    assert book_variance(largest_leverage(0.012, *BOOK), *BOOK) == pytest.approx(0.012, rel=1e-14)
    assert largest_leverage(ASSETS, *BOOK) == pytest.approx(1.0, rel=1e-14)
    assert largest_leverage(0.01, 0.0, 0.0, 0.0) == pytest.approx(1e5)  # a book without risk
    # a loan that hedges: the variance falls first, and the larger root counts
    assert largest_leverage(0.0095, 0.01, 0.012, 0.02) == pytest.approx(1.5)


@given(st.floats(0.0, 1.0), st.floats(0.0, 0.5), st.floats(-1.0, 1.0), st.floats(0.0, 0.5))
def test_the_variance_at_the_largest_leverage_is_the_bound(bound, assets, correlation, loan):
    book = assets**2, correlation * assets * loan, loan**2
    most = largest_leverage(bound, *book)
    assert 0.0 <= most < math.inf
    if most >= 1.0:
        assert book_variance(most, *book) <= bound + 1e-9 * (1.0 + most * most)


def test_an_own_return_and_its_size_by_hand():
    # 3 x 1% less .8 x 2 x 2% on the yen loan
    assert own_return(3.0, 0.01, 0.8, 0.02) == pytest.approx(-0.002, rel=1e-12)
    assert surprise(-0.01, 0.04) == pytest.approx(0.625, rel=1e-14)  # 250 x .0001 / .04
    assert surprise(0.0, 0.0) == 0.0


def test_risk_for_sizing_by_hand():
    assert next_sizing_risk(1.0, -0.01, 2.0, SIZING) == pytest.approx(1.2)  # .9 + .1 x 1.5 x 2
    assert next_sizing_risk(1.0, 0.01, 2.0, SIZING) == pytest.approx(1.0)  # a gain raises nothing
    assert next_sizing_risk(1.0, 0.01, 0.2, SIZING) == pytest.approx(0.93)  # .9 + .1 x 1.5 x .2


def test_risk_for_margins_by_hand():
    assert next_margin_risk(1.0, -0.01, 11.2, LOSSES) == pytest.approx(2.0)  # 11.2 / 5.6
    assert next_margin_risk(1.0, -0.01, 2.8, LOSSES) == pytest.approx(0.9)  # forgotten slowly
    assert next_margin_risk(1.0, 0.01, 11.2, LOSSES) == pytest.approx(0.9)


@given(st.floats(0.0, 50.0), st.floats(0.0, 1.0), st.floats(0.0, 1e4))
def test_a_gain_never_raises_the_margin_nor_the_sizing_risk(risk, gain, size):
    assert next_sizing_risk(risk, gain, size, SIZING) <= risk * (1.0 + 1e-12)
    assert next_margin_risk(risk, gain, size, LOSSES) <= risk


@given(st.floats(0.0, 50.0), st.floats(0.0, 1e3), st.floats(0.0, 1e3))
def test_a_larger_loss_never_lowers_either(risk, size, more):
    for after, rule in ((next_sizing_risk, SIZING), (next_margin_risk, LOSSES)):
        assert after(risk, -0.1, size + more, rule) >= after(risk, -0.1, size, rule)


def test_a_margin_by_the_worst_loss_by_hand():
    # 36 x .04 x 1.3 x v = 1 at v = .534188, where .0096 l^2 - .0032 l + .0036 has l = 7.602887
    assert worst_loss_margin(1.0, 0.0, *BOOK, MARGIN) == pytest.approx(0.1315290, rel=1e-6)
    assert worst_loss_margin(1.0, 1.3, *BOOK, MARGIN) == worst_loss_margin(1.0, 0.0, *BOOK, MARGIN)
    # four times the risk: v = .133547, l = 3.849594
    assert worst_loss_margin(1.0, 5.2, *BOOK, MARGIN) == pytest.approx(0.2597679, rel=1e-6)
    assert worst_loss_margin(1.5, 0.0, 1e-6, 0.0, 0.0, MARGIN) == pytest.approx(0.12)  # .08 x 1.5
    assert worst_loss_margin(1.0, 1e9, *BOOK, MARGIN) == 0.6


def test_leverage_on_the_book_by_hand():
    assert book_leverage(0.05, 2.0, *BOOK) == pytest.approx(2.7708333)  # (.025 + .0016) / .0096
    assert book_leverage(0.0, 2.0, *BOOK) == pytest.approx(1.0 / 6.0)  # least variance
    assert book_leverage(-1.0, 2.0, *BOOK) == 0.0
    assert math.isfinite(book_leverage(0.05, 2.0, 0.0, 0.0, 0.0))


def test_value_at_risk_at_its_limit_is_a_99_percent_ten_day_loss():
    limit = np.empty(2)
    columns = (np.full(2, value) for value in BOOK)
    limit_by_var(loss_bound(0.34), np.array([1.0, 4.0]), *columns, limit)
    for most, risk in zip(limit, (1.0, 4.0), strict=True):
        sigma = math.sqrt(risk * book_variance(most, *BOOK))
        assert 2.3263478740408408 * sigma * math.sqrt(10 / 250) == pytest.approx(0.34, rel=1e-12)


def leverages(rate, **changes):
    world = new_world(rates__funding_per_year=rate, funds__funding__kind="none", **changes)
    rows = rows_of(world, HEDGE_FUND)
    return 1.0 + np.maximum(-world.books.units[JPY], 0.0)[rows] / world.books.wealth[rows]


def test_preferences_are_those_at_the_reference_rates():
    world = new_world()
    mandates, rows = world.rules.mandates, rows_of(world, HEDGE_FUND)
    at_three_per_cent = new_world(rates__funding_per_year=0.03).rules.mandates
    assert np.array_equal(at_three_per_cent.risk_aversion, mandates.risk_aversion)
    named = new_world(funds__preferences__funding_per_year=0.03).rules.mandates.risk_aversion
    kept = mandates.risk_aversion[rows]
    assert (named[rows] <= kept).all() and (named[rows] < 0.7 * kept).sum() > 6
    opening = [leverages(rate).sum() for rate in (0.001, 0.01, 0.02, 0.03, 0.05)]
    assert (np.diff(opening) < 0.0).all()


def test_risk_aversion_by_hand():
    # gamma b0 (Q l0 - c) is the carry at the reference rates, b0 = .37 x 1.15 + .63 x 1.3
    world = new_world(**BARE, funds__leverage_dispersion=0.0, funds__overlap=1.0)
    mandates, i = world.rules.mandates, 0
    style = load_scenario("hike").funds.styles["FXM"]
    q = mandates.asset_variance[i] - 2.0 * mandates.loan_covariance[i] + mandates.loan_variance[i]
    c = mandates.loan_variance[i] - mandates.loan_covariance[i]
    # .22 x 4.35% + .28 x 10.8% + .1 x 4.4% + .4 x 5.3% - (.1% - .15% + .3%)
    carry = 0.00957 + 0.03024 + 0.0044 + 0.0212 - 0.0025
    assert mandates.risk_aversion[i] * 1.2445 * (q * style.leverage - c) == pytest.approx(carry)


def test_funds_that_differ_in_their_loan_are_equally_leveraged_in_calm():
    # gamma b0 (Q m - c) is the carry; m times the mandate owe phi (m - 1) yen or G m - 1 in all
    calm = scenario("calm", funds__leverage_dispersion=0.0, funds__overlap=0.0, funds__n=200)
    mandates, assets = build_world(calm, 8).rules.mandates, 0.6
    own = fund_styles(calm).members[0]
    weights = np.ascontiguousarray(mandates.weights[:, own])
    gross, carry = np.full(weights.shape[1], assets), np.empty(weights.shape[1])
    expected = expected_income(opening_terms(calm), 0.001)
    portfolio_mean(
        0, len(carry), 1.0, expected, 0.053, RULES.banks.spread, weights, gross, -weights[0], carry
    )
    loan, covariance = mandates.loan_variance[own], mandates.loan_covariance[own]
    slope = mandates.asset_variance[own] - 2.0 * covariance + loan
    excess = carry / (1.2445 * mandates.risk_aversion[own])
    multiple, phi = (excess + loan - covariance) / slope, -weights[0]
    owed = np.maximum(phi * (multiple - 1.0), assets * multiple - 1.0)
    known = carry > calm.funds.carry_floor_per_year
    assert owed[known] - (calm.funds.styles["FXM"].leverage - 1.0) == pytest.approx(0.0)
    assert known.sum() > 10
    assert phi.min() < 0.5 and phi.max() > 1.1


def test_a_stop_is_reset_on_the_61st_morning_beyond_it():
    world = with_rules(new_world(), "funds", stop_reset_days=60, stop_drawdown=0.3)
    books = world.books
    books.high_water[:] = 2.0 * books.wealth
    books.high_water[1] = books.wealth[1] / 0.75
    for _ in range(60):
        reset_stops(*by_reference(books, world.rules))
    assert books.high_water[0] == 2.0 * books.wealth[0] and books.stopped_days[0] == 60
    reset_stops(*by_reference(books, world.rules))
    assert books.high_water[0] == books.wealth[0] and books.stopped_days[0] == 0
    assert books.high_water[1] == books.wealth[1] / 0.75 and books.stopped_days[1] == 0


def test_a_recovery_starts_the_count_anew_and_a_fund_that_is_out_has_none():
    world = with_rules(new_world(), "funds", stop_reset_days=60, stop_drawdown=0.3)
    books = world.books
    books.high_water[:] = 2.0 * books.wealth
    books.suspended_days[1], books.wealth[2] = 5, -1.0
    reset_stops(*by_reference(books, world.rules))
    assert books.stopped_days[:3].tolist() == [1, 0, 0]
    books.high_water[0] = books.wealth[0]
    reset_stops(*by_reference(books, world.rules))
    assert books.stopped_days[0] == 0


def test_redemptions_and_subscriptions_by_hand():
    # .5 x 6% / 60 of 100bn; nothing is refilled meanwhile
    assert capital_flow_usd_bn(100.0, 110.0, -0.06, FUNDS) == pytest.approx(-0.05)
    assert capital_flow_usd_bn(100.0, 110.0, 0.0, FUNDS) == pytest.approx(0.03)
    assert capital_flow_usd_bn(120.0, 110.0, 0.5, FUNDS) == pytest.approx(-0.1)  # paid out
    assert capital_flow_usd_bn(100.0, 100.0, -0.6, FUNDS) == pytest.approx(-0.3)  # the gate


def test_what_investors_see_by_hand():
    mean, noticed = np.zeros(3), np.zeros(3)
    report_returns(
        np.array([106.0, 50.0, -1.0]), np.array([100.0, 0.0, 10.0]), FLOWS, mean, noticed
    )
    assert mean.tolist() == pytest.approx([0.001, 0.0, 0.0])  # 6% over 60 days; two unknown
    assert noticed.tolist() == pytest.approx([0.002, 0.0, 0.0])  # .06 over 30 days


def test_what_is_paid_out_is_no_loss_and_a_fresh_start_has_no_past():
    world = with_rules(new_world(), "funds", payout=0.5)
    world.books.morning_wealth[:] = world.books.wealth
    world.books.cash[:5] += 0.5 * world.books.wealth[:5]
    world.market.outside[1, -1] -= 0.5 * world.books.wealth[:5].sum()
    world.books.suspended_days[7], world.books.noticed_return[7] = 1, -0.4
    world = pass_days(world, 1)
    gained, again = world.books.mean_return[:5], world.books.noticed_return[7]
    assert (gained > 0.008).all()  # half of wealth, over sixty days
    pass_days(world, 1, 1)
    assert (world.books.mean_return[:5] > 0.005).all()
    assert abs(again) < 0.01


def test_yen_shares_differ_around_those_of_the_style_and_keep_its_loan():
    world = new_world(funds__overlap=0.3, population__scale=1.0)
    shares = -world.rules.mandates.weights[JPY]
    styles, wealth = np.array(world.styles), world.rules.mandates.opening_wealth
    for name, style in load_scenario("hike").funds.styles.items():
        own = styles == name
        assert np.sum(wealth[own] * shares[own]) == pytest.approx(
            style.yen_share * wealth[own].sum()
        )
        assert len(set(shares[own].round(12))) > 3
    alike = new_world(funds__overlap=1.0).rules.mandates.weights[JPY]
    assert set((-alike[rows_of(world, HEDGE_FUND)[:3]]).round(12)) == {1.0}


@pytest.mark.parametrize(
    ("loan_share", "gross", "owed"),
    [
        pytest.param(1.0, 0.6, 2.0, id="all yen, dollars left over: what is borrowed"),
        pytest.param(1.2, 0.6, 2.4, id="more yen than is spent"),
        pytest.param(0.5, 1.0, 2.0, id="half in yen, half in dollars"),
        pytest.param(0.8, 0.6, 1.6, id="the rest is paid out of dollars left over"),
        pytest.param(0.0, 1.0, 2.0, id="dollars alone"),
    ],
)
def test_what_a_fund_owes_tells_how_many_times_it_holds_its_mandate(loan_share, gross, owed):
    # three times over: yen loan 3 - 1 = 2 times its share, assets 3 times their weight
    assert mandate_multiple(1.0 + owed, loan_share, gross) == pytest.approx(3.0, rel=1e-14)


def test_funds_open_at_what_they_want_whatever_their_loan():
    calm = scenario("calm", funds__n=200, funds__overlap=0.0)
    world = with_rules(build_world(calm, 8), "funds", band=1e-6)
    books, market, graph, rules, chance, script, orders, options, record, scratch = by_reference(
        *world.groups
    )
    set_policy(0, market, rules, chance, script, record)
    mark_and_move_capital(0, books, market, graph, rules, scratch)
    decide(0, books, market, graph, rules, orders, options, scratch)
    funds = slice(*world.rules.mandates.first_row[HEDGE_FUND : HEDGE_FUND + 2])
    share = -world.rules.mandates.weights[0, funds]
    assert share.max() > 1.05
    owes = world.books.borrowing[funds] > 0.0
    assert owes.sum() > 20 and not world.books.speed[funds][owes].any()


def test_no_fund_owes_more_than_its_cap_allows_whatever_its_loan():
    world = new_world(
        funds__n=200,
        funds__overlap=0.0,
        funds__leverage_cap=2.0,
        funds__opening_cap_share=1.0,
        funds__leverage_dispersion=0.0,
    )
    funds = slice(*world.rules.mandates.first_row[HEDGE_FUND : HEDGE_FUND + 2])
    owed = world.books.borrowing[funds] / world.books.wealth[funds]
    assert owed.max() == pytest.approx(1.0)  # a leverage of 2
    share = -world.rules.mandates.weights[0, funds]
    assert (owed[share > 1.05] == pytest.approx(1.0)) and (share > 1.05).sum() > 3


@pytest.mark.parametrize(
    ("full", "yen", "dollar", "share"),
    [
        (0.052, 0.001, 0.053, 1.0),
        (0.052, 0.027, 0.053, 0.5),
        (0.052, 0.001, 0.2, 1.0),
        (0.052, 0.053, 0.053, 0.0),
        (0.052, 0.06, 0.01, 0.0),
        (0.0, 0.06, 0.01, 1.0),  # rates are not followed
    ],
)
def test_positions_follow_the_differential(full, yen, dollar, share):
    assert carry_share(full, yen, dollar) == pytest.approx(share)


def test_a_yen_loan_beyond_what_is_spent_earns_the_dollar_rate():
    mean = np.zeros(2)
    add_funding(0.05, 0.053, np.array([0.5, 1.2]), np.ones(2), mean)
    assert mean == pytest.approx([-0.5 * 0.053, 0.2 * 0.05])


def yen_by_kind(rate, kind, **changes):
    world = pass_days(new_world(rates__funding_per_year=rate, **changes), 1)
    return -world.books.units[JPY][rows_of(world, kind)].sum(), world


def test_retail_and_trend_followers_shed_their_short_at_zero_differential():
    full, _ = yen_by_kind(0.001, RETAIL_FX)
    none, world = yen_by_kind(0.053, RETAIL_FX)
    assert full > 5.0 and abs(none) < 1e-9
    assert (world.market.trend_size[1:, JPY] == 0.0).all()  # the signal is short
    blind, world = yen_by_kind(
        0.053, RETAIL_FX, retail_fx__carry__kind="none", trend__carry__kind="none"
    )
    assert blind > 5.0 and (world.market.trend_size[1:, JPY] < 0.0).all()


def test_a_long_position_in_yen_is_not_held_back_by_rates():
    up = {"trend__opening_signal": {"JPY": 0.8}, "rates__funding_per_year": 0.053}
    _, world = yen_by_kind(0.053, TREND, trend__opening_signal={"JPY": 0.8})
    assert (world.market.trend_size[1:, JPY] > 0.0).all(), up


def test_funds_borrow_dollars_instead_where_the_yen_is_as_dear():
    short, world = yen_by_kind(0.053, HEDGE_FUND)
    rows = rows_of(world, HEDGE_FUND)
    assert abs(short) < 1e-9 and world.market.funding_share[0] == 0.0
    assert (world.books.cash[rows] < 0.0).any()
