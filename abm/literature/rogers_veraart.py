"""Rogers and Veraart 2013: default costs make several clearing vectors, and rescues worth while.

Rogers, L. and Veraart, L. (2013). Failure and Rescue in an Interbank Network. Management Science
59(4).

As in Eisenberg and Noe, but a bank that cannot pay in full realises only the share alpha of its
outside assets and beta of what other banks pay it:

    p_i = pbar_i                                  if e_i + sum_j Pi_ji p_j >= pbar_i
    p_i = alpha e_i + beta sum_j Pi_ji p_j        otherwise

The map jumps down at the threshold, so several vectors may satisfy it. They have a greatest and a
least element; the greatest is found by letting banks fail one round after the other.

Mapping: `clear_interbank` with recoveries below 1. It returns the greatest vector. The least one is
shown for a ring of two by its closed form: with both in default p = alpha e + beta p pi, where
pi = L / pbar is the share that goes to the other bank, so p = alpha e / (1 - beta pi).

Convention: a bank that can just pay does not default.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

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
LOSSES = (0.04, 0.05, 0.06)  # of outside assets, in the drawn network
_LOSS_COLOURS = ("#56B4E9", "#0072B2", "#0B2F5A")


class Case(NamedTuple):
    """A network, its recoveries and its answer by hand, money in one unit."""

    name: str
    debts: list[list[float]]
    assets: list[float]
    outside: list[float]
    recovery: tuple[float, float]  # alpha, beta
    payments: list[float]


#: Debts, outside assets, outside debts.
_Books: TypeAlias = tuple[list[list[float]], list[float], list[float]]
_CHAIN: _Books = ([[0, 12, 0], [0, 0, 10], [0, 0, 0]], [5, 2, 1], [2, 1, 9])
_RING: _Books = ([[0, 8, 2], [4, 0, 6], [6, 3, 0]], [4, 3, 5], [5, 4, 3])
_PAIR: _Books = ([[0, 10], [10, 0]], [1, 1], [0, 0])

CASES = (
    Case("chain", *_CHAIN, (1.0, 1.0), [5, 44 / 7, 47 / 7]),
    Case("chain", *_CHAIN, (0.9, 0.8), [9 / 2, 171 / 35, 3429 / 770]),
    Case("chain", *_CHAIN, (0.5, 0.5), [5 / 2, 29 / 14, 111 / 77]),
    Case("ring", *_RING, (1.0, 1.0), [1230 / 89, 1190 / 89, 12]),
    Case("ring", *_RING, (0.9, 0.8), [83295 / 9553, 76986 / 9553, 156537 / 19106]),
    Case("ring", *_RING, (0.5, 0.5), [4890 / 1517, 4207 / 1517, 5020 / 1517]),
    Case("pair of two answers", *_PAIR, (0.5, 0.5), [10, 10]),
)
TOLERANCE = 1e-10

#: Two banks that owe each other 10 and others 1, with half recovered.
MUTUAL_DEBT, OUTSIDE_DEBT, PAIR_RECOVERY = 10.0, 1.0, 0.5
MOST_ASSETS = 8.0


def both_default(assets: float) -> float:
    """The payment of each of the two if both are in default: alpha e / (1 - beta pi) [money]."""
    share = MUTUAL_DEBT / (MUTUAL_DEBT + OUTSIDE_DEBT)
    return PAIR_RECOVERY * assets / (1.0 - PAIR_RECOVERY * share)


def default_is_consistent(assets: float) -> bool:
    """True if two banks that pay `both_default` to each other cannot pay in full."""
    share = MUTUAL_DEBT / (MUTUAL_DEBT + OUTSIDE_DEBT)
    return assets + share * both_default(assets) < MUTUAL_DEBT + OUTSIDE_DEBT


def findings(quick: bool = False, tick: Tick = silent) -> pd.DataFrame:
    """Clearing of the small networks, of the pair, and of 100 drawn banks by recovery.

    Columns: part ("case", "pair" or "drawn"), case, alpha, beta [share], bank, payment [money];
    assets [money] and greatest, both_default (nan where not an answer) of the pair; loss [share of
    outside assets], defaults [banks] and lost [share of all assets before the loss] of the drawn.
    """
    rows = _cases() + _pair(np.linspace(0.0, MOST_ASSETS, 33 if quick else 161))
    banks = draw_banks(SEED, N_BANKS)
    recoveries = np.linspace(0.0, 1.0, 11 if quick else 51)
    total = (banks.external_assets + banks.claims.sum(axis=1)).sum()
    for done, recovery in enumerate(recoveries):
        for loss in LOSSES:
            assets = (1.0 - loss) * banks.external_assets
            owed_outside = banks.external_liabilities
            found = clear_interbank(banks.claims.T, assets, owed_outside, recovery, recovery)
            received = _received(found.payments_to_banks, banks.claims.T)
            # of defaulters' assets, what is left neither to creditors nor to owners
            dead = np.where(found.defaulted, assets + received - found.payments, 0.0).sum()
            rows.append(
                {
                    "part": "drawn",
                    "alpha": recovery,
                    "beta": recovery,
                    "loss": loss,
                    "defaults": int(found.defaulted.sum()),
                    "lost": dead / total,
                }
            )
        tick(done + 1, recoveries.size)
    return pd.DataFrame(rows)


def _received(paid: np.ndarray, debts: np.ndarray) -> np.ndarray:
    """Payments of each bank from the others, who share theirs by what they owe."""
    owed = debts.sum(axis=1)
    received: np.ndarray = (paid / np.where(owed > 0.0, owed, 1.0)) @ debts
    return received


def _cases() -> list[dict[str, Any]]:
    """Rows of the small networks."""
    rows = []
    for case in CASES:
        found = clear_interbank(case.debts, case.assets, case.outside, *case.recovery)
        rows += [
            {
                "part": "case",
                "case": case.name,
                "bank": bank,
                "payment": payment,
                "alpha": case.recovery[0],
                "beta": case.recovery[1],
            }
            for bank, payment in enumerate(found.payments)
        ]
    return rows


def _pair(assets: np.ndarray) -> list[dict[str, Any]]:
    """Rows of the two banks that owe each other, as both have more outside assets."""
    rows = []
    debts, outside = [[0, MUTUAL_DEBT], [MUTUAL_DEBT, 0]], [OUTSIDE_DEBT] * 2
    for each in assets:
        found = clear_interbank(debts, [each] * 2, outside, PAIR_RECOVERY, PAIR_RECOVERY)
        low = both_default(each) if default_is_consistent(each) else np.nan
        rows.append(
            {
                "part": "pair",
                "alpha": PAIR_RECOVERY,
                "beta": PAIR_RECOVERY,
                "assets": each,
                "greatest": found.payments[0],
                "both_default": low,
            }
        )
    return rows


def compare(table: pd.DataFrame) -> list[Comparison]:
    """Payments of the small networks by hand; both ends of the pair's jump by closed form."""
    lines = []
    for case in CASES:
        alpha, beta = case.recovery
        is_case = (table["case"] == case.name) & (table["alpha"] == alpha)
        found = table[is_case].sort_values("bank")["payment"]
        for bank, (computed, expected) in enumerate(zip(found, case.payments, strict=True)):
            quantity = f"{case.name}, recoveries {alpha:g} and {beta:g}: payment of bank {bank}"
            lines.append(Comparison(quantity, computed, expected, TOLERANCE, "by hand"))
    pair = table[table["part"] == "pair"].set_index("assets")["greatest"]
    for assets, expected, what in (
        (OUTSIDE_DEBT / 2, both_default(OUTSIDE_DEBT / 2), "too little to pay, both default"),
        (OUTSIDE_DEBT, MUTUAL_DEBT + OUTSIDE_DEBT, "just enough, the greater answer"),
    ):
        quantity = f"two that owe each other, {assets:g} outside ({what}): payment"
        computed = float(pair.loc[assets])
        lines.append(Comparison(quantity, computed, expected, TOLERANCE, "closed form"))
    free = table[(table["part"] == "drawn") & (table["alpha"] == 1.0)]["lost"].abs().max()
    quantity = "100 drawn banks, all recovered: share of assets lost in default"
    lines.append(Comparison(quantity, float(free), 0.0, TOLERANCE, "closed form"))
    return lines


