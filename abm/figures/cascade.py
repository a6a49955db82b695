"""The cascade in one picture: price, leverage, margins, forced sales and what forced them."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from abm.figures import style
from abm.figures.finding import LEAST_USD_BN
from abm.measures.table import iso_dates

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_PANEL_INCHES = (2.55, 0.8, 0.8, 1.45, 0.95)
_STRIP_INCHES = 0.12  # of a panel in which nothing happens
_GAP_INCHES = 0.33
_LEFT, _RIGHT = 0.06, 0.825
_MARK_ROWS = 5
_MARK_ROW_INCHES = 0.165
_CHARACTER_SHARE = 0.0094  # width of one letter of a mark's label, in panel widths
_MARGIN_LETTERS = 20  # that fit between the panel and the picture's edge
_N_DATE_TICKS = 9
_COUNT_SHARE = 0.03  # width of a cross with its number, in panel widths
_CALL, _CALL_INK = "#9FB4C7", "#4F6B85"
_CUT, _CUT_INK = "#F2C879", "#9A6700"
_LIQUIDATION, _LIQUIDATION_INK = "#CF9A8E", "#8C2D19"
_FAILURE = "#B5380B"


def cascade_figure(
    days: pd.DataFrame,
    events: pd.DataFrame,
    title: str,
    real: pd.Series | None = None,
    counterfactuals: Mapping[str, pd.DataFrame] | None = None,
    caption: str = "",
    opening_quote: float | None = None,
    marks: Sequence[tuple[int, str]] | None = None,
) -> Figure:
    """Aligned panels of one run: USDJPY, leverage, margin rate, forced sales and what forced them.

    The last shows margin calls, retail stop-outs, automatic liquidations where there were any, and
    failures, those of banks included. A panel of events without any is a strip that says so.

    Parameters
    ----------
    days, events
        Tables of a RunResult.
    title
        The finding; see `abm.figures.finding`.
    real
        Real USDJPY by date, drawn where the table has dates.
    counterfactuals
        `days` of the counterfactual runs under "no shock" and "frozen".
    caption
        Scenario, seed, what is shown.
    opening_quote
        USDJPY at the scenario's opening. Without it the first real quote, or an index of 100.
    marks
        (day, label) of policy and news; by default the events of kind "policy" and "news".
    """
    with style.house_style():
        placed = _place_marks(days, marks if marks is not None else _policy_marks(events))
        n_rows = 1 + max((row for _, _, row in placed), default=-1)
        figure, panels = _panels(title, caption, n_rows, _panel_inches(days, events))
        style.write_title(figure, title)
        style.write_caption(figure, caption)
        _draw_price(panels[0], days, real, counterfactuals or {}, opening_quote)
        _draw_path(panels[1], days, "leverage", "Leverage of hedge funds, times wealth", "×")
        _draw_path(panels[2], days, "margin_rate", "Margin rate, % of position", "%")
        _draw_forced(panels[3], days, (counterfactuals or {}).get("no shock"))
        _draw_calls(panels[4], days, events)
        for panel in panels:
            _draw_mark_lines(panel, placed)
        _write_marks(panels[0], placed)
        _date_axis(panels, days)
    return figure


def _panel_inches(days: pd.DataFrame, events: pd.DataFrame) -> list[float]:
    """Height of every panel; those without anything to show are strips."""
    inches = list(_PANEL_INCHES)
    if not float(days[_forced_columns(days)].to_numpy().sum()) > 0.0:
        inches[3] = _STRIP_INCHES
    if not any(counts.any() for counts in _triggers(days, events)):
        inches[4] = _STRIP_INCHES
    return inches


def _forced_columns(days: pd.DataFrame) -> list[str]:
    return [c for c in days.columns if c.startswith("forced_") and c.endswith("_usd_bn")]


def _triggers(days: pd.DataFrame, events: pd.DataFrame) -> list[pd.Series]:
    """Margin calls, retail stop-outs, liquidations, failures of institutions and banks, by day."""
    none = 0 * days["n_failures"]  # for tables without retail traders or banks
    failures = days["n_failures"] + days.get("n_bank_failures", none)
    on_days = events.loc[events["kind"] == "liquidation", "day"].value_counts()
    liquidations = days["day"].map(on_days).fillna(0)
    return [days["n_margin_calls"], days.get("n_loss_cuts", none), liquidations, failures]


def _panels(
    title: str, caption: str, n_mark_rows: int, panel_inches: Sequence[float]
) -> tuple[Figure, list[Axes]]:
    top = style.title_height(title) + 0.24 + _MARK_ROW_INCHES * n_mark_rows
    bottom = style.caption_height(caption) + 0.42
    height = top + bottom + sum(panel_inches) + _GAP_INCHES * (len(panel_inches) - 1)
    figure = style.new_figure(height)
    panels: list[Axes] = []
    edge = height - top
    for inches in panel_inches:
        box = (_LEFT, (edge - inches) / height, _RIGHT - _LEFT, inches / height)
        panels.append(figure.add_axes(box, sharex=panels[0] if panels else None))
        edge -= inches + _GAP_INCHES
    return figure, panels


def _draw_price(
    axes: Axes,
    days: pd.DataFrame,
    real: pd.Series | None,
    counterfactuals: Mapping[str, pd.DataFrame],
    opening_quote: float | None,
) -> None:
    funding = next(c for c in days.columns if c.startswith("log_")).removeprefix("log_")
    record = quotes_on_days(days, real)
    opening = opening_quote or (next(iter(record.values())) if record else 100.0)
    ends = []
    for name, table in counterfactuals.items():
        colour = style.TWIN_COLOURS.get(name, style.QUIET)
        quote = _quotes(table, funding, opening)
        axes.plot(table["day"], quote, color=colour, linewidth=1.0, zorder=2)
        ends.append((float(quote.iloc[-1]), name, colour))
    if record:
        axes.plot(
            list(record), list(record.values()), color=style.REAL, linewidth=0.7, marker="o",
            markersize=2.0, zorder=3,
        )  # fmt: skip
        ends.append((list(record.values())[-1], "real (ECB)", style.REAL))
    quote = _quotes(days, funding, opening)
    axes.plot(days["day"], quote, color=style.SIMULATED, linewidth=2.0, zorder=4)
    ends.append((float(quote.iloc[-1]), "simulated", style.SIMULATED))
    axes.margins(y=0.06)
    currency = "yen" if funding == "JPY" else funding
    unit = f"{currency} per dollar" if opening_quote or record else "opening = 100"
    _header(axes, f"USD{funding}, {unit} (down: the {currency} gains)")
    style.label_line_ends(axes, ends, gap=0.075)


def _draw_path(axes: Axes, days: pd.DataFrame, column: str, header: str, unit: str) -> None:
    factor = 100.0 if unit == "%" else 1.0
    values = factor * days[column]
    axes.plot(days["day"], values, color=style.SIMULATED, linewidth=1.5)
    axes.margins(y=0.12)
    axes.yaxis.set_major_locator(_few_ticks())
    _header(axes, header)
    end = float(values.iloc[-1])
    if math.isfinite(end):
        style.label_line_ends(axes, [(end, f"{end:.1f}{unit}", style.SIMULATED)])


def _draw_forced(axes: Axes, days: pd.DataFrame, no_shock: pd.DataFrame | None) -> None:
    """Forced sales of the run; the header says how many there were without the shock."""
    columns = _forced_columns(days)
    totals = {c: float(days[c].sum()) for c in columns}
    bottom = 0.0 * days["day"].to_numpy(dtype=float)
    for column in (c for c in columns if totals[c] > 0.0):
        kind = column.removeprefix("forced_").removesuffix("_usd_bn")
        amount = days[column].to_numpy(dtype=float)
        sold = amount > 0.0
        axes.bar(
            days["day"][sold], amount[sold], bottom=bottom[sold], width=0.86,
            color=style.ACTOR_COLOURS.get(kind, style.QUIET),
            label=f"{style.ACTOR_NAMES.get(kind, kind)} {_short(totals[column])}", zorder=2,
        )  # fmt: skip
        bottom = bottom + amount
    total = sum(totals.values())
    if total > 0.0:
        _header(axes, f"Forced sales in the run, USD bn a day: {_total_words(total, no_shock)}")
        axes.set_ylim(0.0, 1.08 * float(bottom.max()))
        axes.yaxis.set_major_locator(_few_ticks())
        axes.legend(
            loc="center left", bbox_to_anchor=(1.0, 0.5), handlelength=0.8, handleheight=0.8,
            handletextpad=0.5, borderaxespad=0.4, labelspacing=0.35, fontsize=7.0, reverse=True,
        )  # fmt: skip
    else:
        _header(axes, "Forced sales in the run, USD bn a day: none")
        _make_strip(axes)


def _total_words(total_usd_bn: float, no_shock: pd.DataFrame | None) -> str:
    """Forced sales of the whole run, beside those of the no-shock run."""
    said = f"{_amount(total_usd_bn)} in all"
    if no_shock is None:
        return said
    without = float(no_shock[_forced_columns(no_shock)].to_numpy().sum())
    return f"{said}, {_amount(without) if without > 0.0 else 'none'} without the shock"


def _amount(usd_bn: float) -> str:
    return f"{_short(usd_bn)}bn" if usd_bn >= LEAST_USD_BN else f"less than {LEAST_USD_BN:g}bn"


def _draw_calls(axes: Axes, days: pd.DataFrame, events: pd.DataFrame) -> None:
    """Margin calls, on them retail stop-outs and liquidations, and failures above."""
    calls, cuts, sales, failures = (c.to_numpy(dtype=int) for c in _triggers(days, events))
    if not (calls.any() or cuts.any() or sales.any() or failures.any()):
        _header(axes, "No margin calls, no retail stop-outs, no failures in the run")
        _make_strip(axes)
        return
    top = max(1, int((calls + cuts + sales).max()))
    stacked = [(calls, _CALL), (cuts, _CUT)] + ([(sales, _LIQUIDATION)] if sales.any() else [])
    below = 0 * calls
    for counts, colour in stacked:
        some = counts > 0
        axes.bar(
            days["day"][some], counts[some], bottom=below[some], width=0.86, color=colour, zorder=2
        )
        below = below + counts
    failed = [(d, n) for d, n in zip(days["day"].tolist(), failures.tolist(), strict=True) if n]
    axes.scatter(
        [day for day, _ in failed], [1.14 * top] * len(failed), marker="X", s=34, color=_FAILURE,
        edgecolor=style.PAPER, linewidth=0.6, zorder=4,
    )  # fmt: skip
    for day, n in _together(failed, gap_days=math.ceil(_COUNT_SHARE * len(days))):
        if n > 1:
            axes.annotate(
                f"{n}", (day, 1.14 * top), (4.5, -0.5), textcoords="offset points", va="center",
                fontsize=7.0, color=_FAILURE, zorder=5,
                bbox={"facecolor": style.PAPER, "linewidth": 0, "pad": 0.4},
            )  # fmt: skip
    axes.set_ylim(0.0, 1.3 * top)
    axes.yaxis.set_major_locator(_few_ticks(integer=True))
    counted = "Margin calls, retail stop-outs" + (", liquidations" if sales.any() else "")
    _header(axes, f"{counted} a day in the run (bars, stacked), failures (crosses)")
    totals = [(0.38 * top, _counted(calls.sum(), "margin call"), _CALL_INK)]
    totals.append((0.75 * top, _counted(cuts.sum(), "stop-out"), _CUT_INK))
    if sales.any():
        totals.append((0.95 * top, _counted(sales.sum(), "liquidation"), _LIQUIDATION_INK))
    totals.append((1.14 * top, _counted(failures.sum(), "failure"), _FAILURE))
    style.label_line_ends(axes, totals, gap=0.2)


def _together(failed: Sequence[tuple[int, int]], gap_days: int) -> list[tuple[int, int]]:
    """(last day, failures) of days too near to one another for a number beside each cross."""
    merged: list[tuple[int, int]] = []
    for day, n in failed:
        if merged and day - merged[-1][0] <= gap_days:
            n += merged.pop()[1]
        merged.append((day, n))
    return merged


def _make_strip(axes: Axes) -> None:
    axes.set_yticks([])
    axes.set_ylim(0.0, 1.0)
    axes.spines["left"].set_visible(False)


def _header(axes: Axes, text: str) -> None:
    """Write a panel's subject and unit above it; on paper, so that no line runs through it."""
    header = axes.set_title(text, loc="left", pad=4.0, color=style.INK)
    header.set_bbox({"facecolor": style.PAPER, "edgecolor": "none", "pad": 1.2})


