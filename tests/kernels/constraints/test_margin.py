"""Calls, grace, stop-outs and failures: one institution, markets without bottom, by hand."""

import numpy as np
import pytest

from abm.kernels.compiler.reference import by_reference
from abm.kernels.constraints.verdicts import REPAYS
from abm.kernels.day import force_sales
from abm.kernels.events import CLOSE_OUT, DEFAULT, FORCED_SALE, LOSS, LOSS_CUT, MARGIN_CALL
from abm.kernels.state import RETAIL_EQUITY, RETAIL_FX, RISK_PARITY, SUBSCRIPTIONS
from tests.engine.worlds import (
    AUD,
    DOLLAR,
    JPY,
    MXN,
    NKY,
    SPX,
    UST,
    everybody,
    leverage,
    pass_days,
    still,
    with_rules,
    with_wealth,
)

STYLES = {
    "FXM": {"yen_share": 1.0, "weights": {"AUD": 0.22, "MXN": 0.28, "UST": 0.1}},
    "MA": {"yen_share": 0.6, "weights": {"UST": 0.4, "SPX": 0.4, "NKY": 0.2}},
}
SIZE = {"share_of_number": 0.5, "equity_usd_bn": 10.0, "leverage": 3.0}
TWO_FUNDS = {
    "funds__n": 2,
    "funds__styles": {name: SIZE | style for name, style in STYLES.items()},
    "funds__grace_share": 0.0,
    "funds__overlap": 1.0,
    "funds__size_dispersion": 0.0,
    "funds__leverage_dispersion": 0.0,
    "population__scale": 1.0,
    "margin": {"kind": "fixed", "rate": 0.25, "buffer": 0.9, "forced_speed": 1.0},
    "calendar__days": 130,
}


def two_funds(wealth, patient=(0, 0), **changes):
    """Two unlike funds that would hold any leverage they may, with this wealth each.

    Each opens with 10bn and owes 20bn: the first one yen, which it holds in part as dollars; the
    second one 12bn of yen and 8bn of dollars, so that money taken from it is one more loan. A
    margin rate of a quarter allows leverage 4 and sends a called fund to 3.6.
    """
    world = still("funds", **TWO_FUNDS | changes)
    world = with_rules(world, "funds", var_limit=1e6, band=10.0, stop_drawdown=1.0)
    world.rules.mandates.risk_aversion[:] = 1e-9
    world.rules.mandates.grace_days[:] = patient
    for row in range(2):
        with_wealth(world, row, wealth if np.isscalar(wealth) else wealth[row])
    return world


def events_of(world, kind, row=None):
    """Rows of the events table of a kind, of one institution."""
    table = world.record.events[: world.record.n_events[0]]
    table = table[table["kind"] == kind]
    return table if row is None else table[table["institution"] == row]


def test_selling_at_a_call_restores_the_buffer_exactly():
    for wealth in (5.0, 2.0):
        world = pass_days(two_funds(wealth))
        assert world.record.n_calls.tolist() == [1, 1]
        assert [leverage(world, i) for i in (0, 1)] == pytest.approx([3.6, 3.6], rel=1e-12)
        assert world.books.wealth == pytest.approx([wealth, wealth], rel=1e-12)
        assert (world.books.call_day == -1).all()


def test_what_a_called_fund_sells_by_hand():
    # wealth 5: assets of 3.6 x .5 x 5 = 9 in AUD and MXN at .22 : .28, yen loan 2.6 x 5 = 13
    world = two_funds(5.0)
    before = world.books.units[:, 0].copy()
    pass_days(world)
    assert world.books.units[[JPY, AUD, MXN, UST], 0] == pytest.approx([-13.0, 3.96, 5.04, 1.8])
    sold = (before - world.books.units[:, 0])[1:].sum()
    assert world.record.forced_sales[0] == pytest.approx(sold)
    # the other one's Nikkei is a sale of shares and of the yen they bring
    assert world.record.forced_usd_bn[0].sum() == pytest.approx(world.record.forced_sales.sum())


@pytest.mark.parametrize("liquidation", ["least-impact", "waterfall"])
def test_other_orders_of_sale_repay_the_same_loan(liquidation):
    change = {"margin": TWO_FUNDS["margin"] | {"liquidation": {"kind": liquidation}}}
    world = pass_days(two_funds(5.0, **change))
    assert [leverage(world, i) for i in (0, 1)] == pytest.approx([3.6, 3.6], rel=1e-9)


def test_a_fund_with_enough_margin_is_left_alone():
    world = two_funds((7.0, 8.0))  # 1 + 20/7 = 3.86 and 1 + 22/8 = 3.75
    before = world.books.units.copy()
    pass_days(world)
    assert world.record.n_calls.sum() == 0 and (world.books.units == before).all()


def test_a_call_sets_the_pace_of_what_the_fund_wants_anyway():
    world = two_funds(5.0)
    world.rules.mandates.risk_aversion[:] = 1e9  # wants no risk at all
    pass_days(world)
    assert [leverage(world, i) for i in (0, 1)] == pytest.approx([1.0, 1.0], abs=1e-9)


