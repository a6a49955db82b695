"""Answers to lesson 7. Try the exercises first."""

from __future__ import annotations

import traceback
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from types import FunctionType
from typing import TYPE_CHECKING, Any, NamedTuple

from abm.agents import PythonAgent
from experiments.lessons.frame import Exercise, Mistake, Verdict

if TYPE_CHECKING:
    import pandas as pd

    TryOut = Callable[[type[PythonAgent]], pd.DataFrame]

_TENTH_OF_A_PERCENT = 0.1
_HALF_A_POINT = 0.5
_CLOSED_OUT = (
    "Its broker closed it out. A short of yen is then bought back by force, and the forced buying"
    " raises the yen: stay well below self.maintenance_leverage."
)
_NO_CLASS = "The answer is the name of your class, without quotes and brackets."


class Patient(PythonAgent):
    """Waits until the yen is up by 6%, sells for twice its wealth, and holds on."""

    def orders(self) -> dict[str, float]:
        if self.model.log_yen > 0.06 and self.positions_usd_bn["JPY"] == 0.0:
            return {"JPY": -2.0 * self.wealth_usd_bn}
        return {}


class Outcome(NamedTuple):
    """The results of a trader, over the draws."""

    made: float  # mean [% of wealth]
    peak: float  # mean of the yen's largest rise [log %]
    n_failures: int  # how often its broker closed it out


@dataclass(frozen=True, kw_only=True)
class OfTraders(Exercise):
    """An exercise whose answer is a class of traders: it is run.

    `right` and the mistakes are such classes, too, and `accepts` judges the Outcome of one. A
    mistake is known by its Outcome, whatever its name.
    """

    try_out: TryOut

    def judge(self, answer: Any) -> Verdict:
        if answer is Ellipsis:
            return super().judge(answer)
        if not isinstance(answer, type):
            return Verdict(False, f"not right. {_NO_CLASS}")
        if not issubclass(answer, PythonAgent):
            return Verdict(False, f"not right. {answer.__name__} is not a subclass of PythonAgent")
        try:
            came = outcome(answer, self.try_out)
        except Exception as fault:  # the student's code: anything may go wrong in it
            return Verdict(False, f"not right. {in_one_line(answer, fault)}")
        if self._is_right(came):
            return Verdict(True, f"right. {self.why}")
        return Verdict(False, f"not right. {self._hint_for(came)}")

    def _hint_for(self, came: Outcome) -> str:
        if came.n_failures > 0:
            return _CLOSED_OUT
        for mistake in self.mistakes:
            if came == outcome(mistake.answer, self.try_out):
                return mistake.hint
        return self.hint


@cache
def outcome(kind: type[PythonAgent], try_out: TryOut) -> Outcome:
    """The results of a trader over the draws of `try_out`."""
    table = try_out(kind)
    return Outcome(
        float(table["made"].mean()), float(table["peak"].mean()), int(table["failed"].sum())
    )


def in_one_line(kind: type, fault: Exception) -> str:
    """The class that failed, the place in its own code and the fault: never more than a line."""
    written = [owner for owner in kind.__mro__ if owner not in PythonAgent.__mro__]
    code = {
        method.__code__
        for owner in written
        for method in vars(owner).values()
        if isinstance(method, FunctionType)
    }
    places = [
        f" in {frame.f_code.co_name}, line {line}"
        for frame, line in traceback.walk_tb(fault.__traceback__)
        if frame.f_code in code
    ]
    said = " ".join(str(fault).split())
    return f"{kind.__name__} failed{''.join(places[-1:])}: {type(fault).__name__}: {said}"


def cost_of_leaning(leaner: pd.DataFrame, idle: pd.DataFrame, n_few: int) -> Exercise:
    """7.1: what Leaner makes more than Idler, mean over draws [% of wealth].

    `n_few` is the number of draws that `try_out` takes unasked.
    """
    more = leaner["made"] - idle["made"]
    right = float(more.mean())
    of_few = Mistake(
        float(more[:n_few].mean()),
        f"That is the mean over the {n_few} draws of try_out; take all N_DRAWS.",
    )
    return Exercise(
        right=right,
        tolerance=_TENTH_OF_A_PERCENT,
        why="It earns carry on what it sold and still loses: it sold on the first day of the rush,"
        " and bought back on the first quiet one.",
        hint="Mean of the column 'made' of the one less that of the other, over all N_DRAWS.",
        mistakes=(
            Mistake(-right, "Mind the sign: does it end richer or poorer than Idler?"),
            Mistake(right / 100.0, "That is a share of its wealth; the answer is in per cent."),
            *((of_few,) if n_few < len(more) else ()),
            Mistake(
                float(leaner["made"].mean()),
                "That is what it makes. But doing nothing earns interest, too.",
            ),
            Mistake(float(idle["made"].mean()), "That is what Idler makes."),
        ),
    )


def richer_than_idle(
    try_out: TryOut, idler: type[PythonAgent], leaner: type[PythonAgent]
) -> Exercise:
    """7.2: a trader who ends richer than one who does nothing."""
    return OfTraders(
        try_out=try_out,
        right=Patient,
        accepts=lambda came: came.made >= outcome(idler, try_out).made + _TENTH_OF_A_PERCENT,
        why="What did it do to the peak? Try draws it has not seen, n_draws=40; and 80bn in place"
        " of 20bn: does it still pay?",
        hint="It ends no richer than Idler. When did it sell yen, and was the yen higher later?",
        mistakes=(
            Mistake(idler, "It makes what Idler makes, the interest on its dollars."),
            Mistake(leaner, "It makes what Leaner makes. Must it hurry so?"),
        ),
    )


def calmer_than_leaner(
    try_out: TryOut, idler: type[PythonAgent], leaner: type[PythonAgent]
) -> Exercise:
    """7.3: a trader who takes half a point more off the yen's peak than Leaner."""
    return OfTraders(
        try_out=try_out,
        right=Patient,
        accepts=lambda came: came.peak <= outcome(leaner, try_out).peak - _HALF_A_POINT,
        why="Now look at what it makes by it: `try_out` has it in the column 'made'.",
        hint="The yen does not stay half a point below its peak with Leaner. Sell more of them"
        " while they rise; but above self.maintenance_leverage a trader is forced to buy.",
        mistakes=(
            Mistake(idler, "With it the yen goes as high as with Idler."),
            Mistake(leaner, "That is just as high as with Leaner; it has to do more."),
        ),
    )


EXERCISES = {"7.1": cost_of_leaning, "7.2": richer_than_idle, "7.3": calmer_than_leaner}
