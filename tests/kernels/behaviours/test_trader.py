"""One trader with one account: what opens, what is called, what stops it out, who bears a debt."""

import numpy as np
import pytest

import abm
from abm.kernels.constraints.loss_cut import is_called
from abm.kernels.events import DEFAULT, LOSS, LOSS_CUT
from abm.kernels.rules import TraderRule
from abm.kernels.state import SUBSCRIPTIONS
from abm.model import CarryUnwindModel
from abm.population.world import build_world
from abm.runs.tables import ACCOUNT_COLUMNS
from tests.engine.worlds import (
    AUD,
    DOLLAR,
    JPY,
    bottomless,
    everybody,
    gross,
    held_estimates,
    pass_days,
    quiet,
    scenario,
    still,
)

USD = 1e-9  # of USD bn


def account(interest=False, days=12, **changes):
    """USD 5,000 at ten times, in a quiet market that no order moves, alone with its banks."""
    rule = {"kind": "account", "open_day": 1} | changes
    chosen = scenario("calm", "nobody", trader=rule, calendar__days=days)
    world = quiet(build_world(chosen, 1, event_capacity=100), interest=interest)
    return bottomless(held_estimates(world))


def holds(world):
    """The trader's yen, Australian dollars and dollars, in dollars at the opening."""
    books = world.books
    return books.units[JPY, 0] / USD, books.units[AUD, 0] / USD, books.cash[0] / USD


def after_moves(*yen, **changes):
    """The account after the yen's moves on day 2 and later, and its row of every day."""
    world = account(**changes)
    world.chance.news[2 : 2 + len(yen), JPY] = yen
    days = pass_days(world, 12).record.days
    return world, np.array([days[name] for name in ACCOUNT_COLUMNS])


def test_on_its_day_it_sells_ten_times_its_money_in_yen_for_dollars():
    world = account()
    assert holds(pass_days(world)) == pytest.approx((0.0, 0.0, 5000.0))
    assert holds(pass_days(world, 1, 1)) == pytest.approx((-50_000.0, 0.0, 55_000.0))
    assert holds(pass_days(world, 5, 2)) == pytest.approx((-50_000.0, 0.0, 55_000.0))


def test_it_may_hold_another_currency_and_buys_at_the_price_of_the_day_before():
    world = account(holds="AUD", leverage=4.0)
    world.chance.news[0, AUD] = 0.1
    yen, aud, usd = holds(pass_days(world, 2))
    assert (yen, aud, usd) == pytest.approx((-20_000.0, 20_000.0 / np.exp(0.1), 5000.0))


def test_interest_of_the_days_before_is_not_its_own():
    world = pass_days(account(interest=True, open_day=6), 6)
    earned = world.books.wealth[0] - 5000 * USD
    assert earned > 0.0
    pass_days(world, 1, 6)
    assert world.market.outside[SUBSCRIPTIONS, DOLLAR] > 0.9 * earned
    assert world.record.days["account_usd"][6] == pytest.approx(5000.0, rel=1e-4)


@pytest.mark.parametrize(("account_usd", "called"), [(2000.1, False), (1999.9, True)])
def test_a_call_comes_below_a_twenty_fifth_of_the_position(account_usd, called):
    rule = TraderRule(0, 1.0 / 25.0, 1.0)
    assert is_called(account_usd * USD, 50_000 * USD, rule) is called
    assert not is_called(0.0, 0.0, rule)  # nothing is owed


def test_a_loss_by_hand_a_call_and_no_stop_out():
    """The yen up .06: 50,000 (e^.06 - 1) = 3,092 lost; 1,908 are less than 53,092/25 = 2,124."""
    world, (usd, position, called) = after_moves(0.06)
    assert usd[2] == pytest.approx(5000.0 - 50_000.0 * np.expm1(0.06))
    assert position[2] == pytest.approx(50_000.0 * np.exp(0.06))
    assert called[:5].tolist() == [0.0, 0.0, 1.0, 1.0, 1.0]
    assert world.record.n_events[0] == 0 and world.books.units[JPY, 0] < 0.0


