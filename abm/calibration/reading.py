"""Study files: reading one, and everything that is wrong with it at once."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from copy import deepcopy
from dataclasses import replace
from itertools import combinations, pairwise
from pathlib import Path
from typing import Any

import numpy as np
from pydantic import ValidationError

from abm.calibration.series import faults_of_series
from abm.calibration.study import SeedPlan, Study, Target, choices_of
from abm.errors import NOT_GIVEN, Fault, Nearest, ScenarioFaults, UnreadableFile
from abm.files import MOST_OF_EXPERIMENT
from abm.measures.moments import MOMENTS, has_series
from abm.scenario.faults import faults_of, placed
from abm.scenario.files import origin_of, read_toml, shown
from abm.scenario.lines import lines_of_keys
from abm.scenario.schema import Scenario
from abm.sweep.kinds import flat_factors
from abm.sweep.question import scenario_at
from abm.sweep.reading import OF_A_SCENARIO, OF_A_STUDY, Source, place_scenario
from abm.sweep.refusals import refusals

BY_NAME = ("parameters", "moments")
IN_DICTIONARY = "study"


def load_study(path: str | Path) -> Study:
    """A study from its .toml file.

    Raises UnreadableFile if there is no such file or it is not TOML, ScenarioFaults with every
    fault of what it says, each with its line.
    """
    where = Path(path).absolute()
    raw, text = read_toml(where, MOST_OF_EXPERIMENT)
    _refuse_other_kinds(raw, shown(where))
    raw.setdefault("name", where.stem)
    origins: dict[str, tuple[str, int | None]] = {
        key: (shown(where), line) for key, line in lines_of_keys(text, raw).items()
    }
    return _checked(raw, Source(shown(where), where.parent, origins))


def _refuse_other_kinds(raw: Mapping[str, Any], where: str) -> None:
    """An experiment or a scenario in place of a study is told as such."""
    if raw.keys() & OF_A_STUDY:
        return
    if "design" in raw:
        raise UnreadableFile(f"{where} is an experiment, not a study: unwind sweep runs it")
    if raw.keys() & OF_A_SCENARIO:
        raise UnreadableFile(
            f"{where} is a scenario, not a study: a study names it as its scenario, and has "
            "[parameters] and [moments]"
        )


def study_of(raw: Mapping[str, Any], folder: str | Path = ".") -> Study:
    """A study from nested mappings, checked like a file that lies in `folder`."""
    return _checked(dict(raw), Source(IN_DICTIONARY, Path(folder).absolute(), {}))


def _checked(raw: dict[str, Any], source: Source) -> Study:
    raw = deepcopy(raw)
    if isinstance(raw.get("parameters"), Mapping):
        raw["parameters"] = flat_factors(raw["parameters"])
    faults = list(_place_scenarios(raw, source))
    is_placed = not faults
    faults += _empty(raw)
    _place_records(raw, source.folder)
    study, shape_faults = _shaped(raw)
    is_whole = not shape_faults
    faults += shape_faults
    if study is not None and is_placed:
        faults += _refusals(study, is_whole)
    if faults or study is None:
        raise ScenarioFaults(_placed(faults, source))
    return study


def _placed(faults: list[Fault], source: Source) -> list[Fault]:
    here = [fault for fault in faults if not fault.where]
    found = placed(here, source.where, lambda key: origin_of(source.origins, key, source.where))
    return [*found, *(fault for fault in faults if fault.where)]


def _empty(raw: Mapping[str, Any]) -> Iterator[Fault]:
    for name in BY_NAME:
        if raw.get(name) == {}:
            yield Fault("", name, NOT_GIVEN, "is empty: name at least one")


def _place_scenarios(raw: dict[str, Any], source: Source) -> Iterator[Fault]:
    """Files of scenarios lie where the study lies."""
    yield from place_scenario(raw, source)
    others = raw.get("scenarios")
    for name, one in others.items() if isinstance(others, dict) else ():
        for fault in place_scenario(one, source) if isinstance(one, dict) else ():
            yield replace(fault, key=f"scenarios.{name}.{fault.key}")


def _place_records(raw: dict[str, Any], folder: Path) -> None:
    """A series lies where the study lies."""
    moments = raw.get("moments")
    for target in moments.values() if isinstance(moments, dict) else ():
        record = target.get("record") if isinstance(target, dict) else None
        if isinstance(record, dict) and isinstance(record.get("file"), str):
            record["file"] = str((folder / record["file"]).absolute())


def _shaped(raw: dict[str, Any]) -> tuple[Study | None, list[Fault]]:
    """The study, or what is left of it without what cannot be read; the faults of that."""
    try:
        return Study.model_validate(raw), []
    except ValidationError as refused:
        faults = faults_of(refused, raw, Study)
        places = [error["loc"] for error in refused.errors(include_url=False)]
    rest = deepcopy(raw)
    for first, *inside in places:
        table = rest.get(str(first))
        if first in BY_NAME and inside and isinstance(table, dict):
            table.pop(inside[0], None)
        else:
            rest.pop(str(first), None)
    for name, stand_in in (("seeds", _ANY_SEEDS), ("parameters", {}), ("moments", {})):
        rest.setdefault(name, stand_in)
    try:
        return Study.model_validate(rest), faults
    except ValidationError:
        return None, faults


_ANY_SEEDS = {name: {"first": 10**6 * k, "n": 2} for k, name in enumerate(SeedPlan.model_fields)}


def _refusals(study: Study, is_whole: bool) -> list[Fault]:
    """Faults between a study's parts, its scenario and its series."""
    faults = list(_refused_scenarios(study))
    faults += _shared_seeds(study.seeds)
    if any(fault.key.startswith(("scenario", "changes")) for fault in faults):
        return faults
    told = {fault.key for fault in faults}
    faults += _bad_ranges(study, [k for k in study.parameters if f"parameters.{k}" not in told])
    for name, target in study.moments.items():
        if is_whole or target.scenario in study.questions:
            faults += _faults_of_target(f"moments.{name}", target, study)
    faults += _bad_correlations(study)
    n_moments, n_parameters = len(study.moments), len(study.parameters)
    if is_whole and 0 < n_moments < n_parameters:
        words = f"are {n_moments}, fewer than the {n_parameters} parameters: nothing can tell them"
        faults.append(Fault("", "moments", NOT_GIVEN, words))
    return faults


