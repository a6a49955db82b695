"""Cifuentes, Ferrucci and Shin 2005: a capital ratio turns one bank's loss into that of all.

Cifuentes, R., Ferrucci, G. and Shin, H. S. (2005). Liquidity Risk and Contagion. Journal of the
European Economic Association 3(2-3).

Banks hold c_i of a liquid and e_i of an illiquid asset, owe one another L_ij and b_i outside, and
must keep a capital ratio. With p the price of the illiquid asset and s_i the units sold,

    equity_i / (p (e_i - s_i) + received_i)  >=  r*
    s_i = min(e_i, max(0, e_i - (equity_i / r* - received_i) / p))
    p = exp(-a sum_i s_i)

and payments clear at that price. Sales lower the price, the price lowers all banks' equity, and
that asks for more sales. The answer is the greatest fixed point, found from p = 1 and full payment
downwards.

Mapping: p is found by `clear_market`. Banks are institutions that order -s_i units whatever the
price; exponential demand is a linear value investor in logs, who holds -Lambda log p units with
Lambda = 1 / a. Payments and equity come from `clear_interbank` with p e + c outside the network.

Conventions: the liquid asset carries no requirement and stays out of the denominator; the price
before any sale is 1; interbank claims count as what is received; outside creditors rank with banks;
a bank without equity sells all.
"""

from __future__ import annotations

from math import exp, log
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.optimize import minimize_scalar

from abm.contagion import Clearing, clear_interbank
from abm.errors import InvalidInput
from abm.figures import style
from abm.literature.drawn import two_panels
from abm.literature.paper import Comparison, Paper, Tick, silent
from abm.market import ClearingProblem, clear_market

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

FloatArray: TypeAlias = npt.NDArray[np.float64]

_SETTLED = 1e-13  # log price; the last move of a falling price
_MAX_ROUNDS = 20_000
_LOWEST_LOG_PRICE = -700.0
LEAST_IMPACT = 1e-15  # per unit; less is none


class Banks(NamedTuple):
    """Balance sheets, in units of the illiquid asset and money at its first price of 1."""

    illiquid: list[float]  # e, units
    liquid: list[float]  # c, money
    debts: list[list[float]]  # L, what i owes j, money
    outside: list[float]  # b, money
    capital_ratio: float  # r*, share


class Outcome(NamedTuple):
    """An equilibrium of price, sales and payments."""

    price: float  # of the illiquid asset, 1 before any sale
    sales: FloatArray  # (n_banks,) units
    clearing: Clearing
    rounds: int  # times that the price was found


class Case(NamedTuple):
    """An answer of an independent program."""

    name: str
    banks: Banks
    impact: float  # a, per unit
    price: float
    payments: list[float]
    sales: list[float]
    equity: list[float]


_THREE = Banks(
    illiquid=[100, 100, 100],
    liquid=[2, 3, 4],
    debts=[[0, 10, 0], [0, 0, 10], [10, 0, 0]],
    outside=[94.5, 93, 92],
    capital_ratio=0.08,
)
_TWO = Banks([100, 100], [20, 20], [[0, 10], [10, 0]], [90, 90], 0.08)

CASES = (
    Case("sound", _TWO, 0.002, 1.0, [100, 100], [0, 0], [30, 30]),
    Case(
        "mild",
        _THREE,
        0.0001,
        0.9981619318834617,
        [104.5, 103.0, 102.0],
        [18.397594365643457, 0.0, 0.0],
        [7.316193188346176, 9.816193188346176, 11.816193188346176],
    ),
    Case(
        "illiquid",
        _THREE,
        0.002,
        0.5488116360940264,
        [63.26238353508778, 63.93498021563116, 65.08844324198822],
        [100.0, 100.0, 100.0],
        [0.0, 0.0, 0.0],
    ),
)
TOLERANCE = 1e-9

#: With two banks short of capital 2301.25 / p - 2300 units are sold, from the balance sheets. The
#: answer ends where a times that only touches -log p, at p = 2301.25 a: the root of
#: -log p = 1 - 2300 p / 2301.25 is p = 0.967922.
FOLD_PRICE = 0.9679224345633695
FOLD_IMPACT = FOLD_PRICE / 2301.25
SELLING_PRICES = (0.94, 0.99)  # between them the impact that holds the price turns

LARGEST_IMPACT = 8e-4  # of the figure, per unit
LOWEST_PRICE = 0.75


def find_outcome(banks: Banks, impact: float) -> Outcome:
    """Greatest price, payments and smallest sales that agree: down from p = 1 and full payment."""
    _check(banks, impact)
    log_price = 0.0
    for rounds in range(1, _MAX_ROUNDS):
        sales, clearing = sales_at(exp(log_price), banks)
        before, log_price = log_price, _log_price_after(sales, impact)
        if before - log_price <= _SETTLED:
            return Outcome(exp(log_price), sales, clearing, rounds)
    raise InvalidInput(f"impact = {impact}: price and sales still move after {_MAX_ROUNDS} rounds")


