"""Scores of an early warning: numbers by hand, closed forms, and what chance must give."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from abm.errors import InvalidInput
from abm.measures.warning import (
    HORIZON_DAYS,
    Event,
    auroc,
    event_ahead,
    event_complete,
    events_of,
    fit_logistic,
    lead_days,
    n_alarms,
    partial_auroc,
    precision,
    relative_usefulness,
    roc,
    scored_days,
)

seeds = st.integers(0, 2**32 - 1)


def path(n_days: int, **steps: float) -> np.ndarray:
    """A flat log price with steps on days: path(50, d30=.05)."""
    moves = np.zeros(n_days)
    for day, step in steps.items():
        moves[int(day[1:])] = step
    return np.cumsum(moves)


def test_a_yen_that_rises_by_seven_per_cent_in_a_day_is_ahead_for_twenty():
    yen = path(100, d60=math.log(1.07) + 1e-9)
    ahead = event_ahead(yen, np.zeros(100))
    assert np.flatnonzero(ahead == 1.0).tolist() == list(range(40, 60))
    assert np.isnan(ahead[80:]).all() and np.isfinite(ahead[:80]).all()  # what follows is unknown
    complete = event_complete(yen, np.zeros(100))
    assert np.flatnonzero(complete).tolist() == list(range(60, 80))
    # Seven per cent in 21 days is none.
    slow = path(100, d40=math.log(1.035), d61=math.log(1.035))
    assert not (event_ahead(slow, np.zeros(100)) == 1.0).any()


def test_a_cross_that_falls_by_eight_per_cent_is_ahead_for_ten():
    cross = path(100, d60=math.log(0.92) - 1e-9)
    assert np.flatnonzero(event_ahead(np.zeros(100), cross) == 1.0).tolist() == list(range(50, 60))
    assert not event_complete(np.zeros(100), -cross).any()  # a rise is no unwind


def test_moves_less_than_twenty_days_apart_are_one_event_and_its_aftermath_is_not_scored():
    yen = path(200, d60=0.08, d90=0.08, d150=0.08)
    events = events_of(event_complete(yen, np.zeros(200)))
    # Complete on days 60 to 79, 90 to 109, 150 to 169; each counts twenty days on.
    assert events == (Event(60, 129), Event(150, 189))
    scored = scored_days(event_ahead(yen, np.zeros(200)), events)
    assert np.flatnonzero(~scored).tolist() == [*range(60, 130), *range(150, 200)]
    assert events_of(event_complete(yen, np.zeros(200)), first_day=100)[0].crossing_day == 100


def test_auroc_of_three_event_days_and_four_calm_ones_by_hand():
    # Levels 1 to 4. Event days at 2, 3, 4; calm at 1, 1, 2, 3. Of 12 pairs 9 right, 2 equal.
    told, false = roc([0, 1, 1, 1], [2, 1, 1, 0])
    assert auroc(told, false) == pytest.approx((9 + 2 / 2) / 12)
    assert told.tolist() == pytest.approx([0, 1 / 3, 2 / 3, 1, 1])
    assert false.tolist() == pytest.approx([0, 0, 0.25, 0.5, 1])


@given(seeds)
def test_auroc_is_the_share_of_pairs_in_the_right_order(seed):
    random = np.random.default_rng(seed)
    event, calm = random.integers(0, 6, 7), random.integers(0, 6, 9)
    pairs = (event[:, None] > calm) + 0.5 * (event[:, None] == calm)
    curve = roc(np.bincount(event, minlength=6), np.bincount(calm, minlength=6))
    assert auroc(*curve) == pytest.approx(pairs.mean())


def test_partial_auroc_is_one_if_perfect_half_by_chance_and_by_hand_between():
    assert partial_auroc(np.array([0.0, 1.0, 1.0]), np.array([0.0, 0.0, 1.0])) == pytest.approx(1.0)
    assert partial_auroc(np.array([0.0, 1.0]), np.array([0.0, 1.0])) == pytest.approx(0.5)
    # Up to .1: a triangle to (.05, .5), then a line to (1, 1) that stands at .5 + .5/.95 x .05.
    told, false = np.array([0.0, 0.5, 1.0]), np.array([0.0, 0.05, 1.0])
    edge = 0.5 + 0.5 / 0.95 * 0.05
    area = 0.05 * 0.5 / 2 + 0.05 * (0.5 + edge) / 2
    expected = 0.5 * (1 + (area - 0.005) / (0.1 - 0.005))
    assert partial_auroc(told, false) == pytest.approx(expected)


def test_usefulness_by_hand():
    # P = .1, mu = .8: never to warn costs .08, always .18. Misses 40%, false 5%: .8 x .1 x .4 +
    # .2 x .9 x .05 = .041, of .08.
    assert relative_usefulness(0.4, 0.05, 0.1, 0.8) == pytest.approx(1 - 0.041 / 0.08)
    assert relative_usefulness(0.0, 0.0, 0.1, 0.8) == 1.0
    assert relative_usefulness(1.0, 0.0, 0.1, 0.8) == 0.0
    # Balanced, mu = 1 - P, it is Youden's index.
    assert relative_usefulness(0.4, 0.05, 0.1, 0.9) == pytest.approx(1 - 0.4 - 0.05)


def test_precision_by_hand():
    # Of 1,000 days 40 have an event ahead; 20 of them and 48 of 960 calm ones have an alarm.
    assert precision(0.5, 0.05, 0.04) == pytest.approx(20 / 68)
    assert math.isnan(precision(0.0, 0.0, 0.04))


def test_alarms_and_lead_by_hand():
    assert n_alarms([]) == 0 and n_alarms([3, 4, 24, 45]) == 2  # 4 to 24 are 20 days, 45 is 21 on
    event = Event(crossing_day=100, last_day=120)
    assert lead_days([70, 85, 99], event) == 15.0  # 70 is too early to be of it
    assert math.isnan(lead_days([79, 100], event)) and HORIZON_DAYS == 20


def test_a_logistic_regression_on_one_column_of_two_values_is_the_log_odds():
    # 3 of 4 at x = 1, 1 of 4 at x = 0: log 3 at 1, -log 3 at 0.
    x = np.array([0, 0, 0, 0, 1, 1, 1, 1.0])[:, None]
    found = fit_logistic(x, [1, 0, 0, 0, 1, 1, 1, 0], 1e-12)
    assert found == pytest.approx([-math.log(3), 2 * math.log(3)], rel=1e-6)
    # With a ridge the gradient is zero: mean (p - y) x + ridge b = 0.
    found = fit_logistic(x, [1, 0, 0, 0, 1, 1, 1, 0], 0.1)
    p = 1 / (1 + np.exp(-(found[0] + x[:, 0] * found[1])))
    assert np.mean((p - [1, 0, 0, 0, 1, 1, 1, 0]) * x[:, 0]) == pytest.approx(-0.1 * found[1])


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: event_ahead([0.0], [0.0, 1.0]), "must be one series each"),
        (lambda: event_complete([math.nan], [0.0]), "not finite"),
        (lambda: relative_usefulness(0.1, 0.1, 0.0, 0.5), "event_share = 0.0, must lie between"),
        (lambda: fit_logistic([[1.0], [2.0]], [1, 1], 0.1), "labels of one kind only"),
    ],
)
def test_bad_input_is_refused(call, message):
    with pytest.raises(InvalidInput, match=message):
        call()
