"""Rules by which banks matter, by hand: requirement, head-room, books, runs, marks, the estate."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from abm.kernels.audit import banks_error
from abm.kernels.banks.claim_marks import lost_share
from abm.kernels.banks.funding_run import sale_usd_bn, withdrawal_usd_bn
from abm.kernels.compiler.jit import door
from abm.kernels.compiler.reference import by_reference
from abm.kernels.constraints.bank_requirement import (
    assess_capital,
    loan_weight,
    risk_weight,
)
from abm.kernels.events import ASSET_SALE, BANK_RUN
from abm.kernels.rules import RequirementRule, RunRule
from abm.kernels.state import (
    BANK_DESK,
    BOOK,
    BOOK_CARRY,
    CREDIT_LOSSES,
    DEADWEIGHT,
    DEPOSIT_INSURANCE,
    DESKS,
    DISCOUNT,
    ESTATE,
    ESTATE_ASSETS,
    ESTATE_BOOK,
    ESTATE_FUNDING,
    FAILURE,
    FUNDERS,
    INTERBANK,
    SUBSCRIPTIONS,
)
from abm.population.world import build_world
from abm.scenario import load_scenario
from tests.engine.worlds import (
    BARE,
    DOLLAR,
    EM,
    HY,
    SPX,
    everybody,
    pass_days,
    quiet,
    scenario,
    with_rules,
    with_wealth,
)
from tests.kernels.banks.test_banks import DESK, balanced, bank_world, lenders, sides_apart

REQUIREMENT = RequirementRule(
    is_on=True, weight=0.04, multiple=1.3, least=0.5, most=6.0, long_run=1.3
)
RUN = RunRule(
    is_on=True, ratio=0.03, speed=0.25, runnable=0.3, reserve_share=0.1, sale_share=0.3,
    discount=0.03,
)  # fmt: skip
BY_RISK = {"banks__requirement": {"kind": "risk-weighted"}}
BOOKS = {
    "kind": "held", "asset_share": 0.1, "factors": [0.6, 0.8, 1.0, 1.6],
    "weights": {"HY": 0.6, "EM": 0.2, "SPX": 0.2},
}  # fmt: skip


# --- capital that assets require (M105, M106), and depth by what is left of it (M107)


def test_a_loan_weighs_by_its_borrowers_risk_over_that_through_the_cycle():
    assert risk_weight(0.04, 0.04, REQUIREMENT) == pytest.approx(1.3)
    assert risk_weight(0.16, 0.04, REQUIREMENT) == pytest.approx(2.6)  # twice as volatile
    assert risk_weight(0.0001, 0.04, REQUIREMENT) == 0.5
    assert risk_weight(4.0, 0.04, REQUIREMENT) == 6.0
    assert risk_weight(0.0, 0.0, REQUIREMENT) == 0.5  # holds nothing


def required(world, weight_of):
    """What the assets of every bank require, by a weight of each borrower's loan."""
    books, graph = world.books, world.graph
    wanted = np.zeros(len(graph.equity))
    for i in range(len(books.cash)):
        for edge in range(graph.broker_start[i], graph.broker_start[i + 1]):
            share = 0.04 * graph.broker_share[edge]
            wanted[graph.broker[edge]] += share * weight_of(i) * books.borrowing[i]
    assert wanted.max() > 0.1
    assets = graph.loans + graph.desk_assets + graph.other_assets + graph.liabilities.sum(axis=0)
    return assets / 20.0 + wanted


def test_what_a_banks_assets_require_by_hand():
    world = build_world(scenario("calm", **BARE | BY_RISK), 1)
    books, graph, rules = world.books, world.graph, world.rules
    # other assets fill every bank up to four fifths of its capital
    assert graph.requirement == pytest.approx(0.8 * graph.equity)
    assert graph.requirement == pytest.approx(required(world, lambda _: 1.3))
    books.margin_risk[0] = 4.0 * rules.banks.requirement.long_run  # a loss of twice the calm size
    books.margin_risk[1] = 100.0 * rules.banks.requirement.long_run
    door(assess_capital)(*by_reference(books, world.market, graph, rules))
    weights = {0: 2.6, 1: 6.0}
    assert graph.requirement == pytest.approx(required(world, lambda i: weights.get(i, 1.3)))


