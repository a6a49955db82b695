"""Owners: households renew their accounts, companies and value investors pay theirs."""

from abm.kernels.behaviours.idle import is_idle
from abm.kernels.compiler.jit import inlined, kernel
from abm.kernels.contracts.balances import add_cash, gross_assets
from abm.kernels.state import (
    COMPANY,
    CUSTOM,
    INSURER,
    OWNERS,
    RETAIL_EQUITY,
    RETAIL_FX,
    SHARE_A_DAY,
    SUBSCRIPTIONS,
    TRADE,
    TRADER,
)


@inlined
def renewed_usd_bn(wealth, opening_wealth, share):
    """Money that the renewal of a share of the accounts brings [USD bn]: rho (W0 - W).   (M81)"""
    return share * (opening_wealth - wealth)


@kernel
def renew_retail(books, market, rules):
    """Renew a share of the households' accounts in currencies and of those in shares.     (M81)"""
    first = rules.mandates.first_row
    currencies, shares, end = first[RETAIL_FX], first[RETAIL_EQUITY], first[INSURER]
    renew_rows(currencies, shares, rules.retail_fx.renewal, books, market, rules.mandates)
    renew_rows(shares, end, rules.retail_equity.renewal, books, market, rules.mandates)


@kernel
def pay_company_owners(books, market, rules):
    """Companies pay gains above opening wealth to their owners; revenue restores losses.

    flow = rho (W0 - W), of those with wealth                                            (M137)
    """
    first = rules.mandates.first_row
    payout = rules.companies.payout
    renew_rows(first[COMPANY], first[TRADER], payout, books, market, rules.mandates)


@inlined
def fund_account(day, books, market, rules):
    """Bring the trader's account to its size on the morning on which it opens.           (M138)"""
    first = rules.mandates.first_row
    if day != rules.trader.open_day:
        return
    for i in range(first[TRADER], first[CUSTOM]):
        amount = rules.mandates.opening_wealth[i] - books.wealth[i]
        add_cash(i, amount, books)
        market.outside[SUBSCRIPTIONS, market.rates.size - 1] -= amount


@kernel
def renew_rows(lo, hi, share, books, market, mandates):
    """Let old owners leave with what they have; new ones bring the opening wealth, or, for shares
    held on margin, what these need today at the leverage of the opening.
    """
    if share == 0.0:
        return
    for i in range(lo, hi):
        if is_idle(i, books):
            continue
        fresh = mandates.opening_wealth[i]
        if mandates.sale_rule[i] == SHARE_A_DAY:
            fresh *= gross_assets(i, books, market) / mandates.size_usd_bn[i]
        amount = renewed_usd_bn(books.wealth[i], fresh, share)
        add_cash(i, amount, books)
        market.outside[SUBSCRIPTIONS, market.rates.size - 1] -= amount


@inlined
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
