"""Companies that owe yen: when they hedge, by how much, what it costs, and what becomes of debt."""

import numpy as np
import pytest

import abm
from abm.kernels.behaviours.company import hedge_order
from abm.kernels.state import ACCRUALS, COMPANY, LEGS, SUBSCRIPTIONS
from abm.model import CarryUnwindModel
from abm.population.rules import make_rules
from abm.population.world import build_world
from tests.engine.worlds import (
    DOLLAR,
    JPY,
    everybody,
    gross,
    pass_days,
    quiet,
    rows_of,
    scenario,
    still,
    with_rules,
)

ONE = {
    "companies__n": 1,
    "companies__debt_usd_bn": 60.0,
    "companies__opening_hedge_share": 0.1,
    "companies__hedge_share": 0.7,
    "companies__rise_log": 0.04,
    "companies__rise_log_spread": 0.0,
    "companies__rise_days": 5,
    "companies__speed_up_per_day": 0.15,
    "companies__speed_down_per_day": 0.01,
    "companies__payout_per_day": 0.0,
    "population__scale": 1.0,
}
MANY = ONE | {"companies__n": 5, "companies__rise_log_spread": 0.5}


def company(days=12, **changes):
    """Companies alone, USD 60bn of yen debt, in a market that their orders do not move."""
    return still("companies", **ONE | {"calendar__days": days} | changes)


def hedged(world):
    """Share of its loan that each company has hedged."""
    return 1.0 + world.books.units[JPY] / world.rules.mandates.loan_units


def test_it_opens_with_its_debt_the_usual_hedge_and_three_times_the_debt_in_dollars():
    world = company()
    assert world.books.units[JPY, 0] == pytest.approx(-54.0)
    assert world.books.cash[0] == pytest.approx(180.0 - 6.0)
    assert world.books.wealth[0] == pytest.approx(120.0) and hedged(world) == pytest.approx(0.1)


def test_a_first_purchase_by_hand():
    """The yen up .041 on day 0: on day 1 .15 of what lacks from .1 to .7 of 60, at e^.041."""
    world = company()
    world.chance.news[0, JPY] = 0.041
    cash = world.books.cash[0]
    pass_days(world)
    assert hedged(world) == pytest.approx(0.1)  # late: on the day itself it does nothing
    pass_days(world, 1, 1)
    assert world.books.units[JPY, 0] == pytest.approx(-54.0 + 0.15 * 0.6 * 60.0)
    assert cash - world.books.cash[0] == pytest.approx(5.4 * np.exp(0.041))


@pytest.mark.parametrize("move", [0.039, 0.0, -0.04, -0.3])
def test_below_its_threshold_and_when_the_yen_falls_it_leaves_the_debt_open(move):
    world = company()
    world.chance.news[0, JPY] = move
    pass_days(world, 8)
    assert world.books.units[JPY, 0] == pytest.approx(-54.0)


def test_a_slow_rise_is_not_hedged_and_the_same_rise_at_once_is():
    slow, fast = company(40), company(40)
    slow.chance.news[:20, JPY] = 0.004  # 2% in any five days, 8% in all
    fast.chance.news[0, JPY] = 0.08
    assert hedged(pass_days(slow, 40)) == pytest.approx(0.1)
    pass_days(fast, 6)
    assert hedged(fast) == pytest.approx(0.7 - 0.6 * 0.85**5)  # days 1 to 5, inside the window


def test_hedges_go_slowly_once_the_rise_is_out_of_the_window():
    world = company(100)
    world.chance.news[0, JPY] = 0.05
    pass_days(world, 6)
    top = hedged(world)[0]
    pass_days(world, 94, 6)
    assert hedged(world) == pytest.approx(0.1 + (top - 0.1) * 0.99**94)


