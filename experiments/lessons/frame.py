"""The frame that all lessons share: short or whole, figures on the page, exercises with a check.

A lesson is `lesson_N_words.py`, a notebook kept as text (jupytext py:percent) with three headings:
`## Question`, `## Experiment`, `## Exercise`. An exercise is a text in the lesson and two cells:

    answer = ...                                    # Ellipsis: not answered yet
    check("3.1", answer, runs=runs)

What is right stands where no student reads it by accident: in `answers/lesson_3.py`, as a function
of the lesson's own numbers, which the lesson hands over by keyword (none, if it is closed form):

    def surprise_of_half(runs) -> Exercise:
        \"\"\"3.1: surprise at which half of the runs break the dam [bp].\"\"\"
        return Exercise(right=..., tolerance=..., why="...", hint="...",
                        mistakes=(Mistake(answer=..., hint="..."),))

    EXERCISES = {"3.1": surprise_of_half}

Every check of a lesson is in EXERCISES of its file and every one of those is asked in the lesson.
`tests/experiments/test_lessons.py` runs all lessons that exist with LESSON_QUICK=1, and holds each
exercise to accept what is right, and to refuse `...` and every mistake, each with its own hint.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from io import BytesIO
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

import numpy as np

from abm.errors import InvalidInput

if TYPE_CHECKING:
    from matplotlib.figure import Figure

T = TypeVar("T")

#: Whether lessons run short, to see that they run: seconds instead of a minute.
QUICK: bool = os.environ.get("LESSON_QUICK") == "1"


def pick(whole: T, quick: T) -> T:
    """One or the other: number of seeds, paths, levels of a whole and of a quick lesson."""
    return quick if QUICK else whole


class Picture:
    """A figure as Jupyter shows it, whatever backend matplotlib has; a script shows nothing."""

    def __init__(self, figure: Figure) -> None:
        self.figure = figure

    def _repr_png_(self) -> bytes:
        page = BytesIO()
        self.figure.savefig(page, format="png")
        return page.getvalue()


def show(figure: Figure) -> Picture:
    """The figure, to be the last line of a cell."""
    return Picture(figure)


class Mistake(NamedTuple):
    """A wrong answer that is often given, and what leads away from it."""

    answer: Any
    hint: str  # does not give the right answer away


@dataclass(frozen=True)
class Exercise:
    """An exercise: the right answer, what to say of it, and mistakes with a hint of their own.

    Attributes
    ----------
    right
        A number, a sequence of numbers, a word, or True or False.
    why
        Said when the answer is right: one sentence.
    hint
        Said when it is wrong and no known mistake.
    tolerance
        Largest difference from `right` that is still right, in the unit of the answer.
    mistakes
        Recognised with the same tolerance, in proportion to their size.
    accepts
        In place of closeness: says itself whether an answer is right. `right` is then one example.
    """

    right: Any
    why: str
    hint: str
    tolerance: float = 0.0
    mistakes: tuple[Mistake, ...] = ()
    accepts: Callable[[Any], bool] | None = None

    def judge(self, answer: Any) -> Verdict:
        """The verdict on an answer, and the words for it."""
        if answer is Ellipsis:
            return Verdict(False, "not answered yet: write your answer in place of the three dots")
        form = self._fault_of_form(answer)
        if form:
            return Verdict(False, f"not right. {form}")
        if self._is_right(answer):
            return Verdict(True, f"right. {self.why}")
        for mistake in self.mistakes:
            if _is_near(answer, mistake.answer, self.tolerance * self._times(mistake.answer)):
                return Verdict(False, f"not right. {mistake.hint}")
        return Verdict(False, f"not right. {self.hint}")

    def _is_right(self, answer: Any) -> bool:
        if self.accepts is not None:
            return bool(self.accepts(answer))
        return _is_near(answer, self.right, self.tolerance)

    def _fault_of_form(self, answer: Any) -> str:
        """The fault of the kind of answer, if any."""
        if self.accepts is not None or _is_word(self.right):
            return ""
        given, wanted = _numbers(answer), _numbers(self.right)
        if given is None or not np.isfinite(given).all() or given.shape != wanted.shape:
            kind = "one number" if wanted.ndim == 0 else f"{wanted.size} numbers: [..., ...]"
            return f"The answer is {kind}; given was {_in_short(answer)}."
        return ""

    def _times(self, mistake: Any) -> float:
        """Ratio of a mistake to the right answer, in words."""
        if _is_word(mistake) or self.tolerance == 0.0:
            return 1.0
        size = np.abs(_numbers(self.right)).max()
        return float(np.abs(_numbers(mistake)).max() / size) if size > 0.0 else 1.0


class Verdict(NamedTuple):
    """A verdict, true for a right answer, and the line that says so."""

    is_right: bool
    words: str

    def __bool__(self) -> bool:
        return self.is_right

    def _ipython_display_(self) -> None:
        """Nothing: `check` has printed the line, and a notebook would show it a second time."""


def check(number: str, answer: Any, **numbers: Any) -> Verdict:
    """Print one line on the answer to an exercise: not answered yet, right and why, or a hint.

    `numbers` are those of the lesson that the right answer is computed from.
    """
    verdict = find_exercise(number, **numbers).judge(answer)
    print(f"{number}: {verdict.words}")
    return verdict


def find_exercise(number: str, **numbers: Any) -> Exercise:
    """The exercise of this number, for these numbers of its lesson."""
    lesson = number.partition(".")[0]
    try:
        known = import_module(f"experiments.lessons.answers.lesson_{lesson}").EXERCISES
    except ModuleNotFoundError:
        raise InvalidInput(f"exercise {number!r}: there is no lesson {lesson!r}") from None
    if number not in known:
        raise InvalidInput(f"no exercise {number!r}; lesson {lesson} has {', '.join(known)}")
    return known[number](**numbers)


def _in_short(answer: Any, n_letters: int = 60) -> str:
    """An answer as Python spells it, in one line and cut: a table has forty."""
    text = " ".join(repr(answer).split())
    return text if len(text) <= n_letters else f"{text[: n_letters - 1]}…"


def _is_word(answer: Any) -> bool:
    return isinstance(answer, str | bool | np.bool_)


def _numbers(answer: Any) -> np.ndarray | None:
    """The answer as numbers, or None if it is none."""
    if _is_word(answer) or isinstance(answer, complex):
        return None
    try:
        return np.asarray(answer, dtype=float)
    except (TypeError, ValueError):
        return None


def _is_near(answer: Any, wanted: Any, tolerance: float) -> bool:
    """Equal words, or numbers no further apart than the tolerance."""
    if _is_word(wanted):
        return str(answer).strip().casefold() == str(wanted).casefold()
    given, there = _numbers(answer), _numbers(wanted)
    if given is None or there is None or given.shape != there.shape:
        return False
    return bool((np.abs(given - there) <= tolerance).all())
