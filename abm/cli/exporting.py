"""`unwind export`: the tables of a result folder as files that other programs read."""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path
from typing import NamedTuple

from abm.cli import output, running
from abm.cli.progress import Progress
from abm.errors import InvalidInput, OutputRefused
from abm.report import exports
from abm.sweep.plan import PLAN

_LABEL = 16
MOST_STEM_LETTERS = 80


class Asked(NamedTuple):
    """The options of `unwind export`."""

    folder: Path
    to: str
    out: Path | None = None


def export_and_tell(asked: Asked) -> list[str]:
    """Write the tables, all of them or none, into a folder of their own; what is told of it."""
    if asked.to not in exports.FORMATS:
        raise InvalidInput(f"--to = {asked.to}, must be one of {', '.join(exports.FORMATS)}")
    place = asked.out or asked.folder / f"export-{asked.to}"
    _refuse_taken(place)
    with Progress(3) as progress:
        tables = progress.do("reading", lambda: _tables(asked.folder))
        with progress.step("tables"):
            made = exports.FORMATS[asked.to](tables, _stem(asked.folder))
        with progress.step("writing"), output.all_or_nothing(place):
            _write(made.files, place)
    rows = [f"{name}: {len(table):,} rows, {len(table.columns)} columns"
            for name, table in tables.items()]  # fmt: skip
    lines = [_line("Written" if i == 0 else "", text) for i, text in enumerate(rows)]
    lines += [_line("Files" if i == 0 else "", str(place / f)) for i, f in enumerate(made.files)]
    return lines + [f"note: {words}" for words in made.said]


def _refuse_taken(place: Path) -> None:
    """Raise OutputRefused for a folder that holds anything, or cannot be made."""
    if place.is_dir() and any(place.iterdir()):
        raise OutputRefused(f"{place} exists and is not empty; give another --out")
    output.refuse_folder(place, force=True)


def _tables(folder: Path) -> exports.Tables:
    """The tables of a sweep, or of a run."""
    if os.path.isfile(folder / PLAN):
        return exports.tables_of_sweep(folder)
    return exports.tables_of_run(running.result_in(folder))


def _stem(folder: Path) -> str:
    """The name of a workbook: that of its folder."""
    return folder.resolve().name[:MOST_STEM_LETTERS] or "result"


def _write(files: exports.Files, place: Path) -> None:
    """Write under a temporary name beside the folder, then move all of it into place."""
    place = place.resolve()  # a link stays one, to what is written
    place.parent.mkdir(parents=True, exist_ok=True)
    stage = Path(tempfile.mkdtemp(prefix=f".{place.name}-", dir=place.parent))
    try:
        stage.chmod(0o755)
        for name, content in files.items():
            (stage / name).write_bytes(content)
        if place.is_dir():
            place.rmdir()  # empty, or it had been refused
        os.replace(stage, place)
    finally:
        shutil.rmtree(stage, ignore_errors=True)


def _line(label: str, text: str) -> str:
    return f"{label:<{_LABEL}}{text}"