def test_where_margins_follow_volatility_so_does_what_loans_require():
    changes = BARE | BY_RISK | {"margin": {"kind": "volatility"}}
    world = build_world(scenario("calm", **changes), 1)
    books, graph, market = world.books, world.graph, world.market
    calm = world.rules.market.calm_risk
    calm = (calm + calm.T) / 2.0  # off-diagonals are doubled
    fast = np.tril(market.risk_fast)
    fast = (fast + fast.T) / 2.0

    def weight(i):
        held = books.units[:, i] * market.usd_price
        long_run = world.rules.banks.requirement.long_run * held @ calm @ held
        return np.clip(1.3 * np.sqrt((held @ fast @ held) / long_run), 0.5, 6.0)

    assert graph.requirement == pytest.approx(required(world, weight))


@pytest.mark.parametrize("bp", [-100.0, 100.0])
def test_only_who_has_lost_costs_its_banks_more_capital(bp):
    # By the volatility of holdings, good news took capital from those who lend to the carry.
    asked = scenario("hike", shock__surprise_bp=bp)
    world = build_world(asked, 1)
    world.chance.news[:] = 0.0
    eve = world.burn_in + asked.shock_day
    pass_days(world, eve)
    before, wealth = weights_of_loans(world), world.books.wealth.copy()
    after = weights_of_loans(pass_days(world, 1, eve))
    is_dearer, has_lost = after > before, world.books.wealth < wealth
    assert not (is_dearer & ~has_lost).any()
    in_debt = world.books.borrowing > 0.0
    assert is_dearer[in_debt].mean() > 0.5 if bp > 0.0 else is_dearer[in_debt].mean() < 0.1


def weights_of_loans(world):
    """Risk weight of what each institution owes."""
    rows = range(len(world.books.cash))
    groups = by_reference(world.books, world.market, world.rules)
    return np.array([door(loan_weight)(i, *groups) for i in rows])


def test_a_bank_recalls_what_frees_the_capital_it_lacks():
    world = with_rules(lenders(), "banks", requirement=REQUIREMENT, max_line_cut=0.3)
    graph = world.graph
    pass_days(world)
    # two billion short, of which a dollar recalled frees 1/20 + 1/25: over all loans
    graph.equity[0] = graph.requirement[0] - 0.05
    graph.equity[1] = 0.5 * graph.requirement[1]  # far short: the most in a day
    graph.equity[2] = graph.requirement[2] / 0.95  # within it, and beyond nine tenths
    pass_days(balanced(world), 1, 1)
    short = graph.requirement[0] - graph.equity[0]
    assert graph.cut[0] == pytest.approx(short / (0.05 + 0.04) / graph.loans[0])
    assert 0.0 < graph.cut[0] < 0.3 and graph.cut[1] == 0.3 and graph.cut[2] == 0.0
    assert graph.utilisation[:3] == pytest.approx(
        graph.requirement[:3] / graph.equity[:3] - 0.9, abs=1e-12
    )


def test_dealers_quote_by_the_root_of_the_head_room():
    world = lenders(liquidity__dealers__capacity={"kind": "head-room"})
    graph = world.graph
    core = slice(0, 4)
    assert graph.requirement[core] == pytest.approx(0.8 * graph.equity[core])
    assert graph.opening_room[0] == pytest.approx(0.2 * graph.equity[core].sum())
    before = pass_days(world).market.dealer_depth.copy()
    spare = graph.equity[core] - graph.requirement[core]
    # a quarter of the head-room is left: half of the depth
    graph.equity[core] -= 0.75 * spare
    pass_days(balanced(world), 1, 1)
    left = (graph.equity[core] - graph.requirement[core]).sum()
    share = np.sqrt(left / spare.sum())
    assert share == pytest.approx(0.5, rel=1e-3)
    assert world.market.dealer_depth / before == pytest.approx(share, rel=1e-6)


# --- trading books (M108)


def test_a_book_is_a_share_of_the_assets_a_bank_opens_with():
    world = lenders(banks__trading_book=BOOKS)
    graph = world.graph
    sizes = 0.1 * 0.8 * 20.0 * graph.equity[:4] * [0.6, 0.8, 1.0, 1.6]
    assert graph.book[HY, :4] == pytest.approx(0.6 * sizes)
    assert graph.book[[EM, SPX], :4] == pytest.approx(np.array([0.2 * sizes] * 2))
    assert graph.book_value[:4] == pytest.approx(sizes) and not graph.book[:, 4:].any()
    # it is part of the assets that fill the balance sheet
    assert sides_apart(world) == pytest.approx(0.0, abs=1e-9)


