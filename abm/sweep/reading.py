"""Experiment files: reading one, and everything that is wrong with it at once."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from copy import deepcopy
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

from pydantic import ValidationError

from abm.errors import Fault, InvalidInput, ScenarioFaults, UnreadableFile, show
from abm.files import MOST_OF_EXPERIMENT, exists
from abm.scenario import list_scenarios
from abm.scenario.checks import nearest
from abm.scenario.faults import faults_of, placed
from abm.scenario.files import origin_of, read_toml, shown
from abm.scenario.graph_files import each_path
from abm.scenario.lines import lines_of_keys
from abm.sweep.kinds import flat_factors
from abm.sweep.points_file import read_points
from abm.sweep.question import LARGEST_SEED, Question
from abm.sweep.refusals import refusals

Asked = TypeVar("Asked", bound=Question)
POINT = re.compile(r"^design\.points\.\d+\.")
IN_DICTIONARY = "experiment"
# What stands in for a design that cannot be read.
NOTHING_VARIED: dict[str, Any] = {"kind": "list", "points": []}
ANY_VALUES: dict[str, Any] = {"kind": "latin-hypercube", "n_points": 2}
OF_AN_EXPERIMENT = {"design", "scenario", "replicates"}  # no key of a scenario
OF_A_STUDY = {"parameters", "moments"}  # of a calibration
OF_A_SCENARIO = {"base", "calendar", "instruments", "funds", "shock", "policy"}
REPLACEABLE = {"name", "replicates", "seed", "outputs", "stop"}


class Source(NamedTuple):
    """The source of an experiment: file, folder, and file and line of every key."""

    where: str
    folder: Path
    origins: dict[str, tuple[str, int | None]]


def read_experiment(kind: type[Asked], path: Path, max_runs: int | None, is_checked: bool) -> Asked:
    """An experiment of this class from its file, as `load_experiment` says."""
    raw, text = read_toml(path.absolute(), MOST_OF_EXPERIMENT)
    where = shown(path.absolute())
    if not raw.keys() & OF_AN_EXPERIMENT and raw.keys() & OF_A_SCENARIO:
        raise UnreadableFile(
            f"{where} is a scenario, not an experiment: unwind run runs it; an experiment has a "
            "[design] and names it as its scenario"
        )
    if raw.keys() >= OF_A_STUDY:
        raise UnreadableFile(f"{where} is a study, not an experiment: unwind calibrate runs it")
    raw.setdefault("name", path.stem)
    origins: dict[str, tuple[str, int | None]] = {
        key: (where, line) for key, line in lines_of_keys(text, raw).items()
    }
    source = Source(where, path.absolute().parent, origins)
    return _trusted(kind, raw, source) if is_checked else _checked(kind, raw, source, max_runs)


def checked_experiment(kind: type[Asked], raw: Mapping[str, Any], folder: Path) -> Asked:
    """An experiment of this class from nested mappings, as `Experiment.from_dict` says."""
    return _checked(kind, dict(raw), Source(IN_DICTIONARY, folder.absolute(), {}), None)


def reseeded(experiment: Asked, seed: int, max_runs: int | None) -> Asked:
    """The experiment under another seed, of which a design may draw other points: each is checked.

    Raises InvalidInput for a seed that a sweep's column cannot hold, ScenarioFaults as reading.
    """
    if seed > LARGEST_SEED:
        raise InvalidInput(f"rng = {show(seed)}, of a sweep must be at most {LARGEST_SEED:,}")
    changed = experiment.model_copy(update={"seed": seed})
    faults = refusals(changed, max_runs, is_whole=True)
    if faults:
        raise ScenarioFaults(_placed(faults, Source(IN_DICTIONARY, Path(), {})))
    return changed


def _checked(kind: type[Asked], raw: dict[str, Any], source: Source, max_runs: int | None) -> Asked:
    raw = deepcopy(raw)
    point_faults = _read_points(raw, source)
    faults = [*place_scenario(raw, source), *_read_accepted(raw, source), *point_faults]
    _place_graphs(raw, source)
    is_placed = not any(fault.key == "scenario" for fault in faults)
    experiment, shape_faults, has_design = _shaped(kind, raw)
    is_whole = not faults and not shape_faults
    faults += shape_faults
    if experiment is not None and is_placed:
        faults += refusals(experiment, max_runs, is_whole, has_design and not point_faults)
    if faults or experiment is None:
        raise ScenarioFaults(_placed(faults, source))
    return experiment


def _trusted(kind: type[Asked], raw: dict[str, Any], source: Source) -> Asked:
    """An experiment whose points have been checked before."""
    faults = [
        *place_scenario(raw, source), *_read_accepted(raw, source), *_read_points(raw, source)
    ]  # fmt: skip
    _place_graphs(raw, source)
    experiment, shape_faults, _ = _shaped(kind, raw)
    if experiment is None or faults or shape_faults:
        raise ScenarioFaults(_placed([*faults, *shape_faults], source))
    return experiment


def _placed(faults: list[Fault], source: Source) -> list[Fault]:
    """Faults of the experiment with file and line; those of other files have theirs."""
    here = [fault for fault in faults if not fault.where]
    found = placed(here, source.where, lambda key: origin_of(source.origins, key, source.where))
    elsewhere = [fault for fault in faults if fault.where]
    return [*(_by_column(fault, source) for fault in found), *elsewhere]


def _by_column(fault: Fault, source: Source) -> Fault:
    """In a CSV file a value is found by line and column, not by `design.points.7`."""
    key = fault.key if fault.where == source.where else POINT.sub("", fault.key)
    return replace(fault, key=key)


def place_scenario(raw: dict[str, Any], source: Source) -> list[Fault]:
    """A scenario's file lies where the experiment lies; a name is left alone."""
    given = raw.get("scenario")
    if not isinstance(given, str) or given in list_scenarios():
        return []
    beside = source.folder / (given if given.endswith(".toml") else f"{given}.toml")
    if beside.is_file():
        raw["scenario"] = str(beside)
        return []
    known = list_scenarios()
    words = f"must be one of {', '.join(known)}, or a .toml file beside the experiment"
    return [Fault("", "scenario", given, words, nearest(given, known))]


