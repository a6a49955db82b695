"""The columns of the world: what one trading day reads and writes.

State is columns, not objects. Every array is C-contiguous float64 unless said; shapes use

    K instruments (currencies first, the funding currency is 0, then assets)
    C currencies other than the dollar          N institutions          B banks
    T days (burn-in included)

One unit of an instrument is the amount worth USD 1bn at the opening. Rows of institutions are
sorted by kind, so a kind is a range of rows: ``mandates.first_row[kind]`` to ``[kind + 1]``.
"""

from typing import NamedTuple

import numpy as np

from abm.kernels.clear import ClearingWork
from abm.kernels.orders import Orders

# Kinds of institution, in the order of their rows.
HEDGE_FUND, BANK_DESK, RISK_PARITY, VOLATILITY_TARGET, TREND = 0, 1, 2, 3, 4
RETAIL_FX, RETAIL_EQUITY, INSURER, CUSTOM = 5, 6, 7, 8
N_KINDS = 9
KIND_NAMES = (
    "hedge_fund",
    "bank_desk",
    "risk_parity",
    "volatility_target",
    "trend",
    "retail_fx",
    "retail_equity",
    "insurer",
    "custom",
)

# Accounts outside the model: everything that enters or leaves does so through one of these.
ACCRUALS, SUBSCRIPTIONS, RECAPITALISATION, DEADWEIGHT, DEPOSIT_INSURANCE = 0, 1, 2, 3, 4
ACCOUNT_NAMES = (
    "interest_and_coupons",
    "subscriptions",
    "recapitalisation",
    "deadweight",
    "deposit_insurance",
)

# How a round ended.
CLEARED, AT_LIMIT, FAILED = 0, 1, 2

TRADING_DAYS = 250.0  # a year of trading days: risk scaling dt = 1/250
# No price leaves a factor of 55 around its opening: there trading stops at a limit, since sizes,
# depths and debts set at the opening mean nothing beyond (the yen moved by 1.6 log in 1971-2011).
FARTHEST_LOG = 4.0
Z_99 = 2.3263478740408408  # 99% quantile of the standard normal

ORDERED, LEGS, GROSS, SELLING, BUYING = 0, 1, 2, 3, 4  # rows of Diary.flows

CHUNK = 128  # institutions handled together: their columns stay in the first-level cache
STRETCH = 2048  # the same where one column after the other is gone through


class Mandates(NamedTuple):
    """What each institution is. Fixed for a run."""

    first_row: np.ndarray  # (N_KINDS + 1,) int64
    resident: np.ndarray  # (N,) uint8, 1: resident of the funding currency
    weights: np.ndarray  # (K, N) shares of gross assets; row 0 is minus the yen share of funding
    risk_aversion: np.ndarray  # (N,) gamma of (M20)
    long_run_variance: np.ndarray  # (N,) per year
    concentration: np.ndarray  # (N,) Herfindahl index of the weights
    size_usd_bn: np.ndarray  # (N,) base notional (retail) or dollar assets (insurers)
    target_volatility: np.ndarray  # (N,) per year
    leverage_cap: np.ndarray  # (N,)
    is_slow: np.ndarray  # (N,) uint8: grace of one day (funds), slow filter (trend)
    loss_cut: np.ndarray  # (N,) equity over notional
    opening_wealth: np.ndarray  # (N,) USD bn
    margined: np.ndarray  # (N,) uint8: has a prime broker who calls margin
    owner: np.ndarray  # (N,) int64: bank that owns a desk, -1 otherwise


class Books(NamedTuple):
    """What each institution owns and owes, and where it stands with its brokers."""

    units: np.ndarray  # (K, N) a currency balance may be negative: a loan
    cash: np.ndarray  # (N,) USD bn
    wealth: np.ndarray  # (N,) USD bn at the last mark
    borrowing: np.ndarray  # (N,) USD bn at the last mark
    margin_rate: np.ndarray  # (N,)
    leverage_limit: np.ndarray  # (N,) maintenance leverage of today
    wanted_leverage: np.ndarray  # (N,) what its own rule would hold today
    high_water: np.ndarray  # (N,) USD bn, scaled by flows
    entry_wealth: np.ndarray  # (N,) USD bn at the last (re)entry
    call_day: np.ndarray  # (N,) int64 day the open margin call was made, -1 none
    days_out: np.ndarray  # (N,) int64 trading days still to sit out
    closing: np.ndarray  # (N,) uint8: sells everything
    line_cut: np.ndarray  # (N,) share of its borrowing recalled by banks, due this morning
    intent: np.ndarray  # (K, N) target shares of wealth (speed > 0) or units to trade
    speed: np.ndarray  # (N,) share of the gap closed in this round; IN_UNITS, or 0: no order
    forced: np.ndarray  # (N,) uint8: today's orders of this round are forced


