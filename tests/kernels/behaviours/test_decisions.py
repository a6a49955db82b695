"""Targets of each kind of institution on a morning, recomputed from their definition."""

import numpy as np
import pytest

from abm.agents.decision import next_decision
from abm.kernels.compiler.reference import by_reference
from abm.kernels.day import accrue, decide, mark_and_move_capital, set_policy
from abm.kernels.news import apply_news
from abm.kernels.state import (
    HEDGE_FUND,
    INSURER,
    RETAIL_EQUITY,
    RETAIL_FX,
    RISK_PARITY,
    TREND,
    VOLATILITY_TARGET,
)
from abm.population.instruments import opening_terms
from abm.population.world import build_world
from tests.engine.worlds import (
    AUD,
    BARE,
    DOLLAR,
    JGB,
    JPY,
    MXN,
    NKY,
    SPX,
    UST,
    leverage,
    pass_days,
    quiet,
    rows_of,
    scenario,
    still,
    with_rules,
)

N = 9


def some_morning(**changes):
    """A world after five days of one round each, the first with a surprise of 40bp.

    The yen rate is then .5%, the differential 4.8% of the 5.2% at which all usual yen are borrowed.
    """
    changes = BARE | {"clearing__rounds": 1, "shock__surprise_bp": 40.0} | changes
    world = build_world(scenario(**changes), 8)
    return pass_days(world, 5)


YEN_SHARE = 0.048 / 0.052


def todays_weights(world, row):
    """Weights of a fund, with the share of its usual yen loan that it takes today."""
    weights = world.rules.mandates.weights[:, row].copy()
    weights[JPY] *= YEN_SHARE
    return weights


def usd_view(market, covariance):
    """Covariance of USD returns from that of local returns."""
    to_usd = np.eye(N)
    for k in np.flatnonzero(market.quote >= 0):
        to_usd[k, market.quote[k]] = 1.0
    return to_usd @ covariance @ to_usd.T


def test_a_fund_wants_mean_over_risk_aversion_times_variance_within_its_limits():
    world = some_morning()
    market, funds, banks = world.market, world.rules.funds, world.rules.banks
    calm = usd_view(market, opening_terms(scenario(**BARE)).covariance)
    trend, price, link = market.trend[0].copy(), market.log_price.copy(), market.link_level.copy()
    risk, rates = world.books.sizing_risk.copy(), world.script.rates[5]
    pass_days(world, 1, 5)
    # links move once the day has begun: decisions are made on the level of the last round
    gap = market.fundamental + link - price
    view = 250.0 * funds.trend_weight * trend + funds.value_weight * gap
    view[market.quote == JPY] += view[JPY]
    income = world.rules.market.income.copy()
    income[[UST, JGB]] *= np.exp(-price[[UST, JGB]])  # coupons are fixed
    income[:DOLLAR] = rates[:DOLLAR]
    expected = income + view
    expected[JPY] += 0.5 * banks.basis + banks.spread
    for i in rows_of(world, HEDGE_FUND):
        w, mandates = todays_weights(world, i), world.rules.mandates
        idle = max(0.0, 1.0 - w[1:].sum())
        owed = 1.0 + w[JPY]  # in dollars; below 0 they are held
        mean = w @ expected + idle * rates[-1] - owed * rates[-1] - max(owed, 0.0) * banks.spread
        # variance of the book l w less the yen that are not borrowed: Q l^2 - 2 c l + D
        slope, loan = w[JPY] * (calm[JPY] @ w), w[JPY] ** 2 * calm[JPY, JPY]
        variance = (1.0 - funds.anchor_share) * risk[i] + funds.anchor_share * 1.3
        curvature = mandates.risk_aversion[i] * variance * (w @ calm @ w)
        best = max(0.0, mean / curvature + slope / (w @ calm @ w))
        most = np.sqrt(25.0 * (funds.var_limit / 2.3263478740408408) ** 2 / risk[i])
        roots = np.roots([w @ calm @ w, -2.0 * slope, loan - most**2])
        wanted = min(best, roots.max(), mandates.leverage_cap[i])
        wanted = min(wanted, world.rules.margin.buffer / world.books.margin_rate[i])
        assert world.books.target_leverage[i] == pytest.approx(wanted, rel=1e-9)


