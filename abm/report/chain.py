"""The causal chain of a run, from its events: news, prices, calls, forced trades, and so on."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from abm.figures.mechanism import (
    AGAIN,
    BORNE,
    CALLED,
    FAILED,
    FIRST,
    LATER,
    OUTSIDE,
    STILL,
    Chain,
    Link,
    Node,
)
from abm.report import labels
from abm.report.announcements import (
    NEWS_DAYS,
    ORDINARY,
    Announcement,
    announced_before,
    announcements,
)
from abm.report.labels import OTHERS
from abm.report.lineage import CALLS, FUNDING, Event, Lineage, kind_of
from abm.report.phrases import Phrases, in_english, total
from abm.words import words

if TYPE_CHECKING:
    import pandas as pd

Key = tuple[int, str]  # a box: its column, and whom or what it stands for
Flows = dict[tuple[Key, Key], list[Event]]  # what an arrow is made of

_MOST_KINDS, _MOST_INSTRUMENTS, _MOST_NEWS = 4, 5, 3
_LEAST_SHARE = 0.01  # of all amounts; what is smaller is one of the others
_FAILURES, _LENDERS = (FAILED, "(failures)"), (BORNE, "(lenders)")
_RECALL, _MARGIN = "(recall)", "(margin)"
_TERMS = {_RECALL: "Banks recall loans", _MARGIN: "No price loss"}  # calls without a price
_HEADINGS = {
    OUTSIDE: "1  News",
    FIRST: "2  Prices",
    CALLED: "3  First calls",
    AGAIN: "4  Forced sales",
    LATER: "5  Next calls",
    STILL: "6  Forced sales",
}


def read_chain(events: pd.DataFrame, funding: str = FUNDING) -> Chain:
    """The chain of forced sales, added up over a run, for `abm.figures.mechanism`.

    A wave is a generation of the table `events`: calls of the first answer prices that no forced
    trade of the run had fed, those of the next the prices that the wave before made. Waves from
    the second on share two columns and a circle. Arrows from institutions to instruments add up
    to all forced sales of the table, the funding currency bought back included.
    """
    story = _Story(Lineage(events), funding)
    return story.chain() if story.sales else story.quiet_chain()


class _Story:
    """One run between its events and its picture."""

    def __init__(self, lineage: Lineage, funding: str) -> None:
        self.lineage = lineage
        self.phrases = Phrases(words("en"), funding)
        self.calls = [e for e in lineage.events if e.kind in CALLS]
        self.sales = [e for e in lineage.events if e.kind == "forced_sale"]
        self.bank_failures = [e for e in lineage.events if e.kind == "bank_failure"]
        self.kinds = _largest(self.sales, lambda e: kind_of(e.institution), _MOST_KINDS)
        priced = [e for e in (*self.sales, *self.calls) if e.instrument]
        self.instruments = _largest(priced, lambda e: e.instrument, _MOST_INSTRUMENTS)

    def chain(self) -> Chain:
        """The chain of a run with forced trades."""
        flows = self.flows()
        first = [call for call in self.calls if call.generation == 0 and call.instrument]
        news = announced_before(first, self.lineage, self.phrases, _MOST_NEWS)
        keys = {key for ends in flows for key in ends}
        keys |= {_LENDERS} if self.bank_failures else set()
        nodes = [self.node(key, flows, news) for key in sorted(keys, key=self.order)]
        nodes = [*_news_nodes(news), *nodes]
        links = [*self.news_links(news), *(self.link(ends, flows[ends]) for ends in flows)]
        columns = sorted({node.column for node in nodes} & _HEADINGS.keys())
        headings = {c: (_HEADINGS[c], self.days(c, flows)) for c in columns}
        return Chain(tuple(nodes), tuple(links), headings, self.circle(flows), self.notes(news))

    def quiet_chain(self) -> Chain:
        """The announcements and their moves, where no institution had to sell."""
        moves = [e for e in self.lineage.events if e.kind == "news"]
        self.instruments = _largest(moves, lambda e: e.instrument, _MOST_INSTRUMENTS)
        known = list(announcements(self.lineage, self.phrases).values())
        largest = sorted(known, key=lambda one: -sum(map(abs, one.moves_log.values())))
        news = [one for one in known if one in largest[: _MOST_NEWS + 1]]
        moved = {name for one in news for name in one.moves_log}
        self.instruments = [name for name in self.instruments if name in moved]
        nodes = [*_news_nodes(news), *(self.moved_node(name, news) for name in self.instruments)]
        headings = {c: (_HEADINGS[c], "") for c in (OUTSIDE, FIRST) if news}
        said = "No institution was forced to sell"
        if self.calls:
            said = f"{labels.n_calls(self.calls)}, but no institution had to sell by the last day"
        drawn = {node.name for node in nodes}
        links = [link for link in self.news_links(news) if link.target in drawn]
        return Chain(tuple(nodes), tuple(links), headings, quiet=said)

    def flows(self) -> Flows:
        """Every call, forced trade, debt and loss on the arrow that it is part of."""
        flows: Flows = defaultdict(list)
        for event in self.lineage.events:
            if event.kind in CALLS:
                flows[self.caller(event), self.called(event)].append(event)
            elif event.kind == "forced_sale":
                flows[self.called(event), self.market(event)].append(event)
            elif event.kind == "loss":
                flows[_FAILURES, _LENDERS].append(event)
            if event.kind in ("close_out", "default"):
                flows[self.called(event), _FAILURES].append(event)
        return dict(flows)

    def caller(self, call: Event) -> Key:
        """The price that a call answers, or what else forces it."""
        if call.kind == "recall" or not call.instrument:
            return FIRST, _RECALL if call.kind == "recall" else _MARGIN
        column = {0: FIRST, 1: AGAIN}.get(call.generation, STILL)
        return column, self.shown(call.instrument)

    def called(self, event: Event) -> Key:
        """Those who are called, trade or fail: a kind of institution, first or later."""
        kind = kind_of(event.institution)
        column = CALLED if event.generation == 0 else LATER
        return column, kind if kind in self.kinds else OTHERS

    def market(self, sale: Event) -> Key:
        """The price that a forced trade feeds."""
        return AGAIN if sale.generation == 0 else STILL, self.shown(sale.instrument)

    def shown(self, instrument: str) -> str:
        return instrument if instrument in self.instruments else OTHERS

    def order(self, key: Key) -> tuple[int, int]:
        """Columns from the left; in each what funds on top, then the largest, then the rest."""
        column, of = key
        names = [self.phrases.funding, *self.instruments, *self.kinds]
        names += [OTHERS, *_TERMS, _FAILURES[1], _LENDERS[1]]
        return column, names.index(of)

    def node(self, key: Key, flows: Flows, news: Sequence[Announcement]) -> Node:
        """A box and what is written in it."""
        column, of = key
        into = [e for (_, target), part in flows.items() if target == key for e in part]
        out = [e for (source, _), part in flows.items() if source == key for e in part]
        lines: tuple[str, ...]
        if of in _TERMS:
            lines = (_TERMS[of],)
        elif key == _FAILURES:
            lines = labels.failures(into, self.phrases)
        elif key == _LENDERS:
            lines = labels.lenders(into, self.bank_failures, self.phrases)
        elif column in (CALLED, LATER):
            name = labels.kind_name(of, [*into, *out])
            lines = (name, *labels.called(into, self.phrases))
        elif column == FIRST:
            lines = (labels.price_name(of, out, self.phrases), self.moved(of, news))
        else:
            name = labels.price_name(of, into, self.phrases)
            lines = (name, labels.traded(into, self.phrases))
        is_called = column in (CALLED, LATER)
        return Node(_name(key), column, of, lines, labels.n_failed(out) if is_called else "")

    def link(self, ends: tuple[Key, Key], events: Sequence[Event]) -> Link:
        """An arrow with its amount; of a close-out only what stays unpaid goes to the failures."""
        source, target = ends
        counted = [e for e in events if target != _FAILURES or e.kind == "default"]
        amount = self.phrases.usd(total(counted), "short")
        return Link(_name(source), _name(target), total(counted), amount)

    def circle(self, flows: Flows) -> str:
        """Later calls that later sales made."""
        ends = (STILL, LATER)
        calls = [e for (a, b), part in flows.items() if (a[0], b[0]) == ends for e in part]
        if not calls:
            return ""
        return f"and again: {labels.n_calls(calls)}, {self.phrases.usd(total(calls), 'short')}"

    def news_links(self, news: Sequence[Announcement]) -> list[Link]:
        """From each piece of news to the prices it moved."""
        links: dict[tuple[int, str], float] = {}
        for place, one in enumerate(news):
            for instrument, move in one.moves_log.items():
                key = (place, self.shown(instrument))
                links[key] = links.get(key, 0.0) + move
        ends = {key: (_name((OUTSIDE, str(key[0]))), _name((FIRST, key[1]))) for key in links}
        return [
            Link(*ends[key], float("nan"), labels.news_move(move)) for key, move in links.items()
        ]

    def moved_node(self, instrument: str, news: Sequence[Announcement]) -> Node:
        """A price that news moved, that called no institution."""
        way = self.moved_log(instrument, news)
        lines = (labels.price_moved(instrument, way, self.phrases), self.moved(instrument, news))
        return Node(_name((FIRST, instrument)), FIRST, instrument, lines)

    def moved(self, of: str, news: Sequence[Announcement]) -> str:
        """Move of a fundamental by the news, in words."""
        move = self.moved_log(of, news)
        return f"news {labels.news_move(move)}" if move and of != OTHERS else ""

    def moved_log(self, of: str, news: Sequence[Announcement]) -> float:
        """Move of fundamentals by the news, all together [log]."""
        moves = (m for one in news for name, m in one.moves_log.items() if self.shown(name) == of)
        return sum(moves)

    def days(self, column: int, flows: Flows) -> str:
        """First to last day of what a column shows; of news its boxes say it."""
        if column == FIRST:
            calls = [e for (source, _), part in flows.items() if source[0] == FIRST for e in part]
            events = [self.lineage.cause(call) or call for call in calls]
        else:
            events = [e for (_, end), part in flows.items() if end[0] == column for e in part]
        if not events:
            return ""
        ends = min(events, key=lambda e: e.day), max(events, key=lambda e: e.day)
        first, last = (self.phrases.short_day(e.day, e.date) for e in ends)
        return first if first == last else f"{first} to {last}"

    def notes(self, news: Sequence[Announcement]) -> tuple[str, ...]:
        """Notes for the caption: what was merged and what counts."""
        events = (*self.calls, *self.sales)
        is_priced = any(call.generation == 0 and call.instrument for call in self.calls)
        others = {e.instrument for e in self.sales} - set(self.instruments)
        notes = in_english(
            "figures/chain_notes",
            kinds={call.kind for call in self.calls},
            is_bought=any(e.side == "bought" for e in self.sales),
            is_priced=is_priced,
            news_days=NEWS_DAYS,
            unanswered=self.unanswered(news) if is_priced else [],
            most_news=_MOST_NEWS,
            n_waves=1 + max(e.generation for e in events),
            others=sorted(map(self.phrases.instrument, others)),
        )
        return tuple(notes)

    def unanswered(self, news: Sequence[Announcement]) -> list[tuple[str, ...]]:
        """Announcements to which no first call answers by a price that they moved."""
        known = announcements(self.lineage, self.phrases).values()
        is_ordinary = all(one.lines == ORDINARY for one in news)
        return [one.lines for one in known] if is_ordinary else []


def _largest(events: Sequence[Event], by: Callable[[Event], str], most: int) -> list[str]:
    """The largest by name, in order; one alone is never "others"."""
    sums: dict[str, float] = defaultdict(float)
    for event in events:
        sums[by(event)] += abs(event.amount_usd_bn)
    order = sorted(sums, key=lambda name: -sums[name])
    least = _LEAST_SHARE * sum(sums.values())
    large = [name for name in order if sums[name] >= least][: most - 1]
    return order if len(order) <= len(large) + 1 else large


def _news_nodes(news: Sequence[Announcement]) -> list[Node]:
    return [
        Node(_name((OUTSIDE, str(place))), OUTSIDE, "news", one.lines)
        for place, one in enumerate(news)
    ]


def _name(key: Key) -> str:
    return f"{key[0]}-{key[1]}"
