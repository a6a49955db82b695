"""A run on a bank's funding: withdrawals, and the fire sale that pays them."""

from abm.kernels.banks.failures import CLOSING
from abm.kernels.compiler.jit import inlined, kernel
from abm.kernels.constraints.bank_leverage import bank_assets
from abm.kernels.contracts.loans import add_deposits, add_other_assets, write_off
from abm.kernels.events import ASSET_SALE, BANK_RUN, FIRST_BANK, NO_INSTITUTION, record_event
from abm.kernels.state import DISCOUNT, OUTSIDE_BORROWERS


@inlined
def withdrawal_usd_bn(equity, assets, rule):
    """Funding that leaves a bank in a day, speed (1 - kappa / kappa*)+ runnable A.       (M109)

    kappa = E / A; at most speed runnable A, whatever is left of capital.
    """
    if assets <= 0.0:
        return 0.0
    short = min(max(1.0 - equity / assets / rule.ratio, 0.0), 1.0)
    return rule.speed * short * rule.runnable * assets


@inlined
def sale_usd_bn(wanted, other_assets, rule):
    """Other assets sold for dollars that are wanted, min(w / (1 - d), share other).      (M110)"""
    return min(wanted / (1.0 - rule.discount), rule.sale_share * max(other_assets, 0.0))


@kernel
def pay_withdrawals(market, graph, rules, record):
    """Withdrawals from banks that are short of capital: who cannot pay them closes. (M109, M110)

    Reserves go first, then other assets at a discount.
    """
    rule = rules.banks.run
    if not rule.is_on:
        return
    for b in range(graph.equity.size):
        if graph.failed[b]:
            continue
        wanted = withdrawal_usd_bn(graph.equity[b], bank_assets(b, graph), rule)
        if wanted <= 0.0:
            continue
        run = record_event(BANK_RUN, FIRST_BANK - b, NO_INSTITUTION, -1, wanted, -1, record)
        paid = min(wanted, graph.reserves[b])
        graph.reserves[b] -= paid
        graph.counter[OUTSIDE_BORROWERS] -= paid
        add_deposits(b, -paid, graph)
        if paid < wanted:
            sold = sale_usd_bn(wanted - paid, graph.other_assets[b], rule)
            raised = sell_assets(b, sold, rule.discount, market, graph)
            if sold > 0.0:
                record_event(ASSET_SALE, FIRST_BANK - b, NO_INSTITUTION, -1, sold, run, record)
            if raised < (wanted - paid) * (1.0 - ROUNDING):
                graph.failed[b] = CLOSING


ROUNDING = 1e-12  # of what is wanted: short by less is paid


@inlined
def sell_assets(b, sold, discount, market, graph):
    """Sell other assets of a bank and pay its funders; return what was raised [USD bn].  (M110)"""
    raised = (1.0 - discount) * sold
    add_other_assets(b, -sold, graph)
    add_deposits(b, -raised, graph)
    write_off(b, discount * sold, DISCOUNT, market, graph)
    return raised