def _place_graphs(raw: dict[str, Any], source: Source) -> None:
    """A graph file that changes, factors or points name lies where the experiment lies."""
    for part in ("changes", "design"):
        if part in raw:
            raw[part] = each_path(raw[part], lambda path: str((source.folder / path).absolute()))


def _read_points(raw: dict[str, Any], source: Source) -> list[Fault]:
    """The rows of `design.file` in its place."""
    design = raw.get("design")
    given = design.get("file") if isinstance(design, dict) else None
    if not isinstance(design, dict) or not isinstance(given, str) or design.get("kind") != "list":
        return []
    if "points" in design:
        return [Fault("", "design.file", given, "takes the place of points: leave one out")]
    path = source.folder / given
    if not exists(path) or path.is_dir():
        return [Fault("", "design.file", given, "must be a CSV file beside the experiment")]
    links = design.get("factors")
    conditional = {
        key
        for key, link in (flat_factors(links) if isinstance(links, dict) else {}).items()
        if isinstance(link, dict) and link.get("when")
    }
    rows, lines, faults = read_points(path, frozenset(conditional))
    if faults and rows:  # the fullest line shows which columns the scenario does not have
        fullest = max(range(len(rows)), key=lambda index: len(rows[index]))
        rows, lines = [rows[fullest]], [lines[fullest]]
    source.origins.update(
        {f"design.points.{index}": (shown(path), line) for index, line in enumerate(lines)}
    )
    design["points"] = rows
    del design["file"]
    return faults


def _read_accepted(raw: dict[str, Any], source: Source) -> list[Fault]:
    """The rows of the file that `accepted` names, in its place."""
    given = raw.get("accepted")
    if not isinstance(given, str):
        return []
    raw["accepted"] = []
    path = source.folder / given
    if not exists(path) or path.is_dir():
        words = "must be a CSV file, as the accepted.csv that unwind calibrate writes"
        return [Fault("", "accepted", given, words)]
    raw["accepted"], _, faults = read_points(path)
    return faults


def _shaped(kind: type[Asked], raw: dict[str, Any]) -> tuple[Asked | None, list[Fault], bool]:
    """The experiment, or what is left of it without what cannot be read; the faults of that.

    Last, whether its design is the file's own.
    """
    try:
        return kind.model_validate(raw), [], True
    except ValidationError as refused:
        faults = faults_of(refused, raw, kind)
        places = [error["loc"] for error in refused.errors(include_url=False)]
    rest = _without(raw, places)
    for design in (rest.get("design"), _stand_in(rest.get("design")), NOTHING_VARIED):
        try:
            sound = kind.model_validate({**rest, "design": design})
        except ValidationError:
            continue
        return sound, faults, design is rest.get("design")
    return None, faults, False


def _stand_in(design: Any) -> dict[str, Any]:
    """A design of the same factors or points that lacks nothing and takes any values."""
    given = design if isinstance(design, Mapping) else {}
    kept = {name: given[name] for name in ("points", "factors") if name in given}
    return NOTHING_VARIED | kept if "points" in kept else ANY_VALUES | kept


def _without(raw: Mapping[str, Any], places: Iterable[tuple[int | str, ...]]) -> dict[str, Any]:
    """The rest when all at these places is taken away, and the keys that need it."""
    rest = deepcopy(dict(raw))
    design = rest.get("design")
    factors: set[Any] = set()
    points: set[Any] = set()
    for first, *inside in places:
        if first in REPLACEABLE or first not in Question.model_fields:
            rest.pop(str(first), None)
        elif first == "changes":
            rest["changes"] = {}
        elif inside[1:2] == ["factors"] and len(inside) > 2:
            factors.add(inside[2])
        elif inside[1:2] == ["points"] and len(inside) > 2:
            points.add(inside[2])
        elif len(inside) == 2 and isinstance(design, dict):
            design.pop(str(inside[1]), None)
    rest.setdefault("replicates", 1)
    if factors and isinstance(design, dict):
        design["factors"] = _independent(flat_factors(design["factors"]), factors)
    if points and isinstance(design, dict):
        design["points"] = [row for i, row in enumerate(design["points"]) if i not in points]
    return rest


def _independent(factors: dict[str, Any], broken: set[Any]) -> dict[str, Any]:
    """Factors that are not broken and wait for none that is."""
    while True:
        waiting = {
            key
            for key, factor in factors.items()
            if key not in broken
            and isinstance(factor, dict)
            and broken & set(flat_factors(factor.get("when") or {}))
        }
        if not waiting:
            return {key: factor for key, factor in factors.items() if key not in broken}
        broken = broken | waiting
