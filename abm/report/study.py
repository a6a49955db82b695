"""A sweep's folder as a study: what `unwind analyse` and a report of a sweep start from."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from abm.errors import UnreadableFile
from abm.figures.sweep_axes import name_words
from abm.measures.classes import BROKEN_BEFORE
from abm.report.sweep_sentences import told
from abm.sweep.outcomes import DAM_BREAK, outputs_of

if TYPE_CHECKING:
    import pandas as pd

# Asked for where nothing is: those of them that the runs have.
_USUAL = (DAM_BREAK, "peak_yen_appreciation", "price_amplification")
_OF_BROKEN = f"class={BROKEN_BEFORE}"  # where there are such runs, their share is an answer too
_USUAL_ALONE = ("largest_yen_rise_log", "forced_sales_usd_bn", "n_failed")


@dataclass(frozen=True)
class Study:
    """A sweep as it was read: its table, its design, and what every caption says."""

    name: str
    kind: str
    table: pd.DataFrame
    points: pd.DataFrame
    n_replicates: int
    caption: str
    problem: dict[str, Any] = field(default_factory=dict)  # of SALib; for saltelli and morris
    unit_points: pd.DataFrame | None = None  # for morris
    second_order: bool = False  # of saltelli
    n_levels: int = 4  # of morris
    multiples: tuple[str, ...] = ()  # factors whose levels are multiples of what the scenario has


def read_study(folder: Path) -> Study:
    """A sweep's folder: its table and its plan."""
    if not folder.is_dir():
        what = "is not a folder" if folder.exists() else "there is no such folder"
        raise UnreadableFile(f"{folder}: {what}; give one that unwind sweep wrote")
    from abm.sweep.plan import read_plan
    from abm.sweep.store import load_sweep

    plan = read_plan(folder)
    table = load_sweep(folder)
    experiment, points = plan.experiment, plan.points
    n_runs = len(points) * experiment.replicates
    factors = getattr(experiment.design, "factors", {})
    multiples = tuple(key for key, factor in factors.items() if getattr(factor, "times", False))
    caption = told(
        "caption",
        name=experiment.name,
        scenario=plan.scenario.name,
        seed=experiment.seed,
        n_points=len(points),
        n_replicates=experiment.replicates,
        n_done=len(table),
        n_runs=n_runs,
        multiples=list(map(name_words, multiples)),
    )
    return Study(
        multiples=multiples,
        name=experiment.name,
        kind=experiment.design.kind,
        table=table,
        points=points,
        n_replicates=experiment.replicates,
        caption=caption,
        **_for_salib(experiment),
    )


def usual(table: pd.DataFrame) -> list[str]:
    """The outcomes that most will ask for: of a cascade, or of a run alone."""
    have = outputs_of(table)
    wanted = _USUAL if "class" in have else _USUAL_ALONE
    found = [name for name in wanted if name.partition("=")[0] in have]
    if "class" in have and (table["class"] == BROKEN_BEFORE).any():
        found.insert(1, _OF_BROKEN)
    return found


def _for_salib(experiment: Any) -> dict[str, Any]:
    """The problem that the analyses of saltelli and morris designs need."""
    from abm.sweep.designs import problem_of, unit_points

    design = experiment.design
    if design.kind == "saltelli":
        return {"problem": problem_of(experiment), "second_order": design.second_order}
    if design.kind == "morris":
        units, n_levels = unit_points(experiment), design.n_levels
        return {"problem": problem_of(experiment), "unit_points": units, "n_levels": n_levels}
    return {}
