"""What groups of events come to in words: a sentence or two, and the amount they are about."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from abm.report.lineage import Event, is_trade, kind_of
from abm.report.phrases import (
    LEAST_USD_BN,
    LITTLE_USD_BN,
    N_NAMED,
    Phrases,
    basis_points,
    move_percent,
    percent,
    plain,
    total,
)

NO_AMOUNT = float("nan")
Told = tuple[str, float]  # what happened, amount [USD bn]


def policy(events: Sequence[Event], phrases: Phrases) -> Told:
    """Rate moves, official trades, and what a central bank's surprise was worth."""
    acts = [e for e in events if e.kind == "policy"]
    told = [_act(e, phrases) for e in acts] or [phrases.say("chronicle.policy.spoke")]
    traded = [abs(e.amount_usd_bn) for e in acts if is_trade(e)]
    moves = _moves([e for e in events if e.kind == "news"], phrases)
    return phrases.sentences([*told, *moves]), sum(traded) if traded else NO_AMOUNT


def news(events: Sequence[Event], phrases: Phrases) -> Told:
    """A piece of news, and everything it moved."""
    heard = phrases.say("chronicle.news.heard", title=plain(events[0].institution))
    return phrases.sentences([heard, *_moves(events, phrases)]), NO_AMOUNT


def calls(events: Sequence[Event], phrases: Phrases) -> Told:
    """Margin calls, close-outs, loss-cuts or recalls of one kind of institution."""
    largest = max(events, key=lambda e: e.amount_usd_bn)
    what = phrases.say(
        f"chronicle.{largest.kind}",
        n=len(events),
        who=phrases.who(kind_of(largest.institution), len(events)),
        name=largest.institution,
        broker=largest.counterparty or phrases.say("chronicle.who.broker"),
        amount=phrases.usd(total(events)),
        most=phrases.usd(largest.amount_usd_bn),
        funding=phrases.instrument(phrases.funding),
    )
    return what, total(events)


def forced_sales(events: Sequence[Event], phrases: Phrases) -> Told:
    """What one kind of institution had to sell in a round [amount], and what it bought with it.

    The amount is that of the table of days: of what was sold all but the funding currency.
    """
    names = list(dict.fromkeys(e.institution for e in events))
    who = names[0] if len(names) == 1 else phrases.who(kind_of(names[0]), len(names))
    sold = [e for e in events if e.side == "sold"]
    counted = [e for e in sold if e.instrument != phrases.funding]
    amount = total(counted) if counted else NO_AMOUNT
    if is_little(events):
        little = phrases.usd(total(sold or events))
        return phrases.say("chronicle.forced_sale.traded_little", who=who, amount=little), amount
    told = [_sold(who, sold, phrases)] if sold else []
    repaid = [e for e in events if e.side == "bought" and e.instrument == phrases.funding]
    if repaid:
        told.append(_repaid(who, repaid, sold, phrases))
    others = [e for e in events if e.side == "bought" and e.instrument != phrases.funding]
    if others:
        key = f"chronicle.forced_sale.{'also_bought' if told else 'bought_parts'}"
        told.append(phrases.say(key, who=who, parts=_parts(others, phrases)))
    return phrases.sentences(told), amount


def is_little(sales: Sequence[Event]) -> bool:
    """Whether these are forced trades of further rounds of a day that hardly count."""
    traded_usd_bn: dict[int, float] = {}
    for sale in sales:
        traded_usd_bn[sale.round] = traded_usd_bn.get(sale.round, 0.0) + sale.amount_usd_bn
    is_later = sales[0].kind == "forced_sale" and 0 not in traded_usd_bn
    return is_later and max(traded_usd_bn.values()) < LITTLE_USD_BN


def limit_hits(events: Sequence[Event], phrases: Phrases) -> Told:
    """Prices that came to their daily limits on a day; the amount is what traded there."""
    names = dict.fromkeys(phrases.instrument(e.instrument) for e in events)
    what = phrases.say("chronicle.limit_hit.reached", instruments=phrases.listed([*names]))
    return what, total(events)


def defaults(events: Sequence[Event], phrases: Phrases) -> Told:
    """Debts that emptied books leave [amount], and the lenders who lose them."""
    debts = [e for e in events if e.kind == "default"]
    losses = [e for e in events if e.kind == "loss"]
    largest = max(debts, key=lambda e: e.amount_usd_bn)
    told = [
        phrases.say(
            "chronicle.default",
            n=len(debts),
            who=phrases.who(kind_of(largest.institution), len(debts)),
            name=largest.institution,
            amount=phrases.usd(total(debts)),
            most=phrases.usd(largest.amount_usd_bn),
        )
    ]
    if losses:
        lenders = phrases.named(
            losses, lambda e: e.counterparty, partial(_lender, phrases), "chronicle.default"
        )
        told.append(phrases.say("chronicle.default.borne", lenders=lenders))
    return phrases.sentences(told), total(debts)


