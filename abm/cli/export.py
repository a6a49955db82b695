"""`unwind export`: the tables of a result folder as files that other programs read."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NamedTuple

import typer

from abm.cli import output
from abm.cli.asked import result_in
from abm.cli.lines import labelled
from abm.cli.progress import Progress
from abm.cli.terminal import tell
from abm.errors import InvalidInput, OutputRefused
from abm.files import write_folder
from abm.words import counted

if TYPE_CHECKING:
    from abm.runs.exports import Tables

MOST_STEM_LETTERS = 80


class Asked(NamedTuple):
    """The options of `unwind export`."""

    folder: Path
    to: str
    out: Path | None = None


def export(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="A folder of a run or a sweep")],
    to: Annotated[str, typer.Option("--to", metavar="FORMAT", help="csv, xlsx or stata")] = "csv",
    out: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Folder; default DIR/export-FORMAT")
    ] = None,
) -> None:
    """The tables of a result as files of other programs: CSV, Excel, Stata."""
    tell(*export_and_tell(Asked(folder, to, out)))


def export_and_tell(asked: Asked) -> list[str]:
    """Write the tables, all of them or none, into a folder of their own; what is told of it."""
    from abm.runs import exports

    if asked.to not in exports.FORMATS:
        raise InvalidInput(f"--to = {asked.to}, must be one of {', '.join(exports.FORMATS)}")
    place = asked.out or asked.folder / f"export-{asked.to}"
    _refuse_taken(place)
    with Progress(3) as progress:
        tables = progress.do("reading", lambda: _tables(asked.folder))
        with progress.step("tables"):
            made = exports.FORMATS[asked.to](tables, _stem(asked.folder))
        with progress.step("writing"), output.all_or_nothing(place):
            write_folder(place, made.files)
    rows = [f"{name}: {counted(len(table), 'row')}, {counted(len(table.columns), 'column')}"
            for name, table in tables.items()]  # fmt: skip
    lines = [labelled("Written" if i == 0 else "", text) for i, text in enumerate(rows)]
    lines += [labelled("Files" if i == 0 else "", str(place / f)) for i, f in enumerate(made.files)]
    return lines + [f"note: {words}" for words in made.said]


def _refuse_taken(place: Path) -> None:
    """Raise OutputRefused for a folder that holds anything, or cannot be made."""
    if place.is_dir() and any(place.iterdir()):
        raise OutputRefused(f"{place} exists and is not empty; give another --out")
    output.refuse_folder(place, force=True)


def _tables(folder: Path) -> Tables:
    """The tables of a sweep, or of a run."""
    from abm.runs.exports import tables_of_run
    from abm.sweep.plan import PLAN
    from abm.sweep.tables import tables_of_sweep

    if os.path.isfile(folder / PLAN):
        return tables_of_sweep(folder)
    return tables_of_run(result_in(folder))


def _stem(folder: Path) -> str:
    """The name of a workbook: that of its folder."""
    return folder.resolve().name[:MOST_STEM_LETTERS] or "result"
