"""The cascade of a result folder as a GIF, and as a film: for `unwind plot --animate`."""

from __future__ import annotations

from pathlib import Path
from subprocess import SubprocessError
from typing import TYPE_CHECKING

from abm.cli import output
from abm.cli.asked import result_in
from abm.cli.progress import Progress, warn_of_compiling
from abm.cli.run_figures import SAME_PRICE_LOG
from abm.cli.terminal import say
from abm.errors import InvalidInput
from abm.report import animate
from abm.words import words

if TYPE_CHECKING:
    from collections.abc import Mapping

    import networkx as nx

    from abm.runs import RunResult

_AGAIN = "the run again, day by day"
_UNKNOWN = "Loans are those of the last close; margin slack is not known."


def speed(asked: int | None, is_animated: bool) -> int:
    """Days a second; raises InvalidInput where that cannot be shown."""
    if asked is None:
        return animate.DAYS_A_SECOND
    if not is_animated:
        raise InvalidInput("--fps is the speed of --animate: give both")
    if not animate.SLOWEST <= asked <= animate.FASTEST:
        raise InvalidInput(
            f"--fps = {asked}, must be from {animate.SLOWEST} to {animate.FASTEST} days a second"
        )
    return asked


def animate_again(folder: Path, days_a_second: int) -> list[Path]:
    """Write figures/cascade.gif, and cascade.mp4 where there is ffmpeg; their paths."""
    run = result_in(folder)
    if not run.scenario.outputs.events:
        raise InvalidInput(words("en")("chronicle.not_kept"))
    days = animate.window(run)
    with Progress(3) as progress:
        graphs = _books_again(run, days, progress)
        note = "" if graphs is not None else _UNKNOWN
        if graphs is None:
            say("this run cannot be simulated again here: the network is that of the last day")
            graphs = animate.books_of_the_end(run, days)
        with progress.step("frames"):
            reel = animate.filmed(animate.film_of(run, graphs, note), progress.tick)
        with progress.step("writing"):
            films = {"gif": animate.gif(reel, days_a_second), "mp4": _mp4(reel, days_a_second)}
            made = {f"cascade.{kind}": film for kind, film in films.items() if film}
            for name, film in made.items():
                output.write_file(folder / "figures" / name, film)
    return [folder / "figures" / name for name in made]


def _mp4(reel: animate.Reel, days_a_second: int) -> bytes:
    """The film; empty where there is no ffmpeg, or one that cannot make it."""
    try:
        return animate.mp4(reel, days_a_second)
    except (OSError, SubprocessError):
        say("ffmpeg could not make cascade.mp4 (it needs H.264); cascade.gif shows the same")
        return b""


def _books_again(
    run: RunResult, days: range, progress: Progress
) -> Mapping[int, nx.DiGraph] | None:
    """The exposures of every day; None where another run comes out than that of the tables."""
    if not run.is_repeatable:
        return None
    warn_of_compiling()
    books = progress.do(_AGAIN, lambda: animate.books_by_day(run, days, progress.tick))
    kept = run.days[f"log_{run.scenario.funding_currency}"].to_numpy()[: days.stop]
    is_same = abs(books.log_funding - kept).max() < SAME_PRICE_LOG
    return books.graphs if is_same else None
