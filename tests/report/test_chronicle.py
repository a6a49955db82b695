"""The chronicle says what the events say: who, how much, because of what, in each language."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from abm.report.chronicle import Divider, chronicle, chronicle_text, columns, place_of
from abm.report.phrases import Phrases
from abm.words import LANGUAGES, words
from tests.report.happenings import call, clearing, ruin, run_of, sale, spiral, table


def said(*rows, **options):
    """Event and cause of every entry, for a table of these rows."""
    return [(entry.what, entry.cause) for entry in chronicle(table(*rows), **options)]


def news(day, title, instrument, move_log):
    about = {"counterparty": "market", "instrument": instrument, "amount_usd_bn": move_log}
    return day, "news", title, about


def policy(day, amount, counterparty=""):
    about = {"counterparty": counterparty, "instrument": "JPY", "amount_usd_bn": amount}
    return day, "policy", "central_bank", about


def test_a_day_is_told_in_the_order_in_which_it_happened():
    kinds = [(entry.day, entry.kind) for entry in chronicle(spiral())]
    rounds = ["margin_call", "forced_sale", "loss_cut", "forced_sale", "default"]
    assert kinds == [(0, "news"), *((1, kind) for kind in rounds)]


def test_calls_of_one_kind_with_one_cause_are_one_entry():
    entry = chronicle(spiral())[1]
    assert entry.what == (
        "2 hedge funds got margin calls: they owed USD 4.0bn more than their margins allowed. "
        "The largest: hedge-fund-fxm-1, USD 3.0bn, from bank-2."
    )
    assert entry.cause == "yen up on day 0, after “payrolls are weak”"
    assert (entry.amount_usd_bn, entry.events) == (4.0, (2, 3))


def test_a_forced_sale_says_what_was_sold_and_that_yen_was_bought_back():
    entry = chronicle(spiral())[2]
    assert entry.what == (
        "2 hedge funds had to sell USD 5.0bn: Australian dollar 3.0bn (60% of institutions' "
        "trading in it) and Mexican peso 2.0bn (100%). "
        "To repay, USD 6.0bn of yen was bought back (60%), with the proceeds and with dollars held."
    )
    assert (entry.amount_usd_bn, entry.cause) == (5.0, "2 margin calls of the same day")


def test_forced_sales_that_call_the_next_are_said_to():
    entry = chronicle(spiral())[3]
    assert entry.what.startswith("Round 2 of the day: retail-fx-7 was stopped out by bank-6")
    assert entry.cause.startswith("yen up in round 1 of the day, with 60% of the trading forced:")
    assert entry.cause.endswith("that selling made the price that called the next")


def test_who_bears_a_debt_is_said_with_it():
    entry = chronicle(spiral())[-1]
    assert "retail-fx-7 still owed USD 0.25bn and could not pay" in entry.what
    assert entry.what.endswith("The loss fell on bank-6 (0.20bn) and bank-5 (0.05bn).")
    assert (entry.amount_usd_bn, entry.cause) == (0.25, "the stop-out of the same day")


@pytest.mark.parametrize("run", [lambda: run_of(shock__surprise_bp=60), ruin])
def test_every_event_but_a_price_is_in_exactly_one_entry(run):
    events = run().events
    told = [number for entry in chronicle(events) for number in entry.events]
    assert sorted(told) == events[events["kind"] != "clearing"]["event"].tolist()


@pytest.mark.parametrize("kind", ["margin_call", "loss_cut", "recall", "default", "bank_failure"])
def test_the_entries_of_a_kind_add_up_to_its_events(kind):
    events = ruin().events if kind != "margin_call" else run_of(shock__surprise_bp=60).events
    amounts = [e.amount_usd_bn for e in chronicle(events) if e.kind == kind]
    assert sum(amounts) == pytest.approx(events[events["kind"] == kind]["amount_usd_bn"].sum())
    assert amounts


@pytest.mark.parametrize("run", [lambda: run_of(shock__surprise_bp=60), ruin])
def test_the_sales_add_up_to_those_of_every_other_table(run):
    run = run()
    sold = [e.amount_usd_bn for e in chronicle(run.events) if e.kind == "forced_sale"]
    assert np.nansum(sold) == pytest.approx(run.summary["forced_sales_usd_bn"])


@settings(max_examples=40, deadline=None)
@given(
    surprise_bp=st.sampled_from([-300.0, 5.0, 60.0, 150.0, 400.0]),
    cap=st.sampled_from([1.0, 2.0, 4.0, 10.0, 20.0]),
    speed=st.sampled_from([0.05, 0.3, 1.0]),
    capital=st.sampled_from([1.0, 20.0]),
    seed=st.integers(0, 1000),
)
def test_whatever_happens_is_told_once_and_adds_up(surprise_bp, cap, speed, capital, seed):
    run = run_of(
        seed=seed, shock__surprise_bp=surprise_bp, funds__leverage_cap=cap,
        margin__forced_speed=speed, banks__core_capital_usd_bn=2.0 * capital,
        banks__periphery_capital_usd_bn=capital,
    )  # fmt: skip
    entries = chronicle(run.events)
    told = [number for entry in entries for number in entry.events]
    assert sorted(told) == run.events.loc[run.events["kind"] != "clearing", "event"].tolist()
    sold = np.nansum([e.amount_usd_bn for e in entries if e.kind == "forced_sale"])
    assert sold == pytest.approx(run.summary["forced_sales_usd_bn"], abs=1e-9)


@pytest.mark.parametrize("language", [name for name in LANGUAGES if name != "en"])
def test_all_languages_tell_the_same_in_their_own_words(language):
    english, other = chronicle(ruin().events), chronicle(ruin().events, language)
    for one, two in zip(english, other, strict=True):
        assert (one.day, one.kind, one.events) == (two.day, two.kind, two.events)
        assert one.amount_usd_bn == two.amount_usd_bn or math.isnan(one.amount_usd_bn)
        assert one.what != two.what
        assert bool(one.cause) == bool(two.cause)


def test_no_braces_of_a_template_are_left_in_any_language():
    told = [e for name in LANGUAGES for e in chronicle(ruin().events, name)]
    assert not any(brace in e.what + e.cause + e.when for e in told for brace in "{}")


def test_nothing_happened_is_one_sentence():
    for events in (table(), spiral()):
        (entry,) = chronicle(events, since_day=2)
        assert (entry.kind, entry.events) == ("nothing", ())
        assert entry.what.startswith("Nothing happened")
        assert chronicle_text([entry]) == entry.what


def test_a_day_alone_is_told_as_it_is_told_in_the_whole():
    events = run_of(shock__surprise_bp=60).events
    last = int(events["day"].max())
    whole = [entry for entry in chronicle(events) if entry.day >= last]
    assert str(chronicle(events, since_day=last)) == str(whole)  # in words, as NaN is not NaN


def test_policy_is_told_in_basis_points_and_dollars():
    ((what, cause),) = said(policy(3, 0.0015), policy(3, 20.0, "market"))
    assert what.startswith("The Bank of Japan raised its rate by 15bp.")
    assert what.endswith("The authorities set out to buy yen for USD 20bn.")
    assert cause == ""


@pytest.mark.parametrize(
    ("act", "told"),
    [
        (policy(0, 0.0015), "the rate rise by the Bank of Japan"),
        (policy(0, 20.0, "market"), "the authorities' purchase of yen"),
        (news(0, "central_bank", "JPY", 0.02), "a decision of the central bank or the authorities"),
    ],
)
def test_a_call_after_a_decision_says_which(act, told):
    signal = news(0, "central_bank", "JPY", 0.02)
    *_, (_, cause) = said(act, signal, clearing(0, "JPY", 1.0), call(1, "hedge-fund-1", 1.0, 2))
    assert cause == f"yen up on day 0, after {told}"


def test_what_is_bought_back_within_the_proceeds_takes_no_dollars():
    _, (what, _) = said(
        call(0, "hedge-fund-ma-1", 1.0, -1),
        sale(0, "hedge-fund-ma-1", "SPX", 3.0, cause=0, clearing=-1, share=0.5),
        sale(0, "hedge-fund-ma-1", "JPY", 2.0, cause=0, clearing=-1, share=0.25),
    )
    assert what.endswith("To repay, USD 2.0bn of yen was bought back (25%).")


def test_the_little_of_further_rounds_is_told_once():
    def round_of(number, usd_bn):
        return sale(0, "hedge-fund-1", "AUD", usd_bn, cause=0, clearing=-1, share=1.0, round=number)

    sales = [round_of(number, usd_bn) for number, usd_bn in enumerate([2.0, 0.3, 0.015, 0.004])]
    _, first, second, rest = chronicle(table(call(0, "hedge-fund-1", 1.0, -1), *sales))
    assert second.what.startswith("Round 2 of the day: hedge-fund-1 had to sell USD 0.30bn")
    little = "Rounds 3 to 4 of the day: hedge-fund-1 had to trade a little: USD 0.02bn."
    assert (rest.what, rest.events) == (little, (3, 4))
    assert (first.amount_usd_bn, rest.amount_usd_bn) == (2.0, pytest.approx(0.019))


def test_news_is_told_in_percent_the_largest_move_first():
    moves = [("JPY", math.log(1.016)), ("SPX", math.log(0.965)), ("UST", math.log(1.02))]
    ((what, _),) = said(*(news(0, "weak payrolls", *move) for move in moves))
    assert what.endswith("fundamental values: S&P 500 −3.5%, US Treasuries +2.0% and yen +1.6%.")


def test_a_surprise_of_the_central_bank_is_told_with_its_rate_move():
    ((what, _),) = said(policy(0, -0.005), news(0, "central_bank", "JPY", math.log(0.96)))
    assert "The Bank of Japan lowered its rate by 50bp." in what
    assert what.endswith("fundamental values: yen −4.0%.")


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_a_user_wrote_is_text_and_nothing_else(language):
    title = "{0} {{ 7 * 7 }} {% if x %} {what} $x$ <b>\n\x1b[31m %s"
    for what, cause in said(
        news(0, title, "JPY", 0.01), clearing(0, "JPY", 1.0), call(1, "hedge-fund-1", 1.0, 1),
        language=language,
    ):  # fmt: skip
        assert "{0} {{ 7 * 7 }} {% if x %} {what} $x$ <b> [31m %s" in what + cause
        assert "\n" not in what + cause


def test_recalls_close_outs_limits_and_failures_of_banks_are_told():
    rows = [
        call(2, "hedge-fund-jp-1", 2.0, -1, "", "recall", "bank-3"),
        call(2, "bank-desk-1", 5.0, 2, "NKY", "close_out"),
        clearing(1, "NKY", 4.0),
        (1, "limit_hit", "market", {"instrument": "NKY", "amount_usd_bn": 4.0, "cause": 2}),
        (3, "bank_failure", "bank-3", {"amount_usd_bn": 1.2}),
    ]
    limit, recall, close_out, failure = said(*rows)
    assert limit[0].startswith("Daily price limit reached: Nikkei 225.")
    assert recall[0].startswith("Banks called back loans of USD 2.0bn from hedge-fund-jp-1, a")
    assert close_out[0].startswith(
        "bank-desk-1 was closed out by bank-1: all that it held, USD 5.0bn"
    )
    assert close_out[1] == "Nikkei 225 down on day 1"
    assert failure == (
        "bank-3 failed. The deposit insurer paid USD 1.2bn.",
        "losses had used up the capital",
    )


def test_a_run_and_its_fire_sale_are_told_before_the_failure_that_they_end_in():
    rows = [
        (3, "bank_run", "bank-1", {"amount_usd_bn": 4.0}),
        (3, "asset_sale", "bank-1", {"amount_usd_bn": 2.5, "cause": 0}),
        (3, "bank_failure", "bank-1", {"amount_usd_bn": 1.2}),
    ]
    (run, why), (_, why_failed) = said(*rows)
    assert run == (
        "A run on bank-1: funders withdrew USD 4.0bn. "
        "To pay, USD 2.5bn of other assets was sold in a fire sale."
    )
    assert why == "too little capital for what the bank owned"
    assert "funders withdrew USD 4.0bn that day" in why_failed
    told = [chronicle(table(*rows), language) for language in LANGUAGES]
    assert {entries[0].amount_usd_bn for entries in told} == {4.0}
    assert len({entries[0].what for entries in told}) == len(LANGUAGES)
    two = (rows[0], (3, "bank_run", "bank-2", {"amount_usd_bn": 1.0}))
    assert said(*two)[0][0] == "A run on 2 banks, bank-1 and bank-2: funders withdrew USD 5.0bn."


def test_limits_of_a_day_are_told_together_after_its_rounds():
    hit = {"instrument": "JPY", "amount_usd_bn": 2.0}
    hits = [(1, "limit_hit", "market", {**hit, "round": number}) for number in (0, 1)]
    cut = call(1, "retail-fx-1", 1.0, -1, kind="loss_cut", round=1)
    entries = chronicle(table(hits[0], cut, hits[1]))
    assert [entry.kind for entry in entries] == ["loss_cut", "limit_hit"]
    assert (entries[1].events, entries[1].amount_usd_bn) == ((0, 2), 4.0)


def test_calls_after_the_last_round_are_said_to_come_after_trading():
    ((what, _),) = said(call(1, "retail-fx-1", 1.0, -1, kind="loss_cut", round=1))
    assert what.startswith("After the day's trading: retail-fx-1")


def test_a_cause_from_before_the_run_or_without_a_price_is_said_so():
    before, margin = said(
        call(0, "hedge-fund-1", 1.0, -1), call(1, "hedge-fund-1", 1.0, -1, instrument="")
    )
    assert before[1] == "yen up before the run began"
    assert margin[1] == "no price had cost them anything since they were last marked to market"


def test_what_moved_against_those_who_may_be_long_or_short_has_no_direction():
    call_, sale_ = said(
        call(0, "custom-mine-1", 1.0, -1, "AUD"),
        sale(0, "custom-mine-1", "AUD", 1.0, cause=0, clearing=-1, share=np.nan),
    )
    assert call_[1] == "Australian dollar moved against them before the run began"
    assert sale_[0].startswith("custom-mine-1 had to sell USD 1.0bn of Australian dollar")


@pytest.mark.parametrize(("share", "is_told"), [(0.49, False), (0.5, True)])
def test_forced_trades_made_a_price_where_they_were_half_of_its_trading(share, is_told):
    told = chronicle(
        table(
            call(1, "hedge-fund-1", 1.0, -1),
            sale(1, "hedge-fund-1", "JPY", 10.0 * share, 0, 2, share),
            clearing(1, "JPY", 10.0, 0),
            call(1, "hedge-fund-2", 1.0, 2, round=1, generation=1),
        )
    )[-1]
    assert f"with {share:.0%} of the trading forced" in told.cause
    assert told.cause.endswith("that selling made the price that called the next") is is_told


def test_close_outs_of_unmet_calls_say_which_calls_stayed_unmet():
    """Forced to sell a tenth a day, no fund gets below the limit in the day of grace."""
    events = run_of(shock__surprise_bp=300, margin__forced_speed=0.1).events
    closed = events[events["kind"] == "close_out"]
    assert set(events.loc[closed["cause"], "kind"]) == {"margin_call"}
    assert (events.loc[closed["cause"], "generation"].values == closed["generation"]).all()
    told = [entry for entry in chronicle(events) if entry.kind == "close_out"]
    assert told and all(entry.cause.endswith("that stayed unmet") for entry in told)


def test_who_has_no_broker_is_closed_out_by_whom_it_traded_with():
    ((what, _),) = said(call(1, "trend-1", 5.0, -1, kind="close_out", broker=""))
    assert what == (
        "trend-1 was closed out by its counterparties: all that it held, USD 5.0bn (yen and dollar "
        "cash not counted), had to be sold."
    )


def test_what_a_forced_order_buys_is_no_sale():
    bought = sale(0, "trend-1", "AUD", 3.0, 0, -1, 0.5, side="bought")
    sold = sale(0, "trend-1", "SPX", 1.0, 0, -1, 0.2)
    alone, both = (
        [entry for entry in chronicle(table(call(0, "trend-1", 4.0, -1), *trades))
         if entry.kind == "forced_sale"]
        for trades in ([bought], [sold, bought])
    )  # fmt: skip
    assert alone[0].what == (
        "trend-1 had to buy Australian dollar 3.0bn (50% of institutions' trading in it)."
    )
    assert math.isnan(alone[0].amount_usd_bn)
    assert both[0].what.startswith("trend-1 had to sell USD 1.0bn of S&P 500 (20%")
    assert both[0].what.endswith(
        "Bought in the same orders: Australian dollar 3.0bn (50% of institutions' trading in it)."
    )
    assert both[0].amount_usd_bn == 1.0


@pytest.mark.parametrize(
    ("usd_bn", "english", "japanese"),
    [
        (0.001, "less than USD 0.01bn", "0.1億ドル未満"),
        (0.21, "USD 0.21bn", "2.1億ドル"),
        (3.84, "USD 3.8bn", "38億ドル"),
        (36.4, "USD 36bn", "360億ドル"),
        (1234.0, "USD 1,234bn", "12,340億ドル"),
    ],
)
def test_amounts_have_the_digits_that_matter_and_each_language_s_unit(usd_bn, english, japanese):
    assert Phrases(words("en")).usd(usd_bn) == english
    assert Phrases(words("ja")).usd(usd_bn) == japanese


def test_days_are_written_as_each_language_does():
    days = [Phrases(words(name)).when(22, "2024-07-31") for name in LANGUAGES]
    assert days == ["31 Jul 2024", "2024年7月31日", "2024年7月31日"]
    assert Phrases(words("en")).when(22, "") == "day 22"


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_line_of_the_text_is_wider_than_asked(language):
    for width in (60, 100):
        lines = chronicle_text(chronicle(ruin().events, language), width).splitlines()
        assert max(map(columns, lines)) <= width
        assert max(map(columns, lines)) > width - 10


def test_the_text_names_each_day_once_and_marks_causes():
    lines = chronicle_text(chronicle(spiral())).splitlines()
    assert [line[:5] for line in lines if line[:3] == "day"] == ["day 0", "day 1"]
    assert sum(line.lstrip().startswith("← ") for line in lines) == 5


@pytest.mark.parametrize(
    ("days", "place"),
    [([3, 5, 8], 1), ([3, 6], 1), ([5, 8], -1), ([6, 8], -1), ([1, 2], -1), ([], -1)],
)
def test_the_shock_stands_between_what_came_before_it_and_the_rest_or_nowhere(days, place):
    assert place_of(Divider(5, "the shock"), days) == place
    assert place_of(None, days) == -1
