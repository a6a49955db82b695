"""Currency swaps: what they accrue, how they are marked and rolled, and that they sum to zero."""

import json
from pathlib import Path

import numpy as np
import pytest

from abm.carry import interest, uncovered_return
from abm.errors import FailedRun
from abm.kernels import state
from abm.kernels.contracts.swaps import share_kept, swap_mark
from abm.kernels.state import ACCRUALS, CHUNK, KEPT, LEGS, MARGIN, SWAP_USERS
from abm.model import CarryUnwindModel
from abm.population.basis import opening_sums
from abm.population.world import build_world
from abm.scenario import load_scenario
from tests.engine.worlds import (
    AUD,
    DOLLAR,
    JPY,
    bottomless,
    held_estimates,
    pass_days,
    scenario,
    with_rules,
)
from tests.kernels.contracts.test_ledger import ONE_FUND, RATES

REFERENCE = Path(__file__).parents[2] / "reference/accounting_margin.json"
CALM = 0.003
DEALT_FOR = 4
# One basis for ever: the widest is the calm one, and so is the least.
FLAT = {"kind": "market", "widest_per_year": CALM, "least_shortage": 1.0}
SHORT = {"kind": "market", "maturity_days": DEALT_FOR, "swap_share": 0.5}


EQUITY = 100.0


def one_fund(basis, n_days=1.0, days=12):
    """A fund that does nothing but hold, in a world with a swap market and without spreads."""
    changes = ONE_FUND | RATES | {"funding__basis": basis, "calendar__days": days}
    world = build_world(scenario("calm", "funds", **changes), 1, no_trade=True)
    world.chance.news[:] = 0.0
    world.script.accrual_days[:] = n_days
    world.books.units[:] = world.books.cash[:] = 0.0
    world = with_rules(bottomless(held_estimates(world)), "funds", payout=0.0, subscription=0.0)
    return with_rules(world, "banks", spread=0.0)


def owing(world, units):
    """The same fund with a yen loan, spent on dollars, and swaps of every maturity alike."""
    world.books.units[JPY, 0], world.books.cash[0] = -units, EQUITY + units
    return with_swaps(world, 0, world.rules.mandates.swap_share[0, 0] * units)


def with_swaps(world, place, legs):
    """The same fund with far legs in the currency of a place, as much of every maturity."""
    books, market, n_rows = world.books, world.market, world.books.swap_legs.shape[1]
    books.swap_legs[place, :, 0] = legs / n_rows
    one_each = opening_sums(np.ones((len(market.swapped), 1)), world.rules.basis, n_rows)
    books.swap_sums[place, LEGS:, 0] = legs * one_each[place, LEGS:, 0]
    market.dealer_sums[place, LEGS:] = -(books.swap_sums[place] + market.user_sums[place])[LEGS:]
    return world


def dealt(books, place=0):
    """Far legs of all institutions by maturity. (n, N)"""
    return books.swap_sums[place, KEPT] * books.swap_legs[place]


@pytest.mark.parametrize("share", [1.0, 0.0], ids=["by swaps", "by a loan"])
@pytest.mark.parametrize("units", [40.0, -40.0], ids=["short of yen", "hedged"])
def test_a_position_of_a_year_books_what_the_carry_arithmetic_computes_to_the_cent(share, units):
    world = owing(one_fund(FLAT | {"swap_share": share}, days=365), units)
    world.chance.news[-1, JPY] = np.log(150.0 / 147.0)
    pass_days(world, 365)
    terms = {"days": 365, "basis_domestic": 365, "basis_foreign": 360}
    yen_rate = 0.0025 - share * CALM
    returned = uncovered_return(yen_rate, 0.054, None, 150.0, 147.0, 0.0, "daily", **terms)
    usd_bn = EQUITY * (1.0 + interest(0.054, None, "daily", days=365, basis=360))
    usd_bn += units * returned * 150.0 / 147.0
    assert world.books.wealth[0] == pytest.approx(usd_bn, abs=1e-11)  # of USD bn: a cent
    owed = units * (1.0 + interest(yen_rate, None, "daily", days=365, basis=365))
    assert -world.books.units[JPY, 0] == pytest.approx(owed, abs=1e-11)


