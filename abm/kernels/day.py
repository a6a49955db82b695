"""One trading day. ``advance_day`` is the table of contents; ODD §3 has the same lines.

A phase names the groups of state that it reads and writes; only here does a function take more
than four of them.
"""

from abm.kernels.audit import loans_error, repo_error, scale_errors, swaps_error, worst_error
from abm.kernels.banks.capital import rebuild_capital, share_dealer_profit, sweep_desks
from abm.kernels.banks.claim_marks import mark_claims
from abm.kernels.banks.failures import fail_banks, leave_clients
from abm.kernels.banks.funding_run import pay_withdrawals
from abm.kernels.banks.losses import pass_on_losses, suspend_emptied
from abm.kernels.banks.trading_book import accrue_books, mark_trading_books
from abm.kernels.behaviours.dealer import withdraw_dealers
from abm.kernels.behaviours.decisions import decide_rows
from abm.kernels.behaviours.expectations import set_market_view
from abm.kernels.behaviours.hedge_fund import choose_loans
from abm.kernels.behaviours.idle import cancel_orders
from abm.kernels.behaviours.option_hedger import hedge_options, pay_option_holders
from abm.kernels.behaviours.order_anticipator import anticipate_orders, note_orders
from abm.kernels.behaviours.python_agent import take_user_orders
from abm.kernels.behaviours.risk_appetite import count_losses, recall_losses
from abm.kernels.behaviours.trend_follower import size_trends
from abm.kernels.behaviours.value_investor import open_value_investors
from abm.kernels.book_risk import learn_from_losses, note_leverage
from abm.kernels.compiler.ahead import compile_ahead
from abm.kernels.compiler.jit import door, inlined, is_kept, kernel
from abm.kernels.compiler.reference import by_reference
from abm.kernels.constraints.auto_liquidation import (
    charge_penalties,
    is_any_over_limit,
    record_liquidations,
)
from abm.kernels.constraints.bank_leverage import recall_credit, set_lines
from abm.kernels.constraints.bank_requirement import require_capital
from abm.kernels.constraints.close_out import book_calls, book_loss_cuts
from abm.kernels.constraints.forced_orders import (
    find_forced,
    force_orders,
    record_recalls,
    test_margins,
)
from abm.kernels.constraints.margin import consult_brokers, test_unmet_calls
from abm.kernels.constraints.stop_loss import reset_stops
from abm.kernels.contracts.balances import (
    accrue_institutions,
    accrue_market_makers,
    mark_all,
    mark_books,
)
from abm.kernels.contracts.fund_shares import (
    move_capital,
    return_after_suspension,
    update_high_water_marks,
)
from abm.kernels.contracts.loans import mark_loans, pay_spread
from abm.kernels.contracts.renewal import (
    fund_account,
    pay_company_owners,
    pay_value_owners,
    renew_retail,
)
from abm.kernels.contracts.repo import pay_repo_spread, repay_repo, roll_repo, set_haircuts
from abm.kernels.contracts.swaps import accrue_swaps, pay_swap_margin, roll_swaps
from abm.kernels.events import record_limits, record_policy, share_flows
from abm.kernels.markets.basis import (
    buy_dollars_in_spot,
    count_swap_demand,
    pay_for_line,
    quote_basis,
)
from abm.kernels.markets.flow import AT_LIMIT, FAILED
from abm.kernels.markets.rounds import (
    build_orders,
    cancel_round,
    find_prices,
    update_linked_fundamentals,
)
from abm.kernels.markets.settlement import (
    commit_trades,
    fill_trades,
    ration,
    record_forced,
    record_volume,
    set_spreads,
    settle_market_makers,
    write_trades,
)
from abm.kernels.news import apply_news
from abm.kernels.numerics.columns import copy, is_any
from abm.kernels.opening import open_accounts_compiled
from abm.kernels.policy import follow_rules, pull_levers
from abm.kernels.record import (
    record_account,
    record_banks,
    record_basis,
    record_clearing,
    record_depth,
    record_error,
    record_institutions,
    record_repo,
    write_from,
)
from abm.kernels.risk import estimate_risk
from abm.kernels.state import CHUNK