def _policy_marks(events: pd.DataFrame) -> list[tuple[int, str]]:
    """Policy and news of the events table, one label a day."""
    rows = events[events["kind"].isin(("policy", "news"))]
    by_day: dict[int, list[str]] = {}
    for day, who in zip(rows["day"], rows["institution"], strict=True):
        labels = by_day.setdefault(int(day), [])
        if who not in labels:
            labels.append(str(who))
    return [(day, ", ".join(labels)) for day, labels in sorted(by_day.items())]


def _place_marks(
    days: pd.DataFrame, marks: Sequence[tuple[int, str]]
) -> list[tuple[int, str, int]]:
    """(day, label, row) with labels stacked so that none covers another; row -1: no label."""
    first, last = int(days["day"].iloc[0]), int(days["day"].iloc[-1])
    per_letter = _CHARACTER_SHARE * max(last - first, 1)
    placed: list[tuple[int, str, int]] = []
    for day, label in sorted((m for m in marks if first <= m[0] <= last), reverse=True):
        # A label lies above every later one whose stem would otherwise run through it.
        label = _shortened(label, int((last - day) / per_letter + _MARGIN_LETTERS))
        end = day + per_letter * (len(label) + 1)
        row = 1 + max((r for later, _, r in placed if later <= end), default=-1)
        placed.append((day, label, row if row < _MARK_ROWS else -1))
    return placed[::-1]


