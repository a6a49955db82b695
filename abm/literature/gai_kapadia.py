"""Gai and Kapadia 2010: a robust yet fragile network, and the window in which contagion spreads.

Gai, P. and Kapadia, S. (2010). Contagion in financial networks. Proceedings of the Royal Society A
466.

Of n banks each lends to each other one with the same probability, z borrowers on average. Interbank
assets are the share A of the balance sheet, spread evenly over a bank's j borrowers, capital is the
share K, and a defaulter repays nothing. One bank fails at first; then

    i fails when  A (failed borrowers of i) / j_i  reaches or exceeds  K

A bank is vulnerable if one failure is enough. Contagion can reach a positive share of a large
network where a vulnerable borrower's lenders are, on average, more than one that is vulnerable too,

    sum_j j P(j borrowers) 1[vulnerable with j]  =  z P(Poisson(z) <= J - 1)  >  1

with J the largest number of borrowers at which one failure is enough. The condition is first order:
it says nothing of failures by several borrowers at once.

Mapping: `threshold_cascade`, with no fire sales (q = 1 in the paper). Contagion is failure of more
than 5% of banks, its extent the share of banks that fail when there is contagion.

Conventions: in the paper's figures K = 4% and A = 20%, so that one failure among five takes exactly
the capital. Its solvency condition (1) lets that bank fail (J = 5, tie "fails"), its definition of
a vulnerable bank (3) does not (J = 4, "survives"): both are computed, in whole numbers.
"""

from __future__ import annotations

from math import sqrt
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import scipy.sparse as sp
from scipy.optimize import brentq, minimize_scalar
from scipy.stats import poisson

from abm.contagion import TIES, threshold_cascade
from abm.errors import InvalidInput
from abm.figures import style
from abm.literature.drawn import two_panels
from abm.literature.paper import (
    STANDARD_ERRORS,
    Comparison,
    Paper,
    Tick,
    compare_simulated,
    share_error,
    silent,
)
from abm.words import counted

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

N_BANKS = 1000
CAPITAL, INTERBANK_ASSETS = 4, 20  # per cent of assets
CONTAGION = 0.05  # share of banks beyond which failures count as contagion
SEED = 0
N_DRAWS, N_DRAWS_QUICK = 800, 40
DEGREES = (0.5, 1, 1.25, 1.5, 2, 3, 4, 5, 5.5, 6, 6.5, 7, 7.5, 8, 9, 10)
DEGREES_QUICK = (0.5, 1.5, 3, 5, 7, 9)

#: Contagion of 2,000 draws by mean degree: frequency and extent where a tie survives, and where it
#: fails, by an independent program.
N_EXPECTED = 2000
EXPECTED = {
    0.5: {"survives": (0.0, 0.0), "fails": (0.0, 0.0)},
    1.5: {"survives": (0.518, 0.57970077), "fails": (0.5645, 0.58506200)},
    3: {"survives": (0.7715, 0.94094102), "fails": (0.8835, 0.94112450)},
    5: {"survives": (0.4965, 0.99320846), "fails": (0.842, 0.99315736)},
    7: {"survives": (0.017, 0.99911765), "fails": (0.4185, 0.99912545)},
    9: {"survives": (0.0, 0.0), "fails": (0.011, 0.99995455)},
}
EXTENTS_COMPARED = (1.5, 3, 5)  # mean degrees at which contagion is frequent
WINDOWS = {
    "survives": (1.0207039085137266, 5.764677087161714),
    "fails": (1.0037312313999747, 7.4770801848643815),
}
_ROOT = 1e-9

COLOURS = {"fails": "#B5380B", "survives": "#0072B2"}
NAMES = {
    "fails": "a bank that loses just its capital fails",
    "survives": "a bank that loses just its capital survives",
}


def draw_network(rng: np.random.Generator, n_banks: int, mean_degree: float) -> sp.csr_array:
    """Draw a network: each of n (n - 1) claims is there with probability z / (n - 1)."""
    if n_banks < 2 or not 0.0 <= mean_degree <= n_banks - 1:
        raise InvalidInput(
            f"n_banks = {n_banks}, mean_degree = {mean_degree}: must be at least 2 banks and a mean"
            " degree from 0 to n_banks - 1"
        )
    n_pairs = n_banks * (n_banks - 1)
    n_claims = rng.binomial(n_pairs, mean_degree / (n_banks - 1))
    lender, other = np.divmod(rng.choice(n_pairs, n_claims, replace=False), n_banks - 1)
    borrower = other + (other >= lender)
    return sp.csr_array((np.ones(n_claims), (lender, borrower)), shape=(n_banks, n_banks))


