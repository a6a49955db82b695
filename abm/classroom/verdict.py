"""The verdict on a run that is over: its class, its numbers as `unwind run` gives them.

Numbers stand in two groups: what happened because of the shock, which is the run less the same run
without it, and what happened in the run, whatever caused it. A run without a shock has no first.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from abm.classroom.html import html
from abm.figures.finding import UNWINDS, falls, signed_percent
from abm.figures.style import CLASS_COLOURS
from abm.report import effects
from abm.report.script import class_of, currency, is_shocked
from abm.report.summary import class_facts
from abm.words import key_of

if TYPE_CHECKING:
    from abm.classroom.live import LiveRun
    from abm.scenario import Scenario
    from abm.words import Words

# Of `abm.cascade`, in the order of the page, and how each is written.
BY_SHOCK = {
    "peak_yen_appreciation": "log_percent",
    "peak_yen_depreciation": "log_fall",
    "price_amplification": "times",
    "unwound_5d": "percent",
    "unwound_30d": "percent",
    "unwound_60d": "percent",
    "forced_share_of_unwind": "percent",
    "forced_sales_net_usd_bn": "net_usd_bn",
    "n_margin_calls_net": "net_count",
    "n_failed_net": "net_count",
    "n_banks_failed_net": "net_count",
}
IN_RUN = {
    "usdjpy_max_drawdown": "fall",
    "forced_sales_usd_bn": "usd_bn",
    "n_margin_calls": "count",
    "n_failed": "count",
    "n_banks_failed": "count",
}
BEFORE = {
    "forced_sales_before_usd_bn": "usd_bn",
    "n_margin_calls_before": "count",
    "n_failed_before": "count",
}
SHOWN = BY_SHOCK | IN_RUN
NET = ("net_usd_bn", "net_count")
GROUPS = {"shock": BY_SHOCK, "run": IN_RUN}


def verdict(run: LiveRun, say: Words) -> str:
    """The class of event, and its numbers; every digit of each in its title."""
    measures, known = run.measures, is_shocked(run.scenario)
    name = class_of(run.scenario, measures)
    first, *notes = _notes(run, say) if known else (say("classes.none"),)
    colour = CLASS_COLOURS.get(name, "#D9D9D9") if known else "#D9D9D9"
    in_run = IN_RUN | (BEFORE if known and run.scenario.shock_day else {})
    groups = {"shock": BY_SHOCK, "run": in_run} if known else {"run": in_run}
    return html(
        "verdict.html",
        say=say,
        colour=colour,
        heading=f"{first[:1].upper()}{first[1:]}",
        notes=notes,
        groups={name: list(_numbers(measures, keys, say)) for name, keys in groups.items()},
    )


def shown(scenario: Scenario, measures: Mapping[str, Any]) -> dict[str, Any]:
    """The numbers of SHOWN; what a shock did is NaN in a run without one."""
    known = is_shocked(scenario)
    return {
        key: measures.get(key, math.nan) if known or key not in BY_SHOCK else math.nan
        for key in SHOWN
    }


class Number(NamedTuple):
    """A measure as a person reads it, and with every digit."""

    key: str
    written: str
    exact: str


def _numbers(measures: Mapping[str, Any], keys: Mapping[str, str], say: Words) -> Iterator[Number]:
    """The numbers of one group; of two peaks the larger."""
    untold = f"peak_yen_{'appreciation' if falls(measures) else 'depreciation'}"
    for key, how in keys.items():
        if key in measures and key != untold:
            yield Number(key, written(measures[key], how, say), exact(measures[key]))


def _notes(run: LiveRun, say: Words) -> Iterator[str]:
    """The class in a sentence; then the eve, the absence of calls, and an open amplification."""
    measures = run.measures
    yield from class_facts(run.scenario, measures, say)
    if measures["class"] in UNWINDS:
        yield from effects.without_call(measures, say)
    if not math.isfinite(float(measures["price_amplification"])):
        name = currency(run.scenario.funding_currency, say.language)
        yield effects.amplification(measures, name, say)


def class_words(name: str, say: Words) -> str:
    """A class, or what `class_of` gives for one, in two or three words of the page."""
    return say(f"classes.short.{key_of(name)}")


def written(value: Any, how: str, say: Words) -> str:
    """A measure as a person reads it."""
    number = float(value)
    if not math.isfinite(number):
        return "–"
    if how == "log_percent":
        return f"{100.0 * math.expm1(number):.1f}%"
    if how == "log_fall":
        return _fall(-math.expm1(-number))
    if how == "log_points":
        return say("measures.log_points", number=f"{100.0 * number:.1f}")
    if how == "points":
        return say("measures.points", number=f"{100.0 * number:.0f}")
    if how == "percent":
        return f"{round(100.0 * number):d}%".replace("-", "−")
    if how == "fall":
        return _fall(number)
    if how in ("usd_bn", "net_usd_bn"):
        return _signed(number, say.amount(abs(number), 1), how)
    return f"{number:.2f}×" if how == "times" else _signed(number, f"{abs(number):,.0f}", how)


def _fall(share: float) -> str:
    """A fall with its minus; none has no sign."""
    text = signed_percent(-share)
    return text if text.strip("+−0.%") else "0.0%"


def _signed(number: float, size: str, how: str) -> str:
    """A size, of a difference from the no-shock run with its sign; ±0 where none is written."""
    if how not in NET:
        return size
    return f"{'−' if number < 0.0 else '+'}{size}" if size.strip("0.,") else "±0"


def exact(value: Any) -> str:
    """A measure with every digit."""
    return repr(value.item() if hasattr(value, "item") else value)