def figure(table: pd.DataFrame) -> Figure:
    """Defaults against recovery, and the two answers of a pair."""
    drawn = table[table["part"] == "drawn"]
    middle = drawn[drawn["loss"] == LOSSES[1]].set_index("alpha")["defaults"]
    title = (
        f"A loss of {100 * LOSSES[1]:g}% breaks {middle.loc[1.0]:.0f} of {N_BANKS} banks,"
        f" and {middle.loc[0.0]:.0f} if default leaves nothing:"
        " banks that owe each other may all pay, or all fail"
    )
    caption = (
        f"Rogers and Veraart (2013). Left: one drawn network of {N_BANKS} banks (seed {SEED}), as"
        " in Eisenberg and Noe, all outside assets down by the share shown; alpha = beta."
        f" Right: two banks that owe each other {MUTUAL_DEBT:g} and outside {OUTSIDE_DEBT:g}, with"
        " half of assets recovered in default. The solver returns the greatest answer."
    )
    headers = (
        f"Banks in default, of {N_BANKS}",
        "What each of two banks pays, money",
    )
    with style.house_style():
        result, panels = two_panels(title, caption, headers)
        _draw_recoveries(panels[0], drawn)
        _draw_pair(panels[1], table[table["part"] == "pair"])
    return result


def _draw_recoveries(axes: Axes, drawn: pd.DataFrame) -> None:
    for loss, colour in zip(LOSSES, _LOSS_COLOURS, strict=True):
        curve = drawn[drawn["loss"] == loss]
        name = f"{100 * loss:g}% of assets lost"
        axes.plot(100 * curve["alpha"], curve["defaults"], color=colour, linewidth=1.8, label=name)
    axes.set_xlim(0.0, 100.0)
    axes.set_ylim(0.0, 1.04 * N_BANKS)
    axes.set_xlabel("recovered from a defaulter's assets, %")
    axes.legend(loc="lower left")