def _shortened(label: str, n_letters: int) -> str:
    return label if len(label) <= n_letters else label[: n_letters - 1].rstrip() + "…"


def _draw_mark_lines(axes: Axes, placed: Sequence[tuple[int, str, int]]) -> None:
    for day, _, _ in placed:
        axes.axvline(day, color="#B9B9B9", linewidth=0.7, linestyle=(0, (3, 2)), zorder=1)


def _write_marks(axes: Axes, placed: Sequence[tuple[int, str, int]]) -> None:
    """Labels above the top panel, each on a thin stem from its line."""
    height = axes.get_window_extent().height / axes.figure.dpi
    for day, label, row in placed:
        if row < 0:
            continue
        inches = 0.26 + _MARK_ROW_INCHES * row
        axes.annotate(
            label, (day, 1.0), (day, 1.0 + inches / height), xycoords=axes.get_xaxis_transform(),
            textcoords=axes.get_xaxis_transform(), fontsize=7.0, color=style.INK, va="bottom",
            ha="left", annotation_clip=False, zorder=2.5, arrowprops={
                "arrowstyle": "-", "color": "#B9B9B9", "linewidth": 0.7, "shrinkA": 0,
                "shrinkB": 0, "relpos": (0.0, 0.0), "linestyle": (0, (3, 2)),
            },
        )  # fmt: skip