def test_what_a_book_gains_is_its_banks_and_no_dollar_moves():
    world = lenders(banks__trading_book=BOOKS)
    graph, market = world.graph, world.market
    equity, total, deposits = graph.equity.copy(), everybody(world), graph.deposits.copy()
    world.chance.news[0, HY] = -0.05
    pass_days(world)
    lost = graph.book[HY] * (1.0 - np.exp(market.log_price[HY]))
    assert lost[3] > 1.0
    moved = graph.flows[BOOK]
    assert moved == pytest.approx(-lost, abs=1e-6)  # the others have hardly moved
    assert (graph.equity - equity)[:4] == pytest.approx(graph.flows.sum(axis=0)[:4])
    assert everybody(world) == pytest.approx(total, abs=1e-9)
    assert graph.deposits[4:] == pytest.approx(deposits[4:])
    assert banks_error(*by_reference(graph)) < 1e-12


def test_a_book_earns_its_coupons_less_the_dollar_rate():
    built = build_world(scenario("calm", only="funds", banks__trading_book=BOOKS), 1)
    world = quiet(built, interest=True)
    graph, market = world.graph, world.market
    value, held = graph.book_value.copy(), graph.book.copy()
    days = world.script.accrual_days[0]
    pass_days(world)
    coupons = 0.072 * held[HY] + 0.075 * held[EM] + 0.058 * held[SPX]
    carry = (coupons - 0.053 * value) * days / 360.0
    assert carry[3] > 0.0 and graph.flows[BOOK_CARRY] == pytest.approx(carry)
    assert market.estate_units.sum() == 0.0


@pytest.mark.parametrize(
    ("weights", "said"),
    [
        ({"JPY": 1.0}, "must be an asset quoted in USD"),
        ({"NKY": 1.0}, "must be an asset quoted in USD"),
        ({"HY": 0.5}, "must sum to 1"),
        ({"TIPS": 1.0}, "is not an instrument"),
    ],
)
def test_a_book_holds_assets_in_dollars(weights, said):
    with pytest.raises(ValueError, match=said):
        load_scenario("calm").with_changes({"banks.trading_book": BOOKS | {"weights": weights}})


# --- a run (M109, M110)


def test_withdrawals_by_hand():
    # half of what is needed: half of a quarter of three tenths of 400
    assert withdrawal_usd_bn(6.0, 400.0, RUN) == pytest.approx(15.0)
    assert withdrawal_usd_bn(12.0, 400.0, RUN) == 0.0
    assert withdrawal_usd_bn(40.0, 400.0, RUN) == 0.0
    assert withdrawal_usd_bn(0.0, 400.0, RUN) == withdrawal_usd_bn(-9.0, 400.0, RUN) == 30.0
    assert withdrawal_usd_bn(1.0, 0.0, RUN) == 0.0


def test_a_sale_raises_what_is_wanted_at_a_discount_up_to_a_share():
    assert sale_usd_bn(9.7, 100.0, RUN) == pytest.approx(10.0)
    assert sale_usd_bn(97.0, 100.0, RUN) == pytest.approx(30.0)
    assert sale_usd_bn(5.0, -1.0, RUN) == 0.0


@given(st.floats(-50, 500), st.floats(1, 5000), st.floats(-50, 500))
def test_funding_never_leaves_faster_from_the_bank_with_more_capital(equity, assets, more):
    less, most = sorted((equity, more))
    assert withdrawal_usd_bn(most, assets, RUN) <= withdrawal_usd_bn(less, assets, RUN)
    assert 0.0 <= withdrawal_usd_bn(equity, assets, RUN) <= 0.075 * assets


def run_world(equity, other, reserves, **changes):
    """A world in which the first bank, without clients' loans or claims, has these books."""
    world = with_rules(bank_world([equity], [[0.0]], **changes), "banks", run=RUN)
    graph = world.graph
    graph.liabilities[:] = 0.0
    for edge in range(len(graph.broker)):
        graph.broker[edge] = 1 if graph.broker[edge] == 0 else graph.broker[edge]
    graph.loans[1] += graph.loans[0]
    graph.loans[0] = 0.0
    graph.other_assets[0], graph.reserves[0] = other, reserves
    graph.counter[1] = graph.other_assets.sum() + graph.reserves.sum()
    return balanced(world)


