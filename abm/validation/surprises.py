"""One run with a surprise, measured beside its three counterfactuals."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from abm.measures.cascade import cascade_measures
from abm.measures.classes import DAM_BREAK
from abm.population.advance import open_world
from abm.runs.fast import cascade_columns
from abm.validation.claims import HIKE, Sample

if TYPE_CHECKING:
    from abm.scenario import Scenario

HORIZONS = (0, 1, 2, 3, 5, 20)
"""Days after the surprise on which a market may have moved first."""
READ = (*HORIZONS, 60)
"""Days after the surprise at which effects are read: notices of redemption run for thirty."""
EM_LEGS = ("MXN", "EM")
QUICKER = {"outputs.feedback_gain_every_days": 0}


def surprise(scenario: Scenario, seed: int, replicate: int) -> dict[str, float | str]:
    """Class, peak, carry short and effects by instrument and day of one run [log, USD bn].

    An effect is the run less the no-shock run; `frozen` is the same of the no-trade counterfactual.
    """
    run, no_shock, frozen, frozen_no_shock = cascade_columns(scenario, seed, replicate)
    day = scenario.shock_day
    found = cascade_measures(run, no_shock, frozen, frozen_no_shock, day, run.burn_in)
    opening = float(found["eve_yen_short_units"])
    values: dict[str, float | str] = {
        "class": str(found["class"]),
        "unwound_5": float(found["unwound_5d"]),
        "peak": float(found["peak_yen_appreciation"]),
        "opening_short": opening,
        "short_kept_20": float(run.days["yen_short_units"][day + 20]) / opening,
        "error": float(found["max_conservation_error"]),
        "n_days_failed_to_clear": float(found["n_days_failed_to_clear"]),
    }
    for name in scenario.instrument_names:
        column = f"log_{name}"
        effect = run.days[column] - no_shock.days[column]
        still = frozen.days[column] - frozen_no_shock.days[column]
        values[f"sd {name}"] = float(np.diff(no_shock.days[column]).std())
        values |= {f"effect {name} {h}": float(effect[day + h]) for h in READ}
        values |= {f"frozen {name} {h}": float(still[day + h]) for h in READ}
    return values


def opening_short(scenario: Scenario, seed: int, replicate: int) -> dict[str, float]:
    """Carry short of all groups on the morning of day 0 [USD bn at the opening's prices]."""
    world, opening = open_world(scenario, seed, replicate, with_events=False)
    error = float(world.record.days["conservation_error"].max())
    return {"short": float(opening.yen_short[0]), "error": error}


def of_size(surprise_bp: float, runs_per_seed: float = 1.0) -> Sample:
    """Runs with a surprise of a size."""
    changes = QUICKER | {"shock.surprise_bp": float(surprise_bp)}
    return Sample(f"surprise {surprise_bp:g}bp", HIKE, surprise, changes, runs_per_seed)


SIZES = (5, 20, 25, 35, 50, 60, 75)
COMPARED = (25, 50)
"""Sizes at which one parameter is changed."""
SMALL_EFFECT = 3.0
"""Runs for each seed where an effect is small beside the news of sixty days."""
HAWKISH = {bp: of_size(bp, SMALL_EFFECT if bp in COMPARED else 1.0) for bp in SIZES}
DOVISH = {bp: of_size(bp) for bp in (-25, -50, -100)}


def is_dam(classes: object) -> np.ndarray:
    """True where a class is a dam break."""
    found: np.ndarray = np.asarray(classes) == DAM_BREAK
    return found
