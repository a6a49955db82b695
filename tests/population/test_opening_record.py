"""The standing of all at the close before day 0."""

import pytest

from abm.kernels.carry_short import carry_short
from abm.population.advance import open_world
from abm.scenario import load_scenario


@pytest.mark.parametrize("burn_in", [0, 6])
def test_the_yen_short_of_the_opening_is_that_of_the_books(burn_in):
    """With a burn-in it is read from the record of its last evening: the same bits."""
    days = {"calendar.burn_in_days": burn_in, "calendar.drift_days": 0}
    days |= {f"instruments.{k}.drift_before_start_log": 0.0 for k in ("JPY", "AUD", "SPX", "NKY")}
    scenario = load_scenario("hike").with_changes(days | {"population.scale": 0.3})
    world, opening = open_world(scenario, seed=4, with_events=False)
    formula = getattr(carry_short, "py_func", carry_short)
    assert opening.yen_short[0] == formula(world.books, world.market, world.rules) > 0.0