def test_margin_rates_cover_the_worst_recent_loss_of_the_book():
    world = some_morning()
    calm, use = (
        usd_view(world.market, opening_terms(scenario(**BARE)).covariance),
        world.graph.utilisation.copy(),
    )
    worst = world.books.margin_risk.copy()
    pass_days(world, 1, 5)
    rule, mandates = world.rules.margin, world.rules.mandates
    assert (worst[rows_of(world, HEDGE_FUND)] > 1.3).any()
    for i in rows_of(world, HEDGE_FUND):
        load = 1.0 + rule.concentration_load * mandates.concentration[i]
        load += rule.utilisation_load * brokers_use(world, i, use)
        rate = world.books.margin_rate[i]
        if rate in (rule.ceiling, rule.floor * load):
            continue
        held = todays_weights(world, i) / rate
        held[JPY] *= 1.0 - rate  # of what is borrowed beyond wealth
        # 6.3 times the ten-day volatility at the worst loss, and the load, is all of wealth
        volatility = np.sqrt(max(worst[i], 1.3) * (held @ calm @ held) * 10.0 / 250.0)
        assert rule.volatility_multiple * volatility * load == pytest.approx(1.0, rel=1e-9)


def brokers_use(world, row, use):
    """Use of the balance sheets of an institution's brokers, by their shares of its loan."""
    edges = slice(*world.graph.broker_start[row : row + 2])
    return world.graph.broker_share[edges] @ use[world.graph.broker[edges]]


def test_margin_rates_follow_fast_volatility_concentration_and_brokers():
    world = some_morning(margin={"kind": "volatility"})
    cov = usd_view(world.market, world.market.covariance_fast.copy())
    use = world.graph.utilisation.copy()
    pass_days(world, 1, 5)
    rule, mandates = world.rules.margin, world.rules.mandates
    for i in rows_of(world, HEDGE_FUND):
        brokers = brokers_use(world, i, use)
        weights = todays_weights(world, i)
        sigma = np.sqrt(weights @ cov @ weights)
        rate = max(rule.floor, rule.volatility_multiple * sigma * 0.2)
        load = 1.0 + rule.concentration_load * mandates.concentration[i]
        rate = min(rate * (load + rule.utilisation_load * brokers), rule.ceiling)
        assert world.books.margin_rate[i] == pytest.approx(rate, rel=1e-9)
        limit = min(1.0 / rate, mandates.leverage_cap[i])
        assert world.books.maintenance_leverage[i] == pytest.approx(limit, rel=1e-9)


def test_target_shares_of_a_fund_are_leverage_times_weights_and_yen_of_the_loan():
    world = still("funds", funds__n=5, population__scale=1.0)
    world.rules.mandates.risk_aversion[:] *= 2.0  # all want half of what they hold
    world = with_rules(world, "funds", speed_down=1.0)
    pass_days(world)
    books, weights = world.books, world.rules.mandates.weights
    for i in rows_of(world, HEDGE_FUND):
        held = books.units[:, i] / books.wealth[i]
        wanted = books.target_leverage[i]
        assert held[1:] == pytest.approx(wanted * weights[1:, i], abs=1e-9)
        assert held[JPY] == pytest.approx(weights[JPY, i] * max(wanted - 1.0, 0.0), abs=1e-9)


