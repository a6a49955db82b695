"""The columns of the world: state that one trading day reads and writes.

State is columns, not objects. Every array is C-contiguous float64 unless said; shapes use

    K instruments (currencies first, the funding currency is 0, then assets)
    C currencies other than the dollar          N institutions          B banks
    S currencies with a swap market of their own, none where the basis is constant; n its maturities
    R bonds that a repo lender takes: one, or none
    T days (burn-in included)

One unit of an instrument is the amount worth USD 1bn at the opening. Rows of institutions are
sorted by kind, and ``mandates.first_row[kind]`` to ``[kind + 1]`` is the range of a kind: it
selects a behaviour and a column of the tables. Whatever else an institution can do is a trait, a
column of the mandates that is read by its name.
"""

from typing import NamedTuple

import numpy as np

# Kinds of institution, in the order of their rows.
HEDGE_FUND, BANK_DESK, RISK_PARITY, VOLATILITY_TARGET, TREND = 0, 1, 2, 3, 4
RETAIL_FX, RETAIL_EQUITY, INSURER, AUTO_BORROWER, COMPANY, TRADER, CUSTOM = 5, 6, 7, 8, 9, 10, 11
N_KINDS = 12
KIND_NAMES = (
    "hedge_fund",
    "bank_desk",
    "risk_parity",
    "volatility_target",
    "trend",
    "retail_fx",
    "retail_equity",
    "insurer",
    "auto_borrower",
    "company",
    "trader",
    "custom",
)

# Traits with more than two values.
# call_rule: by margin and ruin; by equity over notional; by loan over collateral
NO_CALL, CALLED, CUT, LIQUIDATED = 0, 1, 2, 3
CALL_RULES = (NO_CALL, CALLED, CUT, LIQUIDATED)
MANDATE, HOLDINGS, SHARE_A_DAY = 0, 1, 2  # sale_rule: what a sale that is forced keeps in shape
NOT_COUNTED, COUNTED, COUNTED_BEYOND_HEDGE = 0, 1, 2  # carry_short

# Accounts outside the model: everything that enters or leaves does so through one of these.
ACCRUALS, SUBSCRIPTIONS, RECAPITALISATION, DEADWEIGHT, DEPOSIT_INSURANCE = 0, 1, 2, 3, 4
AUTO_LENDER, TRADE, OWNERS, CREDIT_LOSSES, ESTATE, SWAP_USERS = 5, 6, 7, 8, 9, 10
MONEY_FUNDS = 11
ACCOUNT_NAMES = (
    "interest_and_coupons",
    "subscriptions",
    "recapitalisation",
    "deadweight",
    "deposit_insurance",
    "auto_lender",
    "trade",
    "owners",
    "credit_losses",
    "estate",
    "swap_users",
    "money_funds",
)
# Ways by which a bank's capital moves: rows of `graph.flows`.                            (M112)
SPREAD, CLIENTS, DEALERS, DESKS, BOOK, BOOK_CARRY = 0, 1, 2, 3, 4, 5
INTERBANK, DISCOUNT, FAILURE, CAPITAL = 6, 7, 8, 9
FLOW_NAMES = (
    "spread",
    "clients",
    "dealers",
    "desks",
    "book",
    "book_carry",
    "interbank",
    "discount",
    "failure",
    "capital",
)
# Who stands on the other side of banks' funding and of their other assets.               (M113)
FUNDERS, OUTSIDE_BORROWERS = 0, 1
# What the estate of failed banks owns, the first four, and what pays for it.             (M114)
ESTATE_ASSETS, ESTATE_LOANS, ESTATE_DESKS, ESTATE_BOOK, ESTATE_FUNDING = 0, 1, 2, 3, 4
# Of `market.swap_terms`, over calm demand; a capacity is over that of the opening.
DEMAND, CAPACITY, SQUEEZE, LINE = 0, 1, 2, 3
# Of a holder's far legs: the share kept since its ladder was written, and over all maturities the
# sums of legs N, of N c, N T and N c T (c: basis at which a leg was dealt, T: years to maturity),
# and the margin received for what they have gained.
KEPT, LEGS, BASIS, YEARS, BASIS_YEARS, MARGIN = 0, 1, 2, 3, 4, 5
# Accounts on the other side of the market: columns `<name>_cash` are what they were paid.
MARKET_ACCOUNTS = ("value", "dealer", "hedger", "anticipator", "official")

