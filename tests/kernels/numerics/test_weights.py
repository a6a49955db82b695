"""Weights of those who size by risk."""

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from abm.kernels.numerics.weights import equal_risk_contributions, inverse_volatility_weights

pytestmark = pytest.mark.plain

REFERENCE = json.loads(
    (Path(__file__).parents[2] / "reference/accounting_margin.json").read_text()
)["risk_parity_erc"]
COV = np.array(REFERENCE["inputs"]["cov"])
EXPECTED = REFERENCE["expected"]


def parity(cov, budget=None):
    budget = np.ones(len(cov)) if budget is None else np.asarray(budget, dtype=float)
    weights, work = np.full(len(cov), np.nan), np.full(len(cov), np.nan)
    return weights, equal_risk_contributions(cov, budget, weights, work)


def contributions(cov, weights):
    return weights * (cov @ weights) / (weights @ cov @ weights)


@st.composite
def covariances(draw):
    """Positive definite, as of markets: any correlations, volatilities from 2% to 60%."""
    n = draw(st.integers(1, 9))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    factors = rng.normal(size=(n, draw(st.integers(1, 2 * n))))
    cov = factors @ factors.T + draw(st.floats(0.02, 2.0)) * np.eye(n)
    volatility = rng.uniform(0.02, 0.6, n) / np.sqrt(np.diag(cov))
    return cov * np.outer(volatility, volatility)


def test_equal_risk_contributions_are_the_reference():
    weights, report = parity(COV)
    assert report.converged
    assert weights == pytest.approx(EXPECTED["weights"], abs=1e-6)
    assert contributions(COV, weights) == pytest.approx(EXPECTED["risk_contributions"], abs=1e-6)
    volatility = np.sqrt(weights @ COV @ weights)
    assert volatility == pytest.approx(EXPECTED["portfolio_vol"], abs=1e-6)
    leverage = REFERENCE["inputs"]["vol_target"] / volatility
    assert leverage == pytest.approx(EXPECTED["leverage"], abs=1e-6)


def test_inverse_volatility_weights_are_the_reference():
    weights = np.empty(3)
    inverse_volatility_weights(np.ones(3), COV, weights)
    assert weights == pytest.approx(EXPECTED["inverse_vol_weights"], rel=1e-14)


def test_a_tilt_doubles_an_instruments_share_before_scaling():
    weights = np.empty(2)
    inverse_volatility_weights(np.array([2.0, 1.0]), np.diag([0.04, 0.01]), weights)
    assert weights == pytest.approx([0.5, 0.5])  # 2/0.2 against 1/0.1


@given(covariances())
def test_every_instrument_contributes_the_same_risk(cov):
    weights, report = parity(cov)
    assert report.converged
    assert (weights > 0.0).all()
    assert weights.sum() == pytest.approx(1.0, abs=1e-12)
    assert contributions(cov, weights) == pytest.approx(1.0 / len(cov), abs=1e-9)


@given(covariances(), st.integers(0, 2**32 - 1))
def test_contributions_follow_the_budget(cov, seed):
    budget = np.random.default_rng(seed).uniform(0.1, 3.0, len(cov))
    weights, report = parity(cov, budget)
    assert report.converged
    assert contributions(cov, weights) == pytest.approx(budget / budget.sum(), abs=1e-9)


@given(covariances(), st.floats(0.01, 100.0))
def test_the_size_of_all_risk_changes_no_weight(cov, size):
    assert parity(size * cov)[0] == pytest.approx(parity(cov)[0], rel=1e-8)


def test_without_correlation_both_rules_agree_at_once():
    cov = np.diag([0.01, 0.04, 0.09])
    weights, report = parity(cov)
    assert weights == pytest.approx(np.array([6, 3, 2]) / 11)
    assert report.sweeps == 0


def test_two_instruments_are_weighted_by_volatility_whatever_their_correlation():
    for correlation in (-0.9, 0.0, 0.9):
        cov = np.array([[0.04, correlation * 0.02], [correlation * 0.02, 0.01]])
        assert parity(cov)[0] == pytest.approx([1 / 3, 2 / 3], abs=1e-9)


def test_a_budget_of_zero_leaves_an_instrument_out():
    weights, report = parity(COV, [1.0, 0.0, 1.0])
    without, _ = parity(COV[np.ix_([0, 2], [0, 2])])
    assert report.converged
    assert weights == pytest.approx([without[0], 0.0, without[1]], abs=1e-12)


def test_what_has_no_risk_gets_no_weight():
    cov = np.diag([0.04, 0.0, 0.04])
    weights = np.empty(3)
    inverse_volatility_weights(np.ones(3), cov, weights)
    assert weights == pytest.approx([0.5, 0.0, 0.5])
    assert parity(cov)[0] == pytest.approx([0.5, 0.0, 0.5])


def test_perfect_offsets_have_no_answer_and_it_says_so():
    cov = np.array([[0.04, -0.04], [-0.04, 0.04]])
    weights, report = parity(cov)
    assert not report.converged
    assert np.isfinite(weights).all()
