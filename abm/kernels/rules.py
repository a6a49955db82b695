"""The scenario's numbers as the kernels read them, by who or what they govern."""

from typing import NamedTuple

import numpy as np

from abm.kernels.state import Mandates


class LossRule(NamedTuple):
    """Margin by the worst recent loss of a book; off: by fast volatility."""

    is_on: bool = False
    floor: float = 1.0  # variance that margins always cover, over the calm one
    decay: float = 0.0
    threshold: float = 1.0  # squared size of a loss above which it counts


class OwnRiskRule(NamedTuple):
    """Sizing by a fund's own losses."""

    multiple: float
    decay: float
    long_run: float  # variance through the cycle, over the calm one


class FlowRule(NamedTuple):
    """Investors who redeem after losses."""

    sensitivity: float
    performance_days: float
    notice_days: float
    gate: float  # largest share of wealth redeemed in a day


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
    loss: LossRule = LossRule()


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
    failure_share: float
    stop_reset_days: int  # 0: high-water marks are never reset
    full_carry: float  # rate differential at which all of the yen loan is in yen; 0: at any
    owed: np.ndarray  # (O,) int64 currencies beside the yen that funds owe
    risk: OwnRiskRule
    flows: FlowRule


class BandRule(NamedTuple):
    """Speeds at which a rule follower closes its gap."""

    speed_down: float
    speed_up: float
    dead_band: float


class RiskParityRule(NamedTuple):
    band: BandRule
    equal_risk: bool  # equal risk contributions; else inverse volatility


class TrendRule(NamedTuple):
    speed: float
    gain: float
    signal_scale: float
    volatility_floor: float
    full_carry: float  # differential at which they are short of yen in full; 0: at any


class RetailFxRule(NamedTuple):
    contrarian: float
    contrarian_scale: float
    contrarian_days: int
    speed: float
    most_leverage: float
    renewal: float  # share of accounts replaced in a day
    full_carry: float  # differential at which they hold their whole size; 0: at any


class RetailEquityRule(NamedTuple):
    speed: float  # of buying back
    sale_share: float  # of what is held, sold in a day when cut
    renewal: float  # share of accounts replaced in a day


class InsurerRule(NamedTuple):
    speed: float
    hedge_per_rise: float
    rise_days: int
    hedge_per_basis: float  # fall of the hedge share per unit of basis beyond the calm one
    calm_basis: float  # per year, negative


class CompanyRule(NamedTuple):
    """Companies that owe yen and hedge late."""

    speed_up: float
    speed_down: float
    hedge_share: float  # of the loan, once the yen has risen
    rise_days: int
    payout: float  # share of what exceeds the opening wealth, paid out in a day


class TraderRule(NamedTuple):
    """One account: when it opens, and the margin that its broker asks."""

    open_day: int = -1  # of the run and its burn-in
    required_margin: float = 1.0  # share of the position
    call_level: float = 0.0  # of the required margin


class ValueInvestorRule(NamedTuple):
    law: np.ndarray  # (K,) int64
    depth: np.ndarray  # (K,)
    capacity: np.ndarray  # (K,)
    speed: np.ndarray  # (K,)
    speed_gain: np.ndarray  # (K,) rise of the speed with the squared gap
    most_speed: float
    trade_share: float  # of their currencies that trade takes over in a day
    payout_share: float  # of their cash that goes to their owners in a day


class DealerRule(NamedTuple):
    depth: np.ndarray  # (K,) calm
    reversion: float
    volatility_exponent: float
    capital_exponent: float
    by_head_room: bool  # capital beyond what is required; else all of it
    depth_floor: float
    half_spread: float
    news_moves_reference: bool


class MarketRule(NamedTuple):
    orders_frozen: bool  # orders fixed at the round's opening prices
    daily_limit: np.ndarray  # (K,)
    income: np.ndarray  # (K,) coupons of assets per year; currencies zero
    day_count: np.ndarray  # (C + 1,) days of the year of each currency, dollar last
    calm_volatility: np.ndarray  # (K,)
    calm_risk: np.ndarray  # (K, K) of USD returns, lower triangle, off-diagonals doubled
    link_beta: np.ndarray  # (K,) fall of the fundamental per log rise of its quote currency's
    link_lag: np.ndarray  # (K,)
    leader: np.ndarray  # (K,) int64, -1 none
    leader_beta: np.ndarray  # (K,)
    haven_leader: np.ndarray  # (K,) int64, -1 none: whose fall sends money into this bond
    haven_beta: np.ndarray  # (K,)
    haven_days: np.ndarray  # (K,) of the leader's average
    fixed_coupon: np.ndarray  # (K,) uint8: income per unit, not per price
    rounds: int
    tolerance: float


