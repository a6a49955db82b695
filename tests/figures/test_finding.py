"""The title of a run's figures: of what the shock did, or of the run if it says so."""

import math

import pytest

from abm.figures.finding import (
    eve_leverage,
    falls,
    finding,
    how_forced,
    peak_log,
    signed_count,
    signed_usd,
)
from abm.words import LANGUAGES, words

NET = {
    "class": "dam break",
    "peak_yen_appreciation": math.log(1.13),
    "forced_sales_net_usd_bn": 160.4,
    "n_failed_net": 2,
    "n_banks_failed_net": 0,
}
# Of the whole run: what a title about the shock must not say.
RUN = {"forced_sales_usd_bn": 250.0, "n_failed": 9, "n_banks_failed": 1, "n_margin_calls": 40}


def test_the_title_says_what_the_shock_did_and_not_what_happened_in_the_run():
    assert finding(NET | RUN, "A 25bp surprise") == (
        "A 25bp surprise broke the dam: yen +13%, forced sales +USD 160bn, failures +2 "
        "(vs the no-shock run)"
    )


def test_fewer_sales_and_failures_than_without_the_shock_have_their_sign():
    fewer = NET | {"class": "leak", "forced_sales_net_usd_bn": -2.1, "n_failed_net": -1}
    assert finding(fewer, "It").endswith(
        "yen +13%, forced sales −USD 2.1bn, failures −1 (vs the no-shock run)"
    )


def test_a_shock_without_victims_is_said_to_be_absorbed_though_the_run_had_some():
    none = {"class": "absorbed", "peak_yen_appreciation": 0.011, "forced_sales_net_usd_bn": 0.0}
    assert finding(RUN | NET | none | {"n_failed_net": 0}, "A 5bp surprise") == (
        "A 5bp surprise was absorbed: yen +1.1%, forced sales ±0, failures ±0 (vs the no-shock run)"
    )


def test_a_run_without_a_shock_says_so_and_tells_of_the_run():
    # `calm` said "yen up at most 0.0%" beside a chart that falls from 164 to 156
    quiet = {"class": "absorbed", "peak_yen_appreciation": 0.0, "usdjpy_max_drawdown": 0.049}
    assert finding(quiet | {"forced_sales_usd_bn": 3.24, "n_failed": 1}) == (
        "No shock; in the run: USDJPY −4.9% peak to trough, USD 3.2bn of forced sales, 1 failure"
    )


def test_a_run_saved_without_counterfactual_runs_makes_no_claim_about_the_shock():
    summary = {"usdjpy_max_drawdown": 0.112, "forced_sales_usd_bn": 0.0, "n_failed": 0}
    text = "USDJPY −11% peak to trough, no forced sales, no failures"
    assert (
        finding(summary, "The shock") == f"In the run (saved without counterfactual runs): {text}"
    )


def test_a_dam_that_broke_before_the_shock_is_said_first_with_its_eve():
    before = {"class": "broken before the shock", "eve_leverage": 1.01, "eve_share_unlevered": 0.95}
    assert finding(NET | RUN | before, "The shock of 31 Jul 2024").startswith(
        "The dam broke before the shock (on its eve: fund leverage 1.0, 95% unlevered). The shock: "
    )


@pytest.mark.parametrize("language", LANGUAGES)
def test_without_hedge_funds_nothing_is_said_of_them(language):
    # retail traders and banks can break a dam too: the title had "leverage ∞, nan% unlevered"
    none = {"class": "broken before the shock", "eve_leverage": math.nan}
    none |= {"eve_share_unlevered": math.nan, "eve_fund_wealth_usd_bn": 0.0}
    title = finding(NET | RUN | none, "The shock", language)
    assert "nan" not in title and "∞" not in title and "+2" in title


def test_of_two_equal_peaks_the_rise_is_told():
    even = {"peak_yen_appreciation": 0.1, "peak_yen_depreciation": 0.1}
    assert not falls(even) and peak_log(even) == 0.1


def test_banks_that_failed_because_of_the_shock_are_counted():
    assert "failures +5 " in finding(NET | {"n_banks_failed_net": 3}, "It")


def test_a_dam_break_without_force_says_what_closed_the_short():
    title = finding(NET | {"forced_share_of_unwind": 0.0}, "A 30bp surprise")
    assert "broke the dam by voluntary closing (own rules, none of it forced): yen" in title


def test_a_dam_break_without_a_margin_call_says_what_was_forced():
    # the calls of the run came before the shock: none is of its days
    calls = {"forced_share_of_unwind": 0.4, "n_margin_calls": 7, "n_margin_calls_before": 7}
    title = finding(NET | calls, "A 30bp surprise")
    assert "broke the dam without margin calls (liquidations, recalls, own rules): yen" in title
    assert how_forced(calls | {"n_margin_calls_before": 6}) == ""


@pytest.mark.parametrize("name", ["de-risking", "build-up", "absorbed"])
def test_news_that_lowers_the_yen_is_told_as_a_fall(name):
    fall = {"class": name, "peak_yen_appreciation": 0.0, "peak_yen_depreciation": 0.05}
    title = finding(NET | fall, "A -60bp surprise")
    assert "yen −4.9%" in title and "dam" not in title and "+0.0%" not in title


@pytest.mark.parametrize(
    ("short", "why"),
    [
        (-3.0, "no net yen short on its eve"),
        (0.9, "no net yen short on its eve"),  # USD 0.9bn, of which no share is told
        (300.0, "the run ends too soon after it"),
    ],
)
def test_a_shock_without_a_class_says_why(short, why):
    open_class = {"class": "undetermined", "eve_yen_short_units": short}
    assert finding(NET | open_class, "It").startswith(f"It has no class ({why}): yen +13%")


def test_another_currency_than_the_yen_has_its_own_name():
    assert finding(NET, "It", funding="CHF").startswith("It broke the dam: CHF +13%, ")
    eased = NET | {"class": "build-up", "peak_yen_depreciation": 0.5}
    assert finding(eased, "It", funding="CHF").startswith(
        "It lowered the CHF, and the CHF short grew: CHF −39%, "
    )
    fall = {"usdchf_max_drawdown": 0.112, "n_failed": 1}
    assert finding(fall, funding="CHF").startswith("No shock; in the run: USDCHF −11% peak to ")


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_language_says_that_a_title_is_a_difference(language):
    say = words(language)
    (start, end) = say("finding.net", what="|").split("|")
    title = finding(NET | RUN, "X", language)
    assert title.endswith(end) and start in title
    assert signed_usd(160.4, say) in title and "+2" in title
    assert "250" not in title and "2,500" not in title


def test_differences_have_a_sign_and_none_is_plus_minus_zero():
    say = words("en")
    assert [signed_usd(x, say) for x in (3.24, -12.4, 0.04)] == ["+USD 3.2bn", "−USD 12bn", "±0"]
    assert [signed_count(n) for n in (2, -3, 0)] == ["+2", "−3", "±0"]


def test_leverage_of_funds_whose_wealth_is_gone_is_infinite():
    gone = {"eve_leverage": float("nan"), "eve_fund_wealth_usd_bn": -5.0}
    assert eve_leverage(gone, 1) == "∞"
    assert eve_leverage({"eve_leverage": 3.54, "eve_fund_wealth_usd_bn": 120.0}, 1) == "3.5"