def sales_at(price: float, banks: Banks) -> tuple[FloatArray, Clearing]:
    """Sales that keep the capital ratio at a price [units], and the payments there."""
    illiquid, liquid = np.array(banks.illiquid, float), np.array(banks.liquid, float)
    clearing = clear_interbank(banks.debts, price * illiquid + liquid, banks.outside)
    received = _received(clearing, banks)
    wanted = illiquid - (clearing.equity / banks.capital_ratio - received) / price
    return np.clip(wanted, 0.0, illiquid), clearing


def holding_impact(price: float, banks: Banks) -> float:
    """Impact at which sales hold the price where it is: -log p / sum s(p) [per unit]."""
    return -log(price) / float(sales_at(price, banks)[0].sum())


def _received(clearing: Clearing, banks: Banks) -> FloatArray:
    """Payments of each bank from the others [money]."""
    debts = np.array(banks.debts, float)
    owed = debts.sum(axis=1)
    per_debt = clearing.payments_to_banks / np.where(owed > 0.0, owed, 1.0)
    received: FloatArray = per_debt @ debts
    return received


def _log_price_after(sales: FloatArray, impact: float) -> float:
    """Log price at which value investors take what is sold: -a sum s."""
    if impact == 0.0:
        return 0.0
    n, zero, one = sales.size, np.zeros(1), np.ones(1)
    cleared = clear_market(
        ClearingProblem(
            holdings=np.zeros((n, 1)),
            cash=np.zeros(n),
            targets=np.zeros((n, 1)),
            speed=np.zeros(n),
            orders=-sales[:, None],
            resident=np.zeros(n),
            quote=-one,
            value_held_open=zero,
            value_held=zero,
            value_depth=one / impact,
            value_capacity=one,
            value_speed=one,
            fundamental=zero,
            dealer_held=zero,
            dealer_depth=zero,
            dealer_reference=zero,
            external=zero,
            lower=np.full(1, _LOWEST_LOG_PRICE),
            upper=zero,
            start=zero,
            law="linear",
        )
    )
    if cleared.status != "cleared":
        raise InvalidInput(f"impact = {impact}: {sales.sum()} units leave no price to speak of")
    return float(cleared.log_prices[0])


def _check(banks: Banks, impact: float) -> None:
    """Refuse what is no balance sheet, ratio or impact; debts are checked by the clearing."""
    faults = []
    n_banks = len(banks.debts)
    for name, column in (("illiquid", banks.illiquid), ("liquid", banks.liquid)):
        if len(column) != n_banks or not all(0.0 <= amount < np.inf for amount in column):
            faults.append(f"{name} = {column}: must be {n_banks} finite amounts, none negative")
    if not 0.0 < banks.capital_ratio <= 1.0:
        faults.append(f"capital_ratio = {banks.capital_ratio}: must be above 0, up to 1")
    if impact != 0.0 and not LEAST_IMPACT <= impact < np.inf:
        faults.append(f"impact = {impact}: must be 0, or finite and at least {LEAST_IMPACT}")
    if faults:
        raise InvalidInput("no sale can be found:", *(f"  {fault}" for fault in faults))


def findings(quick: bool = False, tick: Tick = silent) -> pd.DataFrame:
    """The small networks, and the three banks in markets from deep to illiquid.

    Columns: part ("case", "impact", "held" or "fold"), case, bank, payment, sales [units], equity
    [money], price [1 before any sale], impact [a, per unit]. "impact" rows are the greatest answer
    by impact, with all units sold; "held" rows are all answers, by price; "fold" is the largest
    impact at which limited sales are an answer.
    """
    rows: list[dict[str, Any]] = []
    for case in CASES:
        found = find_outcome(case.banks, case.impact)
        columns = zip(found.clearing.payments, found.sales, found.clearing.equity, strict=True)
        rows += [
            {"part": "case", "case": case.name, "bank": bank, "price": found.price}
            | dict(zip(("payment", "sales", "equity"), numbers, strict=True))
            for bank, numbers in enumerate(columns)
        ]
    impacts = [0.98 * FOLD_IMPACT, 1.02 * FOLD_IMPACT]
    impacts += list(np.linspace(0.0, LARGEST_IMPACT, 9 if quick else 81))
    for done, impact in enumerate(sorted(impacts)):
        found = find_outcome(_THREE, impact)
        numbers = {"impact": impact, "price": found.price, "sales": found.sales.sum()}
        rows.append({"part": "impact"} | numbers)
        tick(done + 1, len(impacts))
    for price in np.linspace(1.0, LOWEST_PRICE, 51 if quick else 251):
        numbers = {"price": price, "impact": holding_impact(price, _THREE)}
        rows.append({"part": "held"} | numbers | {"sales": sales_at(price, _THREE)[0].sum()})
    fold = minimize_scalar(
        lambda price: -holding_impact(price, _THREE), bounds=SELLING_PRICES, options={"xatol": 1e-9}
    )
    rows.append({"part": "fold", "price": fold.x, "impact": -fold.fun})
    return pd.DataFrame(rows)


