"""Every key of the parameter table as a change of a branch: it acts from now on, or is refused."""

from datetime import date, timedelta

import numpy as np
import pytest

import abm
from abm.errors import ScenarioFaults
from abm.population.past import OPENING, RECORD, past_faults
from abm.population.world import build_world
from abm.scenario.places import leaves

DAY = 5
DESK = {"kind": "carry", "capital_share": 0.1, "leverage": 4.0, "weights": {"UST": 0.5}}
BORROWERS = {"n": 3, "equity_usd_bn": 3.0, "yen_share": 0.5, "weights": {"SPX": 0.5, "NKY": 0.5}}
SWAP = {"kind": "line", "day": 20}
SCENARIO = abm.load_scenario("august-2024").with_changes(
    {
        "banks.desk": DESK,
        "banks.requirement.kind": "risk-weighted",
        "banks.trading_book": {"kind": "held", "weights": {"HY": 0.6, "SPX": 0.4}},
        "banks.funding_run.kind": "withdrawals",
        "banks.interbank_marks.kind": "capital",
        "policy.swap_line": SWAP,
        "auto_borrowers": BORROWERS,
        "companies": {"n": 3, "debt_usd_bn": 3.0},
        "trader": {"kind": "account"},
        "bonds.UST.surprise_pass_through": 0.2,
        "funding.basis": {"kind": "market", "squeeze": {"kind": "gauge"}},
    }
)
# Said about a run or shown with it.
INERT = ("name", "title", "about", "calendar.shock_day")


def others_of(value):
    """Values near one that may be tried in its stead."""
    if isinstance(value, bool):
        return [not value]
    if isinstance(value, int):
        return [value + 1, value - 1, 360 + 365 - value]
    if isinstance(value, float):
        return [value * 1.05 + 1e-3, value * 0.95, value * 0.95 + 1e-4, value * 2.0]
    if isinstance(value, date):
        return [value + timedelta(days=n) for n in (1, 3, -1)]
    if isinstance(value, tuple):
        return [value[::-1], tuple(v * 0.9 for v in value if isinstance(v, float))]
    return []


def with_another(key, value):
    for other in others_of(value):
        try:
            return SCENARIO.with_changes({key: other})
        except ScenarioFaults:
            continue
    return None


def to_come(world):
    """All that decides the days to come, except how things stand."""
    mandates = world.rules.mandates._asdict()
    mandates = {k: v for k, v in mandates.items() if k not in ("opening_wealth", "size_usd_bn")}
    rules = {k: v for k, v in world.rules._asdict().items() if k != "mandates"}
    from_now = world.burn_in + DAY
    script = {k: v[from_now:] for k, v in world.script._asdict().items() if k != "moves"}
    script["news"] = script["news"] + world.chance.news[from_now:]
    return {
        **mandates,
        **rules,
        **script,
        **world.options._asdict(),
        "leverage_max": world.graph.leverage_max,
    }


def differ(one, two):
    if isinstance(one, tuple):
        return any(differ(a, b) for a, b in zip(one, two, strict=True))
    return not np.array_equal(np.asarray(one), np.asarray(two))


BASE = to_come(build_world(SCENARIO, 1))


def test_every_key_may_be_given_as_it_is():
    for leaf in leaves(SCENARIO):
        assert past_faults(SCENARIO, SCENARIO.with_changes({leaf.key: leaf.value}), DAY) == []


def test_every_key_acts_from_now_on_or_is_refused_by_its_name():
    tried = 0
    for leaf in leaves(SCENARIO):
        changed = with_another(leaf.key, leaf.value)
        if changed is None or changed == SCENARIO:
            continue
        tried += 1
        faults = past_faults(SCENARIO, changed, DAY)
        if faults:
            assert any(fault.startswith(leaf.key) for fault in faults), faults
            continue
        now = to_come(build_world(changed, 1))
        acts = any(differ(BASE[name], now[name]) for name in BASE)
        assert acts or leaf.key in INERT, leaf.key
    assert tried > 300


def test_what_is_refused_as_of_the_opening_is_a_key():
    from fnmatch import fnmatchcase

    keys = [leaf.key for leaf in leaves(SCENARIO)]
    for pattern in (*OPENING, *RECORD):
        assert any(fnmatchcase(key, pattern) for key in keys), pattern


@pytest.mark.parametrize("name", ["hike", "august-2024"])
def test_an_act_is_added_by_its_name(name):
    october = "policy.mof.interventions.october"
    bought = {f"{october}.day": 30, f"{october}.usd_bn": 25.0}
    kind = {} if name == "august-2024" else {"policy.mof.kind": "script"}
    news = {"news.late.day": 31, "news.late.moves.JPY": 0.01}
    scenario = abm.load_scenario(name)
    changed = scenario.with_changes(bought | kind | news)
    assert changed.policy.mof.interventions[-1].name == "october"
    assert changed.policy.mof.interventions[-1].usd_bn == 25.0
    assert changed.news[-1].moves == {"JPY": 0.01}
    assert past_faults(scenario, changed, 20) == []
    assert len(past_faults(scenario, changed, 31)) >= 2


def test_a_name_of_an_act_that_says_too_little_is_an_unknown_key():
    with pytest.raises(ScenarioFaults, match=r"did you mean policy.mof.interventions.first.usd_bn"):
        abm.load_scenario("august-2024").with_changes(
            {"policy.mof.interventions.frist.usd_bn": 1.0}
        )
