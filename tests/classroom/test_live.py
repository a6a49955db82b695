"""The page shows the run of `abm.run`, day by day."""

import numpy as np
import pandas as pd

import abm
from abm.classroom.choice import Choice
from abm.classroom.live import LiveRun, largest_leverage_allowed

SMALL = Choice(changes={"shock.surprise_bp": 60.0}, seed=3)


def test_days_and_events_are_those_of_the_run_whatever_the_steps():
    live = LiveRun.of(SMALL)
    parts = []
    while not live.is_over:
        first = live.day
        live.advance(7)
        parts.append(live.days(first))
    whole = abm.run(SMALL.run_scenario, rng=3)
    pd.testing.assert_frame_equal(pd.concat(parts), whole.days)
    pd.testing.assert_frame_equal(live.events(), whole.events)


def test_a_replicate_is_that_of_the_command():
    live = LiveRun.of(SMALL.changed(replicate=5))
    live.finish()
    whole = abm.run(SMALL.run_scenario, rng=3, replicate=5)
    pd.testing.assert_frame_equal(live.days(), whole.days)


def test_the_numbers_of_a_run_are_those_of_the_cascade():
    found = abm.cascade(SMALL.run_scenario, rng=3)
    shown = LiveRun.of(SMALL).measures
    for key in found:
        assert repr(shown[key]) == repr(found[key]), key


def test_the_leverage_that_a_margin_allows_is_one_over_it():
    assert largest_leverage_allowed(np.array([0.05, 0.2])).tolist() == [20.0, 5.0]
