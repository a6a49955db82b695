"""Sampling errors of moments of quiet years, by hand."""

import copy

import numpy as np
import pandas as pd
import pytest

from abm.calibration import study_of
from experiments.moment_errors import Errors, quiet_errors, side_by_side
from tests.calibration import toy

QUIET = {"scenario": "calm", "changes": {"calendar.days": 2}}
RETURNS = [0.01, -0.01, 0.03, 0.01, -0.02, 0.02, 0.0]


def quiet_study(*series):
    raw = copy.deepcopy(toy.raw_study(scenarios={"quiet": QUIET}))
    given = {"target": 0.1, "se": 0.1, "source": "made up", "scenario": "quiet"}
    for one in series:
        raw["moments"][one] = {"measure": "volatility", "series": one, **given}
    return study_of(raw)


def levels():
    """Dollars per yen and per Australian dollar, a close a day; nothing is known of one day."""
    closes = np.concatenate([[0.0], np.cumsum(RETURNS)])
    days = pd.date_range("2020-01-01", periods=len(closes))
    table = pd.DataFrame({"JPY": -closes, "AUD": closes}, index=days)
    table.loc[pd.Timestamp("2020-02-01")] = [np.nan, 5.0]
    table.loc[pd.Timestamp("2024-08-05")] = [9.0, 9.0]  # after the ordinary days
    return table


def test_the_value_of_the_record_is_the_mean_over_all_its_stretches():
    """Of two days the standard deviation is half the difference; the last day meets the first."""
    errors, n_stretches = quiet_errors(quiet_study("USDJPY"), levels(), 20_000)
    around = [*RETURNS, RETURNS[0]]
    halves = np.abs(np.diff(around)) / 2 * 250**0.5
    assert errors.names == ["USDJPY"]
    assert errors.record == pytest.approx([halves.mean()])
    assert n_stretches == 3
    assert errors.deviation == pytest.approx([halves.std() / 3**0.5], rel=0.02)


def test_series_of_the_same_stretches_err_together_but_for_the_shrinkage():
    errors, _ = quiet_errors(quiet_study("USDJPY", "AUDJPY"), levels(), 500)
    assert errors.record[1] == pytest.approx(2 * errors.record[0])  # both legs move alike
    assert errors.correlation[0, 1] == pytest.approx(0.9)


def test_errors_of_different_days_have_nothing_in_common():
    one = Errors(["a", "b"], np.array([1.0, 2.0]), np.array([0.1, 0.2]), np.full((2, 2), 0.5))
    other = Errors(["c"], np.array([3.0]), np.array([0.3]), np.eye(1))
    both = side_by_side(one, other)
    assert both.names == ["a", "b", "c"]
    assert both.record.tolist() == [1.0, 2.0, 3.0]
    assert both.correlation.tolist() == [[0.5, 0.5, 0.0], [0.5, 0.5, 0.0], [0.0, 0.0, 1.0]]