def compare(table: pd.DataFrame) -> list[Comparison]:
    """The small networks against an independent program, the jump against its closed form."""
    lines = []
    for case in CASES:
        found = table[table["case"] == case.name].sort_values("bank")
        basis = "independent program"
        price = float(found["price"].iloc[0])
        lines.append(Comparison(f"{case.name}: price", price, case.price, TOLERANCE, basis))
        for column, expected in (("sales", case.sales), ("equity", case.equity)):
            quantity = f"{case.name}: {column} of all banks"
            computed = float(found[column].sum())
            lines.append(Comparison(quantity, computed, sum(expected), TOLERANCE, basis))
        for bank, expected_payment in enumerate(case.payments):
            quantity = f"{case.name}: payment of bank {bank}"
            computed = float(found["payment"].iloc[bank])
            lines.append(Comparison(quantity, computed, expected_payment, TOLERANCE, basis))
    return lines + _compare_jump(table)


def _compare_jump(table: pd.DataFrame) -> list[Comparison]:
    """Compare the end of limited sales, and the state past it."""
    fold = table[table["part"] == "fold"].iloc[0]
    past = 1.02 * FOLD_IMPACT
    by_impact = table[table["part"] == "impact"].set_index("impact")
    sold = sum(_THREE.illiquid)
    return [
        Comparison(
            "largest impact with limited sales, per unit",
            *(float(fold["impact"]), FOLD_IMPACT, 1e-12, "closed form"),
        ),
        Comparison("price there", float(fold["price"]), FOLD_PRICE, 1e-6, "closed form"),
        Comparison(
            "2% past it: units sold", float(by_impact["sales"].loc[past]), sold, 1e-9, "by hand"
        ),
        Comparison(
            "2% past it: price",
            *(float(by_impact["price"].loc[past]), exp(-past * sold), 1e-9, "by hand"),
        ),
    ]


def figure(table: pd.DataFrame) -> Figure:
    """Price and sales against impact: small, then all at once."""
    by_impact = table[table["part"] == "impact"].sort_values("impact")
    sold = sum(_THREE.illiquid)
    is_calm = (by_impact["impact"] <= FOLD_IMPACT).to_numpy()
    last, first = by_impact[is_calm].iloc[-1], by_impact[~is_calm].iloc[0]
    title = (
        f"Sales jump from {last['sales']:.0f} to {first['sales']:.0f} of {sold:.0f} units when the"
        f" market gets {100 * (1.0 - last['impact'] / first['impact']):.0f}% shallower"
    )
    caption = (
        "Cifuentes, Ferrucci and Shin (2005): three banks in a ring of claims of 10, each with 100"
        f" units of an illiquid asset and a capital ratio of {100 * _THREE.capital_ratio:g}%."
        " Impact a: each unit sold lowers the log price by a. Solid: the greatest answer, reached"
        " from a price of 1. Dashed: all prices that sales would hold. Nothing is drawn by chance."
    )
    headers = ("Units sold, of 300", "Price of the illiquid asset, 1 before any sale")
    with style.house_style():
        result, panels = two_panels(title, caption, headers)
        held = table[table["part"] == "held"].sort_values("price")
        for axes, column in zip(panels, ("sales", "price"), strict=True):
            _draw_answers(axes, by_impact, held, column)
        panels[0].set_ylim(0.0, 1.04 * sold)
        panels[1].set_ylim(LOWEST_PRICE, 1.01)
    return result


def _draw_answers(axes: Axes, by_impact: pd.DataFrame, held: pd.DataFrame, column: str) -> None:
    """The greatest answer as a line with a jump, all answers dashed."""
    is_calm = by_impact["impact"] <= FOLD_IMPACT
    axes.plot(
        1e4 * held["impact"], held[column], color="#D55E00", linewidth=1.1, linestyle=(0, (3, 2))
    )
    for part in (by_impact[is_calm], by_impact[~is_calm]):
        axes.plot(1e4 * part["impact"], part[column], color=style.SIMULATED, linewidth=2.2)
    axes.axvline(1e4 * FOLD_IMPACT, color=style.QUIET, linewidth=0.7)
    axes.text(
        1e4 * FOLD_IMPACT + 0.08, 0.68, "no limited sale\nis enough",
        transform=axes.get_xaxis_transform(), fontsize=7.5, color=style.QUIET, va="center",
    )  # fmt: skip
    axes.set_xlim(0.0, 1e4 * LARGEST_IMPACT)
    axes.set_xlabel("impact a, basis points of log price per unit sold")


PAPER = Paper(
    name="cifuentes-ferrucci-shin",
    citation="Cifuentes, Ferrucci and Shin 2005, Journal of the European Economic Association 3",
    claim="Sales that restore each bank's capital ratio can lower those of all: "
    "past a market depth no limited sale is enough.",
    through=("abm.market.clear_market", "abm.contagion.clear_interbank"),
    findings=findings,
    compare=compare,
    figure=figure,
)
