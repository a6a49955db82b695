"""The cross-currency basis: demand over capacity, the squeeze, the line, and spot orders."""

import numpy as np
import pytest

from abm.kernels.compiler.reference import by_reference
from abm.kernels.constraints.bank_requirement import head_room
from abm.kernels.markets.basis import basis_of, swap_capacity, watch_basis
from abm.kernels.state import CAPACITY, LEGS, SQUEEZE, SWAP_USERS
from abm.population.basis import basis_rule
from abm.population.instruments import opening_terms
from abm.population.script import year_ends
from abm.population.world import build_world
from tests.engine.worlds import BARE, DOLLAR, JPY, MXN, SPX, pass_days, quiet, scenario, with_rules
from tests.kernels.contracts.test_swaps import SHORT, one_fund, owing, with_swaps

CALM = 0.0035
MARKET = {"kind": "market", "maturity_days": 4}
GAUGE = MARKET | {"squeeze": {"kind": "gauge"}}
LINE = {"kind": "facility", "day": 0}


def market_world(basis=MARKET, **changes):
    """A small world with a swap market and a calm basis of 35bp, in which there is no news."""
    changes = BARE | {"funding__basis": basis, "funding__basis_per_year": CALM} | changes
    return quiet(build_world(scenario("calm", **changes), 1))


def hoard(world, squeeze, currency=0):
    """Script the dollars that are hoarded on every day; worlds of one scenario share its script."""
    scripted = world.script.squeeze.copy()
    scripted[:, currency] = squeeze
    return world._replace(script=world.script._replace(squeeze=scripted))


@pytest.mark.parametrize(
    ("shortage", "basis_bp"), [(1.0, -35.0), (3.0, -105.0), (0.0, -7.0), (9.0, -300.0)]
)
def test_the_basis_is_the_calm_one_times_the_shortage_within_its_bounds(shortage, basis_bp):
    rule = basis_rule(scenario("calm", funding__basis=MARKET, funding__basis_per_year=CALM))
    assert 1e4 * basis_of(shortage, CALM, rule) == pytest.approx(basis_bp)


@pytest.mark.parametrize(
    ("room", "crosses_year", "capacity"),
    [(1.0, False, 1.0), (0.25, False, 0.5), (1.0, True, 0.56), (0.01, False, 0.2)],
)
def test_capacity_falls_with_the_root_of_banks_room_and_at_the_turn_of_the_year(
    room, crosses_year, capacity
):
    rule = basis_rule(scenario("calm", funding__basis=MARKET))
    assert swap_capacity(room, crosses_year, rule) == pytest.approx(capacity)


def test_capacity_falls_with_the_core_banks_head_room():
    world = market_world()
    graph, opening = world.graph, world.graph.opening_room[0]
    core = graph.is_core > 0
    # They open at .8 of their limit, so that a fifth of their capital is room.
    assert opening == pytest.approx(0.2 * graph.equity[core].sum())
    graph.equity[core] *= 0.9  # .8 of the opening capital is asked for still
    assert head_room(*by_reference(graph)) == pytest.approx(0.5 * opening)
    pass_days(world)
    assert world.market.swap_terms[0, CAPACITY] == pytest.approx(0.5**0.5, rel=1e-3)


def test_an_unwind_of_yen_funded_trades_takes_dollars_out_of_the_swap_market():
    basis = []
    for owed in (40.0, 20.0):
        world = owing(one_fund(SHORT | {"swap_share": 0.5}), 40.0)
        world.market.opening_demand[0] = world.market.swap_demand[0] = -20.0
        world.books.units[JPY, 0] = -owed
        basis.append(1e4 * pass_days(world).market.basis[0])
    assert basis[0] == pytest.approx(-30.0, abs=0.01)
    assert basis[1] == pytest.approx(-30.0 * (1.0 + 10.0 / 95.0), abs=0.01)


def test_insurers_who_hedge_more_ask_for_dollars():
    world = market_world()
    insurers = world.rules.mandates.swap_share[0] == 1.0
    before = world.market.opening_demand[0]
    assert world.books.units[JPY, insurers].sum() == pytest.approx(135.0)
    world.books.units[JPY, np.flatnonzero(insurers)[0]] += 9.5
    assert pass_days(world).market.swap_demand[0] - before == pytest.approx(9.5, rel=1e-3)
    assert 1e4 * world.market.basis[0] == pytest.approx(-38.5, abs=0.1)


PESO = {"MXN": {"basis_per_year": 0.006, "demand_usd_bn": 20.0}}


