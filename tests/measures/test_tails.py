"""Tail measures against the reference sheet, hand numbers and limit cases."""

import json
import math
from pathlib import Path

import numpy as np
import pytest

from abm.errors import InvalidInput, UnwindError
from abm.measures import tails

SHEET = json.loads((Path(__file__).parents[1] / "reference" / "risk_metrics.json").read_text())
EXPECTED = SHEET["expected"]
MEASURED = {
    "var95_lower_order_stat_ceil": lambda x: tails.value_at_risk(x, 0.95),
    "es95": lambda x: tails.expected_shortfall(x, 0.95),
    "es97_5": lambda x: tails.expected_shortfall(x, 0.975),
    "skew_population": tails.skewness,
    "exkurt_population": tails.excess_kurtosis,
    "max_drawdown_from_log": tails.max_drawdown,
    "hill_left_k6": lambda x: tails.hill(x, n_tail=6).tail_index,
}


def test_every_line_of_the_reference_sheet_is_tested():
    assert set(MEASURED) == set(EXPECTED)


@pytest.mark.parametrize("name", sorted(EXPECTED))
def test_measures_equal_the_reference_sheet(name):
    assert MEASURED[name](SHEET["series"]) == pytest.approx(EXPECTED[name], rel=1e-10)


def test_var_is_an_observed_loss_and_es_the_mean_beyond_it():
    returns = [0.04, -0.01, -0.03, 0.02, -0.08]  # sorted: -.08 -.03 -.01 .02 .04
    assert tails.value_at_risk(returns, 0.60) == 0.03  # second worst of five
    assert tails.expected_shortfall(returns, 0.60) == pytest.approx((0.08 + 0.03) / 2)
    assert tails.expected_shortfall(returns, 0.50) == pytest.approx((0.08 + 0.03 + 0.005) / 2.5)


def test_shortfall_is_never_smaller_than_value_at_risk():
    returns = np.random.default_rng(1).standard_t(3, 997)
    for confidence in (0.5, 0.9, 0.95, 0.99, 0.999, 0.9999):
        shortfall = tails.expected_shortfall(returns, confidence)
        assert shortfall >= tails.value_at_risk(returns, confidence) - 1e-12


def test_a_fall_from_two_to_one_and_a_half_is_a_drawdown_of_a_quarter():
    path = np.log([1.0, 2.0, 1.5, 1.9])
    assert tails.max_drawdown(np.diff(path)) == pytest.approx(0.25)


def test_the_starting_value_counts_as_a_peak():
    assert tails.max_drawdown([math.log(0.9), 0.01]) == pytest.approx(0.1)
    assert tails.max_drawdown([0.01, 0.02]) == 0.0


def test_hill_finds_the_index_of_a_pareto_tail_within_three_standard_errors():
    losses = np.random.default_rng(7).pareto(3.0, 40_000) + 1.0
    estimate = tails.hill(-losses, n_tail=2_000)
    assert estimate.standard_error == pytest.approx(estimate.tail_index / math.sqrt(2_000))
    assert abs(estimate.tail_index - 3.0) < 3.0 * estimate.standard_error


def test_hill_of_three_losses_by_hand():
    estimate = tails.hill([-4.0, 5.0, -2.0, -1.0], n_tail=2)  # mean of log 4 and log 2
    assert estimate.tail_index == pytest.approx(2.0 / (3.0 * math.log(2.0)))


def test_a_constant_series_has_no_shape():
    assert math.isnan(tails.skewness([0.1] * 7))
    assert math.isnan(tails.excess_kurtosis([0.1] * 7))


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: tails.value_at_risk([]), "at least 1"),
        (lambda: tails.value_at_risk([0.1], 1.0), "confidence = 1.0"),
        (lambda: tails.expected_shortfall([0.1, math.nan]), "position 1"),
        (lambda: tails.expected_shortfall([[0.1]]), r"shape \(1, 1\)"),
        (lambda: tails.max_drawdown([math.inf]), "1 not finite"),
        (lambda: tails.skewness(["a", "b"]), "must be numbers"),
        (lambda: tails.hill([-1.0, -2.0], n_tail=2), "number of losses, 2"),
        (lambda: tails.hill([1.0, 2.0]), "number of losses, 0"),
    ],
)
def test_bad_input_is_refused_with_what_was_given(call, message):
    with pytest.raises(InvalidInput, match=message) as refusal:
        call()
    assert isinstance(refusal.value, UnwindError)
    assert isinstance(refusal.value, ValueError)
