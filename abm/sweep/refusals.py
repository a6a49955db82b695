"""Faults between an experiment and its scenario, found before anything runs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from itertools import chain

from abm.errors import NOT_GIVEN, Fault, Nearest, ScenarioFaults, UnreadableFile
from abm.scenario import load_scenario
from abm.scenario.fields import Table
from abm.scenario.patterns import is_pattern, nearest_pattern
from abm.scenario.writing import WORDS
from abm.sweep.designs import count_points, design_points, in_order
from abm.sweep.keys_refused import unknown_keys
from abm.sweep.kinds import Factor, ListOfPoints, OneAtATime, Value, sort_of
from abm.sweep.points_refused import faults_at_points, place_of
from abm.sweep.question import Question, series_names
from abm.words import counted


def refusals(
    experiment: Question, max_runs: int | None, is_whole: bool, has_design: bool = True
) -> list[Fault]:
    """Every fault, with keys as in the experiment file.

    `is_whole` is false for what is left of a file with other faults: how many runs it would be is
    not said then. `has_design` is false where another design stands in for the file's own: nothing
    is said about its points then.
    """
    try:
        load_scenario(experiment.scenario)
    except ScenarioFaults as refused:
        return list(refused.faults)
    except UnreadableFile as refused:
        return [Fault("", "scenario", experiment.scenario, str(refused))]
    experiment, faults = _with_sound_changes(experiment)
    faults += _unknown_series(experiment)
    bad_worlds = _bad_worlds(experiment)
    if bad_worlds:
        faults += bad_worlds
        experiment = experiment.model_copy(update={"accepted": ()})
    if isinstance(experiment.design, ListOfPoints) and not experiment.design.points:
        words = "is missing: tables [[design.points]], or file = a CSV file"
        return [*faults, Fault("", "design.points", NOT_GIVEN, words)] if is_whole else faults
    between = [*chain(_duplicates(experiment), _bad_conditions(experiment), _bad_links(experiment))]
    between = between or [*chain(_bad_rows(experiment), _bad_starts(experiment))]
    if is_whole and not between:
        between = [*_too_many(experiment, max_runs)]
    if has_design and not between:
        return [*faults, *faults_at_points(experiment, design_points(experiment))]
    places = {fault.key for fault in between}
    unknown = [fault for fault in unknown_keys(experiment) if fault.key not in places]
    return [*faults, *between, *unknown]


def _with_sound_changes(experiment: Question) -> tuple[Question, list[Fault]]:
    """The experiment without those changes that the scenario refuses."""
    try:
        experiment.base.name  # noqa: B018  (reads the scenario)
        return experiment, []
    except ScenarioFaults as refused:
        faults = [replace(fault, key=f"changes.{fault.key}", where="") for fault in refused.faults]
    bad = [fault.key.removeprefix("changes.") for fault in faults]
    sound = {
        key: value
        for key, value in experiment.changes.items()
        if not any(f"{key}.".startswith(f"{b}.") or f"{b}.".startswith(f"{key}.") for b in bad)
    }
    for kept in (sound, {}):
        rest = experiment.model_copy(update={"changes": Table(kept)})
        try:
            rest.base.name  # noqa: B018
            break
        except ScenarioFaults:
            continue
    return rest, faults


def _bad_worlds(experiment: Question) -> list[Fault]:
    """Faults of the first accepted point that the scenario does not take."""
    for row in experiment.accepted:
        try:
            experiment.base.with_changes(row, where="accepted")
        except ScenarioFaults as refused:
            return [
                replace(fault, key=f"accepted.{fault.key}", where="") for fault in refused.faults
            ]
    return []


def _unknown_series(experiment: Question) -> Iterator[Fault]:
    known = series_names(experiment.base)
    series = Counter(experiment.outputs.series)
    for name, n in series.items():
        if name not in known:
            words = "is not a column of the days table"
            yield Fault("", "outputs.series", name, words, Nearest(name, known))
        elif n > 1:
            yield Fault("", "outputs.series", name, "is named more than once")


def _duplicates(experiment: Question) -> Iterator[Fault]:
    """A key is set in one place: by one factor, by a link, or by the changes."""
    setters: dict[str, list[str]] = {}
    for key in experiment.factor_keys:
        for name in _linked(experiment, key):
            setters.setdefault(experiment.own_name(name), []).append(place_of(experiment, key))
    for key in experiment.changes:
        for own in map(experiment.own_name, experiment.own_keys(key)):
            if own in setters:
                setters[own].append(f"changes.{key}")
    for name, places in setters.items():
        if len(places) > 1:
            first, second = places[0], places[-1]
            words = f"{name} is set here and by {first}: once is enough"
            yield Fault("", second, NOT_GIVEN, words)


def _linked(experiment: Question, key: str) -> list[str]:
    """A factor and the keys that move with it."""
    named = [name for name in experiment.links[key].also if "*" not in name]
    return [*experiment.own_keys(key), *named, *experiment.matches(key)]


def _bad_conditions(experiment: Question) -> Iterator[Fault]:
    links = experiment.links
    unordered = set(links) - set(in_order(links))
    for key, link in links.items():
        place = f"design.factors.{key}"
        for name, wanted in link.when.items():
            if name == key or name not in links:
                words = "the condition must be on another factor of the design"
                hint = Nearest(name, [k for k in links if k != key])
                yield Fault("", f"{place}.when", name, words, hint)
                continue
            taken = _values_of(experiment, name)
            if taken is None:
                words = "the condition must be on a factor with a list of values"
                yield Fault("", f"{place}.when", name, words)
            elif not set(wanted) <= set(taken):
                extra = next(value for value in wanted if value not in taken)
                listed = ", ".join(str(value) for value in taken)
                words = f"{name} takes only {listed}"
                close = Nearest(extra, listed.split(", ")) if isinstance(extra, str) else ""
                yield Fault("", f"{place}.when", extra, words, close)
        if key in unordered:
            yield Fault("", f"{place}.when", NOT_GIVEN, "waits for a factor that waits for it")


def _values_of(experiment: Question, key: str) -> tuple[Value, ...] | None:
    """The values a factor takes; None where it takes all between two ends."""
    design = experiment.design
    if isinstance(design, ListOfPoints):
        return tuple(dict.fromkeys(row[key] for row in design.points if key in row))
    return design.factors[key].values


def _bad_links(experiment: Question) -> Iterator[Fault]:
    """Keys that move in proportion need something to be in proportion to."""
    known, design = experiment.base_values, experiment.design
    for key in WORDS:
        if key in experiment.factor_keys:
            words = "changes no run: it only says what the scenario is called"
            yield Fault("", place_of(experiment, key), NOT_GIVEN, words)
    for key in design.factors:
        if key not in experiment.links:
            words = "is not a column of the points"
            hint = Nearest(key, experiment.factor_keys)
            yield Fault("", f"design.factors.{key}", NOT_GIVEN, words, hint)
    for key, link in experiment.links.items():
        place = f"design.factors.{key}.also"
        if not experiment.own_keys(key):
            near = nearest_pattern(key, known)
            yield Fault(
                "", place_of(experiment, key), NOT_GIVEN, "fits no key of the scenario", near
            )
        elif link.in_proportion and is_pattern(key):
            words = "stands for several keys: give multiples, as 1.2x, instead of in_proportion"
            yield Fault("", place_of(experiment, key), NOT_GIVEN, words)
        for pattern in (name for name in link.also if "*" in name):
            if not experiment.matches(key, pattern):
                yield Fault("", place, pattern, "fits no other key of the scenario")
        is_multiplied = link.in_proportion or (isinstance(link, Factor) and link.times)
        for name in _linked(experiment, key) if is_multiplied else ():
            value = known.get(experiment.own_name(name))
            if isinstance(value, bool) or not isinstance(value, int | float):
                close = Nearest(name, known) if name not in known else ""
                is_own = name in experiment.own_keys(key)
                at = place_of(experiment, key) if is_own and not link.in_proportion else place
                yield Fault("", at, name, "is not a number of the scenario", close)
            elif link.in_proportion and name == key and value == 0:
                yield Fault("", place, key, "is 0 in the scenario: nothing is in proportion to it")


def _bad_rows(experiment: Question) -> Iterator[Fault]:
    """Rows of a list have a value for every factor that applies, and for no other."""
    design, links = experiment.design, experiment.links
    if not isinstance(design, ListOfPoints):
        return
    for key in experiment.factor_keys:
        sorts = sorted({sort_of(row[key]) for row in design.points if key in row})
        if len(sorts) > 1:
            words = f"must be all numbers, all words or all true/false; has {' and '.join(sorts)}"
            yield Fault("", f"design.points.0.{key}", NOT_GIVEN, words)
    for index, row in enumerate(design.points):
        for key, link in links.items():
            wanted = all(row.get(k) in values for k, values in link.when.items())
            place = f"design.points.{index}.{key}"
            if wanted and key not in row:
                yield Fault("", place, NOT_GIVEN, "is missing at this point")
            elif key in row and not wanted:
                words = "does not apply at this point (when): leave it out"
                yield Fault("", place, row[key], words)


def _bad_starts(experiment: Question) -> Iterator[Fault]:
    """One at a time starts from the scenario's own values."""
    if not isinstance(experiment.design, OneAtATime):
        return
    known = experiment.base_values
    for key, factor in experiment.design.factors.items():
        place, own = f"design.factors.{key}", experiment.start_of(key)
        if own is None and is_pattern(key):
            words = (
                "its keys have several values in the scenario, where one-at-a-time starts: give "
                "multiples, as 1.2x, or make them equal in [changes]"
            )
            yield Fault("", place, NOT_GIVEN, words)
        elif own is None and not factor.when:
            words = "has no value in the scenario to start from"
            yield Fault("", place, NOT_GIVEN, words, Nearest(key, known))
        elif _moves_apart(experiment, key, factor):
            words = (
                "its linked keys have other values in the scenario, where one-at-a-time starts: "
                "set in_proportion = true, or make them equal in [changes]"
            )
            yield Fault("", f"{place}.also", NOT_GIVEN, words)


def _moves_apart(experiment: Question, key: str, factor: Factor) -> bool:
    known, start = experiment.base_values, experiment.start_of(key)
    if factor.in_proportion or factor.times or start is None:
        return False
    return any(known.get(experiment.own_name(t.key)) != start for t in experiment.targets[key])


def _too_many(experiment: Question, max_runs: int | None) -> Iterator[Fault]:
    most = experiment.stop.max_runs if max_runs is None else max_runs
    most_points = most // experiment.replicates
    n_points = count_points(experiment, most_points)
    if n_points > most_points:
        is_exact = not any(link.when for link in experiment.links.values())
        at_least = "" if is_exact else "at least "
        words = (
            f"{at_least}{counted(n_points, 'point')} × "
            f"{counted(experiment.replicates, 'replicate')} = "
            f"{counted(n_points * experiment.replicates, 'run')}, more than the {most:,} allowed"
        )
        yield Fault("", "design", NOT_GIVEN, words, "--max-runs or stop.max_runs allows more")
