"""The figures of a run, and how they are drawn again from its folder; for several commands."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import abm
from abm.cli import output
from abm.cli.asked import result_in
from abm.cli.progress import Progress, warn_of_compiling
from abm.cli.terminal import say
from abm.errors import InvalidInput
from abm.report import pictures
from abm.report.funding import banks_matter, has_basis
from abm.report.parameters import run_name

if TYPE_CHECKING:
    import networkx as nx
    import pandas as pd
    from matplotlib.figure import Figure

    from abm.runs import Cascade, RunResult

SAME_PRICE_LOG = 1e-6  # platforms and versions differ by less, other runs by more
SIMULATING = "the run, without its shock, and frozen"
NETWORK = "the network on the worst day"


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

    Counterfactuals and the network of the worst day are not kept: they are simulated again, and
    left out where that does not give the run of the tables.
    """
    counterfactuals: dict[str, pd.DataFrame] = {}
    graph, day = run.exposures, int(run.days["day"].iloc[-1])
    with Progress(3) as progress:
        cascade = _simulated_again(run, progress)
        if cascade is not None:
            counterfactuals, day = counterfactuals_of(cascade), cascade.run.worst_day
            graph = progress.do(NETWORK, lambda: cascade.run.network)
        else:
            say(
                "this run cannot be simulated again here: no counterfactual runs, and the network "
                "of the last day"
            )
        with progress.step("figures"):
            figures = figures_of_run(run, counterfactuals, graph, day)
            return {name: pictures.png(figure) for name, figure in figures.items()}


def _simulated_again(run: RunResult, progress: Progress) -> Cascade | None:
    """The run and its counterfactuals once more; None where it is not the run of the tables, or a
    branch whose shock came before it."""
    if not run.is_repeatable:
        return None
    warn_of_compiling()
    cascade = progress.do(SIMULATING, lambda: _cascade_again(run))
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


def counterfactuals_of(cascade: Cascade) -> dict[str, pd.DataFrame]:
    """Days of the counterfactual runs, by what is said of them in a figure."""
    return {"no shock": cascade.no_shock_days, "frozen": cascade.frozen_days}


def figures_of_run(
    run: RunResult, counterfactuals: Mapping[str, pd.DataFrame], graph: nx.DiGraph, day: int
) -> dict[str, Figure]:
    """The figures by the names of their files; without events there is no mechanism to draw."""
    scenario, summary = run.scenario, run.summary
    drawn = pictures.literal(run_name(scenario, run.seed, run.replicate))
    drawn += pictures.branch_words(run)
    when = pictures.day_words(run.days, scenario, day)
    figures = {
        "cascade": pictures.cascade_picture(
            scenario, drawn, run.days, run.events, summary, counterfactuals
        ),
        "network": pictures.network_picture(scenario, drawn, graph, when, summary),
    }
    if has_basis(run.days):
        figures["basis"] = pictures.basis_picture(scenario, drawn, run.days, run.events)
    if run.is_repeatable and banks_matter(run.days):
        with suppress(InvalidInput):  # of another version, which this one does not repeat
            figures["banks"] = pictures.banks_picture(run, drawn)
    if scenario.outputs.events:
        figures["mechanism"] = pictures.mechanism_picture(scenario, drawn, run.events, summary)
    return figures
