"""Labels in the boxes of a chain: names with counts and amounts, in few words."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from abm.figures import style
from abm.report.lineage import CALLS, Event, hurting_way, kind_of
from abm.report.phrases import Phrases, move_percent, total

OTHERS = "(others)"  # what is too small to be shown by name
# Of calls that have another name than their kind.
_CALL_NAMES = {"margin_call": "call", "loss_cut": "stop-out", "close_out": "close-out"}
_ARROWS = {1: "\N{NO-BREAK SPACE}▲", -1: "\N{NO-BREAK SPACE}▼", 0: ""}


def price_name(of: str, events: Sequence[Event], phrases: Phrases) -> str:
    """An instrument, and which way its price hurt or was driven; one alone is never "others"."""
    names, way = {event.instrument for event in events}, sum(_way(e, phrases) for e in events)
    if of == OTHERS and len(names) != 1:
        return f"{len(names)} others{_arrow(way)}"
    return price_moved(names.pop() if of == OTHERS else of, way, phrases)


def _way(event: Event, phrases: Phrases) -> float:
    """Direction in which a forced trade drove the price, or the price hurt those called."""
    if event.side:
        return event.amount_usd_bn if event.side == "bought" else -event.amount_usd_bn
    return hurting_way(event.instrument, kind_of(event.institution), phrases.funding)


def price_moved(instrument: str, way: float, phrases: Phrases) -> str:
    """An instrument with an arrow up or down; without one where the way is not known (0)."""
    return f"{_capital(phrases.instrument(instrument))}{_arrow(way)}"


def _arrow(way: float) -> str:
    return _ARROWS[(way > 0.0) - (way < 0.0)]


def kind_name(of: str, events: Iterable[Event]) -> str:
    """A kind of institution, as all figures call it."""
    kinds = {kind_of(event.institution) for event in events}
    if of == OTHERS and len(kinds) != 1:
        return f"{len(kinds)} other kinds"
    kind = kinds.pop() if of == OTHERS else of
    return _capital(style.ACTOR_NAMES.get(kind, kind))


def called(events: Iterable[Event], phrases: Phrases) -> tuple[str, str]:
    """Number of calls and their amount; calls of several kinds are counted together in a box."""
    calls = [event for event in events if event.kind in CALLS]
    if not calls:
        return "called before", ""
    is_one_kind = len({call.kind for call in calls}) == 1
    count = n_calls(calls) if is_one_kind else _number(len(calls), "call")
    return count, phrases.usd(total(calls), "short")


def n_calls(calls: Sequence[Event]) -> str:
    """Number of calls of each kind, by its own name; of three kinds or four the first, and others.

    A label above the boxes has no room for more.
    """
    counts = {kind: sum(call.kind == kind for call in calls) for kind in CALLS}
    said = [_number(n, _CALL_NAMES.get(kind, kind)) for kind, n in counts.items() if n]
    if len(said) > 2:
        n_first = next(n for n in counts.values() if n)
        return f"{said[0]} and {len(calls) - n_first} others"
    return " and ".join(said)


def n_failed(events: Iterable[Event]) -> str:
    """Number of failures of a kind; empty for none."""
    failed = {event.institution for event in events if event.kind in ("close_out", "default")}
    return f"{len(failed)} failed" if failed else ""


def traded(sales: Sequence[Event], phrases: Phrases) -> str:
    """Amount sold by force, or bought back."""
    sides = {sale.side for sale in sales}
    verb = sides.pop() if len(sides) == 1 else "traded"
    return f"{verb} {phrases.usd(total(sales), 'short')}"


def failures(events: Sequence[Event], phrases: Phrases) -> tuple[str, str]:
    """Number of failures, their unpaid debts, and their kinds."""
    kinds = {e.institution: kind_name(kind_of(e.institution), ()) for e in events}
    debts = total(e for e in events if e.kind == "default")
    unpaid = f"{phrases.usd(debts, 'short')} unpaid" if debts else "all debts paid"
    return f"{len(kinds)} failed, {unpaid}", ", ".join(dict.fromkeys(kinds.values()))


def lenders(
    losses: Sequence[Event], bank_failures: Sequence[Event], phrases: Phrases
) -> tuple[str, ...]:
    """Losses of lenders, and their failures."""
    lost = f"{_number(len({e.counterparty for e in losses}), 'lender')} lost "
    told = [lost + phrases.usd(total(losses), "short")] if losses else []
    if bank_failures:
        paid = phrases.usd(total(bank_failures), "short")
        told.append(f"{_number(len(bank_failures), 'bank')} failed, insurer paid {paid}")
    return (*told, *(() if bank_failures else ("no bank failed",)))


def news_move(move_log: float) -> str:
    """Move of a fundamental by news; empty for what was only traded."""
    return move_percent(move_log) if move_log else ""


def _number(n: int, name: str) -> str:
    return f"{n} {name}" if n == 1 else f"{n} {name}s"


def _capital(name: str) -> str:
    return f"{name[:1].upper()}{name[1:]}"
