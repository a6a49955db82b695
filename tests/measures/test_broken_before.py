"""A dam that broke before the shock, the sign of a shock, and what of an unwind was forced."""

import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

import abm
from abm.measures import cascade, classes
from abm.measures.before import broke_before, eve
from abm.runs import fast_cascade
from tests.engine.worlds import SHORT
from tests.report.happenings import broken_in_burn_in

SHARES = st.one_of(st.just(math.nan), st.floats(-3.0, 3.0))
NUMBERS = st.floats(1.0, 1e3)  # units: what counts as a short


def path(*shorts, first=0, **columns):
    """A table of days with these yen shorts."""
    day = np.arange(first, first + len(shorts))
    return pd.DataFrame({"day": day, "yen_short_units": np.array(shorts, float), **columns})


def prices(*logs):
    return pd.DataFrame({"day": np.arange(len(logs)), "log_JPY": np.array(logs, float)})


@pytest.mark.parametrize(
    ("before", "expected"),
    [
        ((100, 100, 100, 80, 70, 60, 60), True),  # .4 within five days, and still so
        ((100, 100, 100, 80, 70, 61, 61), False),  # less than that
        ((100, 90, 80, 70, 65, 62, 58), False),  # 58 of 100 and 90: five days closed .38 at most
        ((100, 100, 100, 80, 70, 60, 61), False),  # rebuilt by the eve
        ((100, 80, 70, 60, 55), False),  # less than five days from one close to another
        ((-10, -20, -30, -40, -50, -60), False),  # no short that could break
        ((100, 0, 0, 0, 0, -5), True),
        ((0.9, 0, 0, 0, 0, -5), False),  # less than USD 1bn
    ],
)
def test_a_break_that_was_not_rebuilt_by_the_eve_is_told(before, expected):
    run = path(*before, 30, 20, 10, 5, 0)
    assert broke_before(run, len(before)) is expected
    # The same path in the burn-in, and half in it and half in the run.
    burn_in = path(*before, first=-len(before))
    assert broke_before(path(30, 20, 10, 5, 0), 0, burn_in) is expected
    half = len(before) // 2
    early = path(*before[:half], first=-half)
    assert broke_before(path(*before[half:], 30, 10), len(before) - half, early) is expected


@given(st.lists(NUMBERS, min_size=6, max_size=30), st.data())
def test_a_break_before_depends_on_ratios_and_on_nothing_after_the_eve(shorts, data):
    after = data.draw(st.lists(NUMBERS, max_size=5))
    told = broke_before(path(*shorts, *after), len(shorts))
    assert told is broke_before(path(*shorts), len(shorts))
    doubled = [2.0 * short for short in shorts]
    assert told is broke_before(path(*doubled), len(shorts))
    assert not broke_before(path(*sorted(shorts)), len(shorts))  # a short that only grows


@given(SHARES, SHARES, SHARES, st.booleans())
def test_what_broke_before_comes_before_every_other_class(u5, u30, u60, lowers):
    found = classes.classify(u5, u30, u60, lowers_yen=lowers, broke_before=True)
    assert found == classes.BROKEN_BEFORE


@given(SHARES, SHARES, SHARES)
def test_news_that_lowers_the_yen_breaks_no_dam(u5, u30, u60):
    raised = classes.classify(u5, u30, u60)
    lowered = classes.classify(u5, u30, u60, lowers_yen=True)
    assert lowered not in ("dam break", "leak")
    # The same closing of the short has a name of its own on either side.
    assert (raised in ("dam break", "leak")) == (lowered == "de-risking")
    assert (raised == "undetermined") == (lowered == "undetermined")


@given(SHARES, SHARES, SHARES)
def test_a_short_that_grows_as_one_that_shrinks_does_is_a_build_up(u5, u30, u60):
    shrinks = classes.classify(u5, u30, u60, lowers_yen=True) == "de-risking"
    grows = classes.classify(-u5, -u30, -u60, lowers_yen=True) in ("build-up", "de-risking")
    known = not (math.isnan(u5) or (math.isnan(u30) and math.isnan(u60)))
    assert grows or not (shrinks and known)
    assert classes.classify(-u5, -u30, -u60) in classes.CLASSES


