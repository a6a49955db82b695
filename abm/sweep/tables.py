"""The tables of a sweep's folder, as `unwind export` writes them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from abm.runs.columns import columns_table
from abm.runs.exports import COLUMNS
from abm.sweep.plan import read_plan
from abm.sweep.store import load_days, load_events, load_sweep

if TYPE_CHECKING:
    import pandas as pd


def tables_of_sweep(folder: Path) -> dict[str, pd.DataFrame]:
    """Runs and points of a sweep, the days and events that it kept, and what their columns are."""
    points = read_plan(folder).points
    points = points.assign(point=np.arange(len(points)))[["point", *points.columns]]
    tables = {"runs": load_sweep(folder), "points": points}
    for name, kept in (("days", load_days(folder)), ("events", load_events(folder))):
        if kept is not None:
            tables[name] = kept
    return tables | {COLUMNS: columns_table(tables)}
