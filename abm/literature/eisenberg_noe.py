"""Eisenberg and Noe 2001: one network of debts, one clearing vector, found by fictitious defaults.

Eisenberg, L. and Noe, T. (2001). Systemic Risk in Financial Systems. Management Science 47(2).

Each bank has e_i outside the network and owes L_ij to others and b_i outside, pbar_i in all, of the
share Pi_ij = L_ij / pbar_i to j. Limited liability, priority of debt and equal treatment of all
creditors ask for a vector of payments with

    p_i = min(pbar_i, e_i + sum_j Pi_ji p_j)

The greatest is found in at most n rounds: all pay in full; those who then cannot are in default,
pay what they have, and so bring others down, until a round finds no further bank. The round in
which a bank falls says how it depends on others: those of round 1 fail even if all others pay.

Mapping: `clear_interbank` is this algorithm, and the kernel behind it clears the banks of a
simulated day. The paper has no debts to outside: here they are creditors like others, who owe
nothing in turn (a sink node of the paper). The option of outside creditors who come first is shown
beside it; the paper does not have it.

Convention: a bank that can just pay does not default.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pandas as pd

from abm.contagion import clear_interbank
from abm.figures import style
from abm.literature.drawn import draw_banks, two_panels
from abm.literature.paper import Comparison, Paper, Tick, silent

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

SEED = 2
N_BANKS = 100
LARGEST_LOSS = 0.10  # of all outside assets, the same share at each bank

_ROUND_COLOURS = ("#9A9A9A", "#0072B2")


class Case(NamedTuple):
    """A network with its answer, money in one unit."""

    name: str
    debts: list[list[float]]  # L, what i owes j
    assets: list[float]  # e
    outside: list[float]  # b
    payments: list[float]  # by hand
    waves: list[int]  # round of default, by hand


#: The ring: of 89ths, from p1 = 4 + 2/7 p2 + 6, p2 = 3 + 8/15 p1 + 3 with bank 2 paying in full.
CASES = (
    Case("chain of two", [[0, 10], [0, 0]], [6, 1], [0, 8], [6, 7], [1, 2]),
    Case(
        "chain of three",
        [[0, 12, 0], [0, 0, 10], [0, 0, 0]],
        [5, 2, 1],
        [2, 1, 9],
        [5, 44 / 7, 47 / 7],
        [1, 2, 3],
    ),
    Case(
        "ring of three",
        [[0, 8, 2], [4, 0, 6], [6, 3, 0]],
        [4, 3, 5],
        [5, 4, 3],
        [1230 / 89, 1190 / 89, 12],
        [1, 2, 0],
    ),
)
TOLERANCE = 1e-10


def findings(quick: bool = False, tick: Tick = silent) -> pd.DataFrame:
    """Clearing of the small networks, and of 100 drawn banks as outside assets lose value.

    Columns: part ("case" or "loss"), case, bank, payment [money], wave [round, 0 if never];
    loss [share of outside assets], seniority of outside creditors, round (1, 2, …, 0: all) and
    defaults [banks in that round].
    """
    rows: list[dict[str, Any]] = []
    for case in CASES:
        found = clear_interbank(case.debts, case.assets, case.outside)
        for bank, (payment, wave) in enumerate(zip(found.payments, found.waves, strict=True)):
            rows.append(
                {"part": "case", "case": case.name, "bank": bank, "payment": payment, "wave": wave}
            )
    banks = draw_banks(SEED, N_BANKS)
    losses = np.linspace(0.0, LARGEST_LOSS, 21 if quick else 101)
    for done, loss in enumerate(losses):
        assets = (1.0 - loss) * banks.external_assets
        for seniority in ("pari-passu", "senior"):
            waves = clear_interbank(
                banks.claims.T,
                assets,
                banks.external_liabilities,
                external_seniority=seniority,
            ).waves
            counts = np.bincount(waves, minlength=2)
            counts[0] = counts[1:].sum()
            rows += [
                {"part": "loss", "loss": loss, "seniority": seniority, "round": r, "defaults": n}
                for r, n in enumerate(counts)
            ]
        tick(done + 1, losses.size)
    return pd.DataFrame(rows)


def compare(table: pd.DataFrame) -> list[Comparison]:
    """Payments and rounds of the small networks, by hand."""
    lines = []
    for case in CASES:
        found = table[table["case"] == case.name].sort_values("bank")
        pairs = zip(found["payment"], case.payments, strict=True)
        for bank, (computed, expected) in enumerate(pairs):
            quantity = f"{case.name}: payment of bank {bank}"
            lines.append(Comparison(quantity, computed, expected, TOLERANCE, "by hand"))
        for bank, (wave, expected) in enumerate(zip(found["wave"], case.waves, strict=True)):
            quantity = f"{case.name}: round of default of bank {bank} (0: never)"
            lines.append(Comparison(quantity, float(wave), expected, 0.0, "by hand"))
    return lines


def figure(table: pd.DataFrame) -> Figure:
    """Defaults against the loss: on their own, by contagion, and with outside creditors first."""
    curves = _defaults_by_loss(table)
    place = int(np.argmax(curves["senior"] - curves["alone"]))
    loss, at = float(curves.index[place]), curves.iloc[place]
    title = (
        f"A loss of {100 * loss:.1f}% breaks {at['alone']:.0f} of {N_BANKS} banks outright:"
        f" unpaid claims bring down {at['pari-passu'] - at['alone']:.0f} more,"
        f" {at['senior'] - at['alone']:.0f} where outside creditors come first"
    )
    caption = (
        f"Eisenberg and Noe (2001) on one drawn network of {N_BANKS} banks (seed {SEED}): sizes"
        " lognormal, interbank claims or debts a quarter of the balance sheet, capital 3 to 9% of"
        " assets. All outside assets lose the same share. Nothing is lost in default itself."
        " Outside creditors who come first are not in the paper."
    )
    with style.house_style():
        drawn, panels = two_panels(
            title,
            caption,
            (
                f"Banks in default, of {N_BANKS}",
                f"Banks that fall in each round, at a loss of {100 * loss:.1f}%",
            ),
        )
        _draw_curves(panels[0], curves)
        _draw_rounds(panels[1], table[np.isclose(table["loss"], loss)])
    return drawn


def _defaults_by_loss(table: pd.DataFrame) -> pd.DataFrame:
    """Banks in default by loss: alone (round 1), and all under either seniority."""
    drawn = table[table["part"] == "loss"]
    everyone = drawn[drawn["round"] == 0].pivot(
        index="loss", columns="seniority", values="defaults"
    )
    first = drawn[(drawn["round"] == 1) & (drawn["seniority"] == "pari-passu")]
    everyone["alone"] = first.set_index("loss")["defaults"]
    return everyone


def _draw_curves(axes: Axes, curves: pd.DataFrame) -> None:
    x = 100.0 * curves.index.to_numpy(dtype=float)
    for column, name, colour in (
        ("alone", "even if all\nothers paid", _ROUND_COLOURS[0]),
        ("pari-passu", "all creditors\nalike", _ROUND_COLOURS[1]),
        ("senior", "outside\ncreditors first", "#D55E00"),
    ):
        axes.plot(x, curves[column], color=colour, linewidth=1.8, label=name)
    axes.fill_between(x, curves["alone"], curves["pari-passu"], color=_ROUND_COLOURS[1], alpha=0.15)
    axes.set_xlim(0.0, x.max())
    axes.set_ylim(0.0, 1.04 * N_BANKS)
    axes.set_xlabel("loss of outside assets, %")
    axes.legend(loc="upper left", labelspacing=0.8)


def _draw_rounds(axes: Axes, drawn: pd.DataFrame) -> None:
    """Bars of the two seniorities, round by round."""
    n_rounds = int(drawn["round"].max())
    for place, (seniority, name, colour) in enumerate(
        (
            ("pari-passu", "all creditors alike", _ROUND_COLOURS[1]),
            ("senior", "outside creditors first", "#D55E00"),
        )
    ):
        chosen = drawn[(drawn["seniority"] == seniority) & (drawn["round"] > 0)]
        x = chosen["round"].to_numpy(dtype=float) + 0.38 * (place - 0.5)
        bars = axes.bar(x, chosen["defaults"], width=0.36, color=colour, label=name)
        axes.bar_label(bars, fmt="{:.0f}", fontsize=7.0, color=style.QUIET, padding=1.5)
    axes.set_xticks(range(1, n_rounds + 1))
    axes.set_xlabel("round of fictitious default (1: even if all others paid)")
    axes.legend(loc="upper right")


PAPER = Paper(
    name="eisenberg-noe",
    citation="Eisenberg and Noe 2001, Management Science 47(2)",
    claim="Payments in a network of debts have a greatest solution, "
    "found in as many rounds as the longest chain of defaults.",
    through=("abm.contagion.clear_interbank",),
    findings=findings,
    compare=compare,
    figure=figure,
    sampling=f"one network of {N_BANKS} banks, seed {SEED}",
)
