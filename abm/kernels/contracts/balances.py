"""Balances: their value, the interest and coupons they earn, money paid in or out."""

import math

from abm.kernels.compiler.jit import inlined, kernel
from abm.kernels.numerics.columns import (
    add_debt,
    add_debts,
    add_scaled,
    add_scaled_rows,
    chunk_sum,
    write_debts,
)
from abm.kernels.state import ACCRUALS, STRETCH

BORROWERS_SHARE_OF_BASIS = 0.5  # the yen leg of a swap bears half of it, the dollar leg the rest


@inlined
def mark_prices(market):
    """Price of every instrument, in the currency it is quoted in and in USD.               (M1)"""
    for k in range(market.log_price.size):
        local = math.exp(market.log_price[k])
        is_quoted = market.quote[k] >= 0
        market.local_price[k] = local
        market.usd_price[k] = usd_price(k, market.log_price, market.quote) if is_quoted else local


@inlined
def usd_price(k, log_price, quote):
    """X_k = exp(x_k + x of the currency it is quoted in).                                   (M1)"""
    level = log_price[k]
    if quote[k] >= 0:
        level += log_price[quote[k]]
    return math.exp(level)


@kernel
def add_up_wealth(lo, hi, units, cash, prices, wealth):
    """Wealth of columns lo..hi, W = m + sum a X [USD bn].                                   (M2)"""
    held = cash[lo:hi]
    for j in range(wealth.size):
        wealth[j] = 0.0 + held[j]  # an empty book is worth 0.0, not -0.0
    add_scaled_rows(0, lo, prices, units, wealth)


@inlined
def wealth_at(i, units, cash, prices):
    """The same of one column, in the same order.                                            (M2)"""
    wealth = cash[i]
    for k in range(prices.size):
        wealth += units[k, i] * prices[k]
    return wealth


@kernel
def account_value(held, cash, prices):
    """Value of an account that settles in every currency, the dollar last [USD bn].         (M2)"""
    dollar = cash.size - 1
    value = cash[dollar]
    for c in range(dollar):
        value += cash[c] * prices[c]
    for k in range(prices.size):
        value += held[k] * prices[k]
    return value


@kernel
def add_up_borrowing(lo, hi, books, market, borrowing):
    """Borrowing of institutions lo..hi, (-m)+ + sum over currencies (-a X)+ [USD bn].       (M3)"""
    prices, units, n_currencies = market.usd_price, books.units, market.rates.size - 1
    write_debts(1.0, prices[0], books.cash[lo:hi], units[0][lo:hi], borrowing)
    for c in range(1, n_currencies - 1, 2):
        add_debts(prices[c], prices[c + 1], units[c][lo:hi], units[c + 1][lo:hi], borrowing)
    if n_currencies % 2 == 0:
        add_debt(prices[n_currencies - 1], units[n_currencies - 1][lo:hi], borrowing)


@kernel
def mark_books(lo, hi, books, market):
    """Mark institutions lo..hi: wealth and borrowing at the market's prices.            (M2, M3)"""
    add_up_wealth(lo, hi, books.units, books.cash, market.usd_price, books.wealth[lo:hi])
    add_up_borrowing(lo, hi, books, market, books.borrowing[lo:hi])


@kernel
def mark_all(books, market):
    """Mark every book."""
    for lo in range(0, books.cash.size, STRETCH):
        mark_books(lo, min(lo + STRETCH, books.cash.size), books, market)


@kernel
def accrue_institutions(days, books, market, rules):
    """Interest on balances and coupons on assets for the days since the last close.   (M8, M9)"""
    n = books.cash.size
    n_currencies = market.rates.size - 1
    accruals = market.outside[ACCRUALS]
    day_count = rules.market.day_count
    usd_rate = accrued(market.rates[n_currencies], days, day_count[n_currencies])
    basis = accrued(loan_basis(rules.banks.basis), days, day_count[0])
    for lo in range(0, n, STRETCH):
        hi = min(lo + STRETCH, n)
        for c in range(n_currencies):
            rate = accrued(market.rates[c], days, day_count[c])
            loan_rate = rate + basis if c == 0 else rate
            accruals[c] -= earn_interest(rate, loan_rate, books.units[c][lo:hi])
        accruals[n_currencies] -= earn_interest(usd_rate, usd_rate, books.cash[lo:hi])
        for k in range(n_currencies, market.quote.size):
            payer = market.quote[k] if market.quote[k] >= 0 else n_currencies
            coupon = accrued(rules.market.income[k], days, day_count[payer])
            coupon *= coupon_base(k, market, rules.market)
            units = books.units[k][lo:hi]
            account = books.cash if payer == n_currencies else books.units[payer]
            add_scaled(coupon, units, account[lo:hi])
            accruals[payer] -= coupon * chunk_sum(units)


