"""The script of a scenario, in words and on figures."""

import json

import pytest

import abm
from abm.report.pictures import title
from abm.report.script import acts, currency
from abm.report.summary import Told, sections
from abm.scenario import Scenario
from abm.words import LANGUAGES


def owed_in_francs(name):
    """A shipped scenario in which the franc is what the yen was."""
    raw = json.dumps(abm.load_scenario(name).to_dict(), default=str)
    return Scenario.from_dict(json.loads(raw.replace("JPY", "CHF")))


@pytest.mark.parametrize(
    ("scenario", "told"),
    [
        (
            abm.load_scenario("august-2024"),
            {
                8: ("the Ministry of Finance sold USD 20bn for yen", "MoF sells USD 20bn"),
                22: ("the Bank of Japan moved its rate by +15bp, a", "BoJ +15bp"),
            },
        ),
        (
            owed_in_francs("august-2024"),
            {
                8: ("the authorities sold USD 20bn for CHF", "authorities sell USD 20bn"),
                22: ("CHF's central bank moved its rate by +15bp, a", "central bank +15bp"),
            },
        ),
        (
            owed_in_francs("hike"),
            {
                0: (
                    "CHF's central bank surprised the market by +25bp",
                    "central bank surprise +25bp",
                )
            },
        ),
    ],
)
def test_who_acts_is_called_by_the_currency_that_is_owed(scenario, told):
    found = {act.day: act for act in acts(scenario)}
    for day, (what, label) in told.items():
        assert found[day].what.startswith(what) and found[day].label == label


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("surprise_bp", [25, -100])
def test_where_francs_are_owed_no_sentence_is_about_the_yen(language, surprise_bp):
    francs = owed_in_francs("hike").with_changes({"shock.surprise_bp": surprise_bp})
    cascade = abm.cascade(francs)
    run, measures = cascade.run, {**cascade.run.summary, **cascade}
    told = Told(francs, 0, 0, run.days, run.institutions, measures, None)
    said = [fact for section in sections(told, language) for fact in section.facts]
    said.append(title(francs, measures, language))
    yen = currency("JPY", language)
    assert not [fact for fact in said if yen in fact] and any("CHF" in fact for fact in said)
