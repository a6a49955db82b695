"""Cascade measures on four small tables whose every number can be checked by hand."""

import math
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from abm.errors import InvalidInput
from abm.measures import cascade

SHOCK_DAY = 10
N_DAYS = 71


def table(short, log_yen, wealth, leverage=5.0, news=0.0, forced=0.0):
    """A table of days: each argument a number before the shock and one from it on."""
    day = np.arange(N_DAYS)

    def path(value):
        before, after = value if isinstance(value, tuple) else (value, value)
        return np.where(day < SHOCK_DAY, before, after).astype(float)

    return pd.DataFrame(
        {
            "day": day,
            "status": 0,
            "rounds": 2,
            "n_at_limit": 0,
            "feedback_gain": np.where(day == 12, 0.8, np.nan),
            "log_JPY": path(log_yen),
            "fundamental_JPY": path(news),
            "yen_short_units": path(short),
            "leverage": leverage,
            "share_unlevered": 0.125,
            "yen_short_closed_by_force_units": 1.8 * path(forced) * (day == SHOCK_DAY),
            "fund_wealth_usd_bn": path(wealth),
            "forced_hedge_fund_usd_bn": path(forced) * (day == SHOCK_DAY),
            "forced_retail_fx_usd_bn": 0.25 * path(forced) * (day <= SHOCK_DAY),
            "n_margin_calls": 3 * (day == SHOCK_DAY),
            "conservation_error": 1e-15,
        }
    )


RUN = table(short=(200.0, 80.0), log_yen=(0.01, 0.13), wealth=(50.0, 30.0), forced=(0.0, 40.0))
NO_SHOCK = table(short=(200.0, 190.0), log_yen=(0.01, 0.03), wealth=(50.0, 54.0))
FROZEN = table(short=(200.0, 200.0), log_yen=(0.01, 0.05), wealth=(50.0, 46.0))
FROZEN_NO_SHOCK = table(short=(200.0, 200.0), log_yen=(0.01, 0.0), wealth=(50.0, 52.0))


def events(*generations):
    kinds = ["margin_call"] * len(generations) + ["clearing"]
    return pd.DataFrame({"kind": kinds, "generation": [*generations, 9]})


def institutions():
    return pd.DataFrame(
        {
            "kind": ["hedge_fund", "hedge_fund", "retail_fx", "bank"],
            "n_failures": [2, 0, 1, 1],
            "first_failure_day": [SHOCK_DAY, -1, SHOCK_DAY - 1, 3],
        }
    )


def test_who_failed_because_of_the_shock_is_the_run_less_the_no_shock_run():
    rows, run = institutions(), tables(RUN)
    calm = SimpleNamespace(days=NO_SHOCK, events=events(), institutions=rows.assign(n_failures=0))
    failed = ("n_failed_net", "n_banks_failed_net", "n_margin_calls_net")
    net, turned = (cascade.net_measures(*twins, SHOCK_DAY) for twins in ((run, calm), (calm, run)))
    assert [net[name] for name in failed] == [2, 1, 0]
    assert [turned[name] for name in failed] == [-2, -1, 0]  # a shock can spare some


def tables(days, *generations):
    return SimpleNamespace(days=days, events=events(*generations), institutions=institutions())


def test_the_share_unwound_is_net_of_what_was_closed_without_the_shock():
    # 190 were still short without the shock, 80 with it, of 200 before it.
    assert cascade.unwound_share(RUN, NO_SHOCK, SHOCK_DAY, 5) == pytest.approx(110.0 / 200.0)


def test_a_horizon_is_counted_from_the_close_of_the_shock_day():
    # One close stands out, the fifth after the shock day's own: 60 still short, not 80.
    fifth = RUN.assign(yen_short_units=RUN["yen_short_units"].mask(RUN["day"] == SHOCK_DAY + 5, 60))
    shares = [cascade.unwound_share(fifth, NO_SHOCK, SHOCK_DAY, h) for h in (4, 5, 6)]
    assert shares == pytest.approx([0.55, 0.65, 0.55])


def test_a_horizon_beyond_the_run_is_not_a_number():
    assert math.isnan(cascade.unwound_share(RUN, NO_SHOCK, SHOCK_DAY, 61))
    assert not math.isnan(cascade.unwound_share(RUN, NO_SHOCK, SHOCK_DAY, 60))


def test_no_net_short_means_nothing_to_unwind():
    flat = table(short=0.0, log_yen=0.0, wealth=50.0)
    assert math.isnan(cascade.unwound_share(flat, flat, SHOCK_DAY, 5))