TRADING_DAYS = 250.0  # a year of trading days: risk scaling dt = 1/250
# No price leaves a factor of 55 around its opening: there trading stops at a limit, since sizes,
# depths and debts set at the opening mean nothing beyond (the yen moved by 1.6 log in 1971-2011).
FARTHEST_LOG = 4.0
Z_99 = 2.3263478740408408  # 99% quantile of the standard normal
LEAST_VARIANCE = 1e-12  # per year: whoever sizes by risk takes at least a volatility of 1e-6

CHUNK = 128  # institutions handled together: their columns stay in the first-level cache
LONGEST_SWAP = 250  # trading days to maturity
STRETCH = 2048  # the same where one column after the other is gone through


class Mandates(NamedTuple):
    """Each institution's terms and traits. Fixed for a run."""

    first_row: np.ndarray  # (N_KINDS + 1,) int64
    kind: np.ndarray  # (N,) int64
    resident: np.ndarray  # (N,) uint8, 1: resident of the funding currency
    weights: np.ndarray  # (K, N) shares of gross assets; row 0 is minus the yen share of funding
    gross_weight: np.ndarray  # (N,) of the weights but the yen's
    risk_aversion: np.ndarray  # (N,) gamma of (M74)
    long_run_variance: np.ndarray  # (N,) per year
    asset_variance: np.ndarray  # (N,) per year, calm, of the assets per unit of leverage
    loan_covariance: np.ndarray  # (N,) per year, of those with the usual yen loan on top
    loan_variance: np.ndarray  # (N,) per year, of the usual yen loan per unit borrowed
    other_loans: np.ndarray  # (O, N) share of its loan owed in each further funding currency
    other_covariance: np.ndarray  # (O, N) per year, of the assets and such a loan
    other_variance: np.ndarray  # (O, 1 + O, N) per year, of such a loan and those in all, yen first
    concentration: np.ndarray  # (N,) Herfindahl index of the weights
    size_usd_bn: np.ndarray  # (N,) base notional (retail) or dollar assets (insurers)
    target_volatility: np.ndarray  # (N,) per year
    leverage_cap: np.ndarray  # (N,)
    loss_cut: np.ndarray  # (N,) equity over notional
    loan_to_value: np.ndarray  # (N,) target of a loan with automatic liquidation
    loan_to_value_limit: np.ndarray  # (N,) above it the lender liquidates
    close_factor: np.ndarray  # (N,) share of the debt that one liquidation repays
    liquidation_penalty: np.ndarray  # (N,) share of what is repaid
    dust_share: np.ndarray  # (N,) of opening wealth: a debt as small is repaid whole
    relever_band: np.ndarray  # (N,) loan to value below its target without a trade
    relever_speed: np.ndarray  # (N,) per day
    hedge_trigger: np.ndarray  # (N,) rise of the yen, log, at which a company hedges
    loan_units: np.ndarray  # (N,) of yen owed outright by who hedges them: no part of its swaps
    opening_wealth: np.ndarray  # (N,) USD bn
    owner: np.ndarray  # (N,) int64: bank that owns a desk, -1 otherwise
    has_margin_account: np.ndarray  # (N,) uint8: with a prime broker who calls margin
    has_maintenance_cap: np.ndarray  # (N,) uint8: brokers lend up to the leverage cap at most
    call_rule: np.ndarray  # (N,) int64: NO_CALL, CALLED or CUT
    sale_rule: np.ndarray  # (N,) int64: MANDATE, HOLDINGS or SHARE_A_DAY
    grace_days: np.ndarray  # (N,) int64: days after a call before its sales are forced
    uses_slow_filter: np.ndarray  # (N,) uint8: of trend followers
    suspended_days_after_failure: np.ndarray  # (N,) int64
    takes_subscriptions: np.ndarray  # (N,) uint8: investors pay in and take out
    loss_account: np.ndarray  # (N,) int64: outside account that bears a debt no broker has lent
    carry_short: np.ndarray  # (N,) int64: NOT_COUNTED, COUNTED or COUNTED_BEYOND_HEDGE
    hedges_quote_currency: np.ndarray  # (N,) uint8: sells its assets' currency forward
    swap_share: np.ndarray  # (S, N) of its balance in a currency with a swap market, by swaps
    repo_share: np.ndarray  # (N,) of its bonds that a repo lender takes, pledged
    # Rows with a trait, found once: stretches from start to end.
    short_rows: np.ndarray  # (n, 2) int64: counted in the carry short
    hedged_rows: np.ndarray  # (n, 2) int64: counted in it beyond what hedges yen assets
    subscriber_rows: np.ndarray  # (2,) int64: from the first that takes subscriptions to the last
    called_rows: np.ndarray  # (n, 2) int64: those whose call rule is CALLED
    liquidated_rows: np.ndarray  # (2,) int64: from the first to the last that is LIQUIDATED
    retail_rows: np.ndarray  # (2,) int64: the same of those that are CUT
    desk_rows: np.ndarray  # (2,) int64: of those with an owner
    repo_rows: np.ndarray  # (2,) int64: from the first that pledges bonds to the last


