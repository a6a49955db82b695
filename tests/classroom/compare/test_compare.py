"""Compare calls a difference an effect where exactly one field differs, and knows which do."""

import math

import pytest

from abm.classroom.compare.pairs import N_SEEDS, Difference
from abm.classroom.compare.tab import over_seeds, signed
from abm.classroom.page import Page
from abm.words import words

EN = words("en")
LINK = "?scenario=hike&tab=compare"


def compared(link):
    page = Page(link)
    return page.tabs["compare"], page


@pytest.mark.parametrize(
    "link",
    [
        f"{LINK}&other.funds.leverage_cap=10",  # the scenario's own
        f"{LINK}&funds.leverage_cap=4&other.funds.leverage_cap=4",
    ],
)
def test_two_equal_runs_have_no_effect(link):
    tab, _ = compared(link)
    assert "effect" not in tab.claim.object.replace("no-effect", "")
    assert "Nothing is changed" in tab.claim.object and ">effect<" not in tab.table.object
    assert tab.seeds.disabled


def test_what_both_runs_have_alike_is_no_difference():
    tab, _ = compared(
        f"{LINK}&funds.leverage_cap=4&other.funds.leverage_cap=4&other.funds.overlap=0.2"
    )
    assert tab.claim.object.startswith('<p class="effect">One field differs: Overlap of books')
    assert ">effect<" in tab.table.object and not tab.seeds.disabled


def test_two_fields_have_no_effect():
    tab, _ = compared(f"{LINK}&other.funds.leverage_cap=4&other.funds.overlap=0.2")
    assert 'class="no-effect" role="alert"' in tab.claim.object
    assert ">effect<" not in tab.table.object and tab.seeds.disabled


def test_equal_books_are_equal_where_more_is_held_than_owed():
    tab, _ = compared(
        f"{LINK}&funds.leverage_cap=1&retail_fx.present=false&other.shock.surprise_bp=50"
    )
    assert 'class="effect"' in tab.claim.object
    assert "books were not the same" not in tab.claim.object


def test_a_slider_s_sum_of_steps_is_the_number_it_stands_at():
    """The browser adds up steps in floating point: 1 + 18 × 0.5 arrives as 10.000000000000002."""
    tab, page = compared(f"{LINK}&other.funds.leverage_cap=4")
    cap = tab.knobs.sliders["funds.leverage_cap"]
    cap._moved(10.000000000000002)
    assert page.choice.other == {} and tab.seeds.disabled
    cap._moved(5.500000000000001)
    assert page.choice.other == {"funds.leverage_cap": 5.5}
    assert cap.typed.value == "5.5"


def test_numbers_of_the_shock_stand_apart_from_those_of_the_run():
    tab, _ = compared(f"{LINK}&other.funds.leverage_cap=4")
    shock, run = tab.table.object.partition("<th>In the run, whatever caused it</th>")[::2]
    assert "<th>Because of the shock: this run less the same run without it</th>" in shock
    assert 'data-key="forced_sales_net_usd_bn"' in shock
    assert 'data-key="forced_sales_usd_bn"' in run and "_net" not in run


def test_two_runs_without_a_shock_have_no_numbers_of_one():
    tab, _ = compared("?scenario=calm&tab=compare&other.funds.leverage_cap=4")
    assert "Because of the shock" not in tab.table.object
    assert "peak_yen_appreciation" not in tab.table.object and "no shock" in tab.table.object


def test_a_run_without_a_shock_has_no_number_of_one_beside_a_run_that_has():
    tab, _ = compared(f"{LINK}&other.shock.surprise_bp=0")
    row = tab.table.object.partition('data-key="n_margin_calls_net"')[2].partition("</tr>")[0]
    assert row.count(">–<") == 2 and "no shock" in tab.table.object


def test_a_smaller_fall_is_a_change_upwards():
    # −16% in one run and −12% in the other: four points less of a fall
    assert signed(0.12 - 0.16, "fall", EN) == "+4 points"
    assert signed(0.05 - 0.02, "log_fall", EN).startswith("−3.0")


@pytest.mark.parametrize(
    ("how", "text"),
    [("fall", "−9 points ± 1 points"), ("log_fall", "−9.0 log points ± 0.6 log points"),
     ("net_count", "0 ± 0"), ("usd_bn", "+0.1 ± 0.0")],
)  # fmt: skip
def test_a_standard_error_has_no_sign(how, text):
    assert over_seeds(Difference(0.09, 0.006, N_SEEDS), how, EN) == text


def test_a_mean_over_some_of_the_seeds_says_of_how_many():
    assert over_seeds(Difference(0.5, 0.2, 6), "percent", EN) == (
        "+50 points ± 20 points (6 of 20 seeds)"
    )
    assert over_seeds(Difference(math.nan, math.nan, 1), "times", EN) == "– ± – (1 of 20 seeds)"