@inlined
def coupon_base(k, market, rule):
    """Worth of a unit on which its income is paid: its price, or a bond's face of 1.  (M9, M88)"""
    return 1.0 if rule.fixed_coupon[k] else market.local_price[k]


@inlined
def accrued(per_year, days, day_count):
    """Part of a yearly rate or amount that falls on so many days of its year.           (M8, M9)"""
    return per_year * days / day_count


@inlined
def loan_basis(basis):
    """Basis that a loan in yen pays beside the policy rate, per year.                       (M8)"""
    return BORROWERS_SHARE_OF_BASIS * basis


@kernel
def earn_interest(rate, loan_rate, balances):
    """Add interest to balances, at the loan rate where they are debts; return what was added."""
    before = chunk_sum(balances)
    if rate == loan_rate:
        add_scaled(rate, balances, balances)
        return rate * before
    for j in range(balances.size):
        balances[j] += balances[j] * (loan_rate if balances[j] < 0.0 else rate)
    return chunk_sum(balances) - before


@inlined
def accrue_market_makers(days, market, rules):
    """Interest and coupons of all market makers and of central banks.                 (M8, M9)"""
    n_currencies = market.rates.size - 1
    day_count = rules.market.day_count
    accruals = market.outside[ACCRUALS]
    for held, cash in (
        (market.value_held, market.value_cash),
        (market.dealer_held, market.dealer_cash),
        (market.hedger_held, market.hedger_cash),
        (market.anticipator_held, market.anticipator_cash),
        (market.official_units, market.official_cash),
    ):
        for c in range(n_currencies + 1):
            balance = cash[c] + (held[c] if c < n_currencies else 0.0)
            interest = accrued(balance * market.rates[c], days, day_count[c])
            cash[c] += interest
            accruals[c] -= interest
        for k in range(n_currencies, market.quote.size):
            payer = market.quote[k] if market.quote[k] >= 0 else n_currencies
            coupon = accrued(rules.market.income[k], days, day_count[payer])
            coupon *= held[k] * coupon_base(k, market, rules.market)
            cash[payer] += coupon
            accruals[payer] -= coupon


@inlined
def leverage_ratio(wealth, borrowing):
    """1 + borrowing / wealth; infinite once wealth is gone.                                 (M3)"""
    return math.inf if wealth <= 0.0 else 1.0 + borrowing / wealth


@inlined
def leverage_of(i, books):
    """Leverage of an institution at the last mark.                                          (M3)"""
    return leverage_ratio(books.wealth[i], books.borrowing[i])


@inlined
def mandate_multiple(leverage, loan_share, gross):
    """Multiple of its mandate that a fund holds at a leverage of 1 + B/W.                   (M93)

    B/W = max(phi (l - 1), G l - 1), so that l = min(1 + B/(phi W), (1 + B/W)/G);  ``gross`` is G.
    The two differ where a fund owes more yen than it spends, or keeps dollars beside its loan.
    """
    if leverage <= 1.0:
        return leverage
    by_loan = 1.0 + (leverage - 1.0) / loan_share if loan_share > 0.0 else math.inf
    by_assets = leverage / gross if gross > 0.0 else math.inf
    return min(by_loan, by_assets)


@kernel
def hold_multiples(wealth, borrowing, loan_share, gross, held):
    """Multiples of their mandates that a chunk of funds hold.                           (M93)"""
    for j in range(held.size):
        leverage = leverage_ratio(wealth[j], borrowing[j])
        held[j] = mandate_multiple(leverage, loan_share[j], gross[j])


@kernel
def write_leverage(wealth, borrowing, leverage):
    """Leverage of many institutions.                                                        (M3)"""
    for i in range(leverage.size):
        leverage[i] = leverage_ratio(wealth[i], borrowing[i])


@inlined
def debt_above(limit, wealth, borrowing):
    """Debt to be repaid for a leverage of ``limit``, B - (lambda - 1) W [USD bn].          (M32)"""
    return borrowing - (limit - 1.0) * wealth


@kernel
def gross_assets(i, books, market):
    """Long assets and foreign currencies of an institution [USD bn], the yen left out."""
    gross = 0.0
    for k in range(1, market.usd_price.size):
        gross += max(books.units[k, i], 0.0) * market.usd_price[k]
    return gross


@inlined
def pay_in(i, amount_usd_bn, cash, wealth, borrowing):
    """Dollars paid to entry i of some books (negative: taken from it); its marks follow.

    A redemption may have to be borrowed, and a payment in repays a dollar loan first.
    """
    borrowing[i] -= max(-cash[i], 0.0)
    cash[i] += amount_usd_bn
    borrowing[i] += max(-cash[i], 0.0)
    wealth[i] += amount_usd_bn


@inlined
def add_cash(i, amount_usd_bn, books):
    """Dollars paid to institution i."""
    pay_in(i, amount_usd_bn, books.cash, books.wealth, books.borrowing)
