"""reference-2024 is the calibrated point, number for number; its relatives differ as they say."""

import json
from datetime import date
from pathlib import Path

import numpy as np
import pytest

from abm.scenario import load_scenario

POINT = json.loads((Path(__file__).parents[1] / "reference" / "august_2024.json").read_text())
VALUES = POINT["parameters"]
DEPTHS = {"JPY": "fx", "AUD": "fx", "MXN": "fx", "SPX": "eq", "NKY": "nky"}

KEYS = {
    "h_min": "margin.rate_floor",
    "h_max": "margin.rate_ceiling",
    "k_h": "margin.volatility_multiple",
    "psi_h": "margin.long_run_share",
    "k_c": "margin.concentration_addon",
    "k_b": "margin.broker_utilisation_addon",
    "buf": "margin.buffer",
    "s_f": "margin.forced_speed",
    "lev_thr": "banks.utilisation_threshold",
    "n_hf": "funds.n",
    "cap": "funds.leverage_cap",
    "gnoise": "funds.leverage_dispersion",
    "overlap": "funds.overlap",
    "trend": "funds.trend_weight",
    "kv": "funds.value_weight_per_year",
    "psi": "funds.anchor_share",
    "band": "funds.band",
    "s_up": "funds.speed_up_per_day",
    "s_dn": "funds.speed_down_per_day",
    "s_var": "funds.speed_var_per_day",
    "s_stop": "funds.speed_stop_per_day",
    "stop_dd": "funds.stop_drawdown",
    "var_lim": "funds.var_limit",
    "theta_out": "funds.payout_per_day",
    "theta_in": "funds.subscription_per_day",
    "dd_days": "funds.days_out",
    "grace": "funds.grace_share",
    "dec": "estimation.slow_decay",
    "dec_f": "estimation.fast_decay",
    "cov_mult": "estimation.opening_multiple",
    "eq_RP": "risk_parity.equity_usd_bn",
    "vt_RP": "risk_parity.volatility_target_per_year",
    "s_rp": "risk_parity.speed_down_per_day",
    "s_rpu": "risk_parity.speed_up_per_day",
    "eq_VT": "volatility_target.equity_usd_bn",
    "vt_VT": "volatility_target.volatility_target_per_year",
    "eq_CTA": "trend.equity_usd_bn",
    "vt_CTA": "trend.volatility_target_per_year",
    "cta_n1": "trend.fast_days",
    "cta_n2": "trend.slow_days",
    "cta_g": "trend.gain",
    "s_cta": "trend.speed_per_day",
    "ret_fx": "retail_fx.notional_usd_bn",
    "ret_lev": "retail_fx.leverage",
    "ret_sig": "retail_fx.leverage_dispersion",
    "cut_fx": "retail_fx.loss_cut",
    "rt_contr": "retail_fx.contrarian_weight",
    "rt_s": "retail_fx.speed_per_day",
    "rt_dead": "retail_fx.days_out",
    "ret_eq": "retail_equity.notional_usd_bn",
    "ret_eqlev": "retail_equity.leverage",
    "cut_eq": "retail_equity.loss_cut",
    "rte_s": "retail_equity.speed_per_day",
    "lif_A": "insurers.assets_usd_bn",
    "lif_H0": "insurers.hedge_share",
    "lif_c2": "insurers.hedge_per_yen_rise",
    "lif_s": "insurers.speed_per_day",
    "kap_mm": "liquidity.dealers.reversion_per_day",
    "eta_v": "liquidity.dealers.volatility_exponent",
    "eta_b": "liquidity.dealers.capital_exponent",
    "kap0": "liquidity.dealers.half_spread_log",
    "mm_news": "liquidity.dealers.news_moves_reference",
    "beta_nk": "liquidity.links.NKY.currency_beta",
    "w_lag": "liquidity.links.NKY.lag_share",
    "beta_us": "liquidity.links.NKY.leader_beta",
    "E_core": "banks.core_capital_usd_bn",
    "E_per": "banks.periphery_capital_usd_bn",
    "lev_max": "banks.leverage_limit",
    "lev0": "banks.opening_utilisation",
    "spread": "banks.spread_per_year",
    "s1": "banks.spread_slope",
    "cutmax": "banks.max_line_cut_per_day",
    "alpha": "banks.recovery_external",
    "beta": "banks.recovery_interbank",
    "port": "banks.portable_share",
    "recap": "banks.recapitalisation_per_year",
    "pb_conc": "network.brokers.concentration",
    "ib_cc": "network.interbank.core_core_usd_bn",
    "ib_cp": "network.interbank.core_periphery_usd_bn",
    "ib_deb": "network.interbank.debt_multiple",
    "R": "clearing.rounds",
    "tol": "clearing.tolerance",
    "burn": "calendar.burn_in_days",
    "rJ0": "rates.funding_per_year",
    "rU": "rates.usd_per_year",
    "b0": "funding.basis_per_year",
    "hike_bp": "policy.boj.hike_bp",
    "mof1": "policy.mof.interventions.first.usd_bn",
    "mof2": "policy.mof.interventions.second.usd_bn",
    "mof_sig": "policy.mof.interventions.first.signal_log",
    "uch_J": "news.uchida.moves.JPY",
    "uch_SPX": "news.uchida.moves.SPX",
}
STYLE_KEYS = {"eq": "equity_usd_bn", "l0": "leverage", "phi": "yen_share"}
INSTRUMENT_KEYS = {
    "Lam": "value_depth_usd_bn",
    "M": "dealer_depth_usd_bn",
    "sg": "volatility_per_year",
    "pre": "drift_before_start_log",
}
# Rules of central banks and the swap line are not part of the script of 2024, what a basis that
# moves would need has left the scenario; uch_NKY is 0.
MOVING_BASIS = {
    "lif_c1": "insurers.hedge_per_basis",
    "b1": "funding.basis_slope_per_year",
    "phi_b": "funding.capacity_share",
    "sw_b": "policy.swap_line.basis_ceiling_per_year",
}
ELSEWHERE = {"sw_h", "sw_M", "boj_f", "mof_usd", "pol_thr", "hike_f", "uch_NKY", *MOVING_BASIS}


