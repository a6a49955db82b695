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
    scenario: ScenarioName,
    seed: Annotated[str, typer.Option(metavar="N", help="Root of all chance")] = "0",
    replicate: Annotated[str, typer.Option(metavar="N", help="Which draw of that seed")] = "0",
    settings: Settings = None,
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

    root, draw = _whole("--seed", seed), _whole("--replicate", replicate)
    chosen = _chosen(scenario, settings)
    place = out or Path("results") / folder_name(chosen.name)
    refuse_folder(place, force)
    outcome = run_and_keep(chosen, root, draw, place, force, figures)
    if json:
        _print_json(outcome.measures)
        return
    print(outcome.text)
    print(f"{'Written':<16}{place}: {', '.join(outcome.written)}")
    print(f"{'Try next':<16}{next_command(chosen, scenario, settings or [], root)}")


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
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="A folder that a run wrote")],
) -> None:
    """Run a result again from its manifest and compare the bytes of every table."""
    from abm.cli.progress import Progress
    from abm.cli.reproducing import told
    from abm.runs.reproduce import reproduce as run_again

    with Progress(1) as progress:
        outcome = progress.do("running it again", lambda: run_again(folder))
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
