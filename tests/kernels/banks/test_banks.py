"""Lenders: losses, lines, desks, dealers' profit, and failures booked without a remainder."""

import numpy as np
import pytest

from abm.kernels.audit import banks_error
from abm.kernels.banks.failures import settle_claims
from abm.kernels.compiler.reference import by_reference
from abm.kernels.events import BANK_FAILURE, RECALL
from abm.kernels.state import (
    BANK_DESK,
    CAPITAL,
    DEADWEIGHT,
    DEPOSIT_INSURANCE,
    ESTATE_ASSETS,
    FUNDERS,
    RECAPITALISATION,
)
from tests.engine.worlds import (
    DOLLAR,
    JPY,
    everybody,
    leverage,
    pass_days,
    still,
    with_rules,
    with_wealth,
)

ONE_STYLE = {
    "funds__n": 6,
    "funds__styles": {
        "FXM": {
            "share_of_number": 1.0,
            "equity_usd_bn": 30.0,
            "leverage": 3.0,
            "yen_share": 1.0,
            "weights": {"AUD": 0.22, "MXN": 0.28, "UST": 0.1},
        }
    },
    "population__scale": 1.0,
    "margin": {"kind": "none"},
}
DESK = {
    "kind": "carry",
    "capital_share": 0.05,
    "leverage": 4.0,
    "yen_share": 1.0,
    "weights": {"AUD": 0.3, "UST": 0.3},
}


def lenders(**changes):
    """Six funds that hold what they hold, with loans from four core banks."""
    world = still("funds", **ONE_STYLE | changes)
    return with_rules(world, "funds", band=10.0, var_limit=1e6, stop_drawdown=1.0)


def owed(world):
    return np.maximum(-world.books.units[:DOLLAR], 0.0).sum(axis=0)


def test_loan_books_are_what_clients_owe_by_share():
    world = pass_days(lenders())
    graph, lent = world.graph, np.zeros(12)
    for i, debt in enumerate(owed(world)):
        for edge in range(graph.broker_start[i], graph.broker_start[i + 1]):
            lent[graph.broker[edge]] += graph.broker_share[edge] * debt
    assert graph.loans == pytest.approx(lent) and lent.sum() == pytest.approx(owed(world).sum())


def test_a_bank_above_its_limit_recalls_the_excess_over_its_loans():
    world = with_rules(lenders(), "banks", max_line_cut=0.3)
    graph = world.graph
    others = graph.other_assets + graph.liabilities.sum(axis=0)
    # core bank 1: a tenth of its loans too many; core bank 2: all of them, cut by the most allowed
    graph.leverage_max[0] = (others[0] + 0.9 * graph.loans[0]) / graph.equity[0]
    graph.leverage_max[1] = 0.5 * others[1] / graph.equity[1]
    pass_days(world)
    assert graph.cut[:2] == pytest.approx([0.1, 0.3], rel=1e-9) and not graph.cut[2:].any()
    threshold = world.rules.margin.utilisation_threshold
    use = (others[0] + graph.loans[0]) / (graph.leverage_max[0] * graph.equity[0]) - threshold
    assert graph.utilisation[0] == pytest.approx(use)


def test_a_bank_whose_capital_is_all_but_gone_has_a_utilisation_that_is_a_number():
    """Whatever is multiplied by it stays one: zero times infinity is none."""
    world = lenders()
    world.graph.equity[0] = 1e-310
    pass_days(world)
    assert world.graph.utilisation[0] == 1e6 and not world.graph.failed[0]


def test_recalled_lines_are_repaid_the_next_morning():
    world = with_rules(lenders(), "margin", forced_speed=1.0)
    world.graph.leverage_max[0] = 1.0  # the most is recalled: .3 of its lending
    pass_days(world)
    before, shares = owed(world).copy(), world.graph
    part = np.array(
        [
            sum(
                shares.broker_share[e]
                for e in range(shares.broker_start[i], shares.broker_start[i + 1])
                if shares.broker[e] == 0
            )
            for i in range(6)
        ]
    )
    assert world.books.recalled == pytest.approx(0.3 * part) and part.max() > 0.0
    world.graph.leverage_max[0] = 1e3
    pass_days(world, 1, 1)
    assert owed(world) == pytest.approx(before * (1.0 - 0.3 * part), rel=1e-9)
    assert [leverage(world, i) for i in range(6)] == pytest.approx(
        1.0 + before * (1.0 - 0.3 * part) / world.books.wealth
    )
    events = world.record.events[: world.record.n_events[0]]
    recalled = events[events["kind"] == RECALL]
    assert recalled["amount_usd_bn"] == pytest.approx((0.3 * part * before)[part > 0.0])