def follower(kind, covariance_times, **changes):
    """A rule follower after volatility has changed: gross assets over wealth, before and after."""
    speeds = {f"{kind}__speed_down_per_day": 0.6, f"{kind}__speed_up_per_day": 0.05}
    world = still(kind, **{f"{kind}__n": 1} | speeds | changes)
    row = int(np.flatnonzero(np.diff(world.rules.mandates.first_row) == 1)[0])
    row = int(world.rules.mandates.first_row[row])
    world.market.covariance[:] *= covariance_times
    world.market.covariance_fast[:] *= covariance_times
    before = world.books.units[DOLLAR:, row].copy()
    pass_days(world)
    return before, world.books.units[DOLLAR:, row].copy(), world


@pytest.mark.parametrize("kind", ["risk_parity", "volatility_target"])
def test_rule_followers_cut_six_tenths_a_day_and_rebuild_a_twentieth(kind):
    # volatility times two halves the target; divided by 1.1 it raises it by a tenth (below the cap)
    before, after, _ = follower(kind, 4.0)
    assert after == pytest.approx(before * (1.0 - 0.6 * 0.5), rel=1e-9)
    before, after, _ = follower(kind, 1.1**-2)
    assert after == pytest.approx(before * (1.0 + 0.05 * 0.1), rel=1e-9)
    before, after, _ = follower(kind, 1.04**2)  # inside the dead band of 5%
    assert (after == before).all()


def test_rule_followers_sell_the_yen_of_their_nikkei_forward():
    hedged = {"risk_parity": {"risk_parity__yen_share": 0.0}, "volatility_target": {}}
    for (kind, changes), number in zip(
        hedged.items(), (RISK_PARITY, VOLATILITY_TARGET), strict=True
    ):
        _, _, world = follower(kind, 4.0, **changes)
        for i in rows_of(world, number):
            assert world.books.units[JPY, i] == pytest.approx(-world.books.units[NKY, i])


def test_yen_funded_risk_parity_owes_its_share_of_the_loan():
    _, _, world = follower("risk_parity", 1.0)
    row = rows_of(world, RISK_PARITY)[0]
    assert leverage(world, row) > 1.0
    world = still("risk_parity", risk_parity__n=1, risk_parity__yen_share=0.25)
    row, books = rows_of(world, RISK_PARITY)[0], world.books
    gross = books.units[DOLLAR:, row].sum() / books.wealth[row]
    owed = -(books.units[JPY, row] + books.units[NKY, row]) / books.wealth[row]
    assert owed == pytest.approx(0.25 * (gross - 1.0)) and owed > 0.1
    world.market.covariance[:] *= 4.0
    band = world.rules.risk_parity.band._replace(speed_down=1.0)
    world = with_rules(world, "risk_parity", band=band)
    pass_days(world)
    owed = -(books.units[JPY, row] + books.units[NKY, row]) / books.wealth[row]
    assert owed == pytest.approx(0.25 * max(0.5 * gross - 1.0, 0.0), rel=1e-9)


def test_equal_risk_is_equal_risk():
    world = still("risk_parity", risk_parity__n=1, risk_parity__weighting="equal-risk")
    row = rows_of(world, RISK_PARITY)[0]
    held = world.books.units[:, row].copy()
    held[:DOLLAR] = 0.0
    risk = held * (world.market.covariance @ held)
    tilt = world.rules.mandates.weights[:, row] * (np.arange(N) >= DOLLAR)
    assert risk / risk.sum() == pytest.approx(tilt / tilt.sum(), abs=1e-7)
    pass_days(world)
    assert world.books.units[DOLLAR:, row] == pytest.approx(held[DOLLAR:], abs=1e-9)


@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_trend_followers_buy_what_rises_and_sell_what_falls(sign):
    world = still("trend", trend__n=2, population__scale=1.0, trend__opening_signal={})
    rows = rows_of(world, TREND)
    assert abs(world.books.units[:, rows]).max() == 0.0
    world.market.trend[1:, [JPY, SPX]] = sign * 0.001
    pass_days(world)
    assert (sign * world.books.units[np.ix_([JPY, SPX], rows)] > 0.0).all()
    assert abs(world.books.units[[AUD, UST, NKY]][:, rows]).max() < 1e-12


