"""The worked examples of this project's founding notes again: what was misprinted, and why.

Three trades. One: a hundred million yen at 0.1% for a year in Australian dollars at 3.5%. Two:
half a year from a currency at 5% into one at 3%. Three: a million US dollars at 1% for a quarter
in New Zealand dollars at 5%. Each is one call of `abm.carry`:

    profit       N (S1 / S0 G_f - G_d) = carry + fx on principal + fx on interest
    excess       (S1 / S0) G_f / G_d - 1 - c          profit in money of the start, as the notes
    break-even   S1* = S0 G_d / G_f

What the notes print is kept beside it, with the unit to which it is rounded; a printed number is
a misprint where it misses the right one by more than half that unit. Five of the notes' sentences
are corrected as well:

* The forward discount is not smaller than the interest differential: covered parity makes it the
  differential, up to the basis. Smaller is what the spot then does (uncovered parity fails). With
  a negative yen basis the discount of the dollar is larger than the differential.
* "Sell, fall, sell" is a positive feedback: it reinforces itself.
* "Asset yield - yen rate + change of USDJPY" is first order; exact is
  (1 + y)(1 + change) - (1 + yen rate), which adds the product of yield and change.
* Selling dollar assets for yen moves dollars to others and drains none. Dollars become scarce
  where swaps and repo are not rolled over: that is the basis.
* "Trillions" depends on what is counted, yen loans on balance sheets or the notional of swaps.

Convention: spots are domestic per foreign, as everywhere in `abm.carry`; the notes quote the
Australian dollar the other way round at the end (0.0095 dollars per yen).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from abm.carry import (
    CarryAttribution,
    attribute_pnl,
    break_evens,
    covered_forward,
    excess_return,
    interest,
    net_carry,
    uncovered_return,
)
from abm.figures import style
from abm.literature.paper import Comparison, Paper, Tick, silent

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

RELATIVE_TOLERANCE = 1e-12
NOT_PRINTED = float("nan")


class Trade(NamedTuple):
    """One unhedged carry trade of the notes."""

    loan_domestic: float
    rate_domestic: float  # per year
    rate_foreign: float  # per year
    spot: float  # domestic per foreign
    years: float


class Number(NamedTuple):
    """One number of an example, and what the notes print for it."""

    example: str
    quantity: str
    unit: str
    computed: float
    printed: float = NOT_PRINTED
    printed_to: float = NOT_PRINTED  # unit to which the notes round
    why: str = ""  # what went wrong


AUSTRALIAN = Trade(100_000_000.0, 0.001, 0.035, 100.0, 1.0)
AUSTRALIAN_SPOT_END = 1.0 / 0.0095  # the notes say 0.0095 Australian dollars per yen
AUSTRALIAN_COSTS = (0.003, 0.002)  # management fee and conversion, shares of the loan
REVERSED = Trade(1.0, 0.05, 0.03, 1.08, 0.5)
REVERSED_SPOT_END, REVERSED_COST = 1.10, 0.002
ZEALAND = Trade(1_000_000.0, 0.01, 0.05, 0.62, 0.25)
ZEALAND_FALLS = (0.005, 0.04)  # of the New Zealand dollar

AUD, ANY, NZD = "yen into AUD", "5% into 3%", "USD into NZD"

#: From an independent program, which worked through the notes line by line.
EXPECTED: dict[tuple[str, str], float] = {
    (AUD, "net carry a year"): 0.029,
    (AUD, "interest at the opening spot"): 3_500_000.0,
    (AUD, "carry"): 3_400_000.0,
    (AUD, "fx on principal"): 5263157.894736842,
    (AUD, "fx on interest"): 184210.52631578947,
    (AUD, "fx, both parts"): 5447368.421052631,
    (AUD, "profit"): 8847368.421052631,
    (AUD, "profit after costs"): 8347368.421052632,
    (AUD, "break-even spot"): 96.71497584541063,
    (AUD, "break-even fall"): 0.03285024154589372,
    (ANY, "growth ratio times spot ratio"): 1.0087717056103960,
    (ANY, "excess return, compound"): 0.0067717056103959745,
    (ANY, "excess return, simple"): 0.006581752484191574,
    (ANY, "profit per unit, before cost"): 0.008988323552321598,
    (ANY, "break-even spot"): 1.0904350249736665,
    (ANY, "forward"): 1.0904350249736665,
    (NZD, "interest on the loan"): 2500.0,
    (NZD, "profit at an unchanged spot"): 10_000.0,
    (NZD, "loss on principal, fall of 0.5%"): 5000.0,
    (NZD, "profit, fall of 0.5%"): 4937.5,
    (NZD, "loss on principal, fall of 4%"): 40_000.0,
    (NZD, "profit, fall of 4%"): -30_500.0,
    (NZD, "break-even fall"): 0.009876543209876543,
}


def findings(quick: bool = False, tick: Tick = silent) -> pd.DataFrame:
    """Every number of the three examples as computed and, where the notes have it, as printed.

    Columns: example; quantity; unit; computed; printed (NaN where it is not); printed_to, the
    unit the notes round to; is_misprint, off by more than half of it; why. Nothing is drawn:
    `quick` changes nothing.
    """
    import pandas as pd

    table = pd.DataFrame([*_australian(), *_reversed(), *_zealand()])
    miss = (table["printed"] - table["computed"]).abs()
    table.insert(6, "is_misprint", miss > 0.5 * table["printed_to"])
    tick(1, 1)
    return table


def compare(findings: pd.DataFrame) -> list[Comparison]:
    """Every number beside the independent program's."""
    lines = []
    for row in findings.to_dict("records"):
        expected = EXPECTED[row["example"], row["quantity"]]
        name = f"{row['example']}: {row['quantity']} [{row['unit']}]"
        tolerance = RELATIVE_TOLERANCE * abs(expected)
        lines.append(Comparison(name, row["computed"], expected, tolerance, "independent program"))
    return lines


