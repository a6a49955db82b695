"""The picture the model must show: absorbed, leak or dam break by the size of the surprise.

Forty replicates a point, of a seed that neither the calibration nor the kept result used; shares
are held to the plan's limits plus two binomial standard errors of forty runs.
"""

from functools import cache
from typing import Any

import numpy as np
import pandas as pd
import pytest

from abm.figures.phase import SURPRISE
from experiments.picture import CALM_CAP, CAP_SURPRISE_BP, CAPS, SURPRISES_BP, design, outcomes

SEED, N_REPLICATES = 40, 40
NEWS_LOG_PER_BP = 0.000776


@cache
def runs_at(cap: float, surprises_bp: tuple[float, ...]) -> pd.DataFrame:
    """All replicates under one cap, made once for all tests."""
    rows: list[dict[str, Any]] = []
    for replicate in range(N_REPLICATES):
        rows.extend(outcomes(replicate, cap, surprises_bp, SEED))
    return pd.DataFrame(rows)


def runs_of(surprise_bp: float, cap: float = CALM_CAP) -> pd.DataFrame:
    together = (-50.0, 5.0, 25.0, CAP_SURPRISE_BP, 75.0) if cap == CALM_CAP else (surprise_bp,)
    runs = runs_at(cap, together)
    return runs[runs[SURPRISE] == surprise_bp]


def share_broken(surprise_bp: float) -> float:
    return (runs_of(surprise_bp)["class"] == "dam break").mean()


def two_errors(share: float) -> float:
    return 2.0 * float(np.sqrt(share * (1.0 - share) / N_REPLICATES))


def test_a_small_surprise_leaks_and_a_large_one_breaks_the_dam():
    assert share_broken(5.0) <= 0.05 + two_errors(0.05)
    assert share_broken(25.0) < 0.5 < share_broken(CAP_SURPRISE_BP) + two_errors(0.5)
    assert share_broken(75.0) >= 0.9 - two_errors(0.9)


def test_the_share_of_dam_breaks_rises_with_the_surprise():
    shares = [share_broken(bp) for bp in (5.0, 25.0, CAP_SURPRISE_BP, 75.0)]
    assert shares == sorted(shares)


def test_good_news_breaks_no_dam_and_stays_in_the_price():
    good = runs_of(-50.0)
    assert (good["class"] == "dam break").sum() == 0


def test_leverage_is_what_amplifies():
    amplification = {
        cap: runs_of(CAP_SURPRISE_BP, cap)["price_amplification"].median()
        for cap in (1.0, CALM_CAP)
    }
    assert amplification[1.0] < 1.4
    assert amplification[CALM_CAP] > 1.5 * amplification[1.0]


@pytest.mark.parametrize("surprise_bp", [25.0, CAP_SURPRISE_BP])
def test_frozen_positions_pass_on_the_news_and_little_else(surprise_bp):
    """Who trades on moves the yen a little: order anticipators, who trade with the move (M91), and
    dealers, who withdraw after it (M50), most where the yen stands above its fundamental.
    """
    frozen = runs_of(surprise_bp)["frozen_yen_appreciation"]
    news = surprise_bp * NEWS_LOG_PER_BP
    assert news <= frozen.median() <= news * 1.05
    assert news * 0.98 <= frozen.min() and frozen.quantile(0.95) <= news * 1.25


def test_the_design_varies_one_factor_at_a_time():
    assert list(design()) == list(CAPS)
    assert design()[CALM_CAP] == SURPRISES_BP
    assert all(design()[cap] == (CAP_SURPRISE_BP,) for cap in CAPS if cap != CALM_CAP)
