"""What a run was when it is over: its class, its numbers as `unwind run` gives them."""

from __future__ import annotations

import math
from html import escape
from typing import TYPE_CHECKING, Any

from abm.figures.style import CLASS_COLOURS
from abm.report.summary import class_told, is_shocked
from abm.words import key_of

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


def verdict(run: LiveRun, say: Words) -> str:
    """What class of event it was, and its numbers; every digit of each in its title."""
    measures = run.measures
    name = class_told(run.scenario, measures)
    known = is_shocked(run.scenario)
    heading = say(f"classes.{key_of(name)}") if known else say("classes.none")
    colour = CLASS_COLOURS.get(name, "#D9D9D9") if known else "#D9D9D9"
    rows = " ".join(
        f'<span title="{key} = {exact(measures[key])}">{escape(say(f"measures.{key}"))} '
        f'<b data-key="{key}" data-value="{exact(measures[key])}">'
        f"{escape(written(measures[key], how, say))}</b></span>"
        for key, how in SHOWN.items()
    )
    return (
        f'<div class="verdict" role="status" style="border-color:{colour}">'
        f"<h3>{escape(heading)}</h3><p>{rows}</p></div>"
    )


def class_words(name: str, say: Words) -> str:
    """A class, or what `class_told` gives for one, in two or three words of the page."""
    return say(f"classes.short.{key_of(name)}")


def written(value: Any, how: str, say: Words) -> str:
    """A measure as a person reads it."""
    number = float(value)
    if not math.isfinite(number):
        return "–"
    if how == "log_percent":
        return f"{100.0 * math.expm1(number):.1f}%"
    if how == "log_points":
        return say("measures.log_points", number=f"{100.0 * number:.1f}")
    if how == "points":
        return say("measures.points", number=f"{100.0 * number:.0f}")
    if how == "percent":
        return f"{100.0 * number:.0f}%"
    if how == "usd_bn":
        return f"{number:,.1f}"
    return f"{number:.2f}×" if how == "times" else f"{number:,.0f}"


def exact(value: Any) -> str:
    """A measure with every digit."""
    return repr(value.item() if hasattr(value, "item") else value)