def bank_failures(events: Sequence[Event], phrases: Phrases) -> Told:
    """Banks that fail on a day; the amount is what the deposit insurer pays."""
    names = phrases.named(
        events, lambda e: e.institution, lambda group, _: group[0].institution,
        "chronicle.bank_failure",
    )  # fmt: skip
    n, paid = len(events), total(events)
    failed = phrases.say("chronicle.bank_failure", n=n, who=phrases.who("bank", n), names=names)
    key = "insured" if paid > 0.0 else "unharmed"
    insurer = phrases.say(f"chronicle.bank_failure.{key}", amount=phrases.usd(paid))
    return phrases.sentences([failed, insurer]), paid


def _act(act: Event, phrases: Phrases) -> str:
    """One move of a policy rate, or one official trade."""
    is_up = act.amount_usd_bn > 0.0
    if is_trade(act):
        return phrases.say(
            f"chronicle.policy.{'bought' if is_up else 'sold'}",
            instrument=phrases.instrument(act.instrument),
            amount=phrases.usd(act.amount_usd_bn),
        )
    moved = phrases.say(
        f"chronicle.policy.{'raised' if is_up else 'lowered'}",
        bank=phrases.central_bank(act.instrument),
        bp=basis_points(act.amount_usd_bn),
    )
    return moved[0].upper() + moved[1:]


def _moves(news: Sequence[Event], phrases: Phrases) -> list[str]:
    """What news did to fundamentals, the largest moves first; one sentence or none."""
    if not news:
        return []
    moves = phrases.named(
        news, lambda e: e.instrument, partial(_move, phrases), "chronicle.news", most=N_NAMED + 1
    )
    return [phrases.say("chronicle.news.moved", moves=moves)]


def _move(phrases: Phrases, events: Sequence[Event], _: bool) -> str:
    """What news did to one instrument."""
    name = phrases.instrument(events[0].instrument)
    return phrases.say("chronicle.news.move", instrument=name, move=move_percent(total(events)))


def _sold(who: str, sales: Sequence[Event], phrases: Phrases) -> str:
    """Who had to sell, and what."""
    first, amount = sales[0].instrument, phrases.usd(total(sales))
    if all(sale.instrument == first for sale in sales):
        return phrases.say(
            "chronicle.forced_sale.sold_one",
            who=who,
            amount=amount,
            instrument=phrases.instrument(first),
            share=percent(_share_of_flow(sales)),
        )
    if total(sales) < LEAST_USD_BN:
        return phrases.say("chronicle.forced_sale.sold_little", who=who, amount=amount)
    parts = _parts(sales, phrases)
    return phrases.say("chronicle.forced_sale.sold", who=who, amount=amount, parts=parts)


def _repaid(who: str, bought: Sequence[Event], sold: Sequence[Event], phrases: Phrases) -> str:
    """Loans bought back; dollars, of which there are no events, pay what sales do not."""
    how = "repaid" if sold else "bought"
    if sold and total(bought) > total(sold):
        how = "repaid_in_dollars"
    return phrases.say(
        f"chronicle.forced_sale.{how}",
        who=who,
        amount=phrases.usd(total(bought)),
        funding=phrases.instrument(phrases.funding),
        share=percent(_share_of_flow(bought)),
    )


def _parts(trades: Sequence[Event], phrases: Phrases) -> str:
    """What was traded, by instrument, the largest first."""
    return phrases.named(
        trades, lambda e: e.instrument, partial(_part, phrases), "chronicle.forced_sale"
    )


def _part(phrases: Phrases, sales: Sequence[Event], is_first: bool) -> str:
    """Trades in one instrument; the first says what its share is a share of."""
    return phrases.say(
        f"chronicle.forced_sale.{'first' if is_first else 'part'}",
        instrument=phrases.instrument(sales[0].instrument),
        amount=phrases.usd(total(sales), "short"),
        share=percent(_share_of_flow(sales)),
    )


def _lender(phrases: Phrases, losses: Sequence[Event], _: bool) -> str:
    """One lender's part of the losses."""
    amount = phrases.usd(total(losses), "short")
    return phrases.say("chronicle.default.lender", name=losses[0].counterparty, amount=amount)


def _share_of_flow(sales: Sequence[Event]) -> float:
    """Share of a clearing's gross flow that these sales were (NaN, where nothing flowed: 0)."""
    return sum(max(0.0, sale.share_of_flow) for sale in sales)
