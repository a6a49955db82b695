"""Causes of events: the price that made a call, what moved it, the calls that forced a sale.

Here are the numbers; how they are said is in `abm/words/<language>/chronicle`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from abm.report.lineage import (
    CALLS,
    CENTRAL_BANK,
    Event,
    Lineage,
    hurting_way,
    is_trade,
    kind_of,
)
from abm.report.phrases import Phrases, plain, total

MOST = 0.5  # of a price's trading: from here on it was forced trades that made it


class Act(NamedTuple):
    """A cause from outside: news with a title, or an act of the authorities."""

    title: str | None = None
    instrument: str = ""  # that was traded, or whose rate moved; empty where neither is known
    is_trade: bool = False
    is_up: bool = False


class Called(NamedTuple):
    """Calls of one kind, and their days."""

    kind: str
    n: int
    days: list[Event]  # one call of each day
    is_today: bool


def cause_of_calls(calls: Sequence[Event], lineage: Lineage, phrases: Phrases) -> str:
    """The reason for calls of one kind of institution and one cause."""
    call = calls[0]
    priced = lineage.cause(call) if call.instrument else None
    is_unmet = priced is not None and priced.kind in CALLS
    way = hurting_way(call.instrument, kind_of(call.institution), phrases.funding)
    clearings = [] if priced is None or is_unmet else [priced]
    is_today = priced is not None and priced.day == call.day
    return phrases.clauses(
        "chronicle/why_called",
        kind=call.kind,
        instrument=call.instrument,
        unmet=is_unmet,
        calls=_calls_behind(calls, lineage) if is_unmet else [],
        way=way,
        day=call.day,
        priced=priced,
        **_driven(clearings, way, lineage, is_spiral=is_today),
    )


def cause_of_limit(hits: Sequence[Event], lineage: Lineage, phrases: Phrases) -> str:
    """Drivers of prices to their limits: news of the day, forced trades."""
    clearings = [c for hit in hits if (c := lineage.cause(hit)) is not None]
    return phrases.clauses("chronicle/driven", **_driven(clearings, 0, lineage))


def calls_behind(events: Sequence[Event], lineage: Lineage, phrases: Phrases) -> str:
    """The calls that forced these sales or left these debts, with their days."""
    return phrases.clauses("chronicle/calls", calls=_calls_behind(events, lineage))


def cause_of_bank_failures(banks: Sequence[Event], lineage: Lineage, phrases: Phrases) -> str:
    """A bank fails when its capital is gone, or when it cannot pay those who withdraw."""
    names, day = {bank.institution for bank in banks}, banks[0].day
    lost = total(e for e in lineage.losses if e.counterparty in names and e.day <= day)
    runs = [e for e in lineage.runs if e.institution in names and e.day == day]
    return phrases.clauses("chronicle/why_failed", lost_usd_bn=lost, left_usd_bn=total(runs))


def cause_of_bank_runs(runs: Sequence[Event], lineage: Lineage, phrases: Phrases) -> str:
    """Funding leaves a bank that has too little capital for its assets."""
    return phrases.clauses("chronicle/why_run")


def _calls_behind(events: Sequence[Event], lineage: Lineage) -> list[Called]:
    by_kind: dict[str, dict[int, Event]] = {}
    for event in events:
        call = lineage.cause(event)
        if call is not None and call.kind in CALLS:
            by_kind.setdefault(call.kind, {})[call.event] = call
    found = []
    for kind, calls in by_kind.items():
        days = {call.day: call for call in sorted(calls.values(), key=lambda call: call.day)}
        is_today = list(days) == [events[0].day]
        found.append(Called(kind, len(calls), list(days.values()), is_today))
    return found


def _driven(
    clearings: Sequence[Event], way: int, lineage: Lineage, is_spiral: bool = False
) -> dict[str, Any]:
    """News that moved these prices, and the share of their trading that was forced."""
    forced = sum(lineage.forced_share.get(c.event, 0.0) * c.amount_usd_bn for c in clearings)
    share = forced / total(clearings) if forced > 0.0 else 0.0
    return {
        "news": _news_behind(clearings, way, lineage),
        "forced_share": share,
        "is_spiral": is_spiral and share >= MOST,
    }


def _news_behind(clearings: Sequence[Event], way: int, lineage: Lineage) -> list[Act]:
    """Scripted news of the day that moved these prices that way (0: either)."""
    found = [
        event
        for clearing in clearings
        for event in lineage.announced_for(
            clearing.instrument, range(clearing.day, clearing.day + 1), way
        )
    ]
    acts = [event for event in found if event.kind == "policy"]
    news = [event for event in found if event.institution != CENTRAL_BANK]
    # What an act signals is news of the central bank; the act itself says more.
    return list(dict.fromkeys(map(_act, [*(acts or found), *news])))


def _act(event: Event) -> Act:
    if event.institution != CENTRAL_BANK:
        return Act(title=plain(event.institution))
    if event.kind != "policy":
        return Act()
    return Act(None, event.instrument, is_trade(event), event.amount_usd_bn > 0.0)
