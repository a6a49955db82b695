"""Banks of a run: capital over what is required, day by day, and what each of them has lost."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from abm.figures import style
from abm.figures.basis import write_days
from abm.figures.panels import panels, write_header
from abm.words import counted

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

BOXES = ((0.07, 0.39), (0.655, 0.325))
N_NAMED = 3  # banks with a line of their own, beside those that failed
N_BARS = 9
_FEWEST_ROWS, _LEGEND_ROWS = 6.0, 0.42  # bars at least; what a line of the legend takes
LOSS_COLOURS = {
    "clients": style.ACTOR_COLOURS["hedge_fund"],
    "dealing": style.ACTOR_COLOURS["dealer"],
    "trading_book": style.ACTOR_COLOURS["risk_parity"],
    "banks": style.ACTOR_COLOURS["bank"],
    "fire_sales": style.ACTOR_COLOURS["retail_fx"],
    "failure": "#B5380B",
    "insured": style.ACTOR_COLOURS["insurer"],
}
LOSS_NAMES = {
    "clients": "clients' debts",
    "dealing": "dealing, own desks",
    "trading_book": "trading book",
    "banks": "claims on banks",
    "fire_sales": "fire sales",
    "failure": "in its failure",
    "insured": "insured deposits",
}
INSURER = "deposit insurer"
_STANDING = ("#7A2E62", "#A8548C", "#CC79A7")  # from the bank nearest to failing on
_FAILURE = "#B5380B"
LEAST_LOST_USD_BN = 0.05  # that a bar shows


def banks_figure(
    over_required: pd.DataFrame, losses: pd.DataFrame, title: str, caption: str = ""
) -> Figure:
    """Capital over what is required [%], and losses by bank [USD bn].

    Parameters
    ----------
    over_required
        A column per bank, a row per day, NaN once it has failed; index: days, or dates.
    losses
        A row per bank, and for the deposit insurer where it paid; a column for each way of
        LOSS_NAMES.
    title, caption
        The finding; scenario and seed.
    """
    with style.house_style():
        figure, (left, right) = panels(title, caption, BOXES)
        _draw_capital(left, over_required)
        _draw_losses(right, losses)
    return figure


def thinnest_banks(over_required: pd.DataFrame) -> list[str]:
    """The banks that stand to the end and came nearest to what is required, nearest first."""
    stands = over_required.loc[:, over_required.notna().all()]
    return [str(bank) for bank in stands.min().sort_values(kind="stable").index[:N_NAMED]]


def _draw_capital(axes: Axes, over_required: pd.DataFrame) -> None:
    """A line for each of the thinnest banks and of those that fail, a band for the others."""
    days, percent = over_required.index, 100.0 * over_required
    thinnest = thinnest_banks(over_required)
    others = percent.loc[:, percent.notna().all()].drop(columns=thinnest)
    ends: list[tuple[float, str, str]] = []
    if others.shape[1]:
        low, high = others.min(axis=1), others.max(axis=1)
        axes.fill_between(days, low, high, color=_STANDING[-1], alpha=0.22, linewidth=0.0)
        middle = float(low.iloc[-1] + high.iloc[-1]) / 2.0
        ends.append((middle, counted(others.shape[1], "other"), style.QUIET))
    for bank, colour in zip(thinnest, _STANDING, strict=False):
        axes.plot(days, percent[bank], color=colour, linewidth=1.3)
        ends.append((float(percent[bank].iloc[-1]), bank, colour))
    axes.axhline(100.0, color=style.INK, linewidth=0.8, linestyle=(0, (4, 2)))
    _draw_failures(axes, percent)
    axes.margins(y=0.08)
    write_header(axes, "capital at the close, % of what is required\n(dashed: no room left)")
    write_days(axes, days)
    style.label_line_ends(axes, ends, gap=0.075)


def _draw_failures(axes: Axes, percent: pd.DataFrame) -> None:
    """Lines of the banks that fail, up to the day before, and a cross on the day of each."""
    gone = percent.loc[:, percent.isna().any()]
    by_day: dict[int, list[str]] = {}
    for bank in gone:
        by_day.setdefault(int(gone[bank].isna().to_numpy().argmax()), []).append(str(bank))
    lowest = float(percent.min().min())
    for day, banks in sorted(by_day.items()):
        heights = []
        for bank in banks:
            line = gone[bank].iloc[:day]
            heights.append(float(line.iloc[-1]) if day else lowest)
            axes.plot(percent.index[:day], line, color=_FAILURE, linewidth=1.3)
        at = [percent.index[day]] * len(banks)
        axes.plot(at, heights, marker="X", color=_FAILURE, markersize=6.5, linestyle="none")
        verb = "fails" if len(banks) == 1 else "fail"
        axes.annotate(
            f"{listed(banks)} {verb}", (at[0], sum(heights) / len(heights)), (7, -1),
            textcoords="offset points", va="center", fontsize=7.2, color=_FAILURE,
            bbox={"facecolor": style.PAPER, "edgecolor": "none", "pad": 0.6},
        )  # fmt: skip


def listed(banks: Sequence[str]) -> str:
    """Names of banks, the first few."""
    named, n_more = list(banks[:N_NAMED]), len(banks) - N_NAMED
    return ", ".join([*named, counted(n_more, "other")] if n_more > 0 else named)


def _draw_losses(axes: Axes, losses: pd.DataFrame) -> None:
    """A bar for each who lost, largest first; what was gained is left out."""
    lost = losses.clip(lower=0.0)
    lost = lost[lost.sum(axis=1) >= LEAST_LOST_USD_BN]
    lost = lost.loc[lost.sum(axis=1).sort_values(ascending=False, kind="stable").index]
    if len(lost) > N_BARS:
        rest = lost.iloc[N_BARS - 1 :]
        lost = lost.iloc[: N_BARS - 1]
        lost.loc[counted(len(rest), "other")] = rest.sum()
    total = float(lost.to_numpy().sum())
    whole = f"{total:,.{0 if total >= 10.0 else 1}f}"
    write_header(axes, f"lost in the run, USD bn: {whole} in all,\nby who bore it")
    axes.set_ylim(_n_rows(lost) - 0.4, -0.6)
    if not len(lost):
        axes.set_yticks([])
        axes.set_xticks([])
        axes.text(0.0, 0.9, "none", transform=axes.transAxes, color=style.QUIET, va="top")
        return
    left = 0.0 * lost.sum(axis=1).to_numpy()
    for way in _ways(lost):
        width = lost[way].to_numpy()
        axes.barh(
            range(len(lost)), width, left=left, height=0.66, color=LOSS_COLOURS[way],
            linewidth=0, label=LOSS_NAMES[way],
        )  # fmt: skip
        left = left + width
    axes.set_yticks(range(len(lost)), labels=[str(name) for name in lost.index])
    axes.tick_params(axis="y", labelcolor=style.INK)
    axes.grid(visible=True, axis="x")
    axes.grid(visible=False, axis="y")
    axes.legend(loc="lower right", fontsize=7.0, handlelength=0.8, handleheight=0.8,
                labelspacing=0.35, borderaxespad=0.2)  # fmt: skip


def _ways(lost: pd.DataFrame) -> list[str]:
    """Ways by which enough was lost to be seen, in the order of LOSS_NAMES."""
    return [
        way for way in LOSS_NAMES if way in lost and float(lost[way].sum()) >= LEAST_LOST_USD_BN
    ]


def _n_rows(lost: pd.DataFrame) -> float:
    """Rows of the panel: bars, and room for the legend where a bar would run through it."""
    n_legend = _LEGEND_ROWS * len(_ways(lost))
    n_rows = max(float(len(lost)), _FEWEST_ROWS)
    widths = lost.sum(axis=1).to_numpy()
    behind = widths[max(0, int(n_rows - n_legend)) :]
    return n_rows + (n_legend if (behind > 0.5 * widths.max(initial=0.0)).any() else 0.0)
