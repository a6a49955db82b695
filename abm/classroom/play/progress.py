"""Progress of a live run on one line; the picture of its forced sales once it is over."""

from __future__ import annotations

import base64
from html import escape
from typing import TYPE_CHECKING

from abm.classroom.html import html
from abm.measures.cascade import forced_volume

if TYPE_CHECKING:
    from abm.classroom.live import LiveRun
    from abm.words import Words


def progress(run: LiveRun, say: Words) -> str:
    """Day, quote, yen short, forced sales and what forced them so far, on one line."""
    days = run.days()
    if not len(days):
        return f'<p class="progress">{escape(say("play.ready", n=run.n_days))}</p>'
    short = days["yen_short_units"].iloc[-1]
    failures = int(days["n_failures"].sum() + days["n_bank_failures"].sum())
    facts = [
        (say("play.now_day"), f"{run.day} / {run.n_days}"),
        (f"USD{run.scenario.funding_currency}", f"{run.quotes(days.tail(1))[0]:.2f}"),
        (say("play.now_short"), f"{round(short):,}".replace("-", "−")),
        (say("play.now_forced"), say.amount(forced_volume(days), 1)),
        (say("play.now_calls"), f"{int(days['n_margin_calls'].sum()):,}"),
        (say("play.now_cuts"), f"{int(days['n_loss_cuts'].sum()):,}"),
        (say("play.now_failures"), f"{failures:,}"),
    ]
    return html("play/progress.html", facts=facts)


def mechanism_png(run: LiveRun) -> str:
    """The figure `mechanism` of a run that is over, as a PNG in base64."""
    from abm.report.parameters import run_name
    from abm.report.pictures import literal, mechanism_picture, png

    drawn = literal(run_name(run.scenario, run.seed, run.replicate))
    figure = mechanism_picture(run.scenario, drawn, run.events(), run.measures)
    return base64.b64encode(png(figure)).decode("ascii")
