"""The record: real FX paths and the closing figures of 2024."""

import datetime as dt
import math

import pytest

from abm.episodes.record import KEY_DAYS_2024, key_days_2024, real_path
from abm.errors import InvalidInput


def test_the_ecb_and_the_federal_reserve_agree_on_august_2024():
    # Fixed at different hours: on 11 July the Ministry of Finance stepped in between the two.
    path = real_path("USDJPY", "2024-07-01", "2024-08-30")
    for key_day in KEY_DAYS_2024:
        assert path[key_day.date] == pytest.approx(key_day.usdjpy, rel=0.02)


def test_a_pair_is_the_quotient_of_its_euro_rates():
    day = ("2024-07-31", "2024-07-31")
    usdjpy, eurjpy, eurusd = (real_path(p, *day).iloc[0] for p in ("USDJPY", "EURJPY", "EURUSD"))
    assert usdjpy == pytest.approx(eurjpy / eurusd, rel=1e-14)
    assert real_path("JPYUSD", *day).iloc[0] == pytest.approx(1.0 / usdjpy, rel=1e-14)


def test_the_package_converts_at_the_same_rate():
    from currency_converter import CurrencyConverter

    by_package = CurrencyConverter().convert(1.0, "AUD", "JPY", date=dt.date(2024, 8, 5))
    path = real_path("AUDJPY", dt.date(2024, 8, 5), dt.date(2024, 8, 5))
    assert path.iloc[0] == pytest.approx(by_package, rel=1e-14)


def test_paths_run_forward_in_time_on_trading_days_only():
    path = real_path("usdjpy", "2024-08-01", "2024-08-12")
    assert path.name == "USDJPY"
    assert path.index.is_monotonic_increasing
    assert len(path) == 8  # two weekends away
    assert path.index.day_of_week.max() < 5


def test_the_mexican_peso_starts_when_the_ecb_began_to_fix_it():
    assert real_path("MXNJPY", "2007-12-01", "2008-01-31").index[0].year == 2008


def test_the_falls_of_2024_follow_from_the_closes():
    days = key_days_2024()

    def move(name, start, end):
        return math.log(days.loc[end, name] / days.loc[start, name])

    for name, fall in (("usdjpy", -0.116), ("audjpy", -0.156), ("mxnjpy", -0.203)):
        assert move(name, "2024-07-10", "2024-08-05") == pytest.approx(fall, abs=6e-4)
    assert move("nikkei", "2024-07-11", "2024-08-05") == pytest.approx(-0.294, abs=6e-4)
    assert move("nikkei", "2024-08-02", "2024-08-05") == pytest.approx(-0.132, abs=6e-4)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("USDXXX", "2024-07-01", "2024-08-01"), "USDXXX"),
        (("USDUSD", "2024-07-01", "2024-08-01"), "must be two"),
        (("USDJPY", "2024-08-02", "2024-08-01"), "is after"),
        (("USDJPY", "1 July 2024", "2024-08-01"), "start = '1 July 2024'"),
        (("USDJPY", "2024-07-01", None), "end = None"),
        (("USDJPY", "1990-01-01", "1990-02-01"), "record runs from 1999-01-04"),
    ],
)
def test_what_the_record_does_not_hold_is_refused(arguments, message):
    with pytest.raises(InvalidInput, match=message):
        real_path(*arguments)
