"""Effects of a run's shock, in words: the run less the same run without the shock."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from abm.figures.finding import (
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
from abm.words import Words

if TYPE_CHECKING:
    from abm.scenario import Scenario

    Measures = Mapping[str, Any]


def facts(scenario: Scenario, measures: Measures, say: Words) -> dict[str, Iterable[str]]:
    """Facts by the key of their heading; all of them are differences from the no-shock run."""
    name = currency(scenario.funding_currency, say.language)
    return {
        "price": _price(measures, name, say),
        "unwound": _unwound(measures, say),
        "forced": _forced(measures, say),
        "failed": _failed(measures, say),
    }


def eve(scenario: Scenario, measures: Measures, say: Words) -> list[str]:
    """The state at the close before the shock day; and what the burn-in had broken by then."""
    day = scenario.shock_day - 1
    return Phrases(say).lines(
        "summary/eve",
        day=day_name(scenario, day, say.language) if day >= 0 else "",
        leverage=eve_leverage(measures, 2),
        share=_known(measures, "eve_share_unlevered"),  # None without hedge funds
        wealth_usd_bn=number(measures, "eve_fund_wealth_usd_bn"),
        currency=currency(scenario.funding_currency, say.language),
        short_units=number(measures, "eve_yen_short_units"),
        n_calls=int(measures["n_margin_calls_burn_in"]),
        n_failures=int(measures["n_failures_burn_in"]),
    )


def amplification(measures: Measures, name: str, say: Words) -> str:
    """The currency's move over the same with positions frozen, or the reason why there is none."""
    times = number(measures, "price_amplification")
    said = Phrases(say).lines(
        "summary/amplification",
        times=times if math.isfinite(times) else None,
        reason=measures.get("price_amplification_reason", ""),
        currency=name,
        days=AMPLIFICATION_WINDOW_DAYS,
    )
    return "".join(said)


def _price(measures: Measures, name: str, say: Words) -> Iterator[str]:
    """Peak of the currency's move; and how much of it trading added."""
    log = peak_log(measures)
    percent = f"{'' if log < 0.0 else '+'}{abs(100.0 * math.expm1(log)):.1f}%"
    yield from Phrases(say).lines(
        "summary/peak",
        currency=name,
        is_fall=log < 0.0,
        move=percent if math.isfinite(log) else None,
        days=PEAK_WINDOW_DAYS,
    )
    told = amplification(measures, name, say)
    if told:
        yield told


def _unwound(measures: Measures, say: Words) -> list[str]:
    """Shares of the short that were closed, and how much of the closing was forced."""
    shares = [(h, number(measures, f"unwound_{h}d")) for h in HORIZONS_DAYS]
    closed = [(h, share) for h, share in shares if math.isfinite(share)]
    return Phrases(say).lines(
        "summary/unwound",
        closed=closed,
        has_grown=any(round(100.0 * share) < 0 for _, share in closed),
        forced=_known(measures, "forced_share_of_unwind"),
        how=how_forced(measures),
        days=HORIZONS_DAYS[0],
    )


def without_call(measures: Measures, say: Words) -> list[str]:
    """Sentence for a closing of which nothing was forced, or none by a margin call."""
    how = how_forced(measures)
    return Phrases(say).lines("summary/without_call", how=how, days=HORIZONS_DAYS[0])


def _forced(measures: Measures, say: Words) -> Iterator[str]:
    net, calls = (number(measures, k) for k in ("forced_sales_net_usd_bn", "n_margin_calls_net"))
    if math.isfinite(net) and math.isfinite(calls):
        yield say("summary.net_forced", amount=signed_usd(net, say), calls=signed_count(calls))


def _failed(measures: Measures, say: Words) -> Iterator[str]:
    n, banks = (number(measures, k) for k in ("n_failed_net", "n_banks_failed_net"))
    if math.isfinite(n) and math.isfinite(banks):
        yield say("summary.net_failed", n=signed_count(n), banks=signed_count(banks))


def _known(measures: Measures, name: str) -> float | None:
    value = number(measures, name)
    return None if math.isnan(value) else value
