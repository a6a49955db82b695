"""Greenwood, Landier and Thesmar 2015: banks that sell together what they hold in common.

Robin Greenwood, Augustin Landier and David Thesmar, "Vulnerable banks", Journal of Financial
Economics 115(3), 471-485. Bank i holds assets A_i in shares M_ik, on equity E_i, and keeps its debt
over equity at B_i = (A_i - E_i)/E_i. Hit by returns f it sells B_i for each unit of money lost,

    s_ik = M_ik B_i loss_i,   loss_i = -A_i sum_k M_ik f_k,   f2_k = -L_k sum_i s_ik

and every holder of what was sold loses again. Those losses over all equity are the aggregate
vulnerability AV; the part that one bank's sales cause is its systemicness; what a bank loses, over
its own equity, its indirect vulnerability (`abm.measures.vulnerability` has the closed forms).

On our kernels: sales are orders of given units, a unit being one unit of money at the marks before
the sale; value investors with a linear law of depth 1/L_k take them. The paper's impact is linear
in returns, so the kernel's x is read as the return itself and not as a log; no order here depends
on x, and the reading is free. Systemicness is a clearing in which one bank alone sells.

Convention: one round, uncapped, marked at initial holdings, as in the paper. We also go on until
sales die out, in two ways: marked at initial holdings, where rounds sum to the geometric series
T (1 - T)^-1 f with T = L M' A B M; and from what is left, of which no bank can sell more than there
is. What is sold fetches the price after the sale: a round's loss is on what was held before it.
Returns of successive rounds are added. The last round is the one that moves no price by more than
1e-10, the tolerance of the market.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd

from abm.figures import style
from abm.figures.panels import panels, write_header
from abm.literature.paper import Comparison, Paper, Tick, silent
from abm.literature.sales import sales_market, settled
from abm.market import clear_market
from abm.measures.vulnerability import (
    aggregate_vulnerability,
    indirect_vulnerability,
    systemicness,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

FloatArray = npt.NDArray[np.float64]

_MAX_ROUNDS = 400
_ONE_ROUND = "#D55E00"
_EXACT = 1e-12  # relative; sums of a few products
_SUMMED = 1e-8  # of a series cut where a round moves no price by more than 1e-10


class Banks(NamedTuple):
    """A system of banks and its shock."""

    assets: FloatArray  # (n_banks,) money
    equity: FloatArray  # (n_banks,) money
    weights: FloatArray  # (n_banks, n_assets) shares of assets
    impact: FloatArray  # (n_assets,) return per unit of money sold
    returns: FloatArray  # (n_assets,) of the shock


def _banks(
    assets: list[float],
    equity: list[float],
    weights: list[list[float]],
    impact: list[float],
    returns: list[float],
) -> Banks:
    return Banks(*(np.array(values) for values in (assets, equity, weights, impact, returns)))


CASES = {
    "common portfolio": _banks(
        [100, 50], [10, 5], [[0.5, 0.5], [0.5, 0.5]], [0.001, 0.001], [-0.02, 0.0]
    ),
    "partial overlap": _banks(
        [100, 60], [10, 10], [[0.8, 0.2], [0.3, 0.7]], [0.0005, 0.002], [-0.05, -0.01]
    ),
}
SWEPT = "partial overlap"
IMPACT_TIMES = tuple(n / 10 for n in range(1, 31))

#: Quantity, of which bank -> number of an independent program. The first case by hand: returns of
#: -1% at nine of debt to one of equity are sales of 9 and 4.5, 6.75 of each asset, and prices fall
#: by 0.675%: 1.0125 of 15, of which bank 1's sales are two thirds.
EXPECTED = {
    "common portfolio": {
        ("aggregate vulnerability", ""): 0.0675,
        ("systemicness", "bank 1"): 0.045,
        ("systemicness", "bank 2"): 0.0225,
        ("indirect vulnerability", "bank 1"): 0.0675,
        ("indirect vulnerability", "bank 2"): 0.0675,
        ("total over direct loss", ""): 1.675,
    },
    "partial overlap": {
        ("aggregate vulnerability", ""): 0.154455,
        ("systemicness", "bank 1"): 0.12096,
        ("systemicness", "bank 2"): 0.033495,
        ("indirect vulnerability", "bank 1"): 0.1776,
        ("indirect vulnerability", "bank 2"): 0.13131,
        ("total over direct loss", ""): 1.5596195652173914,
    },
}


def returns_of_sales(sold: FloatArray, impact: FloatArray) -> FloatArray:
    """Returns at which the market takes sales (n_banks, n_assets) [money], (n_assets,)."""
    return settled(clear_market(sales_market(sold, 1.0 / impact)))


def wanted_sales(banks: Banks, losses: FloatArray) -> FloatArray:
    """M_ik B_i loss_i: sales that restore leverage after losses (n_banks,), pro rata [money]."""
    debt_over_equity = (banks.assets - banks.equity) / banks.equity
    return banks.weights * (debt_over_equity * losses)[:, None]


def sale_rounds(banks: Banks, depletes: bool) -> FloatArray:
    """Losses over all equity, round by round [share]: the shock's, then those of each sale.

    depletes : losses and sales are of what is left; else of what was held at first
    """
    held = banks.assets[:, None] * banks.weights
    left, returns, lost = held, banks.returns, []
    for _ in range(_MAX_ROUNDS):
        losses = -held @ returns
        lost.append(float(losses.sum() / banks.equity.sum()))
        sold = wanted_sales(banks, losses)
        if depletes:
            held, sold = left, np.minimum(sold, left)
            left = left - sold
        returns = returns_of_sales(sold, banks.impact)
        if not returns.any():
            break
    return np.array(lost)


def multiplier(banks: Banks) -> FloatArray:
    """T: returns of one round that returns of 1 in each asset make, (n_assets, n_assets)."""
    bought = (banks.assets * (banks.assets - banks.equity) / banks.equity)[:, None] * banks.weights
    product: FloatArray = banks.impact[:, None] * (banks.weights.T @ bought)
    return product


def findings(quick: bool = False, tick: Tick = silent) -> pd.DataFrame:
    """Effects of the sales on prices and banks.

    Columns: case; impact_times (the case's price impact times so much); quantity; of (bank or
    asset, or empty); round (0 the shock, else of sales; -1 where there is none); value (shares
    of equity, except "price impact", a return, and "total over direct loss", times).
    """
    rows: list[tuple[str, float, str, str, int, float]] = []
    total = len(CASES) + len(IMPACT_TIMES)
    for done, (name, banks) in enumerate(CASES.items()):
        rows += [(name, 1.0, *row) for row in _one_round(banks)]
        for quantity, depletes in (("marked at first holdings", False), ("what is left", True)):
            for n, lost in enumerate(sale_rounds(banks, depletes)):
                rows.append((name, 1.0, quantity, "", n, float(lost)))
        tick(done + 1, total)
    for done, times in enumerate(IMPACT_TIMES):
        banks = CASES[SWEPT]._replace(impact=times * CASES[SWEPT].impact)
        rows += [(SWEPT, times, quantity, "", -1, value) for quantity, value in _sums(banks)]
        tick(len(CASES) + done + 1, total)
    columns = ["case", "impact_times", "quantity", "of", "round", "value"]
    return pd.DataFrame(rows, columns=columns)


def _one_round(banks: Banks) -> list[tuple[str, str, int, float]]:
    """The paper's measures, the market having cleared the sales of all and of each alone."""
    direct = -banks.assets * (banks.weights @ banks.returns)
    sold = wanted_sales(banks, direct)
    impact = returns_of_sales(sold, banks.impact)
    losses = -banks.assets * (banks.weights @ impact)
    equity = float(banks.equity.sum())
    rows = [("price impact", f"asset {k + 1}", 1, float(r)) for k, r in enumerate(impact)]
    rows.append(("aggregate vulnerability", "", 1, float(losses.sum() / equity)))
    rows.append(("total over direct loss", "", 1, float(1.0 + losses.sum() / direct.sum())))
    for i in range(banks.assets.size):
        alone = returns_of_sales(sold[i : i + 1], banks.impact)
        caused = float(-(banks.assets @ banks.weights) @ alone / equity)
        rows.append(("systemicness", f"bank {i + 1}", 1, caused))
        suffered = float(losses[i] / banks.equity[i])
        rows.append(("indirect vulnerability", f"bank {i + 1}", 1, suffered))
    return rows


