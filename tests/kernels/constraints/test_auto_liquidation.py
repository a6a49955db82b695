"""Automatic liquidation: the arithmetic of one borrower by hand, and runs in which many are hit."""

import numpy as np
import pytest

import abm
from abm.kernels.events import DEFAULT, LIQUIDATION, MARGIN_CALL
from abm.kernels.state import AUTO_BORROWER, AUTO_LENDER, DEPOSIT_INSURANCE
from abm.population.world import build_world
from tests.engine.worlds import (
    DOLLAR,
    JPY,
    MXN,
    SPX,
    everybody,
    gross,
    pass_days,
    rows_of,
    scenario,
    still,
    with_wealth,
)

LOAN = {
    "auto_borrowers__n": 1,
    "auto_borrowers__equity_usd_bn": 20.0,
    "auto_borrowers__weights": {"SPX": 0.75, "MXN": 0.25},
    "auto_borrowers__yen_share": 0.25,
    "auto_borrowers__loan_to_value": 0.75,
    "auto_borrowers__loan_to_value_spread": 0.0,
    "population__scale": 1.0,
}


def borrower(wealth=20.0, **changes):
    """A borrower of 60bn (15bn of them yen) on collateral of 80bn, and of more for less wealth."""
    world = still("auto_borrowers", **LOAN | changes)
    return with_wealth(world, 0, wealth)


def debt(world):
    """Debt of the borrower [USD bn]."""
    books, yen = world.books, world.books.units[JPY, 0] * world.market.usd_price[JPY]
    return max(-yen, 0.0) + max(-books.cash[0], 0.0)


def collateral(world):
    """Collateral against it [USD bn]."""
    return world.books.units[1:, 0] @ world.market.usd_price[1:]


def paid_to_lender(world):
    return world.market.outside[AUTO_LENDER, DOLLAR]


def liquidations(world):
    table = world.record.events[: world.record.n_events[0]]
    return table[table["kind"] == LIQUIDATION]


def test_it_opens_at_its_target():
    world = borrower()
    assert (collateral(world), debt(world)) == pytest.approx((80.0, 60.0))
    assert -world.books.units[JPY, 0] == pytest.approx(15.0)


def test_one_liquidation_by_hand():
    """Wealth 14 leaves 66 owed on 80, .825. Half is repaid, 33, out of 33 x 1.08 = 35.64 of sales;
    the penalty is 2.64. Left are 44.36 against 33: wealth 11.36, loan-to-value .744.
    """
    world = pass_days(borrower(14.0))
    assert collateral(world) == pytest.approx(80.0 - 35.64)
    assert debt(world) == pytest.approx(33.0)
    assert world.books.wealth[0] == pytest.approx(14.0 - 2.64)
    assert debt(world) / collateral(world) == pytest.approx(33.0 / 44.36)
    assert paid_to_lender(world) == pytest.approx(2.64)
    # all that is held and all that is owed by the same share
    sold = 35.64 / 80.0
    assert world.books.units[[SPX, MXN], 0] == pytest.approx([60 * (1 - sold), 20 * (1 - sold)])
    assert -world.books.units[JPY, 0] == pytest.approx(7.5)
    assert liquidations(world)["amount_usd_bn"] == pytest.approx([33.0])
    assert world.record.forced_usd_bn[0, AUTO_BORROWER] == pytest.approx(35.64)


def test_there_is_no_call_and_no_day_of_grace():
    world = pass_days(borrower(14.0))
    kinds = world.record.events[: world.record.n_events[0]]["kind"]
    assert MARGIN_CALL not in kinds and world.record.days["n_margin_calls"][0] == 0
    assert world.books.call_day[0] == -1 and world.record.n_calls[0] == 0
    assert liquidations(world)["day"].tolist() == [0]
    assert world.record.n_failures[0] == 0 and world.books.suspended_days[0] == 0