class Books(NamedTuple):
    """Each institution's holdings and debts, and its standing with its brokers."""

    units: np.ndarray  # (K, N) a currency balance may be negative: a loan
    cash: np.ndarray  # (N,) USD bn
    wealth: np.ndarray  # (N,) USD bn at the last mark
    borrowing: np.ndarray  # (N,) USD bn at the last mark
    margin_rate: np.ndarray  # (N,) of today
    maintenance_leverage: np.ndarray  # (N,) of today
    target_leverage: np.ndarray  # (N,) of its own rule, today
    high_water: np.ndarray  # (N,) USD bn, scaled by flows
    stopped_days: np.ndarray  # (N,) int64 trading days beyond the stop-loss
    morning_wealth: np.ndarray  # (N,) USD bn after the morning's flows; 0 unknown
    loan_share: np.ndarray  # (N,) of its loan that it owes in currencies but the dollar, today
    loan_covariance: np.ndarray  # (N,) per year, of the assets and that loan
    loan_variance: np.ndarray  # (N,) per year, of that loan per unit borrowed
    morning_leverage: np.ndarray  # (N,) of funds, with which they went into the day
    sizing_risk: np.ndarray  # (N,) variance by which a fund sizes, over the calm one
    margin_risk: np.ndarray  # (N,) variance of its worst recent loss, over the calm one
    mean_return: np.ndarray  # (N,) average return per day, as investors see it
    noticed_return: np.ndarray  # (N,) recent return on which notices to redeem were given
    entry_wealth: np.ndarray  # (N,) USD bn at the last (re)entry
    call_day: np.ndarray  # (N,) int64 day the open margin call was made, -1 none
    suspended_days: np.ndarray  # (N,) int64 trading days until it may trade again
    closing: np.ndarray  # (N,) uint8: sells everything
    recalled: np.ndarray  # (N,) share of its borrowing recalled by banks, due this morning
    verdict: np.ndarray  # (N,) uint8 of a test, until it is booked
    intent: np.ndarray  # (K, N) target shares of wealth (speed > 0) or units to trade
    speed: np.ndarray  # (N,) share of the gap closed in this round; IN_UNITS, or 0: no order
    forced: np.ndarray  # (N,) uint8: the reason why this round's orders are forced
    swap_legs: np.ndarray  # (S, n, N) units delivered at maturity, over KEPT; -: received
    swap_sums: np.ndarray  # (S, 6, N) KEPT, LEGS, BASIS, YEARS, BASIS_YEARS and MARGIN of them
    repo_units: np.ndarray  # (R, N) bonds pledged, of those in units
    repo_debt: np.ndarray  # (R, N) USD bn owed on them, a part of what is owed in dollars