@kernel
def advance_day(
    day, books, market, graph, rules, chance, script, user_orders, options, record, scratch
):
    """One trading day, in order (ODD §3)."""
    apply_news(day, market, rules, chance, script)
    set_policy(day, market, rules, chance, script, record)
    audit_loans(day, books, market, graph, rules, options, record, scratch)
    accrue(day, books, market, graph, rules, script)
    trade_swaps(day, books, market, graph, rules, script, options, record, scratch)
    mark_and_move_capital(day, books, market, graph, rules, scratch)
    trade_repo(books, market, rules, record)
    open_markets(books, market, rules, record)
    decide(day, books, market, graph, rules, user_orders, options, scratch)
    clear_intraday_rounds(day, books, market, graph, rules, options, record, scratch)
    realise_losses(books, market, graph, rules, record)
    settle_banks(books, market, graph, rules, record)
    withdraw_dealers(market, graph, rules)
    learn_from_losses(books, market, rules, scratch)
    estimate_risk(market, rules, scratch)
    record_day(day, books, market, graph, rules, options, record)


def run_days(
    first, last, books, market, graph, rules, chance, script, user_orders, options, record, scratch
):
    """All days first <= day < last in one compiled loop."""
    references = by_reference(
        books, market, graph, rules, chance, script, user_orders, options, record, scratch
    )
    door(run_days_compiled)(first, last, *references)


def compile_day(*groups):
    """Compile the opening and the day, on the first run ever; `groups` as ``run_days`` has them."""
    compile_ahead(run_days_compiled, HERE, ELSEWHERE, by_reference(*groups))


def is_compiled():
    """True if the day is kept from an earlier run (if not, the first call is slow)."""
    return is_kept(run_days_compiled)


@kernel
def run_days_compiled(
    first, last, books, market, graph, rules, chance, script, user_orders, options, record, scratch
):
    """`run_days` on columns by reference."""
    for day in range(first, last):
        advance_day(
            day, books, market, graph, rules, chance, script, user_orders, options, record, scratch
        )


@kernel
def decide_alone(
    row, day, is_new_day, books, market, graph, rules, chance, script, user_orders, options,
    record, scratch,
):  # fmt: skip
    """The day up to the decision of one row. Changes all that it is given: give it copies."""
    if is_new_day:
        apply_news(day, market, rules, chance, script)
        set_policy(day, market, rules, chance, script, record)
        accrue(day, books, market, graph, rules, script)
        trade_swaps(day, books, market, graph, rules, script, options, record, scratch)
        mark_and_move_capital(day, books, market, graph, rules, scratch)
        trade_repo(books, market, rules, record)
    form_views(books, market, graph, rules, scratch)
    cancel_orders(row, row + 1, books)
    if day < options.no_trade_from:
        decide_rows(row, row + 1, day, books, market, rules, scratch)
        take_user_orders(user_orders, books, market, rules)


@kernel
def set_policy(day, market, rules, chance, script, record):
    """Levers of the day; the record turns to it, and holds what authorities do and say."""
    write_from(day, 0, record)
    follow_rules(day, market, rules, chance, script)
    pull_levers(day, market, rules, script)
    record_policy(day, market, script, record)


@kernel
def audit_loans(day, books, market, graph, rules, options, record, scratch):
    """Loans of banks and in repo against what their borrowers owe, before anything moves; the
    audit's scale.
    """
    if options.audit:
        scale_errors(books, market, scratch)
        record_error(loans_error(day, books, market, graph, rules.mandates), record)
        record_error(repo_error(books, market, rules.mandates), record)


@kernel
def accrue(day, books, market, graph, rules, script):
    """Interest and coupons against the outside accounts; financing spread to the brokers."""
    days = script.accrual_days[day]
    accrue_institutions(days, books, market, rules)
    accrue_market_makers(days, market, rules)
    pay_spread(days, books, market, graph, rules)
    pay_repo_spread(days, books, market, rules)
    accrue_books(days, market, graph, rules)


@kernel
def trade_swaps(day, books, market, graph, rules, script, options, record, scratch):
    """What swaps have accrued, the basis of the day, margin at it, and what is dealt at it."""
    audit_swaps(day, books, market, options, record, scratch)
    accrue_swaps(script.accrual_days[day], books, market, rules)
    pay_for_line(script.accrual_days[day], market, rules)
    count_swap_demand(books, market, rules, scratch)
    quote_basis(day, market, graph, rules, script)
    pay_swap_margin(books, market)
    roll_swaps(day, books, market, rules, scratch)
    buy_dollars_in_spot(market, rules)
    record_basis(day, market, rules, script, record)


