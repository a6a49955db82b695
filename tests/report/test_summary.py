"""Effects of the shock are told apart from all else that happened in a run."""

import re

import numpy as np
import pytest

import abm
from abm.report import effects
from abm.report.effects import amplification
from abm.report.pictures import title
from abm.report.quotes import real_quotes
from abm.report.summary import Told, groups, move_around, sections, summary_text
from abm.words import LANGUAGES, words
from tests.engine.worlds import BANKS_BY_SIZE
from tests.report.happenings import EARLY_CRASH, broken_before_the_shock, broken_in_burn_in

ALONE = {  # funds and rule followers without households and desks
    "banks.desk": {"kind": "none"},
    "retail_fx.n": 0,
    "retail_fx.notional_usd_bn": 0.0,
    "retail_equity.n": 0,
    "retail_equity.notional_usd_bn": 0.0,
    **BANKS_BY_SIZE,
}


def cascade_of(name, seed=0, **changes):
    keys = {key.replace("__", "."): value for key, value in changes.items()}
    return abm.cascade(abm.load_scenario(name).with_changes(keys), rng=seed)


def told_of(cascade, **changed):
    run = cascade.run
    measures = {**run.summary, **cascade, **changed}
    return Told(run.scenario, run.seed, 0, run.days, run.institutions, measures, None)


def facts(told, group, language="en"):
    """By heading, of one group."""
    found = sections(told, language)
    return {s.heading: " ".join(s.facts) for s in found if s.group == group}


@pytest.fixture(scope="module")
def early():
    """A crash of mid-July that the title blamed on the shock of 31 July."""
    return cascade_of("august-2024", broken_before_the_shock(), **EARLY_CRASH)


@pytest.fixture(scope="module")
def calm():
    return cascade_of("calm")


@pytest.fixture(scope="module")
def gone():
    """The dam breaks in the burn-in: on the eve the funds have no leverage left."""
    seed, scenario = broken_in_burn_in()
    return abm.cascade(scenario, rng=seed)


def test_a_crash_before_the_shock_is_not_blamed_on_it(early):
    assert early["class"] == "broken before the shock"
    said = title(early.run.scenario, {**early.run.summary, **early})
    eve = f"on its eve: fund leverage {early['eve_leverage']:.1f}, "
    assert said.startswith(f"The dam broke before the shock ({eve}")
    net = re.search(r"The shock: (.*) \(vs the no-shock run\)$", said)[1]
    whole = f"{early['forced_sales_usd_bn']:.0f}bn"
    assert whole not in net and f"failures +{early['n_failed']}" not in net


def test_a_run_that_was_broken_before_says_so_first_with_its_eve(early, gone):
    for cascade in (early, gone):
        first = summary_text(told_of(cascade)).splitlines()[1]
        assert first.startswith("Class           broken before the shock")
        state = facts(told_of(cascade), "")["Class"]
        assert f"fund leverage {cascade['eve_leverage']:.2f}" in state
        assert f"{cascade['eve_share_unlevered']:.0%} of hedge funds unlevered or inactive" in state


def test_calls_and_failures_of_the_burn_in_are_told(gone):
    state = facts(told_of(gone), "")["Class"]
    eve = f" close before day 0: fund leverage {gone['eve_leverage']:.2f}"
    assert gone["n_margin_calls_burn_in"] > 0 and eve in state
    assert "Eve of shock" not in facts(told_of(gone), "run")  # said once
    assert f"in the burn-in before day 0: {gone['n_margin_calls_burn_in']} margin calls" in state


def test_the_eve_is_told_where_the_wealth_of_the_funds_is_gone(gone):
    told = told_of(gone)
    lost = {"eve_leverage": float("nan"), "eve_fund_wealth_usd_bn": -12.0}
    state = facts(told._replace(measures={**told.measures, **lost}), "")["Class"]
    assert "fund leverage ∞" in state and "in the burn-in before day 0" in state


def test_the_list_of_failures_marks_those_before_the_shock(early):
    failed = facts(told_of(early), "run")["Failed"]
    assert failed.startswith(f"before the shock {early['n_failed_before']}: ")
    assert early["n_failed_before"] == early["n_failed"] > 0 and "from the shock on" not in failed


