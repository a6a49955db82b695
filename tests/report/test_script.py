"""What a scenario makes happen, in words and on figures."""

import json

import pytest

import abm
from abm.report.script import acts
from abm.scenario import Scenario


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
