"""An experiment: a question to a scenario, read from a file or a mapping and found sound."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Self

from abm.scenario import Scenario
from abm.scenario.fields import Part
from abm.scenario.writing import to_toml
from abm.sweep.question import Question
from abm.sweep.reading import checked_experiment, read_experiment


class Experiment(Question):
    """One question to a scenario, as the file of an experiment asks it.

    >>> factors = {"shock.surprise_bp": [5, 25, 50], "funds.leverage_cap": [4, 7]}
    >>> asked = {"scenario": "hike", "replicates": 20}
    >>> asked["design"] = {"kind": "grid", "factors": factors}
    >>> Experiment.from_dict(asked).factor_keys
    ('shock.surprise_bp', 'funds.leverage_cap')

    All points of a design meet the same shocks. Kinds of design, with their keys:
    `abm/sweep/kinds.py`; `unwind check` says how many runs a file asks for.
    """

    @classmethod
    def from_dict(cls, raw: Mapping[str, Any], folder: str | os.PathLike[str] = ".") -> Self:
        """An experiment from nested mappings, checked like a file that lies in `folder`.

        Raises ScenarioFaults with every fault.
        """
        return checked_experiment(cls, raw, Path(folder))

    def to_toml(self) -> str:
        """The experiment as a file that loads to an equal one; what was not chosen is left out."""
        return to_toml(chosen_of(self))


def load_experiment(
    path: str | os.PathLike[str], max_runs: int | None = None, *, is_checked: bool = False
) -> Experiment:
    """An experiment from its .toml file, with every point of its design checked.

    Parameters
    ----------
    path
        The file. A scenario or a list of points that it names lies beside it.
    max_runs
        More runs than this are refused; without it, more than `stop.max_runs`.
    is_checked
        Whether the points have been checked before, as those of a result folder have: reading is
        quick then.

    Raises
    ------
    UnreadableFile
        If there is no such file, or it is not TOML.
    ScenarioFaults
        With every fault of what it says, each with its line.
    """
    return read_experiment(Experiment, Path(path), max_runs, is_checked)


def base_scenario(experiment: Experiment) -> Scenario:
    """The scenario with the experiment's fixed changes."""
    return experiment.base


def chosen_of(part: Part) -> dict[str, Any]:
    """The choices of a part, as plain mappings and lists."""
    return {
        name: _plain(getattr(part, name))
        for name, field in type(part).model_fields.items()
        if name == "kind" or getattr(part, name) != field.default
    }


def _plain(value: Any) -> Any:
    if isinstance(value, Part):
        chosen = chosen_of(value)
        return chosen["values"] if set(chosen) == {"values"} else chosen
    if isinstance(value, Mapping):
        return {key: _plain(entry) for key, entry in value.items()}
    return [_plain(entry) for entry in value] if isinstance(value, tuple) else value