def _sums(banks: Banks) -> list[tuple[str, float]]:
    """Losses to sales: of one round, of all rounds from what is left, and the geometric sum."""
    lost = sale_rounds(banks, depletes=True)
    return [
        ("one round", _one_round(banks)[banks.impact.size][3]),
        ("all rounds, from what is left", float(lost[1:].sum())),
        ("geometric sum", geometric_sum(banks)),
    ]


def geometric_sum(banks: Banks) -> float:
    """Losses of all rounds, marked at first holdings, over equity; inf where they do not end."""
    spread = multiplier(banks)
    if max(abs(np.linalg.eigvals(spread))) >= 1.0:
        return float("inf")
    returns = np.linalg.solve(np.eye(len(spread)) - spread, spread @ banks.returns)
    return float(-(banks.assets @ banks.weights) @ returns / banks.equity.sum())


def compare(findings: pd.DataFrame) -> list[Comparison]:
    """One round against an independent program and the closed form; all rounds against theirs."""
    lines = []
    for name, numbers in EXPECTED.items():
        case = findings[(findings["case"] == name) & (findings["impact_times"] == 1.0)]
        for (quantity, who), expected in numbers.items():
            found = _value(case, quantity, who)
            label = f"{name}: {quantity}" + (f" of {who}" if who else "")
            basis = "independent program"
            lines.append(Comparison(label, found, expected, _EXACT * expected, basis))
        for (quantity, who), closed in _closed_forms(CASES[name]).items():
            found = _value(case, quantity, who)
            label = f"{name}: {quantity}" + (f" of {who}" if who else "")
            lines.append(Comparison(label, found, closed, _EXACT * closed, "closed form"))
        rounds = case[(case["quantity"] == "marked at first holdings") & (case["round"] > 0)]
        summed, series = float(rounds["value"].sum()), geometric_sum(CASES[name])
        lines.append(Comparison(f"{name}: all rounds", summed, series, _SUMMED, "closed form"))
        if name == "common portfolio":
            lines.append(Comparison(f"{name}: all rounds", summed, 27 / 130, _SUMMED, "by hand"))
    return lines


