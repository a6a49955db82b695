"""Brunnermeier and Pedersen 2009, Review of Financial Studies 22: margin and loss spirals.

Customers sell Z units of an asset worth v and take them back as it gets cheap, so speculators hold
x = Z - c (v - p). They would hold more, up to p = v, but must put up the margin m on every unit:

    m(p) x = W_0 + eta + x_0 (p - p_0),    m(p) = m_0 + theta (p_0 - p)

with x_0 what they held at the last price p_0, and eta a shock to their funding. Then

    dp/deta = 1 / (c m + x m'(p) - x_0),    m'(p) = -theta

against 1/(c m) without spirals. A fall in the price takes wealth (x_0 > 0, the loss spiral) and
raises margins (theta > 0, the margin spiral): more is sold, and the price falls again. At a
denominator of zero the spiral has no end short of another price at which the market rests.

On our kernels: the speculators are an institution with wealth W_0 + eta + x_0 (p - p_0) and target
share p/m(p), the leverage that the margin allows, and speed 1; customers are value investors with
a linear law; v is the upper price limit, at which funding no longer binds. Speculators order at the
last price (impact mode "frozen"), the market clears, they are marked to the new price, and order
again: one clearing is one turn of the spiral, the turns add up to the multiplier,

    1 + (x_0 + theta x)/(c m) + ((x_0 + theta x)/(c m))^2 + ...

and their limit solves the equations above. Customers' demand is linear in the price, the law of
value investors in its log: each turn takes the tangent at the last price, which in the limit is
exact. Where x_0 + theta x is positive, turns go one way only and end at the first price on it;
where it is negative they alternate, and end if it is above -c m. Margins also ease with a rise
above p_0; speculators without wealth hold nothing.
"""

from __future__ import annotations

from itertools import product
from math import sqrt
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pandas as pd

from abm.errors import InvalidInput
from abm.figures import style
from abm.figures.panels import panels
from abm.literature.paper import Comparison, Paper, Tick, silent
from abm.market import ClearingProblem, clear_market

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_STEP = 1e-5  # funding shock, money, up and down, of a measured response
_STILL = 1e-15  # log; a turn that moves the price by less is the last
_MOST_TURNS = 20_000
_TOLERANCE = 1e-8  # relative


class Spiral(NamedTuple):
    """One market of customers and speculators; prices and margins in money per unit."""

    margin: float  # m_0, at the last price
    margin_sensitivity: float  # theta, rise of the margin per fall of the price
    customer_slope: float  # c, units per unit of price
    fundamental: float  # v
    customer_supply: float  # Z, units
    wealth: float  # W_0, money, at the last price
    position: float  # x_0, units held at the last price
    last_price: float  # p_0


class Rest(NamedTuple):
    """The end of the spiral."""

    price: float
    position: float  # of speculators, units
    margin: float  # per unit
    turns: int  # clearings until the price stood still
    ended: bool  # False after 20,000 turns that all moved the price


CASES = {
    "constant margin": Spiral(0.2, 0.0, 20.0, 1.0, 4.0, 0.55, 1.5, 0.95),
    "rising margin": Spiral(0.2, 0.2, 20.0, 1.0, 4.0, 0.55, 1.5, 0.95),
}

#: What is compared: columns of the findings, and what a reader calls them.
_WORDS = {
    "price": "price",
    "position": "speculators' position, units",
    "margin": "margin per unit",
    "response": "price response to funding",
    "no_spiral": "response without spirals",
    "multiplier": "multiplier",
}
#: In that order, by an independent program that solves the two equations for the price.
EXPECTED = {
    "constant margin": (0.93, 2.6, 0.2, 0.4, 0.25, 1.6),
    "rising margin": (0.925, 2.5, 0.205, 0.47619047619, 0.24390243902, 1.95238095238),
}

#: A market at rest at its last price, for the figure: speculators hold 3 units and put up all
#: their wealth of 0.6. Without spirals a loss of 1 moves the price by 0.25.
AT_REST = Spiral(0.2, 0.0, 20.0, 1.0, 4.0, 0.6, 3.0, 0.95)
MARKETS = {
    "no spiral": AT_REST._replace(position=0.0),
    "loss spiral": AT_REST,
    "margins rise": AT_REST._replace(margin_sensitivity=0.2),
    "margins rise fast": AT_REST._replace(margin_sensitivity=0.5),
}
SENSITIVITIES = (0.0, 0.2, 0.5)
POSITIONS: tuple[float, ...] = (-2.0, -1.0, 0.0, 1.0, 2.0, 3.0, 3.5)
FIRST_LOSS = 1e-4  # money; also that of which the turns are shown
LOSSES: tuple[float, ...] = (0.01, 0.02, 0.03, 0.05, 0.07, 0.09, 0.11, 0.13, 0.15, 0.16)
N_TURNS = 24
#: Roots of (0.2 + theta u)(3 - 20 u) = 0.6 - L - 3 u in the fall u, with L the first loss.
AFTER_FIRST_LOSS = {
    "margins rise": 0.95 - (sqrt(0.1616) - 0.4) / 8.0,
    "margins rise fast": 0.95 - (0.5 + sqrt(0.254)) / 20.0,
}