def contagion_window(tie: str) -> tuple[float, float]:
    """Mean degrees between which z P(Poisson(z) <= J - 1) exceeds 1."""
    if tie not in TIES:
        raise InvalidInput(f"tie = {tie!r}: must be {' or '.join(map(repr, TIES))}")
    most = INTERBANK_ASSETS - (tie == "survives")  # in whole numbers: A / J > K is A - 1 >= K J
    largest = most // CAPITAL

    def above_one(z: float) -> float:
        return float(z * poisson.cdf(largest - 1, z)) - 1.0

    peak = float(minimize_scalar(lambda z: -above_one(z), bounds=(0.1, 2.0 * largest)).x)
    low, high = (brentq(above_one, *ends, xtol=1e-14) for ends in ((0.1, peak), (peak, 50.0)))
    return float(low), float(high)


def findings(quick: bool = False, tick: Tick = silent) -> pd.DataFrame:
    """Frequency and extent of contagion by mean degree and tie, and the analytic windows.

    Columns: part ("drawn" or "window"), tie, degree [mean number of borrowers], n_draws,
    frequency [share of draws], n_contagions, extent [mean share of banks that fail in contagion],
    extent_deviation [of one contagion]; low and high [mean degree] of the window.
    """
    rows: list[dict[str, Any]] = [
        {"part": "window", "tie": tie, "low": low, "high": high}
        for tie in TIES
        for low, high in [contagion_window(tie)]
    ]
    degrees = DEGREES_QUICK if quick else DEGREES
    n_draws = N_DRAWS_QUICK if quick else N_DRAWS
    for place, degree in enumerate(degrees):
        failed = _draw_cascades(degree, n_draws, place * n_draws, len(degrees) * n_draws, tick)
        for tie in TIES:
            spread = failed[tie][failed[tie] > CONTAGION]
            rows.append(
                {
                    "part": "drawn",
                    "tie": tie,
                    "degree": float(degree),
                    "n_draws": n_draws,
                    "frequency": spread.size / n_draws,
                    "n_contagions": spread.size,
                    "extent": spread.mean() if spread.size else np.nan,
                    "extent_deviation": spread.std(ddof=1) if spread.size > 1 else np.nan,
                }
            )
    return pd.DataFrame(rows)


def _draw_cascades(
    degree: float, n_draws: int, done: int, total: int, tick: Tick
) -> dict[str, np.ndarray]:
    """Share of banks that fail in each draw, on the same networks for both ties."""
    stream = np.random.SeedSequence(SEED, spawn_key=(round(100 * degree),))
    rng = np.random.Generator(np.random.PCG64(stream))
    failed = {tie: np.empty(n_draws) for tie in TIES}
    for draw in range(n_draws):
        lent = draw_network(rng, N_BANKS, degree)
        first = [int(rng.integers(N_BANKS))]
        for tie in TIES:
            cascade = threshold_cascade(lent, CAPITAL, INTERBANK_ASSETS, first, tie)
            failed[tie][draw] = cascade.failed.mean()
        tick(done + draw + 1, total)
    return failed


def compare(table: pd.DataFrame) -> list[Comparison]:
    """Frequency, extent and window, for both ties."""
    drawn = table[table["part"] == "drawn"]
    windows = table[table["part"] == "window"].set_index("tie")
    lines = []
    for tie in TIES:
        for end, expected in zip(("low", "high"), WINDOWS[tie], strict=True):
            quantity = f"tie {tie}: {end} end of the window, mean degree"
            computed = float(windows[end].loc[tie])
            lines.append(Comparison(quantity, computed, expected, _ROOT, "independent program"))
        by_degree = drawn[drawn["tie"] == tie].set_index("degree")
        for degree, expected_by_tie in EXPECTED.items():
            lines += _compare_point(
                tie, degree, by_degree.loc[[degree]].iloc[0], expected_by_tie[tie]
            )
    return lines