@pytest.fixture(scope="module")
def chosen():
    from abm.scenario import parameter_table

    rows = parameter_table(load_scenario("reference-2024"))
    return {row.key: row.value for row in rows}


def _key_of(name):
    head, _, tail = name.partition("_")
    if name in KEYS:
        return KEYS[name]
    if tail in POINT["instruments"]["names"] and head in INSTRUMENT_KEYS:
        return f"instruments.{tail}.{INSTRUMENT_KEYS[head]}"
    if tail in POINT["hedge_fund_styles"]["weights"] and head in STYLE_KEYS:
        return f"funds.styles.{tail}.{STYLE_KEYS[head]}"
    return f"news.payrolls.moves.{tail}" if head == "pay" else None


def test_every_parameter_of_the_calibrated_point_is_in_the_scenario_exactly(chosen):
    speeds = {"sv_fx", "sv_eq", "sv_nky", "sv_fi"}
    for name in VALUES.keys() - ELSEWHERE - speeds:
        assert chosen[_key_of(name)] == VALUES[name], name
    for instrument in POINT["instruments"]["names"]:
        speed = VALUES[f"sv_{DEPTHS.get(instrument, 'fi')}"]
        assert chosen[f"instruments.{instrument}.value_speed_per_day"] == speed


def test_the_yen_news_of_31_july_is_worth_25_basis_points(chosen):
    news = chosen["policy.boj.surprise_bp"] * chosen["policy.boj.news_log_per_bp"]
    assert chosen["policy.boj.surprise_bp"] == 25
    assert news == VALUES["hike_f"]


def test_the_instruments_are_those_of_the_calibrated_point():
    scenario, point = load_scenario("reference-2024"), POINT["instruments"]
    parts = scenario.instruments.values()
    assert list(scenario.instrument_names) == point["names"]
    assert scenario.funding_currency == "JPY"
    assert [part.yield_per_year for part in parts] == point["yield_per_year"]
    assert [part.daily_limit_log for part in parts] == point["daily_limit_log"]
    assert [part.value_capacity_log for part in parts] == point["value_capacity_log"]
    quotes = [getattr(part, "quote", "USD") for part in parts]
    assert quotes == point["quote_currency"]
    assert scenario.quote_indices() == (-1,) * 7 + (0, 0)
    np.testing.assert_array_equal(scenario.correlation_matrix(), point["correlation_of_news"])


