"""Earnings, costs and risks of one's own trade, in small tables and sentences."""

from __future__ import annotations

import math
from html import escape
from typing import TYPE_CHECKING

import numpy as np

from abm.classroom.html import html
from abm.classroom.terms import Terms
from abm.classroom.trade import path as trade_path
from abm.classroom.widgets.facts import facts, percent, signed_percent, small
from abm.figures.style import CLASS_COLOURS, SIMULATED
from abm.sweep.intervals import wilson

if TYPE_CHECKING:
    from abm.classroom.trade.path import Marked, Opening, Outcome, Profit
    from abm.words import Words

LIQUIDATED = CLASS_COLOURS["dam break"]
BAND = (5.0, 50.0, 95.0)  # per cent of the seeds


def earns_and_costs(terms: Terms, opening: Opening, say: Words) -> str:
    """Interest and cost at unchanged quotes: per year on equity, and over the holding period."""
    lent = terms.leverage - 1.0
    quotes = opening.usd_per_target, opening.usd_per_funding
    flat = trade_path.profit(terms, opening, terms.days, *quotes)
    lines = (
        ("earned", opening.target, terms.leverage, opening.rate_target, flat.interest_earned),
        ("paid", opening.funding, -lent, opening.rate_funding, flat.interest_paid),
        ("cost", opening.funding, -lent, terms.cost_per_year, flat.cost),
    )
    rows = []
    for name, currency, times, rate, usd_mn in lines:
        label = say(f"trade.{name}", currency=currency, rate=percent(rate, 2),
                    times=f"{abs(times):g}")  # fmt: skip
        rows.append((label, signed_percent(times * rate), dollars(usd_mn)))
    net = trade_path.net_carry_on_equity(terms, opening)
    rows.append((say("trade.net"), signed_percent(net), dollars(flat.total)))
    days = say("trade.over_days", days=f"{terms.days:g}")
    return facts([say("trade.earns"), say("trade.per_year"), days], rows)


def risks(terms: Terms, opening: Opening, say: Words) -> str:
    """Break-even and liquidation quote, and how far they are away."""
    even = float(trade_path.break_even_quote(terms, opening, terms.days))
    level = trade_path.liquidation_quote(opening.quote, terms.leverage, terms.margin_rate)
    rows = [
        (say("trade.opening_quote"), quoted(opening.quote), ""),
        (say("trade.even_quote", days=f"{terms.days:g}"), *_away(even, opening)),
    ]
    if terms.leverage > 1.0:
        rows.append((say("trade.liquidation_at_opening"), *_away(level, opening)))
        rows.append((say("trade.yen_up"), "", signed_percent(-0.01 * (terms.leverage - 1.0))))
    if terms.leverage > 1.0 and trade_path.is_lent(terms):
        weeks = distance_in_weeks(terms, opening)
        rows.insert(-1, (say("trade.weeks"), f"{weeks:.1f}", ""))
        rows.append((say("trade.left"), "", percent(terms.margin_rate * terms.leverage)))
    unit = say("trade.unit", funding=opening.funding, target=opening.target)
    return facts([say("trade.risks"), unit, say("trade.away")], rows) + small(say("trade.how"))


def distance_in_weeks(terms: Terms, opening: Opening) -> float:
    """Distance to the liquidation quote in typical weeks' moves, one after the other."""
    level = trade_path.liquidation_quote(opening.quote, terms.leverage, terms.margin_rate)
    week = trade_path.typical_week(f"{opening.target}{opening.funding}")
    return math.log(opening.quote / level) / week


def profit_table(terms: Terms, opening: Opening, say: Words) -> str:
    """The change of equity by source, if the quote ends where the slider stands."""
    end = opening.quote * (1.0 + terms.end_move)
    found: Profit = trade_path.profit(
        terms, opening, terms.days, opening.usd_per_target, opening.usd_per_target / end
    )
    rows = [
        (say(f"trade.profit.{name}"), dollars(value), signed_percent(value / terms.equity_usd_mn))
        for name, value in found._asdict().items()
    ]
    heads = [say("trade.profit_head", quote=quoted(end)), "USD", say("trade.of_equity")]
    return facts(heads, rows) + small(_liquidated_before(terms, opening, end, say))


def _liquidated_before(terms: Terms, opening: Opening, end: float, say: Words) -> str:
    grown, owed = trade_path.growths(terms, opening, terms.days)
    level = trade_path.liquidation_quote(
        opening.quote, terms.leverage, terms.margin_rate, float(owed / grown)
    )
    said = say("trade.only_yen")
    return f"{said} {say('trade.not_there', quote=quoted(level))}" if end < level else said


def path_text(terms: Terms, marked: Marked, held: Outcome, names: list[str], say: Words) -> str:
    """The fate of the trade along the page's run."""
    last = int(held.last_day)
    equity = float(held.equity_usd_mn[last])
    known = {
        "day": names[last],
        "quote": quoted(float(marked.quote[last])),
        "change": signed_percent(float(held.final_return)),
        "left": dollars(abs(equity), ""),
    }
    return html(
        "trade/outcome.html",
        say=say,
        colour=LIQUIDATED if held.is_liquidated else SIMULATED,
        is_liquidated=bool(held.is_liquidated),
        is_owed=equity < 0.0,
        known=known,
    )


def seeds_text(held: Outcome, n_all: int, say: Words) -> str:
    """Over many seeds: how often it is liquidated, and how it ends."""
    n = len(held.final_return)
    share = float(held.is_liquidated.mean())
    low, high = (float(bound) for bound in wilson(share, n))
    worst, median, best = (signed_percent(x) for x in np.percentile(held.final_return, BAND))
    told = say(
        "trade.over_seeds", n=n, share=percent(share, 0), low=percent(low, 0),
        high=percent(high, 0), median=median, worst=worst, best=best,
    )  # fmt: skip
    more = "" if n == n_all else f" {say('trade.going_on', n=n, of=n_all)}"
    return f'<p style="font-size:14px">{escape(told + more)}</p>{small(say("trade.luck"))}'


def refusal(terms: Terms, say: Words) -> str:
    """The reason that no broker accepts it."""
    text = say(
        "trade.not_lent", equity=percent(1.0 / terms.leverage), margin=percent(terms.margin_rate),
        most=f"{1.0 / terms.margin_rate:.4g}",
    )  # fmt: skip
    return html("notice.html", what=text, reasons=None)


def quoted(quote: float) -> str:
    """A quote with as many digits as the market gives it."""
    return f"{quote:.2f}" if quote >= 20.0 else f"{quote:.3f}"


def dollars(usd_mn: float, sign: str = "+") -> str:
    """USD mn written in dollars, with its sign."""
    amount = round(1e6 * usd_mn)
    return f"{amount:{sign if amount else ''},}".replace("-", "−")


def _away(quote: float, opening: Opening) -> tuple[str, str]:
    return quoted(quote), signed_percent(quote / opening.quote - 1.0)
