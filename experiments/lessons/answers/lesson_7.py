"""What is right in lesson 7. Try the exercises first."""

from __future__ import annotations

import traceback
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

from abm.agents import PythonAgent
from experiments.lessons.frame import Exercise, Mistake, Verdict

if TYPE_CHECKING:
    import pandas as pd

    TryOut = Callable[[type[PythonAgent]], pd.DataFrame]

_TENTH_OF_A_PERCENT = 0.1
_NO_CLASS = "The answer is the name of your class, without quotes and brackets."


class Patient(PythonAgent):
    """Waits until the yen is 6% dearer, sells for twice his wealth, and keeps his nerve."""

    def orders(self) -> dict[str, float]:
        if self.model.log_yen > 0.06 and self.positions_usd_bn["JPY"] == 0.0:
            return {"JPY": -2.0 * self.wealth_usd_bn}
        return {}


@dataclass(frozen=True, kw_only=True)
class OfTraders(Exercise):
    """An exercise whose answer is a class of traders: it is run.

    `right` and mistakes are what came of one: [made, peak], means over the draws [%].
    """

    try_out: TryOut

    def judge(self, answer: Any) -> Verdict:
        if isinstance(answer, type):
            try:
                answer = outcome(answer, self.try_out)
            except Exception as fault:  # the student's code: anything may go wrong in it
                return Verdict(False, f"not right. {in_one_line(answer, fault)}")
        if answer is not Ellipsis and not isinstance(answer, list):
            return Verdict(False, f"not right. {_NO_CLASS}")
        return super().judge(answer)


@cache
def outcome(kind: type[PythonAgent], try_out: TryOut) -> list[float]:
    """What a trader makes and how high the yen goes with him, means over the draws [%]."""
    table = try_out(kind)
    return [float(table["made"].mean()), float(table["peak"].mean())]


def in_one_line(kind: type, fault: Exception) -> str:
    """Which class failed, where and with what: never more than a line."""
    frames = [f for f in traceback.extract_tb(fault.__traceback__) if f.name in vars(kind)]
    where = f" in {frames[-1].name}, line {frames[-1].lineno}" if frames else ""
    said = " ".join(str(fault).split())
    return f"{kind.__name__} failed{where}: {type(fault).__name__}: {said}"


def cost_of_leaning(leaner: pd.DataFrame, idle: pd.DataFrame) -> Exercise:
    """7.1: what Leaner makes more than Idler, mean over draws [% of wealth]."""
    right = float((leaner["made"] - idle["made"]).mean())
    return Exercise(
        right=right,
        tolerance=_TENTH_OF_A_PERCENT,
        why="He earns carry on what he sold and still loses: sold early, bought back dear.",
        hint="Mean of the column 'made' of the one less that of the other.",
        mistakes=(
            Mistake(-right, "Mind the sign: does he end richer or poorer than Idler?"),
            Mistake(
                float(leaner["made"].mean()),
                "That is what he makes. But doing nothing is not for nothing: it earns interest.",
            ),
            Mistake(float(idle["made"].mean()), "That is what Idler makes."),
        ),
    )


def richer_than_idle(
    try_out: TryOut, idler: type[PythonAgent], leaner: type[PythonAgent]
) -> Exercise:
    """7.2: a trader who ends richer than one who does nothing."""
    idle = outcome(idler, try_out)
    return OfTraders(
        try_out=try_out,
        right=outcome(Patient, try_out),
        accepts=lambda found: bool(found[0] >= idle[0] + _TENTH_OF_A_PERCENT),
        why="Now raise his wealth to 80bn in `try_out`: does it still pay?",
        hint="He ends no richer than Idler. When did he sell yen, and were they dearer later?",
        mistakes=(
            Mistake(idle, "He makes what Idler makes, the interest on his dollars."),
            Mistake(outcome(leaner, try_out), "He makes what Leaner makes. Must he hurry so?"),
        ),
    )


def calmer_than_leaner(
    try_out: TryOut, idler: type[PythonAgent], leaner: type[PythonAgent]
) -> Exercise:
    """7.3: a trader who takes more off the yen's peak than Leaner."""
    leaning = outcome(leaner, try_out)
    return OfTraders(
        try_out=try_out,
        right=outcome(Patient, try_out),
        accepts=lambda found: bool(found[1] < leaning[1]),
        why="Now look at what he makes by it: `try_out` has it in the column 'made'.",
        hint="The yen goes higher than with Leaner. He has 20bn and a broker who lends him more.",
        mistakes=(
            Mistake(outcome(idler, try_out), "With him the yen goes as high as with Idler."),
            Mistake(leaning, "That is just as high as with Leaner; he has to do more."),
        ),
    )


EXERCISES = {"7.1": cost_of_leaning, "7.2": richer_than_idle, "7.3": calmer_than_leaner}