def test_the_groups_hold_what_the_calibrated_point_says():
    scenario, groups = load_scenario("reference-2024"), POINT["other_groups"]
    styles = POINT["hedge_fund_styles"]
    for name, style in scenario.funds.styles.items():
        assert style.weights == styles["weights"][name]
        assert style.share_of_number == styles["share_of_number"][name]
    assert scenario.risk_parity.tilt == groups["risk_parity"]["tilt"]
    assert scenario.volatility_target.weights == groups["volatility_target"]["weights"]
    assert scenario.trend.weights == groups["trend"]["weights"]
    opening = {k: v for k, v in groups["trend"]["opening_signal"].items() if v}
    assert scenario.trend.opening_signal == opening
    assert scenario.retail_fx.weights == groups["retail_fx"]["weights"]
    assert scenario.insurers.weights == groups["life_insurers"]["weights"]
    numbers = [scenario.risk_parity.n, scenario.volatility_target.n, scenario.trend.n]
    assert numbers == [groups[k]["n"] for k in ("risk_parity", "volatility_target", "trend")]
    assert (scenario.retail_fx.n, scenario.retail_equity.n, scenario.insurers.n) == (12, 8, 4)
    assert list(scenario.banks.core_capital_factors) == POINT["banks"]["core_capital_factors"]
    assert scenario.network.brokers.numbers == (1, 2, 3)
    assert scenario.network.brokers.bank_probabilities == (0.32, 0.28, 0.22, 0.18)


def test_the_script_of_2024_falls_on_its_days_and_sixty_days_follow_the_hike():
    scenario = load_scenario("reference-2024")
    dates = scenario.calendar.dates()
    assert (dates[0], dates[scenario.shock_day]) == (date(2024, 7, 1), date(2024, 7, 31))
    assert scenario.shock_day == 22  # 23 weekdays from 1 to 31 July
    assert len(dates) > scenario.shock_day + 60
    assert [scenario.day_index(item.day) for item in scenario.news] == [24, 27]
    days = [scenario.day_index(act.day) for act in scenario.policy.mof.interventions]
    assert days == [8, 9]


def test_with_yen_books_elsewhere_the_carry_stock_is_the_same():
    reference, other = load_scenario("reference-2024"), load_scenario("august-2024")

    def owed_by_funds(scenario):
        styles = scenario.funds.styles.values()
        return sum(s.equity_usd_bn * (s.leverage - 1) * s.yen_share for s in styles)

    desk = other.banks.desk
    capital = other.banks.core_capital_usd_bn * other.banks.n_core
    owed_by_desks = desk.capital_share * capital * (desk.leverage - 1) * desk.yen_share
    parity = other.risk_parity
    owed_by_parity = parity.yen_share * parity.equity_usd_bn * (_parity_leverage(other) - 1)
    total = owed_by_funds(other) + owed_by_desks + owed_by_parity
    assert total == pytest.approx(owed_by_funds(reference), rel=1e-6)
    assert 0.05 < (owed_by_desks + owed_by_parity) / total < 0.15


def _parity_leverage(scenario):
    """Opening leverage of inverse-volatility weights at the opening covariance, all hedged."""
    group, names = scenario.risk_parity, list(scenario.instruments)
    sigma = np.array([part.volatility_per_year for part in scenario.instruments.values()])
    multiple = scenario.estimation.opening_multiple
    covariance = multiple * scenario.correlation_matrix() * np.outer(sigma, sigma)
    weights = np.zeros(len(names))
    for name, tilt in group.tilt.items():
        k = names.index(name)
        weights[k] = tilt / np.sqrt(covariance[k, k])
    weights /= weights.sum()
    volatility = float(np.sqrt(weights @ covariance @ weights))
    return min(group.volatility_target_per_year / volatility, group.leverage_cap)


def test_hike_and_calm_are_the_same_world_without_the_script():
    reference, hike, calm = (load_scenario(n) for n in ("reference-2024", "hike", "calm"))
    told = {"name", "title", "about", "calendar", "shock", "policy", "news"}
    for part in set(type(hike).model_fields) - told:
        assert getattr(hike, part) == getattr(reference, part) == getattr(calm, part), part
    assert hike.shock.surprise_bp == 25
    assert (calm.shock.kind, calm.policy.boj.kind, calm.policy.mof.kind) == ("none",) * 3
    assert (hike.policy.boj.kind, hike.policy.mof.kind) == ("none", "none")
    assert hike.news == calm.news == ()
    assert hike.calendar.dates() == ()
    assert hike.calendar.days > hike.shock_day + 60
