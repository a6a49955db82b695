"""What `unwind` can be asked. Each command loads what it needs when it is given."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from abm.cli.answers import answered

if TYPE_CHECKING:
    from abm.scenario import Scenario

app = typer.Typer(
    help="Simulate what happens when yen carry trades are unwound.",
    epilog="Start with: unwind run august-2024",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)

LONGEST_SEED = 18  # digits: fits a 64-bit integer, in a table or in JSON

ScenarioName = Annotated[
    str,
    typer.Argument(metavar="SCENARIO", help="A name that `unwind scenarios` lists, or a file.toml"),
]
Settings = Annotated[
    list[str] | None,
    typer.Option(
        "--set", metavar="KEY=VALUE", help="Change one value, as funds.leverage_cap=5; repeatable"
    ),
]
Force = Annotated[bool, typer.Option("--force", help="Overwrite what is there")]


def _print_version(asked: bool) -> None:
    if asked:
        import abm

        print(f"unwind {abm.__version__}")
        raise typer.Exit


@app.callback()
def unwind(
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Say which")
    ] = False,
) -> None:
    """Simulate what happens when yen carry trades are unwound."""


@app.command()
@answered
def scenarios() -> None:
    """What can be run, with one line each."""
    from abm.scenario import describe_scenarios

    described = describe_scenarios()
    width = max((len(name) for name, _ in described), default=0)
    for name, title in described:
        print(f"{name:<{width}}  {title}".rstrip())


@app.command()
@answered
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
        most = None if max_runs is None else _whole("--max-runs", max_runs)
        print(check_experiment(scenario, settings, most))
        return
    from abm.population.institutions import draw_groups
    from abm.population.network import draw_lending

    chosen = _chosen(scenario, settings)
    groups = draw_groups(chosen, 0, 0)
    draw_lending(chosen, groups, 0, 0)  # reads the user's own graphs, if there are any
    n, n_banks = sum(group.n for group in groups), chosen.banks.n_core + chosen.banks.n_periphery
    calendar = chosen.calendar
    dates = f" from {calendar.start}" if calendar.start else ""
    print(
        f"ok: {chosen.name}, {n:,} institutions and {n_banks:,} banks, "
        f"{len(chosen.instruments)} instruments, {calendar.days:,} days{dates}, "
        f"hash {chosen.canonical_hash()[:12]}"
    )


@app.command()
@answered
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
) -> None:
    """Run a scenario and its twins on one seed, tell what happened, keep tables and figures."""
    from abm.cli.following import folder_name, next_command
    from abm.cli.output import refuse_folder
    from abm.cli.running import run_and_keep
    from abm.errors import InvalidInput

    root, draw = _whole("--seed", seed), _whole("--replicate", replicate)
    if sweep_folder is not None or row is not None:
        chosen, root, draw, name = _row_of(sweep_folder, row, scenario, settings)
    elif scenario is None:
        raise InvalidInput("give a SCENARIO (unwind scenarios lists them), or --from DIR --row ID")
    else:
        chosen = _chosen(scenario, settings)
        name = folder_name(chosen.name)
    place = out or Path("results") / name
    refuse_folder(place, force)
    outcome = run_and_keep(chosen, root, draw, place, force, figures)
    if json:
        _print_json(outcome.measures)
        return
    print(outcome.text)
    print(f"{'Written':<16}{place}: {', '.join(outcome.written)}")
    if scenario is not None:
        print(f"{'Try next':<16}{next_command(chosen, scenario, settings or [], root)}")


@app.command()
@answered
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
) -> None:
    """Run every point of an experiment; the same command goes on where it was stopped."""
    from abm.cli.sweeping import Asked, sweep_and_tell

    n_workers = None if workers is None else _whole("--workers", workers)
    most = None if max_runs is None else _whole("--max-runs", max_runs)
    asked = Asked(experiment, out, n_workers, cluster, shard, most, retry_failed)
    _leave(sweep_and_tell(asked))


@app.command()
@answered
def status(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="A folder that a sweep wrote")],
    verify: Annotated[
        bool, typer.Option("--verify", help="Read every file; set aside what is damaged")
    ] = False,
    json: Annotated[bool, typer.Option("--json", help="Print it as JSON")] = False,
) -> None:
    """How much of a sweep is done, what failed, and how long the rest will take."""
    from abm.cli.sweeping import tell_status

    _leave(tell_status(folder, verify, json))


@app.command()
@answered
def analyse(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="A folder that a sweep wrote")],
    outputs: Annotated[
        list[str] | None, typer.Option("--output", metavar="NAME", help="A number of the runs")
    ] = None,
    out: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Folder; default DIR/analysis")
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print the numbers as JSON")] = False,
) -> None:
    """What a sweep shows: responses, thresholds, sensitivities, as tables and figures."""
    from abm.cli.analysing import Asked, analyse_and_tell

    analyse_and_tell(Asked(folder, tuple(outputs or ()), out, json))


@app.command()
@answered
def plot(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="A folder that a run wrote")],
) -> None:
    """Draw the figures of a result folder again, from its tables."""
    from abm.cli.running import draw_again

    for path in draw_again(folder):
        print(path)


@app.command()
@answered
def reproduce(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="A folder of a run or a sweep")],
    rows: Annotated[
        str, typer.Option("--rows", metavar="N", help="Of a sweep: how many runs, or all")
    ] = "20",
) -> None:
    """Run a result again from its manifest and compare the bytes of every table."""
    from abm.cli.reproducing import reproduced, told

    n_rows = None if rows == "all" else _whole("--rows", rows)
    outcome = reproduced(folder, n_rows)
    print(told(folder, outcome))
    if not outcome.agrees:
        raise typer.Exit(1)


@app.command()
@answered
def literature(
    names: Annotated[
        list[str] | None,
        typer.Argument(metavar="[NAME]...", help="Papers; without one, lists them"),
    ] = None,
    every: Annotated[bool, typer.Option("--all", help="All of them")] = False,
    quick: Annotated[bool, typer.Option("--quick", help="Fewer draws: seconds each")] = False,
    out: Annotated[
        Path, typer.Option(metavar="DIR", help="Folder of the tables and figures")
    ] = Path("results/literature"),
    json: Annotated[bool, typer.Option("--json", help="Print the numbers as JSON")] = False,
) -> None:
    """Published models on our own kernels: each number computed beside what it should be."""
    from abm.cli import literature as work
    from abm.literature import find_papers, papers

    chosen = papers() if every else find_papers(names or [])
    if not chosen:
        print(work.listing())
        print("\nRun one: unwind literature eisenberg-noe, or all: unwind literature --all")
        return
    done = work.reproduce(chosen, quick)
    written = work.write(done, out, quick)
    if json:
        _print_json([work.plain(one) for one in done])
    else:
        print("\n\n".join(map(work.told, done)))
        print(f"\n{'Written':<16}{out}: {', '.join(written)}")
    if not all(one.agrees for one in done):
        raise typer.Exit(1)


@app.command()
@answered
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
    print(f"wrote {path}; change it, then: unwind run {path}")


@app.command()
@answered
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
        print(text)
        return
    refuse_file(out, force)
    write_file(out, text + "\n")
    print(f"wrote {out}")


def _chosen(name: str, settings: list[str] | None) -> Scenario:
    """The scenario by name or file, with what was set on the command line."""
    from abm.errors import Fault, ScenarioFaults
    from abm.scenario import load_scenario, parse_setting

    chosen = load_scenario(name)
    if settings:
        pairs = [parse_setting(setting) for setting in settings]
        keys = [key for key, _ in pairs]
        twice = {key: value for key, value in pairs if keys.count(key) > 1}
        if twice:
            words = "is set more than once"
            raise ScenarioFaults([Fault("--set", key, twice[key], words) for key in twice])
        chosen = chosen.with_changes(dict(pairs), where="--set")
    return chosen


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
    number = _whole("--row", row)
    chosen = run_of_row(folder, number)
    return chosen.scenario, chosen.seed, chosen.replicate, f"{folder.resolve().name}-row-{number}"


def _leave(code: int) -> None:
    """End with this code, if it is not that all is well."""
    if code:
        raise typer.Exit(code)


def _whole(option: str, text: str) -> int:
    """The number that an option is given; seeds are counted from 0."""
    from abm.errors import InvalidInput

    if not (text.isdecimal() and text.isascii() and len(text) <= LONGEST_SEED):
        allowed = f"must be a whole number from 0, of at most {LONGEST_SEED} digits"
        raise InvalidInput(f"{option} = {text[:40]}, {allowed}")
    return int(text)


def _print_json(measures: Any) -> None:
    """Scalars, or tables of them, as JSON; what is not a number there is null."""
    import json
    import math

    def plain(value: Any) -> Any:
        if isinstance(value, dict | list):
            pairs = value.items() if isinstance(value, dict) else enumerate(value)
            made = {key: plain(entry) for key, entry in pairs}
            return made if isinstance(value, dict) else list(made.values())
        value = value.item() if hasattr(value, "item") else value
        return None if isinstance(value, float) and not math.isfinite(value) else value

    print(json.dumps(plain(dict(measures) if hasattr(measures, "keys") else measures), indent=2))