def test_a_hedge_above_the_aim_is_not_sold_after_a_rise():
    rule = make_rules(scenario(**ONE)).companies
    # 60 owed: 50 hedged is beyond the aim of 42; in calm it goes towards 6
    assert hedge_order(True, -10.0, 60.0, 0.1, rule) == 0.0
    assert hedge_order(False, -10.0, 60.0, 0.1, rule) == pytest.approx(0.01 * (6.0 - 50.0))


def test_some_hedge_before_others():
    """Thresholds of 2 to 6% around 4%: a rise of 3.5% is too much for two of five."""
    world = company(**MANY)
    assert world.rules.mandates.hedge_trigger == pytest.approx([0.02, 0.03, 0.04, 0.05, 0.06])
    world.chance.news[0, JPY] = 0.035
    pass_days(world, 3)
    assert (hedged(world) > 0.1 + 1e-9).tolist() == [True, True, False, False, False]
    assert world.rules.mandates.loan_units.sum() == pytest.approx(60.0)


def test_what_is_hedged_costs_the_difference_of_the_rates_and_the_loan_its_rate():
    """A day: yen held earn the yen rate, dollars given for them would have earned the dollar's."""
    earned = {}
    for share in (0.0, 0.5):
        opening = {"companies__opening_hedge_share": share, "funding__basis_per_year": 0.0}
        world = company(**opening, companies__speed_down_per_day=0.001)
        world.script.accrual_days[:] = 1.0
        before = world.books.wealth[0]
        pass_days(world)
        yen, usd = world.market.rates[JPY], world.market.rates[DOLLAR]
        earned[share] = world.books.wealth[0] - before
        assert world.market.outside[ACCRUALS, DOLLAR] == pytest.approx(
            -(180.0 - 60.0 * share) * usd / 360
        )
    assert earned[0.5] - earned[0.0] == pytest.approx(30.0 * (yen / 365 - usd / 360))
    assert earned[0.5] < earned[0.0]


def test_owners_are_paid_and_losses_are_filled_up_by_revenue():
    """A yen up by .1 costs 54 (e^.1 - 1) = 5.68; a hundredth of it comes back on the next day."""
    world = company(companies__payout_per_day=0.01, companies__rise_log=1.0)
    world.chance.news[0, JPY] = 0.1
    pass_days(world, 2)
    lost = 54.0 * np.expm1(0.1)
    assert world.books.wealth[0] == pytest.approx(120.0 - 0.99 * lost)
    assert world.market.outside[SUBSCRIPTIONS, DOLLAR] == pytest.approx(-0.01 * lost)


def test_in_forty_years_the_debt_is_rolled_and_neither_grows_nor_goes():
    """Interest on the loan is bought out of dollars, and the dollars it earns are paid out."""
    world = company(10_000, companies__payout_per_day=0.004)
    world.script.accrual_days[:] = 1.4
    world.chance.news[:, JPY] = np.random.default_rng(1).normal(0.0, 0.006, len(world.chance.news))
    pass_days(world, 10_000)
    assert -0.05 < hedged(world)[0] < 0.75
    assert 60.0 < world.books.wealth[0] < 180.0
    assert world.record.days["conservation_error"].max() < 1e-12


def test_hedges_are_dealt_with_swaps_where_there_is_a_market_and_the_loan_is_not():
    """Yen held against the loan are lent for dollars: 6 of 60 at the opening, then with the hedge.

    Who hedges more asks for dollars: the basis widens.
    """
    market = {"funding__basis": {"kind": "market", "maturity_days": 4}}
    world = company(**market)
    assert world.books.swap_sums[0, LEGS, 0] == pytest.approx(-6.0)
    world.chance.news[0, JPY] = 0.041
    pass_days(world, 4)
    two_days_of_purchases = 0.7 - 0.6 * 0.85**2  # what was held last night is dealt this morning
    assert world.books.swap_sums[0, LEGS, 0] == pytest.approx(-60.0 * two_days_of_purchases)
    assert world.market.basis[0] < -0.0032
    assert world.record.days["conservation_error"].max() < 1e-12