class Market(NamedTuple):
    """Prices, those who make them, and what is estimated from them."""

    quote: np.ndarray  # (K,) int64 currency an asset is quoted in, -1 dollar
    log_price: np.ndarray  # (K,) x
    usd_price: np.ndarray  # (K,) X
    fundamental: np.ndarray  # (K,) f, own news only
    link_level: np.ndarray  # (K,) part of the fundamental that follows other markets
    value_held_open: np.ndarray  # (K,) units at the day's opening
    value_held: np.ndarray  # (K,)
    value_cash: np.ndarray  # (C + 1,) settlement balances, dollar last
    dealer_reference: np.ndarray  # (K,)
    dealer_held: np.ndarray  # (K,)
    dealer_cash: np.ndarray  # (C + 1,)
    dealer_depth: np.ndarray  # (K,) today's
    official_units: np.ndarray  # (K,) central banks
    official_cash: np.ndarray  # (C + 1,)
    outside: np.ndarray  # (accounts, C + 1) external accounts by currency
    external: np.ndarray  # (K,) exogenous orders of this round, units
    lower: np.ndarray  # (K,) today's limits
    upper: np.ndarray  # (K,)
    rates: np.ndarray  # (C + 1,) per year, dollar last
    covariance: np.ndarray  # (K, K) slow, per year
    covariance_fast: np.ndarray  # (K, K)
    trend: np.ndarray  # (3, K) moving averages of returns: funds', fast and slow followers'
    risk_slow: np.ndarray  # (K, K) covariance of USD returns, lower triangle, off-diagonals doubled
    risk_fast: np.ndarray  # (K, K) the same from the fast estimate
    expected: np.ndarray  # (K,) expected return per unit of weight and year
    close: np.ndarray  # (days kept, K) closes, newest first
    totals: np.ndarray  # (K + 1,) units of everything at the opening, dollar last
    gross_totals: np.ndarray  # (K + 1,) gross positions at the opening, to scale errors by
    audit: np.ndarray  # (K + 1,) the same now
    anchor: np.ndarray  # (K,) fundamental of this round, links included
    value_order: np.ndarray  # (K,) units value investors order at the clearing price
    dealer_order: np.ndarray  # (K,)
    excess: np.ndarray  # (K,) excess demand left by the solver, units
    held: np.ndarray  # (K,) int64 scratch: instruments that somebody in the chunk holds
    trend_size: np.ndarray  # (3, K) share of wealth per unit of a follower's weight and volatility
    work: np.ndarray  # (6, K) scratch
    orders: Orders
    solver: ClearingWork


class Graph(NamedTuple):
    """Who lends to whom, and the lenders."""

    broker_start: np.ndarray  # (N + 1,) int64
    broker: np.ndarray  # (E,) int64
    broker_share: np.ndarray  # (E,)
    equity: np.ndarray  # (B,) USD bn
    opening_equity: np.ndarray  # (B,)
    other_assets: np.ndarray  # (B,)
    leverage_max: np.ndarray  # (B,)
    is_core: np.ndarray  # (B,) uint8
    failed: np.ndarray  # (B,) uint8
    liabilities: np.ndarray  # (B, B) [i, j]: i owes j
    loans: np.ndarray  # (B,) at the last mark
    desk_assets: np.ndarray  # (B,) borrowed by the bank's own desks
    utilisation: np.ndarray  # (B,) excess over the threshold
    cut: np.ndarray  # (B,) share of its lending a bank recalls tomorrow
    clearing: np.ndarray  # (5, B) scratch of interbank clearing


