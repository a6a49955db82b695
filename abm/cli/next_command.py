"""Suggestions of the next command after a run, ready to be pasted."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from typing import TYPE_CHECKING

from abm.files import folder_name

if TYPE_CHECKING:
    from abm.scenario import Scenario

_LARGEST_SURPRISE_BP = 2000.0  # the range of the scenario's key
_USUAL_SURPRISE_BP = 25.0


def next_command(scenario: Scenario, given: str, settings: Sequence[str], seed: int) -> str:
    """The same run with the one thing changed that a reader would ask about next.

    `given` is the scenario as the user named it, `settings` what was set on top of it.
    """
    changes, name = _question(scenario)
    keys = {change.partition("=")[0] for change in changes}
    kept = [text for text in settings if text.partition("=")[0].strip() not in keys]
    words = ["unwind", "run", given]
    words += ["--seed", str(seed)] if seed else []
    for text in (*kept, *changes):
        words += ["--set", text]
    return shlex.join([*words, "--out", f"results/{folder_name(scenario.name)}-{name}"])


def _question(scenario: Scenario) -> tuple[list[str], str]:
    """Settings that ask the next question, and a word for its folder."""
    shock, boj = scenario.shock, scenario.policy.boj
    if shock.kind == "surprise":
        size = _twice(shock.surprise_bp)
        return [f"shock.surprise_bp={size:g}"], f"{size:g}bp"
    if boj.kind == "script" and boj.surprise_bp:
        size = _twice(boj.surprise_bp)
        return [f"policy.boj.surprise_bp={size:g}"], f"{size:g}bp"
    size = _USUAL_SURPRISE_BP
    return ["shock.kind=surprise", f"shock.surprise_bp={size:g}"], f"{size:g}bp"


def _twice(size_bp: float) -> float:
    """Twice as large a surprise, within the range that a scenario allows."""
    doubled = 2.0 * size_bp or _USUAL_SURPRISE_BP
    return max(-_LARGEST_SURPRISE_BP, min(_LARGEST_SURPRISE_BP, doubled))
