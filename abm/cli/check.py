"""`unwind check`: "ok" and what a scenario is or an experiment would run, or every fault."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from abm.cli.asked import Settings, chosen_scenario, whole
from abm.cli.progress import Progress
from abm.cli.terminal import tell
from abm.errors import InvalidInput, UnreadableFile, one_line, show
from abm.words import counted

if TYPE_CHECKING:
    import pandas as pd

    from abm.sweep.experiment import Experiment
    from abm.sweep.kinds import Link


def check(
    scenario: Annotated[
        str,
        typer.Argument(
            metavar="SCENARIO", help="A scenario, or the file.toml of an experiment or study"
        ),
    ],
    settings: Settings = None,
    max_runs: Annotated[
        str | None, typer.Option("--max-runs", metavar="N", help="Allow an experiment more runs")
    ] = None,
) -> None:
    """Validate a scenario, an experiment or a study: "ok" and what it is, or every fault."""
    if is_study(scenario):
        tell(_check_study(scenario, settings))
    elif is_experiment(scenario):
        most = None if max_runs is None else whole("--max-runs", max_runs)
        tell(*check_experiment(scenario, settings, most).split("\n"))
    else:
        tell(_check_scenario(scenario, settings))


def _check_scenario(name: str, settings: list[str] | None) -> str:
    """The answer to a scenario, whose population is drawn."""
    from abm.population.institutions import draw_groups
    from abm.population.network import draw_lending

    chosen = chosen_scenario(name, settings)
    groups = draw_groups(chosen, 0, 0)
    draw_lending(chosen, groups, 0, 0)  # reads the user's own graphs, if there are any
    n, n_banks = sum(group.n for group in groups), chosen.banks.n_core + chosen.banks.n_periphery
    calendar = chosen.calendar
    dates = f" from {calendar.start}" if calendar.start else ""
    return (
        f"ok: {chosen.name}, {counted(n, 'institution')} and {counted(n_banks, 'bank')}, "
        f"{counted(len(chosen.instruments), 'instrument')}, "
        f"{counted(calendar.days, 'day')}{dates}, "
        f"hash {chosen.canonical_hash()[:12]}"
    )


def _check_study(name: str, settings: Sequence[str] | None) -> str:
    """The answer to a study of a calibration."""
    from abm.calibration import load_study

    if settings:
        raise InvalidInput("--set changes a scenario; a study's changes stand in [changes]")
    study = load_study(name)
    scenarios = [question.base.name for question in study.questions.values()]
    n_runs = study.seeds.search.n * len(scenarios)
    return (
        f"ok: {study.name}, {counted(len(study.parameters), 'parameter')} and "
        f"{counted(len(study.moments), 'moment')} on {' and '.join(scenarios)}: at most "
        f"{counted(study.search.evaluations, 'point')} × {counted(n_runs, 'run')} "
        "in the search"
    )


def is_study(name: str) -> bool:
    """True if a name on the command line is the file of a study."""
    from abm.sweep.reading import OF_A_STUDY

    return keys_of_file(name) >= OF_A_STUDY


def is_experiment(name: str) -> bool:
    """True if a name on the command line is an experiment's file, by the keys that it has."""
    from abm.sweep.reading import OF_AN_EXPERIMENT

    return not OF_AN_EXPERIMENT.isdisjoint(keys_of_file(name))


def keys_of_file(name: str) -> set[str]:
    """The top keys of a .toml file; none of a scenario's name, or what cannot be read."""
    from abm.files import MOST_OF_EXPERIMENT
    from abm.scenario.files import read_toml

    if not name.endswith(".toml"):
        return set()
    try:
        return set(read_toml(Path(name).absolute(), MOST_OF_EXPERIMENT)[0])
    except UnreadableFile:
        return set()  # said by whoever reads it as a scenario


def check_experiment(
    name: str, settings: Sequence[str] | None = None, max_runs: int | None = None
) -> str:
    """The answer of `unwind check` to an experiment, after a timed pilot of a few runs."""
    from abm.cli.pilot import how_much, pilot_runs
    from abm.sweep.designs import design_points
    from abm.sweep.experiment import load_experiment

    if settings:
        raise InvalidInput("--set changes a scenario; an experiment's changes stand in [changes]")
    with Progress(1) as progress:
        read = partial(load_experiment, name, max_runs)
        experiment = progress.do("checking every point of the design", read)
    points = design_points(experiment)
    pilot = pilot_runs(experiment, points)
    lines = [*_what(experiment, points), *how_much(experiment, len(points), pilot)]
    return "\n".join(map(one_line, lines))


def _what(experiment: Experiment, points: pd.DataFrame) -> list[str]:
    """Name, design and factors."""
    from abm.sweep.outcomes import varied

    n_runs, n_factors = len(points) * experiment.replicates, len(varied(points))
    scenario, outputs = experiment.base.name, experiment.outputs
    listed = "" if not experiment.changes else f", {counted(len(experiment.changes), 'change')}"
    lines = [
        f"ok: {experiment.name}, {experiment.design.kind} of {counted(n_factors, 'factor')} "
        f"on {scenario}{listed}: {counted(len(points), 'point')} × "
        f"{counted(experiment.replicates, 'replicate')} = {counted(n_runs, 'run')} "
        f"of measure {outputs.measure}"
    ]
    width = max(len(key) for key in points.columns) + 2
    for key in experiment.factor_keys:
        lines.append(f"  {key:<{width}}{_values_words(experiment, key, points)}")
    return lines


def _values_words(experiment: Experiment, key: str, points: pd.DataFrame) -> str:
    """The values of a factor, in one line."""
    from abm.scenario.patterns import is_pattern
    from abm.sweep.kinds import Factor, ListOfPoints

    factor = experiment.design.factors.get(key)
    if isinstance(factor, Factor) and factor.values is None:
        details = [factor.scale] * (factor.scale != "linear") + ["whole"] * factor.whole
        words = f"{factor.low:g} to {factor.high:g}{_in_brackets(details)}"
    elif isinstance(experiment.design, ListOfPoints):
        words = counted(points[key].nunique(), "value")
    else:
        assert isinstance(factor, Factor), "every other design has factors"
        words = show(list(factor.values or ())).strip("[]")
    n_own = len(experiment.own_keys(key))
    if isinstance(factor, Factor) and factor.times:
        words += " times the scenario's own"
    if is_pattern(key):
        words += f", at {counted(n_own, 'key')}"
    return words + _link_words(experiment.links[key], len(experiment.targets[key]) - n_own)


def _link_words(link: Link, n_linked: int) -> str:
    words = ""
    if n_linked:
        how = "in proportion" if link.in_proportion else "alike"
        words += f"; {counted(n_linked, 'other key')} {how}"
    for key, wanted in link.when.items():
        words += f"; where {key} is {' or '.join(str(value) for value in wanted)}"
    return words


def _in_brackets(details: list[str]) -> str:
    return f" ({', '.join(details)})" if details else ""
