"""Days and dates."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from abm.errors import InvalidInput, ScenarioFaults
from abm.scenario import load_scenario
from abm.scenario.calendar import Calendar


def test_weekends_and_holidays_are_not_traded():
    friday = date(2024, 8, 9)
    calendar = Calendar(start=friday, days=3, holidays=(date(2024, 8, 12),))
    assert calendar.dates() == (friday, date(2024, 8, 13), date(2024, 8, 14))
    assert calendar.day_index(date(2024, 8, 12)) is None
    assert calendar.day_index(date(2024, 8, 13)) == 1


def test_interest_runs_over_the_weekend():
    calendar = Calendar(start=date(2024, 7, 4), days=3, burn_in_days=2, drift_days=1)
    # Tuesday 2, Wednesday 3 | Thursday 4, Friday 5 (to Monday 8), Monday 8
    assert calendar.nights() == (1, 1, 1, 3, 1)


def test_without_dates_a_run_starts_on_a_monday():
    calendar = Calendar(days=6, burn_in_days=1, drift_days=1)
    assert calendar.dates() == ()
    assert calendar.nights() == (3, 1, 1, 1, 1, 3, 1)
    assert calendar.day_index(5) == 5
    assert calendar.day_index(6) is None
    assert calendar.day_index(date(2024, 7, 1)) is None


def test_without_dates_a_year_of_trading_may_carry_a_year_of_interest():
    nights = Calendar(days=250, burn_in_days=0, drift_days=0)
    assert sum(nights.accrual_days()) == pytest.approx(350, abs=2)
    even = Calendar(days=250, burn_in_days=0, drift_days=0, accrual="even")
    assert sum(even.accrual_days()) == pytest.approx(365)


def test_with_dates_interest_runs_over_the_nights_and_no_other_way():
    with pytest.raises(ScenarioFaults, match="the nights are known"):
        load_scenario("august-2024").with_changes({"calendar.accrual": "even"})


@pytest.mark.parametrize("when", [88, -1, date(2024, 8, 3)])
def test_a_day_outside_the_run_is_refused_by_name(when):
    scenario = load_scenario("august-2024")
    with pytest.raises(InvalidInput, match=f"{when} is not a trading day of august-2024"):
        scenario.day_index(when)


@given(st.dates(date(1990, 1, 1), date(2040, 1, 1)), st.integers(1, 300), st.integers(0, 100))
def test_nights_add_up_to_the_calendar(start, days, burn_in):
    start += timedelta(days=(7 - start.weekday()) % 7)  # the next Monday
    calendar = Calendar(start=start, days=days, burn_in_days=burn_in)
    dates, nights = calendar.dates(), calendar.nights()
    assert len(nights) == burn_in + days
    assert sum(nights[burn_in:-1]) == (dates[-1] - dates[0]).days
    assert all(calendar.day_index(day) == index for index, day in enumerate(dates))
