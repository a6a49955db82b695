"""Scalars without tables: the same names and the same bits as with them."""

import pytest

import abm
from abm.runs import OutputRequest, fast_cascade, watched_cascade, watched_run
from abm.runs.pasts import Pasts
from abm.scenario import load_scenario

SMALL = {
    "calendar.days": 40,
    "calendar.burn_in_days": 6,
    "calendar.drift_days": 5,
    "population.scale": 0.3,
}


@pytest.fixture(scope="module")
def storm():
    return load_scenario("hike").with_changes(SMALL | {"shock.surprise_bp": 150})


def same(found, expected):
    """Names, types and values, to the last bit; not a number is not a number."""
    return list(found) == list(expected) and all(
        type(x) is type(expected[name]) and (x == expected[name] or x != x != expected[name])
        for name, x in found.items()
    )


@pytest.mark.parametrize("bp", [0, 25, 150])
@pytest.mark.parametrize("replicate", [0, 3])
def test_a_fast_cascade_is_the_cascade(storm, bp, replicate):
    scenario = storm.with_changes({"shock.surprise_bp": bp})
    expected = dict(abm.cascade(scenario, rng=7, replicate=replicate))
    assert same(fast_cascade(scenario, 7, replicate), expected)


@pytest.mark.parametrize("watched", [watched_run, watched_cascade])
def test_a_past_that_another_size_of_the_shock_left_changes_nothing(storm, watched):
    pasts, request = Pasts(), OutputRequest(series=("log_JPY",), events=True)
    for bp in (25.0, 150.0, 25.0):
        scenario = storm.with_changes({"shock.surprise_bp": bp})
        shared, alone = (watched(scenario, 7, 1, request, kept) for kept in (pasts, None))
        assert same(shared.scalars, alone.scalars)
        for mine, theirs in ((shared.days, alone.days), (shared.events, alone.events)):
            for name in theirs:
                assert repr(list(mine[name])) == repr(list(theirs[name])), name


def test_a_fast_cascade_without_events_is_the_cascade_without_them(storm):
    quiet = storm.with_changes({"outputs.events": False})
    assert same(fast_cascade(quiet, 7), dict(abm.cascade(quiet, rng=7)))


@pytest.mark.parametrize("watched", [watched_run, watched_cascade])
def test_what_is_watched_is_what_the_tables_say(storm, watched):
    run = abm.run(storm, rng=7, replicate=1)
    seen = watched(
        storm, 7, 1, OutputRequest(series=("log_JPY", "leverage"), stride=7, events=True)
    )
    assert list(seen.days) == ["day", "log_JPY", "leverage"]
    assert seen.days["day"].tolist() == list(range(0, 40, 7))
    assert seen.days["leverage"].tolist() == run.days["leverage"][::7].tolist()
    assert list(seen.events) == list(run.events) and len(seen.events["day"]) == len(run.events)


@pytest.mark.parametrize("watched", [watched_run, watched_cascade])
def test_watching_changes_nothing(storm, watched):
    request = OutputRequest(series=("log_JPY",), events=True)
    assert same(watched(storm, 7, 0, request).scalars, watched(storm, 7).scalars)
    assert watched(storm, 7).days == {} and watched(storm, 7).events == {}