def test_a_shock_on_the_first_day_is_measured_against_the_no_shock_run_of_that_day():
    first = RUN[RUN["day"] >= SHOCK_DAY]
    twin = NO_SHOCK[NO_SHOCK["day"] >= SHOCK_DAY]
    assert cascade.unwound_share(first, twin, SHOCK_DAY, 5) == pytest.approx(110.0 / 190.0)


@pytest.mark.parametrize(
    ("shares", "verdict"),
    [
        ((0.40, 0.0, 0.0), "dam break"),
        ((0.39, 0.25, 0.0), "leak"),
        ((0.39, 0.0, 0.25), "leak"),
        ((0.39, 0.24, 0.24), "absorbed"),
        ((0.45, math.nan, math.nan), "dam break"),
        ((0.10, 0.10, math.nan), "absorbed"),
        ((0.10, math.nan, math.nan), "undetermined"),
        ((math.nan, math.nan, math.nan), "undetermined"),
    ],
)
def test_the_class_turns_at_its_thresholds(shares, verdict):
    assert cascade.classify(*shares) == verdict


def test_the_peak_is_the_largest_rise_over_the_no_shock_run():
    assert cascade.peak_appreciation(RUN, NO_SHOCK, SHOCK_DAY) == pytest.approx(0.10)
    assert cascade.peak_appreciation(NO_SHOCK, RUN, SHOCK_DAY) == 0.0
    late = RUN.assign(log_JPY=RUN["log_JPY"] + 0.5 * (RUN["day"] > SHOCK_DAY + 20))
    assert cascade.peak_appreciation(late, NO_SHOCK, SHOCK_DAY, 20) == pytest.approx(0.10)


def test_the_frozen_move_is_net_of_what_frozen_positions_see_without_the_shock():
    # .05 with the shock, 0 without it; the no-shock twin, where people trade, stands at .03.
    assert cascade.frozen_appreciation(FROZEN, FROZEN_NO_SHOCK, SHOCK_DAY) == pytest.approx(0.05)
    # .13 - .03 = .10 in the run over .05.
    amplification = cascade.price_amplification(RUN, NO_SHOCK, FROZEN, FROZEN_NO_SHOCK, SHOCK_DAY)
    assert amplification == pytest.approx(2.0)


def test_the_frozen_move_is_the_largest_gap_of_one_day_and_not_of_two_peaks():
    after = FROZEN["day"] - SHOCK_DAY
    rising = FROZEN.assign(log_JPY=0.001 * after)  # to .06 after sixty days
    twin = FROZEN_NO_SHOCK.assign(log_JPY=0.001 * after - 0.02 * (after == 7))
    assert cascade.frozen_appreciation(rising, twin, SHOCK_DAY) == pytest.approx(0.02)
    assert cascade.frozen_appreciation(rising, twin, SHOCK_DAY, 6) == 0.0


def test_without_a_shock_the_frozen_move_is_exactly_zero():
    # Whatever news came, and wherever the price stood beside it before the shock.
    drifting = FROZEN.assign(fundamental_JPY=0.3 * (FROZEN["day"] >= SHOCK_DAY))
    assert cascade.frozen_appreciation(drifting, drifting, SHOCK_DAY) == 0.0
    assert math.isnan(cascade.price_amplification(RUN, NO_SHOCK, drifting, drifting, SHOCK_DAY))


def test_losses_are_compared_with_those_of_frozen_positions():
    # 54 - 30 = 24 lost in the run, 52 - 46 = 6 with positions frozen.
    lost = cascade.loss_amplification(RUN, NO_SHOCK, FROZEN, FROZEN_NO_SHOCK, SHOCK_DAY)
    assert lost == pytest.approx(4.0)


def test_without_leverage_or_frozen_loss_there_is_no_loss_amplification():
    unlevered, twins = RUN.assign(leverage=1.0), (NO_SHOCK, FROZEN, FROZEN_NO_SHOCK)
    assert math.isnan(cascade.loss_amplification(unlevered, *twins, SHOCK_DAY))
    assert math.isnan(cascade.loss_amplification(RUN, NO_SHOCK, FROZEN, FROZEN, SHOCK_DAY))


def test_forced_volume_adds_all_types():
    assert cascade.forced_volume(RUN) == pytest.approx(50.0)
    assert cascade.forced_by_type(RUN) == {"hedge_fund": 40.0, "retail_fx": 10.0}