@given(SHARES, SHARES, SHARES, st.booleans(), st.floats(0.0, 2.0))
def test_more_closed_within_five_days_never_makes_a_dam_break_less(u5, u30, u60, lowers, more):
    first = classes.classify(u5, u30, u60, lowers_yen=lowers)
    if first in ("dam break", "de-risking") and u5 >= classes.DAM_BREAK_SHARE:
        assert classes.classify(u5 + more, u30, u60, lowers_yen=lowers) == first


def test_the_sign_of_a_shock_is_that_of_its_own_day():
    calm = prices(0.0, 0.0, 0.0)
    assert cascade.lowers_yen(prices(0.0, -0.02, 0.03), calm, 1)
    assert not cascade.lowers_yen(prices(0.0, 0.01, -0.09), calm, 1)
    assert not cascade.lowers_yen(calm, calm, 1)
    assert not cascade.lowers_yen(prices(0.0, -0.9e-6), calm, 1)  # arithmetic
    assert cascade.lowers_yen(prices(0.0, -1.1e-6), calm, 1)


def test_the_eve_is_the_close_before_the_shock():
    columns = {"fund_wealth_usd_bn": 9.0, "leverage": 4.0, "share_unlevered": 0.5}
    run, burn_in = path(7, 8, 9, **columns), path(5, 6, first=-2, **columns)
    names = ("eve_yen_short_units", "eve_leverage", "eve_share_unlevered")
    assert [eve(run, 2, burn_in)[name] for name in names] == [8.0, 4.0, 0.5]
    assert eve(run, 0, burn_in)["eve_yen_short_units"] == 6.0
    assert all(math.isnan(value) for value in eve(run, 9, burn_in).values())


def test_the_forced_share_by_hand():
    forced = "yen_short_closed_by_force_units"
    twin = path(*[100] * 8, **{forced: [0, 0, 3, 0, 0, 0, 0, 0]})
    run = path(100, 90, 80, 70, 60, 60, 60, 0, **{forced: [9, 0, 10, 5, 0, 0, 0, 50]})
    # Days 1 to 6: 15 by force, 3 of them without the shock too, of 40 closed.
    assert cascade.forced_share_of_unwind(run, twin, 1) == pytest.approx(12.0 / 40.0)
    assert cascade.forced_share_of_unwind(run.assign(**{forced: 0.0}), twin, 1) == 0.0
    assert cascade.forced_share_of_unwind(run.assign(**{forced: 20.0}), twin, 1) == 1.0
    assert math.isnan(cascade.forced_share_of_unwind(twin, twin, 1))
    assert math.isnan(cascade.forced_share_of_unwind(run, twin, 4))  # ends too soon
    # A hundredth of the opening short, and no less, is an unwind that has a share.
    little, least = (path(*[100] * 2, *[left] * 6, **{forced: 0.5}) for left in (99.1, 98.9))
    assert math.isnan(cascade.forced_share_of_unwind(little, twin, 1))
    assert cascade.forced_share_of_unwind(least, twin, 1) == 0.0


@given(st.lists(st.floats(-0.02, 0.02), min_size=20, max_size=20), st.floats(1e-6, 0.1))
def test_a_frozen_move_within_its_noise_amplifies_nothing(changes, frozen):
    noise = cascade.NOISE_SHARE * float(np.std(changes))
    found = cascade.amplification(2.0 * frozen, frozen, np.array(changes))
    if frozen > noise:
        assert (found.value, found.reason) == (pytest.approx(2.0), "")
    else:
        assert math.isnan(found.value) and found.reason == "frozen move within noise"


def test_noise_is_half_a_standard_deviation_of_a_day_s_change_and_not_of_where_prices_go():
    """Twenty changes of 0 and .01 in turn: .005 around a path that rises by a tenth."""
    calm = prices(*np.cumsum([0.0, *[0.0, 0.01] * 10]))
    above, below = (calm.assign(log_JPY=calm["log_JPY"] + gap) for gap in (0.0026, 0.0024))
    why = cascade.price_amplification_reason
    assert (why(above, calm, 0), why(below, calm, 0)) == ("", "frozen move within noise")
    wealth = calm.assign(fund_wealth_usd_bn=50.0 + 1000.0 * calm["log_JPY"], leverage=4.0)
    lost = wealth["fund_wealth_usd_bn"]
    run, *frozen = (wealth.assign(fund_wealth_usd_bn=lost - loss) for loss in (5.2, 2.6, 2.4))
    found = [cascade.loss_amplification(run, wealth, twin, wealth, 0) for twin in frozen]
    assert found == pytest.approx([2.0, math.nan], nan_ok=True)
    gains = wealth.assign(fund_wealth_usd_bn=lost + 5.2)
    assert cascade.loss_amplification(gains, wealth, frozen[0], wealth, 0) == 0.0