def test_each_trend_follower_reads_its_own_filter():
    world = still("trend", trend__n=2, population__scale=1.0, trend__opening_signal={})
    fast, slow = rows_of(world, TREND)
    world.market.trend[1, SPX], world.market.trend[2, SPX] = 0.001, -0.001
    pass_days(world)
    assert world.rules.mandates.uses_slow_filter[[fast, slow]].tolist() == [0, 1]
    assert world.books.units[SPX, fast] > 0.0 > world.books.units[SPX, slow]


def test_a_trend_position_by_hand():
    # one day at a speed of .4 towards w sigma* g/2 tanh(.8 z) / sigma_f of wealth
    world = still(
        "trend", trend__n=1, trend__opening_signal={}, trend__speed_per_day=0.4, trend__gain=0.5
    )
    row, market = rows_of(world, TREND)[0], world.market
    calm, days = world.rules.market.calm_volatility[SPX], world.rules.estimate.trend_days[1]
    market.trend[1, SPX] = 2.0 * calm / np.sqrt(250.0 * (2.0 * days - 1.0))  # z = 2
    sigma = np.sqrt(market.covariance_fast[SPX, SPX])
    pass_days(world)
    share = 0.1 * 0.25 * np.tanh(1.6) / sigma
    assert world.books.units[SPX, row] == pytest.approx(0.4 * share * world.books.wealth[row])


def yen_after(kind, number, moves, **changes):
    """A row's yen at the start and after some days on which only the yen moves."""
    world = still(kind, **{f"{kind}__n": 1, "calendar__days": 30} | changes)
    world.chance.news[: len(moves), JPY] = moves
    row = rows_of(world, number)[0]
    before = world.books.units[JPY, row]
    pass_days(world, 30)
    return before, world.books.units[JPY, row], world


def test_life_insurers_buy_yen_after_it_has_risen_and_not_after_it_has_fallen():
    before, after, _ = yen_after("insurers", INSURER, [0.005] * 10)
    assert after > before + 1.0
    before, after, _ = yen_after("insurers", INSURER, [-0.005] * 10)
    assert after == pytest.approx(before)


def test_an_insurers_first_purchase_by_hand():
    # the yen up 4% on day 0: on day 1 a twentieth of .4 x .04 x 300bn, at the new price
    change = {"insurers__hedge_per_yen_rise": 0.4, "insurers__speed_per_day": 0.05}
    world = still("insurers", insurers__n=1, insurers__assets_usd_bn=300.0, **change)
    world.rules.mandates.weights[JPY, :] = 0.0  # no hedge at the opening
    world.books.units[JPY, :] = 0.0
    world.chance.news[0, JPY] = 0.04
    pass_days(world, 2)
    assert world.books.units[JPY, 0] == pytest.approx(0.05 * 0.4 * 0.04 * 300.0 / np.exp(0.04))


def test_retail_traders_add_to_their_yen_short_when_it_rises_and_cut_when_it_falls():
    patient = {
        "retail_fx__leverage": 3.0,
        "retail_fx__speed_per_day": 0.5,
        "retail_fx__contrarian_weight": 0.25,
        "retail_fx__renewal_per_day": 0.0,
    }
    positions = []
    for move in (0.01, -0.01):
        world = still("retail_fx", retail_fx__n=1, **patient)
        row = rows_of(world, RETAIL_FX)[0]
        world.chance.news[0, JPY] = move
        before = world.books.units[JPY, row]
        pass_days(world, 2)
        positions.append(world.books.units[JPY, row] / before)
    # half of the way to 1 + .25 tanh(1/3)
    lean = 0.5 * 0.25 * np.tanh(1.0 / 3.0)
    assert positions == pytest.approx([1.0 + lean, 1.0 - lean], rel=1e-6)


