"""Answers to lesson 6. Try the exercises first."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from experiments.lessons.frame import Exercise, Mistake

if TYPE_CHECKING:
    import pandas as pd

_NOTHING, _BUYS, _SELLS, _LINE = "nothing", "buys 20bn", "sells 20bn", "swap line"
# Room for a standard deviation with n or with n - 1 below it, in short lessons too.
_ROOM = 0.06


def _paired_error(sales: pd.DataFrame, policy: str) -> float:
    """Standard error of the mean difference within pairs [USD bn]."""
    return float((sales[policy] - sales[_NOTHING]).std() / np.sqrt(len(sales)))


def _unpaired_error(sales: pd.DataFrame, policy: str) -> float:
    """Standard error of the difference of two means that err independently [USD bn]."""
    return float(np.sqrt((sales[policy].var() + sales[_NOTHING].var()) / len(sales)))


def effect_of_buying(sales: pd.DataFrame) -> Exercise:
    """6.1: mean change of forced sales by a ministry that buys dollars [USD bn]."""
    right = float((sales[_BUYS] - sales[_NOTHING]).mean())
    return Exercise(
        right=right,
        tolerance=0.1,
        why="It sells yen into the hands of those who must buy them back.",
        hint="Mean of the column 'buys 20bn' less the mean of the column 'nothing'.",
        mistakes=(
            Mistake(-right, "That is the change from buying to nothing: mind the sign."),
            Mistake(
                float((sales[_SELLS] - sales[_NOTHING]).mean()),
                "That is the ministry that sells dollars.",
            ),
            Mistake(
                float(sales[_BUYS].mean()), "That is what is sold, not by how much it changed."
            ),
        ),
    )


def paired_error(sales: pd.DataFrame) -> Exercise:
    """6.2: its standard error, from pairs [USD bn]."""
    change = sales[_BUYS] - sales[_NOTHING]
    right = _paired_error(sales, _BUYS)
    return Exercise(
        right=right,
        tolerance=_ROOM * right,
        why=f"The change is {abs(change.mean()) / right:.0f} standard errors from zero.",
        hint="First the differences, row by row; then their standard deviation over sqrt(n).",
        mistakes=(
            Mistake(
                float(change.std()),
                "That is how single pairs scatter; their mean is surer, by the root of n.",
            ),
            Mistake(float(change.std() / len(change)), "Divide by the root of n, not by n."),
            Mistake(
                _unpaired_error(sales, _BUYS),
                "That is the answer to 6.3. Take the differences first, then their deviation.",
            ),
        ),
    )


def unpaired_error(sales: pd.DataFrame) -> Exercise:
    """6.3: the same had the two worlds had luck of their own [USD bn]."""
    right = _unpaired_error(sales, _BUYS)
    n = len(sales)
    return Exercise(
        right=right,
        tolerance=_ROOM * right,
        why=f"{right / _paired_error(sales, _BUYS):.1f} times that of the pairs: most of what"
        " differs between runs is luck that both worlds share.",
        hint="Add the two variances, divide by n, take the root.",
        mistakes=(
            Mistake(
                _paired_error(sales, _BUYS),
                "That is the answer to 6.2. Here no differences are taken.",
            ),
            Mistake(
                float((sales[_BUYS].std() + sales[_NOTHING].std()) / np.sqrt(n)),
                "Variances add up, not standard deviations.",
            ),
            Mistake(right * np.sqrt(n), "Both means are of n runs: divide the variances by n."),
        ),
    )


def runs_without_pairs(sales: pd.DataFrame) -> Exercise:
    """6.4: runs of each world that the same standard error takes without pairs."""
    gain = _unpaired_error(sales, _BUYS) / _paired_error(sales, _BUYS)
    right = len(sales) * gain**2
    return Exercise(
        right=right,
        tolerance=_ROOM * right,
        why="Common luck saved you all the others, and cost nothing but a seed.",
        hint="Without pairs the error falls with the root of n. By which factor must it fall?",
        mistakes=(
            Mistake(
                len(sales) * gain,
                "The error falls with the root of n: to halve it takes four times the runs.",
            ),
            Mistake(gain**2, "That is how many times as many; how many are they?"),
            Mistake(len(sales) / gain**2, "Fewer? Without pairs the error is larger."),
        ),
    )


def pairs_of_the_swap_line(sales: pd.DataFrame) -> Exercise:
    """6.5: paired over unpaired standard error of what the swap line changes."""
    right = _paired_error(sales, _LINE) / _unpaired_error(sales, _LINE)
    return Exercise(
        right=right,
        tolerance=0.02,
        why="Pairs help as far as the two worlds share their luck. Under the line no fund is called"
        " whatever its luck: hardly any is left to share.",
        hint="Both errors as in 6.2 and 6.3, with the column 'swap line'.",
        mistakes=(
            Mistake(
                _paired_error(sales, _BUYS) / _unpaired_error(sales, _BUYS),
                "That is the ministry that buys dollars.",
            ),
        ),
    )


EXERCISES = {
    "6.1": effect_of_buying,
    "6.2": paired_error,
    "6.3": unpaired_error,
    "6.4": runs_without_pairs,
    "6.5": pairs_of_the_swap_line,
}