def test_forced_volume_can_be_net_of_the_no_shock_run_from_the_shock_on():
    busy = table(short=200.0, log_yen=0.0, wealth=50.0, forced=(8.0, 4.0))
    assert cascade.forced_volume(busy) == pytest.approx(4.0 + 1.0 + 10 * 2.0)
    assert cascade.forced_volume(busy, from_day=SHOCK_DAY) == pytest.approx(5.0)
    assert cascade.forced_volume_net(RUN, busy, SHOCK_DAY) == pytest.approx(45.0)


def test_branching_is_the_number_of_calls_that_one_call_brings_about():
    # 4 first calls, then 2, then 1: (2 + 1) / (4 + 2 + 1).
    assert cascade.branching_ratio(events(0, 0, 0, 0, 1, 1, 2)) == pytest.approx(3.0 / 7.0)
    assert cascade.branching_ratio(events(0, 0)) == 0.0
    assert math.isnan(cascade.branching_ratio(events()))


def test_the_summary_of_a_cascade_holds_the_front_doors_names():
    twins = (tables(NO_SHOCK), tables(FROZEN), tables(FROZEN_NO_SHOCK))
    measured = cascade.cascade_measures(tables(RUN, 0, 0, 1), *twins, SHOCK_DAY)
    expected = {
        "class": "dam break",
        "peak_yen_appreciation": 0.10,
        "frozen_yen_appreciation": 0.05,
        "price_amplification": 2.0,
        "loss_amplification": 4.0,
        "unwound_5d": 0.55,
        "unwound_30d": 0.55,
        "unwound_60d": 0.55,
        "forced_sales_usd_bn": 50.0,
        "forced_sales_net_usd_bn": 50.0,
        "n_margin_calls_net": 0,
        "n_failed_net": 0,
        "n_banks_failed_net": 0,
        "forced_share_of_unwind": 72.0 / 110.0,
        "eve_yen_short_units": 200.0,
        "eve_fund_wealth_usd_bn": 50.0,
        "eve_leverage": 5.0,
        "eve_share_unlevered": 0.125,
        "n_margin_calls_burn_in": 0,
        "n_failures_burn_in": 0,
        "forced_sales_before_usd_bn": 0.0,
        "n_margin_calls_before": 0,
        "n_failed_before": 1,
        "forced_hedge_fund_usd_bn": 40.0,
        "n_margin_calls": 3,
        "n_failed": 2,
        "n_banks_failed": 1,
        "n_days_failed_to_clear": 0,
        "n_days_at_limit": 0,
        "n_rounds_max": 2,
        "max_conservation_error": 1e-15,
        "max_feedback_gain": 0.8,
        "branching_ratio": 1.0 / 3.0,
    }
    assert {k: measured[k] for k in expected} == pytest.approx(expected)
    assert all(type(value) in (str, int, float) for value in measured.values())


def test_a_rise_of_the_yen_is_a_drawdown_of_usdjpy():
    measured = cascade.tail_measures(RUN)  # x from .01 to .13
    assert measured["usdjpy_max_drawdown"] == pytest.approx(1.0 - math.exp(-0.12))
    assert measured["usdjpy_skewness"] < 0.0
    assert math.isnan(measured["usdjpy_hill_left"])  # one losing day is no tail


def test_too_few_days_have_no_tail():
    measured = cascade.tail_measures(RUN.head(5))
    assert math.isnan(measured["usdjpy_var_95"])
    assert math.isnan(cascade.tail_measures(RUN.head(1))["usdjpy_max_drawdown"])


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: cascade.peak_appreciation(RUN, NO_SHOCK, 99), "shock_day = 99.*0 to 70"),
        (lambda: cascade.forced_volume_net(RUN, NO_SHOCK.drop(columns="day"), 1), "day"),
        (lambda: cascade.branching_ratio(pd.DataFrame({"kind": []})), "generation is missing"),
        (lambda: cascade.funding_currency(pd.DataFrame({"day": []})), "log_<instrument>"),
    ],
)
def test_tables_that_do_not_fit_are_refused(call, message):
    with pytest.raises(InvalidInput, match=message):
        call()


@pytest.mark.parametrize(
    ("place", "name"), [(0, "^no-shock"), (1, "^frozen"), (2, "^frozen no-shock")]
)
def test_a_counterfactual_run_of_other_days_is_refused_by_name(place, name):
    twins = [tables(NO_SHOCK), tables(FROZEN), tables(FROZEN_NO_SHOCK)]
    twins[place] = tables(twins[place].days.head(9))
    with pytest.raises(InvalidInput, match=f"{name} run: 9 days"):
        cascade.cascade_measures(tables(RUN), *twins, SHOCK_DAY)