def test_retail_traders_lean_against_each_cross_by_itself():
    given = {
        "retail_fx__leverage": 3.0,
        "retail_fx__speed_per_day": 0.5,
        "retail_fx__contrarian_weight": 0.25,
        "retail_fx__renewal_per_day": 0.0,
    }
    weights = {"retail_fx__weights": {"AUD": 0.2, "MXN": 0.2, "USD": 0.6}}
    world = still("retail_fx", retail_fx__n=1, **given, **weights)
    row = rows_of(world, RETAIL_FX)[0]
    world.chance.news[0, AUD] = -0.03  # the yen has risen by a scale against the dollar of Sydney
    crosses = [JPY, AUD, MXN]
    before = world.books.units[crosses, row].copy()
    pass_days(world, 2)
    lean = 0.5 * 0.25 * np.tanh(1.0)
    grown = world.books.units[crosses, row] / before
    assert grown == pytest.approx([1.0 + 0.2 * lean, 1.0 + lean, 1.0])


def test_retail_traders_stay_within_the_legal_leverage():
    world = still("retail_fx", retail_fx__n=1, retail_fx__speed_per_day=1.0)
    row = rows_of(world, RETAIL_FX)[0]
    most = world.rules.retail_fx.most_leverage
    assert most == pytest.approx(0.9 * 25.0)
    world.rules.mandates.size_usd_bn[row] = 1e3
    wealth = world.books.wealth[row]
    pass_days(world)
    assert -world.books.units[JPY, row] == pytest.approx(most * wealth)


def test_margin_longs_buy_back_slowly_what_they_had_and_never_more():
    world = still("retail_equity", retail_equity__n=1, retail_equity__leverage_dispersion=0.0)
    row = rows_of(world, RETAIL_EQUITY)[0]
    size = world.rules.mandates.size_usd_bn[row]
    world.books.units[NKY, row] -= 0.5 * size
    world.books.units[JPY, row] += 0.5 * size  # sold before, for yen
    pass_days(world)
    speed = world.rules.retail_equity.speed
    assert world.books.units[NKY, row] == pytest.approx(0.5 * size * (1.0 + speed))
    world.books.units[NKY, row] = 1.5 * size  # a gift
    pass_days(world, 1, 1)
    assert world.books.units[NKY, row] == 1.5 * size


def test_who_sits_out_wants_nothing():
    world = quiet(build_world(scenario("calm", clearing__rounds=1), 3))
    n = len(world.names) - len(rows_of(world, INSURER))
    world.books.suspended_days[:n] = 30
    world.market.covariance[:] *= 9.0
    world.market.covariance_fast[:] *= 9.0
    before = world.books.units[:, :n].copy()
    pass_days(world)
    assert (world.books.units[:, :n] == before).all()


def test_risk_parity_funds_of_unlike_tilts_each_weigh_their_own():
    world = build_world(scenario("hike", population__scale=1.0), 1)
    weights, first = world.rules.mandates.weights, world.rules.mandates.first_row[RISK_PARITY]
    world.books.units[3:, first : first + 2] *= 2.0  # out of their bands
    weights[3:, first + 1] = weights[3:, first][::-1]
    alone = [next_decision(world, first + number, 0) for number in (0, 1)]
    books, market, graph, rules, chance, script, orders, options, record, scratch = by_reference(
        *world.groups
    )
    set_policy(0, market, rules, chance, script, record)
    apply_news(0, market, rules, chance, script)
    accrue(0, books, market, graph, rules, script)
    mark_and_move_capital(0, books, market, graph, rules, scratch)
    decide(0, books, market, graph, rules, orders, options, scratch)
    together = [world.books.intent[:, first + number] for number in (0, 1)]
    assert np.array_equal(together[0], alone[0].intent)
    assert np.array_equal(together[1], alone[1].intent)
    assert alone[0].speed > 0.0 and not np.array_equal(together[0], together[1])
