"""July and August 2024 in a run: paths of the yen crosses and shares, days of the record."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from abm.episodes.paths import day, paths_since, with_positions_frozen
from abm.episodes.record import KEY_DAYS_2024
from abm.kernels.state import RETAIL_EQUITY
from abm.population.advance import advance, open_world

if TYPE_CHECKING:
    import pandas as pd

    from abm.population.world import World
    from abm.scenario import Scenario

Array = np.ndarray

FIRST, LAST = "2024-07-01", "2024-08-30"
CROSSES = ("USDJPY", "AUDJPY", "MXNJPY")
SERIES = (*CROSSES, "NKY", "SPX")
PATHS = (*SERIES, "HY", "UST")
RECORD_COLUMNS = dict(zip(SERIES, ("usdjpy", "audjpy", "mxnjpy", "nikkei", "sp500"), strict=True))
EVE_OF_FALL, WEEK = "2024-08-01", ("2024-08-02", "2024-08-09")
STOPS = (EVE_OF_FALL, *WEEK, LAST)
"""Days at whose close margin longs and the Nikkei's depth are read."""
FAR_OUT = -0.132
"""Worst day of the Nikkei in the record, 5 August 2024 [log]."""
JGB_DURATION, UST_DURATION = 9.0, 8.2
"""Years: a change of price over one of yield, ten-year bonds."""


class Reading(NamedTuple):
    """Figures at a close that no table of the run keeps."""

    margin_longs: float  # units
    nikkei_depth_share: float  # of dealers' calm depth


def real_levels() -> pd.DataFrame:
    """Log levels of the record on its key days, a column for each series."""
    import pandas as pd

    table = pd.DataFrame(KEY_DAYS_2024).set_index("date")
    levels = table[list(RECORD_COLUMNS.values())].set_axis(list(SERIES), axis=1)
    return levels.apply(np.log)


def simulated_august(
    scenario: Scenario, seed: int, replicate: int
) -> tuple[dict[str, Array], dict[str, float]]:
    """Paths since the close of the eve, (n_days + 1,) by series, and what the record is compared
    with beside them, of one run."""
    world, opening = open_world(scenario, seed, replicate, with_events=False)
    done, readings = world.burn_in, {}
    for stop in STOPS:
        until = world.burn_in + day(scenario, stop) + 1
        world, done = advance(world, done, until), until
        readings[stop] = Reading(margin_longs(world), depth_over_calm(world, "NKY"))
    paths = paths_since(world, opening, scenario, day(scenario, LAST) + 1, PATHS)
    return paths, moments_of(world, paths, scenario, readings)


def frozen_august(scenario: Scenario, seed: int, replicate: int) -> dict[str, Array]:
    """Paths of the same script and news with positions frozen from the first day on."""
    world, opening = open_world(scenario, seed, replicate, with_events=False)
    n_days = day(scenario, LAST) + 1
    return paths_since(with_positions_frozen(world, n_days), opening, scenario, n_days, PATHS)


def margin_longs(world: World) -> float:
    """Shares that households hold on margin [units]."""
    rows = slice(*world.rules.mandates.first_row[RETAIL_EQUITY : RETAIL_EQUITY + 2])
    return float(world.books.units[world.instruments.index("NKY"), rows].sum())


def depth_over_calm(world: World, instrument: str) -> float:
    """Depth that dealers quote over their calm depth, both in dollars."""
    k, market = world.instruments.index(instrument), world.market
    depth_usd_bn = market.dealer_depth[k] * market.usd_price[k]
    return float(depth_usd_bn / world.rules.dealers.depth[k])


def moments_of(
    world: World, paths: dict[str, Array], scenario: Scenario, readings: dict[str, Reading]
) -> dict[str, float]:
    """Falls, rebounds, yields, limits, margin longs and depth of one run."""
    burn, days = world.burn_in, world.record.days
    nikkei, august5 = paths["NKY"], day(scenario, "2024-08-05") + 1
    jgb = world.record.log_prices[burn:, scenario.instrument_names.index("JGB")]
    hike, august2 = day(scenario, "2024-07-31"), day(scenario, "2024-08-02")
    last = day(scenario, LAST) + 1
    depth = days["dealer_depth_share"][burn : burn + last]
    to_bp = 1e4 / JGB_DURATION
    return {
        "nky_fall": nikkei[august5] - nikkei[day(scenario, "2024-07-10") + 1],
        "nky_rebound": nikkei[day(scenario, "2024-08-19") + 1] - nikkei[august5],
        "spx_rebound": paths["SPX"][day(scenario, "2024-08-19") + 1] - paths["SPX"][august5],
        "nky_worst": np.diff(nikkei).min(),
        "nky_5aug": nikkei[august5] - nikkei[august5 - 1],
        "nky_6aug": nikkei[august5 + 1] - nikkei[august5],
        "jgb_bp_31jul": -(jgb[hike] - jgb[hike - 1]) * to_bp,
        "jgb_bp_31jul_5aug": -(jgb[august5 - 1] - jgb[hike]) * to_bp,
        "jgb_bp_2to5aug": -(jgb[august2 + 1] - jgb[hike + 1]) * to_bp,
        "ust_bp_31jul_5aug": -(paths["UST"][august5] - paths["UST"][hike]) / UST_DURATION * 1e4,
        "at_limit": float(days["n_at_limit"][burn : burn + last].any()),
        "margin_longs_week": _growth([readings[stop].margin_longs for stop in WEEK]),
        "yen_depth_1aug": float(depth[august2 - 1]),
        "nky_depth_1aug": readings[EVE_OF_FALL].nikkei_depth_share,
        "error": float(days["conservation_error"].max()),
    }


def _growth(sizes: list[float]) -> float:
    return sizes[1] / sizes[0] - 1.0 if sizes[0] else float("nan")