def test_reserves_pay_first_and_then_a_fire_sale():
    world = run_world(1.5, 95.0, 5.0)
    graph, market = world.graph, world.market
    total, funding = everybody(world)[-1], graph.deposits[0]
    pass_days(world)
    # half of the ratio: 3.75 leave, which reserves pay
    assert graph.reserves[0] == pytest.approx(1.25) and graph.other_assets[0] == 95.0
    assert funding - graph.deposits[0] == pytest.approx(3.75)
    assert graph.equity[0] == pytest.approx(1.5)
    kept = graph.deposits[0]
    pass_days(world, 1, 1)
    wanted = 0.25 * (1.0 - 1.5 / 96.25 / 0.03) * 0.3 * 96.25
    sold = (wanted - 1.25) / 0.97
    assert graph.reserves[0] == pytest.approx(0.0)
    assert graph.other_assets[0] == pytest.approx(95.0 - sold)
    assert kept - graph.deposits[0] == pytest.approx(wanted)
    assert graph.equity[0] == pytest.approx(1.5 - 0.03 * sold)
    assert graph.flows[DISCOUNT, 0] == pytest.approx(-0.03 * sold)
    assert market.outside[CREDIT_LOSSES, DOLLAR] == pytest.approx(0.03 * sold)
    assert everybody(world)[-1] == pytest.approx(total) and not graph.failed.any()
    assert banks_error(*by_reference(graph)) < 1e-12
    events = world.record.events[: world.record.n_events[0]]
    runs, sales = (events[events["kind"] == kind] for kind in (BANK_RUN, ASSET_SALE))
    assert runs["amount_usd_bn"] == pytest.approx([3.75, wanted])
    assert sales["amount_usd_bn"] == pytest.approx([sold])
    assert runs["institution"].tolist() == [-10, -10] and sales["institution"].tolist() == [-10]


def test_who_cannot_pay_what_is_withdrawn_closes_whatever_its_capital():
    world = with_rules(
        run_world(0.02, 2.0, 0.0), "banks", run=RUN._replace(speed=1.0, runnable=1.0)
    )
    graph, market = world.graph, world.market
    total = everybody(world)[-1]
    pass_days(world)
    # two thirds of two leave, .582 is raised at a loss of .018: of .002 that is left half is wasted
    assert graph.failed[0] == 2 and graph.equity[0] == 0.0
    assert graph.flows[DISCOUNT, 0] == pytest.approx(-0.018)
    assert graph.flows[FAILURE, 0] == pytest.approx(-0.002)
    assert market.outside[[DEADWEIGHT, ESTATE], DOLLAR] == pytest.approx(0.001)
    assert market.outside[DEPOSIT_INSURANCE, DOLLAR] == 0.0
    assert everybody(world)[-1] == pytest.approx(total)
    assert banks_error(*by_reference(graph)) < 1e-12


# --- claims marked by their debtors' capital (M111)


def test_a_claim_loses_the_share_of_its_debtors_capital_that_is_gone():
    assert lost_share(60.0, 60.0) == lost_share(80.0, 60.0) == 0.0
    assert lost_share(45.0, 60.0) == pytest.approx(0.25)
    assert lost_share(0.0, 0.0) == 0.0  # all of its capital stands behind its desk
    assert lost_share(-5.0, 60.0) == 1.0


def test_creditors_bear_what_their_claims_have_lost_and_get_it_back():
    world = with_rules(
        bank_world([45.0], [[0, 8, 4], [0, 0, 2], [0, 0, 0]]), "banks", marks_claims=True
    )
    graph, market = world.graph, world.market
    graph.opening_equity[0] = 60.0
    balanced(world)
    equity, total = graph.equity.copy(), everybody(world)[-1]
    pass_days(world)
    # a quarter of eight and of four
    assert graph.equity[:3] - equity[:3] == pytest.approx([0.0, -2.0, -1.0])
    assert market.outside[CREDIT_LOSSES, DOLLAR] == pytest.approx(3.0)
    assert graph.flows[INTERBANK, :3] == pytest.approx([0.0, -2.0, -1.0])
    assert everybody(world)[-1] == pytest.approx(total)
    assert banks_error(*by_reference(graph)) < 1e-12
    # the second bank has lost two of its capital: the third marks its claim of two on it
    gone = 2.0 / graph.opening_equity[1]
    pass_days(world, 1, 1)
    assert graph.equity[2] - equity[2] == pytest.approx(-1.0 - 2.0 * gone)
    graph.equity[:2] = graph.opening_equity[:2]
    balanced(world)
    pass_days(world, 2, 2)
    assert market.outside[CREDIT_LOSSES, DOLLAR] == pytest.approx(0.0, abs=1e-9)