def test_a_currency_has_a_basis_of_its_own_size_on_its_own_squeeze():
    world = pass_days(hoard(market_world(MARKET | {"currencies": PESO}), 2.0, currency=1))
    assert 1e4 * world.market.basis == pytest.approx([-35.0, -3.0 * 60.0], rel=1e-3)
    borrowed = -world.market.user_sums[:, LEGS, 0] * world.market.usd_price[[JPY, MXN]]
    assert borrowed == pytest.approx([95.0, 3.0 * 20.0], rel=1e-3)
    assert world.record.other_basis_bp[0] == pytest.approx([-180.0], rel=1e-3)
    assert world.record.days["basis_bp"][0] == pytest.approx(-35.0, rel=1e-3)


def in_pesos(owed):
    """A fund that owes pesos and no yen, half of them through swaps, of every maturity alike."""
    world = one_fund(SHORT | {"currencies": PESO}, n_days=10.0)
    books = world.books
    books.units[MXN, 0], books.cash[0] = -owed, 100.0 + owed
    return with_swaps(with_swaps(world, 0, 0.0), 1, 0.5 * owed)


def test_who_owes_a_currency_through_swaps_lends_dollars_in_it_and_earns_its_basis():
    world = in_pesos(36.0)
    market, before = world.market, world.books.units[MXN, 0]
    market.opening_demand[:] = market.swap_demand[:] = [0.0, -18.0]
    pass_days(world)
    interest, basis = 36.0 * 0.108 * 10 / 360, 18.0 * 0.006 * 10 / 360
    assert world.books.units[MXN, 0] - before == pytest.approx(basis - interest, abs=1e-14)
    users = 20.0 * 0.006 * 10 / 360
    assert market.outside[SWAP_USERS, MXN] == pytest.approx(-users, abs=1e-14)
    assert market.dealer_cash[MXN] == pytest.approx(users - basis, abs=1e-14)
    # What interest adds to the loan is lent through swaps too: half of it.
    demand = 20.0 - 0.5 * (interest - basis)
    assert 1e4 * market.basis[1] == pytest.approx(-60.0 * demand / 20.0)
    assert 1e4 * market.basis[0] == pytest.approx(-30.0)


def test_its_unwind_takes_dollars_out_of_that_market_alone():
    world = in_pesos(20.0)
    world.market.opening_demand[:] = [0.0, -20.0]  # 40 were owed
    world.script.accrual_days[:] = 0.0
    pass_days(world)
    assert 1e4 * world.market.basis == pytest.approx([-30.0, -60.0 * (1.0 + 10.0 / 20.0)])


def test_in_a_currency_of_its_own_basis_insurers_hedge_nothing_and_nobody_buys_dollars_in_spot():
    world = market_world(MARKET | {"currencies": PESO})
    insurers = world.rules.mandates.swap_share[0] == 1.0
    assert insurers.any() and not world.rules.mandates.swap_share[1, insurers].any()
    world.books.units[MXN, insurers] = 5.0
    world = world._replace(options=world.options._replace(audit=False))
    world = pass_days(hoard(world, 4.0, currency=1), 2)
    assert not world.books.swap_legs[1, :, insurers].any()
    assert 1e4 * world.market.basis[1] == pytest.approx(-300.0, rel=1e-3)
    assert not world.market.user_dollars.any() and not world.market.user_order.any()


def test_a_fund_that_holds_pesos_through_swaps_counts_their_basis_from_the_opening_on():
    with_basis, without = MARKET | {"currencies": PESO}, MARKET
    apart = [pass_days(market_world(basis)).market.expected for basis in (with_basis, without)]
    assert (apart[0] - apart[1])[MXN] == pytest.approx(-0.1 * 0.006, rel=1e-2)
    terms = opening_terms(scenario("calm", funding__basis=with_basis))
    assert terms.swap_basis[MXN] == pytest.approx(-0.1 * 0.006)


def squeezed(volatility, fall, dollar_rise):
    """Dollars hoarded on a morning on which closes and estimates are these."""
    world = market_world(GAUGE)
    market = world.market
    market.squeeze_gauge[0] = 30.0
    market.covariance_fast[SPX, SPX] = volatility**2
    market.close[1:, SPX], market.close[0, SPX] = 0.0, -fall
    market.close[:, : MXN + 1] = 0.0
    market.close[20, : MXN + 1] = dollar_rise
    return pass_days(world).market.swap_terms[0, SQUEEZE]


def test_dollars_are_hoarded_when_shares_fall_and_the_dollar_has_risen():
    weight = 1.0 - 2.0**-0.5  # half-life of two days
    gauge = 30.0 + weight * (50.0 * (0.4 + 0.14 + 2.0 * 0.15) - 30.0)
    assert squeezed(0.4, 0.15, 0.02) == pytest.approx(0.135 * (gauge - 28.0))
    assert squeezed(0.4, 0.15, 0.005) == pytest.approx(0.5 * 0.135 * (gauge - 28.0))


