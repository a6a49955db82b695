"""Orders that bring one book to a leverage."""

from abm.kernels.behaviours.hedge_fund import borrow_others, set_fund_shares
from abm.kernels.compiler.jit import inlined, kernel
from abm.kernels.constraints.liquidation import PRO_RATA, spread_sale
from abm.kernels.contracts.balances import debt_above, leverage_of, mandate_multiple
from abm.kernels.markets.impact import depth_of_day
from abm.kernels.markets.orders import IN_UNITS
from abm.kernels.state import MANDATE


@kernel
def delever(i, target, books, market, rules, scratch):
    """Orders that bring one book to the target leverage.                        (M31, M32)"""
    if rules.margin.liquidation == PRO_RATA or rules.mandates.sale_rule[i] != MANDATE:
        delever_pro_rata(i, target, books, market, rules, scratch)
        return
    delever_by_cost(i, target, books, market, rules, scratch)


@kernel
def delever_pro_rata(i, target, books, market, rules, scratch):
    """Every asset keeps its share of the book: c = lambda times today's composition.      (M31)

    The composition is the mandate's for funds and what is held for rule followers; the yen leg
    keeps its share of borrowing.
    """
    books.speed[i] = rules.margin.forced_speed
    if rules.mandates.sale_rule[i] == MANDATE:
        share, mandates = market.funding_share, rules.mandates
        aim = scratch.work[0][:1]
        aim[0] = mandate_multiple(target, books.loan_share[i], mandates.gross_weight[i])
        set_fund_shares(i, i + 1, share[0], aim, mandates.weights, books.intent)
        borrow_others(
            i, i + 1, share, rules.funds.owed, aim, mandates.other_loans, books.intent
        )  # fmt: skip
        return
    wealth = books.wealth[i]
    shrink = target / leverage_of(i, books)
    loans = (target - 1.0) / (leverage_of(i, books) - 1.0)
    for k in range(books.units.shape[0]):
        share = books.units[k, i] * market.usd_price[k] / wealth
        books.intent[k, i] = share * (loans if share < 0.0 else shrink)


@kernel
def delever_by_cost(i, target, books, market, rules, scratch):
    """The same reduction spread by market impact: frozen units at the last mark.      (M32)"""
    K, value = market.usd_price.size, rules.value_investors
    repay = debt_above(target, books.wealth[i], books.borrowing[i])
    work = scratch.work
    position, depth, relief, sale = work[2], work[3], work[4], work[5]
    position[0], depth[0], relief[0] = 0.0, 1.0, 0.0
    for k in range(1, K):
        position[k] = max(books.units[k, i], 0.0) * market.usd_price[k]
        depth[k] = market.usd_price[k] * depth_of_day(
            value.law[k], market.value_speed[k], market.value_depth[k], market.dealer_depth[k]
        )  # fmt: skip
        relief[k] = 1.0
    spread_sale(rules.margin.liquidation, position, depth, relief, repay, sale)
    speed = rules.margin.forced_speed
    books.speed[i] = IN_UNITS
    for k in range(1, K):
        books.intent[k, i] = -speed * sale[k] / market.usd_price[k]
    repaid = min(1.0, speed * repay / books.borrowing[i]) if books.borrowing[i] > 0.0 else 0.0
    books.intent[0, i] = repaid * max(-books.units[0, i], 0.0)
    for c in rules.funds.owed:
        books.intent[c, i] += repaid * max(-books.units[c, i], 0.0)


@kernel
def sell_share(i, share, books):
    """Close a share of every position at any price: s = share, c = 0.                     (M31)"""
    books.speed[i] = share
    for k in range(books.units.shape[0]):
        books.intent[k, i] = 0.0


@inlined
def sell_asset_share(i, share, books):
    """Sell a share of the assets of a resident; the yen balance is what is left over.     (M31)"""
    books.speed[i] = IN_UNITS
    books.intent[0, i] = 0.0
    for k in range(1, books.units.shape[0]):
        books.intent[k, i] = -share * books.units[k, i]
