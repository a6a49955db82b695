"""Battiston, Puliga, Kaushik, Tasca and Caldarelli 2012: DebtRank, too central to fail.

Battiston, S., Puliga, M., Kaushik, R., Tasca, P. and Caldarelli, G. (2012). DebtRank: Too Central
to Fail? Financial Networks, the FED and Systemic Risk. Scientific Reports 2, 541.

A bank that loses the share h_j of its equity is worth less to those who lent to it, well before it
defaults. With W_ij = min(1, A_ij / E_i) the impact of borrower j on lender i,

    h_i(t) = min(1, h_i(t-1) + sum_j W_ij h_j(t-1))     over j that came into distress one step ago
    DebtRank = sum_i v_i (h_i(end) - h_i(0))

Each bank passes its distress on once and is inactive from then on, so that no walk along the claims
goes over the same bank twice and the measure stays finite in a ring.

Mapping: `debtrank` in its mode "original". Value is relative economic value v: each bank's share of
all that was lent. In the drawn network a claim counts with its loss given default.

Conventions: the initial distress is not counted; any initial distress is passed on in the first
step, however small.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from abm.contagion import debtrank
from abm.figures import style
from abm.literature.drawn import draw_banks, two_panels
from abm.literature.paper import Comparison, Paper, Tick, silent
from abm.literature.small_networks import Case, case_rows, compare_cases

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

SEED = 2
N_BANKS = 100
LOSS_GIVEN_DEFAULT = 0.3  # of a claim
N_SHOWN = 20  # banks of highest DebtRank


CASES = (
    # 1 to 0.5 to 0.5 x 0.4
    Case(
        "chain",
        [[0, 0, 0], [0.5, 0, 0], [0, 0.4, 0]],
        [0.5, 0.3, 0.2],
        [1, 0, 0],
        [1, 0.5, 0.2],
        0.3 * 0.5 + 0.2 * 0.2,
    ),
    # 0.2, 0.1, 0.05, and 0.025 back to where it began, which passes nothing on again
    Case(
        "ring",
        [[0, 0, 0.5], [0.5, 0, 0], [0, 0.5, 0]],
        [1 / 3, 1 / 3, 1 / 3],
        [0.2, 0, 0],
        [0.225, 0.1, 0.05],
        (0.025 + 0.1 + 0.05) / 3,
    ),
    # both others lose 0.5; then bank 0 has 0.5 + 0.5 (0.6 + 0.7), capped at 1
    Case(
        "all to all",
        [[0, 0.6, 0.7], [1, 0, 0.7], [1, 0.6, 0]],
        [0.5, 0.25, 0.25],
        [0.5, 0, 0],
        [1, 0.85, 0.8],
        0.5 * 0.5 + 0.25 * 0.85 + 0.25 * 0.8,
    ),
)


def findings(quick: bool = False, tick: Tick = silent) -> pd.DataFrame:
    """DebtRank of the small networks, and of each of 100 drawn banks when it alone defaults.

    Columns: part ("case" or "bank"), case, bank, distress [share of equity lost in the end],
    debtrank [share of economic value]; of the drawn banks size [share of economic value],
    n_defaults [other banks that lose all] and of_defaults [part of the DebtRank lost at those].
    """
    rows = case_rows(CASES, "original")
    banks = draw_banks(SEED, N_BANKS)
    exposures = LOSS_GIVEN_DEFAULT * banks.claims
    value = exposures.sum(axis=1) / exposures.sum()
    every = 4 if quick else 1
    for bank in range(0, N_BANKS, every):
        shock = np.zeros(N_BANKS)
        shock[bank] = 1.0
        found = debtrank(exposures, banks.equity, shock, value)
        lost_all = (found.distress >= 1.0) & (shock == 0.0)
        rows.append(
            {
                "part": "bank",
                "bank": bank,
                "debtrank": found.value,
                "size": value[bank],
                "n_defaults": int(lost_all.sum()),
                "of_defaults": float(value[lost_all].sum()),
            }
        )
        tick(bank + every, N_BANKS)
    return pd.DataFrame(rows)


def compare(table: pd.DataFrame) -> list[Comparison]:
    """DebtRank and distress of the small networks, by hand."""
    return compare_cases(CASES, table)


def figure(table: pd.DataFrame) -> Figure:
    """DebtRank against size, and how much of it is lost at banks that never default."""
    drawn = table[table["part"] == "bank"].sort_values("debtrank", ascending=False)
    first = drawn.iloc[0]
    title = (
        f"The default of one bank, {100 * first['size']:.0f}% of all lending, costs others"
        f" {100 * first['debtrank']:.0f}% of the system's value,"
        f" though only {first['n_defaults']:.0f} of them default"
    )
    caption = (
        f"Battiston et al. (2012) on one drawn network of {N_BANKS} banks (seed {SEED}): sizes"
        " lognormal, interbank claims or debts a quarter of the balance sheet, capital 3 to 9% of"
        f" assets, loss given default {100 * LOSS_GIVEN_DEFAULT:g}%. Each bank in turn loses all"
        " its equity; DebtRank leaves out that first loss. Left without banks that lend or owe"
        " nothing."
    )
    headers = (
        "DebtRank of each bank, % of economic value",
        f"DebtRank of the first {N_SHOWN}, % of economic value",
    )
    with style.house_style():
        result, panels = two_panels(title, caption, headers)
        _draw_sizes(panels[0], drawn)
        _draw_parts(panels[1], drawn.head(N_SHOWN))
    return result


def _draw_sizes(axes: Axes, drawn: pd.DataFrame) -> None:
    """One dot a bank, and the line on which importance would be size."""
    shown = drawn[(drawn["size"] > 0.0) & (drawn["debtrank"] > 0.0)]
    size, rank = 100.0 * shown["size"], 100.0 * shown["debtrank"]
    axes.scatter(size, rank, s=16, color=style.SIMULATED, alpha=0.75, linewidth=0, zorder=3)
    ends = (0.8 * size.min(), 1.4 * size.max())
    axes.plot(ends, ends, color=style.QUIET, linewidth=0.8)
    axes.text(
        ends[1], 0.04 * ends[1], "line: as much\nas its size", ha="right", va="top", fontsize=7.5,
        color=style.QUIET,
    )  # fmt: skip
    axes.set(xscale="log", yscale="log", xlabel="size, % of economic value (share of all lending)")
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_formatter(lambda percent, _: f"{percent:g}")
    axes.tick_params(which="minor", length=0)


def _draw_parts(axes: Axes, shown: pd.DataFrame) -> None:
    """Bars of DebtRank: lost at banks that default, and at banks that only lose part."""
    places = np.arange(1, len(shown) + 1)
    at_defaults = 100.0 * shown["of_defaults"].to_numpy(dtype=float)
    whole = 100.0 * shown["debtrank"].to_numpy(dtype=float)
    axes.bar(places, at_defaults, color="#B5380B", width=0.8, label="at banks that default too")
    axes.bar(
        places,
        whole - at_defaults,
        bottom=at_defaults,
        color="#56B4E9",
        width=0.8,
        label="at banks that lose part of their equity",
    )
    axes.set_xticks([1, *range(5, len(shown) + 1, 5)])
    axes.set_ylim(0.0, 1.3 * whole.max())
    axes.set_xlabel("banks by DebtRank")
    axes.legend(loc="upper right")


PAPER = Paper(
    name="battiston-debtrank",
    citation="Battiston, Puliga, Kaushik, Tasca and Caldarelli 2012, Scientific Reports 2, 541",
    claim="The cost of a bank's distress to others, long before they default, "
    "can be many times its size.",
    through=("abm.contagion.debtrank",),
    findings=findings,
    compare=compare,
    figure=figure,
    sampling=f"one network of {N_BANKS} banks, seed {SEED}",
)
