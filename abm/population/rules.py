"""The scenario's numbers as the kernels read them."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from abm.kernels.behaviours.value_investor import CONT_SCHAANNING, LINEAR, NONE, SQUARE_ROOT, TANH
from abm.kernels.constraints.liquidation import LEAST_IMPACT, PRO_RATA, WATERFALL
from abm.kernels.rules import (
    BandRule,
    BankRule,
    EstimateRule,
    FollowerRule,
    FundRule,
    HouseholdRule,
    MarginRule,
    MarketRule,
    Rules,
)
from abm.kernels.state import Mandates
from abm.population.groups import opening_terms

if TYPE_CHECKING:
    from abm.scenario import Scenario

LAWS = {
    "tanh": TANH,
    "linear": LINEAR,
    "cont-schaanning": CONT_SCHAANNING,
    "square-root": SQUARE_ROOT,
    "none": NONE,
}
LIQUIDATIONS = {"pro-rata": PRO_RATA, "least-impact": LEAST_IMPACT, "waterfall": WATERFALL}


@lru_cache(maxsize=32)
def make_rules(scenario: Scenario) -> Rules:
    """The scenario's numbers as the kernels read them; mandates are filled in by the draw."""
    nobody = Mandates(*(np.zeros(0) for _ in Mandates._fields))
    banks, funds = scenario.banks, scenario.funds
    desk = banks.desk
    return Rules(
        mandates=nobody,
        margin=margin_rule(scenario),
        funds=FundRule(
            trend_weight=funds.trend_weight,
            value_weight=funds.value_weight_per_year,
            anchor_share=funds.anchor_share,
            band=funds.band,
            speed_up=funds.speed_up_per_day,
            speed_down=funds.speed_down_per_day,
            var_limit=funds.var_limit,
            var_tolerance=funds.var_tolerance,
            speed_var=funds.speed_var_per_day,
            stop_drawdown=funds.stop_drawdown,
            stop_share=funds.stop_leverage_share,
            speed_stop=funds.speed_stop_per_day,
            payout=funds.payout_per_day,
            subscription=funds.subscription_per_day,
            days_out=funds.days_out,
            failure_share=funds.failure_share,
        ),
        followers=follower_rule(scenario),
        households=household_rule(scenario),
        market=market_rule(scenario),
        estimate=EstimateRule(
            slow_decay=scenario.estimation.slow_decay,
            fast_decay=scenario.estimation.fast_decay,
            trend_days=np.array(
                [scenario.estimation.trend_days, scenario.trend.fast_days, scenario.trend.slow_days]
            ),
        ),
        banks=BankRule(
            spread=banks.spread_per_year,
            spread_slope=banks.spread_slope,
            max_line_cut=banks.max_line_cut_per_day,
            recovery_external=banks.recovery_external,
            recovery_interbank=banks.recovery_interbank,
            ported_share=banks.portable_share,
            recapitalisation=banks.recapitalisation_per_year,
            payout_multiple=banks.payout_multiple,
            desk_capital_share=desk.capital_share if desk.kind == "carry" else 0.0,
            basis=-scenario.funding.basis_per_year,
        ),
    )


def margin_rule(scenario: Scenario) -> MarginRule:
    """The margin object of the scenario; ``none`` calls nobody."""
    rule, line = scenario.margin, scenario.policy.swap_line
    nobody = MarginRule(
        is_on=False,
        floor=0.0,
        ceiling=0.0,
        volatility_multiple=0.0,
        concentration_load=0.0,
        utilisation_load=0.0,
        utilisation_threshold=scenario.banks.utilisation_threshold,
        long_run_share=0.0,
        buffer=1.0,
        forced_speed=0.0,
        liquidation=PRO_RATA,
        swap_line_ceiling=line.haircut_ceiling if line.kind == "line" else 1.0,
    )
    if rule.kind == "none":
        return nobody
    called = nobody._replace(
        is_on=True,
        buffer=rule.buffer,
        forced_speed=rule.forced_speed,
        liquidation=LIQUIDATIONS[rule.liquidation.kind],
    )
    if rule.kind == "fixed":
        return called._replace(floor=rule.rate, ceiling=rule.rate)
    return called._replace(
        floor=rule.rate_floor,
        ceiling=rule.rate_ceiling,
        volatility_multiple=rule.volatility_multiple,
        concentration_load=rule.concentration_addon,
        utilisation_load=rule.broker_utilisation_addon,
        long_run_share=rule.long_run_share,
    )