@pytest.mark.parametrize(("wealth", "n"), [(15.0 + 1e-9, 0), (15.0 - 1e-9, 1)])
def test_at_its_limit_a_loan_is_left_alone_and_above_it_not(wealth, n):
    """Collateral of 80 carries 65 at a limit of 65/80: a wealth of 15 is just enough."""
    world = borrower(wealth, auto_borrowers__loan_to_value_limit=65.0 / 80.0)
    pass_days(world)
    assert len(liquidations(world)) == n


def test_a_loan_still_above_its_limit_is_liquidated_again_in_the_next_round():
    """A tenth at a time: .825, then 59.4 / 72.872 = .815, 53.46 / 66.4568 = .804, and then .793."""
    world = pass_days(borrower(14.0, auto_borrowers__close_factor=0.1))
    found = liquidations(world)
    assert found["day"].tolist() == [0, 0, 0] and found["round"].tolist() == [0, 1, 2]
    assert found["amount_usd_bn"] == pytest.approx([6.6, 5.94, 5.346])
    assert debt(world) == pytest.approx(66.0 * 0.9**3)
    assert collateral(world) == pytest.approx(80.0 - 1.08 * (66.0 - 66.0 * 0.9**3))
    pass_days(world, 1, 1)
    assert len(liquidations(world)) == 3


def test_a_debt_beyond_the_collateral_is_the_lender_s_loss():
    """Wealth -5: all is sold without a penalty, and 5 are missing; no bank and no insurer pays."""
    world = pass_days(borrower(-5.0))
    assert abs(world.books.units[:, 0]).max() < 1e-12
    assert paid_to_lender(world) == pytest.approx(-5.0)
    assert world.market.outside[DEPOSIT_INSURANCE, DOLLAR] == 0.0
    assert liquidations(world)["amount_usd_bn"] == pytest.approx([85.0])
    table = world.record.events[: world.record.n_events[0]]
    defaults = table[table["kind"] == DEFAULT]
    assert defaults["amount_usd_bn"] == pytest.approx([5.0])
    assert table["kind"][defaults["cause"]].tolist() == [LIQUIDATION]
    assert world.record.n_failures[0] == 1 and world.books.suspended_days[0] == 60
    assert world.record.days["broker_loss_usd_bn"][0] == pytest.approx(5.0)


def test_a_penalty_takes_no_more_than_there_is():
    """Wealth 1 of 80 held and 79 owed: the penalty on half would be 3.16."""
    world = pass_days(borrower(1.0))
    assert paid_to_lender(world) == pytest.approx(1.0)
    assert world.books.wealth[0] == pytest.approx(0.0, abs=1e-9)


def test_a_debt_as_small_as_dust_is_repaid_whole():
    small = borrower(20.0, auto_borrowers__dust_share=1.0)
    small.books.units[1:, 0] *= 0.25
    small.books.units[JPY, 0] = 0.0
    with_wealth(small, 0, 3.0)  # 20 held, 17 owed
    pass_days(small)
    assert liquidations(small)["amount_usd_bn"] == pytest.approx([17.0])
    assert debt(small) == pytest.approx(0.0, abs=1e-12)
    assert collateral(small) == pytest.approx(20.0 - 17.0 * 1.08)


def test_borrowers_lever_up_after_gains_and_wait_after_losses():
    """Wealth 40 of 80 is .5: a tenth of the way to 160 on 120. At .74, and at .79, they wait."""
    world = pass_days(borrower(40.0))
    assert (collateral(world), debt(world)) == pytest.approx((88.0, 48.0))
    for share in (0.74, 0.79):
        world = pass_days(borrower(80.0 * (1.0 - share)))
        assert (collateral(world), debt(world)) == pytest.approx((80.0, 80.0 * share))


def test_the_lender_reads_the_prices_of_the_last_round():
    """One sale moves the price by which the next round tests: causes are clearings before it."""
    run = abm.run("auto-liquidation", rng=3)
    events = run.events
    found = events[(events["kind"] == "liquidation") & (events["round"] > 0)]
    assert len(found) >= 2
    parents = events.set_index("event").loc[found["cause"]]
    assert (parents["kind"] == "clearing").all()
    assert (parents["day"].to_numpy() == found["day"].to_numpy()).all()
    assert (parents["round"].to_numpy() == found["round"].to_numpy() - 1).all()
    assert (found["generation"].to_numpy() == parents["generation"].to_numpy() + 1).all()
    assert found["generation"].max() >= 2