class EstimateRule(NamedTuple):
    slow_decay: float
    fast_decay: float
    trend_days: np.ndarray  # (3,) funds', fast and slow followers'


class QueueRule(NamedTuple):
    """Hikes of the Bank of Japan that wait while markets are unstable."""

    is_on: bool
    hike_news: np.ndarray  # (K,) log in a hike
    statement_news: np.ndarray  # (K,) log in the statement that hikes wait
    first_day: int = 0
    n_hikes: int = 0
    hike: float = 0.0  # per year
    trigger_days: int = 1
    trigger_rise: float = 0.0  # of the funding currency in these days [log]
    trigger_asset: int = -1  # -1: none is watched
    trigger_fall: float = 0.0
    cool_days: int = 0
    is_heard: bool = False
    statement_days: int = 1  # after the first trigger of a pause


class BuyingRule(NamedTuple):
    """Purchases of a weak funding currency, by campaigns."""

    is_on: bool = False
    first_day: int = 0
    low_days: int = 1
    low_band: float = 0.0  # log
    fall_days: int = 1
    fall: float = 0.0
    long_fall_days: int = 1
    long_fall: float = 0.0
    hazard: float = 0.0  # per day
    first: float = 0.0  # USD bn
    least: float = 0.0
    spread: float = 0.0
    budget: float = 0.0  # of a campaign
    gap_days: int = 0  # without a purchase, after which a campaign is over
    signal: float = 0.0  # log, with the first purchase


class SellingRule(NamedTuple):
    """Sales of a strong funding currency."""

    is_on: bool = False
    first_day: int = 0
    rise_days: int = 1
    rise: float = 0.0  # log
    per_day: float = 0.0  # USD bn
    budget: float = 0.0


class CutRule(NamedTuple):
    """Cuts of the dollar's rate while shares are volatile."""

    is_on: bool = False
    first_day: int = 0
    asset: int = 0
    weight: float = 0.0  # of a day in the average
    threshold: float = 0.0  # points
    cut: float = 0.0  # per year
    spacing_days: int = 1
    floor: float = 0.0  # per year


class PolicyRule(NamedTuple):
    """Guarantees of an open swap line, and the rules that authorities follow."""

    margin_ceiling: float  # most that brokers ask [share of gross assets]
    depth_floor: float  # share of dealers' calm depth
    boj: QueueRule
    buying: BuyingRule
    selling: SellingRule
    fed: CutRule


class RequirementRule(NamedTuple):
    """Capital required by the risk of loans; off: by the size of the balance sheet alone."""

    is_on: bool = False
    weight: float = 0.0  # capital per unit lent, at a risk weight of 1
    multiple: float = 1.0
    least: float = 1.0
    most: float = 1.0
    long_run: float = 1.0  # variance through the cycle, over the calm one


class RunRule(NamedTuple):
    """Withdrawals from a bank that is short of capital; off: funding never leaves."""

    is_on: bool = False
    ratio: float = 0.0  # of capital to assets, below which it does
    speed: float = 0.0  # per day
    runnable: float = 0.0  # share of assets that is funded at sight
    reserve_share: float = 0.0  # of other assets, at the opening
    sale_share: float = 0.0  # of other assets that can be sold in a day
    discount: float = 0.0


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
    opening_utilisation: float  # of the leverage limit, or of capital by what assets require
    basis: float  # cross-currency basis b, per year
    requirement: RequirementRule
    run: RunRule
    marks_claims: bool  # claims on a bank lose with its capital; else they stand at par


