"""Far out in what a scenario may say the books balance to the last digits, as they do near by."""

import math

import numpy as np
import pytest

import abm
from abm.errors import FailedRun, ScenarioFaults
from abm.kernels.audit import SHARES_EVERY, larger, loans_error, scale_errors, worst_error
from abm.kernels.compiler.reference import by_reference
from abm.kernels.contracts.balances import mark_all
from abm.kernels.scratch import allocate_scratch
from abm.kernels.state import FARTHEST_LOG
from abm.population.advance import advance, open_world
from abm.population.network import shares_of_one
from abm.population.world import build_world, scale_audit

# Each broke the audit, by the error given, before prices had an outermost limit, loans always a
# lender, credit and trading a largest price, and the audit's scale what passes through dealers.
BROKEN = [
    (2e-1, "world-2024", 0,
     {"liquidity.impact.kind": "none", "instruments.JPY.daily_limit_log": 2.0}),
    (1.4e-5, "august-2024", 0, {"network.brokers.share_concentration": 0.001}),
    (1e-9, "calm", 0,
     {"instruments.JPY.value_speed_per_day": 0.0, "network.brokers.share_concentration": 0.4}),
    (1e102, "hike", 0,
     {"instruments.JPY.daily_limit_log": 2.0, "funds.styles.JP.equity_usd_bn": 1e6}),
    (5e277, "calm", 0,
     {"funds.styles.RV.leverage": 100.0, "banks.periphery_capital_usd_bn": 1e-300}),
    (2e-8, "hike", 3,
     {"funds.styles.MA.equity_usd_bn": 1033.876, "instruments.JPY.volatility_per_year": 0.0001,
      "calendar.burn_in_days": 150}),
    (2e-9, "world-2024", 0,
     {"funding.basis.demand_usd_bn": 1e5, "funding.basis.widest_per_year": 0.5,
      "funding.basis.squeeze.per_point": 20.0,
      "funding.basis.squeeze.calm_volatility_per_year": 2.0,
      "instruments.JPY.value_depth_usd_bn": 0.005, "instruments.UST.volatility_per_year": 3.0}),
]  # fmt: skip


@pytest.mark.parametrize(("was", "name", "seed", "changes"), BROKEN)
def test_what_broke_the_audit_balances_or_is_refused(was, name, seed, changes):
    try:
        scenario = abm.load_scenario(name).with_changes(changes)
    except ScenarioFaults as refused:
        assert "must be" in str(refused)
        return
    assert abm.run(scenario, rng=seed).summary["max_conservation_error"] < 1e-11


def test_no_price_leaves_a_factor_of_fifty_five():
    """Funds of a trillion that size by an estimate of nearly no risk once moved the yen e^20."""
    _, name, seed, changes = BROKEN[-1]
    larger = {**changes, "funds.styles.MA.equity_usd_bn": 2000.0}
    world = open_world(abm.load_scenario(name).with_changes(larger), seed)[0]
    advance(world, world.burn_in, world.n_days)
    assert FARTHEST_LOG == 4.0  # 4 sigma of an index of 20% a year after 25 years
    assert np.abs(world.record.log_prices).max() == FARTHEST_LOG


def test_loans_always_have_lenders():
    """A Dirichlet parameter of nearly nothing leaves no weight: then one broker lends it all."""
    weights = np.array([[2.0, 6.0, 0.0], [0.0, 0.0, 0.0], [0.0, 4e-320, 1e-323]])
    shares = shares_of_one(weights)
    assert shares.tolist() == [[0.25, 0.75, 0.0], [1.0, 0.0, 0.0], [1.0, 0.0, 0.0]]
    for range_ in ((), (0.3, 0.5)):
        scenario = abm.load_scenario("hike").with_changes(
            {
                "network.brokers.share_concentration": 0.001,
                "network.brokers.first_share_range": range_,
            }
        )
        graph = open_world(scenario, 0)[0].graph
        has_brokers = np.diff(graph.broker_start) > 0
        lent = np.add.reduceat(graph.broker_share, graph.broker_start[:-1][has_brokers])
        assert lent == pytest.approx(1.0, abs=1e-14)


@pytest.mark.parametrize("name", ["august-2024", "hike", "auto-liquidation", "wide"])
def test_errors_are_shares_of_gross_opening_positions(name):
    books, market, graph = build_world(abm.load_scenario(name), 2)[:3]
    cash = np.abs(books.cash).sum() + graph.equity.sum()
    held = np.abs(books.units).sum(axis=1) + graph.book.sum(axis=1)  # banks' own, too
    assert market.gross_totals == pytest.approx([*held, cash], rel=1e-15)


