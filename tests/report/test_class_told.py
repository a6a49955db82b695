"""A run without a class: too short to have one, or of a market in which no fund was short."""

import json
import math
import re
from dataclasses import replace

import pytest

import abm
from abm.classroom.live import LiveRun
from abm.classroom.verdict import class_words, verdict, written
from abm.measures.classes import CLASSES, NO_NET_SHORT
from abm.report.pictures import title
from abm.report.script import class_of
from abm.report.summary import Told, class_facts, sections
from abm.scenario import Scenario
from abm.words import LANGUAGES, key_of, words

NAN = math.nan


def measures(name, u5):
    return {"class": name, "unwound_5d": u5}


def hike(n_days):
    return abm.load_scenario("hike").with_changes({"calendar.days": n_days})


@pytest.mark.parametrize(
    ("n_days", "name", "u5", "told"),
    [
        (66, "undetermined", NAN, NO_NET_SHORT),
        (6, "undetermined", NAN, NO_NET_SHORT),  # the fifth day after day 0 is in the run
        (5, "undetermined", NAN, "undetermined"),  # and here it is not
        (20, "undetermined", 0.1, "undetermined"),  # short, but the thirtieth day is missing
        (66, "leak", 0.1, "leak"),
    ],
)
def test_no_share_in_a_run_that_is_long_enough_means_that_there_was_no_net_short(
    n_days, name, u5, told
):
    assert class_of(hike(n_days), measures(name, u5)) == told


@pytest.fixture(scope="module")
def net_long():
    """No fund owes yen, net, when the shock comes, nor did before: none borrows yen."""
    changes = {"funds.leverage_cap": 1, "retail_fx.n": 0, "retail_fx.notional_usd_bn": 0.0}
    changes |= {"trend.n": 0, "trend.equity_usd_bn": 0.0, "shock.surprise_bp": 50}
    changes |= {"banks.desk": {"kind": "none"}, "risk_parity.yen_share": 0.0}
    run = LiveRun(abm.load_scenario("hike").with_changes(changes), 1)
    run.finish()
    return run


def test_the_verdict_says_that_there_was_no_net_short_and_not_that_the_run_is_short(net_long):
    assert net_long.measures["class"] == "undetermined"
    assert net_long.days()["yen_short_units"].iloc[0] < 0.0
    said = verdict(net_long, words("en"))
    assert "no net yen short on the eve of the shock" in said and "too soon" not in said


def test_a_summary_says_so_too(net_long):
    days, table = net_long.days(), net_long.model.result().institutions
    found = abm.cascade(net_long.scenario, rng=1)
    told = Told(net_long.scenario, 1, 0, days, table, found, None)
    by_heading = {section.heading: section.facts for section in sections(told)}
    assert by_heading["Class"] == ["undetermined: no net yen short on the eve of the shock"]


def test_title_summary_and_page_agree_where_a_short_run_had_no_net_short(net_long):
    # Each had a rule of its own: the title said "no net yen short", the others "ends too soon".
    short = LiveRun(net_long.scenario.with_changes({"calendar.days": 5}), 1)
    short.finish()
    result = replace(short.model.result(), summary=short.measures)
    facts = {section.heading: section.facts for section in sections(Told.of(result))}
    assert short.measures["class"] == "undetermined"
    assert "(no net yen short on its eve)" in title(short.scenario, short.measures)
    assert facts["Class"] == ["undetermined: no net yen short on the eve of the shock"]
    assert "Undetermined: no net yen short on the eve of the shock" in verdict(short, words("en"))


def test_the_page_tells_the_class_in_the_words_of_the_summary_and_of_the_currency_owed():
    raw = json.dumps(hike(66).to_dict(), default=str).replace("JPY", "CHF")
    francs = LiveRun(Scenario.from_dict(json.loads(raw)), 7)
    francs.finish()
    (heading,) = re.findall("<h3>(.*?)</h3>", verdict(francs, words("en")))
    fact = next(class_facts(francs.scenario, francs.measures, words("en")))
    assert heading.lower() == fact.lower() and "of the CHF short" in heading


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_class_and_unit_has_words_in_every_language(language):
    say = words(language)
    names = (*CLASSES, NO_NET_SHORT)
    assert len({class_words(name, say) for name in names}) == len(names) == 8
    for name in names:
        assert say(f"summary.class.{key_of(name)}", currency="x", dam_break="y", leak="z")
    assert "12.3" in written(0.1234, "log_points", say)
    assert ("log points" in written(0.1234, "log_points", say)) == (language == "en")
