"""Bardoscia, Battiston, Caccioli and Caldarelli 2015: DebtRank in full, and when it explodes.

Bardoscia, M., Battiston, S., Caccioli, F. and Caldarelli, G. (2015). DebtRank: A Microscopic
Foundation for Shock Propagation. PLoS ONE 10(6), e0130406.

If claims are marked to the equity of the borrower, every loss is passed on, each time it grows:

    h_i(t+1) = min(1, h_i(t) + sum_j W_ij (h_j(t) - h_j(t-1)))

As long as no bank has lost all, losses are the series h(0) + W h(0) + W^2 h(0) + …: with spectral
radius of W below 1 it ends at (I - W)^-1 h(0), above 1 any shock grows until banks default. The
original DebtRank stops each bank after its first turn and so leaves out what comes round again.

Mapping: `debtrank` in its modes "differential" and "original". Convention: an impact is capped at
1, W_ij = min(1, A_ij / E_i); the paper leaves A_ij / E_i as it is. No impact here exceeds 1.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from abm.contagion import debtrank
from abm.figures import style
from abm.literature.drawn import Banks, draw_banks, two_panels
from abm.literature.paper import Comparison, Paper, Tick, silent
from abm.literature.small_networks import TOLERANCE, Case, case_rows, compare_cases

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

MODES = ("differential", "original")
COLOURS = {"differential": "#B5380B", "original": "#0072B2"}
NAMES = {"differential": "every loss passed on", "original": "each bank passes on once"}

RING_SHOCK = 0.02  # of one of three banks' equity
SEED = 2
N_BANKS = 100
MEAN_DEGREE = 20.0
SIZE_SPREAD = 0.4  # standard deviation of log size
COMMON_SHOCK = 0.005  # of every bank's equity
RADII = (0.1, 2.0)  # spectral radius of the drawn network's impact, by loss given default
TESTED_RADII = (0.5, 0.9)


CASES = (
    Case(
        "chain",
        [[0, 0, 0], [0.5, 0, 0], [0, 0.4, 0]],
        [0.5, 0.3, 0.2],
        [1, 0, 0],
        [1, 0.5, 0.2],
        0.3 * 0.5 + 0.2 * 0.2,
    ),
    # round and round: 0.2 / (1 - 1/8), then half of it, then half of that
    Case(
        "ring",
        [[0, 0, 0.5], [0.5, 0, 0], [0, 0.5, 0]],
        [1 / 3, 1 / 3, 1 / 3],
        [0.2, 0, 0],
        [8 / 35, 4 / 35, 2 / 35],
        1 / 15,
    ),
    # spectral radius 1.43: all lose all
    Case(
        "all to all",
        [[0, 0.6, 0.7], [1, 0, 0.7], [1, 0.6, 0]],
        [0.5, 0.25, 0.25],
        [0.5, 0, 0],
        [1, 1, 1],
        0.75,
    ),
)


def ring(impact: float) -> list[list[float]]:
    """Each of three banks of equity 1 has lent `impact` to the one before it."""
    return [[0.0, 0.0, impact], [impact, 0.0, 0.0], [0.0, impact, 0.0]]


def spectral_radius(exposures: np.ndarray, equity: np.ndarray) -> float:
    """Largest modulus of an eigenvalue of A_ij / E_i."""
    return float(np.abs(np.linalg.eigvals(exposures / equity[:, None])).max())


def findings(quick: bool = False, tick: Tick = silent) -> pd.DataFrame:
    """Losses of the small networks, of a ring by impact, and of 100 drawn banks by spectral radius.

    Columns: part ("case", "ring" or "drawn"), case, bank, distress [share of equity], mode,
    debtrank [share of economic value]; radius [spectral radius of W], and of the drawn banks
    linear [the same loss by (I - W)^-1, nan where it does not hold], defaults [banks] and
    largest_impact [of one borrower on one lender, share of equity].
    """
    rows = case_rows(CASES, "differential") + _ring(np.linspace(0.05, 1.0, 20 if quick else 96))
    banks = draw_banks(SEED, N_BANKS, MEAN_DEGREE, SIZE_SPREAD)
    unit = spectral_radius(banks.claims, banks.equity)
    radii = np.union1d(np.linspace(*RADII, 20 if quick else 77), TESTED_RADII)
    for done, radius in enumerate(radii):
        rows += _drawn(banks, radius / unit, float(radius))
        tick(done + 1, radii.size)
    return pd.DataFrame(rows)


def _ring(impacts: np.ndarray) -> list[dict[str, Any]]:
    """Of the ring the spectral radius is the impact itself."""
    shock, value = [RING_SHOCK, 0.0, 0.0], [1 / 3] * 3
    return [
        {"part": "ring", "mode": mode, "radius": impact, "debtrank": found.value}
        for impact in impacts
        for mode in MODES
        for found in [debtrank(ring(impact), [1.0] * 3, shock, value, mode)]
    ]


def _drawn(banks: Banks, loss_given_default: float, radius: float) -> list[dict[str, Any]]:
    """Every bank loses the same share of equity."""
    exposures = loss_given_default * banks.claims
    value = banks.claims.sum(axis=1) / banks.claims.sum()
    shock = np.full(N_BANKS, COMMON_SHOCK)
    impact = exposures / banks.equity[:, None]
    linear = np.full(N_BANKS, np.nan)
    if radius < 1.0 and impact.max() <= 1.0:
        linear = np.linalg.solve(np.eye(N_BANKS) - impact, shock)
    series = float(value @ (linear - shock)) if linear.max() < 1.0 else np.nan
    rows: list[dict[str, Any]] = []
    for mode in MODES:
        found = debtrank(exposures, banks.equity, shock, value, mode)
        rows.append(
            {
                "part": "drawn",
                "mode": mode,
                "radius": radius,
                "debtrank": found.value,
                "linear": series,
                "defaults": int((found.distress >= 1.0).sum()),
                "largest_impact": float(impact.max()),
            }
        )
    return rows


def compare(table: pd.DataFrame) -> list[Comparison]:
    """Small networks by hand, the ring by its series, the drawn network by a linear solve."""
    small = compare_cases(CASES, table, ", every loss passed on")
    return small + _compare_ring(table) + _compare_linear(table)


def _compare_ring(table: pd.DataFrame) -> list[Comparison]:
    """Of a shock h the ring loses h w / (1 - w) in all, and h (w + w^2 + w^3) on the first turn."""
    drawn = table[table["part"] == "ring"]
    lines = []
    for w in (0.5, 0.9):
        at = drawn[np.isclose(drawn["radius"], w)].set_index("mode")["debtrank"]
        for mode, terms in (("differential", w / (1.0 - w)), ("original", w + w**2 + w**3)):
            quantity = f"ring of impact {w:g}, {NAMES[mode]}: DebtRank"
            expected = RING_SHOCK * terms / 3.0
            computed = float(at.loc[mode])
            lines.append(Comparison(quantity, computed, expected, TOLERANCE, "closed form"))
    return lines


def _compare_linear(table: pd.DataFrame) -> list[Comparison]:
    """Below a spectral radius of 1 the drawn network loses (I - W)^-1 h; above it defaults come."""
    drawn = table[(table["part"] == "drawn") & (table["mode"] == "differential")]
    lines = []
    for radius in TESTED_RADII:
        at = drawn[np.isclose(drawn["radius"], radius)].iloc[0]
        quantity = f"{N_BANKS} drawn banks, spectral radius {radius:g}: DebtRank"
        numbers = float(at["debtrank"]), float(at["linear"])
        lines.append(Comparison(quantity, *numbers, TOLERANCE, "closed form"))
    early = float(drawn[drawn["radius"] < 0.9]["defaults"].max())
    quantity = "banks in default at spectral radius below 0.9"
    return [*lines, Comparison(quantity, early, 0.0, 0.0, "closed form")]


def figure(table: pd.DataFrame) -> Figure:
    """DebtRank against impact in a ring, and against the spectral radius in a drawn network."""
    drawn = table[table["part"] == "drawn"]
    far = drawn[np.isclose(drawn["radius"], 1.5)].set_index("mode")["debtrank"]
    title = (
        f"A loss of {100 * COMMON_SHOCK:g}% of equity grows to"
        f" {100 * far.loc['differential'] + 100 * COMMON_SHOCK:.0f}% once losses come round larger"
        " than they left: passed on once, they never do"
    )
    caption = (
        "Bardoscia et al. (2015). Left: each of three banks has lent to the one before it; one"
        f" loses {100 * RING_SHOCK:g}% of its equity. Right: one drawn network of {N_BANKS} banks"
        f" (seed {SEED}), {MEAN_DEGREE:g} borrowers each; all lose {100 * COMMON_SHOCK:g}% of their"
        " equity, and loss given default sets the spectral radius. Dots: the closed forms"
        " h w/(1 - w) and (I - W)^-1 h."
    )
    headers = ("Ring of three: DebtRank, % of value", "Drawn network: DebtRank, % of value")
    with style.house_style():
        result, panels = two_panels(title, caption, headers)
        _draw_ring(panels[0], table[table["part"] == "ring"])
        _draw_network(panels[1], drawn)
    return result


def _draw_ring(axes: Axes, drawn: pd.DataFrame) -> None:
    for mode in MODES:
        curve = drawn[drawn["mode"] == mode]
        axes.plot(
            curve["radius"], 100 * curve["debtrank"], color=COLOURS[mode], linewidth=1.8,
            label=NAMES[mode],
        )  # fmt: skip
    dots = np.arange(0.1, 0.95, 0.1)
    series = 100 * RING_SHOCK * dots / (1.0 - dots) / 3.0
    axes.plot(dots, series, "o", color=COLOURS["differential"], markersize=3.5)
    axes.set_xlim(0.0, 1.0)
    axes.set_yscale("log")
    axes.set_yticks([0.1, 1.0, 10.0, 100.0], labels=["0.1", "1", "10", "100"])
    axes.tick_params(axis="y", which="minor", length=0)
    axes.set_xlabel("impact of a borrower on its lender, share of equity")
    axes.legend(loc="upper left")


def _draw_network(axes: Axes, drawn: pd.DataFrame) -> None:
    axes.axvline(1.0, color=style.QUIET, linewidth=0.8)
    for mode in MODES:
        curve = drawn[drawn["mode"] == mode]
        axes.plot(curve["radius"], 100 * curve["debtrank"], color=COLOURS[mode], linewidth=1.8)
    dots = drawn[drawn["mode"] == "differential"].dropna(subset="linear").iloc[::4]
    axes.plot(
        dots["radius"], 100 * dots["linear"], "o", color=COLOURS["differential"], markersize=3.5
    )
    axes.text(
        0.98, 0.62, "losses come round\nsmaller than they left", ha="right", fontsize=7.5,
        color=style.QUIET, transform=axes.get_xaxis_transform(), linespacing=1.3,
    )  # fmt: skip
    axes.set_xlim(0.0, RADII[1])
    axes.set_ylim(0.0, 104.0)
    axes.set_xlabel("spectral radius of the impact matrix")


PAPER = Paper(
    name="bardoscia-debtrank",
    citation="Bardoscia, Battiston, Caccioli and Caldarelli 2015, PLoS ONE 10(6), e0130406",
    claim="With every loss passed on, a small shock dies out below a spectral radius of 1 "
    "and ruins the system above it.",
    through=("abm.contagion.debtrank",),
    findings=findings,
    compare=compare,
    figure=figure,
    sampling=f"one network of {N_BANKS} banks, seed {SEED}",
)
