"""The analysis of a sweep's folder, as tables and figures: for `analyse` and `plot`."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from abm.cli import output
from abm.cli.progress import Progress
from abm.errors import InvalidInput
from abm.report import pictures
from abm.report.findings import Findings, examined
from abm.report.study import Study, read_study, usual
from abm.sweep.outcomes import outcome, panel

ANALYSIS = "analysis"  # the folder in that of the sweep


def analysed(folder: Path, outputs: Sequence[str] = ()) -> tuple[Study, list[Findings]]:
    """A sweep and what its design allows to be said, of the outputs given or the usual ones."""
    study = read_study(folder)
    names = dict.fromkeys(outputs or usual(study.table))
    chosen = [outcome(name, study.table) for name in names]
    if not chosen:
        raise InvalidInput(f"{folder} has no run that was done: see unwind status")
    found: list[Findings] = []
    with Progress(len(chosen)) as progress:
        for one in chosen:
            with progress.step(one.name):
                whole = panel(study.table, one, study.points, study.n_replicates)
                found.append(examined(study, whole))
    return study, found


def draw_again(folder: Path) -> list[Path]:
    """The figures of a sweep's analysis, from its tables; their paths."""
    place = folder / ANALYSIS
    return [place / name for name in write(analysed(folder)[1], place, with_tables=False)]


def write(found: Sequence[Findings], place: Path, *, with_tables: bool = True) -> list[str]:
    """Tables as CSV and figures as PNG, each whole or not at all; their names."""
    files: dict[str, str | bytes] = {}
    for one in found:
        stem = file_stem(one.outcome)
        for name, table in one.tables.items() if with_tables else ():
            text = table.to_csv(index=False, float_format="%.10g", lineterminator="\n")
            files[f"{stem}-{name}.csv"] = text
        for name, figure in one.figures.items():
            files[f"{stem}-{name}.png"] = pictures.png(figure)
    if not files:
        raise InvalidInput(
            "nothing could be analysed: " + "; ".join(s for f in found for s in f.said)
        )
    for file, content in files.items():
        output.write_file(place / file, content)
    return list(files)


def file_stem(asked: str) -> str:
    """An outcome as the beginning of a file's name."""
    words = asked.replace(">=", " at least ").replace("<=", " at most ").replace("=", " ")
    return re.sub(r"[^A-Za-z0-9_.]+", "-", words).strip("-.")
