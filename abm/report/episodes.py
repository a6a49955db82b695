"""Real unwinds in words and pictures: the list of them, and one beside its simulated runs."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from abm.episodes.forecast import BASIS, SHORT, Episode
from abm.episodes.record import FX_SOURCE, UNWINDS
from abm.figures.episode import FALLS, episode_figure
from abm.report.findings import aligned
from abm.report.script import Act, acts
from abm.scenario import list_scenarios

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

LIST_HEAD = ("", "USDJPY", "AUDJPY", "MXNJPY", "S&P", "Nikkei", "VIX", "UST 10y")
SCORE_HEAD = (
    "", "CRPS", "walk", "frozen", "inside", "width", "fall", "runs, 5 to 95%", "trough",
    "runs, 5 to 95%", "regained", "runs",
)  # fmt: skip
NAMES = {"SPX": "S&P 500", "NKY": "Nikkei 225"}


def list_lines() -> list[str]:
    """The record: largest falls of each unwind; a star where a scenario has its script."""
    shipped = list_scenarios()
    rows = []
    for one in UNWINDS:
        star = "*" if one.name in shipped else " "
        falls = (one.usdjpy, one.audjpy, one.mxnjpy, one.sp500, one.nikkei)
        levels = (_levels(one.vix, ".0f"), _levels(one.treasury_10y_percent, ".2f"))
        rows.append((f"{star} {one.name}", *map(percent, falls), *levels))
    return [
        *aligned([LIST_HEAD, *rows]),
        "Largest falls from peak to trough; VIX and the ten-year yield at their turns.",
        "Currencies at noon in New York; the franc's, 2019 and 2026 at 14:15 CET, the ECB's.",
        "Runs are held against the ECB's (1998: single days): other falls, by up to 2 points.",
        "*: a scenario has its script: unwind episodes NAME runs it and scores the runs.",
    ]


def as_plain() -> list[dict[str, Any]]:
    """The record as a program reads it."""
    shipped = list_scenarios()
    return [
        {**each._asdict(), "quotes": {k: dict(v) for k, v in each.quotes.items()}}
        | {"basis_bp": dict(each.basis_bp), "has_scenario": each.name in shipped}
        for each in UNWINDS
    ]


def score_lines(scores: pd.DataFrame) -> list[str]:
    """The table of scores for a terminal."""
    rows = []
    for row in scores.to_dict("records"):
        low, middle, high = (percent(row[f"fall_{which}"]) for which in ("low", "median", "high"))
        days = [_day(row[f"trough_{which}"]) for which in ("low", "median", "high")]
        cells = [number(row.get(key)) for key in ("crps", "crps_walk", "crps_frozen")]
        cells += [_share(row.get("share_inside")), number(row.get("mean_width"))]
        cells += [percent(row["fall_real"]), f"{middle} ({low} to {high})"]
        cells += [_day(row.get("trough_real")), f"{days[1]} ({days[0]} to {days[2]})"]
        cells += [_share(row.get("regained_real")), _share(row["regained_median"])]
        rows.append((row["series"], *cells))
    return aligned([SCORE_HEAD, *rows])


NOTES = (
    "CRPS: mean distance of a forecast from the record [log], the lower the better; of the runs, "
    "of a walk with the same script, of runs with positions frozen.",
    "inside, width: share of days on which the record is inside the 5 to 95% band, and its width. "
    "regained: share of the fall, ten days after the trough.",
)


BASIS_HEAD = (
    "", "CRPS", "frozen", "inside", "width", "widest", "runs, 5 to 95%", "on", "runs, 5 to 95%",
    "regained", "runs",
)  # fmt: skip
BASIS_NOTE = (
    "Basis: three months, USDJPY, on overnight rates, bp; the record on the days that are known. "
    "regained: of the widening since the eve, ten days after the widest."
)


def basis_lines(basis: pd.DataFrame) -> list[str]:
    """The row of the basis for a terminal; none where there is no row."""
    rows = []
    for row in basis.to_dict("records"):
        low, middle, high = (_bp(row[f"widest_{which}"]) for which in ("low", "median", "high"))
        days = [_day(row[f"day_{which}"]) for which in ("low", "median", "high")]
        cells = [f"{row[key]:.1f}" for key in ("crps", "crps_frozen")]
        cells += [_share(row["share_inside"]), f"{row['mean_width']:.0f}"]
        cells += [_bp(row["widest_real"]), f"{middle} ({low} to {high})"]
        cells += [_day(row["day_real"]), f"{days[1]} ({days[0]} to {days[2]})"]
        cells += [_share(row["regained_real"]), _share(row["regained_median"])]
        rows.append((row["series"], *cells))
    return [*aligned([BASIS_HEAD, *rows]), BASIS_NOTE] if rows else []


def finding(episode: Episode, scores: pd.DataFrame) -> str:
    """The title of the picture: fall and coverage of the first pair."""
    first = scores.iloc[0]
    real, median = (f"{-100.0 * first[f'fall_{key}']:.0f}%" for key in ("real", "median"))
    return (
        f"{episode.unwind.title}: {first['series']} falls {real} in the record, {median} in the "
        f"median run, and is inside the band on {first['share_inside']:.0%} of days"
    )


def caption(episode: Episode) -> str:
    """What is drawn, of which runs, and what was announced."""
    told = "; ".join(f"{n}: {what}" for n, (_, what) in enumerate(announced(episode), 1))
    source = source_of(episode)
    scenario = episode.scenario.name
    return (
        f"Log change since the eve, %; largest falls from peak to trough, %. {scenario}, "
        f"seed {episode.seed}, {episode.n_runs} runs: median and 5 to 95%; dashed: median with "
        f"positions frozen. Black: the record ({source}). {told}."
    )


def source_of(episode: Episode) -> str:
    """The source of the record that the runs are held against."""
    source = "Federal Reserve H.10" if episode.unwind.quotes else FX_SOURCE
    basis = "; of the basis, single days" if episode.unwind.basis_bp and episode.basis else ""
    return f"{source}; of shares, closes{basis}"


def announced(episode: Episode) -> list[tuple[str, str]]:
    """Dates and words of what is scripted, in order of time."""
    return [(episode.dates[act.day + 1], act.label) for act in _acts(episode)]


def _acts(episode: Episode) -> list[Act]:
    return [act for act in acts(episode.scenario) if act.day + 1 < len(episode.dates)]


def picture(episode: Episode, band: pd.DataFrame, scores: pd.DataFrame) -> Figure:
    """Record and band together."""
    labels = {pair: pair for pair in episode.unwind.pairs}
    labels |= {BASIS: "Three-month basis, bp"} if episode.basis is not None else {}
    labels |= {SHORT: "Yen short, USD bn at opening prices", FALLS: "Largest falls"}
    marks = [date for date, _ in announced(episode)]
    return episode_figure(
        band, scores.assign(series=scores["series"].replace(NAMES)), finding(episode, scores),
        caption(episode), labels, marks,
    )  # fmt: skip


def percent(share: float | None) -> str:
    """A share in per cent, with its sign; a dash for none."""
    return "-" if share is None or not math.isfinite(share) else f"{100.0 * share:.1f}%"


def number(value: float | None) -> str:
    """A score to three digits; a dash for none."""
    return "-" if value is None or not math.isfinite(value) else f"{value:.4f}"


def _share(value: float | None) -> str:
    return "-" if value is None or not math.isfinite(value) else f"{value:.0%}"


def _day(date: Any) -> str:
    return date[5:] if isinstance(date, str) and "-" in date else "-" if date != "eve" else "eve"


def _bp(basis_bp: float) -> str:
    return f"{basis_bp:.0f}"


def _levels(levels: Sequence[float], form: str) -> str:
    return " to ".join(format(level, form) for level in levels) or "-"
