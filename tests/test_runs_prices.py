"""Prices by day and instrument: the tidy table, and the days as an xarray Dataset."""

import sys

import numpy as np
import pandas as pd
import pytest

import abm
from abm.errors import InvalidInput
from tests.sweep.small import TINY


@pytest.fixture(scope="module")
def run():
    return abm.run(abm.load_scenario("hike").with_changes(TINY), rng=3)


@pytest.fixture(scope="module")
def dated():
    small = {key: value for key, value in TINY.items() if key != "calendar.days"}
    return abm.run(abm.load_scenario("august-2024").with_changes(small), rng=3)


def test_prices_are_tidy_one_row_for_each_day_and_instrument(run):
    prices, names = run.prices, list(run.scenario.instrument_names)
    assert list(prices) == ["day", "date", "instrument", "quote", "log", "fundamental"]
    assert prices["day"].tolist() == [day for day in range(12) for _ in names]
    assert prices["instrument"].tolist() == names * 12
    for sort in ("log", "fundamental"):
        wide = prices.pivot(index="day", columns="instrument", values=sort)
        for name in names:
            assert wide[name].tolist() == run.days[f"{sort}_{name}"].tolist()


def test_quotes_are_as_the_market_writes_them(run):
    """USDJPY falls as the yen gains, AUDUSD rises with the Aussie dollar."""
    parts = run.scenario.instruments
    assert parts["JPY"].per_usd and not parts["AUD"].per_usd
    last = run.prices[run.prices["day"] == 11].set_index("instrument")
    for name, sign in (("JPY", -1.0), ("AUD", 1.0), ("SPX", 1.0)):
        opening = parts[name].opening_quote
        assert last.loc[name, "quote"] == pytest.approx(
            opening * np.exp(sign * run.days[f"log_{name}"].iloc[-1])
        )
    model = abm.CarryUnwindModel(run.scenario, rng=3)
    model.run()
    assert last["quote"].to_dict() == pytest.approx(model.quotes, rel=1e-15)


def test_dates_are_dates_and_missing_where_the_scenario_has_none(run, dated):
    assert run.prices["date"].isna().all()
    of_day = dated.days.set_index("day")["date"]
    assert dated.prices["date"].dtype.kind == "M"
    assert dated.prices["date"].tolist() == of_day[dated.prices["day"]].tolist()


def test_xarray_has_days_by_instruments_and_every_other_column_of_the_days(dated):
    pytest.importorskip("xarray")
    made, days = dated.to_xarray(), dated.days
    names = dated.scenario.instrument_names
    assert made.sizes == {"day": len(days), "instrument": len(names)}
    for sort in ("log", "fundamental"):
        assert made[sort].dims == ("day", "instrument")
        for name in names:
            found = made[sort].sel(instrument=name).values
            np.testing.assert_array_equal(found, days[f"{sort}_{name}"])
    assert made["quote"].values.ravel().tolist() == dated.prices["quote"].tolist()
    prices = {f"{sort}_{name}" for sort in ("log", "fundamental") for name in names}
    others = [name for name in days if name not in prices | {"day", "date"}]
    assert set(made.data_vars) == {"quote", "log", "fundamental", *others}
    for name in others:
        assert made[name].dims == ("day",) and made[name].dtype == days[name].to_numpy().dtype
        np.testing.assert_array_equal(made[name].values, days[name])
    assert set(made["status"].values) <= {"cleared", "limit", "failed"}


def test_dates_of_xarray_are_a_coordinate_that_selects(dated, run):
    pytest.importorskip("xarray")
    made = dated.to_xarray().swap_dims(day="date")
    when = dated.days["date"].iloc[2]
    assert made["log"].sel(date=when, instrument="JPY") == dated.days["log_JPY"].iloc[2]
    assert "date" not in run.to_xarray().variables
    said = run.to_xarray().attrs
    assert said == {"scenario": "hike", "seed": "3", "replicate": 0}
    assert run.to_xarray()["log"].attrs["units"] == "log"


def test_a_loaded_result_has_the_same_shapes(dated, tmp_path):
    again = abm.load_result(dated.save(tmp_path / "kept"))
    pd.testing.assert_frame_equal(again.prices, dated.prices)
    pytest.importorskip("xarray")
    assert again.to_xarray().identical(dated.to_xarray())


def test_without_xarray_a_sentence_says_how_to_come_by_it(run, monkeypatch):
    monkeypatch.setitem(sys.modules, "xarray", None)
    with pytest.raises(InvalidInput, match=r"xarray; .*pip install 'carry-unwind\[xarray\]'$"):
        run.to_xarray()
