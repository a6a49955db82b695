"""What groups of institutions and their banks demand of the rest of a scenario."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from abm.errors import NOT_GIVEN
from abm.files import MOST_OF_GRAPH, exists, refuse_irregular
from abm.scenario.checks import (
    Faults,
    fault_at,
    must_sum_to_one,
    nearest,
    needs,
    same_length,
    unknown_instruments,
)

ROUNDING = 1e-9
MONEY_OF_GROUP = {
    "risk_parity": "equity_usd_bn",
    "volatility_target": "equity_usd_bn",
    "trend": "equity_usd_bn",
    "retail_fx": "notional_usd_bn",
    "retail_equity": "notional_usd_bn",
    "insurers": "assets_usd_bn",
}


def _register_groups() -> None:
    for name, money in MONEY_OF_GROUP.items():

        @needs(name)
        def _group_is_whole_or_absent(group: Any, name: str = name, money: str = money) -> Faults:
            usd_bn = getattr(group, money)
            if group.n == 0 and usd_bn > 0:
                yield fault_at(f"{name}.n", 0, f"is an empty group with {money} = {usd_bn:g}")
            if group.n > 0 and usd_bn == 0:
                reason = f"is an empty group: above 0 for {name}.n = {group.n}"
                yield fault_at(f"{name}.{money}", 0.0, reason, f"or set {name}.n = 0")


_register_groups()


@needs("funds")
def _styles_share_the_funds(funds: Any) -> Faults:
    styles = funds.styles
    if funds.n > 0 and not styles:
        yield fault_at("funds.styles", NOT_GIVEN, f"is empty, but funds.n = {funds.n}")
    if styles:
        parts = (style.share_of_number for style in styles.values())
        yield from (
            fault_at(f"{fault.key}.*.share_of_number", NOT_GIVEN, fault.allowed)
            for fault in must_sum_to_one("funds.styles", parts)
        )
    usd_bn = sum(style.equity_usd_bn for style in styles.values())
    if funds.n == 0 and usd_bn > 0:
        money = f"is an empty group with equity_usd_bn = {usd_bn:g}: at least 1"
        yield fault_at("funds.n", 0, money)
    for name, style in styles.items():
        key = f"funds.styles.{name}"
        yield from must_sum_to_one(f"{key}.weights", style.weights.values(), at_most=True)
        if style.leverage > 1 and not sum(style.weights.values()):
            yield fault_at(f"{key}.weights", dict(style.weights), "must hold something: it borrows")


@needs("funds", "population")
def _every_style_has_a_fund(funds: Any, population: Any) -> Faults:
    n = funds.n * population.scale
    for name, style in funds.styles.items():
        if funds.n > 0 and n * style.share_of_number < 0.5 - ROUNDING and style.equity_usd_bn > 0:
            reason = f"is an empty group: {style.share_of_number:g} of {n:g} funds is none"
            yield fault_at(f"funds.styles.{name}.share_of_number", style.share_of_number, reason)


@needs("instruments", "funds")
def _styles_hold_known_instruments(instruments: Mapping[str, Any], funds: Any) -> Faults:
    for name, style in funds.styles.items():
        yield from unknown_instruments(f"funds.styles.{name}.weights", style.weights, instruments)


@needs("instruments", "risk_parity")
def _risk_parity_holds_known_assets(instruments: Mapping[str, Any], group: Any) -> Faults:
    yield from unknown_instruments("risk_parity.tilt", group.tilt, instruments)
    if group.n > 0 and not group.tilt:
        yield fault_at("risk_parity.tilt", NOT_GIVEN, "is empty: the funds hold nothing")


@needs("instruments", "volatility_target")
def _volatility_target_holds_known_assets(instruments: Mapping[str, Any], group: Any) -> Faults:
    yield from unknown_instruments("volatility_target.weights", group.weights, instruments)
    if group.n > 0 or group.weights:
        yield from must_sum_to_one("volatility_target.weights", group.weights.values())


@needs("instruments", "insurers")
def _insurers_hold_known_assets(instruments: Mapping[str, Any], group: Any) -> Faults:
    yield from unknown_instruments("insurers.weights", group.weights, instruments)
    if group.n > 0 or group.weights:
        yield from must_sum_to_one("insurers.weights", group.weights.values())


@needs("instruments", "trend")
def _trend_trades_known_instruments(instruments: Mapping[str, Any], group: Any) -> Faults:
    yield from unknown_instruments("trend.weights", group.weights, instruments)
    yield from unknown_instruments("trend.opening_signal", group.opening_signal, instruments)
    if group.n > 0 and not group.weights:
        yield fault_at("trend.weights", NOT_GIVEN, "is empty: the funds trade nothing")


@needs("instruments", "retail_fx")
def _retail_holds_currencies(instruments: Mapping[str, Any], group: Any) -> Faults:
    currencies = [k for k, part in instruments.items() if part.kind == "currency"]
    yield from unknown_instruments("retail_fx.weights", group.weights, [*currencies[1:], "USD"])
    if group.n > 0 or group.weights:
        yield from must_sum_to_one("retail_fx.weights", group.weights.values())
    if group.opening_leverage_cap > group.leverage_cap:
        cap = f"must be at most retail_fx.leverage_cap ({group.leverage_cap:g})"
        yield fault_at("retail_fx.opening_leverage_cap", group.opening_leverage_cap, cap)


@needs("instruments", "retail_equity")
def _margin_longs_hold_a_home_asset(instruments: Mapping[str, Any], group: Any) -> Faults:
    if group.n == 0 or not instruments:
        return
    home = next(iter(instruments))
    quoted = [k for k, part in instruments.items() if getattr(part, "quote", "") == home]
    if group.asset not in quoted:
        wanted = f"must be an asset quoted in {home}: {', '.join(quoted) or 'there is none'}"
        yield fault_at("retail_equity.asset", group.asset, wanted, nearest(group.asset, quoted))


@needs("banks")
def _capital_is_given_for_every_core_bank(banks: Any) -> Faults:
    key = "banks.core_capital_factors"
    yield from same_length(key, banks.core_capital_factors, banks.n_core, "core bank")


@needs("instruments", "banks")
def _desks_hold_known_instruments(instruments: Mapping[str, Any], banks: Any) -> Faults:
    if banks.desk.kind == "carry":
        weights = banks.desk.weights
        yield from unknown_instruments("banks.desk.weights", weights, instruments)
        yield from must_sum_to_one("banks.desk.weights", weights.values(), at_most=True)


@needs("banks", "network")
def _brokers_exist(banks: Any, network: Any) -> Faults:
    brokers, key = network.brokers, "network.brokers"
    if brokers.kind != "drawn":
        return
    if not brokers.numbers or not all(1 <= n <= banks.n_core for n in brokers.numbers):
        wanted = f"must be numbers from 1 to banks.n_core ({banks.n_core})"
        yield fault_at(f"{key}.numbers", list(brokers.numbers), wanted)
    if brokers.concentrated_on > banks.n_core:
        wanted = f"must be from 1 to banks.n_core ({banks.n_core})"
        yield fault_at(f"{key}.concentrated_on", brokers.concentrated_on, wanted)
    chances = {"number_probabilities": ("number of brokers", len(brokers.numbers))}
    chances["bank_probabilities"] = ("core bank", banks.n_core)
    for name, (of, wanted_length) in chances.items():
        given = getattr(brokers, name)
        yield from same_length(f"{key}.{name}", given, wanted_length, of)
        if given:
            yield from must_sum_to_one(f"{key}.{name}", given)
    span = brokers.first_share_range
    if span and (len(span) != 2 or span[0] > span[1]):
        yield fault_at(f"{key}.first_share_range", list(span), "must be two shares, smaller first")


@needs("network")
def _graph_files_exist(network: Any) -> Faults:
    for name, end in network:
        if end.kind != "file":
            continue
        key = f"network.{name}.path"
        if not exists(end.path):
            yield fault_at(key, end.path, "there is no such file")
            continue
        try:
            refuse_irregular(end.path, MOST_OF_GRAPH)
        except OSError as bad:
            yield fault_at(key, end.path, str(bad.strerror).removeprefix("it "))


@needs("margin")
def _margin_floor_is_below_its_ceiling(margin: Any) -> Faults:
    if margin.kind == "volatility" and margin.rate_floor > margin.rate_ceiling:
        wanted = f"must be at most margin.rate_ceiling ({margin.rate_ceiling:g})"
        yield fault_at("margin.rate_floor", margin.rate_floor, wanted)
