"""world-2024 is one world; the other scenarios add to it what happens, and nothing else."""

from datetime import date

import numpy as np
import pytest

from abm.scenario import load_scenario
from abm.scenario.fields import Part

WORLD = load_scenario("world-2024")
AUGUST = load_scenario("august-2024")
SCRIPT = {"name", "title", "about", "calendar", "shock", "policy", "news"}


@pytest.mark.parametrize("name", ["august-2024", "hike", "calm"])
def test_scenarios_differ_from_the_world_in_what_happens_alone(name):
    other = load_scenario(name)
    for part in set(type(WORLD).model_fields) - SCRIPT:
        assert getattr(other, part) == getattr(WORLD, part), part
    assert (other.calendar.burn_in_days, other.calendar.drift_days) == (80, 60)


def test_nothing_happens_in_the_world_and_in_calm_but_ordinary_news():
    for scenario in (WORLD, load_scenario("calm")):
        assert (scenario.shock.kind, scenario.news) == ("none", ())
        assert (scenario.policy.boj.kind, scenario.policy.mof.kind) == ("none", "none")
        assert scenario.policy.swap_line.kind == "none"


def test_hike_is_one_surprise_and_sixty_days():
    hike = load_scenario("hike")
    assert hike.shock.surprise_bp == 25
    assert (hike.policy.boj.kind, hike.policy.mof.kind, hike.news) == ("none", "none", ())
    assert hike.calendar.dates() == ()
    assert hike.calendar.days > hike.shock_day + 60


def test_instruments_open_at_the_quotes_of_28_june_2024():
    quotes = {name: part.opening_quote for name, part in WORLD.instruments.items()}
    assert (quotes["JPY"], quotes["AUD"], quotes["MXN"]) == (160.62, 0.66578, 18.277)
    assert (quotes["SPX"], quotes["NKY"]) == (5460.48, 39583.08)
    assert WORLD.funding_currency == "JPY"
    assert WORLD.quote_indices() == (-1,) * 7 + (0, 0)  # the Nikkei and the JGB in yen


def test_correlations_of_news_are_a_covariance():
    matrix = WORLD.correlation_matrix()
    np.testing.assert_array_equal(matrix, matrix.T)
    assert np.linalg.eigvalsh(matrix).min() > 0


def test_the_script_of_2024_falls_on_its_days_and_sixty_days_follow_the_hike():
    dates = AUGUST.calendar.dates()
    assert (dates[0], dates[AUGUST.shock_day]) == (date(2024, 7, 1), date(2024, 7, 31))
    assert AUGUST.shock_day == 22  # 23 weekdays from 1 to 31 July
    assert len(dates) > AUGUST.shock_day + 60
    assert [AUGUST.day_index(item.day) for item in AUGUST.news] == [24, 27]
    days = [AUGUST.day_index(act.day) for act in AUGUST.policy.mof.interventions]
    assert days == [8, 9]
    assert (AUGUST.policy.boj.hike_bp, AUGUST.policy.boj.surprise_bp) == (15, 25)


def test_the_carry_stock_is_that_of_the_record():
    """BIS Bulletin 90: yen carry trades of JPY 40trn, about USD 250bn, with retail and dealers."""
    styles = WORLD.funds.styles.values()
    owed_by_funds = sum(s.equity_usd_bn * (s.leverage - 1) * s.yen_share for s in styles)
    desk = WORLD.banks.desk
    capital = WORLD.banks.core_capital_usd_bn * WORLD.banks.n_core
    owed_by_desks = desk.capital_share * capital * (desk.leverage - 1) * desk.yen_share
    parity = WORLD.risk_parity
    owed_by_parity = parity.yen_share * parity.equity_usd_bn * (_parity_leverage() - 1)
    elsewhere = owed_by_desks + owed_by_parity
    assert 180 < owed_by_funds + elsewhere < 250
    assert 0.05 < elsewhere / (owed_by_funds + elsewhere) < 0.15


def _parity_leverage():
    """Opening leverage of inverse-volatility weights at the opening covariance, all hedged."""
    group, names = WORLD.risk_parity, list(WORLD.instruments)
    sigma = np.array([part.volatility_per_year for part in WORLD.instruments.values()])
    multiple = WORLD.estimation.opening_multiple
    covariance = multiple * WORLD.correlation_matrix() * np.outer(sigma, sigma)
    weights = np.zeros(len(names))
    for name, tilt in group.tilt.items():
        k = names.index(name)
        weights[k] = tilt / np.sqrt(covariance[k, k])
    weights /= weights.sum()
    volatility = float(np.sqrt(weights @ covariance @ weights))
    return min(group.volatility_target_per_year / volatility, group.leverage_cap)


BEHAVIOUR = (
    "estimation", "funds", "margin", "trend", "retail_fx", "retail_equity", "insurers", "clearing",
    "news_volatility", "option_hedgers", "order_anticipators", "risk_appetite",
)  # fmt: skip
SIZES = {"n", "equity_usd_bn", "notional_usd_bn", "assets_usd_bn"}


def _defaults(part, name):
    """Key, default and value of each number of a part that has a default, sizes left out."""
    for key, field in type(part).model_fields.items():
        value, path = getattr(part, key), f"{name}.{key}"
        if isinstance(value, Part):
            yield from _defaults(value, path)
        elif isinstance(value, float | int) and key not in SIZES and not field.is_required():
            yield path, field.default, value


@pytest.mark.parametrize("name", BEHAVIOUR)
def test_defaults_of_behaviour_are_the_worlds_values(name):
    """Whoever chooses a kind afresh gets what the world has; one calibration, not two."""
    found = list(_defaults(getattr(WORLD, name), name))
    assert found
    assert [key for key, default, value in found if default != value] == []
