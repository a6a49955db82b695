"""The taper beside the yen shock: what is counted, by hand."""

import numpy as np
import pytest

from abm.kernels.state import HEDGE_FUND
from abm.scenario import load_scenario
from experiments.episodes import QUICK, SHOCKS, _source, effect, first_days

YEN = load_scenario("dam-break").with_changes(QUICK)


def test_a_surprise_of_50bp_is_ten_daily_standard_deviations_of_the_yen():
    assert _source(YEN).startswith("JPY +10.1 sd")  # 50 x .000776 over .0608 / 250^.5
    taper = load_scenario("taper-2013")
    assert _source(taper).startswith("JPY -2.3 sd")  # -.009 over the same


def test_funds_sell_assets_and_buy_back_yen_after_a_surprise_of_the_yen():
    found = effect(YEN, 0)
    assert found.prices[0, 0] > 0.03 and found.prices.shape == (21, 9)
    assert found.yen_bought_usd_bn[HEDGE_FUND] > 50.0 < found.sold_usd_bn[HEDGE_FUND]
    assert first_days([found], YEN)["JPY"] == 0.0


def test_a_shock_of_nothing_has_no_effect():
    calm = load_scenario("calm").with_changes(QUICK)
    found = effect(calm, 0)
    assert not any(np.any(part) for part in found)


def test_yen_debts_by_rates_leave_none_in_2013():
    base, changes, _ = SHOCKS["taper, debts by rates"]
    scenario = load_scenario(base).with_changes({**changes, **QUICK})
    by_rates, by_record = (effect(each, 0) for each in (scenario, load_scenario(base)))
    assert by_rates.yen_bought_usd_bn[HEDGE_FUND] < 0.1 * by_record.yen_bought_usd_bn[HEDGE_FUND]
    assert scenario.rates.usd_per_year - scenario.rates.funding_per_year == pytest.approx(0.0008)