def test_at_half_the_margin_it_is_stopped_out_and_keeps_what_is_left():
    """.06 and .02: 5,000 - 50,000 (e^.08 - 1) = 836 left, less than half of 54,164/25 = 2,167."""
    world, (usd, position, called) = after_moves(0.06, 0.02)
    assert usd[3:] == pytest.approx(5000.0 - 50_000.0 * np.expm1(0.08))
    assert position[3:] == pytest.approx(0.0) and called[3:].max() == 0.0
    events = world.record.events[: world.record.n_events[0]]
    assert (events["kind"] == LOSS_CUT).sum() == 1 and (events["kind"] == DEFAULT).sum() == 0
    assert world.books.suspended_days[0] > 900_000


def test_a_debt_is_its_brokers_loss():
    """The yen up .12 in a day: 6,375 lost of 5,000; bank-5, its broker, bears 1,375. Dealers, who
    have taken the other side, have gained all of it for their banks.
    """
    world = account()
    world.chance.news[2, JPY] = 0.12
    pass_days(world, 2)
    before = world.graph.equity.copy()
    pass_days(world, 1, 2)
    missing = 50_000.0 * np.expm1(0.12) - 5000.0
    lost = (before - world.graph.equity) / USD
    assert lost[4] == pytest.approx(missing) and not lost[5:].any()
    assert -lost[:4].sum() == pytest.approx(5000.0 + missing)
    events = world.record.events[: world.record.n_events[0]]
    borne = events[events["kind"] == LOSS]["amount_usd_bn"]
    assert borne == pytest.approx([missing * USD])
    assert world.books.wealth[0] == pytest.approx(0.0, abs=1e-15)


def test_where_the_stop_out_level_is_the_call_there_is_no_call_before():
    _, (_, position, called) = after_moves(0.06, stop_out_level=1.0)
    assert position[2] == 0.0 and called.max() == 0.0


def test_every_dollar_of_it_is_accounted_in_a_storm():
    rule = {"kind": "account", "account_usd": 1e9, "leverage": 25.0}  # large enough to be seen
    world = build_world(scenario("hike", trader=rule, shock__surprise_bp=150.0), 3)
    before = everybody(world)
    pass_days(world, 12)
    assert world.books.closing.max() == 0 and world.record.days["account_position_usd"][-1] == 0.0
    assert abs((everybody(world) - before) / gross(world)).max() < 1e-12
    assert world.record.days["conservation_error"].max() < 1e-12


def test_an_account_of_its_size_moves_no_price_and_none_leaves_the_bytes():
    short = {"calendar.days": 10, "shock.surprise_bp": 100.0}
    hike = abm.load_scenario("hike").with_changes(short)
    alone = abm.run(hike, 3).days
    beside = abm.run(hike.with_changes({"trader.kind": "account"}), 3).days
    assert beside["log_JPY"].to_numpy() == pytest.approx(alone["log_JPY"], abs=1e-6)
    assert not set(ACCOUNT_COLUMNS) & set(alone) and set(ACCOUNT_COLUMNS) < set(beside)
    assert abm.run(hike.with_changes({"trader.kind": "none"}), 3).days.equals(alone)


def test_a_state_that_was_kept_goes_on_as_the_run_would_have(tmp_path):
    chosen = scenario("hike", trader={"kind": "account", "open_day": 6}, shock__surprise_bp=150.0)
    whole = CarryUnwindModel(chosen, rng=3)
    for _ in range(4):
        whole.step()
    whole.save_state(tmp_path / "state.npz")
    again = CarryUnwindModel.load_state(tmp_path / "state.npz")
    for model in (whole, again):
        model.run()
    assert whole.result().days.equals(again.result().days)
    assert whole.result().days["account_position_usd"].max() > 0.0
    (trader,) = whole.agents_by_type[abm.agents.Trader]
    assert trader.name == "trader-1" and trader.loss_cut == pytest.approx(0.02)


def test_alone_with_others_it_is_one_row_whatever_the_population():
    world = still("companies", trader={"kind": "account"}, population__scale=0.2)
    assert world.names == ["trader-1"]