def test_recalled_lines_are_repaid_where_no_one_calls_margin_too():
    world = lenders(margin={"kind": "none"})
    world.graph.leverage_max[0] = 1.0
    pass_days(world)
    before, recalled = owed(world).copy(), world.books.recalled.copy()
    world.graph.leverage_max[0] = 1e3
    pass_days(world, 1, 1)
    assert recalled.max() > 0.0
    assert owed(world) == pytest.approx(before * (1.0 - recalled), rel=1e-9)


def test_a_recall_moves_no_one_without_debt():
    # one fund is inactive, one holds half of its money in assets: neither has a loan to repay
    world = lenders(funds__days_out=3)
    with_wealth(world, 0, 0.1)
    world.books.units[:, 1] *= 0.1
    world.books.units[JPY, 1] = 0.0
    with_wealth(world, 1, 5.0)
    world.graph.leverage_max[:] = 1.0
    held = world.books.units[:, 1].copy()
    pass_days(world, 5)
    events = world.record.events[: world.record.n_events[0]]
    recalled = events[events["kind"] == RECALL]
    assert not np.isin(recalled["institution"], [0, 1]).any() and len(recalled) > 0
    assert (world.books.units[:, 1] == held).all()


def test_a_bank_within_its_limit_recalls_nothing():
    world = pass_days(lenders(), 3)
    assert not world.graph.cut.any() and not world.books.recalled.any()


def test_a_desk_keeps_a_fixed_share_of_its_banks_capital():
    world = lenders(banks__desk=DESK)
    first = world.rules.mandates.first_row[BANK_DESK]
    desks = slice(first, first + 4)
    capital = world.graph.equity[:4] + world.books.wealth[desks]
    world.books.cash[first] += 2.0  # one has earned two, one has lost one: opening accounts
    world.books.cash[first + 1] -= 1.0
    capital += [2.0, -1.0, 0.0, 0.0]
    pass_days(world)
    assert world.books.wealth[desks] == pytest.approx(0.05 * capital)
    assert world.graph.equity[:4] == pytest.approx(0.95 * capital)
    units, price = world.books.units[:, desks], world.market.usd_price
    assert world.books.wealth[desks] == pytest.approx(world.books.cash[desks] + price @ units)


def test_a_sweep_is_in_the_desks_loan_the_same_evening():
    # a desk that owes dollars: what its bank takes out is lent to it
    world = lenders(banks__desk=DESK | {"yen_share": 0.2, "weights": {"MXN": 1.0}})
    first = world.rules.mandates.first_row[BANK_DESK]
    assert world.books.cash[first] < 0.0
    world.books.units[JPY, first] += 1.0  # it has earned a billion of yen
    pass_days(world)
    owes = -world.books.cash[first] - world.books.units[JPY, first]
    assert world.books.borrowing[first] == pytest.approx(owes)
    assert world.graph.desk_assets[0] == pytest.approx(owes)


def test_a_desk_lives_as_long_as_its_bank():
    # two desks close out on the first day and may return on the third; one has lost its bank
    world = lenders(banks__desk=DESK, funds__days_out=2)
    desks = world.rules.mandates.first_row[BANK_DESK] + np.arange(4)
    with_wealth(with_wealth(world, desks[0], 0.01), desks[1], 0.01)
    pass_days(world)
    assert world.books.suspended_days[desks].tolist() == [2, 2, 0, 0]
    world.graph.equity[0] = -5.0
    pass_days(world, 5, 1)
    assert world.graph.failed[:4].tolist() == [2, 0, 0, 0]
    assert (world.books.suspended_days[desks] > 0).tolist() == [True, False, False, False]
    assert abs(world.books.wealth[desks[0]]) < 0.1 and world.books.wealth[desks[1]] > 1.0


@pytest.mark.parametrize("days_out", [0, 2])
def test_a_desk_that_trades_when_its_bank_fails_closes_for_good(days_out):
    # the second bank falls with the first, and leaves a desk that has money left to trade with
    changes = {"banks__desk": DESK, "funds__days_out": days_out}
    world = bank_world([-20.0, 5.0], [[0, 30], [0, 0]], **changes)
    desks = world.rules.mandates.first_row[BANK_DESK] + np.arange(4)
    pass_days(world, 10)
    books = world.books
    assert world.graph.failed[:4].tolist() == [2, 2, 0, 0]
    assert (books.suspended_days[desks] > 0).tolist() == [True, True, False, False]
    assert not books.units[:, desks[:2]].any() and 0.1 < books.wealth[desks[1]] < 1.0
    assert not books.closing[desks].any() and books.units[:, desks[2]].any()


