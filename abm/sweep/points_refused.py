"""Every point of a design against the scenario's schema, told in few lines."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from abm.errors import Fault, ScenarioFaults, show
from abm.sweep.kinds import Factor, ListOfPoints
from abm.sweep.question import Question, is_missing, scenario_at
from abm.words import counted

if TYPE_CHECKING:
    import pandas as pd

MOST_TOLD = 200  # points at which one factor is found wrong before it is left alone
NUMBERS = re.compile(r"[-+]?\d[\d.e+-]*")


@dataclass
class _Group:
    """One fault as it comes back from point to point."""

    fault: Fault
    factor: str  # whose value it is; empty where it lies between factors
    point: Mapping[str, Any]
    index: int
    given: dict[str, Any] = field(default_factory=dict)  # by how it is shown
    n_points: int = 0
    last: int = -1  # the point counted last


def faults_at_points(experiment: Question, points: pd.DataFrame) -> list[Fault]:
    """Faults of the scenario at any point, one for all points that share it."""
    groups: dict[tuple[str, str], _Group] = {}
    owners = {t.key: key for key, targets in experiment.targets.items() for t in targets}
    alone: set[str] = set()
    for index, row in enumerate(points.to_dict("records")):
        point = {str(key): value for key, value in row.items() if key not in alone}
        try:
            scenario_at(experiment, point)
        except ScenarioFaults as refused:
            for fault in refused.faults:
                factor = owners.get(fault.key, "")
                kind = (factor or fault.key, NUMBERS.sub("#", fault.allowed))
                group = groups.setdefault(kind, _Group(fault, factor, point, index))
                group.n_points += index != group.last  # a pattern is wrong at many keys of a point
                group.last = index
                given = point.get(factor, fault.given)
                group.given.setdefault(show(given), given)
                if factor and group.n_points >= MOST_TOLD:
                    alone.add(factor)
    return [_told(experiment, group, len(points)) for group in groups.values()]


def place_of(experiment: Question, factor: str, index: int = 0) -> str:
    """The place in the file that gives the values of a factor."""
    if isinstance(experiment.design, ListOfPoints):
        return f"design.points.{index}.{factor}"
    return f"design.factors.{factor}"


def _told(experiment: Question, group: _Group, n_points: int) -> Fault:
    fault, factor = group.fault, group.factor
    or_more = " or more" if factor and group.n_points >= MOST_TOLD else ""
    words = f"{fault.allowed}, at {group.n_points:,}{or_more} of {counted(n_points, 'point')}"
    if not factor:
        first = ", ".join(f"{k} = {show(v)}" for k, v in group.point.items() if not is_missing(v))
        place = f"design.factors.{fault.key}"
        return Fault("", place, fault.given, f"{words}, first where {first}", fault.near)
    if _is_of_multiples(experiment, factor):
        words = f"{fault.key} = {show(fault.given)} {words}"
    elif fault.key != factor:
        words = f"{fault.key} {words}"
    place = place_of(experiment, factor, group.index)
    return Fault("", place, _given(experiment, group), words, _hint(experiment, group))


def _is_range(experiment: Question, group: _Group) -> bool:
    factor = experiment.design.factors.get(group.factor)
    return isinstance(factor, Factor) and factor.values is None


def _is_of_multiples(experiment: Question, name: str) -> bool:
    factor = experiment.design.factors.get(name)
    return isinstance(factor, Factor) and factor.times


def _given(experiment: Question, group: _Group) -> Any:
    """The values of a list that are not allowed; of those between two ends, an example."""
    given = list(group.given.values())
    if _is_of_multiples(experiment, group.factor):
        given = [f"{multiple:.4g}x" for multiple in given]
    elif _is_range(experiment, group):
        given = [float(f"{given[0]:.4g}")]
    return given[0] if len(given) == 1 or _is_range(experiment, group) else given


def _hint(experiment: Question, group: _Group) -> str:
    """A hint for the file; for whole numbers between two ends, the word for it."""
    wants_whole = group.fault.allowed.startswith("must be a whole number")
    if wants_whole and _is_range(experiment, group):
        return "" if _is_of_multiples(experiment, group.factor) else "add whole = true"
    return group.fault.hint
