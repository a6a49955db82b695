"""The stored study of when a surprise leaks away and when it breaks the dam: read once, cut up."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from abm.classroom.choice import shipped
from abm.classroom.knobs import Value, values_of
from abm.errors import UnreadableFile
from abm.figures.phase import LEVERAGE_CAP, SURPRISE
from abm.measures.classes import (
    BROKEN_BEFORE,
    N_RUNS,
    NO_NET_SHORT,
    UNDETERMINED,
    class_counts,
    is_counted,
)
from abm.report.script import class_of
from abm.scenario import list_scenarios
from abm.scenario.files import PACKAGE
from abm.sweep.outcomes import DAM_BREAK, Panel, at, levels_of, panel

if TYPE_CHECKING:
    import pandas as pd

    from abm.scenario import Scenario

STUDY = "leak-or-dam"
DEPTH, OVERLAP = "liquidity.depth_multiple", "funds.overlap"
FACTORS = (SURPRISE, LEVERAGE_CAP, DEPTH, OVERLAP)
PEAK = "peak_yen_appreciation"
MADE_BY = f"unwind sweep experiments/{STUDY}.toml"
# `unwound_5d` tells a run without a net short from one that is too short for a class.
COLUMNS = ("row", "point", "replicate", "seed", *FACTORS, "status", "seconds", "class",
           "unwound_5d", PEAK)  # fmt: skip
CLASSES = ("dam break", "leak", "absorbed", BROKEN_BEFORE)
WITHOUT = (NO_NET_SHORT, UNDETERMINED)  # runs that have no class, and are in no share
ENDS = ["low", "high", "n_independent"]  # of an interval, and of how many independent runs
Held = tuple[tuple[str, float], ...]  # factors that are held, at which level


class Study(NamedTuple):
    """Every run of the sweep, and what they were runs of."""

    scenario: Scenario
    seed: int
    runs: pd.DataFrame
    breaks: Panel  # whether each run broke the dam

    def levels(self, factor: str) -> list[float]:
        """Levels of a factor, upwards."""
        return [float(level) for level in levels_of(self.breaks.points[factor])]

    @property
    def own(self) -> dict[str, float]:
        """The scenario's own value of each factor."""
        own = values_of(self.scenario, {})
        return {factor: float(own[factor]) for factor in FACTORS}

    @property
    def kinds(self) -> tuple[str, ...]:
        """Classes, and after them what there is of runs WITHOUT one."""
        met = set(self.runs["class"])
        return (*CLASSES, *(name for name in WITHOUT if name in met))

    @property
    def is_current(self) -> bool:
        """True if the scenario shipped under the name is still the one that was run."""
        name = self.scenario.name
        return name in list_scenarios() and shipped(name) == self.scenario


def study_folder() -> Path:
    """The folder of the study: in results/ of a checkout, or in the installed package.

    Raises UnreadableFile with the command that makes it.
    """
    folders = [PACKAGE / "_studies" / STUDY]
    if (PACKAGE.parent / "pyproject.toml").is_file():
        folders.insert(0, PACKAGE.parent / "results" / STUDY)
    for folder in folders:
        if folder.is_dir():
            return folder
    raise UnreadableFile(f"the study {STUDY} is not here; in a checkout, {MADE_BY} makes it")


@lru_cache(maxsize=1)
def read_study() -> Study:
    """The study, read once per process."""
    from abm.sweep.plan import read_plan
    from abm.sweep.store import load_sweep

    folder = study_folder()
    plan = read_plan(folder)
    runs = load_sweep(folder, list(COLUMNS))
    breaks = panel(runs, DAM_BREAK, plan.points, plan.experiment.replicates)
    runs["class"] = [
        class_of(plan.scenario, {"class": name, "unwound_5d": share})
        for name, share in zip(runs["class"], runs["unwound_5d"], strict=True)
    ]
    return Study(plan.scenario, plan.experiment.seed, runs, breaks)


@lru_cache(maxsize=32)
def cells(held: Held = ()) -> pd.DataFrame:
    """A row for each surprise and leverage cap, over all levels of what is not held.

    Columns: both factors; `n_runs` that have a class, and how many are of each; how many are
    WITHOUT one; `share`, `low`, `high`: share of `n_runs` that broke the dam, with the 95% interval
    of the study's analysis, which is as wide as that of `n_independent` independent runs;
    `median_peak_log`: the yen's largest rise in all runs done.
    """
    from abm.sweep.analysis import level_means

    study, both = read_study(), [SURPRISE, LEVERAGE_CAP]
    interval = level_means(at(study.breaks, dict(held)), both).set_index(both)[ENDS]
    runs = runs_where(dict(held))
    done = runs[runs["status"] == "done"]
    counts = class_counts(done, both)
    found = counts.reindex(columns=[*CLASSES, N_RUNS], fill_value=0)
    left_out = done[~is_counted(done)].groupby([*both, "class"]).size().unstack(fill_value=0)
    left_out = left_out.reindex(index=found.index, columns=list(WITHOUT), fill_value=0)
    found = found.join(left_out)
    found["share"] = found["dam break"] / found[N_RUNS]
    peak = done.groupby(both)[PEAK].median().rename("median_peak_log")
    return found.join(interval).join(peak).reset_index()


@lru_cache(maxsize=32)
def half_line(held: Held = ()) -> pd.DataFrame:
    """For each leverage cap, the surprise [bp] at which half of the runs break the dam."""
    from abm.sweep.thresholds import boundary

    return boundary(at(read_study().breaks, dict(held)), SURPRISE, [LEVERAGE_CAP])


def runs_where(held: Mapping[str, float]) -> pd.DataFrame:
    """The runs at the given levels; all of them if none is given."""
    runs = read_study().runs
    for factor, level in held.items():
        runs = runs[runs[factor] == level]
    return runs


def run_behind(row: Any) -> dict[str, Any]:
    """The part of a page's choice that makes it exactly this run of the study."""
    study = read_study()
    changes: dict[str, Value] = {factor: float(row[factor]) for factor in FACTORS}
    return {
        "scenario": study.scenario.name,
        "changes": changes,
        "seed": int(row["seed"]),
        "replicate": int(row["replicate"]),
    }