def _closed_forms(banks: Banks) -> dict[tuple[str, str], float]:
    """The paper's measures by their equations, by quantity and bank."""
    by_bank = {"systemicness": systemicness, "indirect vulnerability": indirect_vulnerability}
    return {("aggregate vulnerability", ""): aggregate_vulnerability(*banks)} | {
        (quantity, f"bank {i + 1}"): float(value)
        for quantity, measure in by_bank.items()
        for i, value in enumerate(measure(*banks))
    }


def _value(case: pd.DataFrame, quantity: str, who: str) -> float:
    chosen = case[(case["quantity"] == quantity) & (case["of"] == who)]
    return float(chosen["value"].iloc[0])


def figure(findings: pd.DataFrame) -> Figure:
    """Losses that sales cause, round by round, and the distance of one round from the last."""
    case = findings[(findings["case"] == SWEPT) & (findings["impact_times"] == 1.0)]
    direct = _value(case[case["round"] == 0], "what is left", "")
    first = _value(case, "aggregate vulnerability", "")
    left = case[(case["quantity"] == "what is left") & (case["round"] > 0)]["value"].sum()
    title = (
        f"Losses of {100 * direct:.0f}% of equity become {100 * (direct + first):.0f}% once banks "
        f"have sold to restore leverage, and {100 * (direct + left):.0f}% if they go on"
    )
    edge = 1.0 / max(abs(np.linalg.eigvals(multiplier(CASES[SWEPT]))))
    caption = (
        "Greenwood, Landier and Thesmar 2015, vulnerable banks, two banks and two assets (partial "
        "overlap); prices by clear_market with a linear law. No draws. Geometric: all rounds, "
        f"marked at first holdings; beyond {edge:.2f} times the impact they no longer shrink."
    )
    with style.house_style():
        drawn, axes = panels(title, caption, [(0.05, 0.225), (0.34, 0.2), (0.685, 0.21)])
        _draw_banks(axes[0], case)
        _draw_rounds(axes[1], case)
        _draw_sweep(axes[2], findings)
    return drawn


