"""The picture the model must show: absorbed, leak or dam break, inside the bands of 2024.

Forty replicates a point, of a seed that neither the calibration nor the kept result used. Shares
are held to four binomial standard errors of both samples, medians to the 5-95% band.
"""

from functools import cache
from typing import Any

import pandas as pd
import pytest

from abm.figures.phase import LEVERAGE_CAP, SURPRISE
from experiments.keeping import bands_2024
from experiments.picture import (
    CALM_CAP,
    CAP_SURPRISE_BP,
    OUTCOMES,
    against_bands,
    outcomes,
    share_error,
)

SEED, N_REPLICATES = 40, 40
BANDS = bands_2024()


@cache
def runs_at(cap: float, surprises_bp: tuple[float, ...]) -> pd.DataFrame:
    """All replicates under one cap, made once for all tests."""
    rows: list[dict[str, Any]] = []
    for replicate in range(N_REPLICATES):
        rows.extend(outcomes(replicate, cap, surprises_bp, SEED))
    return pd.DataFrame(rows)


def runs_of(surprise_bp: float, cap: float) -> pd.DataFrame:
    together = (5.0, 25.0, CAP_SURPRISE_BP) if cap == CALM_CAP else (surprise_bp,)
    runs = runs_at(cap, together)
    return runs[runs[SURPRISE] == surprise_bp]


def band_of(factor: str, surprise_bp: float, cap: float) -> list[dict[str, Any]]:
    return [
        point
        for point in BANDS[factor]
        if (point["surprise_bp"], point["leverage_cap"]) == (surprise_bp, cap)
    ]


POINTS = [
    pytest.param("surprise", 5.0, CALM_CAP, id="5bp"),
    pytest.param("surprise", 25.0, CALM_CAP, id="25bp"),
    pytest.param("surprise", CAP_SURPRISE_BP, CALM_CAP, id="50bp"),
    pytest.param("leverage_cap", CAP_SURPRISE_BP, 1.0, id="no leverage"),
    pytest.param("leverage_cap", CAP_SURPRISE_BP, 5.0, id="cap 5"),
]


@pytest.mark.parametrize(("factor", "surprise_bp", "cap"), POINTS)
def test_absorbed_leak_and_dam_break_come_as_often_as_they_should(factor, surprise_bp, cap):
    points = band_of(factor, surprise_bp, cap)
    lines = against_bands(runs_of(surprise_bp, cap), points, BANDS["n_seeds"][factor])
    shares = lines[lines["measure"].str.startswith("share")]
    assert len(shares) == 3
    assert shares["inside"].all(), shares.to_string()


@pytest.mark.parametrize(("factor", "surprise_bp", "cap"), POINTS)
def test_medians_lie_inside_the_bands(factor, surprise_bp, cap):
    points = band_of(factor, surprise_bp, cap)
    lines = against_bands(runs_of(surprise_bp, cap), points, BANDS["n_seeds"][factor])
    held = lines[lines["measure"].isin(OUTCOMES)]
    assert len(held) == len(OUTCOMES)
    assert held["inside"].all(), held.to_string()


def test_a_surprise_of_fifty_breaks_the_dam_and_twenty_five_mostly_does_not():
    broken = {bp: (runs_of(bp, CALM_CAP)["class"] == "dam break").mean() for bp in (25.0, 50.0)}
    assert broken[25.0] < 0.4 < 0.8 < broken[50.0]


def test_leverage_is_what_amplifies():
    amplification = {
        cap: runs_of(CAP_SURPRISE_BP, cap)["price_amplification"].median()
        for cap in (1.0, 5.0, CALM_CAP)
    }
    assert amplification[1.0] < 1.4
    assert amplification[5.0] > 2.0 * amplification[1.0]
    assert amplification[CALM_CAP] >= 0.9 * amplification[5.0]


@pytest.mark.parametrize("surprise_bp", [5.0, 25.0, CAP_SURPRISE_BP])
def test_frozen_positions_pass_on_the_news_and_little_else(surprise_bp):
    frozen = runs_of(surprise_bp, CALM_CAP)["frozen_yen_appreciation"]
    news = surprise_bp * 0.000776
    assert frozen.median() == pytest.approx(news, rel=0.01)
    assert news * 0.999 <= frozen.min() and frozen.quantile(0.95) <= news * 1.05


def test_both_samples_count_in_the_error_of_a_share():
    assert share_error(0.5, 100, 0.5, 100) == pytest.approx((0.25 * 0.02) ** 0.5)
    assert share_error(0.0, 200, 0.0, 40) == 0.0
    assert share_error(0.0, 200, 0.5, 40) > 0.0


def test_every_line_of_the_design_has_its_band():
    assert {point["surprise_bp"] for point in BANDS["surprise"]} >= {5, 15, 25, 35, 50, 75, 100}
    assert {point["leverage_cap"] for point in BANDS["leverage_cap"]} >= {1, 2, 3, 4, 5, 7, 10}
    assert runs_of(25.0, CALM_CAP)[LEVERAGE_CAP].eq(CALM_CAP).all()