@kernel
def audit_swaps(day, books, market, options, record, scratch):
    """Every far leg and every margin has its other side, as of last night."""
    if options.audit:
        record_error(swaps_error(day, books, market, scratch), record)


@kernel
def mark_and_move_capital(day, books, market, graph, rules, scratch):
    """Mark every book; those whose suspension is over return; owners pay in and take out."""
    mark_all(books, market)
    return_after_suspension(books, market, graph, rules)
    move_capital(books, market, rules, scratch)
    renew_retail(books, market, rules)
    pay_company_owners(books, market, rules)
    fund_account(day, books, market, rules)
    update_high_water_marks(books.wealth, books.high_water)
    reset_stops(books, rules)
    note_leverage(books, market, rules)


@kernel
def trade_repo(books, market, rules, record):
    """Haircuts of the day, what they ask back, and what is lent on bonds until tomorrow."""
    set_haircuts(market, rules)
    roll_repo(books, market, rules)
    record_repo(market, record)


@kernel
def open_markets(books, market, rules, record):
    """Market makers as they open: what trade and owners take, and their terms of the day."""
    pay_value_owners(market, rules)
    open_value_investors(market, rules)
    hedge_options(market, rules)
    anticipate_orders(market, rules)
    recall_losses(books, market, rules)
    record_depth(market, rules, record)


@kernel
def decide(day, books, market, graph, rules, user_orders, options, scratch):
    """All institutions decide on the same prices."""
    form_views(books, market, graph, rules, scratch)
    may_trade = day < options.no_trade_from
    for lo in range(0, books.cash.size, CHUNK):
        hi = min(lo + CHUNK, books.cash.size)
        cancel_orders(lo, hi, books)
        if may_trade:
            decide_rows(lo, hi, day, books, market, rules, scratch)
    if may_trade:
        take_user_orders(user_orders, books, market, rules)


@kernel
def form_views(books, market, graph, rules, scratch):
    """Expected returns, loans by rates, trends and the brokers' use of their balance sheets, as of
    last night.
    """
    set_market_view(market, rules)
    choose_loans(books, market, rules)
    size_trends(market, rules)
    consult_brokers(graph, scratch)


@kernel
def clear_intraday_rounds(day, books, market, graph, rules, options, record, scratch):
    """Round 0 carries voluntary orders and overdue calls, later rounds only forced ones."""
    may_trade = day < options.no_trade_from
    is_pending = may_trade
    for round_ in range(rules.market.rounds + 1):
        write_from(day, round_, record)
        scratch.n_forced[0] = 0
        if may_trade:
            is_pending |= call_margins(books, market, graph, rules, record)
            is_pending |= is_any_over_limit(books, rules.mandates)
            if is_pending and round_ < rules.market.rounds:
                is_pending = force_sales(day, round_, books, market, graph, rules, record, scratch)
        if scratch.n_forced[0] == 0 and is_over(round_, rules):
            break
        update_linked_fundamentals(market, rules)
        build_orders(round_, books, market, rules, scratch)
        status = clear_and_settle(
            day, round_, books, market, graph, rules, options, record, scratch
        )
        count_losses(books, market, rules)
        cancel_round(round_, books, market, scratch)
        if round_ > 0 and status == FAILED:
            break  # nothing has moved: the same orders would meet the same market
    if may_trade:
        fail_unmet_calls(day, books, market, graph, rules, record)
    write_from(day, 0, record)


@inlined
def is_over(round_, rules):
    """True if a round without forced orders ends the day; appetite asks for a second one.  (M86)"""
    return round_ > (1 if rules.appetite.is_on and rules.market.rounds > 1 else 0)


@kernel
def call_margins(books, market, graph, rules, record):
    """Test all margins at these prices, and book who is called, cut or closed out; whether any."""
    if test_margins(record.now[0], books, market, rules) == 0:
        return False
    book_calls(books, market, graph, record)
    book_loss_cuts(books, market, graph, record)
    return True


@kernel
def force_sales(day, round_, books, market, graph, rules, record, scratch):
    """Find who must trade now, and write the orders that this forces; whether anybody may have to
    trade in a later round.
    """
    is_pending = find_forced(day, round_, books, rules, scratch)
    record_recalls(books, graph, record, scratch)
    rows = scratch.rows[: scratch.n_forced[0]]
    record_liquidations(rows, books, market, rules.mandates, record)
    force_orders(books, market, rules, scratch)
    return is_pending