def test_forced_sales_of_the_run_say_how_much_came_before_the_shock(early):
    run, shock = (facts(told_of(early), group)["Forced"] for group in ("run", "shock"))
    whole, funds = early["forced_sales_usd_bn"], early["forced_hedge_fund_usd_bn"]
    assert run.startswith(f"USD {whole:.0f}bn: hedge funds {funds:.0f}bn")
    assert "of which before the shock: USD" in run
    assert f"{whole:.0f}bn" not in shock and shock.startswith("sales ")


def test_without_a_shock_there_is_no_second_group_and_the_summary_says_so(calm):
    told = told_of(calm)
    assert [group.heading for group in groups(told)] == ["", "In the run, whatever caused it"]
    assert facts(told, "")["Class"] == "none: no shock, so nothing in the run is attributed to one"
    assert "vs the no-shock run" not in summary_text(told)


def test_the_yen_of_a_run_without_a_shock_is_told_by_its_path(calm):
    days, quote = calm.run.days, facts(told_of(calm), "run")["The yen"]
    lowest = days["log_JPY"].idxmax()  # of the dollar, where the yen is highest
    low = 160.62 * np.exp(-days["log_JPY"][lowest])
    between = f"USDJPY 160.62 at the opening, closes between {low:.2f} (day {lowest}) and "
    assert quote.startswith(between)


def test_news_that_lowers_the_yen_is_told_as_a_fall():
    easing = cascade_of("hike", shock__surprise_bp=-60)
    yen = facts(told_of(easing), "shock")["The yen"]
    assert re.match(r"peak yen depreciation \d+\.\d% ", yen) and "appreciation +0.0%" not in yen
    said = title(easing.run.scenario, {**easing.run.summary, **easing})
    assert "yen −" in said and "dam" not in said
    for language in LANGUAGES:  # every class that a rally can have is a sentence
        assert facts(told_of(easing), "", language) and title(
            easing.run.scenario, {**easing.run.summary, **easing}, language
        )


def test_a_low_says_within_how_many_days_of_the_shock_it_is_the_lowest(early):
    yen = facts(told_of(early), "run")["The yen"]
    assert yen.endswith("after the shock), the lowest within 20 days of the shock")
    easing = cascade_of("hike", 3, shock__surprise_bp=-25)
    quotes = 160.62 * np.exp(-easing.run.days["log_JPY"][:21])
    rise = facts(told_of(easing), "run")["The yen"]
    assert f", {max(quotes):.2f} on day {quotes.idxmax()} (+" in rise
    assert rise.endswith("the highest within 20 days of the shock")
    for language in LANGUAGES:
        assert all("20" in " ".join(s.facts) for s in sections(told_of(easing), language)
                   if s.group == "run" and "USDJPY" in " ".join(s.facts))  # fmt: skip


def test_a_share_of_the_short_that_grew_is_explained_once_and_units_are_told():
    easing = told_of(cascade_of("hike", 3, shock__surprise_bp=-25))
    short = facts(easing, "shock")["Yen short"]
    assert short.startswith("closed because of the shock: ")
    assert short.count("(negative: rebuilt or grown)") == 1 and "−0%" not in short
    state = facts(easing, "run")["Eve of shock"]
    assert " units (worth USD 1bn each at the opening)" in state


def test_a_share_that_rounds_to_zero_is_no_growth(calm):
    shares = {f"unwound_{days}d": -0.004 for days in (5, 30, 60)}
    said = [*effects.facts(calm.run.scenario, shares, words("en"))["unwound"]]
    assert said == ["closed because of the shock: 0% within 5, 0% within 30, 0% within 60 days"]


def test_failures_of_a_burn_in_without_calls_are_told(calm):
    burn_in = {"n_margin_calls_burn_in": 0, "n_failures_burn_in": 3}
    said = [*effects.eve(calm.run.scenario, burn_in, words("en"))]
    assert said == ["in the burn-in before day 0: 0 margin calls, 3 failures"]


def test_a_move_has_the_shock_day_after_the_eve_and_names_an_extreme_eve_once(calm):
    move = move_around({0: 160.0, 1: 161.0, 2: 150.0, 3: 155.0}, 2)
    assert (move.start, move.eve, move.to_day, move.end) == (161.0, 161.0, 2, 150.0)
    said = move.told(calm.run.scenario, words("en"))
    assert said.startswith("161.00 on the eve of the shock, 150.00 on day 2 (−6.8%), the lowest")
    lower = move_around({0: 160.0, 1: 158.0, 2: 150.0}, 2)
    assert (lower.from_day, lower.eve) == (0, 158.0)
    higher = move_around({0: 160.0, 1: 158.0, 2: 157.0, 3: 170.0}, 2)  # whatever the shock did
    assert higher.is_rise and (higher.start, higher.end) == (158.0, 170.0)


