"""Balances: marking them, accruing on them, and checking that nothing is lost."""

import math

from abm.kernels.banks import credit_bank
from abm.kernels.cash import pay_in
from abm.kernels.columns import add_debt, add_scaled, chunk_sum, fill_zero, is_any
from abm.kernels.jit import kernel
from abm.kernels.rules import capital_flow_usd_bn, financing_spread
from abm.kernels.state import ACCRUALS, CHUNK, HEDGE_FUND, RETAIL_FX, STRETCH, SUBSCRIPTIONS


@kernel
def mark_prices(market):
    """USD price of every instrument: X_k = exp(x_k + x of the currency it is quoted in).   (M1)"""
    for k in range(market.log_price.size):
        currency = market.quote[k]
        level = market.log_price[k]
        if currency >= 0:
            level += market.log_price[currency]
        market.usd_price[k] = math.exp(level)


@kernel
def mark_books(lo, hi, books, market):
    """Wealth and borrowing of institutions lo..hi at the market's prices [USD bn].     (M2, M3)

    W = m + sum a X;  borrowing = (-m)+ + sum over currencies (-a X)+
    """
    wealth, borrowing, cash = books.wealth[lo:hi], books.borrowing[lo:hi], books.cash[lo:hi]
    fill_zero(wealth)
    fill_zero(borrowing)
    add_scaled(1.0, cash, wealth)
    add_debt(1.0, cash, borrowing)
    for k in range(market.usd_price.size):
        units = books.units[k][lo:hi]
        add_scaled(market.usd_price[k], units, wealth)
        if k < market.rates.size - 1:
            add_debt(market.usd_price[k], units, borrowing)


@kernel
def mark_all(books, market):
    """Mark every book."""
    for lo in range(0, books.cash.size, STRETCH):
        mark_books(lo, min(lo + STRETCH, books.cash.size), books, market)


@kernel
def accrue_institutions(day, books, market, rules, draws):
    """Interest on balances and coupons on assets for the days since the last close.   (M8, M9)"""
    days = draws.accrual_days[day]
    n = books.cash.size
    n_currencies = market.rates.size - 1
    accruals = market.outside[ACCRUALS]
    day_count = rules.market.day_count
    usd_rate = market.rates[n_currencies] * days / day_count[n_currencies]
    basis = 0.5 * rules.banks.basis * days / day_count[0]
    for lo in range(0, n, STRETCH):
        hi = min(lo + STRETCH, n)
        for c in range(n_currencies):
            rate = market.rates[c] * days / day_count[c]
            loan_rate = rate + basis if c == 0 else rate
            accruals[c] -= earn_interest(rate, loan_rate, books.units[c][lo:hi])
        accruals[n_currencies] -= earn_interest(usd_rate, usd_rate, books.cash[lo:hi])
        for k in range(n_currencies, market.quote.size):
            payer = market.quote[k] if market.quote[k] >= 0 else n_currencies
            coupon = rules.market.income[k] * days / day_count[payer]
            coupon *= math.exp(market.log_price[k])
            units = books.units[k][lo:hi]
            account = books.cash if payer == n_currencies else books.units[payer]
            add_scaled(coupon, units, account[lo:hi])
            accruals[payer] -= coupon * chunk_sum(units)


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


@kernel
def accrue_market_makers(day, market, rules, draws):
    """Interest and coupons of value investors, dealers and central banks.              (M8, M9)"""
    days = draws.accrual_days[day]
    n_currencies = market.rates.size - 1
    day_count = rules.market.day_count
    accruals = market.outside[ACCRUALS]
    for held, cash in (
        (market.value_held, market.value_cash),
        (market.dealer_held, market.dealer_cash),
        (market.official_units, market.official_cash),
    ):
        for c in range(n_currencies + 1):
            balance = cash[c] + (held[c] if c < n_currencies else 0.0)
            interest = balance * market.rates[c] * days / day_count[c]
            cash[c] += interest
            accruals[c] -= interest
        for k in range(n_currencies, market.quote.size):
            payer = market.quote[k] if market.quote[k] >= 0 else n_currencies
            coupon = rules.market.income[k] * days / day_count[payer]
            coupon *= held[k] * math.exp(market.log_price[k])
            cash[payer] += coupon
            accruals[payer] -= coupon


@kernel
def pay_spread(day, books, graph, market, rules, draws):
    """Financing spread s0 (1 + s1 u) from margined borrowers to their brokers.         (M10)

    Where all banks ask the same, they book their loans times the spread, else the sum of what each
    of their borrowers pays.
    """
    period = draws.accrual_days[day] / rules.market.day_count[market.rates.size - 1]
    if not is_any(graph.utilisation):
        rate = rules.banks.spread * period
        pay_alike(rate, graph.broker_start, books.borrowing, books.cash)
        for bank in range(graph.equity.size):
            credit_bank(bank, rate * graph.loans[bank], market, graph)
        return
    for i in range(books.cash.size):
        first, last = graph.broker_start[i], graph.broker_start[i + 1]
        if first == last or books.borrowing[i] == 0.0:
            continue
        for edge in range(first, last):
            bank = graph.broker[edge]
            spread = financing_spread(graph.utilisation[bank], rules.banks)
            payment = books.borrowing[i] * graph.broker_share[edge] * spread * period
            books.cash[i] -= payment
            credit_bank(bank, payment, market, graph)


@kernel
def pay_alike(rate, broker_start, borrowing, cash):
    """The same rate from everybody who borrows from brokers."""
    for i in range(cash.size):
        cash[i] -= rate * borrowing[i] if broker_start[i + 1] > broker_start[i] else 0.0


@kernel
def move_capital(books, market, rules, diary):
    """Subscriptions and redemptions of funds; the high-water mark moves with them.     (M12)

    An unscaled mark would read a redemption as a loss and stop a healthy fund out.
    """
    first, dollar = rules.mandates.first_row, market.rates.size - 1
    for lo in range(first[HEDGE_FUND], first[RETAIL_FX], CHUNK):
        hi = min(lo + CHUNK, first[RETAIL_FX])
        flow = diary.lanes[0][: hi - lo]
        want_capital(
            books.wealth[lo:hi], rules.mandates.opening_wealth[lo:hi], books.days_out[lo:hi],
            books.closing[lo:hi], rules.mandates.owner[lo:hi], rules.funds, flow,
        )  # fmt: skip
        scale_mark(flow, books.wealth[lo:hi], books.high_water[lo:hi])
        pay_all_in(flow, books.cash[lo:hi], books.wealth[lo:hi], books.borrowing[lo:hi])
        market.outside[SUBSCRIPTIONS, dollar] -= chunk_sum(flow)


@kernel
def want_capital(wealth, opening_wealth, days_out, closing, owner, rule, flow):
    """What investors bring to the funds of a chunk (+) or take out (-); nothing to bank desks."""
    for j in range(flow.size):
        is_open = (days_out[j] == 0) & (closing[j] == 0) & (wealth[j] > 0.0) & (owner[j] < 0)
        wanted = capital_flow_usd_bn(wealth[j], opening_wealth[j], rule.payout, rule.subscription)
        flow[j] = wanted if is_open else 0.0


@kernel
def scale_mark(flow, wealth, high_water):
    """Marks move with what is paid in or out. (Without wealth nothing is.)"""
    for j in range(flow.size):
        high_water[j] *= 1.0 + (flow[j] / wealth[j] if flow[j] != 0.0 else 0.0)


@kernel
def pay_all_in(flow, cash, wealth, borrowing):
    """Dollars into the books of a chunk."""
    for j in range(flow.size):
        pay_in(j, flow[j], cash, wealth, borrowing)
