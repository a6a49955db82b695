"""Origin of a branch: the run it left, on which day, and what is different from then on."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from typing import Any, NamedTuple

from abm.scenario import Scenario
from abm.scenario.changes import plain
from abm.scenario.writing import toml_value

MOST_BRANCHES = 100  # one off the other


class Branch(NamedTuple):
    """One turn away from a run, on the morning of a day."""

    day: int
    """Days traded before it."""
    changes: Mapping[str, Any]
    """Values by dotted key that hold from here on."""
    rng: int | None
    """Seed of the news from here on; None: as it was."""
    state_sha256: str
    """Hash of the state it left (`abm.population.saved.state_hash`)."""


class Origin(NamedTuple):
    """The run at the beginning, and every turn since, each off the one before."""

    scenario: Scenario
    branches: tuple[Branch, ...]

    def scenario_after(self, n: int) -> Scenario:
        """The scenario of the n-th turn: all changes up to it; 0 for the run at the beginning."""
        scenario = self.scenario
        for branch in self.branches[:n]:
            scenario = scenario.with_changes(branch.changes)
        return scenario


def branches_as_json(branches: tuple[Branch, ...]) -> list[dict[str, Any]]:
    """Turns as JSON holds them: each value spelled as in a TOML file, null for the default."""
    return [branch._asdict() | {"changes": _spelled(branch.changes)} for branch in branches]


def branches_from_json(said: Any) -> tuple[Branch, ...]:
    """The opposite of `branches_as_json`. Raises ValueError for what is none."""
    if not isinstance(said, list) or not 1 <= len(said) <= MOST_BRANCHES:
        raise ValueError(f"branches must be a list of 1 to {MOST_BRANCHES}")
    return tuple(_branch(one) for one in said)


def _branch(said: Any) -> Branch:
    if not isinstance(said, dict) or said.keys() != set(Branch._fields):
        raise ValueError(f"a branch must say {', '.join(Branch._fields)}")
    day, rng, changes, sha = said["day"], said["rng"], said["changes"], said["state_sha256"]
    is_seed = rng is None or (type(rng) is int and rng >= 0)
    if type(day) is not int or day < 0 or not is_seed or not isinstance(sha, str):
        raise ValueError("a branch has a day, a seed or none, and a hash")
    if not isinstance(changes, dict):
        raise ValueError("changes of a branch must be values by dotted key")
    return Branch(day, {key: _read(text) for key, text in changes.items()}, rng, sha)


def _spelled(changes: Mapping[str, Any]) -> dict[str, str | None]:
    return {
        key: None if value is None else toml_value(plain(value)) for key, value in changes.items()
    }


def _read(text: Any) -> Any:
    """A value as a TOML file spells it."""
    if text is None:
        return None
    if not isinstance(text, str) or "\n" in text:
        raise ValueError("a value of a change must be text on one line")
    return tomllib.loads(f"value = {text}")["value"]
