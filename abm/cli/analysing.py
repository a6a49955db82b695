"""`unwind analyse`: from a sweep's folder to tables, figures and a few lines."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from abm.cli import output, tell
from abm.cli.progress import Progress
from abm.errors import InvalidInput
from abm.figures.sweep_axes import outcome_words
from abm.report import pictures
from abm.report.findings import Findings, Study, examined
from abm.report.study import read_study, usual
from abm.sweep.outcomes import outcome, panel, varied

_LABEL = 16
ANALYSIS = "analysis"  # the folder in that of the sweep


class Asked(NamedTuple):
    """The options of `unwind analyse`."""

    folder: Path
    outputs: Sequence[str] = ()
    out: Path | None = None
    as_json: bool = False


def analyse_and_tell(asked: Asked) -> None:
    """Analyse what the design allows, write tables and figures, say what was found and written."""
    place = asked.out or asked.folder / ANALYSIS
    study, found = analysed(asked.folder, asked.outputs)
    written = write(found, place)
    if asked.as_json:
        tell(*json.dumps(as_plain(study, found, written), indent=2).split("\n"))
        return
    tell(*lines(study, found, place, written))


def analysed(folder: Path, outputs: Sequence[str] = ()) -> tuple[Study, list[Findings]]:
    """A sweep and what its design allows to be said, of the outputs asked for or the usual ones."""
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


def lines(
    study: Study, found: Sequence[Findings], place: Path, written: Sequence[str]
) -> list[str]:
    """What a person reads."""
    n_factors = len(varied(study.points))
    design = f"{study.kind} over {n_factors} factor{'' if n_factors == 1 else 's'}"
    told = [_line("Sweep", f"{study.name}: {design}, {len(study.points):,} points")]
    n_failed = int((study.table["status"] == "failed").sum())
    n_runs, n_all = len(study.table), len(study.points) * study.n_replicates
    failed = f", {n_failed:,} failed" if n_failed else ""
    told.append(_line("Runs", f"{n_runs:,} of {n_all:,}{failed}"))
    if study.multiples:
        names = ", ".join(study.multiples)
        told.append(_line("Levels of", f"{names}: multiples of what the scenario has"))
    for one in found:
        told += ["", f"{outcome_words(one.outcome)}   ({one.outcome})", *one.lines]
        told += [f"note: {words}" for words in one.said]
    tables = sum(name.endswith(".csv") for name in written)
    drawn = [name for name in written if name.endswith(".png")]
    told += ["", _line("Written", f"{place}: {tables} tables, {len(drawn)} figures")]
    return told + [_line("", name) for name in drawn]


def as_plain(study: Study, found: Sequence[Findings], written: Sequence[str]) -> dict[str, Any]:
    """The same for a program; what is not a number is null, the means of all points are a file."""
    return {
        "name": study.name,
        "design": study.kind,
        "n_runs": len(study.table),
        "n_failed": int((study.table["status"] == "failed").sum()),
        "outputs": {
            one.outcome: {
                "notes": one.said,
                **{
                    name: [_plain_row(row) for row in table.to_dict("records")]
                    for name, table in one.tables.items()
                    if name != "means"
                },
            }
            for one in found
        },
        "written": list(written),
    }


def file_stem(asked: str) -> str:
    """An outcome as the beginning of a file's name."""
    words = asked.replace(">=", " at least ").replace("<=", " at most ").replace("=", " ")
    return re.sub(r"[^A-Za-z0-9_.]+", "-", words).strip("-.")


def _plain_row(row: dict[Any, Any]) -> dict[str, Any]:
    return {str(name): _plain(value) for name, value in row.items()}


def _plain(value: Any) -> Any:
    value = value.item() if hasattr(value, "item") else value
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _line(label: str, text: str) -> str:
    return f"{label:<{_LABEL}}{text}"
