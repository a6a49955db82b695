"""Why it happened, in words: which price called whom, what moved it, which calls forced a sale."""

from __future__ import annotations

from collections.abc import Sequence

from abm.report.lineage import (
    CALLS,
    CENTRAL_BANK,
    Event,
    Lineage,
    hurting_way,
    is_trade,
    kind_of,
)
from abm.report.phrases import Phrases, percent, plain, total

MOST = 0.5  # of a price's trading: from here on it was forced trades that made it
_MOVE = {1: "up", -1: "down", 0: "against"}


def cause_of_calls(calls: Sequence[Event], lineage: Lineage, phrases: Phrases) -> str:
    """Why calls of one kind of institution and one cause came."""
    say, call = phrases.say, calls[0]
    if call.kind == "recall":
        return say("chronicle.cause.lending")
    if not call.instrument:
        return say("chronicle.cause.margin")
    clearing = lineage.cause(call)
    if clearing is not None and clearing.kind in CALLS:
        return say("chronicle.cause.unmet", calls=calls_behind(calls, lineage, phrases))
    way = hurting_way(call.instrument, kind_of(call.institution), phrases.funding)
    move = say(
        f"chronicle.cause.{_MOVE[way]}",
        instrument=phrases.instrument(call.instrument),
        when=_when_priced(clearing, call, phrases),
    )
    if clearing is None:
        return move
    after = _after_news([clearing], way, lineage, phrases)
    forced = _forced([clearing], lineage, phrases, is_spiral=clearing.day == call.day)
    return phrases.clauses([move, *after, *forced])


def cause_of_limit(hits: Sequence[Event], lineage: Lineage, phrases: Phrases) -> str:
    """What drove prices to their limits: news of the day, forced trades."""
    clearings = [c for hit in hits if (c := lineage.cause(hit)) is not None]
    pieces = _after_news(clearings, 0, lineage, phrases)
    return phrases.clauses([*pieces, *_forced(clearings, lineage, phrases)])


def calls_behind(events: Sequence[Event], lineage: Lineage, phrases: Phrases) -> str:
    """The calls that forced these sales or left these debts, with their days."""
    by_kind: dict[str, dict[int, Event]] = {}
    for event in events:
        call = lineage.cause(event)
        if call is not None and call.kind in CALLS:
            by_kind.setdefault(call.kind, {})[call.event] = call
    return phrases.listed(
        [
            phrases.say(
                f"chronicle.cause.{kind}",
                n=len(calls),
                days=_days(list(calls.values()), events[0].day, phrases),
            )
            for kind, calls in by_kind.items()
        ]
    )


def cause_of_bank_failures(banks: Sequence[Event], lineage: Lineage, phrases: Phrases) -> str:
    """A bank fails when its capital is gone; part of that may be known from the table."""
    names, day = {bank.institution for bank in banks}, banks[0].day
    lost = total(e for e in lineage.losses if e.counterparty in names and e.day <= day)
    key = "clients" if lost > 0.0 else "capital"
    return phrases.say(f"chronicle.cause.{key}", amount=phrases.usd(lost))


def _when_priced(clearing: Event | None, call: Event, phrases: Phrases) -> str:
    """When the price was made that called somebody."""
    say = phrases.say
    if clearing is None:
        return say("chronicle.cause.before_start")
    if clearing.day == call.day:
        return say("chronicle.cause.in_round", n=clearing.round + 1)
    return say("chronicle.cause.on_day", day=phrases.when(clearing.day, clearing.date))


def _after_news(
    clearings: Sequence[Event], way: int, lineage: Lineage, phrases: Phrases
) -> list[str]:
    """Scripted news of the day that moved these prices that way (0: either); one piece or none."""
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
    titles = dict.fromkeys(_title(event, phrases) for event in [*(acts or found), *news])
    return [phrases.say("chronicle.cause.after", news=phrases.listed([*titles]))] if titles else []


def _title(event: Event, phrases: Phrases) -> str:
    """News, a rate move or an official trade, in a few words."""
    if event.institution != CENTRAL_BANK:
        return phrases.say("chronicle.cause.title", title=plain(event.institution))
    if event.kind != "policy":
        return phrases.say("chronicle.cause.official")
    is_up = event.amount_usd_bn > 0.0
    if is_trade(event):
        key = "bought" if is_up else "sold"
        return phrases.say(
            f"chronicle.cause.{key}", instrument=phrases.instrument(event.instrument)
        )
    key, bank = "raised" if is_up else "lowered", phrases.central_bank(event.instrument)
    return phrases.say(f"chronicle.cause.{key}", bank=bank)


def _forced(
    clearings: Sequence[Event], lineage: Lineage, phrases: Phrases, is_spiral: bool = False
) -> list[str]:
    """How much of the trading at these prices was forced, as one piece or none."""
    forced = sum(lineage.forced_share.get(c.event, 0.0) * c.amount_usd_bn for c in clearings)
    if not forced > 0.0:
        return []
    share = forced / total(clearings)
    key = "spiral" if is_spiral and share >= MOST else "forced"
    return [phrases.say(f"chronicle.cause.{key}", share=percent(share))]


def _days(calls: Sequence[Event], today: int, phrases: Phrases) -> str:
    """The days of calls: one, two, or from the first to the last."""
    days = sorted({(call.day, call.date) for call in calls})
    if [day for day, _ in days] == [today]:
        return phrases.say("chronicle.cause.same_day")
    first, last = phrases.when(*days[0]), phrases.when(*days[-1])
    if len(days) > 2:
        return phrases.say("chronicle.cause.span", first=first, last=last)
    return phrases.listed([first, last][: len(days)])
