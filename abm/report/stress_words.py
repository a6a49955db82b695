"""What a stress test found, in words and rows of cells: for the terminal and for the page."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from abm.words import key_of, words

if TYPE_CHECKING:
    from abm.stress import StressResult
    from abm.words import Words

LEVEL = 0.975  # of the tables
FEW_PATHS = 40  # of these one is the worst 2.5%
MOST_NAMES = 5  # of lines, in a sentence

Row = tuple[str, ...]


def money(amount: float) -> str:
    """An amount of money in whole units."""
    return f"{amount:,.0f}".replace("-", "−") if round(amount) else "0"


def ratio(value: float) -> str:
    """A ratio to two digits after the point; a dash for none."""
    return "-" if math.isnan(value) else f"{value:.2f}".replace("-", "−")


def driver(name: str, language: str) -> str:
    """Words for a driver; an instrument without any keeps its name."""
    text = words(language)
    key, _, instrument = name.rpartition("_")
    if key != "largest_move":
        return text(f"stress.drivers_of.{name}")
    label = f"instruments.{instrument}"
    return text(
        "stress.drivers_of.largest_move", name=text(label) if text.has(label) else instrument
    )


def losses(found: StressResult, language: str) -> list[Row]:
    """Profit, value at risk and expected shortfall by horizon, under a head."""
    text, risk = words(language), found.risk[found.risk["level"] == LEVEL]
    rows: list[Row] = [tuple(text(f"stress.{n}") for n in ("days", "mean", "p_loss", "var", "es"))]
    for profit, loss in zip(
        found.distribution.to_dict("records"), risk.to_dict("records"), strict=True
    ):
        bounds = f"{money(loss['es_low'])} – {money(loss['es_high'])}"
        rows.append(
            (f"{profit['horizon']}", money(profit["mean"]), f"{profit['p_loss']:.0%}",
             money(loss["var"]), f"{money(loss['es'])} ({bounds})")
        )  # fmt: skip
    return rows


def parts(found: StressResult, language: str) -> list[Row]:
    """Profit by source at the last horizon, on average and in the tail, without empty rows."""
    text = words(language)
    rows: list[Row] = [tuple(text(f"stress.{n}") for n in ("part", "mean", "tail"))]
    for row in found.split[found.split["horizon"] == found.horizons[-1]].to_dict("records"):
        label = text(f"stress.parts.{row['part']}")
        if row["mean"] or row["tail"]:
            rows.append((label, money(row["mean"]), money(row["tail"])))
    return rows


def accounts(found: StressResult, language: str) -> list[str]:
    """Margin calls, forced sales and the need for funding, a sentence for each currency."""
    text, last = words(language), found.market.n_days
    told = []
    for row in found.accounts.to_dict("records"):
        of_day = found.funding[
            (found.funding["day"] == last) & (found.funding["currency"] == row["currency"])
        ]
        told.append(
            text("stress.account", currency=row["currency"], called=f"{row['p_called']:.0%}",
                 sold=f"{row['p_sold']:.0%}", when=first_sale(row["first_sale_day"], language),
                 need=money(of_day["need_q95"].item()))
        )  # fmt: skip
    return told


def option_margin(found: StressResult, language: str) -> list[str]:
    """Margin of written options and what is bought back of them, a sentence or more for each
    currency."""
    text, told = words(language), []
    for c, margin in sorted(found.contracts.margins.items()):
        uncovered, left = found.carried.uncovered[c], found.carried.left_open[c]
        most = float(np.quantile(margin.max(axis=1), 0.95))
        sentences = text(
            "stress.option_margin", currency=found.market.currencies[c],
            eve=money(float(margin[0, 0])), most=money(most),
        )  # fmt: skip
        missing = float((uncovered / found.market.fx[c])[0, 0])
        if missing > 0.0:
            sentences += text("stress.option_margin_missing", missing=money(missing))
        is_short = (left < 1.0).any(axis=1)
        if is_short.any():
            first = float(np.median((left[is_short] < 1.0).argmax(axis=1)))
            sentences += text(
                "stress.option_margin_short", share=f"{is_short.mean():.0%}",
                when=first_sale(first, language),
            )  # fmt: skip
        elif missing <= 0.0:
            sentences += text("stress.option_margin_covered")
        told.append(sentences)
    return told


def first_sale(day: float, language: str) -> str:
    """The day by which half of the forced sales have begun; empty without any."""
    return "" if math.isnan(day) else words(language)("stress.first_sale", day=f"{day:.0f}")


def variants(found: StressResult, language: str) -> list[Row]:
    """The same portfolio otherwise, at the last horizon; what changes nothing is left out."""
    text, table = words(language), found.variants_table
    names = ("variant", "mean", "es", "p_sold", "sharpe")
    rows: list[Row] = [tuple(text(f"stress.{name}") for name in names)]
    for row in table[table["horizon"] == found.horizons[-1]].to_dict("records"):
        is_other = row["variant"] != next(iter(found.variants))
        if is_other and np.array_equal(found.variants[row["variant"]].pnl, found.carried.pnl):
            continue
        label = text(f"stress.variants.{key_of(row['variant'])}")
        cells = (money(row["mean"]), money(row["es"]), f"{row['p_sold']:.0%}", ratio(row["sharpe"]))
        rows.append((label, *cells))
    return rows


def breakeven(found: StressResult, language: str) -> list[str]:
    """The yen move at which nothing is earned, as a sentence; none where there is none."""
    rise = found.breakeven["rise_log"].iloc[-1]
    if math.isnan(rise):
        return []
    key = "stress.breakeven_up" if rise >= 0.0 else "stress.breakeven_down"
    quote = f"{found.breakeven['quote'].iloc[-1]:,.4g}"
    move = f"{abs(math.expm1(rise)):.1%}"
    return [words(language)(key, days=found.horizons[-1], move=move, quote=quote)]


def drivers(found: StressResult, language: str) -> list[str]:
    """What separates bad paths from the rest, as a sentence; none for a single path."""
    if found.market.n < 2:
        return []
    best = ", ".join(
        f"{driver(row['driver'], language)} ({row['auroc']:.2f})"
        for row in found.drivers.head(3).to_dict("records")
    )
    say = words(language)
    return [
        say("stress.drivers", drivers=best, paths=say("stress.n_paths", n=found.is_breach.sum()))
    ]


def sizes(found: StressResult, say: Words) -> dict[str, str]:
    """The numbers of lines, or of sensitivities, and of paths, as they are told."""
    what = "sensitivities" if found.portfolio.sensitivities else "lines"
    return {
        "lines": say(f"stress.n_{what}", n=len(found.portfolio.names)),
        "paths": say("stress.n_paths", n=found.market.n),
    }


def remarks(found: StressResult, language: str) -> list[str]:
    """Remarks on the portfolio, and on its tail where paths are few."""
    say, n = words(language), found.market.n
    told = [say("stress.remark.few", **sizes(found, say))] if n <= FEW_PATHS else []
    for remark in found.portfolio.remarks:
        names = ", ".join(remark.names[:MOST_NAMES])
        more = len(remark.names) - MOST_NAMES
        names += f" (+{more})" if more > 0 else ""
        told.append(say(f"stress.remark.{remark.key}", names=names))
    return told