def test_what_hardly_anybody_holds_is_scaled_by_its_market():
    """No yen is owned or owed where shares worth 1,000bn are held without debt; bonds are deep."""
    shares = {"retail_equity.notional_usd_bn": 1000.0, "retail_equity.leverage": 1.0}
    shares |= {"retail_equity.leverage_dispersion": 0.0, "instruments.JGB.value_depth_usd_bn": 1e5}
    shares |= {"liquidity.depth_multiple": 0.9, "instruments.JGB.dealer_depth_usd_bn": 2000.0}
    scenario = abm.load_scenario("hike").with_changes(shares)
    world = build_world(scenario, 2)
    JPY, NKY, JGB = (scenario.instrument_names.index(name) for name in ("JPY", "NKY", "JGB"))
    world.books.units[JPY] = 0.0
    scale_audit(*world[:4])
    gross = world.market.gross_totals
    assert gross[JPY] == gross[NKY] > 1000.0
    assert gross[JGB] == pytest.approx(1e-4 * 0.9 * (1e5 + 2000.0))


@pytest.mark.parametrize("k", [0, 4, -1], ids=["yen", "shares", "dollars"])
@pytest.mark.parametrize(("grown", "seen"), [(0.0, 2e-9), (1e6, 2e-12), (1e12, 2e-12)])
def test_what_is_lost_is_seen_however_much_is_held(k, grown, seen):
    """In the opening's books 2e-9 of the gross; in books a million times as large 2e-12 of that."""
    world = open_world(abm.load_scenario("hike"), 2)[0]
    column = world.books.cash if k == -1 else world.books.units[k]
    gross = world.market.gross_totals
    much = grown * gross[k]
    column[:3] += np.array([much / 3.0, -much, 2.0 * much / 3.0])
    books, market, graph, scratch = by_reference(*world[:3], world.scratch)
    mark_all(books, market)
    scale_errors(books, market, scratch)
    rounding = worst_error(True, books, market, graph, scratch)
    column[0] += seen * max(2.0 * much, gross[k])
    lost = worst_error(True, books, market, graph, scratch)
    assert rounding < 1e-10 and 1e-9 < lost < 1e-8


def test_what_has_been_held_is_remembered():
    """A yen debt of 5,000 times the opening's leaves its rounding behind when it is repaid."""
    books, market, _ = build_world(abm.load_scenario("hike"), 2)[:3]
    groups = by_reference(books, market, allocate_scratch(9, books.cash.size))
    opening = market.gross_totals[0]
    books.units[0, 0] -= 5000.0 * opening
    scale_errors(*groups)
    books.units[0, 0] += 5000.0 * opening
    scale_errors(*groups)
    assert market.gross_totals[0] == pytest.approx(5.0 * opening, rel=1e-3)
    assert market.gross_totals[1] == np.abs(books.units[1]).sum()


@pytest.mark.parametrize("currency", [0, -1], ids=["yen", "dollars"])
def test_what_dealers_owe_is_in_the_scale(currency):
    """Their balance of a million times the gross scales errors by a thousand times of it."""
    books, market, _ = build_world(abm.load_scenario("hike"), 2)[:3]
    opening = market.gross_totals.copy()
    market.dealer_cash[currency] = -1e6 * opening[currency]
    scale_errors(*by_reference(books, market, allocate_scratch(9, books.cash.size)))
    assert market.gross_totals[currency] == pytest.approx(1e3 * opening[currency], rel=1e-5)
    others = np.delete(np.arange(len(opening)), currency)
    assert (market.gross_totals[others] == opening[others]).all()


def test_shares_of_loans_that_offset_one_another_are_seen_in_turn():
    """Shares of one borrower too large and of another too small, each seen on its day."""
    world = open_world(abm.load_scenario("hike"), 2)[0]
    last = len(world.graph.broker_share) - 1
    assert world.graph.borrower[0] != world.graph.borrower[last]
    world.graph.broker_share[[0, last]] += [0.25, -0.25]
    state = (*by_reference(*world[:3]), *by_reference(world.rules.mandates))
    errors = np.array([loans_error(day, *state) for day in range(2 * SHARES_EVERY)])
    seen = np.isclose(errors, 0.25)
    assert seen.sum() == 4 and (seen[:SHARES_EVERY] == seen[SHARES_EVERY:]).all()
    assert errors[~seen].max() < 1e-12


def test_an_error_that_is_no_number_is_not_lost():
    assert larger(1.0, 2.0) == larger(2.0, 1.0) == 2.0
    assert math.isnan(larger(1.0, math.nan))
    assert math.isnan(larger(math.nan, 1.0))


def test_a_book_that_holds_no_number_is_a_failed_run_of_that_day():
    world = open_world(abm.load_scenario("calm"), 1)[0]
    first = world.burn_in
    world = advance(world, first, first + 1)
    world.books.units[2, 5] = math.nan
    with pytest.raises(FailedRun, match=r"failed on day 1: days [a-z_]+ is nan"):
        advance(world, first + 1, first + 4)
    assert math.isnan(world.record.days["conservation_error"][first + 1])