def test_an_amplification_that_is_not_there_says_why():
    calm = prices(*np.linspace(0.0, 0.1, 8))
    fallen, risen = (calm.assign(log_JPY=calm["log_JPY"] + gap) for gap in (-0.02, 0.02))
    why = cascade.price_amplification_reason
    assert why(fallen, calm, 0) == why(calm, calm, 0) == "no frozen move"
    assert why(risen.head(4), calm.head(4), 0) == "run too short"
    noisy = calm.assign(log_JPY=[0.0, 0.1] * 4)
    assert (
        why(noisy.assign(log_JPY=noisy["log_JPY"] + 0.02), noisy, 0) == "frozen move within noise"
    )
    assert why(risen, calm, 0) == ""


def test_a_market_that_broke_in_the_burn_in_says_so_beside_its_shock():
    seed, scenario = broken_in_burn_in()
    thin = abm.cascade(scenario, rng=seed)
    deep = fast_cascade(abm.load_scenario("hike"), seed)
    assert thin["class"] == "broken before the shock" != deep["class"]
    assert thin["eve_leverage"] < deep["eve_leverage"]
    assert thin["eve_share_unlevered"] > deep["eve_share_unlevered"]
    assert thin["n_margin_calls_burn_in"] > deep["n_margin_calls_burn_in"]
    assert thin["n_failures_burn_in"] > 0
    assert thin.run.summary["eve_leverage"] == thin["eve_leverage"]


def test_what_came_before_a_shock_is_no_part_of_what_it_did():
    changes = {"liquidity.depth_multiple": 0.5, "funds.leverage_cap": 5}
    august = abm.load_scenario("august-2024").with_changes(changes)
    found = fast_cascade(august, 49)
    assert found["class"] == "broken before the shock"
    assert found["n_failed_before"] > 0 and found["forced_sales_before_usd_bn"] > 50.0
    net, whole = found["forced_sales_net_usd_bn"], found["forced_sales_usd_bn"]
    assert abs(net) < 0.2 * whole and found["n_failed_net"] < found["n_failed"]


def test_a_surprise_of_half_a_basis_point_amplifies_nothing_and_one_of_five_does():
    hike = abm.load_scenario("hike")
    small = [fast_cascade(hike.with_changes({"shock.surprise_bp": 0.5}), 1, r) for r in range(4)]
    assert {found["price_amplification_reason"] for found in small} == {"frozen move within noise"}
    plan = [fast_cascade(hike.with_changes({"shock.surprise_bp": 5}), 1, r) for r in range(4)]
    assert all(1.0 < found["price_amplification"] < 3.0 for found in plan)


def test_a_rally_is_no_dam_break():
    rally = abm.load_scenario("hike").with_changes({"shock.surprise_bp": -100})
    found = fast_cascade(rally, 1)
    assert found["unwound_60d"] < 0.0  # the short grows
    assert found["class"] == "build-up" and found["peak_yen_depreciation"] > 0.05
    assert found["price_amplification_reason"] == "no frozen move"
    by_volatility = fast_cascade(rally.with_changes({"margin.kind": "volatility"}), 1)
    assert by_volatility["unwound_5d"] > classes.DAM_BREAK_SHARE  # gains raise margins
    assert by_volatility["class"] == "de-risking"


@pytest.mark.parametrize(("cap", "least", "most"), [(1.0, 1.0, 1.0), (10.0, 0.0, 0.2)])
def test_without_a_burn_in_the_eve_is_the_opening(cap, least, most):
    scenario = abm.load_scenario("hike").with_changes(SHORT | {"funds.leverage_cap": cap})
    run = abm.run(scenario)
    funds = run.institutions.query("kind == 'hedge_fund'")
    leverage, wealth = funds["opening_leverage"], funds["opening_wealth_usd_bn"]
    assert (leverage <= 1.05).mean() == run.summary["eve_share_unlevered"]
    assert least <= run.summary["eve_share_unlevered"] <= most
    assert run.summary["eve_leverage"] == pytest.approx((leverage * wealth).sum() / wealth.sum())