@pytest.mark.parametrize("basis", [{"kind": "constant"}, {"kind": "market", "maturity_days": 10}])
def test_everything_is_conserved_while_companies_hedge_in_a_storm(basis):
    late = {"shock__surprise_bp": 100.0, "companies__rise_days": 20, "calendar__days": 30}
    chosen = scenario(**MANY | late, funding__basis=basis)
    world = build_world(chosen, 3, event_capacity=100_000)
    before = everybody(world)
    pass_days(world, 30)
    assert hedged_of(world).max() > 0.5
    assert abs((everybody(world) - before) / gross(world)).max() < 1e-9
    assert world.record.days["conservation_error"].max() < 1e-9


def hedged_of(world):
    """Shares hedged of the companies of a world with others."""
    rows = rows_of(world, COMPANY)
    mine = slice(rows.start, rows.stop)
    return 1.0 + world.books.units[JPY, mine] / world.rules.mandates.loan_units[mine]


def test_purchases_of_companies_raise_the_yen():
    rise = {}
    for speed in (0.0, 0.15):
        chosen = scenario(
            "calm", "companies", **ONE | {"companies__speed_up_per_day": speed}, calendar__days=12
        )
        world = quiet(build_world(chosen, 1))
        world.chance.news[0, JPY] = 0.05
        rise[speed] = pass_days(world, 12).market.log_price[JPY]
    assert rise[0.15] > rise[0.0] + 0.005


def test_without_its_channel_no_company_buys_or_sells_yen_from_day_0_on():
    shut = scenario("hike", **MANY, shock__surprise_bp=150.0, channels__company_hedging="none")
    world = build_world(shut, 3)
    from abm.population.channels import from_day_0

    world = from_day_0(world, shut)
    before = hedged_of(world).copy()
    pass_days(world, 12)
    assert hedged_of(world) == pytest.approx(before, abs=1e-3)  # interest alone
    assert hedged_of(pass_days(build_world(shut, 3), 12)).max() > 0.3


def test_left_out_or_never_there_they_leave_the_run_of_the_others():
    short = {"calendar.days": 8, "shock.surprise_bp": 100.0}
    hike = abm.load_scenario("hike").with_changes(short)
    there = hike.with_changes({"companies.n": 5, "companies.debt_usd_bn": 60.0})
    gone = there.with_changes({"companies.present": False})
    assert abm.run(gone, 3).days.equals(abm.run(hike, 3).days)
    assert not abm.run(there, 3).days.equals(abm.run(hike, 3).days)
    never = hike.with_changes({"companies.speed_up_per_day": 0.1})  # of nobody
    assert abm.run(never, 3).days.equals(abm.run(hike, 3).days)


def test_their_view_tells_the_loan_and_the_hedge():
    model = CarryUnwindModel(scenario("hike", **MANY), rng=3)
    agents = model.agents_by_type[abm.agents.Company]
    assert len(agents) == 5 and agents[0].name == "company-1"
    assert agents[0].loan_units == pytest.approx(12.0)
    assert agents[0].hedge_share == pytest.approx(0.1)


def test_a_state_that_was_kept_goes_on_as_the_run_would_have(tmp_path):
    chosen = scenario("hike", **MANY, shock__surprise_bp=150.0)
    whole = CarryUnwindModel(chosen, rng=3)
    for _ in range(5):
        whole.step()
    whole.save_state(tmp_path / "state.npz")
    again = CarryUnwindModel.load_state(tmp_path / "state.npz")
    for model in (whole, again):
        model.run()
    assert np.array_equal(whole.world.books.units, again.world.books.units)
    assert hedged_of(again.world).max() > 0.2


def test_no_money_moves_their_debt_in_a_day_of_calm():
    """At the opening each holds what its rule asks for: none trades on the first morning."""
    world = with_rules(company(**MANY), "companies", speed_down=1.0)
    assert pass_days(world).books.units[JPY] == pytest.approx(-10.8)