def _australian() -> list[Number]:
    """A hundred million yen in Australian dollars, which rise from 100 to 105.26 yen."""
    pnl = _attribute(AUSTRALIAN, AUSTRALIAN_SPOT_END)
    level = break_evens(*_terms(AUSTRALIAN))
    after = uncovered_return(*_terms(AUSTRALIAN), AUSTRALIAN_SPOT_END, sum(AUSTRALIAN_COSTS))
    earned = AUSTRALIAN.loan_domestic * interest(AUSTRALIAN.rate_foreign, AUSTRALIAN.years)
    net = net_carry(AUSTRALIAN.rate_foreign, AUSTRALIAN.rate_domestic, *AUSTRALIAN_COSTS)
    fx = pnl.fx_on_principal + pnl.fx_on_interest
    return [
        Number(AUD, "net carry a year", "share", net, 0.029, 0.001),
        Number(
            AUD, "interest at the opening spot", "JPY", earned, 3.4e6, 1e5,
            "the formula shown leaves out the 0.1m yen of interest on the loan",
        ),
        Number(AUD, "carry", "JPY", pnl.carry, 3.4e6, 1e5),
        Number(AUD, "fx on principal", "JPY", pnl.fx_on_principal),
        Number(AUD, "fx on interest", "JPY", pnl.fx_on_interest),
        Number(AUD, "fx, both parts", "JPY", fx, 5.4e6, 1e5),
        Number(AUD, "profit", "JPY", pnl.total, 8.8e6, 1e5),
        Number(AUD, "profit after costs", "JPY", AUSTRALIAN.loan_domestic * after),
        Number(AUD, "break-even spot", "JPY per AUD", level.spot_end),
        Number(AUD, "break-even fall", "share", level.depreciation),
    ]  # fmt: skip


def _reversed() -> list[Number]:
    """From 5% into 3%: against the carry, all profit is the assumed rise of the spot."""
    excess = {
        compounding: excess_return(*_terms(REVERSED), REVERSED_SPOT_END, REVERSED_COST, compounding)
        for compounding in ("annual", "simple")
    }
    profit = uncovered_return(*_terms(REVERSED), REVERSED_SPOT_END)
    forward = covered_forward(
        REVERSED.spot, REVERSED.rate_domestic, REVERSED.rate_foreign, REVERSED.years
    )
    return [
        Number(
            ANY, "growth ratio times spot ratio", "1", excess["annual"] + 1.0 + REVERSED_COST,
            1.0086, 1e-4, "0.9905 x 1.0185 is 1.0088; simple interest over compound",
        ),
        Number(
            ANY, "excess return, compound", "share", excess["annual"], 0.0066, 1e-4,
            "follows from 1.0086; it is the answer for simple interest",
        ),
        Number(ANY, "excess return, simple", "share", excess["simple"]),
        Number(ANY, "profit per unit, before cost", "domestic", profit),
        Number(ANY, "break-even spot", "domestic per foreign", break_evens(*_terms(REVERSED))[0]),
        Number(ANY, "forward", "domestic per foreign", forward),
    ]  # fmt: skip


