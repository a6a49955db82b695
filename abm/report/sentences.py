"""Sentences on groups of events: one or two by the template of their kind, and the amount.

Here are the numbers; how they are said is in `abm/words/<language>/chronicle`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from abm.report.lineage import Event, is_trade, kind_of
from abm.report.phrases import (
    LITTLE_USD_BN,
    N_NAMED,
    Part,
    Phrases,
    parts,
    plain,
    share_of_flow,
    total,
)

NO_AMOUNT = float("nan")
Told = tuple[str, float]  # what happened, amount [USD bn]


class Traded(NamedTuple):
    """Trades on one side, all together and by instrument."""

    usd_bn: float
    share: float
    parts: list[Part]


def policy(events: Sequence[Event], phrases: Phrases) -> Told:
    """Rate moves, official trades, and the value of a central bank's surprise."""
    acts = [e for e in events if e.kind == "policy"]
    moves = _moves([e for e in events if e.kind == "news"])
    traded = [abs(e.amount_usd_bn) for e in acts if is_trade(e)]
    eases = any(move.name == phrases.funding and move.amount < 0.0 for move in moves)
    told = phrases.sentences("chronicle/policy", acts=acts, moves=moves, eases=eases)
    return told, sum(traded) if traded else NO_AMOUNT


def news(events: Sequence[Event], phrases: Phrases) -> Told:
    """A piece of news, and everything it moved."""
    title = plain(events[0].institution)
    return phrases.sentences("chronicle/news", title=title, moves=_moves(events)), NO_AMOUNT


def swap_line(events: Sequence[Event], phrases: Phrases) -> Told:
    """The central banks' dollar facility opens, or closes."""
    opens = events[0].amount_usd_bn > 0.0
    return phrases.sentences("chronicle/swap_line", opens=opens), NO_AMOUNT


def calls(events: Sequence[Event], phrases: Phrases) -> Told:
    """Margin calls, close-outs, stop-outs or recalls of one kind of institution."""
    return _owed(f"chronicle/{events[0].kind}", events, phrases, funding=phrases.funding)


def defaults(events: Sequence[Event], phrases: Phrases) -> Told:
    """Debts that emptied books leave [amount], and the lenders who lose them."""
    debts = [e for e in events if e.kind == "default"]
    lenders = parts((e for e in events if e.kind == "loss"), lambda e: e.counterparty)
    return _owed("chronicle/default", debts, phrases, lenders=lenders)


def _owed(template: str, events: Sequence[Event], phrases: Phrases, **more: object) -> Told:
    """Amounts that several of one kind owe or hold: their sum, and the largest by name."""
    largest = max(events, key=lambda e: e.amount_usd_bn)
    told = phrases.sentences(
        template,
        n=len(events),
        kind=kind_of(largest.institution),
        name=largest.institution,
        broker=largest.counterparty,
        amount_usd_bn=total(events),
        most_usd_bn=largest.amount_usd_bn,
        **more,
    )
    return told, total(events)


def forced_sales(events: Sequence[Event], phrases: Phrases) -> Told:
    """Sales forced on one kind of institution in a round [amount], and what they paid for.

    The amount is that of the table of days: of what was sold all but the funding currency.
    """
    names = list(dict.fromkeys(e.institution for e in events))
    who = names[0] if len(names) == 1 else phrases.who(kind_of(names[0]), len(names))
    sold = [e for e in events if e.side == "sold"]
    bought = [e for e in events if e.side == "bought"]
    counted = [e for e in sold if e.instrument != phrases.funding]
    amount = total(counted) if counted else NO_AMOUNT
    if is_little(events):
        little = total(sold or events)
        return phrases.sentences("chronicle/traded_little", who=who, amount_usd_bn=little), amount
    told = phrases.sentences(
        "chronicle/forced_sale",
        who=who,
        funding=phrases.funding,
        sold=_traded(sold),
        repaid=_traded([e for e in bought if e.instrument == phrases.funding]),
        others=_traded([e for e in bought if e.instrument != phrases.funding]),
    )
    return told, amount


def is_little(sales: Sequence[Event]) -> bool:
    """True for forced trades of further rounds of a day that hardly count."""
    traded_usd_bn: dict[int, float] = {}
    for sale in sales:
        traded_usd_bn[sale.round] = traded_usd_bn.get(sale.round, 0.0) + sale.amount_usd_bn
    is_later = sales[0].kind == "forced_sale" and 0 not in traded_usd_bn
    return is_later and max(traded_usd_bn.values()) < LITTLE_USD_BN


def limit_hits(events: Sequence[Event], phrases: Phrases) -> Told:
    """Prices that came to their daily limits on a day; the amount is what traded there."""
    names = list(dict.fromkeys(e.instrument for e in events))
    return phrases.sentences("chronicle/limit_hit", names=names), total(events)


def bank_runs(events: Sequence[Event], phrases: Phrases) -> Told:
    """Banks whose funding leaves on a day [amount], and what they sell to pay."""
    runs = [e for e in events if e.kind == "bank_run"]
    banks, left = parts(runs, lambda e: e.institution), total(runs)
    sold = total(e for e in events if e.kind == "asset_sale")
    told = phrases.sentences(
        "chronicle/bank_run", n=len(runs), banks=banks, left_usd_bn=left, sold_usd_bn=sold
    )
    return told, left


def bank_failures(events: Sequence[Event], phrases: Phrases) -> Told:
    """Banks that fail on a day; the amount is what the deposit insurer pays."""
    banks, paid = parts(events, lambda e: e.institution), total(events)
    told = phrases.sentences("chronicle/bank_failure", n=len(events), banks=banks, paid_usd_bn=paid)
    return told, paid


def _moves(news: Sequence[Event]) -> list[Part]:
    """Fundamentals that news moved, the largest moves first."""
    return parts(news, lambda e: e.instrument, most=N_NAMED + 1)


def _traded(trades: Sequence[Event]) -> Traded | None:
    if not trades:
        return None
    by_instrument = parts(trades, lambda e: e.instrument)
    return Traded(total(trades), share_of_flow(trades), by_instrument)