class MarginRule(NamedTuple):
    is_on: bool
    floor: float
    ceiling: float
    volatility_multiple: float
    concentration_load: float
    utilisation_load: float
    utilisation_threshold: float
    long_run_share: float
    buffer: float
    forced_speed: float
    liquidation: int  # 0 pro rata, 1 least impact, 2 waterfall
    swap_line_ceiling: float


class FundRule(NamedTuple):
    trend_weight: float
    value_weight: float
    anchor_share: float
    band: float
    speed_up: float
    speed_down: float
    var_limit: float
    var_tolerance: float
    speed_var: float
    stop_drawdown: float
    stop_share: float
    speed_stop: float
    payout: float
    subscription: float
    days_out: int
    failure_share: float


class BandRule(NamedTuple):
    """How fast a rule follower closes its gap."""

    speed_down: float
    speed_up: float
    dead_band: float


class FollowerRule(NamedTuple):
    """Risk parity, volatility targets, trend followers."""

    parity: BandRule
    target: BandRule
    equal_risk: bool
    trend_speed: float
    trend_gain: float
    signal_scale: float
    volatility_floor: float


class HouseholdRule(NamedTuple):
    """Retail traders and life insurers."""

    contrarian: float
    contrarian_scale: float
    contrarian_days: int
    speed: float
    most_leverage: float
    days_out_fx: int
    days_out_equity: int
    margin_sale_share: float
    insurer_speed: float
    insurer_rise: float
    insurer_rise_days: int
    insurer_basis: float


class MarketRule(NamedTuple):
    law: np.ndarray  # (K,) int64
    orders_frozen: bool  # orders fixed at the round's opening prices
    value_depth: np.ndarray  # (K,)
    value_capacity: np.ndarray  # (K,)
    value_speed: np.ndarray  # (K,)
    dealer_depth: np.ndarray  # (K,) calm
    daily_limit: np.ndarray  # (K,)
    income: np.ndarray  # (K,) coupons of assets per year; currencies zero
    day_count: np.ndarray  # (C + 1,) days of the year of each currency, dollar last
    calm_volatility: np.ndarray  # (K,)
    link_beta: np.ndarray  # (K,) fall of the fundamental per log rise of its quote currency
    link_lag: np.ndarray  # (K,)
    leader: np.ndarray  # (K,) int64, -1 none
    leader_beta: np.ndarray  # (K,)
    reversion: float
    volatility_exponent: float
    capital_exponent: float
    depth_floor: float
    half_spread: float
    news_moves_reference: bool
    swap_line_depth: float
    rounds: int
    tolerance: float


class EstimateRule(NamedTuple):
    slow_decay: float
    fast_decay: float
    trend_days: np.ndarray  # (3,) funds', fast and slow followers'


class BankRule(NamedTuple):
    spread: float
    spread_slope: float
    max_line_cut: float
    recovery_external: float
    recovery_interbank: float
    ported_share: float
    recapitalisation: float
    payout_multiple: float
    desk_capital_share: float
    basis: float  # cross-currency basis b, per year


class Rules(NamedTuple):
    mandates: Mandates
    margin: MarginRule
    funds: FundRule
    followers: FollowerRule
    households: HouseholdRule
    market: MarketRule
    estimate: EstimateRule
    banks: BankRule


class Draws(NamedTuple):
    """Everything that comes from outside on each day: chance and the script."""

    news: np.ndarray  # (T, K) change of log fundamentals
    scripted_moves: np.ndarray  # (n, 4) the part of it that was scripted: day, who, instrument, log
    rates: np.ndarray  # (T, C + 1) policy rates per year, dollar last
    official_usd_bn: np.ndarray  # (T, K) inelastic purchases by central banks
    swap_line: np.ndarray  # (T,) uint8
    accrual_days: np.ndarray  # (T,) calendar days since the last trading day
    orders_usd_bn: np.ndarray  # (K, n_custom) orders of user-written agents for the coming day
    burn_in: int  # days before day 0
    silent_from: int  # from this day on institutions send no order (frozen twin)
    gain_every: int  # days between exact feedback gains, 0 never
    audit: bool