def _compare_point(
    tie: str, degree: float, found: pd.Series, expected: tuple[float, float]
) -> list[Comparison]:
    """Frequency of contagion at one mean degree and, where it is frequent, its extent.

    The extents of both programs are taken to vary from draw to draw as they do here.
    """
    share, extent = float(found["frequency"]), float(found["extent"])
    where = f"tie {tie}, mean degree {degree:g}"
    here = share, share_error(share, int(found["n_draws"]))
    there = expected[0], share_error(expected[0], N_EXPECTED)
    lines = [compare_simulated(f"{where}: frequency of contagion", here, there)]
    if degree in EXTENTS_COMPARED:
        deviation = float(found["extent_deviation"])
        here = extent, deviation / sqrt(float(found["n_contagions"]))
        there = expected[1], deviation / sqrt(N_EXPECTED * expected[0])
        lines.append(compare_simulated(f"{where}: extent of contagion", here, there))
    return lines


def figure(table: pd.DataFrame) -> Figure:
    """Frequency and extent against the mean degree, with the analytic windows."""
    drawn = table[table["part"] == "drawn"]
    at = drawn[(drawn["tie"] == "fails") & (drawn["degree"] == 7.0)].iloc[0]
    title = (
        f"With 7 borrowers a bank {100 * at['frequency']:.0f}% of failures spread at all,"
        f" but then to {100 * at['extent']:.1f}% of banks"
    )
    caption = (
        f"Gai and Kapadia (2010): {N_BANKS:,} banks, claims drawn evenly, interbank assets"
        f" {INTERBANK_ASSETS}% and capital {CAPITAL}% of assets, nothing recovered, no fire sales."
        f" {counted(int(at['n_draws']), 'draw')} a point (seed {SEED}, one stream a mean degree,"
        f" the same networks for both ties); bands are {STANDARD_ERRORS / 2:g} standard errors."
        " Shaded: the analytic window, in red its part that needs a tie to fail."
    )
    headers = (
        "Frequency: share of draws with contagion, %",
        "Extent: share of banks that fail in contagion, %",
    )
    windows = table[table["part"] == "window"].set_index("tie")
    with style.house_style():
        result, panels = two_panels(title, caption, headers)
        for axes, column in zip(panels, ("frequency", "extent"), strict=True):
            for tie in TIES:
                low, high = (float(windows[end].loc[tie]) for end in ("low", "high"))
                axes.axvspan(low, high, color=COLOURS[tie], alpha=0.07, lw=0)
                _draw_curve(axes, drawn[drawn["tie"] == tie], tie, column)
            axes.set(xlim=(0.0, max(DEGREES)), ylim=(0.0, 104.0))
            axes.set_xlabel("mean number of borrowers of a bank")
        panels[1].legend(loc="center right")
    return result


def _draw_curve(axes: Axes, drawn: pd.DataFrame, tie: str, column: str) -> None:
    """Means with their bands; extents only where there was contagion."""
    shown = drawn.dropna(subset=column).sort_values("degree")
    counts = shown["n_draws"] if column == "frequency" else shown["n_contagions"]
    if column == "frequency":
        pairs = zip(shown[column], counts, strict=True)
        errors = np.array([share_error(share, int(n)) for share, n in pairs])
    else:
        errors = (shown["extent_deviation"].fillna(0.0) / np.sqrt(counts)).to_numpy()
    middle, half = 100.0 * shown[column].to_numpy(), 50.0 * STANDARD_ERRORS * errors
    axes.fill_between(
        shown["degree"], np.maximum(middle - half, 0.0), np.minimum(middle + half, 100.0),
        color=COLOURS[tie], alpha=0.25, linewidth=0,
    )  # fmt: skip
    axes.plot(
        shown["degree"], middle, color=COLOURS[tie], linewidth=1.8, marker="o", markersize=3.0,
        label=NAMES[tie],
    )  # fmt: skip


PAPER = Paper(
    name="gai-kapadia",
    citation="Gai and Kapadia 2010, Proceedings of the Royal Society A 466",
    claim="The better connected the banks, the more rarely one failure spreads, "
    "and the more of them it takes when it does.",
    through=("abm.contagion.threshold_cascade",),
    findings=findings,
    compare=compare,
    figure=figure,
    sampling=f"seed {SEED}, {N_DRAWS} draws a point (quick: {N_DRAWS_QUICK})",
)