def _refused_scenarios(study: Study) -> Iterator[Fault]:
    """Faults of each scenario and its changes, and of parameters, each told once."""
    told = set()
    for name, question in study.questions.items():
        beside = f"scenarios.{name}." if name else ""
        for fault in refusals(question, None, is_whole=False, has_design=False):
            of_parameter = fault.key.startswith("design.factors.")
            key = fault.key.replace("design.factors.", "parameters.", 1)
            key = key if of_parameter or fault.where else beside + key
            if key not in told:
                yield replace(fault, key=key)
            told.add(key)


def _shared_seeds(seeds: SeedPlan) -> Iterator[Fault]:
    """No two stages share a seed."""
    stages = {name: getattr(seeds, name).range for name in SeedPlan.model_fields}
    for (one, first), (other, second) in combinations(stages.items(), 2):
        if max(first.start, second.start) < min(first.stop, second.stop):
            words = f"shares seeds with {one}: {max(first.start, second.start)} is in both"
            yield Fault("", f"seeds.{other}", NOT_GIVEN, words)


def _bad_ranges(study: Study, keys: list[str]) -> Iterator[Fault]:
    """Each end of each of these ranges is a value that the scenario takes."""
    for key in keys:
        parameter = study.parameters[key]
        for end in ("low", "high"):
            value = getattr(parameter, end)
            try:
                for question in study.questions.values():
                    scenario_at(question, {key: value})
            except ScenarioFaults as refused:
                fault = refused.faults[0]
                shown_value = f"{value:g}x" if parameter.times else value
                name = "" if fault.key == key else f"{fault.key} "
                yield Fault("", f"parameters.{key}.{end}", shown_value, f"{name}{fault.allowed}")


def _faults_of_target(place: str, target: Target, study: Study) -> Iterator[Fault]:
    if target.scenario not in study.questions:
        words = f"is none beside the study's own; there are {', '.join(study.scenarios) or 'none'}"
        near = Nearest(target.scenario, list(study.scenarios))
        yield Fault("", f"{place}.scenario", target.scenario, words, near)
        return
    scenario = study.base_of(target)
    if target.measure not in MOMENTS:
        words = f"is not a moment; there are {', '.join(MOMENTS)}"
        near = Nearest(target.measure, list(MOMENTS))
        yield Fault("", f"{place}.measure", target.measure, words, near)
    currencies = tuple(k for k, one in scenario.instruments.items() if one.kind == "currency")
    if target.series and not has_series(scenario.instrument_names, currencies, target.series):
        words = f"is no instrument and no pair of USD, {', '.join(currencies)}"
        near = Nearest(target.series, list(scenario.instrument_names))
        yield Fault("", f"{place}.series", target.series, words, near)
    yield from _faults_of_days(place, target, scenario)
    if target.record is not None:
        yield from faults_of_series(f"{place}.record", target.record)


def _bad_correlations(study: Study) -> Iterator[Fault]:
    """Correlations are one for each moment above, and those of some series."""
    any_record = any(target.record for target in study.moments.values())
    for k, (name, target) in enumerate(study.moments.items()):
        given = target.correlations
        words = ""
        if given and any_record:
            words = "cannot be given where a moment has a record"
        elif given and len(given) != k:
            words = f"are {len(given)}, must be {k}: one for each moment above"
        elif any(not abs(one) < 1.0 for one in given):
            words = "must lie between -1 and 1"
        if words:
            yield Fault("", f"moments.{name}.correlations", NOT_GIVEN, words)
            return
    matrix = study.correlations
    for k, name in enumerate(study.moments):
        if np.linalg.eigvalsh(matrix[: k + 1, : k + 1])[0] <= 0.0:
            words = "are those of no series: with the others they make no covariance"
            yield Fault("", f"moments.{name}.correlations", NOT_GIVEN, words)
            return


def _faults_of_days(place: str, target: Target, scenario: Scenario) -> Iterator[Fault]:
    rows = []
    for name in ("start", "by", "end"):
        when = getattr(target, name)
        if when is None:
            continue
        try:
            alone = target.model_copy(update={n: None for n in ("start", "by", "end") if n != name})
            rows.append((name, getattr(choices_of(alone, scenario), name)))
        except KeyError:
            yield Fault("", f"{place}.{name}", when, "must be a trading day of the run")
    for (one, first), (other, second) in pairwise(rows):
        if first >= second:
            words = f"must be after {one}"
            yield Fault("", f"{place}.{other}", getattr(target, other), words)
