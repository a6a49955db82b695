"""A forced sale into a square-root market: one, two or three sales that are their own reason.

After Yann Braouezec and Lakshithe Wagalath 2019, "Strategic fire-sales and price-mediated contagion
in the banking system", European Journal of Operational Research 274(3), 1180-1197 (and 2018, Review
of Finance 22(2), 747-782): a bank that falls short of its capital requirement sells the part s of
its assets at which the requirement holds at the price that the sales make, a fixed point. Their
impact is linear; here it is the square root that Toth et al. 2011, Physical Review X 1, 021006,
find in trades, so that the fold below is this combination's and no table of theirs. Banks start
with capital e per unit held, lose a shock f and must keep m for each unit; n banks alike hold a
unit each and sell s each:

    price fall = k sqrt(n s),    g(s) = min(1, max(0, 1 - (e - f - k sqrt(n s))/m)),    s = g(s)

With y = sqrt(s), c = m - (e - f) the shortfall and K = k sqrt(n) this is m y^2 - K y - c = 0:

    c > 0            one root, y = (K + sqrt(K^2 + 4 m c))/2m; all is sold if it passes 1
    -K^2/4m < c < 0  no sale, and two roots y = (K -+ sqrt(K^2 + 4 m c))/2m, the smaller unstable
    c < -K^2/4m      no sale alone

A root past 1 is full liquidation. The first unit sold moves such a market without bound, so that
with any shortfall, however small, no sale below (K/m)^2 will do.

On our kernels: each bank orders minus its units, whatever the price; value investors with the law
"square-root" take them, fundamental at the price after the shock, and x is read as the return of
one unit, as in Greenwood et al. The law rounds the root off where price falls are below 1e-6. The
lowest equilibrium is reached from no sale, the highest from full liquidation, by iteration that is
monotone since g rises in s. They are the same where the equilibrium is unique.

Conventions: the price fall hits what is sold as well as what is kept; the requirement is per unit,
at the marks before the sale (a margin per contract, a weight on notional), which makes the equation
a quadratic. On what is left at the new marks it is a cubic with the same three regimes.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pandas as pd
from scipy.optimize import brentq

from abm.errors import InvalidInput
from abm.figures import style
from abm.figures.panels import panels, write_header
from abm.literature.paper import Comparison, Paper, Tick, silent
from abm.literature.sales import sales_market, settled
from abm.market import clear_market

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_CAPACITY = 1e-5  # the kernel rounds the root off within a tenth of it
_SETTLED = 1e-11  # move of s
_SAME = 1e-6  # equilibria closer than that are one
_PAST_FOLD = 5e-5  # shock, of the last point before it; iteration is ever slower there
_MAX_ROUNDS = 20_000
_TOLERANCE = 1e-7  # of s, for the rounding of the law
_COLOURS = ("#009E73", style.SIMULATED, "#D55E00")  # of the maps, by shock


class Banks(NamedTuple):
    """Banks alike, each with one unit of the asset."""

    capital: float  # e, per unit before the shock
    requirement: float  # m, per unit kept
    impact: float  # k, price fall when one unit is sold
    n_banks: int = 1


class Equilibria(NamedTuple):
    """Sales at which the requirement holds, share of what each bank has."""

    lower: float
    upper: float
    is_unique: bool


ONE_BANK = Banks(capital=0.12, requirement=0.08, impact=0.06)
SHOCKS = tuple((n + 0.5) / 800 for n in range(56))  # price fall before any sale
MAP_SHOCKS = (0.02, 0.03, 0.04875)
MAP_SALES = tuple((n / 100) ** 2 for n in range(101))

#: Banks, shock -> lowest, unstable and highest equilibrium by hand, y = (K -+ sqrt(K^2 + 4 m c))/2m
#: with c = f - 0.04. One bank, c = -0.01: y = (0.06 -+ 0.02)/0.16; c = 0.00875: y = 0.14/0.16. Two
#: banks, c = -0.02: y = sqrt(2) (0.06 -+ 0.02)/0.16; c = -0.004: the larger y passes 1.
BY_HAND: dict[tuple[int, float], tuple[float, float, float]] = {
    (1, 0.02): (0.0, math.nan, 0.0),
    (1, 0.03): (0.0, 0.0625, 0.25),
    (1, 0.04875): (0.765625, math.nan, 0.765625),
    (1, 0.07): (1.0, math.nan, 1.0),
    (2, 0.02): (0.0, 0.125, 0.5),
    (2, 0.036): (0.0, ((0.0072**0.5 - 0.00592**0.5) / 0.16) ** 2, 1.0),
}


def price_fall(banks: Banks, sale: float) -> float:
    """Price fall when each bank sells `sale` [units], return."""
    sold = np.full((banks.n_banks, 1), sale)
    depth = _CAPACITY / banks.impact**2
    market = sales_market(sold, depth, "square-root", _CAPACITY, lower=-1.0)
    return -float(settled(clear_market(market))[0])


def required_sale(banks: Banks, shock: float, sale: float) -> float:
    """g(s): what each bank must sell when each sells s [share]."""
    capital = banks.capital - shock - price_fall(banks, sale)
    return min(1.0, max(0.0, 1.0 - capital / banks.requirement))


def equilibria(banks: Banks, shock: float) -> Equilibria:
    """Lowest and highest sale that is its own reason, by monotone iteration."""
    _check(banks, shock)
    lower, upper = _iterate(banks, shock, 0.0), _iterate(banks, shock, 1.0)
    return Equilibria(lower, upper, upper - lower <= _SAME)


def unstable_equilibrium(banks: Banks, shock: float) -> float:
    """The sale below which banks come to rest unsold [share]; NaN where there is none.

    g(s) - s is largest at s = (K/2m)^2.
    """
    _check(banks, shock)
    most = min(1.0, banks.n_banks * (banks.impact / (2.0 * banks.requirement)) ** 2)

    def gap(sale: float) -> float:
        return required_sale(banks, shock, sale) - sale

    if required_sale(banks, shock, 0.0) > 0.0 or gap(most) <= 0.0:
        return math.nan
    return float(brentq(gap, 1e-9, most, xtol=1e-12))


def _iterate(banks: Banks, shock: float, sale: float) -> float:
    """The fixed point of s <- g(s); NaN where it does not settle."""
    for _ in range(_MAX_ROUNDS):
        wanted = required_sale(banks, shock, sale)
        if abs(wanted - sale) <= _SETTLED:
            return wanted
        sale = wanted
    return math.nan


def _check(banks: Banks, shock: float) -> None:
    """Refuse what is no bank or no shock, every fault at once."""
    faults = [
        f"{name} = {value}, must be positive and finite"
        for name, value in banks._asdict().items()
        if not 0.0 < value < math.inf
    ]
    if banks.n_banks != int(banks.n_banks):
        faults.append(f"n_banks = {banks.n_banks}, must be a whole number")
    if not 0.0 <= shock < math.inf:
        faults.append(f"shock = {shock}, must be a price fall, not negative")
    if faults:
        raise InvalidInput("no forced sale: " + "; ".join(faults))


def closed_form(banks: Banks, shock: float) -> tuple[float, float, float]:
    """Lowest, unstable and highest equilibrium from the quadratic [share]; NaN: no unstable one."""
    slope = banks.impact * math.sqrt(banks.n_banks)
    shortfall = banks.requirement - (banks.capital - shock)
    inner = slope**2 + 4.0 * banks.requirement * shortfall
    if inner < 0.0:
        return 0.0, math.nan, 0.0
    high = min(1.0, ((slope + math.sqrt(inner)) / (2.0 * banks.requirement)) ** 2)
    if shortfall > 0.0:
        return high, math.nan, high
    low = ((slope - math.sqrt(inner)) / (2.0 * banks.requirement)) ** 2
    return (0.0, low, high) if low < 1.0 else (0.0, math.nan, 0.0)


def findings(quick: bool = False, tick: Tick = silent) -> pd.DataFrame:
    """Equilibria against the shock, and the map s -> g(s) at three shocks.

    Columns: part ("equilibria" or "map"); n_banks; shock (price fall before any sale); sale (of the
    map: s); lower, unstable, upper (shares sold, NaN on map rows and where there is no unstable
    one); is_unique; required (of the map: g(s)).
    """
    shocks = SHOCKS[::4] if quick else SHOCKS
    points = [*BY_HAND, *((n, shock) for n in (1, 2) for shock in shocks)]
    points += [(n, fold(ONE_BANK._replace(n_banks=n)) + _PAST_FOLD) for n in (1, 2)]
    rows: list[dict[str, object]] = []
    for done, (n_banks, shock) in enumerate(points):
        banks = ONE_BANK._replace(n_banks=n_banks)
        rows.append(
            {
                "part": "equilibria", "n_banks": n_banks, "shock": shock,
                **equilibria(banks, shock)._asdict(),
                "unstable": unstable_equilibrium(banks, shock),
            }
        )  # fmt: skip
        tick(done + 1, len(points))
    for shock in MAP_SHOCKS:
        for sale in MAP_SALES:
            required = required_sale(ONE_BANK, shock, sale)
            rows.append(
                {"part": "map", "n_banks": 1, "shock": shock, "sale": sale, "required": required}
            )
    columns = ["part", "n_banks", "shock", "sale", "lower", "unstable", "upper", "is_unique"]
    return pd.DataFrame(rows, columns=[*columns, "required"])


def compare(findings: pd.DataFrame) -> list[Comparison]:
    """Equilibria by hand, and the largest distance from the quadratic over all shocks."""
    found = findings[findings["part"] == "equilibria"]
    lines = []
    for (n_banks, shock), expected in BY_HAND.items():
        row = found[(found["n_banks"] == n_banks) & (found["shock"] == shock)].iloc[0]
        label = f"{n_banks} bank{'s' * (n_banks > 1)}, shock {100 * shock:g}%"
        for name, hand in zip(("lower", "unstable", "upper"), expected, strict=True):
            if not math.isnan(hand):
                text = f"{label}: {name} equilibrium"
                lines.append(Comparison(text, float(row[name]), hand, _TOLERANCE, "by hand"))
    apart = 0.0
    for n_banks, shock, lower, upper in zip(
        *(found[name] for name in ("n_banks", "shock", "lower", "upper")), strict=True
    ):
        lowest, _, highest = closed_form(ONE_BANK._replace(n_banks=int(n_banks)), shock)
        apart = max(apart, abs(lower - lowest), abs(upper - highest))
    text = f"{len(found)} shocks: largest distance from the quadratic"
    return [*lines, Comparison(text, apart, 0.0, _TOLERANCE, "closed form")]


def fold(banks: Banks) -> float:
    """Shock at which a second equilibrium appears, e - m - K^2/4m, by hand."""
    slack = banks.n_banks * banks.impact**2 / (4.0 * banks.requirement)
    return banks.capital - banks.requirement - slack


def figure(findings: pd.DataFrame) -> Figure:
    """The map whose fixed points are the equilibria, and the fold of equilibria in the shock."""
    first, last = fold(ONE_BANK), ONE_BANK.capital - ONE_BANK.requirement
    least = (ONE_BANK.impact / ONE_BANK.requirement) ** 2
    title = (
        f"Between shocks of {100 * first:.1f} and {100 * last:.0f}% a sale and no sale are both "
        f"equilibria: beyond, {100 * least:.0f}% of holdings is the least that will do"
    )
    caption = (
        f"After Braouezec and Wagalath 2019, with square-root impact: capital "
        f"{100 * ONE_BANK.capital:g}, requirement {100 * ONE_BANK.requirement:g}, price fall "
        f"{100 * ONE_BANK.impact:g} by one unit sold, all % of a unit. Prices: clear_market, law "
        "square-root. No draws. Dashed: unstable, banks leave it for the one above or below."
    )
    with style.house_style():
        drawn, axes = panels(title, caption, [(0.05, 0.35), (0.6, 0.37)], 3.1)
        _draw_map(axes[0], findings)
        _draw_fold(axes[1], findings[findings["part"] == "equilibria"])
    return drawn


def _draw_map(axes: Axes, findings: pd.DataFrame) -> None:
    """g(s) at three shocks; equilibria are where it meets the diagonal."""
    ends = [(100.0, "what is expected", style.QUIET)]
    axes.plot([0, 100], [0, 100], color=style.QUIET, linewidth=0.9)
    for shock, colour in zip(MAP_SHOCKS, _COLOURS, strict=True):
        at_shock = findings[(findings["shock"] == shock) & (findings["n_banks"] == 1)]
        line = at_shock[at_shock["part"] == "map"]
        required = 100 * line["required"].to_numpy()
        axes.plot(100 * line["sale"].to_numpy(), required, color=colour, linewidth=1.8, zorder=3)
        ends.append((float(required[-1]), f"shock {100 * shock:g}%", colour))
        found = at_shock[at_shock["part"] == "equilibria"].iloc[0]
        for name in ("lower", "unstable", "upper"):
            share = float(found[name])
            face = style.PAPER if name == "unstable" else colour
            axes.plot(
                100 * share, 100 * share, "o", markersize=6.5, markerfacecolor=face,
                markeredgecolor=colour, zorder=4, clip_on=False,
            )  # fmt: skip
    axes.set_xlim(0, 100)
    axes.set_ylim(0, 100)
    style.label_line_ends(axes, ends)
    axes.set_xlabel("sale expected, % of holdings")
    write_header(axes, "Sale that the requirement asks for, %")


def _draw_fold(axes: Axes, table: pd.DataFrame) -> None:
    """Equilibria against the shock, one bank and two."""
    for n_banks, colour in ((2, "#9CB8D1"), (1, style.SIMULATED)):
        line = table[table["n_banks"] == n_banks].sort_values("shock")
        x = 100 * line["shock"].to_numpy()
        for name in ("lower", "upper"):
            share = 100 * line[name].to_numpy(dtype=float)
            part = share < 1e-4 if name == "lower" else share > 1e-4
            axes.plot(x[part], share[part], color=colour, linewidth=2.0)
        axes.plot(
            x, 100 * line["unstable"].to_numpy(dtype=float), color=colour, linewidth=1.3,
            linestyle=(0, (3, 2)),
        )  # fmt: skip
    axes.axvline(100 * (ONE_BANK.capital - ONE_BANK.requirement), color=style.QUIET, linewidth=0.7,
                 linestyle=(0, (1, 2)), zorder=0)  # fmt: skip
    axes.set_xlim(0, 7.2)
    axes.set_ylim(-2, 104)
    axes.set_xlabel("shock: price fall before any sale, %")
    write_header(axes, "Equilibrium sales, % of holdings")
    axes.text(5.0, 70, "one bank", color=style.SIMULATED, fontsize=8)
    axes.text(1.5, 70, "two banks", color="#7F9FBC", fontsize=8, ha="right")


PAPER = Paper(
    name="braouezec-wagalath",
    citation="After Braouezec and Wagalath 2019, European Journal of Operational Research 274(3)",
    claim="With square-root impact a bank that meets its requirement may have to sell only because "
    "it sells, and one that narrowly misses it must sell much.",
    through=("abm.market.clear_market",),
    findings=findings,
    compare=compare,
    figure=figure,
)