def check(spiral: Spiral) -> None:
    """InvalidInput names every number that makes no market."""
    s = spiral
    faults = [f"{n} = {v}: must be finite" for n, v in s._asdict().items() if not np.isfinite(v)]
    for name in ("margin", "customer_slope", "fundamental", "last_price"):
        if getattr(s, name) <= 0.0:
            faults.append(f"{name} = {getattr(s, name)}: must be above 0")
    if s.last_price > s.fundamental:
        faults.append(f"last_price = {s.last_price}: must not exceed fundamental, {s.fundamental}")
    most = s.customer_slope * s.fundamental
    if s.customer_supply < 0.0 or s.customer_supply >= most:
        faults.append(f"customer_supply = {s.customer_supply}: must be from 0 to below {most}")
    if not faults:
        alone = s.fundamental - s.customer_supply / s.customer_slope
        least = min(margin_at(s, alone), margin_at(s, s.fundamental))
        if not least > 0.0:
            words = f"must leave a margin above 0 from price {alone:g} to {s.fundamental:g}"
            faults.append(f"margin_sensitivity = {s.margin_sensitivity}: {words}")
        lowest = -s.customer_slope * least - min(s.margin_sensitivity, 0.0) * s.customer_supply
        if not s.position > lowest:
            faults.append(f"position = {s.position}: must be above {lowest:g}, or turns diverge")
    if faults:
        raise InvalidInput("not a market with margins:", *(f"  {fault}" for fault in faults))


def margin_at(spiral: Spiral, price: float) -> float:
    """Margin m(p) = m_0 + theta (p_0 - p) [money per unit]."""
    return spiral.margin + spiral.margin_sensitivity * (spiral.last_price - price)


def turn(spiral: Spiral, funding_shock: float, price: float) -> float:
    """The next price: speculators marked to `price` and margined there, and the market cleared."""
    s = spiral
    start, depth = np.log(price), s.customer_slope * price
    column = {
        "external": s.position - s.customer_supply,
        "value_depth": depth,
        "fundamental": start + (s.fundamental - price) / price,
        "start": start,
        "lower": np.log(1e-6 * s.fundamental),
        "upper": np.log(s.fundamental),
        **_SAME_FOR_ALL,
        **dict.fromkeys(_ABSENT, 0.0),
    }
    problem = ClearingProblem(
        holdings=np.full((1, 1), s.position),
        cash=np.full(1, s.wealth + funding_shock - s.position * s.last_price),
        targets=np.full((1, 1), price / margin_at(s, price)),
        orders=np.zeros((1, 1)),
        law="linear",
        impact_mode="frozen",
        **{name: np.full(1, value) for name, value in column.items()},
    )
    cleared = clear_market(problem)
    assert cleared.status != "failed", "no price"
    if cleared.status == "limit":
        return s.fundamental
    # The kernel rests within 1e-10 of its price; what is left over says where in between.
    return float(np.exp(cleared.log_prices[0] + cleared.excess[0] / depth))


_ABSENT = (
    "resident", "value_held_open", "value_held", "dealer_held", "dealer_depth", "dealer_reference",
)  # fmt: skip
_SAME_FOR_ALL = {"speed": 1.0, "quote": -1.0, "value_capacity": 1.0, "value_speed": 1.0}


def follow_spiral(
    spiral: Spiral, funding_shock: float = 0.0, most_turns: int = _MOST_TURNS
) -> list[float]:
    """Prices turn by turn from the last price, until a turn moves nothing (or `most_turns`)."""
    check(spiral)
    prices = [spiral.last_price]
    while len(prices) <= most_turns:
        prices.append(turn(spiral, funding_shock, prices[-1]))
        if abs(prices[-1] - prices[-2]) <= _STILL * prices[-1]:
            return prices
    return prices


def rest(spiral: Spiral, funding_shock: float = 0.0) -> Rest:
    """The end of the spiral that a funding shock sets off at the last price."""
    prices = follow_spiral(spiral, funding_shock)
    price, n_turns, margin = prices[-1], len(prices) - 1, margin_at(spiral, prices[-1])
    wealth = spiral.wealth + funding_shock + spiral.position * (price - spiral.last_price)
    position = min(max(wealth, 0.0) / margin, spiral.customer_supply)  # at v funding is slack
    return Rest(price, position, margin, n_turns, n_turns < _MOST_TURNS)


