"""Authorities that follow a rule: when they act by hand, within what, and on whose markets."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from abm.kernels.authorities.boj import HIKES_MADE, IS_POSTPONED
from abm.kernels.authorities.mof import CLOSES
from abm.kernels.compiler.reference import by_reference
from abm.kernels.policy import follow_rules, pull_levers
from abm.population.streams import generator
from abm.population.world import build_world
from tests.engine.worlds import JGB, JPY, NKY, SPX, pass_days, scenario

DAYS = 120
QUEUE = {
    "kind": "rule",
    "n_hikes": 3,
    "meeting_every_days": 10,
    "cool_days": 12,
    "trigger_asset": "NKY",
    "statement_moves": {"SPX": 0.01},
}
BUYS = {"kind": "rule", "buying": {"kind": "weak"}}
SELLS = {"kind": "rule", "selling": {"kind": "strong"}}
CAMPAIGN_USD_BN, SALES_USD_BN = 60.0, 100.0


def ruled(**changes):
    """A small world in which authorities follow rules, before its first day."""
    return build_world(scenario("calm", calendar__days=DAYS, **changes), 1)


def followed(world, yen, shares=None):
    """What the rules do on each morning, as of closes up to the day before: one row a day.

    yen, shares: closes by day [log]; before day 0 they were zero.
    """
    _, market, _, rules, chance, script, *_ = by_reference(*world.groups)
    live, acts = world.market, []
    shares = np.zeros(len(yen)) if shares is None else shares
    for day in range(len(yen)):
        for back in range(len(live.close)):
            at = day - 1 - back
            live.close[back, [JPY, NKY]] = (yen[at], shares[at]) if at >= 0 else 0.0
        follow_rules(day, market, rules, chance, script)
        acts.append(
            (live.rate_moves[0], live.boj[IS_POSTPONED], live.policy_news.copy(),
             live.policy_orders[0], live.rate_moves[-1], live.fear_gauge[0])
        )  # fmt: skip
    return [np.array(column) for column in zip(*acts, strict=True)]


def jump(day, size, n=DAYS):
    """Closes that stand at zero, and from a day on at a size."""
    return np.where(np.arange(n) >= day, size, 0.0)


def test_a_hike_waits_twelve_days_after_the_last_trigger_and_comes_at_the_next_meeting():
    # closes of days 13 to 17 are 5% above those of five days before: the last trigger is day 17
    rate, put_off, news, *_ = followed(ruled(policy__boj=QUEUE), jump(13, 0.05))
    assert np.flatnonzero(rate).tolist() == [0, 10, 30]  # 30 - 17 = 13 days: one too many to wait
    assert rate[[0, 10, 30]] == pytest.approx([0.0025] * 3, rel=1e-14)
    assert np.flatnonzero(put_off).tolist() == [20]
    told = np.flatnonzero(news[:, JPY] < 0.0)
    assert told.tolist() == [15]  # two days after the close that was the first trigger
    assert news[15, [JPY, SPX]] == pytest.approx([-7.76e-4 * 17.5, 0.01], rel=1e-12)
    assert news[10, [JPY, JGB]] == pytest.approx([7.76e-4 * 25.0, -9.0 * 0.28 * 0.0025])


def test_a_fall_of_shares_makes_hikes_wait_as_a_rise_of_the_yen_does():
    flat = np.zeros(DAYS)
    _, put_off, *_ = followed(ruled(policy__boj=QUEUE), flat, jump(13, -0.11))
    assert np.flatnonzero(put_off).tolist() == [20]
    _, put_off, *_ = followed(ruled(policy__boj=QUEUE), flat, jump(13, -0.10))
    assert not put_off.any()
    _, put_off, *_ = followed(
        ruled(policy__boj=QUEUE | {"trigger_asset": None}), flat, jump(13, -1)
    )
    assert not put_off.any()


def test_a_silent_pause_waits_as_long_and_says_nothing():
    heard = followed(ruled(policy__boj=QUEUE), jump(13, 0.05))
    silent = followed(ruled(policy__boj=QUEUE | {"pause": "silent"}), jump(13, 0.05))
    assert np.array_equal(heard[0], silent[0]) and np.array_equal(heard[1], silent[1])
    assert (silent[2][:, JPY] >= 0.0).all() and (heard[2][:, JPY] < 0.0).sum() == 1


def test_nothing_is_taken_back_once_all_hikes_are_made_or_no_meeting_is_left():
    made = followed(ruled(policy__boj=QUEUE | {"n_hikes": 2}), jump(13, 0.05))
    assert (made[2][:, JPY] >= 0.0).all() and not made[1].any()
    last = followed(ruled(policy__boj=QUEUE | {"meetings": [0, 10]}), jump(13, 0.05))
    assert (last[2][:, JPY] >= 0.0).all() and np.flatnonzero(last[0]).tolist() == [0, 10]


@given(
    steps=st.lists(st.floats(-0.06, 0.06), min_size=DAYS, max_size=DAYS),
    cool=st.integers(0, 40),
    n_hikes=st.integers(0, 12),
    every=st.integers(1, 30),
)
@settings(max_examples=40, deadline=None)
def test_no_hike_within_cool_days_of_a_trigger_and_never_more_than_the_queue(
    steps, cool, n_hikes, every
):
    yen = np.cumsum(steps)
    queue = {"kind": "rule", "n_hikes": n_hikes, "meeting_every_days": every, "cool_days": cool}
    world = ruled(policy__boj=queue)
    rate, put_off, *_ = followed(world, yen)
    before = np.concatenate([np.zeros(5), yen])
    # computed apart: the closes at which the yen stood 4% over those of five days before
    triggers = np.flatnonzero(before[5:] - before[:-5] >= 0.04)
    meetings = range(0, DAYS, every)
    waits = [any(0 < day - t <= cool for t in triggers) for day in meetings]
    free = [day for day, wait in zip(meetings, waits, strict=True) if not wait]
    assert np.flatnonzero(rate).tolist() == free[:n_hikes]
    assert world.market.boj[HIKES_MADE] == min(len(free), n_hikes)
    done = free[n_hikes - 1] if len(free) >= n_hikes > 0 else (DAYS if n_hikes else -1)
    held = [d for d, wait in zip(meetings, waits, strict=True) if wait and d < done]
    assert np.flatnonzero(put_off).tolist() == held


def test_a_campaign_by_hand():
    world = with_policy_draws(ruled(policy__mof=BUYS), hazard=0.0, size=0.5)
    # .2% a day: the 60-day fall is 5.6% at the close of day 84, that of 20 days 4%
    fall = np.where(np.arange(DAYS) < 57, 0.0, -0.002 * (np.arange(DAYS) - 56))
    orders = followed(world, fall)[3]
    # three times 20 are the budget of 60, and after more than 15 days without there is another
    assert np.flatnonzero(orders).tolist() == [85, 86, 87, 103, 104, 105]
    assert orders[85:88] == pytest.approx([20.0, 20.0, 20.0])
    signal = followed(with_policy_draws(ruled(policy__mof=BUYS), 0.0, 0.5), fall)[2][:, JPY]
    assert np.flatnonzero(signal).tolist() == [85, 103] and signal[85] == 0.004


def test_whether_yen_are_bought_follows_the_draw_of_the_day():
    fall = np.where(np.arange(DAYS) < 10, 0.0, -0.004 * (np.arange(DAYS) - 9))
    rare = with_policy_draws(ruled(policy__mof=BUYS), hazard=0.11, size=0.5)
    assert not followed(rare, fall)[3].any()  # a draw at the hazard is above it
    drawn = ruled(policy__mof=BUYS)
    assert np.array_equal(drawn.chance.policy, generator("policy", 1, 0).random((DAYS, 2)))
    first = np.flatnonzero(followed(drawn, fall)[3])[0]
    weak = np.arange(24, DAYS)
    assert first == weak[drawn.chance.policy[weak, 0] < 0.11][0]


def test_yen_are_sold_day_by_day_while_they_have_risen_until_the_budget_is_spent():
    orders = followed(ruled(policy__mof=SELLS), 0.01 * np.arange(DAYS))[3]
    assert np.flatnonzero(orders).tolist() == [5, 6, 7, 8, 9]  # closes 4 and 0: four percent
    assert (orders[5:10] == -20.0).all()


@given(steps=st.lists(st.floats(-0.03, 0.03), min_size=DAYS, max_size=DAYS), seed=st.integers(0, 9))
@settings(max_examples=40, deadline=None)
def test_no_budget_is_ever_exceeded(steps, seed):
    rule = {"kind": "rule", "buying": {"kind": "weak"}, "selling": {"kind": "strong"}}
    world = ruled(policy__mof=rule)
    world.chance.policy[:] = np.random.default_rng(seed).random((DAYS, 2)) * [0.2, 1.0]
    orders = followed(world, np.cumsum(steps))[3]
    assert -orders[orders < 0.0].sum() <= SALES_USD_BN + 1e-9
    bought = np.flatnonzero(orders > 0.0)
    for campaign in np.split(bought, np.flatnonzero(np.diff(bought) > 15) + 1):
        assert orders[campaign].sum() <= CAMPAIGN_USD_BN + 1e-9


def test_scripted_interventions_count_against_the_budget():
    acts = [{"name": "a", "day": 83, "usd_bn": 45.0}]
    world = with_policy_draws(ruled(policy__mof=BUYS | {"interventions": acts}), 0.0, 0.5)
    fall = np.where(np.arange(DAYS) < 57, 0.0, -0.002 * (np.arange(DAYS) - 56))
    orders = followed(world, fall)[3]
    assert orders[[83, 85]] == pytest.approx([45.0, 15.0])
    assert not orders[86:99].any()


def test_the_dollar_rate_is_cut_every_ten_days_while_shares_are_volatile_and_not_below_its_floor():
    fed = {"kind": "rule", "floor_per_year": 0.042}
    world = ruled(policy__fed=fed)
    world.market.covariance_fast[SPX, SPX] = 0.5**2
    *_, rate, gauge = followed(world, np.zeros(DAYS))
    opening, weight = 100.0 * np.sqrt(1.15) * 0.103, 1.0 - 0.5**0.2
    assert gauge[0] == pytest.approx(opening + weight * (50.0 - opening), rel=0.02)
    first = np.flatnonzero(gauge > 35.0)[0]
    assert np.flatnonzero(rate).tolist() == [first, first + 10, first + 20]
    assert rate[[first, first + 10, first + 20]] == pytest.approx([-0.005, -0.005, -0.001])


def test_what_rules_tell_and_move_adds_to_the_script():
    move = [{"name": "own", "day": 10, "hike_bp": 10.0, "ycc_exit_bp": 30.0}]
    world = ruled(policy__boj=QUEUE | {"path": move})
    _, market, _, rules, chance, script, *_ = by_reference(*world.groups)
    for day in range(11):
        follow_rules(day, market, rules, chance, script)
        pull_levers(day, market, rules, script)
    assert world.market.rates[0] == pytest.approx(0.001 + 0.0025 + 0.0025 + 0.001, rel=1e-12)
    assert world.market.fundamental[JPY] == pytest.approx(2 * 7.76e-4 * 25.0)
    assert world.script.news[10, JGB] == pytest.approx(-9.0 * 0.003)  # duration times 30bp  (M104)


def test_a_rule_sees_nothing_of_its_own_day():
    rules = {"policy__boj": QUEUE, "policy__mof": BUYS | SELLS, "policy__fed": {"kind": "rule"}}
    one, other = (build_world(scenario("calm", calendar__days=20, **rules), 1) for _ in range(2))
    for world in (one, other):
        world.chance.news[8, JPY] = 0.06  # so that rules have something to do on day 9
        pass_days(world, 9)
    other.chance.news[9] += 0.05
    for world in (one, other):
        pass_days(world, 1, first=9)
    levers = ("policy_rates", "policy_orders", "policy_news", "boj", "spent_usd_bn", "last_act")
    for name in levers:
        assert np.array_equal(getattr(one.market, name), getattr(other.market, name)), name
    assert one.market.policy_orders[JPY] == -20.0
    assert not np.array_equal(one.market.log_price, other.market.log_price)


def test_closes_are_kept_for_a_year_and_then_written_over():
    world = ruled()
    yen = np.linspace(0.0, 0.1, DAYS)
    followed(world, yen)
    assert world.market.funding_closes[DAYS - 1] == yen[DAYS - 2]
    assert world.market.funding_closes.size == CLOSES


def with_policy_draws(world, hazard, size):
    """The same world with these draws on every day."""
    world.chance.policy[:] = hazard, size
    return world
