"""Volatility of news: by hand, on average, and its own stream."""

import numpy as np
import pytest

from abm.errors import ScenarioFaults
from abm.model import CarryUnwindModel
from abm.population.news_volatility import volatility_multiples
from abm.population.script import draw_innovations, draw_news
from abm.scenario import load_scenario
from abm.scenario.news_volatility import StochasticVolatility

CONSTANT = {"news_volatility": {"kind": "none"}}
HIKE = load_scenario("hike").with_changes(CONSTANT)
MEMORY = {"news_volatility": {"kind": "stochastic", "common_log_sd": 0.4, "own_log_sd": {}}}
AUGUST = load_scenario("august-2024")


def test_three_days_of_two_factors_by_hand():
    rule = StochasticVolatility(
        persistence_per_day=0.8, common_log_sd=0.5, own_log_sd={"NKY": 0.1, "AUD": 0.7}
    )
    innovations = np.array([[1.0, 9.0, 0.0], [0.0, 9.0, 1.0], [-1.0, 9.0, 0.0]])
    found = np.log(volatility_multiples(rule, ("JPY", "NKY"), innovations, None))
    # h: .5; .8 x .5 = .4; .8 x .4 - .6 x .5 = .02        g: 0; .6 x .1 = .06; .8 x .06 = .048
    assert found[:, 1] == pytest.approx([0.5 - 0.26, 0.46 - 0.26, 0.068 - 0.26])
    # one that is not named has the common factor alone
    assert found[:, 0] == pytest.approx([0.5 - 0.25, 0.4 - 0.25, 0.02 - 0.25])


def test_a_path_through_zero_is_drawn_to_both_sides_of_its_day():
    rule = StochasticVolatility(persistence_per_day=0.8, common_log_sd=0.5)
    found = volatility_multiples(rule, ("JPY",), np.array([[1.0, 0.0], [9.0, 9.0], [-1.0, 0.0]]), 1)
    assert np.log(found[:, 0]) == pytest.approx([0.3 - 0.25, -0.25, -0.3 - 0.25])


def test_the_variance_of_news_stays_what_it_was_on_average():
    rule = StochasticVolatility(common_log_sd=0.4, own_log_sd={"JPY": 0.3})
    innovations = np.random.default_rng(1).standard_normal((400_000, 2))
    multiples = volatility_multiples(rule, ("JPY",), innovations, None)
    assert (multiples**2).mean() == pytest.approx(1.0, abs=0.05)
    log = np.log(multiples[:, 0])
    assert np.corrcoef(log[:-20], log[20:])[0, 1] == pytest.approx(0.985**20, abs=0.03)


def test_what_is_drawn_for_news_stays_and_all_instruments_share_the_common_factor():
    plain, wild = draw_news(HIKE, 3, 0), draw_news(HIKE.with_changes(MEMORY), 3, 0)
    ratio = wild / plain
    assert np.allclose(ratio, ratio[:, :1], rtol=1e-12)
    assert ratio[:, 0].std() > 0.1


def test_a_dated_run_opens_at_the_median_volatility_and_another_does_not():
    burn = AUGUST.calendar.burn_in_days
    plain = draw_news(AUGUST.with_changes(CONSTANT), 3, 0)
    ratio = draw_news(AUGUST.with_changes(MEMORY), 3, 0)[burn] / plain[burn]
    assert ratio == pytest.approx(np.full(9, np.exp(-0.16)))
    undated = draw_news(HIKE.with_changes(MEMORY), 3, 0)[burn] / draw_news(HIKE, 3, 0)[burn]
    assert abs(np.log(undated[0]) + 0.16) > 0.01


def test_an_instrument_alone_has_the_volatility_of_its_name():
    own = {"news_volatility": MEMORY["news_volatility"] | {"own_log_sd": {"MXN": 0.5}}}
    ratio = draw_news(HIKE.with_changes(own), 3, 0) / draw_news(HIKE.with_changes(MEMORY), 3, 0)
    is_moved = np.abs(np.log(ratio)).max(axis=0) > 0.1
    names = np.array(HIKE.instrument_names)
    assert names[is_moved].tolist() == ["MXN"]
    assert np.allclose(ratio[:, ~is_moved], 1.0, rtol=1e-12)


def test_volatility_of_what_the_scenario_does_not_have_is_refused():
    with pytest.raises(ScenarioFaults, match=r"own_log_sd.*EUR"):
        AUGUST.with_changes({"news_volatility.own_log_sd": {"EUR": 0.2}})


def test_a_longer_run_has_the_same_days():
    short = HIKE.with_changes(MEMORY)
    longer = short.with_changes({"calendar.days": 200})
    assert np.array_equal(draw_news(longer, 3, 0)[:146], draw_news(short, 3, 0))


def test_after_a_branch_with_its_own_seed_volatility_goes_on_from_where_it_was(tmp_path):
    scenario = HIKE.with_changes(MEMORY | {"population.scale": 0.1})
    model = CarryUnwindModel(scenario, rng=3)
    for _ in range(5):
        model.step()
    branch = CarryUnwindModel.load_state(model.save_state(tmp_path / "day.state"), rng=8)
    turn = scenario.calendar.burn_in_days + 5
    plain = scenario.with_changes(CONSTANT)
    before = np.log(draw_news(scenario, 3, 0) / draw_news(plain, 3, 0))[turn - 1, 0]
    after = np.log((branch.world.chance.news[turn] / draw_news(plain, 8, 0)[turn])[0])
    fresh = 0.4 * np.sqrt(1.0 - 0.985**2) * draw_innovations(scenario, 8, 0)[1][turn, 0]
    assert after + 0.16 == pytest.approx(0.985 * (before + 0.16) + fresh)
    assert np.array_equal(branch.world.chance.news[:turn], draw_news(scenario, 3, 0)[:turn])
