"""Caccioli, Shrestha, Moore and Farmer 2014: contagion through portfolios that overlap.

Fabio Caccioli, Munik Shrestha, Cristopher Moore and J. Doyne Farmer, "Stability analysis of
financial contagion due to overlapping portfolios", Journal of Banking and Finance 46, 233-245. Each
of N banks holds each of M assets with probability mu/M, so that it has mu assets on average. Of its
assets, worth 1, a fifth is cash and four fifths are split equally over the assets it holds; its
equity is one over its leverage. A bank whose loss exceeds its equity fails and sells all it has,

    price_k = p0_k exp(-alpha x_k),   x_k: share of all that is held of asset k sold so far

and all mark to the new prices: synchronous rounds until no further bank fails. The first push is an
asset that falls to 0.65, or a bank that fails. More than 5% of banks failed is contagion.

On our kernels: failed banks order minus all their units, whatever the price; value investors with a
linear law in logs, of depth (units held in all)/alpha, take them, which is the paper's exponential.
Each round starts at the prices it finds; in logs, steps add up to the whole. No order depends on a
price, so that the 200 assets of all networks of a point clear one by one (`clear_apart`, the kernel
under `clear_market`).

Conventions: N = M = 200 and alpha = 1.0536 (10% sold is a fall of 10%). The bank pushed counts
among the failed. A loss that equals equity but for rounding, as at leverage 25 on seven assets one
of which falls by 0.35, is no failure. Draws have random numbers in common: a larger mu adds
holdings to those that a smaller one has, and both pushes and all leverages meet the same networks.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd
import scipy.sparse as sp

from abm.errors import InvalidInput
from abm.figures import style
from abm.figures.panels import write_header
from abm.literature.paper import Comparison, Paper, Tick, compare_simulated, share_error, silent
from abm.literature.sales import sales_market, settled
from abm.market import clear_apart
from abm.words import counted

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

FloatArray = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]

N_BANKS = N_ASSETS = 200
INVESTED = 0.8  # share of a bank's assets in its portfolio, the rest is cash
ALPHA = 1.0536  # log price fall when all of an asset is sold
FALLEN = 0.65  # price of the asset pushed
_COLOURS = (style.SIMULATED, "#009E73", "#D55E00")  # by leverage
CONTAGION = 0.05  # share of banks failed beyond which it is contagion
_TIE = 1e-12  # relative; a loss that is equity but for rounding

N_DRAWS, N_DRAWS_QUICK = 200, 40
_CHUNK = 20  # draws that go through their rounds together
_FEWEST = 10  # contagious draws that an extent is judged by

PUSHES = ("asset", "bank")
LEVERAGES = (10.0, 20.0, 25.0)
DEGREES = (1.0, 1.5, 2.0, 3.0, 4.0, 6.0, 8.0, 10.0, 12.0, 15.0, 20.0, 30.0)


class Reference(NamedTuple):
    """One point of an independent program, 300 draws: frequency and extent by push."""

    leverage: float
    degree: float
    frequency: tuple[float, float]  # asset, bank
    extent: tuple[float, float]


REFERENCE_DRAWS = 300
REFERENCES = (
    Reference(10, 1, (18 / 300, 21 / 300), (0.0925, 0.09452380952380952)),
    Reference(10, 4, (18 / 300, 5 / 300), (0.828611111111111, 0.8)),
    Reference(10, 12, (0.0, 0.0), (0.0, 0.0)),
    Reference(10, 30, (0.0, 0.0), (0.0, 0.0)),
    Reference(20, 2, (239 / 300, 244 / 300), (0.7978451882845184, 0.8017213114754103)),
    Reference(20, 8, (160 / 300, 24 / 300), (0.9996875, 1.0)),
    Reference(20, 20, (0.0, 0.0), (0.0, 0.0)),
    Reference(25, 1, (51 / 300, 59 / 300), (0.14509803921568626, 0.15677966101694912)),
    Reference(25, 4, (287 / 300, 295 / 300), (0.9814634146341485, 0.9814406779661039)),
    Reference(25, 12, (52 / 300, 0.0), (1.0, 0.0)),
    Reference(25, 30, (0.0, 0.0), (0.0, 0.0)),
)


class Networks(NamedTuple):
    """Portfolios of several draws, one block after the other."""

    holdings: sp.csr_array  # (n_draws x N, n_draws x M) units, worth 1 each before the push
    pushed_asset: npt.NDArray[np.int64]  # (n_draws,) columns
    pushed_bank: npt.NDArray[np.int64]  # (n_draws,) rows


class Draw(NamedTuple):
    """The random numbers of one draw."""

    links: FloatArray  # (N, M) a bank holds an asset where this is below mu/M
    asset: int
    bank: int


def draw(seed: int) -> Draw:
    """The random numbers of one draw, the same for every leverage and degree."""
    rng = np.random.Generator(np.random.PCG64(np.random.SeedSequence(seed)))
    links = rng.random((N_BANKS, N_ASSETS))
    return Draw(links, int(rng.integers(N_ASSETS)), int(rng.integers(N_BANKS)))


def networks(draws: list[Draw], degree: float) -> Networks:
    """Portfolios of all draws at a mean number of assets per bank."""
    if not 0.0 <= degree <= N_ASSETS:
        raise InvalidInput(f"degree = {degree}, must be from 0 to {N_ASSETS} assets a bank")
    if not draws:
        raise InvalidInput("no draws given, must be at least one")
    blocks = []
    for each in draws:
        held = each.links < degree / N_ASSETS
        n_held = np.maximum(held.sum(axis=1), 1)
        blocks.append(sp.csr_array(held * (INVESTED / n_held)[:, None]))
    places = np.arange(len(draws))
    assets = places * N_ASSETS + np.array([each.asset for each in draws])
    banks = places * N_BANKS + np.array([each.bank for each in draws])
    return Networks(sp.csr_array(sp.block_diag(blocks, format="csr")), assets, banks)


def failures(drawn: Networks, leverage: float, push: str) -> BoolArray:
    """Banks failed at the end of the cascade, (n_draws x N,)."""
    if push not in PUSHES or not 1.0 <= leverage < math.inf:
        raise InvalidInput(
            f"push = {push!r}, leverage = {leverage}: "
            f"must be among {', '.join(PUSHES)}, and at least 1 and finite"
        )
    n_banks, n_assets = drawn.holdings.shape
    prices, failed, new = np.ones(n_assets), np.zeros(n_banks, bool), np.zeros(n_banks, bool)
    if push == "asset":
        prices[drawn.pushed_asset] = FALLEN
    else:
        new[drawn.pushed_bank] = True
    issued = drawn.holdings.T @ np.ones(n_banks)
    bearable = (1.0 + _TIE) / leverage
    while True:
        failed |= new
        prices = prices_after(drawn.holdings.T @ new, issued, prices)
        new = ~failed & (drawn.holdings @ (1.0 - prices) > bearable)
        if not new.any():
            return failed


def prices_after(sold: FloatArray, issued: FloatArray, prices: FloatArray) -> FloatArray:
    """Prices once the market has taken what was sold of each asset [units], (n_assets,)."""
    moved = sold > 0.0
    if not moved.any():
        return prices
    after = prices.copy()
    market = sales_market(sold[moved], issued[moved] / ALPHA, start=np.log(prices[moved]))
    after[moved] = np.exp(settled(clear_apart(market)))
    return after


def findings(quick: bool = False, tick: Tick = silent) -> pd.DataFrame:
    """Contagion by leverage, degree (mean number of assets per bank) and push.

    Columns: leverage; degree; push ("asset", "bank"); n_draws; n_contagions; frequency (share of
    draws with more than 5% of banks failed); extent (mean share of banks failed in those, 0 where
    there are none); extent_deviation (its standard deviation over those draws).
    """
    points = sorted({(r.leverage, r.degree) for r in REFERENCES} | _grid(quick))
    n_draws = N_DRAWS_QUICK if quick else N_DRAWS
    shares: dict[tuple[float, float, str], list[float]] = {
        (*point, push): [] for point in points for push in PUSHES
    }
    done, total = 0, n_draws * len(points)
    for draws in _chunks(n_draws):
        drawn: dict[float, Networks] = {}
        for leverage, degree in points:
            if degree not in drawn:
                drawn[degree] = networks(draws, degree)
            for push in PUSHES:
                failed = failures(drawn[degree], leverage, push).reshape(len(draws), -1)
                shares[leverage, degree, push] += failed.mean(axis=1).tolist()
            done += len(draws)
            tick(done, total)
    rows = [(*point, *_frequency_and_extent(np.array(found))) for point, found in shares.items()]
    columns = ["leverage", "degree", "push", "n_draws", "n_contagions", "frequency", "extent"]
    return pd.DataFrame(rows, columns=[*columns, "extent_deviation"])


def _grid(quick: bool) -> set[tuple[float, float]]:
    """Points that the figure draws beside those of the reference."""
    degrees = DEGREES[::2] if quick else DEGREES
    return {(leverage, degree) for leverage in LEVERAGES for degree in degrees}


def _chunks(n_draws: int) -> Iterator[list[Draw]]:
    for first in range(0, n_draws, _CHUNK):
        yield [draw(seed) for seed in range(first, min(first + _CHUNK, n_draws))]


def _frequency_and_extent(shares: FloatArray) -> tuple[int, int, float, float, float]:
    """Of the shares of banks failed, one for each draw: the last five columns."""
    contagions = shares[shares > CONTAGION + _TIE]
    n = contagions.size
    extent = float(contagions.mean()) if n else 0.0
    deviation = float(contagions.std(ddof=1)) if n > 1 else 0.0
    return shares.size, n, n / shares.size, extent, deviation


def compare(findings: pd.DataFrame) -> list[Comparison]:
    """Frequencies and extents of contagion against an independent program.

    Points without any contagion share one line. An extent is judged where both have seen at least
    ten contagions, by the spread over our draws, taken as no less than one bank.
    """
    lines, quiet = [], 0.0
    n_draws = int(findings["n_draws"].iloc[0])
    for reference in REFERENCES:
        for k, push in enumerate(PUSHES):
            point = (findings["leverage"] == reference.leverage) & (findings["push"] == push)
            found = findings[point & (findings["degree"] == reference.degree)].iloc[0]
            frequency = float(found["frequency"])
            if reference.frequency[k] == 0.0:
                quiet = max(quiet, frequency)
                continue
            held = "1 asset" if reference.degree == 1 else f"{reference.degree:g} assets"
            label = f"leverage {reference.leverage:g}, {held}, {push} pushed"
            lines.append(
                compare_simulated(
                    f"{label}: frequency of contagion",
                    (frequency, share_error(frequency, n_draws)),
                    (reference.frequency[k], share_error(reference.frequency[k], REFERENCE_DRAWS)),
                )
            )
            lines += _extent_line(label, found, reference.frequency[k], reference.extent[k])
    lines.append(
        compare_simulated(
            "elsewhere: largest frequency of contagion",
            (quiet, share_error(quiet, n_draws)),
            (0.0, share_error(0.0, REFERENCE_DRAWS)),
        )
    )
    return lines


def _extent_line(label: str, found: pd.Series, frequency: float, extent: float) -> list[Comparison]:
    """The extent at one point, if both have enough contagions to judge it."""
    n_theirs = round(frequency * REFERENCE_DRAWS)
    n_ours = int(found["n_contagions"])
    if min(n_ours, n_theirs) < _FEWEST:
        return []
    deviation = max(float(found["extent_deviation"]), 1.0 / N_BANKS)
    ours = (float(found["extent"]), deviation / math.sqrt(n_ours))
    theirs = (extent, deviation / math.sqrt(n_theirs))
    return [compare_simulated(f"{label}: extent of contagion", ours, theirs)]


def figure(findings: pd.DataFrame) -> Figure:
    """Frequency and extent of contagion against diversification, for both pushes."""
    n_draws = int(findings["n_draws"].iloc[0])
    line = findings[(findings["leverage"] == 20.0) & (findings["push"] == "asset")]
    worst = line.sort_values("frequency").iloc[-1]
    calm = line[(line["degree"] > worst["degree"]) & (line["frequency"] <= CONTAGION)]
    title = (
        f"Contagion has a window: at leverage 20 it comes in {100 * worst['frequency']:.0f}% of "
        f"draws at {worst['degree']:g} assets a bank, hardly ever from {calm['degree'].min():g} on"
    )
    caption = (
        f"Caccioli, Shrestha, Moore and Farmer 2014: {N_BANKS} banks, {N_ASSETS} assets, seeds 0 "
        f"to {n_draws - 1}, {counted(n_draws, 'draw')} a point; contagion: more than 5% of banks "
        f"fail. Bands: two standard errors. Rings: an independent program, {REFERENCE_DRAWS} draws."
        f" Extents of fewer than {_FEWEST} contagions are left out."
    )
    with style.house_style():
        top, bottom = style.title_height(title) + 0.4, style.caption_height(caption) + 0.5
        height, panel, gap = top + 2 * 2.05 + 0.5 + bottom, 2.05, 0.5
        drawn = style.new_figure(height)
        for k, push in enumerate(PUSHES):
            for row, quantity in enumerate(("frequency", "extent")):
                low = bottom + (1 - row) * (panel + gap)
                box = (0.055 + 0.49 * k, low / height, 0.435, panel / height)
                axes = drawn.add_axes(box)
                _draw_lines(axes, findings[findings["push"] == push], quantity, k)
                name = "an asset falls to 0.65" if push == "asset" else "a bank fails"
                what = "Draws with contagion" if row == 0 else "Banks failed in contagion"
                write_header(axes, f"{what}, % ({name})")
                axes.set_xlabel("mean number of assets a bank holds" if row else "")
        style.write_title(drawn, title)
        style.write_caption(drawn, caption)
    return drawn


def _draw_lines(axes: Axes, table: pd.DataFrame, quantity: str, k: int) -> None:
    """One line for each leverage, with its band and the reference's points."""
    for leverage, colour in zip(LEVERAGES, _COLOURS, strict=True):
        line = table[table["leverage"] == leverage].sort_values("degree")
        if quantity == "extent":
            line = line[line["n_contagions"] >= _FEWEST]
        middle, error = line[quantity].to_numpy(), _errors(line, quantity)
        low, high = np.clip(middle - 2 * error, 0, 1), np.clip(middle + 2 * error, 0, 1)
        x = line["degree"].to_numpy()
        axes.fill_between(x, 100 * low, 100 * high, color=colour, alpha=0.16, linewidth=0)
        axes.plot(
            x,
            100 * middle,
            color=colour,
            linewidth=1.6,
            marker="o",
            markersize=2.5,
            label=f"leverage {leverage:g}",
        )
        theirs = [r for r in REFERENCES if r.leverage == leverage]
        if quantity == "extent":
            theirs = [r for r in theirs if r.frequency[k] * REFERENCE_DRAWS >= _FEWEST]
        heights = [100 * getattr(r, quantity)[k] for r in theirs]
        axes.plot(
            [r.degree for r in theirs], heights, "o", markersize=7, markerfacecolor="none",
            markeredgecolor=colour, markeredgewidth=1.1, zorder=4,
        )  # fmt: skip
    axes.set_xscale("log")
    axes.set_xticks([1, 2, 4, 8, 12, 20, 30], ["1", "2", "4", "8", "12", "20", "30"])
    axes.minorticks_off()
    axes.set_xlim(0.9, 33)
    axes.set_ylim(-3, 104)
    if quantity == "frequency" and k == 1:
        axes.legend(loc="upper right", labelcolor="linecolor", handlelength=1.2)


def _errors(line: pd.DataFrame, quantity: str) -> FloatArray:
    """Standard errors of the points of one line."""
    if quantity == "extent":
        spread = line["extent_deviation"].to_numpy() / np.sqrt(line["n_contagions"].to_numpy())
        return np.asarray(spread, dtype=np.float64)
    pairs = zip(line["frequency"], line["n_draws"], strict=True)
    return np.array([share_error(float(share), int(n)) for share, n in pairs])


PAPER = Paper(
    name="caccioli",
    citation="Caccioli, Shrestha, Moore and Farmer 2014, Journal of Banking and Finance 46",
    claim="Contagion through common assets needs some diversification and dies out with much; "
    "within its window it takes nearly all banks, and leverage widens the window.",
    through=("abm.market.clear_apart",),
    findings=findings,
    compare=compare,
    figure=figure,
    sampling=f"seeds 0-{N_DRAWS - 1}, {N_DRAWS} draws a point (quick: {N_DRAWS_QUICK})",
)
