"""`unwind analyse`: what a sweep shows, in tables, figures and a few lines."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple

import typer

from abm.cli.lines import labelled
from abm.cli.terminal import tell
from abm.words import counted

if TYPE_CHECKING:
    from abm.report.findings import Findings
    from abm.report.study import Study


class Asked(NamedTuple):
    """The options of `unwind analyse`."""

    folder: Path
    outputs: Sequence[str] = ()
    out: Path | None = None
    as_json: bool = False


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
    """Analyse a sweep: responses, thresholds, sensitivities, as tables and figures."""
    analyse_and_tell(Asked(folder, tuple(outputs or ()), out, json))


def analyse_and_tell(asked: Asked) -> None:
    """Analyse what the design allows, write tables and figures, say what was found and written."""
    import json

    from abm.cli.sweep_analysis import ANALYSIS, analysed, write

    place = asked.out or asked.folder / ANALYSIS
    study, found = analysed(asked.folder, asked.outputs)
    written = write(found, place)
    if asked.as_json:
        tell(*json.dumps(as_plain(study, found, written), indent=2).split("\n"))
        return
    tell(*lines(study, found, place, written))


def lines(
    study: Study, found: Sequence[Findings], place: Path, written: Sequence[str]
) -> list[str]:
    """Lines for the terminal."""
    from abm.figures.sweep_axes import outcome_words
    from abm.sweep.outcomes import varied

    n_factors = len(varied(study.points))
    design = f"{study.kind} over {counted(n_factors, 'factor')}"
    told = [labelled("Sweep", f"{study.name}: {design}, {counted(len(study.points), 'point')}")]
    n_failed = int((study.table["status"] == "failed").sum())
    n_runs, n_all = len(study.table), len(study.points) * study.n_replicates
    failed = f", {n_failed:,} failed" if n_failed else ""
    told.append(labelled("Runs", f"{n_runs:,} of {n_all:,}{failed}"))
    if study.multiples:
        names = ", ".join(study.multiples)
        told.append(labelled("Levels of", f"{names}: multiples of what the scenario has"))
    for one in found:
        told += ["", f"{outcome_words(one.outcome)}   ({one.outcome})", *one.lines]
        told += [f"note: {words}" for words in one.said]
    tables = sum(name.endswith(".csv") for name in written)
    drawn = [name for name in written if name.endswith(".png")]
    what = f"{counted(tables, 'table')}, {counted(len(drawn), 'figure')}"
    told += ["", labelled("Written", f"{place}: {what}")]
    return told + [labelled("", name) for name in drawn]


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


def _plain_row(row: dict[Any, Any]) -> dict[str, Any]:
    return {str(name): _plain(value) for name, value in row.items()}


def _plain(value: Any) -> Any:
    value = value.item() if hasattr(value, "item") else value
    return None if isinstance(value, float) and not math.isfinite(value) else value
