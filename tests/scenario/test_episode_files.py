"""Episodes change opening books, policy and news of world-2024, and script no crash."""

import re
from datetime import date

import pytest

import abm
from abm.scenario.places import leaves

# Days of the largest falls of the record, on which nothing is scripted but what was announced.
CRASHES = {
    "october-1998": [date(1998, 10, 8)],
    "august-2007": [date(2007, 8, 16)],
    "october-2008": [date(2008, 10, 6), date(2008, 10, 8), date(2008, 10, 24)],
    "taper-2013": [date(2013, 5, 23)],
    "franc-2015": [],
    "march-2020": [date(2020, 3, 18), date(2020, 3, 20)],
    "april-2025": [date(2025, 4, 7)],
    "january-2026": [date(2026, 1, 26)],
}
# Keys that say what is owned, owed, quoted, earned, announced; all others are behaviour.
OPENING = {"opening_quote", "yield_per_year", "drift_before_start_log", "equity_usd_bn", "leverage"}
OPENING |= {"yen_share", "hedge_share", "present", "leverage_cap", "opening_leverage_cap"}
BOOKS = ("rates.", "funds.preferences.", "trend.opening_signal.", "calendar.", "policy.", "news")
# Reference rates of yen debts: debts open as large as recorded.
BOOKS += ("funds.funding.", "trend.carry.", "retail_fx.carry.")
# The basis in calm, and dollars hoarded as scripted: march-2020 and franc-2015.
BOOKS += ("funding.basis",)
WORDS = {"name", "title", "about"}


def values(scenario):
    return {leaf.key: leaf.value for leaf in leaves(scenario)}


@pytest.mark.parametrize("name", CRASHES)
def test_an_episode_keeps_the_behaviour_of_2024(name):
    episode, world = values(abm.load_scenario(name)), values(abm.load_scenario("world-2024"))
    changed = {key for key in episode | world if episode.get(key) != world.get(key)} - WORDS
    behaviour = {
        key
        for key in changed
        if key.rpartition(".")[2] not in OPENING
        and not key.startswith(BOOKS)
        and not {"EUR", "CHF"} & set(re.split(r"[.-]", key))  # traded in franc-2015 alone
    }
    assert behaviour == set()


@pytest.mark.parametrize("name", CRASHES)
def test_no_crash_is_scripted(name):
    scenario = abm.load_scenario(name)
    days = {item.day for item in scenario.news}
    assert days and days.isdisjoint(CRASHES[name])
    assert all(abs(move) <= 0.13 for item in scenario.news for move in item.moves.values())


def test_news_of_lehman_are_four_fifths_of_its_day_by_hand():
    """USDJPY 107.31 to 105.47 at noon in New York (H.10); the ten-year yield 3.74 to 3.47%."""
    news = {item.name: item.moves for item in abm.load_scenario("october-2008").news}["lehman"]
    assert news["JPY"] == pytest.approx(0.8 * 0.0173, abs=1e-4)
    assert news["UST"] == pytest.approx(0.8 * 8.2 * 0.0027, abs=1e-4)
    assert news["HY"] == pytest.approx(0.7 * news["SPX"], abs=1e-4)


def test_franc_debts_are_the_francs_crowding_times_its_turnover_over_the_yens():
    """Turnover of April 2013: franc 5.2%, yen 23.0% (BIS); crowding .76, of the yen .78."""
    owed = {name: s.loan_shares for name, s in abm.load_scenario("franc-2015").funds.styles.items()}
    assert owed.pop("FXM")["CHF"] == pytest.approx(0.76 * 5.2 / 23.0, abs=0.005)
    assert not any(owed.values())


def test_yen_debts_are_those_of_2024_times_crowding():
    """The CFTC's net short over open interest: .475 on 3 July 2007, .527 on 2 July 2024."""
    styles = abm.load_scenario("august-2007").funds.styles
    for name, style in abm.load_scenario("world-2024").funds.styles.items():
        assert styles[name].yen_share == pytest.approx(0.90 * style.yen_share)
