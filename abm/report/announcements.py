"""Announcements as a picture names them: news, policy, and the first prices they moved."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from abm.report.lineage import CENTRAL_BANK, Event, Lineage, hurting_way, kind_of
from abm.report.phrases import Phrases, in_english, plain

NEWS_DAYS = 10  # before a price makes a call; what moved it then is the news behind it


class Announcement(NamedTuple):
    """A piece of news or a day's policy: its words, and what it did to fundamentals [log].

    A move of 0 is an official trade, whose size is in the words.
    """

    lines: tuple[str, ...]
    moves_log: dict[str, float]


ORDINARY = ("Other markets, ordinary news",)


def announcements(lineage: Lineage, phrases: Phrases) -> dict[tuple[int, str], Announcement]:
    """Everything scripted, in order of days, by day and by who or what it was."""
    groups: dict[tuple[int, str], list[Event]] = {}
    for event in lineage.events:
        if event.kind in ("policy", "news"):
            groups.setdefault((event.day, event.institution), []).append(event)
    return {
        key: Announcement(
            (_title(events), phrases.short_day(events[0].day, events[0].date)),
            _moves_log(events),
        )
        for key, events in sorted(groups.items(), key=lambda item: item[0][0])
    }


def announced_before(
    calls: Iterable[Event], lineage: Lineage, phrases: Phrases, most: int
) -> list[Announcement]:
    """News behind first calls, in order of days; ordinary news where there was no other.

    Each has the moves of those prices alone that made a call. Of more than `most` those with the
    smallest calls are one.
    """
    known = announcements(lineage, phrases)
    found: dict[tuple[int, str], dict[str, float]] = {}
    weights: dict[tuple[int, str], float] = {}
    ordinary: dict[str, float] = {}
    for call in calls:
        news = _behind(call, lineage, phrases.funding)
        for event in news:
            key = (event.day, event.institution)
            moves = known[key].moves_log
            found.setdefault(key, {})[call.instrument] = moves[call.instrument]
            weights[key] = weights.get(key, 0.0) + call.amount_usd_bn
        if not news:
            ordinary[call.instrument] = 0.0
    n = most if len(found) > most + 1 else len(found)  # a single other has a name, too
    named = sorted(sorted(found, key=lambda key: -weights[key])[:n])
    told = [Announcement(known[key].lines, found[key]) for key in named]
    rest = [found[key] for key in found if key not in named]
    if rest:
        told.append(Announcement((f"{len(rest)} other news",), _added(rest)))
    return [*told, Announcement(ORDINARY, ordinary)] if ordinary else told


def _behind(call: Event, lineage: Lineage, funding: str) -> list[Event]:
    """News in the days before that moved the price behind a call, in the costly direction."""
    clearing = lineage.cause(call)
    if clearing is None:
        return []
    way = hurting_way(call.instrument, kind_of(call.institution), funding)
    days = range(clearing.day - NEWS_DAYS, clearing.day + 1)
    return lineage.announced_for(call.instrument, days, way)


def _moves_log(events: Sequence[Event]) -> dict[str, float]:
    return _added({e.instrument: e.amount_usd_bn * (e.kind == "news")} for e in events)


def _added(moves_log: Iterable[dict[str, float]]) -> dict[str, float]:
    """Moves of several pieces of news together."""
    together: dict[str, float] = {}
    for moves in moves_log:
        for instrument, move in moves.items():
            together[instrument] = together.get(instrument, 0.0) + move
    return together


def _title(events: Sequence[Event]) -> str:
    """A user's title, or what the authorities did."""
    who = events[0].institution
    acts = [event for event in events if event.kind == "policy"]
    title = None if who == CENTRAL_BANK else plain(who)
    return "".join(in_english("figures/announced", title=title, acts=acts))