def _date_axis(panels: Sequence[Axes], days: pd.DataFrame) -> None:
    first, last = int(days["day"].iloc[0]), int(days["day"].iloc[-1])
    panels[0].set_xlim(first - 0.8, last + 0.8)
    for panel in panels[:-1]:
        panel.tick_params(labelbottom=False, length=0)
    dates = iso_dates(days["date"])
    dated = [(int(d), text) for d, text in zip(days["day"], dates, strict=True) if text]
    if not dated:
        panels[-1].xaxis.set_major_locator(_few_ticks(integer=True, n=_N_DATE_TICKS))
        panels[-1].set_xlabel("trading day")
        return
    ticks = _week_starts(dated)
    panels[-1].set_xticks([day for day, _ in ticks], labels=[text for _, text in ticks])


def _week_starts(dated: Sequence[tuple[int, str]]) -> list[tuple[int, str]]:
    """(day, label) of the first trading day of every so manieth week."""
    weeks: dict[tuple[int, int], tuple[int, dt.date]] = {}
    for day, text in dated:
        date = dt.date.fromisoformat(text)
        weeks.setdefault(date.isocalendar()[:2], (day, date))
    starts = list(weeks.values())[:: math.ceil(len(weeks) / _N_DATE_TICKS)]
    is_long = len(weeks) > 80
    labels = []
    for i, (day, date) in enumerate(starts):
        month = style.MONTHS[date.month - 1]
        text = month if is_long else f"{date.day} {month}"
        labels.append((day, f"{text} {date.year}" if is_long or i == 0 else text))
    return labels


def quotes_on_days(days: pd.DataFrame, real: pd.Series | None) -> dict[int, float]:
    """Real quotes by the run's day numbers, where both have the date."""
    if real is None:
        return {}
    quotes = {str(date)[:10]: float(q) for date, q in real.items() if math.isfinite(q)}
    dates = zip(days["day"], iso_dates(days["date"]), strict=True)
    return {int(day): quotes[text] for day, text in dates if text in quotes}


def _quotes(table: pd.DataFrame, funding: str, opening: float) -> pd.Series:
    return table[f"log_{funding}"].map(lambda x: opening * math.exp(-x))


def _short(amount: float) -> str:
    return f"{amount:,.0f}" if abs(amount) >= 9.95 else f"{amount:.1f}"


def _count(number: float, noun: str) -> str:
    return f"{int(number):,} {noun}{'' if int(number) == 1 else 's'}"


def _counted(number: float, noun: str) -> str:
    return _count(number, noun) if number else f"no {noun}s"


def _few_ticks(integer: bool = False, n: int = 4) -> Any:
    from matplotlib.ticker import MaxNLocator

    return MaxNLocator(nbins=n, integer=integer, steps=[1, 2, 2.5, 5, 10])