def _zealand() -> list[Number]:
    """A million US dollars in New Zealand dollars for a quarter, at simple interest."""
    flat = _attribute(ZEALAND, ZEALAND.spot)
    owed = ZEALAND.loan_domestic * interest(ZEALAND.rate_domestic, ZEALAND.years, "simple")
    level = break_evens(*_terms(ZEALAND), compounding="simple")
    figures = [
        Number(NZD, "interest on the loan", "USD", owed),
        Number(NZD, "profit at an unchanged spot", "USD", flat.total),
    ]
    for fall, printed in zip(ZEALAND_FALLS, (8064.0, 64516.0), strict=True):
        pnl = _attribute(ZEALAND, ZEALAND.spot * (1.0 - fall))
        name = f"fall of {100 * fall:g}%"
        figures += [
            Number(
                NZD, f"loss on principal, {name}", "USD", -pnl.fx_on_principal, printed, 1.0,
                "an amount in New Zealand dollars, labelled US dollars",
            ),
            Number(NZD, f"profit, {name}", "USD", pnl.total),
        ]  # fmt: skip
    return [*figures, Number(NZD, "break-even fall", "share", level.depreciation)]


def _terms(trade: Trade) -> tuple[float, float, float, float]:
    """Rates, years and spot in the order in which `abm.carry` takes them."""
    return trade.rate_domestic, trade.rate_foreign, trade.years, trade.spot


def _attribute(trade: Trade, spot_end: float) -> CarryAttribution:
    """The profit of a trade by source, at simple interest [domestic currency]."""
    return attribute_pnl(trade.loan_domestic, *_terms(trade), spot_end)


def figure(findings: pd.DataFrame) -> Figure:
    """The printed numbers of the notes over the correct ones, one by one."""
    shown = findings[findings["printed"].notna()].reset_index(drop=True)
    wrong = shown[shown["is_misprint"]]
    worst = (wrong["printed"] / wrong["computed"] - 1.0).abs().max()
    title = (
        f"{len(wrong)} of the {len(shown)} figures that the founding notes print are wrong, "
        f"the worst by {100 * worst:.0f}%"
    )
    caption = (
        "Worked examples of the founding notes computed again with abm.carry. Each dot is a "
        "printed figure over the right one; grey where it is right to the digits printed. "
        "Nothing is drawn by chance."
    )
    with style.house_style():
        top, bottom = style.title_height(title) + 0.1, style.caption_height(caption) + 0.45
        height = top + 0.36 * len(shown) + bottom
        drawing = style.new_figure(height)
        box = (0.31, bottom / height, 0.64, 1.0 - (top + bottom) / height)
        _draw_ratios(drawing.add_axes(box), shown)
        style.write_title(drawing, title)
        style.write_caption(drawing, caption)
    return drawing


def _draw_ratios(axes: Axes, shown: pd.DataFrame) -> None:
    """One line for each printed figure, first on top, with both numbers and the reason."""
    ratio = 100.0 * shown["printed"] / shown["computed"]
    axes.axvline(100.0, color=style.INK, linewidth=0.8)
    rows = shown.to_dict("records")
    for place, row in enumerate(rows):
        is_wrong, right = row["is_misprint"], f"{_said(row['printed'])}, right"
        colour = style.CLASS_COLOURS["dam break"] if is_wrong else style.QUIET
        axes.plot([100.0, ratio[place]], [place, place], color=colour, linewidth=1.6)
        axes.plot(ratio[place], place, "o", color=colour, markersize=5.5)
        wrong = f"{_said(row['printed'])}, is {_said(row['computed'])}: {row['why']}"
        axes.annotate(
            wrong if is_wrong else right, (100.0, place), (7, 8 if ratio[place] > 102.0 else 0),
            textcoords="offset points", va="center", fontsize=6.8, color=colour,
        )  # fmt: skip
    names = [f"{row['example']}: {row['quantity']}" for row in rows]
    axes.set_yticks(range(len(shown)), labels=names)
    axes.set_ylim(len(shown) - 0.5, -0.6)
    axes.set_xlim(94.0, 170.0)
    axes.grid(axis="y", visible=False)
    axes.set_xlabel("printed figure over the right one, %")


def _said(number: float) -> str:
    """A number as a reader would write it."""
    if abs(number) >= 1000.0:
        return f"{number:,.0f}"
    return f"{number:.4f}" if abs(number) >= 1.0 else f"{number:.4g}"


PAPER = Paper(
    name="worked-examples",
    citation="Founding notes of this project, worked examples corrected",
    claim="A carry trade's profit is its carry, the currency's move on the principal and on the "
    "interest, to the last digit; five printed figures that break this were misprints.",
    through=(
        "abm.carry.attribute_pnl",
        "abm.carry.break_evens",
        "abm.carry.covered_forward",
        "abm.carry.excess_return",
        "abm.carry.interest",
        "abm.carry.net_carry",
        "abm.carry.uncovered_return",
    ),
    findings=findings,
    compare=compare,
    figure=figure,
)
