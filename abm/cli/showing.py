"""Commands that show what there is: how far, what it says, in words, pictures and pages."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from abm.cli import tell
from abm.cli.asked import Force, Language, leave, print_json, whole


def status(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="A folder that a sweep wrote")],
    verify: Annotated[
        bool, typer.Option("--verify", help="Read every file; set aside what is damaged")
    ] = False,
    json: Annotated[bool, typer.Option("--json", help="Print it as JSON")] = False,
) -> None:
    """How much of a sweep is done, what failed, and how long the rest will take."""
    from abm.cli.sweeping import tell_status

    leave(tell_status(folder, verify, json))


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


def plot(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="A folder of a run or a sweep")],
    animate: Annotated[
        bool, typer.Option("--animate", help="Instead, the cascade day by day, as a GIF")
    ] = False,
    fps: Annotated[
        str | None, typer.Option("--fps", metavar="N", help="Days a second of it; default 4")
    ] = None,
) -> None:
    """Draw the figures of a result folder again, from its tables; of a sweep, its analysis."""
    from abm.cli.animating import speed
    from abm.cli.plotting import plotted

    n_days = speed(None if fps is None else whole("--fps", fps), animate)
    tell(*map(str, plotted(folder, n_days if animate else None)))


def export(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="A folder of a run or a sweep")],
    to: Annotated[str, typer.Option("--to", metavar="FORMAT", help="csv, xlsx or stata")] = "csv",
    out: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Folder; default DIR/export-FORMAT")
    ] = None,
) -> None:
    """The tables of a result as files of other programs: CSV, Excel, Stata."""
    from abm.cli.exporting import Asked, export_and_tell

    tell(*export_and_tell(Asked(folder, to, out)))


def explain(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="A folder that a run wrote")],
    language: Language = "en",
    json: Annotated[bool, typer.Option("--json", help="Print it as JSON")] = False,
) -> None:
    """A run as a chronicle: what happened, day by day, how much, and because of what."""
    from abm.cli.explaining import as_plain, explained

    text, entries = explained(folder, language)
    if json:
        print_json(as_plain(text, entries))
    else:
        tell(*text.split("\n"))


def report(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="A folder of a run or a sweep")],
    outputs: Annotated[
        list[str] | None,
        typer.Option("--output", metavar="NAME", help="Of a sweep: a number of the runs"),
    ] = None,
    out: Annotated[
        Path | None, typer.Option(metavar="FILE.html", help="Default DIR/report.html")
    ] = None,
    force: Force = False,
    language: Language = "en",
) -> None:
    """A result as one page of HTML that can be sent: words, figures, parameters, hashes."""
    from abm.cli.reporting import Asked, report_and_keep

    tell(report_and_keep(Asked(folder, tuple(outputs or ()), out, force, language)))


def classroom(
    port: Annotated[
        str | None, typer.Option(metavar="N", help="Port to listen on; default 8642, or a free one")
    ] = None,
    browser: Annotated[
        bool, typer.Option("--browser/--no-browser", help="Open it in the browser")
    ] = True,
) -> None:
    """The web page: play, compare, explain; on 127.0.0.1, for this machine alone."""
    from abm.cli.classroom import serve

    serve(None if port is None else whole("--port", port), browser)


def reproduce(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="A folder of a run or a sweep")],
    rows: Annotated[
        str, typer.Option("--rows", metavar="N", help="Of a sweep: how many runs, or all")
    ] = "20",
) -> None:
    """Run a result again from its manifest and compare the bytes of every table."""
    from abm.cli.reproducing import reproduced, told

    n_rows = None if rows == "all" else whole("--rows", rows)
    outcome = reproduced(folder, n_rows)
    tell(*told(folder, outcome).split("\n"))
    if not outcome.agrees:
        raise typer.Exit(1)


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
        tell(*work.listing().split("\n"))
        tell("", "Run one: unwind literature eisenberg-noe, or all: unwind literature --all")
        return
    done = work.reproduce(chosen, quick)
    written = work.write(done, out, quick)
    if json:
        print_json([work.plain(one) for one in done])
    else:
        tell(*"\n\n".join(map(work.told, done)).split("\n"))
        tell("", f"{'Written':<16}{out}: {', '.join(written)}")
    if not all(one.agrees for one in done):
        raise typer.Exit(1)