def test_a_patient_broker_waits_one_day():
    world = pass_days(two_funds(5.0, patient=(1, 0)))
    assert world.record.n_calls.tolist() == [1, 1]
    assert [leverage(world, i) for i in (0, 1)] == pytest.approx([5.0, 3.6])
    assert world.books.call_day.tolist() == [0, -1]
    pass_days(world, 1, 1)
    assert world.record.n_calls.tolist() == [1, 1]  # one call, not one a day
    assert leverage(world, 0) == pytest.approx(3.6)


def test_money_that_comes_in_time_ends_the_call():
    world = pass_days(two_funds(5.0, patient=(1, 1)))
    units = world.books.units.copy()
    with_wealth(world, 0, 8.0), with_wealth(world, 1, 8.0)
    pass_days(world, 1, 1)
    assert (world.books.call_day == -1).all() and (world.books.units == units).all()


def test_a_call_not_met_after_its_grace_is_a_failure():
    # forced selling that closes a hundredth of the gap meets no call
    slow = {"margin": TWO_FUNDS["margin"] | {"forced_speed": 0.01}, "clearing__rounds": 1}
    world = two_funds(5.0, patient=(1, 0), **slow)
    failed = []
    for day in range(4):
        pass_days(world, 1, day)
        failed.append(world.record.n_failures.tolist())
    assert failed == [[0, 0], [0, 1], [1, 1], [1, 1]]
    assert set(events_of(world, CLOSE_OUT)["institution"]) == {0, 1}


def test_the_margin_rate_of_everyone_follows_the_rule_of_the_scenario():
    world = pass_days(two_funds(8.0))
    assert (world.books.margin_rate == 0.25).all() and (
        world.books.maintenance_leverage == 4.0
    ).all()
    capped = pass_days(two_funds(8.0, funds__leverage_cap=3.95))
    assert (capped.books.maintenance_leverage == 3.95).all()
    none = pass_days(two_funds(2.0, margin={"kind": "none"}))
    assert np.isinf(none.books.maintenance_leverage).all() and none.record.n_calls.sum() == 0


def test_at_a_twentieth_of_its_wealth_a_fund_closes_out_and_sits_out_120_days():
    world = two_funds(9.0)
    with_wealth(world, 0, 0.499)
    world.books.entry_wealth[0] = 9.99  # what it last entered with
    pass_days(world)
    assert world.record.n_failures.tolist() == [1, 0] and world.books.suspended_days[0] == 120
    assert abs(world.books.units[:, 0]).max() < 1e-12
    assert world.books.cash[0] == pytest.approx(0.499)
    paid_in = world.market.outside[SUBSCRIPTIONS, DOLLAR]
    pass_days(world, 119, 1)
    assert world.books.wealth[0] == pytest.approx(0.499) and world.books.suspended_days[0] == 1
    pass_days(world, 1, 120)
    assert world.books.wealth[0] == pytest.approx(10.0) == world.books.entry_wealth[0]
    assert world.market.outside[SUBSCRIPTIONS, DOLLAR] - paid_in == pytest.approx(-9.501)
    assert world.record.n_failures.tolist() == [1, 0]


def test_just_above_a_twentieth_it_goes_on():
    world = pass_days(with_wealth(two_funds(9.0), 0, 0.501))
    assert world.record.n_failures.tolist() == [0, 0]


def test_the_closing_threshold_counts_from_the_last_entry():
    world = two_funds(9.0)
    world.books.entry_wealth[1] = 200.0  # 9 is less than a twentieth of it
    assert pass_days(world).record.n_failures.tolist() == [0, 1]


def test_what_a_ruined_fund_owes_is_lost_by_its_brokers_by_share_once():
    world = with_rules(two_funds(9.0), "banks", max_line_cut=0.0)
    graph = world.graph._replace(
        broker_start=np.array([0, 2, 3]),
        borrower=np.array([0, 0, 1]),
        broker=np.array([0, 2, 1]),
        broker_share=np.array([0.7, 0.3, 1.0]),
    )
    world = with_wealth(world._replace(graph=graph), 0, -3.0)
    equity, total = graph.equity.copy(), everybody(world)[-1]
    pass_days(world)
    assert graph.equity - equity == pytest.approx([-2.1, 0, -0.9] + [0] * 9, abs=1e-9)
    assert world.books.wealth[0] == 0.0 == pytest.approx(world.books.cash[0], abs=1e-12)
    pass_days(world, 3, 1)
    assert graph.equity - equity == pytest.approx([-2.1, 0, -0.9] + [0] * 9, abs=1e-9)
    assert world.record.days["broker_loss_usd_bn"][:4] == pytest.approx([3.0, 0, 0, 0])
    assert world.record.n_failures[0] == 1 and everybody(world)[-1] == pytest.approx(total)
    assert events_of(world, LOSS, 0)["amount_usd_bn"] == pytest.approx([2.1, 0.9])
    assert events_of(world, DEFAULT, 0)["amount_usd_bn"] == pytest.approx([3.0])


