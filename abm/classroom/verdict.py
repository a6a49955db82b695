"""How a live run stands, and what it was when it is over: numbers as `unwind run` gives them."""

from __future__ import annotations

import math
from html import escape
from typing import TYPE_CHECKING, Any

from abm.figures.style import CLASS_COLOURS
from abm.measures.cascade import forced_volume
from abm.report.summary import is_shocked

if TYPE_CHECKING:
    from abm.classroom.live import LiveRun
    from abm.words import Words

# Of `abm.cascade`, in the order of the page, and how each is written.
SHOWN = {
    "peak_yen_appreciation": "log_percent",
    "price_amplification": "times",
    "unwound_5d": "percent",
    "unwound_30d": "percent",
    "unwound_60d": "percent",
    "forced_sales_usd_bn": "usd_bn",
    "n_margin_calls": "count",
    "n_failed": "count",
    "n_banks_failed": "count",
}


def standing(run: LiveRun, say: Words) -> str:
    """Day, quote, forced sales and calls so far, on one line."""
    days = run.days()
    if not len(days):
        return f'<p class="standing">{escape(say("play.ready", n=run.n_days))}</p>'
    facts = [
        (say("play.now_day"), f"{run.day} / {run.n_days}"),
        (f"USD{run.scenario.funding_currency}", f"{run.quotes(days.tail(1))[0]:.2f}"),
        (say("play.now_forced"), f"{forced_volume(days):,.1f}"),
        (say("play.now_calls"), f"{int(days['n_margin_calls'].sum()):,}"),
        (say("play.now_failures"),
         f"{int(days['n_failures'].sum() + days['n_bank_failures'].sum()):,}"),
    ]  # fmt: skip
    cells = " ".join(f"<span>{escape(name)} <b>{escape(value)}</b></span>" for name, value in facts)
    return f'<p class="standing" aria-live="off">{cells}</p>'


def verdict(run: LiveRun, say: Words) -> str:
    """What class of event it was, and its numbers; every digit of each in its title."""
    measures = run.measures
    name = str(measures["class"])
    known = is_shocked(run.scenario)
    heading = say(f"classes.{name.replace(' ', '_')}") if known else say("classes.none")
    colour = CLASS_COLOURS.get(name, "#D9D9D9") if known else "#D9D9D9"
    rows = " ".join(
        f'<span title="{key} = {exact(measures[key])}">{escape(say(f"measures.{key}"))} '
        f'<b data-key="{key}" data-value="{exact(measures[key])}">'
        f"{escape(written(measures[key], how))}</b></span>"
        for key, how in SHOWN.items()
    )
    return (
        f'<div class="verdict" role="status" style="border-color:{colour}">'
        f"<h3>{escape(heading)}</h3><p>{rows}</p></div>"
    )


def written(value: Any, how: str) -> str:
    """A measure as a person reads it."""
    number = float(value)
    if not math.isfinite(number):
        return "–"
    if how == "log_percent":
        return f"{100.0 * math.expm1(number):.1f}%"
    if how == "log_points":
        return f"{100.0 * number:.1f} log points"
    if how == "percent":
        return f"{100.0 * number:.0f}%"
    if how == "usd_bn":
        return f"{number:,.1f}"
    return f"{number:.2f}×" if how == "times" else f"{number:,.0f}"


def exact(value: Any) -> str:
    """A measure with every digit."""
    return repr(value.item() if hasattr(value, "item") else value)
