"""Lessons, each run once, short, for all tests of them."""

import runpy
from functools import cache
from typing import Any

import pytest

from experiments.lessons import __main__ as command
from experiments.lessons import frame
from experiments.lessons.frame import Exercise, find_exercise

LESSONS = command.find_lessons()


@cache
def ran(number: str) -> tuple[dict[str, Any], dict[str, Exercise]]:
    """Names and numbers of a quick lesson at its end, and the exercises that it asked."""
    asked: dict[str, Exercise] = {}

    def check(exercise: str, answer: Any, **numbers: Any) -> frame.Verdict:
        asked[exercise] = find_exercise(exercise, **numbers)
        return asked[exercise].judge(answer)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(frame, "QUICK", True)
        patch.setattr(frame, "check", check)
        return runpy.run_path(str(LESSONS[number])), asked
