"""`unwind plot`: the figures of a run, of a sweep's analysis, or a run as a film."""

from __future__ import annotations

import os
from pathlib import Path

from abm.errors import InvalidInput
from abm.sweep.plan import PLAN


def plotted(folder: Path, days_a_second: int | None = None) -> list[Path]:
    """Draw what the folder holds; paths of the figures. With a speed, the film of a run."""
    if os.path.isfile(folder / PLAN):  # False, too, for what can be no path
        if days_a_second is not None:
            raise InvalidInput(
                f"--animate shows one run day by day; {folder} is of a sweep (one row of it as a "
                "run: unwind run --from DIR --row ID)"
            )
        from abm.cli.analysing import draw_again

        return draw_again(folder)
    if days_a_second is not None:
        from abm.cli.animating import animate_again

        return animate_again(folder, days_a_second)
    from abm.cli import running

    return running.draw_again(folder)