def _draw_pair(axes: Axes, pair: pd.DataFrame) -> None:
    x, greatest = pair["assets"].to_numpy(), pair["greatest"].to_numpy()
    full = MUTUAL_DEBT + OUTSIDE_DEBT
    paying = greatest >= full
    axes.plot(x, pair["both_default"], color="#D55E00", linewidth=1.8, linestyle=(0, (3, 2)))
    for part in (paying, ~paying):
        axes.plot(x[part], greatest[part], color="#0B4F8A", linewidth=2.2)
    start, end = x[paying].min(), float(pair.dropna(subset="both_default")["assets"].max())
    axes.axvspan(start, end, color="#E69F00", alpha=0.13, linewidth=0)
    axes.text(
        (start + end) / 2, 0.60 * full, "two answers:\na rescue costs nothing\nif it is believed",
        ha="center", fontsize=7.5, color=style.QUIET, linespacing=1.3,
    )  # fmt: skip
    axes.text(end + 0.1, full - 0.3, "all pay", color="#0B4F8A", va="top", fontsize=8.0)
    low = float(pair["both_default"].max())
    axes.text(end + 0.1, low, "both\ndefault", color="#D55E00", va="center", fontsize=8.0)
    axes.set_xlim(0.0, x.max())
    axes.set_ylim(0.0, 1.08 * full)
    axes.set_xlabel("outside assets of each, money")


PAPER = Paper(
    name="rogers-veraart",
    citation="Rogers and Veraart 2013, Management Science 59(4)",
    claim="When default destroys value, one network of debts can clear in several ways, "
    "and a group of banks may fail only because all expect it.",
    through=("abm.contagion.clear_interbank",),
    findings=findings,
    compare=compare,
    figure=figure,
    sampling=f"one network of {N_BANKS} banks, seed {SEED}",
)