# Columns of the days table that the kernels write, in order (prices and fundamentals follow).
DAY_COLUMNS = (
    "status",
    "rounds",
    "iterations",
    "residual",
    "feedback_gain",
    "n_at_limit",
    "yen_short_units",
    "leverage",
    "margin_rate",
    "fund_wealth_usd_bn",
    *(f"forced_{name}_usd_bn" for name in KIND_NAMES),
    "n_margin_calls",
    "n_failures",
    "n_loss_cuts",
    "n_bank_failures",
    "broker_loss_usd_bn",
    "bank_equity_usd_bn",
    "dealer_depth_share",
    "volume_usd_bn",
    "conservation_error",
    "share_unlevered",
    "yen_short_closed_by_force_units",
)
(
    DAY_STATUS,
    DAY_ROUNDS,
    DAY_ITERATIONS,
    DAY_RESIDUAL,
    DAY_GAIN,
    DAY_AT_LIMIT,
    DAY_SHORT,
    DAY_LEVERAGE,
    DAY_MARGIN_RATE,
    DAY_FUND_WEALTH,
    DAY_FORCED,
) = range(11)
(
    DAY_CALLS,
    DAY_FAILURES,
    DAY_LOSS_CUTS,
    DAY_BANK_FAILURES,
    DAY_BROKER_LOSS,
    DAY_BANK_EQUITY,
    DAY_DEALER_DEPTH,
    DAY_VOLUME,
    DAY_CONSERVATION,
    DAY_UNLEVERED,
    DAY_SHORT_CLOSED,
) = range(DAY_FORCED + N_KINDS, DAY_FORCED + N_KINDS + 11)
N_DAY_COLUMNS = DAY_SHORT_CLOSED + 1

# Kinds of event, and the columns of the events table that the kernels write.
EVENT_KINDS = (
    "margin_call",
    "forced_sale",
    "clearing",
    "limit_hit",
    "default",
    "close_out",
    "loss",
    "bank_failure",
    "recall",
    "policy",
    "loss_cut",
    "news",
)
(
    MARGIN_CALL,
    FORCED_SALE,
    CLEARING,
    LIMIT_HIT,
    DEFAULT,
    CLOSE_OUT,
    LOSS,
    BANK_FAILURE,
    RECALL,
    POLICY,
    LOSS_CUT,
    NEWS,
) = range(12)
EVENT_COLUMNS = (
    "day",
    "round",
    "kind",
    "institution",
    "counterparty",
    "instrument",
    "amount_usd_bn",
    "cause",
    "share_of_flow",
    "clearing",
)
N_EVENT_COLUMNS = 10
NOBODY, MARKET, CENTRAL_BANK, SCRIPT = -1, -2, -3, -4  # codes of who; banks are -10 - b
FIRST_BANK = -10


class Diary(NamedTuple):
    """What a run writes down, and the scratch columns of the day."""

    days: np.ndarray  # (T, N_DAY_COLUMNS)
    log_prices: np.ndarray  # (T, K)
    fundamentals: np.ndarray  # (T, K)
    events: np.ndarray  # (capacity, N_EVENT_COLUMNS)
    n_events: np.ndarray  # (1,) int64, goes on counting when the table is full
    cause: np.ndarray  # (N,) int64 event that an institution's forced orders answer
    clearing_event: np.ndarray  # (K,) int64 event of the last clearing of each, -1 not written
    when: np.ndarray  # (2,) int64 day and round of the last clearing, -1 before the first
    gross: np.ndarray  # (K,) USD bn traded in it
    mark: np.ndarray  # (K,) USD prices at the opening of the last day that traded
    n_calls: np.ndarray  # (N,) int64
    forced_sales: np.ndarray  # (N,) USD bn
    n_failures: np.ndarray  # (N,) int64
    first_failure_day: np.ndarray  # (N,) int64, -1 never
    peak_leverage: np.ndarray  # (N,)
    worst_wealth: np.ndarray  # (N,) USD bn
    rows: np.ndarray  # (N,) int64 institutions forced to trade in the round
    lanes: np.ndarray  # (K + 4, CHUNK) scratch columns of a chunk
    is_traded: np.ndarray  # (K,) uint8: whether anybody in the chunk trades it
    flows: np.ndarray  # (5, K) units of the round: ordered, currency legs, gross, sold, bought
    before: np.ndarray  # (K,) log prices before the round
    fill: np.ndarray  # (K,) share of the long side filled
    side: np.ndarray  # (K,) the long side at a limit: -1 sellers, 1 buyers, 0 no limit