def test_debts_are_settled_at_par_after_claims_were_marked_down():
    # as without marks: of eight owed three are paid, and the creditor has lost five
    world = with_rules(bank_world([4.0, 15.0], [[0, 8], [0, 0]]), "banks", marks_claims=True)
    graph = world.graph
    pass_days(world)
    assert graph.equity[1] < 15.0  # marked down already
    graph.equity[0] -= 6.0
    balanced(world)
    pass_days(world, 1, 1)
    assert graph.failed[:2].tolist() == [2, 0] and graph.equity[1] == pytest.approx(10.0)
    assert not graph.written_down[:, 0].any() and banks_error(*by_reference(graph)) < 1e-12


# --- a desk is its bank's, and what a failed bank leaves is its estate's (M44, M114)


def test_what_a_desk_loses_beyond_its_capital_its_bank_pays():
    world = lenders(banks__desk=DESK, funds__days_out=2)
    desk = world.rules.mandates.first_row[BANK_DESK]
    with_wealth(world, desk, -5.0)
    equity, total = world.graph.equity.copy(), everybody(world)[-1]
    pass_days(world)
    assert world.graph.equity[0] - equity[0] == pytest.approx(-5.0, abs=0.1)
    assert world.market.outside[DEPOSIT_INSURANCE, DOLLAR] == 0.0
    assert world.graph.flows[DESKS, 0] == pytest.approx(world.graph.equity[0] - equity[0])
    # and what it starts again with two days later
    before, paid = world.graph.equity[0], world.market.outside[SUBSCRIPTIONS, DOLLAR]
    pass_days(world, 3, 1)
    capital = world.graph.equity[0] + world.books.wealth[desk]
    assert world.books.wealth[desk] == pytest.approx(0.05 * capital)
    assert before - world.graph.equity[0] == pytest.approx(world.books.wealth[desk], abs=0.1)
    assert world.market.outside[SUBSCRIPTIONS, DOLLAR] == paid
    assert everybody(world)[-1] == pytest.approx(total, abs=1e-9)


def test_all_that_a_failed_bank_owned_is_its_estates():
    world = bank_world([-2.0, 15.0], [[0, 8], [0, 0]], banks__trading_book=BOOKS)
    graph, market = world.graph, world.market
    held, others, value = graph.book[:, 0].copy(), graph.other_assets[0], graph.book_value[0]
    total = everybody(world)
    pass_days(world)
    rows = (graph.book[:, 0], graph.book_value[:1], graph.other_assets[:1], graph.deposits[:1],
            graph.loans[:1], graph.desk_assets[:1], graph.reserves[:1], graph.equity[:1],
            graph.liabilities[0], graph.liabilities[:, 0])  # fmt: skip
    assert not any(row.any() for row in rows)
    assert market.estate_units == pytest.approx(held) and held[HY] > 1.0
    assert graph.estate[ESTATE_ASSETS] == pytest.approx(others)
    assert graph.estate[ESTATE_BOOK] == pytest.approx(value)
    assert graph.estate[:ESTATE_FUNDING].sum() == pytest.approx(graph.estate[ESTATE_FUNDING])
    assert market.outside[ESTATE, DOLLAR] == pytest.approx(-value)
    assert everybody(world) == pytest.approx(total, abs=1e-9)
    assert graph.counter[FUNDERS] == pytest.approx(
        graph.deposits.sum() + graph.estate[ESTATE_FUNDING]
    )
    # creditors' loss + insurer - deadweight + capital before = 0
    assert 5.0 + graph.flows[FAILURE, 0] - 2.0 == pytest.approx(0.0)


# --- accounts over whole runs


@pytest.mark.parametrize("seed", range(3))
def test_capital_is_its_parts_on_every_day_of_a_run_on_a_broker(seed):
    changes = {"population.scale": 0.3, "banks.interbank_marks": {"kind": "capital"}}
    scenario_ = load_scenario("prime-broker-failure").with_changes(changes | {"calendar.days": 12})
    world = build_world(scenario_, seed)
    for day in range(12):
        pass_days(world, 1, day)
        graph, price = world.graph, world.market.usd_price
        claims = (graph.liabilities.T * (1.0 - graph.written_down[0])).sum(axis=1)
        parts = graph.loans + graph.desk_assets + claims + graph.reserves + graph.other_assets
        parts += price @ graph.book - graph.liabilities.sum(axis=1) - graph.deposits
        assert parts == pytest.approx(graph.equity, abs=1e-9)
        assert graph.equity - graph.opening_equity == pytest.approx(
            graph.flows.sum(axis=0), abs=1e-9
        )
    assert world.record.days["conservation_error"].max() < 1e-12