def response(spiral: Spiral) -> float:
    """Price response to funding, dp/deta [price per money], measured by clearing."""
    return (rest(spiral, _STEP).price - rest(spiral, -_STEP).price) / (2.0 * _STEP)


def without_spirals(spiral: Spiral, at: Rest) -> Spiral:
    """The same market at rest at `at`, with nothing marked to market and a fixed margin."""
    return spiral._replace(
        margin=at.margin,
        margin_sensitivity=0.0,
        wealth=at.margin * at.position,
        position=0.0,
        last_price=at.price,
    )


def multiplier_formula(spiral: Spiral, position: float, margin: float) -> float:
    """1 / (1 - (x_0 + theta x)/(c m)) at a rest point; infinite where the spiral has no end."""
    pressure = spiral.position + spiral.margin_sensitivity * position
    share = pressure / (spiral.customer_slope * margin)
    return 1.0 / (1.0 - share) if share < 1.0 else np.inf


def findings(quick: bool = False, tick: Tick = silent) -> pd.DataFrame:
    """All markets of the paper's argument, one row for each market or turn.

    Columns: experiment ("case", "multiplier", "loss", "turn"), market, margin_sensitivity,
    initial_position (units), loss (money), turn; price, position (units), margin (money per unit)
    at rest; response and no_spiral (price per money, measured), multiplier (their ratio), formula;
    turns and whether they ended. NaN is not measured.
    """
    every = slice(1, None, 2) if quick else slice(None)
    rows = [_measured("case", name, spiral) for name, spiral in CASES.items()]
    for sensitivity, position in product(SENSITIVITIES, POSITIONS[every]):
        spiral = AT_REST._replace(margin_sensitivity=sensitivity, position=position)
        if np.isfinite(multiplier_formula(spiral, AT_REST.position, AT_REST.margin)):
            rows.append(_measured("multiplier", f"theta {sensitivity:g}", spiral))
    tick(1, 3)
    for (name, spiral), loss in product(MARKETS.items(), (FIRST_LOSS, *LOSSES[every])):
        label = _label("loss", name, spiral) | {"loss": loss}
        rows.append(label | rest(spiral, -loss)._asdict())
    tick(2, 3)
    for name, spiral in MARKETS.items():
        prices = follow_spiral(spiral, -FIRST_LOSS, N_TURNS)
        prices += prices[-1:] * (N_TURNS + 1 - len(prices))
        label = _label("turn", name, spiral) | {"loss": FIRST_LOSS}
        rows += [label | {"turn": n, "price": price} for n, price in enumerate(prices)]
    tick(3, 3)
    return pd.DataFrame(rows)


def _label(experiment: str, market: str, spiral: Spiral) -> dict[str, Any]:
    """The subject of a row of the findings."""
    return {
        "experiment": experiment,
        "market": market,
        "margin_sensitivity": spiral.margin_sensitivity,
        "initial_position": spiral.position,
    }


def _measured(experiment: str, market: str, spiral: Spiral) -> dict[str, Any]:
    """A row with the response to funding, with and without spirals."""
    at = rest(spiral)
    full, first = response(spiral), response(without_spirals(spiral, at))
    measured = {
        "response": full,
        "no_spiral": first,
        "multiplier": full / first,
        "formula": multiplier_formula(spiral, at.position, at.margin),
    }
    return _label(experiment, market, spiral) | at._asdict() | measured


def compare(findings: pd.DataFrame) -> list[Comparison]:
    """The two cases beside an independent program; multipliers and the far end in closed form."""
    lines = []
    cases = findings[findings["experiment"] == "case"].set_index("market")
    for case, expected in EXPECTED.items():
        for (name, words), value in zip(_WORDS.items(), expected, strict=True):
            number = (float(cases[name].loc[case]), value, _TOLERANCE * abs(value))
            lines.append(Comparison(f"{case}: {words}", *number, "independent program"))
    grid = findings[findings["experiment"] == "multiplier"]
    gap = float((grid["multiplier"] / grid["formula"] - 1.0).abs().max())
    words = f"largest error of the formula, {len(grid)} markets"
    lines.append(Comparison(words, gap, 0.0, 1e-6, "closed form"))
    for name, value in AFTER_FIRST_LOSS.items():
        words, computed = f"{name}: price after the first loss", _price_after(findings, name)
        lines.append(Comparison(words, computed, value, _TOLERANCE, "by hand"))
    return lines


def _price_after(findings: pd.DataFrame, market: str) -> float:
    """Price at rest after the first loss."""
    rows = findings[(findings["experiment"] == "loss") & (findings["loss"] == FIRST_LOSS)]
    return float(rows.set_index("market")["price"].loc[market])