def test_what_dealers_earn_goes_to_core_banks_by_capital():
    world = lenders()
    world.market.dealer_cash[-1], world.market.dealer_cash[JPY] = 5.0, 2.0
    world.market.dealer_held[4] = -1.0
    before = world.graph.equity.copy()
    pass_days(with_rules(world, "value_investors", speed=np.zeros(9)))
    gained = world.graph.equity - before
    assert gained[:4] == pytest.approx(6.0 * before[:4] / before[:4].sum()) and not gained[4:].any()


def test_lost_capital_comes_back_slowly_and_gains_are_paid_out_four_times_as_fast():
    world = with_rules(lenders(), "banks", recapitalisation=0.25, payout_multiple=4.0)
    world.graph.equity[0] -= 10.0
    world.graph.equity[1] += 10.0
    before = world.graph.equity.copy()
    pass_days(world)
    flow = [0.01, -0.04] + [0.0] * 10  # .25/250 of ten, four times as much
    assert world.graph.equity - before == pytest.approx(flow, abs=1e-12)
    assert world.market.outside[RECAPITALISATION, DOLLAR] == pytest.approx(0.03)


def bank_world(equity, debts, alpha=0.5, beta=0.9, **changes):
    """The first banks with this capital and these debts; no other bank owes anything."""
    world = lenders(**changes)
    world = with_rules(
        world, "banks", recovery_external=alpha, recovery_interbank=beta, max_line_cut=0.0
    )
    graph = world.graph
    graph.liabilities[:] = 0.0
    graph.equity[: len(equity)] = equity
    graph.liabilities[: len(debts), : len(debts)] = debts
    return balanced(world)


def balanced(world):
    """Capital as it is, by opening and owners; deposits pay for what banks own beyond it."""
    graph = world.graph
    graph.flows[:] = 0.0
    graph.flows[CAPITAL] = graph.equity - graph.opening_equity
    graph.deposits[:] += sides_apart(world)
    graph.counter[FUNDERS] = graph.deposits.sum()
    return world


def sides_apart(world):
    """Assets less debts, deposits and capital of every bank, counted here [USD bn]."""
    graph = world.graph
    claims = (graph.liabilities.T * (1.0 - graph.written_down[0])).sum(axis=1)
    owned = graph.loans + graph.desk_assets + graph.other_assets + claims
    owned += graph.reserves + graph.book_value
    return owned - graph.liabilities.sum(axis=1) - graph.deposits - graph.equity


def insured(world):
    return world.market.outside[[DEADWEIGHT, DEPOSIT_INSURANCE], DOLLAR]


def test_a_bank_without_interbank_debts_fails_on_its_depositors():
    # capital gone by five: no assets beyond deposits to waste, the insurer pays five
    world = pass_days(bank_world([-5.0], [[0.0]]))
    assert world.graph.failed[0] and world.graph.equity[0] == 0.0
    assert insured(world) == pytest.approx([0.0, -5.0])
    assert world.record.days["n_bank_failures"][0] == 1


def test_a_failure_with_a_creditor_by_hand():
    # owes eight, has six beyond deposits: half is wasted, three are paid, the creditor loses five
    world = pass_days(bank_world([-2.0, 15.0], [[0, 8], [0, 0]]))
    assert world.graph.equity[:2] == pytest.approx([0.0, 10.0])
    assert insured(world) == pytest.approx([3.0, 0.0], abs=1e-12)
    assert world.graph.failed[:2].tolist() == [2, 0] and not world.graph.liabilities[0].any()


def test_a_wave_takes_the_creditor_along():
    # the creditor of that bank had four: with three received of eight it is one short
    world = pass_days(bank_world([-2.0, 4.0], [[0, 8], [0, 0]]))
    assert world.graph.failed[:2].tolist() == [2, 2] and not world.graph.equity[:2].any()
    # second bank: outside -4 net of deposits, .9 x 3 received: insurer pays 1.3, .3 wasted
    assert insured(world) == pytest.approx([3.3, -1.3])
    assert world.record.days["n_bank_failures"][0] == 2
    events = world.record.events[: world.record.n_events[0]]
    assert events[events["kind"] == BANK_FAILURE]["institution"].tolist() == [-10, -11]


