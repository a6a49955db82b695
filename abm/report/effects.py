"""Effects of a run's shock, in words: the run less the same run without the shock."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from abm.figures.finding import (
    UNCALLED,
    VOLUNTARY,
    eve_leverage,
    how_forced,
    number,
    peak_log,
    signed_count,
    signed_usd,
)
from abm.measures.cascade import AMPLIFICATION_WINDOW_DAYS, HORIZONS_DAYS, PEAK_WINDOW_DAYS
from abm.report.phrases import Phrases
from abm.report.script import currency, day_name
from abm.words import Words, key_of

if TYPE_CHECKING:
    from abm.scenario import Scenario

    Measures = Mapping[str, Any]


def facts(scenario: Scenario, measures: Measures, say: Words) -> dict[str, Iterator[str]]:
    """Facts by the key of their heading; all of them are differences from the no-shock run."""
    name = currency(scenario.funding_currency, say.language)
    return {
        "price": _price(measures, name, say),
        "unwound": _unwound(measures, say),
        "forced": _forced(measures, say),
        "failed": _failed(measures, say),
    }


def eve(scenario: Scenario, measures: Measures, say: Words) -> Iterator[str]:
    """The state at the close before the shock day; and what the burn-in had broken by then."""
    phrases, day = Phrases(say), scenario.shock_day - 1
    share = number(measures, "eve_share_unlevered")
    if not math.isnan(share):  # there are hedge funds
        yield say(
            "summary.eve",
            day=day_name(scenario, day, say.language) if day >= 0 else say("summary.before_day_0"),
            leverage=eve_leverage(measures, 2),
            share=_percent(share),
            wealth=phrases.usd(number(measures, "eve_fund_wealth_usd_bn")),
            currency=currency(scenario.funding_currency, say.language),
            short=f"{number(measures, 'eve_yen_short_units'):,.0f}".replace("-", "−"),
        )
    calls, failures = (int(measures[f"n_{what}_burn_in"]) for what in ("margin_calls", "failures"))
    if calls or failures:
        yield say(
            "summary.burn_in",
            calls=say("summary.calls", n=calls),
            failures=say("finding.failures", n=failures),
        )


def amplification(measures: Measures, name: str, say: Words) -> str:
    """The currency's move over the same with positions frozen, or the reason why there is none."""
    times = number(measures, "price_amplification")
    if math.isfinite(times):
        days = AMPLIFICATION_WINDOW_DAYS
        return say("summary.amplified", times=f"{times:.2f}", days=days, currency=name)
    reason = key_of(str(measures.get("price_amplification_reason", "")))
    key = f"summary.unamplified.{reason}"
    if not say.has(key):
        return ""
    return say("summary.no_amplification", reason=say(key, currency=name))


def _price(measures: Measures, name: str, say: Words) -> Iterator[str]:
    """Peak of the currency's move; and how much of it trading added."""
    log = peak_log(measures)
    if math.isfinite(log):
        yield say(
            f"summary.{'depreciation' if log < 0.0 else 'appreciation'}",
            currency=name,
            percent=f"{'' if log < 0.0 else '+'}{abs(100.0 * math.expm1(log)):.1f}%",
            days=PEAK_WINDOW_DAYS,
        )
    told = amplification(measures, name, say)
    if told:
        yield told


def _unwound(measures: Measures, say: Words) -> Iterator[str]:
    """Shares of the short that were closed, and how much of the closing was forced."""
    shares = [(h, number(measures, f"unwound_{h}d")) for h in HORIZONS_DAYS]
    said = [
        say("summary.within", share=_percent(share), days=h)
        for h, share in shares
        if math.isfinite(share)
    ]
    if said:
        has_grown = any(round(100.0 * share) < 0 for _, share in shares if math.isfinite(share))
        key = "summary.closed_or_grown" if has_grown else "summary.closed"
        yield say(key, shares=say("chronicle.list.comma").join(said))
    forced = number(measures, "forced_share_of_unwind")
    if math.isnan(forced):
        return
    if how_forced(measures) != VOLUNTARY:
        yield say("summary.forced_share", share=_percent(forced), days=HORIZONS_DAYS[0])
    yield from without_call(measures, say)


def without_call(measures: Measures, say: Words) -> Iterator[str]:
    """That nothing of the closing was forced, or that no margin call forced it."""
    how = how_forced(measures)
    if how == VOLUNTARY:
        yield say("summary.voluntary", days=HORIZONS_DAYS[0])
    elif how == UNCALLED:
        yield say("summary.uncalled")


def _forced(measures: Measures, say: Words) -> Iterator[str]:
    net, calls = (number(measures, k) for k in ("forced_sales_net_usd_bn", "n_margin_calls_net"))
    if math.isfinite(net) and math.isfinite(calls):
        yield say("summary.net_forced", amount=signed_usd(net, say), calls=signed_count(calls))


def _failed(measures: Measures, say: Words) -> Iterator[str]:
    n, banks = (number(measures, k) for k in ("n_failed_net", "n_banks_failed_net"))
    if math.isfinite(n) and math.isfinite(banks):
        yield say("summary.net_failed", n=signed_count(n), banks=signed_count(banks))


def _percent(share: float) -> str:
    text = f"{share:.0%}"
    return "0%" if text == "-0%" else text.replace("-", "−")