def follower_rule(scenario: Scenario) -> FollowerRule:
    """Speeds and bands of those who follow a risk rule."""
    parity, target = (
        BandRule(g.speed_down_per_day, g.speed_up_per_day, g.dead_band)
        for g in (scenario.risk_parity, scenario.volatility_target)
    )
    trend = scenario.trend
    return FollowerRule(
        parity=parity,
        target=target,
        equal_risk=scenario.risk_parity.weighting == "equal-risk",
        trend_speed=trend.speed_per_day,
        trend_gain=trend.gain,
        signal_scale=trend.signal_scale,
        volatility_floor=trend.volatility_floor,
    )


def household_rule(scenario: Scenario) -> HouseholdRule:
    """Retail traders and life insurers."""
    fx, equity, insurers = scenario.retail_fx, scenario.retail_equity, scenario.insurers
    return HouseholdRule(
        contrarian=fx.contrarian_weight,
        contrarian_scale=fx.contrarian_scale_log,
        contrarian_days=fx.contrarian_days,
        speed=fx.speed_per_day,
        most_leverage=fx.cap_use * fx.leverage_cap,
        days_out_fx=fx.days_out,
        days_out_equity=equity.days_out,
        margin_sale_share=equity.speed_per_day,
        insurer_speed=insurers.speed_per_day,
        insurer_rise=insurers.hedge_per_yen_rise,
        insurer_rise_days=insurers.rise_days,
        insurer_basis=insurers.hedge_per_basis,
    )


def market_rule(scenario: Scenario) -> MarketRule:
    """Depths, limits, links and dealers, by instrument."""
    terms = opening_terms(scenario)
    parts = list(scenario.instruments.values())
    dealers, links = scenario.liquidity.dealers, scenario.liquidity.links
    depth_multiple = scenario.liquidity.depth_multiple
    linked = [links.get(name) for name in terms.names]
    line = scenario.policy.swap_line

    def column(name: str) -> np.ndarray:
        return np.array([getattr(part, name) for part in parts], float)

    income = terms.income.copy()
    income[: terms.n_currencies] = 0.0
    day_count = [c.day_count for c in scenario.currencies.values()]
    leaders = [terms.names.index(k.leader) if k and k.leader else -1 for k in linked]
    return MarketRule(
        law=np.full(len(parts), LAWS[scenario.liquidity.impact.kind], np.int64),
        orders_frozen=scenario.liquidity.mode == "frozen",
        value_depth=depth_multiple * column("value_depth_usd_bn"),
        value_capacity=column("value_capacity_log"),
        value_speed=column("value_speed_per_day"),
        dealer_depth=depth_multiple * column("dealer_depth_usd_bn"),
        daily_limit=column("daily_limit_log"),
        income=income,
        day_count=np.array([*day_count, scenario.rates.usd_day_count], float),
        calm_volatility=np.sqrt(np.diag(terms.covariance)),
        link_beta=np.array([k.currency_beta if k else 0.0 for k in linked]),
        link_lag=np.array([k.lag_share if k else 0.0 for k in linked]),
        leader=np.array(leaders, np.int64),
        leader_beta=np.array([k.leader_beta if k else 0.0 for k in linked]),
        reversion=dealers.reversion_per_day,
        volatility_exponent=dealers.volatility_exponent,
        capital_exponent=dealers.capital_exponent,
        depth_floor=dealers.depth_floor,
        half_spread=dealers.half_spread_log,
        news_moves_reference=dealers.news_moves_reference,
        swap_line_depth=line.dealer_depth_floor if line.kind == "line" else 0.0,
        rounds=scenario.clearing.rounds,
        tolerance=scenario.clearing.tolerance,
    )
