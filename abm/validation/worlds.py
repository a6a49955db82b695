"""A world to be validated: its scenario under each of the three scripts."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from abm.scenario import Scenario, load_scenario
from abm.validation.claims import ROLES

SCRIPT = ("calendar", "shock", "policy", "news")
"""Parts of a scenario that say what happens to a world, and when."""

World = dict[str, Scenario]


def world_of(name: str | Path | None = None, changes: Mapping[str, Any] | None = None) -> World:
    """The shipped scenarios, or one scenario's world under their scripts; then the changes.

    Raises UnreadableFile or ScenarioFaults, as `load_scenario` and `with_changes` do.
    """
    shipped = {role: load_scenario(role) for role in ROLES}
    if name is not None:
        given = load_scenario(name)
        shipped = {role: with_script_of(given, one) for role, one in shipped.items()}
    return {role: one.with_changes(changes or {}) for role, one in shipped.items()}


def with_script_of(scenario: Scenario, other: Scenario) -> Scenario:
    """A scenario with the calendar, shock, policy and news of another; itself if they are its."""
    raw, theirs = scenario.to_dict(), other.to_dict()
    if all(raw.get(part) == theirs.get(part) for part in SCRIPT):
        return scenario
    kept = {key: value for key, value in raw.items() if key not in SCRIPT}
    script = {part: theirs[part] for part in SCRIPT if part in theirs}
    return Scenario.from_dict(kept | script, where=scenario.name)