def _draw_banks(axes: Axes, case: pd.DataFrame) -> None:
    """Draw the losses that banks cause and bear."""
    places = np.arange(2)
    quantities = (("systemicness", "caused (of all equity)", style.SIMULATED),
                  ("indirect vulnerability", "suffered (of its own)", "#E69F00"))  # fmt: skip
    for offset, (quantity, name, colour) in zip((-0.2, 0.2), quantities, strict=True):
        heights = [100 * _value(case, quantity, f"bank {i}") for i in (1, 2)]
        bars = axes.bar(places + offset, heights, width=0.36, color=colour, label=name)
        axes.bar_label(bars, fmt="%.1f%%", fontsize=7.0, color=style.INK, padding=2)
    axes.set_ylim(0.0, 24.0)
    axes.set_xticks(places, ["bank 1\nleverage 10", "bank 2\nleverage 6"])
    axes.tick_params(axis="x", length=0)
    axes.legend(loc="upper right", fontsize=7.0, handlelength=0.9)
    write_header(axes, "One round of sales: losses,\n% of equity")


def _draw_rounds(axes: Axes, case: pd.DataFrame) -> None:
    """Losses so far against the round of sales."""
    ends = []
    for quantity, name, colour in (
        ("marked at first holdings", "geometric", style.QUIET),
        ("what is left", "what is left", style.SIMULATED),
    ):
        lost = 100 * case[case["quantity"] == quantity]["value"].to_numpy()[:9].cumsum()
        axes.plot(np.arange(lost.size), lost, color=colour, marker="o", markersize=3.2)
        ends.append((lost[-1], name, colour))
    axes.plot(1, lost[1], "o", color=_ONE_ROUND, markersize=6, zorder=4)
    axes.annotate(
        "one round", (1, lost[1]), (7, -8), textcoords="offset points", color=_ONE_ROUND, fontsize=8
    )
    axes.set_ylim(bottom=0.0)
    axes.set_xlim(-0.3, 8.3)
    axes.set_xlabel("round of sales (0: the shock)")
    axes.set_xticks(range(0, 9, 2))
    style.label_line_ends(axes, ends)
    write_header(axes, "Losses so far, % of equity\n\u00a0")


def _draw_sweep(axes: Axes, findings: pd.DataFrame) -> None:
    """Losses to sales against the price impact: one round, all rounds, and their series."""
    swept = findings[findings["round"] == -1]
    ends = []
    for quantity, name, colour in (
        ("geometric sum", "", style.QUIET),
        ("all rounds, from what is left", "what is left", style.SIMULATED),
        ("one round", "one round", _ONE_ROUND),
    ):
        line = swept[swept["quantity"] == quantity]
        values = 100 * line["value"].to_numpy()
        shown = np.isfinite(values)
        axes.plot(line["impact_times"].to_numpy()[shown], values[shown], color=colour, lw=1.8)
        if name:
            ends.append((values[-1], name, colour))
    axes.text(1.62, 140.0, "geometric", color=style.QUIET, fontsize=8, va="center")
    axes.set_ylim(0.0, 150.0)
    axes.set_xlim(0.0, 3.05)
    axes.axvline(1.0, color=style.QUIET, linewidth=0.7, linestyle=(0, (3, 2)), zorder=0)
    axes.set_xlabel("price impact, times the case's")
    style.label_line_ends(axes, ends)
    write_header(axes, "Losses to sales, % of equity,\nagainst price impact")


PAPER = Paper(
    name="greenwood-landier-thesmar",
    citation="Greenwood, Landier and Thesmar 2015, Journal of Financial Economics 115(3)",
    claim="Banks that sell to restore leverage cause losses to all holders of the same assets, and "
    "one round of sales understates them.",
    through=("abm.market.clear_market",),
    findings=findings,
    compare=compare,
    figure=figure,
)