@kernel
def fail_unmet_calls(day, books, market, graph, rules, record):
    """A call still unmet at the close after its grace is a failure."""
    write_from(day, rules.market.rounds, record)
    if test_unmet_calls(day, books, rules) > 0:
        book_calls(books, market, graph, record)


@kernel
def clear_and_settle(day, round_, books, market, graph, rules, options, record, scratch):
    """New prices, both legs of every trade, and the audit; how it cleared. A failed round moves
    nothing, and the audit sees that it did not.
    """
    want_gain = round_ == 0 and options.gain_every > 0 and day % options.gain_every == 0
    if round_ == 0:
        copy(market.usd_price, record.mark)
    report = find_prices(want_gain, books, market, rules, scratch)
    record_clearing(want_gain, report, record)
    if report.status != FAILED:
        first_event = record.n_events[0]
        settle(round_, books, market, rules, record, scratch)
        share_flows(first_event, market, record, scratch)
    if report.status == AT_LIMIT:
        record_limits(record, scratch)
    if options.audit:
        has_traded = is_trading(round_, scratch)
        record_error(worst_error(has_traded, books, market, graph, scratch), record)
    return report.status


@inlined
def is_trading(round_, scratch):
    """True if institutions have orders in this round."""
    return round_ == 0 or scratch.n_forced[0] > 0


@kernel
def settle(round_, books, market, rules, record, scratch):
    """Trade all orders of the round at the new prices and mark every book.            (M40)"""
    scratch.flows[:] = 0.0
    is_rationed = ration(books, market, rules, scratch)
    if is_trading(round_, scratch):
        settle_institutions(round_, is_rationed, books, market, rules, record, scratch)
        charge_penalties(books, market, rules.mandates, scratch)
        note_orders(market, rules, scratch)
        record_volume(market, record, scratch)
    else:
        mark_all(books, market)
    settle_market_makers(market, scratch)


@kernel
def settle_institutions(round_, is_rationed, books, market, rules, record, scratch):
    """Trade the orders of all institutions and mark their books, chunk by chunk."""
    set_spreads(market, rules, scratch)
    n_recorded = 0
    for lo in range(0, books.cash.size, CHUNK):
        hi = min(lo + CHUNK, books.cash.size)
        if round_ > 0 and not is_any(books.forced[lo:hi]):
            mark_books(lo, hi, books, market)
            continue
        write_trades(lo, hi, books, market, rules, scratch)
        if is_rationed:
            fill_trades(lo, hi, market, rules, scratch)
        if n_recorded < scratch.n_forced[0]:
            n_recorded = record_forced(hi, n_recorded, market, rules, record, scratch)
        commit_trades(lo, hi, books, market, rules, scratch)


@kernel
def realise_losses(books, market, graph, rules, record):
    """Books that have been emptied leave; what they owe is their brokers' loss."""
    repay_repo(books, market, rules)
    suspend_emptied(books, market, graph, rules.mandates, record)
    pass_on_losses(books, market, graph, rules.mandates, record)


@kernel
def settle_banks(books, market, graph, rules, record):
    """Dealers', desks' and books' profit, runs, failures, fresh capital, lines of tomorrow."""
    share_dealer_profit(market, graph)
    pay_option_holders(market, rules)
    sweep_desks(books, graph, rules)
    mark_trading_books(market, graph)
    pay_withdrawals(market, graph, rules, record)
    n_failed = fail_banks(market, graph, rules, record)
    if n_failed > 0:
        leave_clients(books, graph, rules)
    rebuild_capital(market, graph, rules)
    mark_claims(market, graph, rules)
    mark_loans(books, graph, rules)
    require_capital(books, market, graph, rules)
    set_lines(graph, rules)
    recall_credit(books, graph)


@kernel
def record_day(day, books, market, graph, rules, options, record):
    """The day's row of the tables, and the worst moment of every institution."""
    record_institutions(day, books, market, rules, record)
    record_account(day, books, market, rules, record)
    record_banks(day, graph, options, record)


# Halves of the first compile: clearing takes a third of it.
HERE = (
    open_accounts_compiled,
    decide,
    settle_banks,
    force_sales,
    build_orders,
    call_margins,
    realise_losses,
    trade_swaps,
    trade_repo,
)
ELSEWHERE = (
    clear_and_settle,
    mark_and_move_capital,
    open_markets,
    learn_from_losses,
    accrue,
    record_day,
    set_policy,
    audit_loans,
)
