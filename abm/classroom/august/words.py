"""Texts of the August tab: the world's day, the runs' day, and the misses of the model."""

from __future__ import annotations

import math
from datetime import date
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from abm.classroom.august import band
from abm.classroom.html import html
from abm.classroom.widgets.charts import short_date
from abm.classroom.widgets.facts import facts, signed_percent, small
from abm.episodes.record import CFTC_YEN_2024, EVENTS_2024, KEY_DAYS_2024
from abm.report.phrases import Phrases
from abm.report.script import acts

if TYPE_CHECKING:
    from abm.words import Words


class Window(NamedTuple):
    """Two key days between which a quote is compared."""

    path: str
    start: str
    end: str


# The fall to the low, the Nikkei's worst day, and what came back in the ten days after.
WINDOWS = (
    Window("USDJPY", "2024-07-10", "2024-08-05"),
    Window("AUDJPY", "2024-07-10", "2024-08-05"),
    Window("MXNJPY", "2024-07-10", "2024-08-05"),
    Window("NKY", "2024-07-11", "2024-08-05"),
    Window("NKY", "2024-08-02", "2024-08-05"),
    Window("NKY", "2024-08-05", "2024-08-15"),
    Window("SPX", "2024-08-05", "2024-08-15"),
)


def path_name(path: band.Path, say: Words) -> str:
    return path.name if path.is_cross else say(f"instruments.{path.instrument}")


def day_name(day: int, say: Words) -> str:
    """ "Monday, 5 Aug 2024"."""
    iso = band.dates()[day]
    weekday = say(f"august.weekdays.{date.fromisoformat(iso).weekday()}")
    return say("august.date", weekday=weekday, date=Phrases(say).when(day, iso))


def world_text(day: int, say: Words) -> str:
    """Events of a day in the world, the counts of then, and whether the model's script has it."""
    when = band.dates()[day]
    contracts = CFTC_YEN_2024.get(when)
    return html(
        "august/world.html",
        say=say,
        events=[event.name for event in EVENTS_2024 if event.date == when],
        contracts="" if contracts is None else _signed(contracts),
        key_day=next((key_day for key_day in KEY_DAYS_2024 if key_day.date == when), None),
        is_scripted=any(act.day == day for act in acts(band.august())),
    )


def activity_text(runs: band.Runs, day: int, say: Words) -> str:
    """Forced sales and margin calls of the runs on one day."""
    sold = np.percentile(runs.forced_usd_bn[:, day], band.BAND)
    low, median, high = (say.amount(usd_bn, 1) for usd_bn in sold)
    called = (runs.n_calls[:, day] > 0).mean()
    return html(
        "august/activity.html",
        say=say,
        low=low,
        median=median,
        high=high,
        share_called=called,
        n=len(runs.n_calls),
    )


def day_table(runs: band.Runs, day: int, say: Words) -> str:
    """Every quote on one day: its change of the day and since the eve, real and simulated."""
    rows = []
    for path in band.PATHS:
        move, since = band.move_on(runs, path, day), band.change_since_eve(runs, path, day)
        rows.append((path_name(path, say), *_beside(move, say), *_beside(since, say)))
    more = [say("august.runs_say"), say("august.inside")]
    heads = [say("august.quote"), say("august.move"), *more, say("august.since"), *more]
    return facts(heads, rows) + small(say("august.table_note"))


def misses_table(runs: band.Runs, say: Words) -> str:
    """The changes that the episode is remembered for, and what must be said of them."""
    rows = []
    for path_key, start, end in WINDOWS:
        path = band.PATH_NAMED[path_key]
        span = say("august.span", start=_short(start, say), end=_short(end, say))
        change = band.change_between(runs, path, start, end)
        rows.append((f"{path_name(path, say)}, {span}", *_beside(change, say)))
    heads = [say(f"august.{name}") for name in ("change", "real", "runs_say", "inside")]
    return facts(heads, rows) + html("august/honest.html", say=say)


def _beside(beside: band.Beside, say: Words) -> tuple[str, str, str]:
    """Real, median with band, and whether the real one lies in it."""
    low, median, high = (_percent(x) for x in (beside.low, beside.median, beside.high))
    runs = say("august.median_band", median=median, low=low, high=high)
    if not beside.is_known:
        return "–", runs, say("august.not_kept")
    return _percent(beside.real), runs, say("august.yes" if beside.is_inside else "august.no")


def _percent(log: float) -> str:
    return signed_percent(math.expm1(log))


def _signed(number: int) -> str:
    return f"{number:+,}".replace("-", "−")


def _short(iso: str, say: Words) -> str:
    return short_date(date.fromisoformat(iso), say)