def test_of_two_that_fail_each_receives_what_the_other_pays():
    # a quarter of both debts is paid: the first has 8 / 2 + 2 / 2 for 20, the second
    # 4 / 2 + 2 / 2 for 12, of which each sends the other 8 / 4
    world = bank_world([-4.0, 0.0, 30.0], [[0, 8, 12], [8, 0, 4], [0, 0, 0]], 0.5, 0.5)
    others = world.graph.other_assets.copy()
    pass_days(world)
    assert world.graph.failed[:3].tolist() == [2, 2, 0]
    assert world.graph.other_assets[2] - others[2] == pytest.approx(4.0)
    assert world.graph.estate[ESTATE_ASSETS] == pytest.approx(others[:2].sum() + 2.0 + 2.0)
    assert world.graph.equity[:3] == pytest.approx([0.0, 0.0, 18.0])
    assert insured(world) == pytest.approx([8.0, 0.0], abs=1e-12)
    assert sides_apart(world) == pytest.approx(0.0, abs=1e-9)


@pytest.mark.parametrize("seed", range(8))
def test_whoever_fails_money_is_conserved_and_no_bank_stands_below_zero(seed):
    rng = np.random.default_rng(seed)
    debts = rng.exponential(6.0, (6, 6)) * (rng.random((6, 6)) < 0.6)
    np.fill_diagonal(debts, 0.0)
    world = bank_world(rng.normal(2.0, 5.0, 6), debts, *rng.uniform(0.2, 1.0, 2))
    world.graph.equity[0] = -1.0
    total = everybody(balanced(world))[-1]
    pass_days(world, 2)
    assert sides_apart(world) == pytest.approx(0.0, abs=1e-9)
    assert banks_error(*by_reference(world.graph)) < 1e-12
    assert everybody(world)[-1] == pytest.approx(total, abs=1e-9)
    assert world.graph.equity.min() >= 0.0 and world.graph.failed[0]
    assert (world.graph.equity[world.graph.failed > 0] == 0.0).all()
    assert world.market.outside[DEADWEIGHT, DOLLAR] >= 0.0
    gone = world.graph.failed > 0
    assert not world.graph.liabilities[gone].any() and not world.graph.liabilities[:, gone].any()


def test_interbank_payment_moves_capital_by_the_unpaid_alone():
    # before costs are booked, what creditors lose is what debtors no longer owe
    world = bank_world([-2.0, 4.0, 9.0], [[0, 8, 3], [0, 0, 2], [1, 0, 0]])
    before = world.graph.equity.sum()
    settle_claims(*by_reference(world.graph, world.rules))
    assert world.graph.equity.sum() == pytest.approx(before)


def test_clients_of_a_failed_bank_move_in_part():
    world = bank_world([-5.0], [[0.0]], network__brokers__concentrated_on=1)
    graph = world.graph._replace(
        broker_start=np.arange(7) * 2,
        borrower=np.repeat(np.arange(6), 2),
        broker=np.array([0, 1] * 5 + [0, 0], np.int64),
        broker_share=np.array([0.6, 0.4] * 5 + [0.5, 0.5]),
    )
    world = with_rules(world._replace(graph=graph), "banks", ported_share=0.25)
    pass_days(world)
    # the last one had no other broker: the largest bank left takes it
    shares = graph.broker_share.reshape(6, 2)
    assert shares[:5].tolist() == [[0.0, 1.0]] * 5
    assert graph.broker[-2:].tolist() == [int(np.argmax(graph.equity))] * 2
    assert world.books.recalled == pytest.approx([0.45] * 5 + [0.75])


def test_a_loan_that_moves_is_still_lent_in_full():
    """All but a ten-billionth of it was at the failed bank: the two others lend the whole."""
    world = bank_world([-5.0], [[0.0]], network__brokers__concentrated_on=1)
    tiny = 1e-10
    graph = world.graph._replace(
        broker_start=np.arange(7) * 3,
        borrower=np.repeat(np.arange(6), 3),
        broker=np.array([0, 1, 2] * 6, np.int64),
        broker_share=np.array([1.0 - tiny, tiny / 3.0, 2.0 * tiny / 3.0] * 6),
    )
    pass_days(world._replace(graph=graph))
    assert graph.broker_share.reshape(6, 3).sum(axis=1) == pytest.approx(1.0, rel=1e-15)


def test_a_failed_bank_earns_and_loses_nothing_more():
    world = pass_days(bank_world([-5.0], [[0.0]]))
    world.market.dealer_cash[-1] = 3.0
    before = world.graph.equity.copy()
    pass_days(world, 1, 1)
    assert world.graph.equity[0] == 0.0
    assert (world.graph.equity - before)[1:4].sum() == pytest.approx(3.0)