def test_ten_days_of_basis_by_hand_come_from_who_needs_dollars_by_way_of_dealers():
    world = owing(one_fund(SHORT | {"swap_share": 1.0}, 10.0), 36.5)
    before = world.books.units[JPY, 0]
    pass_days(world)
    interest_paid = 36.5 * 0.0025 * 10 / 365
    basis_earned = 36.5 * CALM * 10 / 365
    changed = world.books.units[JPY, 0] - before
    assert changed == pytest.approx(basis_earned - interest_paid, abs=1e-14)
    market, users = world.market, 95.0 * CALM * 10 / 365
    assert market.outside[SWAP_USERS, JPY] == pytest.approx(-users, abs=1e-14)
    # The outside account pays and takes policy rates alone: nobody is paid for borrowing.
    assert market.outside[ACCRUALS, JPY] == pytest.approx(interest_paid, abs=1e-14)
    assert market.dealer_cash[JPY] == pytest.approx(users - basis_earned, abs=1e-14)
    assert market.outside[SWAP_USERS, 1:DOLLAR] == pytest.approx(0.0, abs=1e-14)


def test_a_mark_is_the_gap_between_two_forwards_of_the_reference_at_maturity():
    """N (F(b, T) - F(c, T)) / S dollars for a yen worth a dollar, with what the dollar rate adds by
    maturity: gains are paid daily, without interest on them, and are not discounted.
    """
    case = json.loads(REFERENCE.read_text())["cip_forward"]
    given, wide = case["inputs"], case["expected"]["forward_with_basis"]
    spot, years, legs = given["S"], given["T"], 8.0
    gap = (wide - case["expected"]["forward_cip"]) / spot * (1.0 + given["r_usd"] * years)
    mark = swap_mark(1.0, given["basis"], legs * years, 0.0)  # of legs dealt at no basis
    assert mark == pytest.approx(legs * gap, rel=1e-12)


def widened(days):
    """A fund with 8 units in swaps of four maturities; then the basis widens by 100bp for good."""
    world = owing(one_fund(SHORT | {"swap_share": 1.0}), 8.0)
    world = with_rules(world, "basis", least=1e6, widest=CALM + 0.01)
    cash, yen = world.books.cash[0], world.books.units[JPY, 0]
    world.market.rates[:] = world.script.rates[:] = 0.0
    return pass_days(world, days), cash, yen


def test_a_wider_basis_reaches_a_book_as_its_swaps_mature_and_is_marked_at_once():
    world, cash, _ = widened(1)
    # 2 units each mature in 1, 2 and 3 days of 250; one row has just been dealt anew.
    lost = 2.0 * 0.01 * (1 + 2 + 3) / 250
    assert world.books.cash[0] - cash == pytest.approx(-lost, rel=1e-6)
    assert world.books.swap_sums[0, MARGIN, 0] == pytest.approx(-lost, rel=1e-6)
    earned = []
    for after in range(1, DEALT_FOR + 3):
        world, _, yen = widened(after)
        earned.append(world.books.units[JPY, 0] - yen)
    per_day = 365 * np.diff([0.0, *earned])
    old, wide = CALM, CALM + 0.01
    rows = [0, 1, 2, 3, 4, 4]  # of four, dealt at the wide basis before the day's accrual
    expected = [8.0 * (n * wide + (4 - n) * old) / 4 for n in rows]
    assert per_day == pytest.approx(expected, rel=1e-3)


def test_once_all_old_swaps_have_matured_no_margin_is_left_and_all_of_it_has_been_paid_back():
    world, cash, _ = widened(DEALT_FOR + 1)
    assert world.books.swap_sums[0, MARGIN, 0] == pytest.approx(0.0, abs=1e-15)
    assert world.books.cash[0] == pytest.approx(cash, abs=1e-12)


@pytest.mark.parametrize(
    ("left", "wanted", "kept"),
    [(8.0, 10.0, 1.0), (8.0, 6.0, 0.75), (8.0, 0.0, 0.0), (8.0, -1.0, 0.0), (-8.0, -2.0, 0.25)],
)
def test_of_a_book_that_shrinks_the_same_share_of_every_maturity_is_closed(left, wanted, kept):
    assert share_kept(left, wanted) == kept


def test_a_loan_that_is_repaid_in_half_closes_half_of_the_swaps_of_every_maturity():
    world = owing(one_fund(SHORT | {"swap_share": 1.0}), 8.0)
    pass_days(world)
    world.books.units[JPY, 0] *= 0.5
    world.market.totals[JPY] -= world.books.units[JPY, 0]
    world = world._replace(options=world.options._replace(audit=False))
    pass_days(world, 1, first=1)
    legs = dealt(world.books)[:, 0]
    assert legs == pytest.approx([4 / 3, 0.0, 4 / 3, 4 / 3], rel=1e-4)