class SqueezeRule(NamedTuple):
    """Dollars that are hoarded in fear, from a gauge; off: as scripted."""

    is_on: bool = False
    asset: int = 0  # whose volatility and fall are watched
    volatility_share: float = 0.0  # of the gauge; the rest is by the fall
    calm: float = 0.0  # volatility without a fall
    fall_weight: float = 0.0  # volatility per log of fall
    fall_days: int = 1
    weight: float = 1.0  # of a day in the average
    threshold: float = 0.0  # points
    slope: float = 0.0  # of calm demand per point
    full_rise: float = 1.0  # log of the dollar, at which all of it is felt
    rise_days: int = 1


class LineRule(NamedTuple):
    """The central banks' dollar facility: its price and its way to who needs dollars."""

    bank_spread: float = 0.0  # per year over the dollar rate, paid by banks
    cost: float = 0.0  # the same of who is reached through them
    stage_share: float = 1.0  # of the gap of a stage, closed in a day
    is_by_rule: bool = False
    opens_at: float = 0.0  # basis per year, at most
    opens_on_fall: float = 0.0  # its change per year, at most
    fall_days: int = 1
    delay_days: int = 0


class BasisRule(NamedTuple):
    """The price of dollars in currency swaps; columns are empty where it is constant."""

    calm: np.ndarray  # (S,) size of the calm basis, per year
    volume: np.ndarray  # (S,) USD bn: calm demand of who else borrows dollars
    spot_share: np.ndarray  # (S,) of calm demand, bought per unit of shortage
    swap_share: float = 0.0  # of speculators' balances
    least: float = 0.0  # demand over capacity, at least
    widest: float = 0.0  # per year
    room_exponent: float = 0.0
    year_end: float = 0.0  # share of capacity that is gone at the turn of the year
    least_capacity: float = 1.0
    spot_threshold: float = 0.0
    spot_limit: float = 0.0  # USD bn a day
    squeeze: SqueezeRule = SqueezeRule()
    line: LineRule = LineRule()


class RepoRule(NamedTuple):
    """Loans on bonds overnight; the haircut is fixed where both its ends are one."""

    is_on: bool = False
    spread: float = 0.0  # per year over the dollar rate
    floor: float = 0.0  # least haircut
    ceiling: float = 0.0
    volatility_multiple: float = 0.0  # haircut over a bond's ten-day volatility
    loss: LossRule = LossRule()
    opening_haircut: float = 0.0
    capacity_slope: float = 0.0  # share of what is lent that is gone per unit of haircut


class HedgerRule(NamedTuple):
    gamma: np.ndarray  # (K,) units per log at most
    depth_share: float  # of a day's depth at most
    expiry: float  # share of the hedge closed in a day


class AnticipatorRule(NamedTuple):
    is_on: bool
    share: np.ndarray  # (K,) of the orders expected from institutions, held in advance
    decay: float = 0.0  # share of expected orders left a day later
    memory_days: float = 1.0
    depth_share: float = 0.0  # of a day's depth, traded per log of price at most
    capital: float = 0.0  # USD bn at the opening
    leverage_cap: float = 0.0
    renewal: float = 0.0  # share of gains paid out, of losses filled up, in a day


class AppetiteRule(NamedTuple):
    is_on: bool
    decay: float
    most_gain: float
    beta: np.ndarray  # (K,) fall of the fundamental per log of remembered losses


class ChannelRule(NamedTuple):
    """Channels that no number of another rule shuts. Open unless a scenario says otherwise."""

    margins_follow_risk: bool = True
    retail_stop_outs: bool = True
    dealers_withdraw: bool = True
    interbank_losses: bool = True
    losses_are_remembered: bool = True  # by risk appetite
    basis_moves: bool = True
    repo_haircuts_follow_risk: bool = True


class Rules(NamedTuple):
    mandates: Mandates
    margin: MarginRule
    funds: FundRule
    risk_parity: RiskParityRule
    volatility_target: BandRule
    trend: TrendRule
    retail_fx: RetailFxRule
    retail_equity: RetailEquityRule
    insurers: InsurerRule
    companies: CompanyRule
    trader: TraderRule
    value_investors: ValueInvestorRule
    dealers: DealerRule
    market: MarketRule
    estimate: EstimateRule
    banks: BankRule
    policy: PolicyRule
    basis: BasisRule
    repo: RepoRule
    hedgers: HedgerRule
    anticipators: AnticipatorRule
    appetite: AppetiteRule
    channels: ChannelRule
