"""Commands that make something: a run, a sweep, a scenario to start from."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from abm.cli import tell
from abm.cli.asked import (
    Force,
    Settings,
    Timeout,
    chosen_scenario,
    leave,
    print_json,
    seconds,
    whole,
)

if TYPE_CHECKING:
    from abm.scenario import Scenario


def scenarios() -> None:
    """What can be run, with one line each."""
    from abm.scenario import describe_scenarios

    described = describe_scenarios()
    width = max((len(name) for name, _ in described), default=0)
    for name, title in described:
        tell(f"{name:<{width}}  {title}".rstrip())


def check(
    scenario: Annotated[
        str, typer.Argument(metavar="SCENARIO", help="A scenario, or an experiment's file.toml")
    ],
    settings: Settings = None,
    max_runs: Annotated[
        str | None, typer.Option("--max-runs", metavar="N", help="Allow an experiment more runs")
    ] = None,
) -> None:
    """Validate a scenario or an experiment: "ok" and what it is, or every fault at once."""
    from abm.cli.checking import check_experiment, is_experiment

    if is_experiment(scenario):
        most = None if max_runs is None else whole("--max-runs", max_runs)
        tell(*check_experiment(scenario, settings, most).split("\n"))
        return
    from abm.population.institutions import draw_groups
    from abm.population.network import draw_lending

    chosen = chosen_scenario(scenario, settings)
    groups = draw_groups(chosen, 0, 0)
    draw_lending(chosen, groups, 0, 0)  # reads the user's own graphs, if there are any
    n, n_banks = sum(group.n for group in groups), chosen.banks.n_core + chosen.banks.n_periphery
    calendar = chosen.calendar
    dates = f" from {calendar.start}" if calendar.start else ""
    tell(
        f"ok: {chosen.name}, {n:,} institutions and {n_banks:,} banks, "
        f"{len(chosen.instruments)} instruments, {calendar.days:,} days{dates}, "
        f"hash {chosen.canonical_hash()[:12]}"
    )


def run(
    scenario: Annotated[
        str | None,
        typer.Argument(
            metavar="[SCENARIO]", help="A name that `unwind scenarios` lists, or a file"
        ),
    ] = None,
    seed: Annotated[str, typer.Option(metavar="N", help="Root of all chance")] = "0",
    replicate: Annotated[str, typer.Option(metavar="N", help="Which draw of that seed")] = "0",
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
    timeout: Timeout = None,
) -> None:
    """Run a scenario and its twins on one seed, tell what happened, keep tables and figures."""
    from abm.cli.following import folder_name, next_command
    from abm.cli.output import refuse_folder
    from abm.cli.running import run_and_keep
    from abm.errors import InvalidInput
    from abm.measures.cascade import by_origin

    root, draw = whole("--seed", seed), whole("--replicate", replicate)
    if sweep_folder is not None or row is not None:
        chosen, root, draw, name = _row_of(sweep_folder, row, scenario, settings)
    elif scenario is None:
        raise InvalidInput("give a SCENARIO (unwind scenarios lists them), or --from DIR --row ID")
    else:
        chosen = chosen_scenario(scenario, settings)
        name = folder_name(chosen.name)
    place = out or Path("results") / name
    refuse_folder(place, force)
    most = seconds("--timeout", timeout)
    outcome = run_and_keep(
        chosen, root, draw, place, force=force, with_figures=figures, timeout=most
    )
    if json:
        print_json(by_origin(outcome.measures))
        return
    tell(*outcome.text.split("\n"))
    tell(f"{'Written':<16}{place}: {', '.join(outcome.written)}")
    if scenario is not None:
        tell(f"{'Try next':<16}{next_command(chosen, scenario, settings or [], root)}")


def sweep(
    experiment: Annotated[
        str, typer.Argument(metavar="EXPERIMENT", help="An experiment's file.toml")
    ],
    out: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Folder; default results/<name>")
    ] = None,
    workers: Annotated[
        str | None, typer.Option(metavar="N", help="Processes; default one for each core")
    ] = None,
    cluster: Annotated[
        str | None, typer.Option(metavar="ADDRESS", help="Dask scheduler to run on instead")
    ] = None,
    shard: Annotated[
        str | None, typer.Option(metavar="K/N", help="Only the K-th of N parts, for job arrays")
    ] = None,
    max_runs: Annotated[
        str | None, typer.Option("--max-runs", metavar="N", help="Allow more runs than the file")
    ] = None,
    retry_failed: Annotated[
        bool, typer.Option("--retry-failed", help="Run again what failed before")
    ] = False,
    timeout: Timeout = None,
) -> None:
    """Run every point of an experiment; the same command goes on where it was stopped."""
    from abm.cli.sweeping import Asked, sweep_and_tell

    n_workers = None if workers is None else whole("--workers", workers)
    most = None if max_runs is None else whole("--max-runs", max_runs)
    asked = Asked(
        experiment, out, n_workers, cluster, shard, most, retry_failed,
        seconds("--timeout", timeout),
    )  # fmt: skip
    leave(sweep_and_tell(asked))


def new(
    name: Annotated[str, typer.Argument(metavar="NAME", help="Writes NAME.toml here")],
    base: Annotated[str, typer.Option(help="The scenario it starts from")] = "hike",
    force: Force = False,
) -> None:
    """Write a commented scenario to start from."""
    from abm.cli.output import refuse_file, write_file
    from abm.scenario import commented_template

    path = Path(f"{name.removesuffix('.toml')}.toml")
    text = commented_template(path.stem if path.name == str(path) else str(path), base)
    refuse_file(path, force)
    write_file(path, text)
    tell(f"wrote {path}; change it, then: unwind run {path}")


def schema(
    out: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write it there instead of printing it")
    ] = None,
    force: Force = False,
) -> None:
    """The JSON Schema of a scenario file, for editors."""
    import json

    from abm.cli.output import refuse_file, write_file
    from abm.scenario import json_schema

    text = json.dumps(json_schema(), indent=2, ensure_ascii=False)
    if out is None:
        tell(*text.split("\n"))
        return
    refuse_file(out, force)
    write_file(out, text + "\n")
    tell(f"wrote {out}")


def _row_of(
    folder: Path | None, row: str | None, scenario: str | None, settings: list[str] | None
) -> tuple[Scenario, int, int, str]:
    """Scenario, seed, replicate and folder name of one row of a sweep."""
    from abm.errors import InvalidInput
    from abm.sweep import run_of_row

    if folder is None or row is None:
        raise InvalidInput("--from DIR and --row ID go together")
    if scenario is not None or settings:
        raise InvalidInput("--from: the row says what is run; give no SCENARIO and no --set")
    number = whole("--row", row)
    chosen = run_of_row(folder, number)
    return chosen.scenario, chosen.seed, chosen.replicate, f"{folder.resolve().name}-row-{number}"