def test_a_loss_that_is_booked_is_no_loan_any_more():
    # on the evening of the default the brokers' loan books are without it
    world = pass_days(with_wealth(two_funds(9.0), 0, -3.0))
    assert world.books.borrowing[0] == 0.0
    assert world.graph.loans.sum() == pytest.approx(world.books.borrowing[1])


def test_the_cause_of_a_call_is_the_market_that_cost_most():
    world = two_funds(8.0, calendar__days=2)
    world.chance.news[0, [SPX, JPY]] = -0.12, 0.03
    pass_days(world)
    call = events_of(world, MARGIN_CALL, 1)[0]
    # called once round 0 has cleared, to trade in round 1; 3% of the yen loan costs less
    assert call["round"] == 1 and call["instrument"] == SPX
    assert world.record.events[call["cause"]]["instrument"] == SPX
    parents = world.record.events[events_of(world, FORCED_SALE, 1)["cause"]]
    assert (
        (parents["kind"] == MARGIN_CALL).all()
        and (parents["institution"] == 1).all()
        and len(parents)
    )
    assert leverage(world, 1) == pytest.approx(3.6, rel=1e-9)


PARITY = {
    "risk_parity__n": 1,
    "risk_parity__yen_share": 0.8,
    "risk_parity__leverage_cap": 6.0,
    "risk_parity__volatility_target_per_year": 0.2,
    "margin": TWO_FUNDS["margin"],
}


def test_a_levered_risk_parity_fund_keeps_its_composition_at_a_call():
    world = still("risk_parity", **PARITY)
    row = world.rules.mandates.first_row[RISK_PARITY]
    assert leverage(world, row) > 4.5
    before, opening = world.books.units[:, row].copy(), leverage(world, row)
    pass_days(world)
    assert world.record.n_calls[row] == 1
    assert leverage(world, row) == pytest.approx(3.6, rel=1e-9)
    kept = world.books.units[[UST, SPX, NKY], row] / before[[UST, SPX, NKY]]
    assert kept == pytest.approx(3.6 / opening)
    # and yen keep their share of what it owes
    assert world.books.units[JPY, row] / before[JPY] == pytest.approx(2.6 / (opening - 1.0))


def test_a_retail_trader_below_his_cut_loses_everything_he_holds_at_once():
    world = still("retail_fx", retail_fx__n=3, population__scale=1.0)
    first = world.rules.mandates.first_row[RETAIL_FX]
    owed = -world.books.units[JPY, first + 1]
    with_wealth(world, first + 1, 0.99 * world.rules.mandates.loss_cut[first + 1] * owed)
    with_wealth(world, first + 2, 1.01 * world.rules.mandates.loss_cut[first + 2] * owed)
    pass_days(world)
    assert world.record.days["n_loss_cuts"][0] == 1 and world.record.days["n_failures"][0] == 0
    assert abs(world.books.units[:, first + 1]).max() < 1e-12
    assert world.books.suspended_days[first : first + 3].tolist() == [0, 40, 0]
    assert events_of(world, LOSS_CUT)["institution"].tolist() == [first + 1]


def test_a_margin_long_in_shares_sells_a_share_a_day_and_never_in_the_rounds():
    at_once = {"retail_equity__speed_per_day": 0.5, "retail_equity__days_to_pay": 0}
    world = still("retail_equity", retail_equity__n=1, **at_once)
    row = world.rules.mandates.first_row[RETAIL_EQUITY]
    held = world.books.units[NKY, row]
    with_wealth(world, row, 0.5 * world.rules.mandates.loss_cut[row] * held)
    shares, yen = [], []
    for day in range(3):
        pass_days(world, 1, day)
        shares.append(world.books.units[NKY, row] / held)
        yen.append(world.books.units[JPY, row])
    assert shares == pytest.approx([0.5, 0.25, 0.125])
    # he pays back yen with what his shares bring: no dollars change hands
    assert np.diff(yen) == pytest.approx([0.25 * held, 0.125 * held])


def test_a_call_asks_for_what_is_owed_beyond_the_limit():
    # at the morning's mark, before anything has traded: 20 - 3 x 5 and 25 - 3 x 5
    calls = events_of(pass_days(two_funds(5.0)), MARGIN_CALL)
    assert calls["round"].tolist() == [0, 0] and calls["amount_usd_bn"] == pytest.approx(
        [5.0, 10.0]
    )


def test_a_recall_of_who_has_no_wealth_closes_the_whole_book():
    """A tenth less of infinite leverage is no target; who has wealth repays the tenth."""
    world = two_funds(10.0)
    books, scratch = world.books, world.scratch
    world.books.wealth[0] = 0.0
    books.recalled[:2] = 0.1
    force_sales(0, 0, *by_reference(*world[:4], world.record, scratch))
    assert scratch.rows[: scratch.n_forced[0]].tolist() == [0, 1]
    assert books.speed[0] == 1.0 and not books.intent[:, 0].any()
    assert books.forced[:2].tolist() == [REPAYS, REPAYS] and books.intent[:, 1].any()
    assert np.isfinite(books.intent).all()