def figure(findings: pd.DataFrame) -> Figure:
    """Turns of the spiral; multipliers against the initial position; prices against the loss."""
    grid = findings[findings["experiment"] == "multiplier"]
    held = grid[grid["initial_position"] == AT_REST.position]
    loss_only, rising = held["multiplier"].to_list()
    title = (
        f"Margin calls multiply a loss: {loss_only:.0f} times through the loss spiral, "
        f"{rising:.0f} times where margins rise as prices fall"
    )
    s = AT_REST
    caption = (
        "Brunnermeier and Pedersen (2009) on the clearing kernel: every turn is one clearing. "
        f"Customers' slope {s.customer_slope:g} units per unit of price, margin {s.margin:g} at "
        f"price {s.last_price:g}, where speculators hold {s.position:g} units with all their "
        f"wealth of {s.wealth:g}; margins rise by theta per unit that the price falls. Left: a "
        f"loss of {FIRST_LOSS:g}. Middle: lines, the paper's formula; dots, measured by clearing. "
        f"Right: at theta 0.5 that loss already takes the price to "
        f"{_price_after(findings, 'margins rise fast'):.2f}. Nothing is drawn at random."
    )
    with style.house_style():
        boxes = ((0.06, 0.245), (0.395, 0.245), (0.74, 0.245))
        drawn, axes = panels(title, caption, boxes, height_inches=3.0)
        _draw_turns(axes[0], findings)
        _draw_multipliers(axes[1], grid)
        _draw_losses(axes[2], findings)
    return drawn


_COLOURS = {
    "no spiral": style.QUIET,
    "loss spiral": "#0072B2",
    "margins rise": "#E69F00",
    "margins rise fast": "#D55E00",
}


def _draw_turns(axes: Axes, findings: pd.DataFrame) -> None:
    """Fall of the price after each turn, in falls of the first turn."""
    turns = findings[findings["experiment"] == "turn"]
    for name, colour in _COLOURS.items():
        prices = turns.loc[turns["market"] == name, "price"].to_numpy(dtype=float)
        falls = (AT_REST.last_price - prices) / (AT_REST.last_price - prices[1])
        axes.plot(falls, color=colour, linewidth=1.6, marker="o", markersize=2.5)
    for x, y, words, colour in zip(
        (24.0, 24.0, 24.0, 17.5),
        (1.25, 4.25, 9.45, 11.3),
        ("no spiral", "loss spiral (θ = 0)", "margins rise (θ = 0.2)", "fast (θ = 0.5)"),
        _COLOURS.values(),
        strict=True,
    ):
        axes.text(x, y, words, color=colour, ha="right", fontsize=7.5)
    axes.set(xlim=(0.0, N_TURNS + 0.5), ylim=(0.0, 12.0), xlabel="turn of the spiral")
    axes.set_title("Fall of the price,\ntimes that of the first turn", loc="left")


def _draw_multipliers(axes: Axes, grid: pd.DataFrame) -> None:
    """Multiplier against the position that is marked to market, for three margin rules."""
    room = AT_REST.customer_slope * AT_REST.margin
    for theta, colour in zip(SENSITIVITIES, list(_COLOURS.values())[1:], strict=True):
        measured = grid[grid["margin_sensitivity"] == theta]
        most = room - theta * AT_REST.position
        x = np.linspace(-2.0, most - 0.01, 400)
        axes.plot(x, room / (most - x), color=colour, linewidth=1.6)
        places = measured["initial_position"], measured["multiplier"]
        axes.plot(*places, linestyle="", marker="o", markersize=4.5, color=colour)
    axes.set(xlim=(-2.2, 4.2), ylim=(0.0, 12.0), xlabel="position marked to market, units")
    axes.set_title("Multiplier of a loss,\ntimes the fall without spirals", loc="left")


def _draw_losses(axes: Axes, findings: pd.DataFrame) -> None:
    """Price at rest against the loss, by market."""
    losses = findings[findings["experiment"] == "loss"]
    for name, colour in _COLOURS.items():
        path = losses[losses["market"] == name]
        losses_percent = np.append(0.0, 100.0 * path["loss"] / AT_REST.wealth)
        prices = np.append(AT_REST.last_price, path["price"])
        axes.plot(losses_percent, prices, color=colour, linewidth=1.6)
    axes.set(xlim=(-0.5, 27.0), xlabel="loss, % of speculators' wealth")
    axes.set_title("Price at rest,\nmoney per unit (worth 1)", loc="left")


PAPER = Paper(
    name="brunnermeier-pedersen",
    citation="Brunnermeier and Pedersen 2009, Review of Financial Studies 22(6)",
    claim="Losses on positions and margins that rise as prices fall multiply a funding shock.",
    through=("abm.market.clear_market",),
    findings=findings,
    compare=compare,
    figure=figure,
)
