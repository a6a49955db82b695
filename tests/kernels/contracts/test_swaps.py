"""Currency swaps: what they accrue, how they are marked and rolled, and that they sum to zero."""

import json
from pathlib import Path

import numpy as np
import pytest

from abm.carry import interest, uncovered_return
from abm.errors import FailedRun
from abm.kernels.contracts.swaps import forward_over_spot, share_kept
from abm.kernels.state import ACCRUALS, SWAP_USERS
from abm.model import CarryUnwindModel
from abm.population.world import build_world
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
    share, legs = world.rules.mandates.swap_share[0, 0], world.books.swap_legs
    world.books.units[JPY, 0], world.books.cash[0] = -units, EQUITY + units
    legs[0, :, 0] = share * units / legs.shape[1]
    world.market.dealer_legs[0, :, 0] = -(legs[0, :, 0] + world.market.user_legs[0, :, 0])
    return world


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


def test_the_forward_of_the_reference_is_the_one_at_which_swaps_are_marked():
    case = json.loads(REFERENCE.read_text())["cip_forward"]
    given = case["inputs"]
    terms = given["r_jpy"], given["r_usd"], given["basis"], given["T"]
    forward = given["S"] * forward_over_spot(*terms)
    assert forward == pytest.approx(case["expected"]["forward_with_basis"], rel=1e-13)


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
    assert world.books.swap_margin[0, 0] == pytest.approx(-lost, rel=1e-6)
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
    assert world.books.swap_margin[0, 0] == pytest.approx(0.0, abs=1e-15)
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
    legs = world.books.swap_legs[0, :, 0]
    assert legs == pytest.approx([4 / 3, 0.0, 4 / 3, 4 / 3], rel=1e-4)


# What a test may alter between two days, and by how much at least the audit must see it.
COLUMNS = (
    "books.swap_legs", "books.swap_margin", "market.user_legs", "market.user_margin",
    "market.dealer_legs", "market.dealer_margin", "market.contract_basis", "market.swap_quote",
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
    room, name = column.split(".")
    array = getattr(getattr(model.world, room), name)
    array.flat[place] += amount
    with pytest.raises(FailedRun):
        model.step()


def test_of_every_maturity_the_legs_of_all_sum_to_zero_on_every_day(storm):
    model = CarryUnwindModel(storm, rng=2)
    for _ in range(10):
        model.step()
        books, market = model.world.books, model.world.market
        net = books.swap_legs.sum(axis=2) + (market.user_legs + market.dealer_legs)[:, :, 0]
        assert np.abs(net).max() < 1e-12
        margins = books.swap_margin.sum() + market.user_margin.sum() + market.dealer_margin.sum()
        assert abs(margins) < 1e-12
    held = books.units[[JPY, AUD]] * model.world.rules.mandates.swap_share
    assert np.abs(books.swap_legs.sum(axis=1) + held).max() < 5.0  # rolled every morning
    assert market.dealer_cash[DOLLAR] != 0.0
