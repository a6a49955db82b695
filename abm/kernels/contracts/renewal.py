"""Owners of accounts: households renew theirs, value investors are paid what they earn."""

from abm.kernels.behaviours.idle import is_idle
from abm.kernels.compiler.jit import inlined, kernel
from abm.kernels.contracts.balances import add_cash
from abm.kernels.state import OWNERS, RETAIL_EQUITY, RETAIL_FX, SUBSCRIPTIONS, TRADE


@inlined
def renewed_usd_bn(wealth, opening_wealth, share):
    """Money that the renewal of a share of the accounts brings [USD bn]: rho (W0 - W).   (M81)"""
    return share * (opening_wealth - wealth)


@kernel
def renew_retail(books, market, rules):
    """Renew a share of the retail currency accounts: old owners leave with what they have, new
    ones bring the opening wealth.                                                        (M81)
    """
    share, mandates, dollar = rules.retail_fx.renewal, rules.mandates, market.rates.size - 1
    if share == 0.0:
        return
    for i in range(mandates.first_row[RETAIL_FX], mandates.first_row[RETAIL_EQUITY]):
        if not is_idle(i, books):
            amount = renewed_usd_bn(books.wealth[i], mandates.opening_wealth[i], share)
            add_cash(i, amount, books)
            market.outside[SUBSCRIPTIONS, dollar] -= amount


@kernel
def pay_value_owners(market, rules):
    """Trade takes over value investors' currencies at the market price, and owners their cash.

    Interest is paid in a currency by an account that never buys it; what piles up with value
    investors is what a country pays with its exports.                                    (M82)
    """
    n_currencies = market.rates.size - 1
    for c in range(n_currencies):
        units = rules.value_investors.trade_share * market.value_held[c]
        market.value_held[c] -= units
        market.value_cash[n_currencies] += units * market.usd_price[c]
        market.outside[TRADE, c] += units
        market.outside[TRADE, n_currencies] -= units * market.usd_price[c]
    for c in range(n_currencies + 1):
        paid = rules.value_investors.payout_share * market.value_cash[c]
        market.value_cash[c] -= paid
        market.outside[OWNERS, c] += paid
