"""`unwind run` and `unwind plot` from start to end: simulate, tell, draw, keep."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import abm
from abm.cli import output, say
from abm.cli.progress import Progress
from abm.errors import UnreadableFile
from abm.report import pictures
from abm.report.summary import Told, summary_text

if TYPE_CHECKING:
    import networkx as nx
    import pandas as pd
    from matplotlib.figure import Figure

    from abm.runs import Cascade, RunResult
    from abm.scenario import Scenario

COMPILE_SECONDS = 25
SAME_PRICE_LOG = 1e-6  # platforms and versions differ by less, other runs by more
_SIMULATING = "the run, without its shock, and frozen"
_NETWORK = "the network on the worst day"


class Outcome(NamedTuple):
    """A run that has been told and kept."""

    measures: Mapping[str, Any]
    text: str
    written: list[str]


def run_and_keep(
    scenario: Scenario,
    seed: int,
    replicate: int,
    out: Path,
    *,
    force: bool,
    with_figures: bool,
    timeout: float | None = None,
) -> Outcome:
    """Run a scenario and its twins, and write everything into `out` at once."""
    warn_of_compiling()
    figures: dict[str, Figure] = {}
    with Progress(4 if with_figures else 2) as progress:
        cascade = progress.do(
            _SIMULATING, partial(abm.cascade, scenario, seed, replicate, timeout=timeout)
        )
        run = replace(cascade.run, summary={**cascade.run.summary, **cascade})
        if with_figures:
            graph = progress.do(_NETWORK, lambda: cascade.run.network)
            with progress.step("figures"):
                figures = _figures(run, _twins(cascade), graph, run.worst_day)
        with progress.step("writing"), output.all_or_nothing(out):
            run.save(out, force=force, figures=figures)
    real = pictures.real_quotes(scenario)
    told = Told(scenario, seed, replicate, run.days, run.institutions, cascade, real)
    written = ["tables", "summary.json", *(f"figures/{name}.png" for name in figures)]
    return Outcome(run.summary, summary_text(told), written)


def result_in(folder: Path) -> RunResult:
    """The result that `unwind run` wrote into a folder."""
    if not os.path.isdir(folder):
        what = "is not a folder" if os.path.lexists(folder) else "there is no such folder"
        raise UnreadableFile(f"{folder}: {what}; give one that unwind run wrote")
    return abm.load_result(folder)


def draw_again(folder: Path) -> list[Path]:
    """The figures of a result folder, from its tables."""
    drawn = {
        folder / "figures" / f"{name}.png": png
        for name, png in drawn_again(result_in(folder)).items()
    }
    for path, png in drawn.items():
        output.write_file(path, png)
    return list(drawn)


def drawn_again(run: RunResult) -> dict[str, bytes]:
    """PNG files of the figures of a kept run, by name.

    Twins and the network of the worst day are not kept: they are simulated again, and left out
    where that does not give the run of the tables.
    """
    twins: dict[str, pd.DataFrame] = {}
    graph, day = run.exposures, int(run.days["day"].iloc[-1])
    with Progress(3) as progress:
        cascade = _simulated_again(run, progress)
        if cascade is not None:
            twins, day = _twins(cascade), cascade.run.worst_day
            graph = progress.do(_NETWORK, lambda: cascade.run.network)
        else:
            say("this run cannot be simulated again here: no twins, and the network at the end")
        with progress.step("figures"):
            figures = _figures(run, twins, graph, day)
            return {name: pictures.png(figure) for name, figure in figures.items()}


def _simulated_again(run: RunResult, progress: Progress) -> Cascade | None:
    """The run and its twins once more; None where it is not the run of the tables, or a branch
    whose shock came before it."""
    if not run.is_repeatable:
        return None
    warn_of_compiling()
    cascade = progress.do(_SIMULATING, lambda: _cascade_again(run))
    if cascade is None:
        return None
    column = f"log_{run.scenario.funding_currency}"
    apart = (cascade.run.days[column] - run.days[column]).abs()
    return cascade if len(apart) == len(run.days) and apart.max() < SAME_PRICE_LOG else None


def _cascade_again(run: RunResult) -> Cascade | None:
    if run.origin is None:
        return abm.cascade(run.scenario, rng=run.seed, replicate=run.replicate)
    from abm.runs import cascade_again

    return cascade_again(run)


def warn_of_compiling() -> None:
    """Say why the first run ever takes longer."""
    from abm.kernels.jit import is_warm

    if not is_warm():
        say(f"compiling the kernels, once: about {COMPILE_SECONDS} s")


def _twins(cascade: Cascade) -> dict[str, pd.DataFrame]:
    return {"no shock": cascade.no_shock_days, "frozen": cascade.frozen_days}


def _figures(
    run: RunResult, twins: Mapping[str, pd.DataFrame], graph: nx.DiGraph, day: int
) -> dict[str, Figure]:
    """The figures by the names of their files; without events nobody knows who forced whom."""
    scenario, summary = run.scenario, run.summary
    drawn = f"{pictures.literal(scenario.name)}, seed {run.seed}, replicate {run.replicate}"
    drawn += pictures.branch_words(run)
    when = pictures.day_words(run.days, scenario, day)
    figures = {
        "cascade": pictures.cascade_picture(scenario, drawn, run.days, run.events, summary, twins),
        "network": pictures.network_picture(scenario, drawn, graph, when, summary),
    }
    if scenario.outputs.events:
        figures["mechanism"] = pictures.mechanism_picture(scenario, drawn, run.events, summary)
    return figures