def test_the_actual_path_is_told_as_the_fall_it_was_where_the_run_rises():
    # a rise of −1.2%, "the highest within 20 days", was told of August 2024
    eased = told_of(cascade_of("august-2024", policy__boj__surprise_bp=-25))
    told = eased._replace(real=real_quotes(eased.scenario))
    simulated, actual = next(s.facts for s in sections(told) if s.group == "run")
    assert simulated.endswith("the highest within 20 days of the shock")
    assert "142.24 on 5 Aug 2024" in actual and "the lowest within 20 days" in actual


def test_one_day_is_a_day(calm):
    told = told_of(calm)
    run = facts(told._replace(days=told.days[:1]), "")["Run"]
    assert "12 banks, 1 trading day, day 0 to day 0" in run


def test_who_failed_on_the_day_of_the_shock_failed_from_the_shock_on(early):
    told = told_of(early)
    rows, day = told.institutions.copy(), told.scenario.shock_day
    rows.loc[rows["n_failures"] > 0, "first_failure_day"] = day
    failed = facts(told._replace(institutions=rows), "run")["Failed"]
    assert failed.startswith(f"from the shock on {early['n_failed']}: ") and "before" not in failed


def test_an_amplification_that_is_not_defined_says_why():
    tiny = cascade_of("hike", shock__surprise_bp=0.5)
    reason = tiny["price_amplification_reason"]
    assert reason and "amplification undetermined: " in facts(told_of(tiny), "shock")["The yen"]
    for language in LANGUAGES:
        say = words(language)
        for why in ("no frozen move", "frozen move within noise", "run too short", reason):
            assert amplification({"price_amplification_reason": why}, "yen", say)


def broken_by_recalls(scenario):
    """The first cascade whose dam broke by recalls, and in which none was called or stopped out."""
    for seed in range(20):
        cascade = abm.cascade(scenario, rng=seed)
        kinds = set(cascade.run.events["kind"])
        is_forced = cascade["class"] == "dam break" and cascade["forced_share_of_unwind"] > 0.1
        if is_forced and "recall" in kinds and not kinds & {"margin_call", "loss_cut", "close_out"}:
            return cascade
    raise AssertionError("no dam was broken by recalls alone")


def test_a_dam_that_recalled_loans_alone_broke_is_not_said_to_have_had_stop_outs_only():
    frail = {"banks.core_capital_usd_bn": 5, "shock.surprise_bp": 100}
    lax = {"margin.volatility_multiple": 1.0, "margin.rate_floor": 0.02}
    cascade = broken_by_recalls(abm.load_scenario("hike").with_changes(ALONE | frail | lax))
    measures = {**cascade.run.summary, **cascade}
    assert "(liquidations, recalls, own rules)" in title(cascade.run.scenario, measures)
    assert "or recalled loans" in facts(told_of(cascade), "shock")["Yen short"]


def test_a_dam_break_that_nothing_forced_says_what_closed_the_short():
    scenario = abm.load_scenario("hike").with_changes(
        ALONE | {"margin.kind": "none", "shock.surprise_bp": 75}
    )
    cascade = abm.cascade(scenario, rng=1)
    assert (cascade["class"], cascade["n_margin_calls"]) == ("dam break", 0)
    said = facts(told_of(cascade), "shock")["Yen short"]
    assert "within 5 days, none was forced: institutions closed by their own rules" in said
    name = title(scenario, {**cascade.run.summary, **cascade})
    assert name.startswith("A +75bp surprise broke the dam by voluntary closing (own rules, none")
    half = facts(told_of(cascade, forced_share_of_unwind=0.5), "shock")["Yen short"]
    assert "of what was closed within 5 days, 50% was forced" in half


@pytest.mark.parametrize("language", LANGUAGES)
def test_both_groups_stand_in_every_language(early, language):
    say = words(language)
    told = groups(told_of(early), language)
    assert [group.heading for group in told] == [
        "", say("summary.group.shock"), say("summary.group.run")
    ]  # fmt: skip
    shock, run = ({s.heading for s in group.sections} for group in told[1:])
    both = {say("summary.heading.forced"), say("summary.heading.failed")}
    assert both <= shock & run
