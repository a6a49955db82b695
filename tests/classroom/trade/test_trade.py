"""Your trade: its arithmetic by hand, its identities on every day, its fate along a run."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import abm
from abm.carry import DAY_COUNT
from abm.classroom.choice import Choice, link_of, read_link
from abm.classroom.page import Page
from abm.classroom.terms import RANGES, TARGETS, Terms
from abm.classroom.trade import path as trade
from abm.classroom.trade.charts import MOST_BINS, bin_edges
from abm.classroom.trade.words import distance_in_weeks
from abm.report.quotes import usd_quotes
from abm.scenario import list_scenarios
from abm.words import LANGUAGES, words

LESSON = Path(__file__).parents[3] / "experiments" / "lessons" / "lesson_1_carry.py"
SMALL = {"calendar.days": 12, "calendar.burn_in_days": 6, "calendar.drift_days": 5,
         "population.scale": 0.2, "shock.surprise_bp": 60}  # fmt: skip
PESO = Terms(target="MXN", equity_usd_mn=1.0, leverage=5.0, margin_rate=0.05, cost_per_year=0.005)


@pytest.fixture(scope="module")
def hike():
    return abm.load_scenario("hike").with_changes(SMALL)


def opening(target="MXN"):
    return trade.opening_of(abm.load_scenario("wide"), target)


def wandering(n_runs=40, n_days=60):
    """Prices in dollars of target and yen, as wild as a crash."""
    steps = np.random.default_rng(7).normal(0.0, 0.03, (2, n_runs, n_days))
    return trade.Logs(*steps.cumsum(axis=-1))


def test_the_liquidation_quote_by_hand():
    # 5 held against 4 owed: at 84.21 of 100 the five are worth 4.2105, of which .2105 is 5%.
    level = trade.liquidation_quote(100.0, 5.0, 0.05)
    assert level == pytest.approx(400.0 / 5.0 / 0.95) == pytest.approx(84.2105, abs=1e-4)
    held = 5.0 * level / 100.0
    assert (held - 4.0) / held == pytest.approx(0.05)


def test_without_debt_there_is_no_liquidation():
    assert trade.liquidation_quote(100.0, 1.0, 0.5) == 0.0
    terms = replace(PESO, leverage=1.0)
    days, logs = np.arange(1.0, 61.0), wandering()
    held = trade.hold(terms, trade.mark(terms, opening(), days, logs), days)
    assert not held.is_liquidated.any()


def test_a_dollar_of_ones_own_in_dollars_without_debt_only_earns_interest():
    terms = replace(PESO, target="USD", leverage=1.0)
    days, logs = np.arange(1.0, 61.0), wandering()
    flat = trade.Logs(np.zeros_like(logs.funding), logs.funding)
    equity = trade.mark(terms, opening("USD"), days, flat).equity_usd_mn
    assert equity[:, -1] == pytest.approx(1.0 + 0.053 * 60 / 360, abs=1e-12)


def test_more_leverage_or_a_higher_margin_brings_the_call_nearer():
    quotes = [trade.liquidation_quote(100.0, lev, m) for lev, m in ((3, 0.05), (5, 0.05), (5, 0.1))]
    assert quotes == sorted(quotes)


def test_equity_is_below_the_margin_exactly_where_the_quote_is_below_the_call():
    days = np.arange(1.0, 61.0)
    marked = trade.mark(PESO, opening(), days, wandering())
    is_below = marked.equity_usd_mn < PESO.margin_rate * marked.position_usd_mn
    assert (is_below == (marked.quote < marked.liquidation_quote)).all()
    assert 0.05 < is_below.mean() < 0.95  # the prices try both


@pytest.mark.parametrize("target", TARGETS)
def test_the_sources_of_profit_sum_to_the_change_of_equity(target):
    terms, start = replace(PESO, target=target, leverage=9.0), opening(target)
    days, logs = np.arange(1.0, 61.0), wandering(n_runs=1)
    logs = trade.Logs(*(log[0] for log in logs))
    if target == "USD":
        logs = trade.Logs(np.zeros(60), logs.funding)
    equity = trade.mark(terms, start, days, logs).equity_usd_mn
    for day in range(60):
        ends = (start.usd_per_target * np.exp(logs.target[day]),
                start.usd_per_funding * np.exp(logs.funding[day]))  # fmt: skip
        found = trade.profit(terms, start, days[day], *ends)
        assert sum(found[:-1]) == pytest.approx(found.total, abs=1e-9)
        assert found.total == pytest.approx(equity[day] - terms.equity_usd_mn, abs=1e-9)


def test_interest_by_hand():
    start = opening()
    flat = trade.profit(PESO, start, 90.0, start.usd_per_target, start.usd_per_funding)
    assert flat.interest_earned == pytest.approx(5 * 0.108 * 90 / 360)  # .135 mn
    assert flat.interest_paid == pytest.approx(-4 * 0.001 * 90 / 365)
    assert flat.cost == pytest.approx(-4 * 0.005 * 90 / 365)
    assert flat.target_move == flat.yen_move == flat.on_interest == 0.0
    assert trade.net_carry_on_equity(PESO, start) == pytest.approx(5 * 0.108 - 4 * 0.006)


def test_a_gain_of_the_yen_costs_what_is_owed():
    start = opening()
    found = trade.profit(PESO, start, 0.0, start.usd_per_target, 1.01 * start.usd_per_funding)
    assert found.total == found.yen_move == pytest.approx(-0.04)


def test_at_break_even_only_ones_own_money_has_earned():
    start, days = opening(), 200.0
    even = float(trade.break_even_quote(PESO, start, days))
    found = trade.profit(PESO, start, days, start.usd_per_target, start.usd_per_target / even)
    assert even < start.quote  # it may fall that far
    assert found.total == pytest.approx(0.108 * days / 360, abs=1e-12)


def test_the_liquidation_quote_falls_while_the_target_earns_more_than_the_loan_costs():
    days = np.arange(0.0, 60.0)
    marked = trade.mark(PESO, opening(), days, trade.Logs(np.zeros(60), np.zeros(60)))
    assert (np.diff(marked.liquidation_quote) < 0.0).all()
    expected = trade.liquidation_quote(opening().quote, 5.0, 0.05)
    assert marked.liquidation_quote[0] == pytest.approx(expected)


def test_a_liquidated_trade_is_sold_whole_at_that_close_and_rests():
    quotes = np.log([1.0, 0.9, 0.8, 1.3, 1.3])  # the yen gains a quarter, then loses it all
    logs = trade.Logs(np.zeros(5), -quotes)
    days = np.arange(1.0, 6.0)
    marked = trade.mark(PESO, opening(), days, logs)
    held = trade.hold(PESO, marked, days)
    assert held.is_liquidated and held.last_day == 2
    assert (held.equity_usd_mn[2:] == marked.equity_usd_mn[2]).all()
    assert held.final_return == pytest.approx(marked.equity_usd_mn[2] - 1.0)


def test_a_jump_past_the_call_costs_more_than_was_put_in():
    logs = trade.Logs(np.zeros(2), np.array([0.0, 0.4]))
    held = trade.hold(PESO, trade.mark(PESO, opening(), np.array([1.0, 2.0]), logs), np.arange(2.0))
    assert held.is_liquidated and held.final_return < -1.0


def test_a_trade_is_closed_at_its_term_and_no_call_comes_after():
    days = np.array([1.0, 2.0, 5.0, 6.0])
    logs = trade.Logs(np.zeros(4), np.array([0.0, 0.0, 0.0, 0.5]))
    terms = replace(PESO, days=5.0)
    held = trade.hold(terms, trade.mark(terms, opening(), days, logs), days)
    assert held.last_day == 2 and not held.is_liquidated
    assert trade.hold(
        replace(terms, days=6.0), trade.mark(terms, opening(), days, logs), days
    ).is_liquidated


def test_a_trade_is_drawn_from_the_eve_so_that_the_jump_of_the_first_day_is_seen():
    days, logs = np.array([3.0, 4.0]), trade.Logs(np.zeros(2), np.array([0.1, 0.1]))
    marked = trade.mark(PESO, opening(), days, logs)
    drawn = trade.course(PESO, opening(), days, marked, trade.hold(PESO, marked, days))
    assert drawn.day.tolist() == [-1, 0, 1]
    assert drawn.quote[:2] == pytest.approx([opening().quote, opening().quote * np.exp(-0.1)])
    assert drawn.break_even[0] == pytest.approx(opening().quote)
    assert drawn.liquidation_quote[0] == pytest.approx(400.0 / 5.0 / 0.95 * opening().quote / 100.0)
    # 5 against 4 that grow by a tenth, less four days of interest.
    assert drawn.equity_usd_mn[0] == 1.0 and 0.57 < drawn.equity_usd_mn[1] < 0.60


def test_the_first_row_of_the_charts_is_the_eve():
    data = Page("?tab=trade").tabs["trade"].charts.source.data
    assert data["date"][0] == "the eve" and data["day"][0] == -1
    assert data["equity_usd_mn"][0] == data["put_in"][0] == 1.0
    assert len({len(column) for column in data.values()}) == 1


def test_no_broker_opens_what_is_below_its_margin_at_once():
    assert trade.is_lent(replace(PESO, leverage=20.0, margin_rate=0.05))
    assert not trade.is_lent(replace(PESO, leverage=20.5, margin_rate=0.05))


def test_calendar_days_count_weekends(hike):
    # A run without dates starts on a Monday, three days after the close before it.
    assert trade.elapsed_days(hike)[:7].tolist() == [3, 4, 5, 6, 7, 10, 11]


def test_the_trade_rides_on_the_quotes_of_the_run_itself(hike):
    result = abm.run(hike, 3, 2)
    start = trade.opening_of(hike, "USD")
    logs = trade.run_logs(hike, "USD", 3, 2)
    marked = trade.mark(replace(PESO, target="USD"), start, trade.elapsed_days(hike), logs)
    assert marked.quote == pytest.approx(usd_quotes(hike, result.days)[1], rel=1e-12)
    peso = trade.run_logs(hike, "MXN", 3, 2)
    assert (peso.target == result.days["log_MXN"].to_numpy()).all()


def test_seeds_are_runs_of_their_own(hike):
    many = trade.seed_logs(hike, "AUD", 3)
    assert many.target.shape == (3, hike.calendar.days)
    assert (many.funding[2] == trade.run_logs(hike, "AUD", 2).funding).all()
    assert not (many.funding[1] == many.funding[2]).all()


@pytest.mark.parametrize("name", list_scenarios())
def test_every_scenario_counts_days_as_the_money_market_does(name):
    scenario = abm.load_scenario(name)
    assert all(part.day_count == DAY_COUNT[key] for key, part in scenario.currencies.items())
    assert Terms().target in scenario.currencies


def test_opening_quotes_by_hand():
    assert opening("USD").quote == pytest.approx(160.62)
    assert opening("AUD").quote == pytest.approx(0.66578 * 160.62)
    assert opening("MXN").quote == pytest.approx(160.62 / 18.277)


def test_a_typical_week_moves_the_dollar_by_one_percent_and_the_peso_by_two():
    assert trade.typical_week("USDJPY") == pytest.approx(0.011, abs=0.001)
    assert trade.typical_week("MXNJPY") == pytest.approx(0.020, abs=0.001)
    weeks = distance_in_weeks(PESO, opening())
    assert weeks == pytest.approx(-np.log(0.8 / 0.95) / trade.typical_week("MXNJPY"))


@pytest.mark.parametrize("spread", [0.001, 0.3, 40.0])
def test_bins_hold_every_return_at_round_numbers(spread):
    returns = np.random.default_rng(8).normal(-0.1, spread, 100)
    edges = bin_edges(returns)
    assert edges[0] <= returns.min() and returns.max() < edges[-1]
    assert len(edges) - 1 <= MOST_BINS or spread > 20.0
    assert np.histogram(returns, edges)[0].sum() == 100


def test_a_link_holds_the_terms_and_nothing_out_of_range():
    page = Page("?tab=trade&trade.leverage=8&trade.end_move=-0.1&trade.target=AUD")
    assert page.choice.terms == Terms(target="AUD", leverage=8.0, end_move=-0.1)
    assert not page.notice.visible
    refused = Page("?tab=trade&trade.leverage=99")
    assert refused.choice.terms == Terms() and "from 1 to 25" in refused.notice.object


def test_first_terms_lie_within_their_ranges():
    for name, allowed in RANGES.items():
        assert allowed.low <= getattr(Terms(), name) <= allowed.high


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_tab_can_be_built_in_every_language(language):
    page = Page(f"?tab=trade&lang={language}")
    tab = page.tabs["trade"]
    tab.view()
    assert page.say("trade.net") in tab.earns.object
    assert tab.n_seeds == 100
    assert sum(tab.returns.source.data["top"]) == 100


def test_a_number_changes_the_trade_and_its_link():
    page = Page("?tab=trade")
    tab = page.tabs["trade"]
    tab.numbers["leverage"].typed.value = "12"
    assert page.choice.terms.leverage == 12.0
    assert "12 times the equity" in tab.earns.object
    tab.numbers["leverage"].typed.value = "25"
    assert "20 at most" in tab.notice.object and not tab.crash.visible


@pytest.mark.parametrize(("name", "text"), [("leverage", "99"), ("margin_rate", "five")])
def test_a_number_that_will_not_do_is_said_and_put_back(name, text):
    page = Page("?tab=trade")
    widget = page.tabs["trade"].numbers[name]
    widget.typed.value = text
    assert text in page.notice.object and "must be a number from 1 to" in page.notice.object
    assert float(widget.typed.value) == 5.0 and page.choice.terms == Terms()
    widget.typed.value = "7"
    assert not page.notice.visible


def test_shares_are_typed_in_per_cent():
    page = Page("?tab=trade")
    widget = page.tabs["trade"].numbers["margin_rate"]
    widget.typed.value = "10"
    assert page.choice.terms.margin_rate == 0.1 and widget.slider.value == 10.0


@pytest.mark.parametrize(
    ("text", "in_link"), [("1.1", "0.011"), ("7.1234567890123", "0.0712345678901")]
)
def test_a_share_typed_in_per_cent_is_what_its_link_says(text, in_link):
    """1.1 / 100 is 0.011000000000000001 in floating point."""
    page = Page("?tab=trade")
    page.tabs["trade"].numbers["margin_rate"].typed.value = text
    assert f"trade.margin_rate={in_link}" in link_of(page.choice).split("&")
    assert read_link(link_of(page.choice)) == (page.choice, [])


def test_the_tab_says_liquidation_of_what_closes_the_trade_and_margin_call_to_tell_it_apart():
    """A call asks for money; this broker makes none. 追証 and ロスカット are different things."""
    for language, call in (("en", "call"), ("ja", "追証"), ("zh", "追加保证金")):
        told = words(language).group("trade")
        assert call in told.pop("call_or_liquidation")
        assert [key for key, text in told.items() if call in text.lower()] == []


def test_leverage_on_the_page_is_that_of_the_model_and_of_lesson_1():
    """Position over own money, which is 1 + borrowing over own money."""
    nothing = np.zeros(1)
    flat = trade.mark(PESO, opening(), nothing, trade.Logs(nothing, nothing))
    borrowed = flat.position_usd_mn - flat.equity_usd_mn
    assert flat.position_usd_mn / flat.equity_usd_mn == pytest.approx(PESO.leverage)
    assert 1.0 + borrowed / flat.equity_usd_mn == pytest.approx(PESO.leverage)
    assert RANGES["leverage"].unit == "1 + borrowing / equity"
    lesson = LESSON.read_text(encoding="utf-8").replace("\n# ", " ")
    assert "position over own money, is 5: 1 + borrowing over own money, as everywhere" in lesson
    assert "loan = (leverage - 1.0)" in lesson


def test_a_trade_buys_what_the_scenario_trades():
    page = Page("?scenario=wide&tab=trade&trade.target=TRY")
    assert page.choice.terms.target == "TRY" and not page.notice.visible
    refused = Page("?scenario=hike&tab=trade&trade.target=TRY")
    assert "must be one of USD, AUD, MXN" in refused.notice.object
    assert Choice(scenario="wide").targets == (
        "USD", "AUD", "MXN", "EUR", "NZD", "CHF", "BRL", "TRY",
    )  # fmt: skip
    assert Terms(target="TRY").within(Choice().targets).target == "MXN"