# What a test may alter between two days, and by how much at least the audit must see it.
COLUMNS = (
    *(f"{who}_sums.{column}" for who in ("books.swap", "market.user", "market.dealer")
      for column in ("LEGS", "BASIS", "YEARS", "BASIS_YEARS", "MARGIN")),
    "books.swap_sums.KEPT", "market.user_sums.KEPT",
    "books.swap_legs", "market.user_legs", "market.contract_basis", "market.swap_spot",
    "market.basis",
)  # fmt: skip


@pytest.fixture(scope="module")
def storm():
    own = {"AUD": {"basis_per_year": 0.004, "demand_usd_bn": 30.0}}
    made = scenario("hike", shock__surprise_bp=100.0, funding__basis=SHORT | {"currencies": own})
    return made.with_changes({"calendar.burn_in_days": 4})


@pytest.mark.parametrize("column", COLUMNS)
@pytest.mark.parametrize("amount", [1.0, 1e6])
@pytest.mark.parametrize("place", [0, -1], ids=["of the yen", "of a currency of its own basis"])
def test_whatever_is_altered_in_a_swap_account_is_seen(storm, column, amount, place):
    model = CarryUnwindModel(storm, rng=2)
    for _ in range(3):
        model.step()
    room, name, *row = column.split(".")
    array = getattr(getattr(model.world, room), name)
    if row:
        array = array[place, getattr(state, row[0])]
        place = np.abs(model.world.books.swap_sums[place, LEGS]).argmax() % array.size
    array.flat[place] += amount
    with pytest.raises(FailedRun):
        model.step()


@pytest.mark.parametrize("chunk", [0, 1, 2])
def test_a_leg_altered_in_any_of_many_ladders_is_seen_when_its_turn_comes(chunk):
    funds = {"funds.n": 300, "funding.basis": SHORT}
    model = CarryUnwindModel(load_scenario("hike").with_changes(funds), rng=2)
    model.step()
    books = model.world.books
    held = np.abs(books.swap_sums[0, LEGS, CHUNK * chunk : CHUNK * (chunk + 1)])
    books.swap_legs[0, 1, CHUNK * chunk + held.argmax()] += 1.0
    with pytest.raises(FailedRun):
        for _ in range(books.cash.size // CHUNK + 1):
            model.step()


def test_a_ladder_is_the_same_book_whatever_share_of_it_was_kept_since_it_was_written(storm):
    """A book that shrinks a little every day for years is no empty one."""
    usual, old = (build_world(storm, 2) for _ in range(2))
    old.books.swap_legs[:] /= 2e-90
    old.books.swap_sums[:, KEPT] = 2e-90
    for world in (usual, old):
        pass_days(world, 12)
    assert usual.books.swap_sums[:, KEPT].min() < 0.5  # some have closed more than half
    for place in (0, 1):
        scale = np.abs(dealt(usual.books, place)).max()
        assert dealt(old.books, place) == pytest.approx(
            dealt(usual.books, place), abs=1e-12 * scale
        )
    np.testing.assert_allclose(old.record.log_prices, usual.record.log_prices, atol=1e-12)
    assert old.record.days["conservation_error"][:12].max() < 1e-12


def test_sums_are_those_of_ladders_and_dealers_hold_the_opposite_of_all_on_every_day(storm):
    model = CarryUnwindModel(storm, rng=2)
    for _ in range(10):
        model.step()
        books, market = model.world.books, model.world.market
        for place in (0, 1):
            ladder = dealt(books, place)
            rows, basis = np.arange(DEALT_FOR), market.contract_basis[place]
            years = ((rows - model.day) % DEALT_FOR + 1) / 250.0
            sums = {"LEGS": 1.0, "BASIS": basis, "YEARS": years, "BASIS_YEARS": basis * years}
            for name, per_unit in sums.items():
                column = getattr(state, name)
                of_users = market.user_sums[place, KEPT] * market.user_legs[place]
                of_rows = ladder.sum(axis=1) + of_users[:, 0]
                carried, dealers = books.swap_sums[place, column], market.dealer_sums[place, column]
                assert np.abs((ladder.T * per_unit).sum(axis=1) - carried).max() < 1e-13
                assert (of_rows * per_unit).sum() == pytest.approx(-dealers[0], abs=1e-12)
    held = books.units[[JPY, AUD]] * model.world.rules.mandates.swap_share
    assert np.abs(books.swap_sums[:, LEGS] + held).max() < 5.0  # rolled every morning
    assert market.dealer_cash[DOLLAR] != 0.0
