"""Figures of a stress test: losses by horizon, money to be paid in, sources, the worst path."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from abm.figures import style
from abm.figures.sweep_cells import Words, boxed, need

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

LEVEL = 0.975  # of the risk that is drawn
MOST_HORIZONS = 8
_N_BINS = 60
_ROW_INCHES, _PANEL_INCHES, _GAP_INCHES = 0.62, 1.35, 0.42
_BAR_INCHES = 0.27
_SMALL = 7.2  # points
_MARK_ROWS = 3  # above a panel, so that neighbours do not touch
_LOSS, _GAIN = style.CLASS_COLOURS["dam break"], style.SIMULATED
_EDGE = style.ACTOR_COLOURS["retail_fx"]  # value at risk, where the tail begins


class Unit(NamedTuple):
    """In what amounts of one figure are told."""

    size: float
    scale: str
    currency: str

    @property
    def name(self) -> str:
        """For an axis."""
        return f"{self.currency} {self.scale}".strip()

    def spelled(self, amount: float, sign: str = "-") -> str:
        """An amount to three digits, without the unit; `sign` "+" shows that of a gain."""
        value = amount / self.size
        digits = int(np.floor(np.log10(abs(value)))) if abs(value) >= 1.0 else 0
        decimals = max(0, 2 - digits)
        rounded = round(value, decimals)
        sign = sign if rounded else "-"
        return f"{rounded + 0.0:{sign},.{decimals}f}".replace("-", "−")  # -0.0 is 0.0

    def told(self, amount: float) -> str:
        """An amount with its unit."""
        return " ".join(f"{self.spelled(amount)} {self.scale} {self.currency}".split())


def unit_of(largest: float, currency: str) -> Unit:
    """The unit in which the largest amount of a figure has few digits."""
    for size, scale in ((1e9, "billion"), (1e6, "million"), (1e3, "thousand")):
        if abs(largest) >= size:
            return Unit(size, scale, currency)
    return Unit(1.0, "", currency)


def losses_figure(
    profits: Mapping[int, np.ndarray], risk: pd.DataFrame, currency: str, caption: str
) -> Figure:
    """Profit of all paths at each horizon, with value at risk, expected shortfall and intervals.

    `profits` are those of the paths by horizon, `risk` the table of `abm.stress`.
    """
    need(len(profits), "no horizons")
    chosen = _few(tuple(profits))
    at_level = risk[risk["level"] == LEVEL].to_dict("records")
    risk_at = {row["horizon"]: {str(k): float(x) for k, x in row.items()} for row in at_level}
    unit = unit_of(max(float(np.abs(profits[h]).max()) for h in chosen), currency)
    loss, low, high = (risk_at[chosen[-1]][name] for name in ("es", "es_low", "es_high"))
    ends = (low, high) if loss >= 0.0 else (-high, -low)
    title = (
        f"By day {chosen[-1]} the worst 2.5% of paths {'lose' if loss >= 0.0 else 'gain'} "
        f"{unit.told(abs(loss))} on average "
        f"(95% interval {unit.spelled(ends[0])} to {unit.spelled(ends[1])})"
    )
    with style.house_style():
        inches = _ROW_INCHES * len(chosen)
        figure, (axes,) = boxed(Words(title, caption), [(0.11, 0.68)], inches, 0.25)
        for row, horizon in enumerate(reversed(chosen)):
            _draw_losses(axes, row, profits[horizon] / unit.size, risk_at[horizon], unit)
        axes.axvline(0.0, color=style.QUIET, linewidth=0.8)
        names = [f"{h} day{'' if h == 1 else 's'}" for h in reversed(chosen)]
        axes.set_yticks(np.arange(len(chosen)) + 0.3, labels=names)
        axes.tick_params(axis="y", labelcolor=style.INK)
        axes.grid(axis="y", visible=False)
        axes.grid(axis="x", visible=True)
        axes.set_ylim(-0.3, len(chosen))
        axes.set_xlabel(f"profit since the eve, {unit.name}")
        top = 1.0 + 0.1 / inches
        heads = ((1.02, "VaR 97.5%", _EDGE), (1.17, "ES 97.5%", _LOSS))
        for x, name, colour in heads:
            axes.text(x, top, name, color=colour, transform=axes.transAxes, fontsize=_SMALL)
    return figure


def _draw_losses(
    axes: Axes, row: int, profit: np.ndarray, risk: Mapping[str, float], unit: Unit
) -> None:
    """The histogram of a horizon on its own base line, and its risk below that."""
    counts, edges = np.histogram(profit, bins=_N_BINS)
    heights = 0.72 * counts / counts.max()
    edge = -risk["var"] / unit.size
    colours = [_LOSS if right <= edge else style.SIMULATED for right in edges[1:]]
    axes.bar(
        edges[:-1], heights, np.diff(edges), bottom=row, align="edge", color=colours, alpha=0.55,
        linewidth=0,
    )  # fmt: skip
    axes.axhline(row, color="#D9D9D9", linewidth=0.6, zorder=0)
    for name, y, colour in (("var", row - 0.09, _EDGE), ("es", row - 0.19, _LOSS)):
        ends = [-risk[f"{name}_{end}"] / unit.size for end in ("high", "low")]
        axes.plot(ends, [y, y], color=colour, linewidth=1.4)
        axes.plot(-risk[name] / unit.size, y, "o", markersize=3.2, color=colour)
    for x, name in ((1.02, "var"), (1.17, "es")):
        axes.text(
            x, row + 0.2, unit.spelled(risk[name]), transform=axes.get_yaxis_transform(),
            fontsize=8.0, color=style.INK,
        )  # fmt: skip


def _few(horizons: Sequence[int]) -> list[int]:
    """At most MOST_HORIZONS of them, the last one always."""
    if len(horizons) <= MOST_HORIZONS:
        return list(horizons)
    places = np.linspace(0, len(horizons) - 1, MOST_HORIZONS).round().astype(int)
    return [horizons[place] for place in places]


def funding_figure(funding: pd.DataFrame, caption: str) -> Figure:
    """Money needed up to each day to sell nothing, as a fan, beside the paths called and sold.

    A row of panels for each currency of the table `funding` of `abm.stress`.
    """
    need(len(funding), "no margin account")
    names = [str(name) for name in funding["currency"].unique()]
    tables = [(name, funding[funding["currency"] == name]) for name in names]
    needs = [(name, float(table["need_q95"].iloc[-1])) for name, table in tables]
    told = " and ".join(unit_of(need, name).told(need) for name, need in needs if need > 0.0)
    title = f"With {told or 'no money'} at hand nothing is sold by force on 95% of paths"
    if len(needs) > 1:
        title += ", each loan by itself"
    n = len(tables)
    with style.house_style():
        inches = n * _PANEL_INCHES + (n - 1) * _GAP_INCHES
        figure, wholes = boxed(Words(title, caption), [(0.08, 0.46), (0.65, 0.24)], inches, 0.3)
        for row, (name, table) in enumerate(tables):
            left, right = (_part(figure, whole, row, n) for whole in wholes)
            _draw_fan(left, table, unit_of(float(table["need_q99"].max()), name))
            _draw_calls(right, table)
            for axes in (left, right):
                axes.set_xlim(0, int(table["day"].max()))
                axes.set_xlabel("trading day" if row == n - 1 else "")
        for whole in wholes:
            whole.remove()
    return figure


def _part(figure: Figure, whole: Axes, row: int, n: int) -> Axes:
    """The row of a column of panels, from the top."""
    place, height = whole.get_position(), figure.get_figheight()
    top = place.y1 - row * (_PANEL_INCHES + _GAP_INCHES) / height
    box = (place.x0, top - _PANEL_INCHES / height, place.width, _PANEL_INCHES / height)
    return figure.add_axes(box)


def _draw_fan(axes: Axes, table: pd.DataFrame, unit: Unit) -> None:
    day = [0, *table["day"]]
    levels = {q: [0.0, *(table[f"need_{q}"] / unit.size)] for q in ("median", "q95", "q99")}
    axes.fill_between(day, levels["q95"], levels["q99"], color=_GAIN, alpha=0.15, linewidth=0)
    axes.fill_between(day, levels["median"], levels["q95"], color=_GAIN, alpha=0.35, linewidth=0)
    axes.plot(day, levels["median"], color=_GAIN, linewidth=1.4)
    axes.set_title(
        f"money needed up to the day, {unit.name}, by share of paths", loc="left", pad=3.0
    )
    axes.set_ylim(0.0, 1.05 * max(levels["q99"][-1], 1e-9))
    ends = [
        (levels["q99"][-1], "99%", style.QUIET),
        (levels["q95"][-1], "95%", _GAIN),
        (levels["median"][-1], "half", _GAIN),
    ]
    style.label_line_ends(axes, ends, gap=0.12)


def _draw_calls(axes: Axes, table: pd.DataFrame) -> None:
    called, sold = 100.0 * table["p_called"], 100.0 * table["p_sold"]
    axes.bar(table["day"], called, width=0.8, color=_EDGE, linewidth=0)
    axes.plot(table["day"], sold, color=_LOSS, linewidth=1.4)
    axes.set_title("share of paths, %", loc="left", pad=3.0)
    axes.set_ylim(0.0, max(1.0, 1.1 * max(called.max(), sold.max())))
    last = float(sold.iloc[-1]), float(called.iloc[-1])
    ends = [(last[0], "sold by then", _LOSS), (last[1], "called that day", "#9A6A00")]
    style.label_line_ends(axes, ends, gap=0.13)


def parts_figure(
    split: pd.DataFrame, horizon: int, labels: Mapping[str, str], currency: str, caption: str
) -> Figure:
    """Profit by source as a waterfall: on average, and on average of the worst paths.

    `split` is the table of `abm.stress`, `labels` say each part in words.
    """
    table = split[split["horizon"] == horizon]
    need(len(table), "no parts")
    tail = table["tail"].to_numpy(float)
    sides = (("mean", "all paths, mean"), ("tail", "worst 2.5% of paths, mean"))
    sizes = [np.abs(table[key]).max() for key, _ in sides]
    unit = unit_of(max(*sizes, *(abs(table[key].sum()) for key, _ in sides)), currency)
    most = int(tail.argmin())
    name = labels[table["part"].iloc[most]]
    lost, total = -float(tail[most]), -float(tail.sum())
    title = f"In the worst 2.5% of paths most is lost by {name}: {unit.told(lost)}"
    if total > 0.0:
        title += f", of {unit.told(total)} in all"
    if lost <= 0.0:
        title = f"Even in the worst 2.5% of paths no source loses: {unit.told(-total)} are gained"
    names = [*(labels[part] for part in table["part"]), "profit"]
    y = np.arange(len(names))[::-1]
    with style.house_style():
        spans = [(0.2, 0.33), (0.61, 0.33)]
        figure, panels = boxed(Words(title, caption), spans, _BAR_INCHES * len(names), 0.35)
        for axes, (key, head) in zip(panels, sides, strict=True):
            _draw_waterfall(axes, y, table[key].to_numpy(float), unit)
            axes.set_title(head, loc="left", pad=4.0)
            axes.set_xlabel(unit.name)
        panels[0].set_yticks(y, labels=names)
        panels[0].tick_params(axis="y", labelcolor=style.INK)
        panels[1].set_yticks(y, labels=[""] * len(y))
    return figure


def _draw_waterfall(axes: Axes, y: np.ndarray, parts: np.ndarray, unit: Unit) -> None:
    """Each part from where the one above ended; the sum from zero."""
    scaled = parts / unit.size
    ends = np.cumsum(scaled)
    left, width = [*(ends - scaled), 0.0], [*scaled, ends[-1]]
    colours = [*(_GAIN if x > 0.0 else _LOSS for x in scaled), style.QUIET]
    axes.barh(y, width, left=left, height=0.62, color=colours, linewidth=0)
    for upper, end in zip(y[:-1], ends, strict=True):
        axes.plot([end, end], [upper + 0.31, upper - 1.31], color=style.QUIET, linewidth=0.5)
    axes.axvline(0.0, color=style.QUIET, linewidth=0.8)
    low, high = min(0.0, *ends), max(0.0, *ends)
    span = (high - low) or 1.0
    axes.set_xlim(low - 0.06 * span, high + 0.34 * span)
    for place, start, size, amount in zip(y, left, width, [*parts, parts.sum()], strict=True):
        axes.text(
            max(start, start + size) + 0.02 * span, place, unit.spelled(amount, "+"), va="center",
            fontsize=_SMALL, color=style.INK,
            bbox={"facecolor": style.PAPER, "edgecolor": "none", "pad": 0.8},
        )  # fmt: skip
    axes.grid(axis="y", visible=False)
    axes.grid(axis="x", visible=True)


def worst_figure(
    value: np.ndarray,
    called: Mapping[str, np.ndarray],
    is_sold: np.ndarray,
    marks: Sequence[tuple[int, str]],
    currency: str,
    caption: str,
) -> Figure:
    """The worst path by day from the eve: what the portfolio is worth, and what is called.

    `called` are amounts by currency, `is_sold` the days of forced sales, `marks` days with what
    was announced on them.
    """
    need(len(value), "no path")
    unit = unit_of(float(np.abs(value).max()), currency)
    own, left = unit.told(value[0]), unit.told(abs(value[-1]))
    title = f"The worst path: of {own} of own money {left} are left"
    if value[-1] < 0.0:
        title = f"The worst path: all {own} of own money are lost, and {left} more"
    day, n = np.arange(len(value)), 1 + len(called)
    with style.house_style():
        inches = n * _PANEL_INCHES + (n - 1) * _GAP_INCHES
        head = 0.3 + 0.15 * min(len(marks), _MARK_ROWS)
        figure, (whole,) = boxed(Words(title, caption), [(0.09, 0.88)], inches, head)
        top = _part(figure, whole, 0, n)
        top.plot(day, value / unit.size, color=style.SIMULATED, linewidth=1.4)
        hit = np.flatnonzero(is_sold)
        top.plot(hit, value[hit] / unit.size, "v", color=_LOSS, markersize=4.0)
        if value.min() < 0.0:
            top.axhline(0.0, color=style.QUIET, linewidth=0.8)
        told = f"own money, {unit.name}" + ("; triangles: days of forced sales" if len(hit) else "")
        top.text(0.0, 1.03, told, transform=top.transAxes, fontsize=8.0)
        _mark(top, marks)
        for row, (name, calls) in enumerate(called.items(), 1):
            axes, of_calls = _part(figure, whole, row, n), unit_of(float(calls.max()), name)
            axes.bar(day, calls / of_calls.size, width=0.8, color=_EDGE, linewidth=0)
            axes.set_title(f"margin called on the day, {of_calls.name}", loc="left", pad=3.0)
            axes.set_xlim(-0.5, len(value) - 0.5)
            axes.set_ylim(bottom=0.0)
        top.set_xlim(-0.5, len(value) - 0.5)
        figure.axes[-1].set_xlabel("trading day after the eve of the shock")
        whole.remove()
    return figure


def _mark(axes: Axes, marks: Sequence[tuple[int, str]]) -> None:
    """Announcements above the panel, in rows."""
    for at, (day, label) in enumerate(marks):
        axes.axvline(day, color=style.QUIET, linewidth=0.6, linestyle=(0, (2, 2)))
        axes.text(
            day, 1.16 + 0.11 * (at % _MARK_ROWS), label, transform=axes.get_xaxis_transform(),
            fontsize=6.8, color=style.QUIET,
        )  # fmt: skip
