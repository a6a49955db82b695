"""Classes of runs: what makes each, and their counts and shares, all with one denominator.

The denominator of every share, in a table, on a figure and on the page: the runs of which it is
known whether the dam broke. A run without a net yen short on the eve of the shock, or one that ends
within five days of it, is in no share; how many they are is told beside the shares. A run that saw
the five days pass and ended before a leak shows is no dam break: it counts, as "undetermined".
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import pandas as pd

DAM_BREAK, UNDETERMINED, BROKEN_BEFORE = "dam break", "undetermined", "broken before the shock"
DE_RISKING, BUILD_UP = "de-risking", "build-up"  # of news that lowers the yen
NO_NET_SHORT = "no net short"  # of undetermined runs those without a net yen short on the eve
# In the order of tables and legends.
CLASSES = ("absorbed", "leak", DAM_BREAK, BROKEN_BEFORE, DE_RISKING, BUILD_UP, UNDETERMINED)

BREAK_DAYS = 5
"""Days after the shock day within which a dam breaks."""

DAM_BREAK_SHARE = 0.40
"""Share of the opening yen short that, closed within five days, makes a dam break."""

LEAK_SHARE = 0.25
"""Share of the same that, closed within thirty or sixty days, makes a leak."""

LEAST_SHORT_UNITS = 1.0
"""Yen short below which there is none to speak of: USD 1bn at the scenario's opening."""

N_RUNS, N_LEFT_OUT = "n_runs", "n_left_out"  # runs in the denominator; done, but without a class
WITHIN = "unwound_5d"  # share closed in five days: NaN where a class cannot be told


def classify(
    u5: float,
    u30: float,
    u60: float,
    *,
    lowers_yen: bool = False,
    broke_before: bool = False,
) -> str:
    """Class of a run, from the shares U5, U30 and U60 of the yen short that a shock closed.  (M62)

    "broken before the shock" where the dam broke before it (M60), whatever followed: a share of
    what was left says nothing. Otherwise, where the shock raised the yen or left it (M61),

        "dam break"   U5 >= .4
        "leak"        else max(U30, U60) >= .25

    and where it lowered the yen, so that whoever is short gains from it,

        "de-risking"  U5 >= .4 or max(U30, U60) >= .25: volatility raises margins and lowers limits
        "build-up"    else the same of -U5, -U30 and -U60: the short grows

    and "absorbed" where none of these holds. Of U30 and U60 a NaN (run too short) is passed over;
    when what is left cannot tell, "undetermined".
    """
    if broke_before:
        return BROKEN_BEFORE
    later = [u for u in (u30, u60) if not np.isnan(u)]
    fast, slow = (DE_RISKING, DE_RISKING) if lowers_yen else (DAM_BREAK, "leak")
    if u5 >= DAM_BREAK_SHARE:
        return fast
    if np.isnan(u5) or not later:
        return UNDETERMINED
    if max(later) >= LEAK_SHARE:
        return slow
    has_grown = -u5 >= DAM_BREAK_SHARE or -min(later) >= LEAK_SHARE
    return BUILD_UP if lowers_yen and has_grown else "absorbed"


def class_told(measures: Mapping[str, Any], n_days_after: int = 0) -> str:
    """Class of a run as a reader is told it: of those undetermined, NO_NET_SHORT apart.

    `n_days_after`: days of the run after the shock day; 0 where that is not known. A run that has
    BREAK_DAYS of them lacks the share of five days because the short on the eve was nil or, net, a
    long; of a shorter run the short itself tells it.
    """
    name = str(measures["class"])
    if name != UNDETERMINED:
        return name
    if n_days_after >= BREAK_DAYS:
        is_without = not np.isfinite(float(measures[WITHIN]))
    else:
        is_without = float(measures.get("eve_yen_short_units", np.nan)) < LEAST_SHORT_UNITS
    return NO_NET_SHORT if is_without else UNDETERMINED


def is_counted(table: pd.DataFrame) -> NDArray[np.bool_]:
    """Runs in the denominator of every share of a class, (n_rows,): done, and with a class."""
    is_open = (table["class"] == UNDETERMINED).to_numpy(dtype=bool)
    if WITHIN in table:
        is_open = is_open & table[WITHIN].isna().to_numpy(dtype=bool)
    counted: NDArray[np.bool_] = ~is_open & table["class"].isin(CLASSES).to_numpy(dtype=bool)
    if "status" in table:
        counted = counted & (table["status"] == "done").to_numpy(dtype=bool)
    return counted


def class_counts(table: pd.DataFrame, factors: Sequence[str]) -> pd.DataFrame:
    """Runs of each class at each level of the factors; `n_runs` of them, `n_left_out` beside them.

    The index is that of the factors. Only classes that occur in the table have a column.
    """
    by = list(factors)
    counted = is_counted(table)
    counts = table[counted].groupby([*by, "class"], observed=True).size().unstack(fill_value=0)
    done = table[table["status"] == "done"] if "status" in table else table
    every = done.groupby(by).size()
    found = counts.reindex(every.index, fill_value=0)[[n for n in CLASSES if n in counts]]
    found.columns.name = None
    n_runs = found.sum(axis=1).astype(np.int64)  # of no class at all pandas sums to 0.0
    return found.assign(**{N_RUNS: n_runs, N_LEFT_OUT: every - n_runs})


def class_shares(table: pd.DataFrame, factors: Sequence[str]) -> pd.DataFrame:
    """Share of each class at each level of the factors, of the runs counted; rows sum to 1.

    NaN where no run counts.
    """
    counts = class_counts(table, factors)
    shares: pd.DataFrame = counts.drop(columns=[N_RUNS, N_LEFT_OUT]).div(counts[N_RUNS], axis=0)
    return shares