class Market(NamedTuple):
    """Prices, the accounts of market makers and authorities, and estimates from prices."""

    quote: np.ndarray  # (K,) int64 currency an asset is quoted in, -1 dollar
    log_price: np.ndarray  # (K,) x
    local_price: np.ndarray  # (K,) in the currency it is quoted in, exp(x)
    usd_price: np.ndarray  # (K,) X
    fundamental: np.ndarray  # (K,) f, own news only
    fundamental_before: np.ndarray  # (K,) that of yesterday
    link_level: np.ndarray  # (K,) part of the fundamental that follows other markets
    value_held_open: np.ndarray  # (K,) units at the day's opening
    value_held: np.ndarray  # (K,)
    value_depth: np.ndarray  # (K,) units per log, at the last close
    value_speed: np.ndarray  # (K,) share of their gap that value investors trade today
    value_cash: np.ndarray  # (C + 1,) settlement balances, dollar last
    dealer_reference: np.ndarray  # (K,)
    dealer_held: np.ndarray  # (K,)
    dealer_cash: np.ndarray  # (C + 1,)
    dealer_depth: np.ndarray  # (K,) units per log, at the last close
    hedger_held: np.ndarray  # (K,) of option hedgers
    hedger_open: np.ndarray  # (K,) units they want at yesterday's price
    hedger_gamma: np.ndarray  # (K,) units per log they trade with the price today
    hedger_cash: np.ndarray  # (C + 1,)
    anticipator_held: np.ndarray  # (K,) of order anticipators
    anticipator_open: np.ndarray  # (K,) units they want at yesterday's price
    anticipator_gamma: np.ndarray  # (K,) units per log they trade with the price today
    anticipator_cash: np.ndarray  # (C + 1,) their capital in it
    order_flow: np.ndarray  # (4, K) what anticipators know of institutions' orders
    swapped: np.ndarray  # (S,) int64 the currencies, the funding currency first
    basis: np.ndarray  # (S,) three-month basis of today, per year; negative: dollars are dear
    basis_past: np.ndarray  # (S, days kept) the same by day, newest first
    contract_basis: np.ndarray  # (S, n) at which the swaps of a maturity were dealt, per year
    swap_spot: np.ndarray  # (S,) USD price at which swaps were last marked
    swap_demand: np.ndarray  # (S,) USD bn that institutions borrow by swaps, net, and would today
    swap_terms: np.ndarray  # (S, 4) DEMAND, CAPACITY, SQUEEZE and LINE of today
    opening_demand: np.ndarray  # (S,) USD bn: swap_demand at the opening
    squeeze_gauge: np.ndarray  # (1,) average of a gauge of fear, points
    line_stages: np.ndarray  # (S, 3) dollars of the swap line on their way, over calm demand
    line_usd_bn: np.ndarray  # (S,) drawn by banks
    line_days: np.ndarray  # (2,) int64 day from which a rule opens it, -1 none; open yesterday
    user_legs: np.ndarray  # (S, n, 1) of who else borrows dollars: as swap_legs
    user_sums: np.ndarray  # (S, 6, 1) as swap_sums
    user_dollars: np.ndarray  # (S,) USD bn that they have bought in the spot market instead
    user_order: np.ndarray  # (K,) units that they order there today
    dealer_sums: np.ndarray  # (S, 6, 1) of dealers, who hold the opposite of every maturity
    repo_bond: np.ndarray  # (R,) int64 the bonds
    repo_lent: np.ndarray  # (R,) USD bn, on the lender's books
    repo_pledged: np.ndarray  # (R,) units, on the lender's books
    repo_price: np.ndarray  # (R,) USD price at this morning's mark
    repo_haircut: np.ndarray  # (R,) share of that price that is not lent
    repo_risk: np.ndarray  # (R,) variance of a bond's worst recent loss, over the calm one
    repo_capacity: np.ndarray  # (R,) USD bn that the lender lends at the opening's haircut
    repo_called: np.ndarray  # (R,) USD bn that this morning's mark and haircut asked back
    appetite: np.ndarray  # (3,) losses remembered now and last night; funds' wealth this morning
    haven_average: np.ndarray  # (K,) average log price of what a bond is a haven from
    official_units: np.ndarray  # (K,) central banks
    estate_units: np.ndarray  # (K,) trading books of failed banks
    official_cash: np.ndarray  # (C + 1,)
    outside: np.ndarray  # (accounts, C + 1) external accounts by currency
    rates: np.ndarray  # (C + 1,) policy rates per year, dollar last
    margin_ceiling: np.ndarray  # (1,) most that brokers may ask today; infinite without a policy
    depth_floor: np.ndarray  # (1,) share of dealers' calm depth that a policy guarantees today
    external: np.ndarray  # (K,) official orders of this round, units
    policy_rates: np.ndarray  # (C + 1,) per year, that script and rules set for today
    policy_news: np.ndarray  # (K,) log that the rules of authorities tell today
    policy_orders: np.ndarray  # (K,) USD bn that authorities buy today
    rate_moves: np.ndarray  # (C + 1,) per year, by which rules move rates today
    rates_moved: np.ndarray  # (C + 1,) the same of all days so far
    boj: np.ndarray  # (4,) int64 of its queue: hikes made, last trigger, statement day, postponed
    spent_usd_bn: np.ndarray  # (2,) bought in this campaign, sold so far
    last_act: np.ndarray  # (2,) int64 day of the last purchase and of the last cut, -1 none
    funding_closes: np.ndarray  # (251,) closes of the funding currency, by day modulo their number
    fear_gauge: np.ndarray  # (1,) average volatility of shares, per cent per year
    lower: np.ndarray  # (K,) today's limits
    upper: np.ndarray  # (K,)
    covariance: np.ndarray  # (K, K) slow, per year
    covariance_fast: np.ndarray  # (K, K)
    trend: np.ndarray  # (3, K) moving averages of returns: funds', fast and slow followers'
    close: np.ndarray  # (days kept, K) closes, newest first
    risk_fast: np.ndarray  # (K, K) fast, of USD returns, lower triangle, off-diagonals doubled
    expected: np.ndarray  # (K,) expected return per unit of weight and year
    funding_share: np.ndarray  # (1 + O,) share of their usual loans that funds choose, yen first
    trend_size: np.ndarray  # (3, K) share of wealth per unit of a follower's weight and volatility
    anchor: np.ndarray  # (K,) fundamental of this round, links included
    value_order: np.ndarray  # (K,) units value investors order at the clearing price
    dealer_order: np.ndarray  # (K,)
    hedger_order: np.ndarray  # (K,)
    anticipator_order: np.ndarray  # (K,)
    excess: np.ndarray  # (K,) excess demand left by the solver, units
    totals: np.ndarray  # (K + 1,) units of everything at the opening, dollar last
    gross_totals: np.ndarray  # (K + 1,) gross positions, to scale errors by


