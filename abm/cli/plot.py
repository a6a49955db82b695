"""`unwind plot`: the figures of a run, of a sweep's analysis, or a run as a film."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from abm.cli.asked import whole
from abm.cli.terminal import tell
from abm.errors import InvalidInput


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
    from abm.cli.film import speed

    n_days = speed(None if fps is None else whole("--fps", fps), animate)
    tell(*map(str, plotted(folder, n_days if animate else None)))


def plotted(folder: Path, days_a_second: int | None = None) -> list[Path]:
    """Draw what the folder holds; paths of the figures. With a speed, the film of a run."""
    from abm.sweep.plan import PLAN

    if os.path.isfile(folder / PLAN):  # False, too, for what can be no path
        if days_a_second is not None:
            raise InvalidInput(
                f"--animate shows one run day by day; {folder} is of a sweep (one row of it as a "
                "run: unwind run --from DIR --row ID)"
            )
        from abm.cli import sweep_analysis

        return sweep_analysis.draw_again(folder)
    if days_a_second is not None:
        from abm.cli.film import animate_again

        return animate_again(folder, days_a_second)
    from abm.cli import run_figures

    return run_figures.draw_again(folder)
