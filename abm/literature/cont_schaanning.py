"""Cont and Schaanning 2017: a stress test in which banks must sell what they hold in common.

Rama Cont and Eric Schaanning, "Fire sales, indirect contagion and systemic stress testing", Norges
Bank working paper 2/2017; overlaps and losses also in Cont and Schaanning 2019, "Monitoring
indirect contagion", Journal of Banking and Finance 104, 85-102. Bank i has illiquid assets Theta_i,
marketable ones Pi_ik and capital C_i. When leverage passes lam_max it sells, of all it can sell,

    Gamma_i = min(1, (Theta_i + Pi_i - lam_b C_i)/Pi_i)   if (Theta_i + Pi_i)/C_i > lam_max

which is everything once C_i <= 0. Sales of volume q_k = sum_i Gamma_i Pi_ik take the price S to
S (1 - Psi), with depth D and a floor B below which other buyers stand ready:

    Psi(q, S) = (1 - B/S) (1 - exp(-q/delta)),   delta = D (1 - B/S0),   D = c (ADV/sigma) sqrt(tau)
    loss_i = sum_k ((1 - Gamma_i) + alpha Gamma_i) Pi_ik Psi_k,   alpha = 1/2

Holders lose Psi on what they keep and half of it on what they sell. Rounds go on until no bank
sells.

On our kernels: one unit is one unit of money at the marks before a round, as the paper values q.
The law "cont-schaanning" of the value investors is the inverse of Psi from its fundamental, with
their capacity the log distance to the floor and their depth the slope of volume there. Each round
starts anew at the price it finds, and so do the investors: fundamental log S, capacity log(S/B),
depth delta/(1 - B/S). Selling in two steps is then the same as in one, since the room to the floor
falls by exp(-q/delta); the law turns linear in the last thousandth of the room, and a volume of
more than five delta is therefore sold in tranches. Where less than 1e-8 of the price is left above
the floor, the price is at the floor.

Conventions: alpha = 1/2 (sales fetch the mean of the prices before and after), sales repay debt and
leave the balance sheet, and a bank without capital sells all it has: of these we are less sure than
of Psi and Gamma. S0 = 1 throughout.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd

from abm.errors import InvalidInput
from abm.figures import style
from abm.figures.panels import panels, write_header
from abm.literature.paper import Comparison, Paper, Tick, silent
from abm.literature.sales import sales_market, settled
from abm.market import clear_market

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

FloatArray = npt.NDArray[np.float64]

S0 = 1.0
ALPHA = 0.5  # share of the price fall that what is sold suffers
_TRANCHE = 5.0  # delta; beyond it the law of the market nears its linear end
_AT_FLOOR = 1e-8  # share of the price above the floor; the market settles within 1e-10
_MAX_ROUNDS = 20
_COLOURS = (style.SIMULATED, "#D55E00", "#009E73")
_TOLERANCE = 1e-10  # relative


class Market(NamedTuple):
    """Depth and floor of the marketable assets."""

    depth: FloatArray  # (n_assets,) D, money
    floor: float  # B, with S0 = 1


class Banks(NamedTuple):
    """Balance sheets and the rule of the supervisor."""

    illiquid: FloatArray  # (n_banks,) Theta, money
    marketable: FloatArray  # (n_banks, n_assets) Pi, money
    capital: FloatArray  # (n_banks,) C, money
    leverage_max: float  # above it a bank must sell
    leverage_buffer: float  # to which it then returns


class Round(NamedTuple):
    """One round of sales, and what it leaves."""

    gamma: FloatArray  # (n_banks,) share of marketable assets sold
    volume: FloatArray  # (n_assets,) money at the marks before
    psi: FloatArray  # (n_assets,) relative price fall
    price: FloatArray  # (n_assets,) after
    loss: FloatArray  # (n_banks,) money
    capital: FloatArray  # (n_banks,) after, money
    marketable: FloatArray  # (n_banks, n_assets) after, money


MARKET = Market(np.array([2000.0, 1000.0]), 0.5)
THREE_BANKS = Banks(
    np.array([600.0, 300.0, 250.0]),
    np.array([[200.0, 160.0], [100.0, 80.0], [40.0, 110.0]]),
    np.array([40.0, 20.0, 17.0]),
    33.0,
    31.35,
)
TWO_BANKS = THREE_BANKS._replace(
    illiquid=THREE_BANKS.illiquid[:2],
    marketable=THREE_BANKS.marketable[:2],
    capital=THREE_BANKS.capital[:2],
)
CASES = {"mild": (TWO_BANKS, 0.005), "cascade": (THREE_BANKS, 0.03)}  # and loss of illiquid assets
SHOCKS = tuple(n / 2000 for n in range(1, 101))  # share of illiquid assets lost
DEPTH_TIMES = (1, 2, 4)
DEPTH_EXAMPLE = (1e10, 0.01, 20.0, 0.25)  # volume a day, volatility a day, days, c
VOLUMES = (10.0, 100.0, 500.0, 1e4, 1e9)  # money, at D = 2000, B = 0.5, S = 1

#: Of an independent program.
EXPECTED_PSI = {
    10.0: 0.004975083125416002, 100.0: 0.04758129098202024, 500.0: 0.1967346701436833,
    1e4: 0.49997730003511875, 1e9: 0.5,
}  # fmt: skip
EXPECTED_DEPTH = 1118033988749.895
EXPECTED_TOTALS = {
    "mild": {"initial loss": 4.5, "fire-sale loss": 0.0, "amplification": 1.0, "rounds": 0.0},
    "cascade": {"initial loss": 34.5, "fire-sale loss": 71.79571572949439,
                "amplification": 3.081035238536069, "rounds": 2.0},
}  # fmt: skip
EXPECTED_ROUNDS = {  # of the cascade: (round, quantity, of)
    (1, "share sold", "bank 1"): 0.7008333333333332,
    (1, "share sold", "bank 3"): 0.6311666666666668,
    (1, "volume", "asset 2"): 237.6283333333333,
    (1, "price", "asset 1"): 0.8950891484660379,
    (1, "price", "asset 2"): 0.8108627298914889,
    (1, "capital", "bank 1"): -11.287335068398498,
    (1, "capital", "bank 3"): -7.611466406672449,
    (2, "share sold", "bank 1"): 1.0,
    (2, "price", "asset 1"): 0.8598083872494394,
    (2, "price", "asset 2"): 0.7590744414073533,
    (2, "capital", "bank 1"): -13.58228421251538,
}


def market_depth(volume_per_day: float, volatility: float, days: float, c: float) -> float:
    """D = c (ADV/sigma) sqrt(tau) [money]: sales over `days` at a daily volatility."""
    numbers = {"volume_per_day": volume_per_day, "volatility": volatility, "days": days, "c": c}
    faults = [f"{name} = {x}, must be positive" for name, x in numbers.items() if not 0 < x < 1e300]
    if faults:
        raise InvalidInput("no market depth: " + "; ".join(faults))
    return c * (volume_per_day / volatility) * math.sqrt(days)


def prices_after(volume: FloatArray, price: FloatArray, market: Market) -> FloatArray:
    """Prices once the market has taken the volumes (n_assets,) [money at `price`]."""
    faults = []
    if not (np.isfinite(volume).all() and (volume >= 0.0).all()):
        faults.append(f"volume must not be negative, {volume} given")
    if not (np.isfinite(market.depth).all() and (market.depth > 0.0).all()):
        faults.append(f"depth must be positive, {market.depth} given")
    if not 0.0 < market.floor < S0:
        faults.append(f"floor must be between 0 and {S0:g}, {market.floor} given")
    if faults:
        raise InvalidInput("no sale: " + "; ".join(faults))
    price, left = price.copy(), volume.copy()
    delta = market.depth * (1.0 - market.floor / S0)
    while True:
        room = 1.0 - market.floor / price
        selling = (left > 0.0) & (room > _AT_FLOOR)
        if not selling.any():
            return np.where(left > 0.0, market.floor, price)
        tranche = np.minimum(left, _TRANCHE * delta)[selling]
        before, depth = price[selling], (delta / np.maximum(room, _AT_FLOOR))[selling]
        sale = sales_market(
            tranche, depth, "cont-schaanning", np.log(before / market.floor), np.log(before)
        )
        price[selling] = np.exp(settled(clear_market(sale)))
        left[selling] -= tranche


def share_to_sell(banks: Banks) -> FloatArray:
    """Gamma, share of marketable assets that each bank must sell (n_banks,)."""
    marketable = banks.marketable.sum(axis=1)
    assets = banks.illiquid + marketable
    excess = assets - banks.leverage_buffer * banks.capital
    sellable = np.where(marketable > 0.0, marketable, 1.0)
    gamma = np.where(assets > banks.leverage_max * banks.capital, excess / sellable, 0.0)
    return np.where(marketable > 0.0, np.clip(gamma, 0.0, 1.0), 0.0)


def hit(banks: Banks, illiquid_loss: float) -> Banks:
    """The banks after a loss on illiquid assets [share of them]."""
    lost = illiquid_loss * banks.illiquid
    return banks._replace(illiquid=banks.illiquid - lost, capital=banks.capital - lost)


def sell_in_rounds(banks: Banks, market: Market) -> list[Round]:
    """Rounds of sales until no bank must sell, or has anything to sell."""
    _check(banks)
    price, rounds = np.full(market.depth.size, S0), []
    for _ in range(_MAX_ROUNDS):
        gamma = share_to_sell(banks)
        volume = gamma @ banks.marketable
        if not volume.any():
            break
        after = prices_after(volume, price, market)
        psi = 1.0 - after / price
        loss = (1.0 - gamma + ALPHA * gamma) * (banks.marketable @ psi)
        kept = banks.marketable * (1.0 - gamma)[:, None] * (1.0 - psi)
        banks, price = banks._replace(marketable=kept, capital=banks.capital - loss), after
        rounds.append(Round(gamma, volume, psi, after, loss, banks.capital, kept))
    return rounds


def _check(banks: Banks) -> None:
    """Refuse what are no balance sheets or no rule, every fault at once."""
    n = banks.capital.shape
    checks = {
        f"illiquid must not be negative, {banks.illiquid} given": banks.illiquid >= 0.0,
        f"marketable must not be negative, {banks.marketable} given": banks.marketable >= 0.0,
        f"capital and all else must be finite, capital {banks.capital} given": np.isfinite(
            banks.capital + banks.illiquid.sum() + banks.marketable.sum()
        ),
        f"leverage_buffer = {banks.leverage_buffer}, must be positive and not above leverage_max "
        f"= {banks.leverage_max}": np.array(0.0 < banks.leverage_buffer <= banks.leverage_max),
    }
    faults = [text for text, good in checks.items() if not good.all()]
    if banks.illiquid.shape != n or banks.marketable.shape[:1] != n:
        faults.append(f"illiquid and marketable must have a row for each of {n[0]} banks")
    if faults:
        raise InvalidInput("no banks: " + "; ".join(faults))


def findings(quick: bool = False, tick: Tick = silent) -> pd.DataFrame:
    """Rounds and totals of the cases, losses against the shock, and points of Psi.

    Columns: case ("impact", "depth", "mild", "cascade", or "depth x 1" and so on with the shock
    varied); shock (loss of illiquid assets, share; of the impact points the volume, money); round
    (0: after the shock; -1: totals); quantity; of; value (money, price with S0 = 1, share, times).
    """
    rows: list[tuple[str, float, int, str, str, float]] = []
    one_asset = MARKET._replace(depth=MARKET.depth[:1])
    for volume in VOLUMES:
        price = prices_after(np.array([volume]), np.array([S0]), one_asset)
        rows.append(("impact", volume, -1, "psi", "", 1.0 - float(price[0]) / S0))
    rows.append(("depth", math.nan, -1, "depth", "", market_depth(*DEPTH_EXAMPLE)))
    for name, (banks, shock) in CASES.items():
        rows += [(name, shock, *row) for row in _case_rows(banks, shock)]
        rows += [(name, shock, *row) for row in _totals(banks, shock, MARKET)]
    for done, times in enumerate(DEPTH_TIMES):
        market = MARKET._replace(depth=times * MARKET.depth)
        for n, shock in enumerate(SHOCKS):
            rows += [
                (f"depth x {times}", shock, *row) for row in _totals(THREE_BANKS, shock, market)
            ]
            tick(done * len(SHOCKS) + n + 1, len(DEPTH_TIMES) * len(SHOCKS))
    return pd.DataFrame(rows, columns=["case", "shock", "round", "quantity", "of", "value"])


def _case_rows(banks: Banks, shock: float) -> list[tuple[int, str, str, float]]:
    """Every number of every round of one case."""
    start = hit(banks, shock)
    rows = [(0, "price", f"asset {k + 1}", S0) for k in range(MARKET.depth.size)]
    rows += [(0, "capital", f"bank {i + 1}", float(c)) for i, c in enumerate(start.capital)]
    for n, sale in enumerate(sell_in_rounds(start, MARKET), 1):
        for name, who, values in (
            ("share sold", "bank", sale.gamma), ("volume", "asset", sale.volume),
            ("psi", "asset", sale.psi), ("price", "asset", sale.price),
            ("loss", "bank", sale.loss), ("capital", "bank", sale.capital),
        ):  # fmt: skip
            rows += [(n, name, f"{who} {i + 1}", float(x)) for i, x in enumerate(values)]
    return rows


def _totals(banks: Banks, shock: float, market: Market) -> list[tuple[int, str, str, float]]:
    """Losses of a stress test, all banks together."""
    initial = shock * float(banks.illiquid.sum())
    rounds = sell_in_rounds(hit(banks, shock), market)
    sold = float(sum(sale.loss.sum() for sale in rounds))
    totals = {
        "initial loss": initial,
        "fire-sale loss": sold,
        "amplification": 1.0 + sold / initial,
        "rounds": float(len(rounds)),
    }
    return [(-1, name, "", value) for name, value in totals.items()]


def compare(findings: pd.DataFrame) -> list[Comparison]:
    """Impact, totals and the rounds of the cascade against an independent program."""
    lines = []
    impact = findings[findings["case"] == "impact"].set_index("shock")["value"]
    for volume, expected in EXPECTED_PSI.items():
        label = f"price fall after sales of {volume:,.0f} at depth 2,000"
        lines.append(_line(label, float(impact[volume]), expected))
    depth = findings.loc[findings["case"] == "depth", "value"]
    lines.append(_line("depth of a market of 10 bn a day", float(depth.iloc[0]), EXPECTED_DEPTH))
    for name, totals in EXPECTED_TOTALS.items():
        case = findings[findings["case"] == name]
        for quantity, expected in totals.items():
            lines.append(_line(f"{name}: {quantity}", _value(case, -1, quantity, ""), expected))
    case = findings[findings["case"] == "cascade"]
    for (n, quantity, who), expected in EXPECTED_ROUNDS.items():
        label = f"cascade, round {n}: {quantity}, {who}"
        lines.append(_line(label, _value(case, n, quantity, who), expected))
    return lines


def _line(label: str, computed: float, expected: float) -> Comparison:
    return Comparison(label, computed, expected, _TOLERANCE * abs(expected), "independent program")


def _value(case: pd.DataFrame, n: int, quantity: str, who: str) -> float:
    chosen = case[(case["round"] == n) & (case["quantity"] == quantity) & (case["of"] == who)]
    return float(chosen["value"].iloc[0])


def first_to_sell(banks: Banks) -> float:
    """Loss of illiquid assets beyond which some bank must sell [share], by hand.

    Theta (1 - e) + Pi = lam_max (C - e Theta)
    """
    assets = banks.illiquid + banks.marketable.sum(axis=1)
    slack = banks.leverage_max * banks.capital - assets
    return float((slack / ((banks.leverage_max - 1.0) * banks.illiquid)).min())


def figure(findings: pd.DataFrame) -> Figure:
    """The cascade round by round, and how a larger first loss turns into sales."""
    swept = findings[(findings["case"] == "depth x 1") & (findings["quantity"] == "amplification")]
    threshold = first_to_sell(THREE_BANKS)
    title = (
        f"A loss of {100 * threshold:.1f}% of illiquid assets forces no sale: just above, "
        f"forced sales make it {swept['value'].max():.1f} times as much"
    )
    caption = (
        "Cont and Schaanning 2017, three banks and two marketable assets; left and middle: a loss "
        "of 3% of illiquid assets. Prices by clear_market with the law cont-schaanning. No draws. "
        "Amplification: losses with sales over losses without."
    )
    with style.house_style():
        drawn, axes = panels(title, caption, [(0.055, 0.175), (0.345, 0.175), (0.64, 0.225)])
        case = findings[findings["case"] == "cascade"]
        axes[0].set_ylim(0.4, 1.02)
        _draw_rounds(axes[0], case, "price", "Price, 1 before the shock\n\u00a0")
        axes[0].axhline(MARKET.floor, color=style.QUIET, linewidth=0.8, linestyle=(0, (3, 2)))
        axes[0].text(0, MARKET.floor - 0.012, "floor", va="top", fontsize=7.0, color=style.QUIET)
        _draw_rounds(axes[1], case, "capital", "Capital, money\n\u00a0")
        axes[1].axhline(0.0, color=style.INK, linewidth=0.8)
        _draw_sweep(axes[2], findings, threshold)
    return drawn


def _draw_rounds(axes: Axes, case: pd.DataFrame, quantity: str, header: str) -> None:
    """One line for each asset or bank, against the round."""
    ends = []
    for (who, line), colour in zip(
        case[case["quantity"] == quantity].groupby("of"), _COLOURS, strict=False
    ):
        values = line.sort_values("round")["value"].to_numpy()
        axes.plot(np.arange(values.size), values, color=colour, marker="o", markersize=3.5)
        ends.append((float(values[-1]), str(who), colour))
    axes.set_xticks(range(3), ["shock", "1", "2"])
    axes.set_xlim(-0.2, 2.15)
    axes.set_xlabel("round of sales")
    style.label_line_ends(axes, ends)
    write_header(axes, header)


def _draw_sweep(axes: Axes, findings: pd.DataFrame, threshold: float) -> None:
    """Amplification against the first loss, for markets of several depths."""
    ends = []
    for times, colour in zip(DEPTH_TIMES, _COLOURS, strict=True):
        case = findings[findings["case"] == f"depth x {times}"]
        line = case[case["quantity"] == "amplification"]
        shown = 100 * line["shock"].to_numpy(), line["value"].to_numpy()
        axes.plot(*shown, color=colour, linewidth=1.8)
        ends.append((float(shown[1][-1]), f"depth x {times}", colour))
    axes.axvline(100 * threshold, color=style.QUIET, linewidth=0.8, linestyle=(0, (3, 2)))
    axes.text(
        100 * threshold - 0.08, 4.55, "no forced\nsales", ha="right", va="top", fontsize=7.0,
        color=style.QUIET, linespacing=1.2,
    )  # fmt: skip
    axes.set_xlim(0.0, 5.05)
    axes.set_ylim(0.0, 4.7)
    axes.set_xlabel("first loss, % of illiquid assets")
    style.label_line_ends(axes, ends)
    write_header(axes, "Amplification of losses, times\n\u00a0")


PAPER = Paper(
    name="cont-schaanning",
    citation="Cont and Schaanning 2017, Norges Bank working paper 2/2017",
    claim="Below a threshold a shock has its direct loss only; above it forced sales of common "
    "holdings multiply the loss at once.",
    through=("abm.market.clear_market",),
    findings=findings,
    compare=compare,
    figure=figure,
)