def test_no_dollars_are_hoarded_without_a_strong_dollar_or_without_fear():
    assert squeezed(0.4, 0.15, -0.02) == 0.0
    assert squeezed(0.1, 0.02, 0.02) == 0.0


def test_swaps_cross_the_turn_of_the_year_from_october_on():
    made = scenario(
        "august-2024", funding__basis={"kind": "market"}, calendar__days=125,
        calendar__shock_day=22,
    )  # fmt: skip
    first = made.calendar.dates()[int(np.flatnonzero(year_ends(made)[:, 0])[0])]
    assert (first.year, first.month) == (2024, 10)


def test_a_line_brings_the_basis_to_its_price_after_two_weeks():
    world = market_world(policy__swap_line=LINE, calendar__days=45)
    world = hoard(world, 5.0)
    basis = []
    for day in range(45):
        pass_days(world, 1, first=day)
        basis.append(1e4 * world.market.basis[0])
    assert basis[0] == pytest.approx(-210.0, abs=1.0)
    assert basis[-1] == pytest.approx(-100.0, abs=2.0)
    left = (np.array(basis) + 100.0) / (basis[0] + 100.0)
    assert left.sum() == pytest.approx(13.5, abs=0.6)  # mean lag of what it closes
    demand, capacity, *_ = world.market.swap_terms[0]
    drawn = world.market.line_usd_bn[0] / (95.0 * capacity)
    assert drawn == pytest.approx(demand / capacity - 100.0 / 35.0, abs=0.05)


@pytest.mark.parametrize("line", [LINE, {"kind": "line"}], ids=["facility", "line"])
def test_where_dollars_cost_nothing_nobody_draws_a_line(line):
    world = hoard(market_world(funding__basis_per_year=0.0, policy__swap_line=line), 5.0)
    pass_days(world, 3)
    assert world.market.basis[0] == 0.0 and world.market.line_usd_bn[0] == 0.0


def test_banks_pay_the_line_25_basis_points_over_the_dollar_rate():
    world = market_world(policy__swap_line=LINE)
    world.script.accrual_days[:] = 36.0
    world.market.line_usd_bn[0] = 100.0
    pass_days(world)
    assert world.market.official_cash[DOLLAR] == pytest.approx(100.0 * 0.0025 / 10)


@pytest.mark.parametrize(
    ("path_bp", "opens_on"),
    [
        ([-35.0] * 4 + [-56.0, -83.0, -107.0], 6 + 5),  # 28 February, 6 and 9 March 2020
        ([-35.0] * 4 + [-56.0, -83.0, -94.0], -1),  # not wide enough
        ([-60.0] * 4 + [-83.0, -107.0, -110.0], -1),  # it has not widened fast
    ],
)
def test_the_line_opens_five_days_after_the_basis_is_wide_and_has_widened_fast(path_bp, opens_on):
    world = market_world(policy__swap_line={"kind": "facility-by-rule"})
    past = world.market.basis_past[0]
    past[:] = path_bp[0] / 1e4
    for day, basis_bp in enumerate(path_bp):
        past[:] = np.append(basis_bp / 1e4, past[:-1])
        watch_basis(day, *by_reference(world.market, world.rules.basis.line))
    assert world.market.line_days[0] == opens_on


def test_dollars_that_no_swap_supplies_are_bought_with_yen_up_to_a_limit_and_sold_again():
    world = with_rules(market_world(), "basis", spot_share=np.array([0.16]))
    world = hoard(world, [3.5, 3.5, 3.5, *[0.0] * 9])
    rates, bought = world.market, []
    for day in range(4):
        pass_days(world, 1, first=day)
        bought.append(world.market.user_dollars[0])
    wanted = 0.16 * 95.0 * (4.5 - 1.5)
    # Orders are in yen: what they fetch moves with the price at which they trade.
    assert bought == pytest.approx([15.0, 30.0, wanted, wanted - 15.0], rel=0.06)
    assert rates.outside[SWAP_USERS, JPY] < -25.0  # they own dollars for yen
    assert rates.official_units[JPY] == pytest.approx(0.0, abs=1e-12)  # no authority traded
    assert world.record.days["conservation_error"][:4].max() < 1e-12


def test_insurers_hedge_less_where_the_basis_is_dear():
    hedge = []
    for squeeze in (0.0, 5.0):
        world = hoard(market_world(), squeeze)
        pass_days(world, 2)
        insurers = world.rules.mandates.swap_share[0] == 1.0
        hedge.append(world.books.units[JPY, insurers].sum())
    # 175bp wider, 2 per unit, of 300bn, a twentieth in a day: one order, and most of a second.
    assert hedge[1] - hedge[0] == pytest.approx(-2.0 * 0.0175 * 300.0 * 0.05 * 1.95, rel=0.1)
