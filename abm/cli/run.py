"""`unwind run`: simulate a scenario and its counterfactual runs, tell what happened, draw, keep."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple

import typer

import abm
from abm.cli import output
from abm.cli.asked import (
    Force,
    Settings,
    Timeout,
    chosen_scenario,
    print_json,
    seconds,
    typed,
    whole,
)
from abm.cli.lines import labelled
from abm.cli.next_command import next_command
from abm.cli.progress import Progress, warn_of_compiling
from abm.cli.terminal import tell
from abm.errors import InvalidInput
from abm.files import folder_name

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from abm.scenario import Scenario


class Outcome(NamedTuple):
    """A run that has been told and kept."""

    measures: Mapping[str, Any]
    text: str
    written: list[str]


OF_THE_ROW = {
    "scenario": "SCENARIO", "settings": "--set", "seed": "--seed", "replicate": "--replicate",
}  # fmt: skip


def run(
    context: typer.Context,
    scenario: Annotated[
        str | None,
        typer.Argument(
            metavar="[SCENARIO]", help="A name that `unwind scenarios` lists, or a file"
        ),
    ] = None,
    seed: Annotated[str, typer.Option(metavar="N", help="Random seed")] = "0",
    replicate: Annotated[
        str, typer.Option(metavar="N", help="Number of the draw of that seed")
    ] = "0",
    settings: Settings = None,
    sweep_folder: Annotated[
        Path | None, typer.Option("--from", metavar="DIR", help="A row of this sweep, whole")
    ] = None,
    row: Annotated[str | None, typer.Option("--row", metavar="ID", help="Which row of it")] = None,
    out: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Folder; default results/<scenario>")
    ] = None,
    force: Force = False,
    json: Annotated[bool, typer.Option("--json", help="Print the numbers as JSON")] = False,
    figures: Annotated[bool, typer.Option("--figures/--no-figures", help="Draw them")] = True,
    indicators: Annotated[
        bool, typer.Option("--indicators", help="Keep the table of daily indicators, too")
    ] = False,
    timeout: Timeout = None,
) -> None:
    """Run a scenario and its counterfactuals on one seed; tell what happened, keep and draw it."""
    root, draw = whole("--seed", seed), whole("--replicate", replicate)
    if sweep_folder is not None or row is not None:
        chosen, root, draw, name = _row_of(sweep_folder, row, typed(context, OF_THE_ROW))
    elif scenario is None:
        raise InvalidInput("give a SCENARIO (unwind scenarios lists them), or --from DIR --row ID")
    else:
        chosen = chosen_scenario(scenario, settings)
        name = folder_name(chosen.name)
    place = out or Path("results") / name
    output.refuse_folder(place, force)
    most = seconds("--timeout", timeout)
    outcome = run_and_keep(
        chosen, root, draw, place,
        force=force, with_figures=figures, with_indicators=indicators, timeout=most,
    )  # fmt: skip
    if json:
        from abm.measures.cascade import by_origin

        print_json(by_origin(outcome.measures))
        return
    tell(*outcome.text.split("\n"))
    tell(labelled("Written", f"{place}: {', '.join(outcome.written)}"))
    if scenario is not None:
        tell(labelled("Try next", next_command(chosen, scenario, settings or [], root)))


def run_and_keep(
    scenario: Scenario,
    seed: int,
    replicate: int,
    out: Path,
    *,
    force: bool,
    with_figures: bool,
    with_indicators: bool = False,
    timeout: float | None = None,
) -> Outcome:
    """Run a scenario and its counterfactual runs, and write everything into `out` at once."""
    from abm.cli.run_figures import NETWORK, SIMULATING, counterfactuals_of, figures_of_run
    from abm.report.summary import Told, summary_text

    warn_of_compiling()
    figures: dict[str, Figure] = {}
    with Progress((4 if with_figures else 2) + with_indicators) as progress:
        cascade = progress.do(
            SIMULATING, partial(abm.cascade, scenario, seed, replicate, timeout=timeout)
        )
        run = replace(cascade.run, summary={**cascade.run.summary, **cascade})
        if with_indicators:
            run = progress.do("indicators", run.with_indicators)
        if with_figures:
            graph = progress.do(NETWORK, lambda: cascade.run.network)
            with progress.step("figures"):
                figures = figures_of_run(run, counterfactuals_of(cascade), graph, run.worst_day)
        with progress.step("writing"), output.all_or_nothing(out):
            run.save(out, force=force, figures=figures)
    written = ["tables", "summary.json", *(f"figures/{name}.png" for name in figures)]
    return Outcome(run.summary, summary_text(Told.of(run)), written)


def _row_of(
    folder: Path | None, row: str | None, given: list[str]
) -> tuple[Scenario, int, int, str]:
    """Scenario, seed, replicate and folder name of a sweep's row; what else is given is refused."""
    from abm.sweep import run_of_row

    if folder is None or row is None:
        raise InvalidInput("--from DIR and --row ID go together")
    if given:
        raise InvalidInput(f"--from: the row says what is run; give no {' and no '.join(given)}")
    number = whole("--row", row)
    chosen = run_of_row(folder, number)
    return chosen.scenario, chosen.seed, chosen.replicate, f"{folder.resolve().name}-row-{number}"
