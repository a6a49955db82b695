"""Keys of factors that the scenario does not have, whatever else is wrong with the design."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from abm.errors import NOT_GIVEN, Fault, ScenarioFaults
from abm.scenario.faults import UNKNOWN
from abm.scenario.patterns import is_pattern
from abm.scenario.retired import is_retired
from abm.sweep.designs import in_order
from abm.sweep.kinds import Factor, Link, ListOfPoints, OneAtATime, Value
from abm.sweep.points_refused import place_of
from abm.sweep.question import Question

Point = Mapping[str, Value]


def unknown_keys(experiment: Question) -> Iterator[Fault]:
    """One fault for each, found at one point for each factor.

    A design that cannot be, or has too many points, has none of its points made. Keys that take
    multiples or keep a ratio need the scenario's own value: they are refused where it is looked up.
    """
    told: set[str] = set()
    for key, point in _probes(experiment):
        changes = _plain_changes(experiment, point)
        for fault in _faults_of(experiment, changes):
            owner = next((name for name in point if fault.key in _plain_keys(experiment, name)), "")
            is_gone = fault.allowed == UNKNOWN or is_retired(fault.allowed)
            if is_gone and owner == key and fault.key not in told:
                told.add(fault.key)
                said = fault.allowed
                words = said if fault.key == key else f"{fault.key} {said}"
                yield Fault("", place_of(experiment, key), NOT_GIVEN, words, fault.near)


def _faults_of(experiment: Question, changes: Mapping[str, Any]) -> tuple[Fault, ...]:
    try:
        experiment.base.with_changes(changes, where="point")
    except ScenarioFaults as refused:
        return tuple(refused.faults)
    return ()


def _probes(experiment: Question) -> Iterator[tuple[str, Point]]:
    """Each factor, and a point of the design at which it applies."""
    design, links = experiment.design, experiment.links
    if isinstance(design, ListOfPoints):
        for key in links:
            yield key, next(row for row in design.points if key in row)
        return
    order = in_order(links)
    for key in links:
        wanted = {key: _some_value(design.factors[key])} | _conditions_of(key, links)
        others = [] if isinstance(design, OneAtATime) else order
        yield key, _with_others(others, links, wanted, design.factors)


def _conditions_of(key: str, links: Mapping[str, Link]) -> dict[str, Value]:
    """Values of other factors without which a factor would not apply."""
    found: dict[str, Value] = {}
    waiting = [key]
    while waiting:
        for name, values in links[waiting.pop()].when.items():
            if name not in found and name != key and name in links:
                found[name] = values[0]
                waiting.append(name)
    return found


def _with_others(
    order: list[str], links: Mapping[str, Link], given: Point, factors: Mapping[str, Factor]
) -> Point:
    """A point with one value of each other factor that applies beside those that are given."""
    point = dict(given)
    for name in order:
        if name not in point and all(point.get(k) in v for k, v in links[name].when.items()):
            point[name] = _some_value(factors[name])
    return point


def _some_value(factor: Factor) -> Value:
    """The first of its values, or one between its ends."""
    if factor.values is not None:
        return factor.values[0]
    assert factor.low is not None and factor.high is not None
    middle = (factor.low + factor.high) / 2.0
    return int(middle) if factor.whole else middle


def _plain_keys(experiment: Question, key: str) -> list[str]:
    """Keys that a factor sets to its own value."""
    link = experiment.links[key]
    if isinstance(link, Factor) and link.times:
        return []
    linked = [] if link.in_proportion else [name for name in link.also if not is_pattern(name)]
    return [*experiment.own_keys(key), *linked]


def _plain_changes(experiment: Question, point: Point) -> dict[str, Any]:
    return {name: value for key, value in point.items() for name in _plain_keys(experiment, key)}
