"""What a reverse stress test found, in words and rows of cells: for the terminal and the page."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from abm.report.stress_words import Row, driver, money
from abm.stress.answers import FEW
from abm.warning.simulating import SURPRISE_SD_BP
from abm.words import words

if TYPE_CHECKING:
    from abm.stress import Reverse, StressResult
    from abm.words import Words

N_DRIVERS, N_NEWS = 10, 4  # in a table; in a sentence
LEAST_NEWS = 0.1  # standard deviations, below which a sentence leaves news out
MOST_TOLD = 1e6  # of one in so many
_COUNTS = ("day_of_yen_peak", "day_of_least_own_money", "n_margin_calls", "yen_short_units_eve")


def sentences(found: StressResult, language: str) -> list[str]:
    """Question, the three answers, and what plausible means; none where it was not asked."""
    answer = found.reverse
    if answer is None:
        return []
    text = words(language)
    asked = text(
        "stress.reverse.asked", loss=percent(answer.loss), days=answer.horizon,
        amount=f"{money(answer.loss * found.own_money)} {found.currency}",
    )  # fmt: skip
    plausible = text("stress.reverse.plausible", sd=f"{SURPRISE_SD_BP:g}")
    told = [asked, *_paths(answer, text, language), _surprise(answer, text)]
    return [*told, *_shocks(answer, text), plausible]


def percent(share: float, sign: str = "-") -> str:
    """A share in percent to a tenth, without it where it is 0 and no sign is asked for."""
    rounded = round(100.0 * share, 1) + 0.0  # -0.0 is 0.0
    digits = 0 if sign == "-" and rounded == round(rounded) else 1
    return f"{rounded:{sign}.{digits}f}%".replace("-", "−")


def bp(size: float) -> str:
    """A surprise in whole basis points; beyond what was looked at, infinite."""
    return "∞" if math.isinf(size) else f"{size:.0f}".replace("-", "−")


def one_in(n: float, text: Words) -> str:
    """The N of one in N, to two digits."""
    if n >= MOST_TOLD:
        return text("stress.reverse.more_than", n=f"{MOST_TOLD:,.0f}")
    digits = max(0, int(math.log10(n)) - 1)
    return f"{round(n, -digits):,.0f}"


def _paths(answer: Reverse, text: Words, language: str) -> list[str]:
    """The tilted ensemble."""
    losses, tilt = answer.ensemble.losses, answer.tilt
    common = {"loss": percent(answer.loss), "paths": f"{len(losses):,}"}
    if tilt is None:
        return [text("stress.reverse.tilt_none", **common, worst=percent(losses.max()))]
    if not tilt.entropy > 0.0:
        return [text("stress.reverse.tilt_free", **common, mean=percent(losses.mean()))]
    most = [
        f"{driver(row['driver'], language)} {value(row['driver'], row['mean'], text)} → "
        f"{value(row['driver'], row['mean_tilted'], text)}"
        for row in answer.drivers.head(3).to_dict("records")
    ]
    told = text(
        "stress.reverse.tilt", **common, distance=f"{tilt.distance:.2f}",
        entropy=f"{tilt.entropy:.2f}", effective=f"{tilt.n_effective:,.0f}",
        drivers=", ".join(most),
    )  # fmt: skip
    return [told, *([text("stress.reverse.few")] if tilt.n_effective < FEW else [])]


def _surprise(answer: Reverse, text: Words) -> str:
    """The smallest surprise by itself."""
    half = answer.smallest_surprise
    common = {"paths": f"{len(answer.surprises)}", "own": bp(answer.own_surprise_bp)}
    if math.isinf(half):
        top, share = abs(answer.farthest_bp), float(np.isfinite(answer.surprises).mean())
        return text("stress.reverse.surprise_none", **common, top=bp(top), share=f"{share:.0%}")
    if half == 0.0:
        return text("stress.reverse.surprise_zero", **common)
    low, high = answer.surprise_interval
    return text(
        "stress.reverse.surprise", **common, bp=bp(half), low=bp(low), high=bp(high),
        early=bp(answer.surprise_of_share(0.05)),
    )  # fmt: skip


def _shocks(answer: Reverse, text: Words) -> list[str]:
    """The most plausible shocks."""
    numbers, found = answer.summary["shocks"], answer.likeliest
    if found is None:
        return [text("stress.reverse.shocks_none")]
    if numbers["distance"] == 0.0:
        return [text("stress.reverse.shocks_zero", paths=numbers["n_paths"])]
    rows = [row for row in answer.shocks.to_dict("records") if row["shock"] != "surprise"]
    rows.sort(key=lambda row: -abs(row["in_sd"]))
    news = [
        text(
            "stress.reverse.news", name=instrument(row["shock"], text),
            size=percent(math.expm1(row["size"]), "+"), first=row["first_day"],
            last=row["last_day"],
        )
        for row in rows[:N_NEWS] if abs(row["in_sd"]) >= LEAST_NEWS
    ]  # fmt: skip
    return [
        text(
            "stress.reverse.shocks", bp=bp(numbers["surprise_bp"]), news=", ".join(news) or "0",
            distance=f"{numbers['distance']:.2f}", n=one_in(numbers["one_in"], text),
            paths=numbers["n_paths"], others=numbers["n_elsewhere"],
            share=f"{numbers['share_elsewhere']:.0%}",
        )
    ]  # fmt: skip


def instrument(name: str, text: Words) -> str:
    """Words for an instrument; without any its name."""
    key = f"instruments.{name}"
    return text(key) if text.has(key) else name


def value(name: str, number: float, text: Words) -> str:
    """The value of a driver in its own unit."""
    if name.endswith("_usd_bn"):
        return text("stress.reverse.usd_bn", amount=text.amount(number, 1))
    if name in _COUNTS:
        return f"{number:,.1f}".replace("-", "−")
    is_log = name.startswith("largest_move") or name == "peak_yen_rise"
    return percent(math.expm1(number), "+") if is_log else f"{number:.1%}".replace("-", "−")


def drivers(answer: Reverse, language: str) -> list[Row]:
    """Drivers on all paths and on the tilted ones, under a head; empty without a tilt."""
    text = words(language)
    if answer.tilt is None or not answer.tilt.entropy > 0.0:
        return []
    names = ("driver", "all_paths", "tilted_paths", "shift")
    rows: list[Row] = [tuple(text(f"stress.reverse.column.{name}") for name in names)]
    for row in answer.drivers.head(N_DRIVERS).to_dict("records"):
        shift = f"{row['shift']:+.2f}".replace("-", "−")
        cells = (value(row["driver"], row[name], text) for name in ("mean", "mean_tilted"))
        rows.append((driver(row["driver"], language), *cells, shift))
    return rows


def shocks(answer: Reverse, language: str) -> list[Row]:
    """The most plausible shocks, a row for each instrument; empty where there are none."""
    found, text = answer.likeliest, words(language)
    if found is None or found.found.distance == 0.0:
        return []
    table = answer.shocks
    periods = found.shocks.periods
    heads = (
        text("stress.reverse.column.days", first=first, last=last)
        for first, last in periods
    )  # fmt: skip
    rows: list[Row] = [(text("stress.reverse.column.shock"), *heads)]
    surprise = table.iloc[0]
    told = f"{bp(surprise['size'])}bp ({_deviations(surprise['in_sd'])})"
    rows.append((text("stress.reverse.column.surprise"), told, *[""] * (len(periods) - 1)))
    for name in found.shocks.scenario.instrument_names:
        of_name = table[table["shock"] == name].to_dict("records")
        cells = (
            f"{percent(math.expm1(row['size']), '+')} ({_deviations(row['in_sd'])})"
            for row in of_name
        )
        rows.append((instrument(name, text), *cells))
    return rows


def _deviations(number: float) -> str:
    return f"{round(number, 1) + 0.0:+.1f}σ".replace("-", "−")
