"""The title of a run's figures: what the shock did, or what happened in a run without one.

Two groups of numbers are never mixed: what happened in the run, and what happened because of the
shock, which is the run less the same run without it. A title is of the second where there is one.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from abm.measures.classes import class_told
from abm.words import Words, key_of, words

if TYPE_CHECKING:
    Measures = Mapping[str, Any]

LEAST_USD_BN = 0.05  # of forced sales that are written
NO_FORCE_SHARE = 0.005  # of the closing: a smaller forced share is written as 0%
VOLUNTARY, UNCALLED = "voluntary", "uncalled"  # nothing forced; something, but by no margin call
UNWINDS = ("dam break", "leak")


def finding(
    summary: Measures, trigger: str = "", language: str = "en", funding: str = "JPY"
) -> str:
    """The title of a run's figures, in one sentence with numbers.

    `summary` is that of a cascade (with `class`) or of a run alone; `trigger` says what set it off,
    in the same language, and is empty for a run without a shock; `funding` is the currency owed.
    Without a shock, or without its counterfactual runs, the title tells what happened in the run,
    and says so.
    """
    say = words(language)
    comma = say("chronicle.list.clause")
    if not trigger or "class" not in summary:
        parts = [_fall(summary, funding, say), _sold(summary, say), _failed(summary, say)]
        what = comma.join(part for part in parts if part)
        return say(f"finding.{'in_run' if trigger else 'no_shock'}", what=what)
    parts = [yen_move(summary, funding, say), _net_sales(summary, say), _net_failures(summary, say)]
    what = say("finding.net", what=comma.join(part for part in parts if part))
    return say(
        f"finding.verdict.{verdict_key(summary)}",
        trigger=trigger,
        what=what,
        currency=_name_of(funding, say),
        eve=_eve(summary, say),
    )


def _eve(summary: Measures, say: Words) -> str:
    """The state of the hedge funds on the eve, where there are any."""
    share = number(summary, "eve_share_unlevered")
    if math.isnan(share):
        return ""
    return say("finding.eve", leverage=eve_leverage(summary, 1), share=f"{share:.0%}")


def eve_leverage(summary: Measures, n_digits: int) -> str:
    """Leverage of the funds there are on the eve; infinite once their wealth is gone."""
    leverage = number(summary, "eve_leverage")
    return "∞" if math.isnan(leverage) else f"{leverage:.{n_digits}f}"


def verdict_key(summary: Measures) -> str:
    """Key of what a title says of the class; apart where nothing or no margin call forced it."""
    name = class_told(summary)
    how = how_forced(summary) if name in UNWINDS else ""
    return key_of(f"{name} {how}".strip())


def how_forced(summary: Measures) -> str:
    """VOLUNTARY where nothing of the closing was forced, UNCALLED where no call did; else empty."""
    if number(summary, "forced_share_of_unwind") < NO_FORCE_SHARE:
        return VOLUNTARY
    n_calls = number(summary, "n_margin_calls") - number(summary, "n_margin_calls_before")
    return UNCALLED if n_calls == 0.0 else ""


def number(summary: Measures, name: str) -> float:
    """A measure as a float; NaN where the run has none."""
    return float(summary.get(name, math.nan))


def yen_move(summary: Measures, funding: str, say: Words) -> str:
    """Largest move of the funding currency because of the shock: over or under no-shock."""
    log = peak_log(summary)
    if not math.isfinite(log):
        return ""
    name = _name_of(funding, say)
    return say("finding.move", currency=name, percent=signed_percent(math.expm1(log)))


def _name_of(currency: str, say: Words) -> str:
    return say.group("script.currency").get(currency, currency)


def peak_log(summary: Measures) -> float:
    """The larger of the peaks over and under the no-shock run [log], with its sign."""
    if falls(summary):
        return -number(summary, "peak_yen_depreciation")
    return number(summary, "peak_yen_appreciation")


def falls(summary: Measures) -> bool:
    """True where the funding currency fell further under the no-shock run than it rose over it."""
    up, down = (number(summary, f"peak_yen_{way}") for way in ("appreciation", "depreciation"))
    return down > up


def signed_percent(share: float) -> str:
    """A change in percent with its sign; one decimal below ten percent."""
    text = f"{100.0 * abs(share):.1f}" if abs(share) < 0.0995 else f"{100.0 * abs(share):.0f}"
    return f"{'+' if share >= 0 else '−'}{text}%"


def signed_usd(amount_usd_bn: float, say: Words) -> str:
    """A difference of amounts with its sign; what is not worth writing is ±0."""
    if abs(amount_usd_bn) < LEAST_USD_BN:
        return "±0"
    return f"{'+' if amount_usd_bn > 0.0 else '−'}{_usd(abs(amount_usd_bn), say)}"


def signed_count(n: float) -> str:
    """A difference of counts with its sign; none is ±0."""
    return f"{int(n):+,}".replace("-", "−") if n else "±0"


def _net_sales(summary: Measures, say: Words) -> str:
    net = number(summary, "forced_sales_net_usd_bn")
    return say("finding.net_sales", amount=signed_usd(net, say)) if math.isfinite(net) else ""


def _net_failures(summary: Measures, say: Words) -> str:
    """Failures of institutions and banks, less those of the no-shock run."""
    net = number(summary, "n_failed_net") + number(summary, "n_banks_failed_net")
    return say("finding.net_failures", count=signed_count(net)) if math.isfinite(net) else ""


def _fall(summary: Measures, funding: str, say: Words) -> str:
    """The dollar's largest fall in the run, from its highest close to a later lowest."""
    fall = number(summary, f"usd{funding.lower()}_max_drawdown")
    if not math.isfinite(fall):
        return ""
    return say("finding.fall", pair=f"USD{funding}", percent=signed_percent(-fall))


def _sold(summary: Measures, say: Words) -> str:
    """Forced sales of the whole run: the sum of the panel's bars."""
    forced = number(summary, "forced_sales_usd_bn")
    if not forced >= LEAST_USD_BN:
        return say("finding.no_sales")
    return say("finding.sales", amount=_usd(forced, say))


def _failed(summary: Measures, say: Words) -> str:
    n = int(summary.get("n_failed", 0)) + int(summary.get("n_banks_failed", 0))
    return say("finding.failures", n=n) if n else say("finding.no_failures")


def _usd(amount_usd_bn: float, say: Words) -> str:
    per_bn = int(say("chronicle.amount.units_per_bn"))
    decimals = 0 if amount_usd_bn >= 9.95 else 1
    shown = decimals if per_bn == 1 else 0
    digits = f"{round(amount_usd_bn, decimals) * per_bn:,.{shown}f}"
    return say("chronicle.amount.full", amount=digits)
