"""`unwind validate`: every claim about the model judged by its runs, as a table and a page."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from abm.cli.asked import Force, Settings, changes_in, how_many, whole
from abm.cli.lines import duration, labelled
from abm.cli.progress import CountOnStderr, warn_of_compiling
from abm.cli.terminal import say, tell
from abm.words import counted

if TYPE_CHECKING:
    from abm.validation import Progress, Validation

PAGE = "index.html"
LONGEST_CLAIM = 62


def validate(
    scenario: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help="A scenario or file, whose world is run under the scripts of hike, calm and "
            "august-2024; default those three",
        ),
    ] = None,
    settings: Settings = None,
    seeds: Annotated[
        str | None, typer.Option(metavar="N", help="Seeds of a sample; default 200")
    ] = None,
    quick: Annotated[bool, typer.Option("--quick", help="Twenty seeds")] = False,
    only: Annotated[
        list[str] | None,
        typer.Option(
            metavar="GROUP",
            help="conservation, literature, undisturbed, august, signs, carry, order or statics; "
            "repeatable",
        ),
    ] = None,
    out: Annotated[Path, typer.Option(metavar="DIR", help="Folder")] = Path("results/validation"),
    seed: Annotated[str | None, typer.Option(metavar="N", help="Random seed of all runs")] = None,
    workers: Annotated[
        str | None, typer.Option(metavar="N", help="Processes; default one for each core")
    ] = None,
    force: Force = False,
) -> None:
    """Judge every claim about the model by its runs; the same command goes on where it stopped."""
    from abm.validation import validate as judge_all
    from abm.validation.running import SEED

    warn_of_compiling()
    numbers = {
        name: how_many(f"--{name}", text) for name, text in (("seeds", seeds), ("workers", workers))
    }
    chosen_seed = SEED if seed is None else whole("--seed", seed)
    try:
        with ValidationProgress() as progress:
            found = judge_all(
                scenario, changes_in(settings), **numbers, quick=quick, only=only or (), out=out,
                seed=chosen_seed, force=force, progress=progress,
            )  # fmt: skip
    except KeyboardInterrupt:
        command = ["unwind", "validate", *sys.argv[2:]]
        say(f"what was finished is kept. To go on: {shlex.join(command)}")
        raise
    write_page(found)
    tell(*summary_lines(found))


def write_page(found: Validation) -> None:
    """The page, beside the table."""
    from abm.cli.output import write_file
    from abm.report.validation_page import validation_report

    write_file(found.folder / PAGE, validation_report(found))


def summary_lines(found: Validation) -> list[str]:
    """The table, a line for each claim; how many hold; the folder."""
    from abm.report.validation_page import number

    lines = []
    for group in found.groups:
        rows = found.rows[found.rows["group"] == group.name].to_dict("records")
        lines += [group.title]
        for row in rows:
            claim = row["claim"]
            if len(claim) > LONGEST_CLAIM:
                claim = f"{claim[: LONGEST_CLAIM - 1]}…"
            told = f"{number(row['figure']):>9}  {row['bar']}"
            lines.append(f"  {claim:<{LONGEST_CLAIM}}  {row['verdict']:<14}  {told}")
        lines.append("")
    n_hold, n_miss, n_unknown = found.counts.values()
    counts = f"{n_hold} hold, {n_miss} miss, {n_unknown} not identified"
    n_failed = int((found.rows["n_failed"] > 0).sum())
    failed = f"; {counted(n_failed, 'row')} with failed runs" if n_failed else ""
    return [
        *lines,
        labelled("Claims", f"{counts}, of {len(found.rows)}{failed}"),
        labelled("Kept in", f"{found.folder}: {PAGE}, rows.csv, manifest.json, runs/"),
    ]


class ValidationProgress(CountOnStderr):
    """Progress of a validation: a bar on a terminal, elsewhere a line a minute."""

    def __call__(self, progress: Progress) -> None:
        self.show(progress.n_done, progress.n_planned, told(progress))


def told(progress: Progress) -> str:
    """The group and the runs at work, and how many are done."""
    return (
        f"{progress.group}, {progress.sample}: {progress.n_done:,} of {progress.n_planned:,} runs, "
        f"{duration(progress.seconds)}"
    )
