"""Running rows of a sweep again, and saying how far they are from those kept."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from abm.errors import InvalidInput
from abm.runs.manifest import current_versions
from abm.runs.reproduce import Gap, Reproduction, changed_versions, gap_of
from abm.sweep.plan import Plan, read_description, read_plan
from abm.sweep.store import TIMES, load_sweep
from abm.sweep.work import DONE, Task, run_task
from abm.words import counted

if TYPE_CHECKING:
    import pandas as pd

SAMPLE_ROWS = 20


def reproduce_sweep(
    folder: str | Path,
    n_rows: int | None = SAMPLE_ROWS,
    tick: Callable[[int, int], None] = lambda done, total: None,
) -> Reproduction:
    """Run rows of a sweep again and compare every number of each.

    Parameters
    ----------
    folder
        A folder that a sweep wrote.
    n_rows
        How many, spread evenly over the rows that were done; None for all of them.
    tick
        Told how much is done: `tick(done, total)`.

    Raises UnreadableFile where the folder holds no sweep, InvalidInput where no row is done.
    """
    plan, kept = read_plan(folder), load_sweep(folder)
    kept = kept[kept["status"] == DONE]
    if kept.empty:
        raise InvalidInput(f"{folder}: no run is done, so that none can be run again")
    n = len(kept) if n_rows is None else min(n_rows, len(kept))
    places = np.unique(np.linspace(0, len(kept) - 1, n).round().astype(int))
    chosen = kept.iloc[places].reset_index(drop=True)
    made = run_again(plan, [int(row) for row in chosen["row"]], tick)
    names = [name for name in made.columns if name not in TIMES]
    gap = gap_of(counted(len(chosen), "run", "d"), chosen[names], made[names])
    same = () if gap.relative > 0.0 else (gap.table,)
    gaps: tuple[Gap, ...] = () if same else (gap,)
    versions = changed_versions(read_description(Path(folder)), current_versions())
    return Reproduction(same, gaps, tuple(versions))


def run_again(plan: Plan, rows: list[int], tick: Callable[[int, int], None]) -> pd.DataFrame:
    """These rows of a plan, run now, in this process."""
    import pandas as pd

    tables = []
    for number, row in enumerate(rows):
        point = plan.point_of(row)
        task = Task(plan.experiment, (row,), {point: plan.values_at(point)})
        tables.append(run_task(task).runs.to_pandas())
        tick(number + 1, len(rows))
    whole: pd.DataFrame = pd.concat(tables, ignore_index=True)
    return whole
