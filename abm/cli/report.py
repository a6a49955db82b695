"""`unwind report`: a result folder as one page of HTML."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, NamedTuple

import typer

from abm.cli import output
from abm.cli.asked import Language, result_in
from abm.cli.progress import Progress
from abm.cli.terminal import tell
from abm.errors import InvalidInput, UnreadableFile
from abm.files import MOST_OF_FIGURE, read_bytes
from abm.words import words

PAGE = "report.html"


class Asked(NamedTuple):
    """The options of `unwind report`."""

    folder: Path
    outputs: Sequence[str] = ()
    out: Path | None = None
    force: bool = False
    language: str = "en"


def report(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="A folder of a run or a sweep")],
    outputs: Annotated[
        list[str] | None,
        typer.Option("--output", metavar="NAME", help="Of a sweep: a number of the runs"),
    ] = None,
    out: Annotated[
        Path | None, typer.Option(metavar="FILE.html", help="Default DIR/report.html")
    ] = None,
    force: Annotated[
        bool, typer.Option("--force", help="Overwrite FILE; the page in DIR is always made again")
    ] = False,
    language: Language = "en",
) -> None:
    """A result as one page of HTML that can be sent: words, figures, parameters, hashes."""
    tell(report_and_keep(Asked(folder, tuple(outputs or ()), out, force, language)))


def report_and_keep(asked: Asked) -> Path:
    """Write the report of a run or of a sweep; its path.

    The page in the folder itself is made again each time, as its figures are; any other file that
    is there already is refused.
    """
    from abm.sweep.plan import PLAN

    words(asked.language)  # an unknown one is refused before any work
    own = asked.folder / PAGE
    place = asked.out or own
    output.refuse_file(place, asked.force or place == own)
    text = _of_sweep(asked) if (asked.folder / PLAN).is_file() else _of_run(asked)
    output.write_file(place, text)
    return place


def _of_sweep(asked: Asked) -> str:
    from abm.report.sweep_page import sweep_report

    with Progress(1) as progress:
        return progress.do(
            "the report", lambda: sweep_report(asked.folder, asked.outputs, asked.language)
        )


def _of_run(asked: Asked) -> str:
    from abm.cli.run_figures import drawn_again
    from abm.report.run_page import figures_of, run_report
    from abm.runs.loading import read_manifest

    if asked.outputs:
        raise InvalidInput("--output chooses numbers of a sweep; this is the folder of a run")
    run = result_in(asked.folder)
    names = figures_of(run)
    figures = _kept_figures(asked.folder, names)
    if len(figures) < len(names):
        figures = drawn_again(run)
    name = asked.folder.resolve().name
    return run_report(run, figures, read_manifest(asked.folder), name, asked.language)


def _kept_figures(folder: Path, names: Sequence[str]) -> Mapping[str, bytes]:
    """Figures of the folder that can be shown."""
    from abm.report.html import is_png

    found = {}
    for name in names:
        path = folder / "figures" / f"{name}.png"
        try:
            png = read_bytes(path, MOST_OF_FIGURE) if path.is_file() else b""
        except OSError as bad:
            raise UnreadableFile(f"{path} cannot be read: {bad.strerror or bad}") from None
        if is_png(png):
            found[name] = png
    return found