class Graph(NamedTuple):
    """Loans and claims from lender to borrower, and the lenders."""

    broker_start: np.ndarray  # (N + 1,) int64
    borrower: np.ndarray  # (E,) int64 row of the institution that borrows
    broker: np.ndarray  # (E,) int64
    broker_share: np.ndarray  # (E,)
    lent_rows: np.ndarray  # (n, 2) int64 stretches of rows with a broker
    equity: np.ndarray  # (B,) USD bn
    opening_equity: np.ndarray  # (B,)
    other_assets: np.ndarray  # (B,)
    deposits: np.ndarray  # (B,) and other debts, except to banks, less cash: may be negative
    leverage_max: np.ndarray  # (B,)
    is_core: np.ndarray  # (B,) uint8
    failed: np.ndarray  # (B,) uint8
    liabilities: np.ndarray  # (B, B) [i, j]: i owes j
    loans: np.ndarray  # (B,) at the last mark
    desk_assets: np.ndarray  # (B,) borrowed by the bank's own desks
    utilisation: np.ndarray  # (B,) excess over the threshold
    cut: np.ndarray  # (B,) share of its lending a bank recalls tomorrow
    gross: np.ndarray  # (B,) most that both sides have held, to scale errors by
    reserves: np.ndarray  # (B,) liquid part of what is owned outside the model; 0 without runs
    book: np.ndarray  # (K, B) units in trading books; (0, B) where no bank has one
    book_value: np.ndarray  # (B,) of it at the last mark
    written_down: np.ndarray  # (2, B) share of the claims on a bank: as booked, and as found
    requirement: np.ndarray  # (B,) capital that is required tonight, where a rule reads it
    opening_room: np.ndarray  # (1,) core banks' capital beyond what is required, at the opening
    flows: np.ndarray  # (ways, B) what has moved capital since the opening
    counter: np.ndarray  # (2,) funding and other assets of all banks, from the other side
    estate: np.ndarray  # (5,) what failed banks have left behind