def test_sales_name_the_liquidation_and_have_a_column_of_their_own():
    run = abm.run("auto-liquidation", rng=3)
    events = run.events.set_index("event")
    sales = events[(events["kind"] == "forced_sale")]
    sales = sales[sales["institution"].str.startswith("auto-borrower")]
    assert set(events.loc[sales["cause"], "kind"]) == {"liquidation"}
    sold = sales[(sales["side"] == "sold") & (sales["instrument"] != "JPY")]["amount_usd_bn"].sum()
    assert run.days["forced_auto_borrower_usd_bn"].sum() == pytest.approx(sold)
    assert run.summary["forced_auto_borrower_usd_bn"] == pytest.approx(sold)


def hit(**changes):
    """A world in which a hundred basis points meet borrowers close to their limit."""
    chosen = scenario(
        "auto-liquidation",
        shock__surprise_bp=100.0,
        population__scale=1.0,
        auto_borrowers__loan_to_value=0.73,
        **changes,
    )
    return build_world(chosen, 3, event_capacity=100_000)


def test_the_penalty_is_due_on_what_was_sold_at_a_price_limit_too():
    world = hit(instruments__MXN__daily_limit_log=0.01, instruments__NKY__daily_limit_log=0.01)
    before = everybody(world)
    pass_days(world, 6)
    assert world.record.days["n_at_limit"].sum() > 0 and len(liquidations(world)) > 10
    rows = rows_of(world, AUTO_BORROWER)
    assert world.record.n_failures[rows].sum() == 0
    sold = world.record.forced_sales[rows].sum()
    assert paid_to_lender(world) == pytest.approx(sold * 0.08 / 1.08, rel=1e-9)
    assert abs((everybody(world) - before) / gross(world)).max() < 1e-9
    assert world.record.days["conservation_error"].max() < 1e-9


def test_money_is_conserved_while_borrowers_are_ruined():
    world = hit(auto_borrowers__yen_share=1.0, shock__news_log_per_bp=0.004)
    before = everybody(world)
    pass_days(world, 12)
    rows = rows_of(world, AUTO_BORROWER)
    assert world.record.n_failures[rows].sum() > 0
    assert abs((everybody(world) - before) / gross(world)).max() < 1e-9
    assert world.record.days["conservation_error"].max() < 1e-9


def test_without_the_group_there_is_nothing_of_it():
    world = build_world(scenario("hike", shock__surprise_bp=100.0), 3, event_capacity=100_000)
    pass_days(world, 6)
    assert len(rows_of(world, AUTO_BORROWER)) == 0 and len(liquidations(world)) == 0
    assert not world.market.outside[AUTO_LENDER].any()
    run = abm.run(abm.load_scenario("hike").with_changes({"calendar.days": 2}), rng=1)
    assert not [name for name in run.days if "auto_borrower" in name]


def test_left_out_the_group_leaves_the_run_of_the_others():
    left_out = abm.load_scenario("auto-liquidation").with_changes({"auto_borrowers.present": False})
    never = abm.load_scenario("hike").with_changes({"shock.surprise_bp": 50.0})
    short = {"calendar.days": 5}
    days = [abm.run(each.with_changes(short), rng=3).days for each in (left_out, never)]
    assert days[0].equals(days[1])


def test_a_state_that_was_kept_goes_on_as_the_run_would_have(tmp_path):
    whole = abm.CarryUnwindModel("auto-liquidation", rng=3)
    for _ in range(3):
        whole.step()
    whole.save_state(tmp_path / "state.npz")
    again = abm.CarryUnwindModel.load_state(tmp_path / "state.npz")
    for model in (whole, again):
        model.step()
    assert np.array_equal(whole.world.books.units, again.world.books.units)
    assert np.array_equal(whole.world.market.outside, again.world.market.outside)
    assert whole.world.market.outside[AUTO_LENDER].any()
