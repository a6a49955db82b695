"""The swap market in a scenario: what is refused, all of it at once, and what stays as it was."""

import json
from pathlib import Path

import pytest

import abm
from abm.errors import ScenarioFaults
from abm.runs.tables import BASIS_COLUMNS
from tests.engine.worlds import scenario

ROOT = Path(__file__).parents[2]
MARKET = {"kind": "market", "maturity_days": 4}


def refusals(changes):
    with pytest.raises(ScenarioFaults) as refused:
        abm.load_scenario("hike").with_changes(changes)
    return str(refused.value)


def test_every_fault_of_a_swap_market_is_told_at_once():
    said = refusals(
        {
            "funding.basis_per_year": 0.05,
            "funding.basis": {
                "kind": "market",
                "maturity_days": 240,
                "squeeze": {
                    "kind": "script",
                    "points": [
                        {"name": "late", "day": 9, "squeeze": 1.0},
                        {"name": "early", "day": 3, "squeeze": 2.0},
                        {"name": "late", "day": 999, "squeeze": 0.0},
                    ],
                },
            },
            "policy.swap_line": {"kind": "facility", "day": 9, "until": 5},
        }
    )
    for words in (
        "6 faults", "must be at most 146, the days of the run and of its burn-in",
        "the widest basis", "must be after the point before", "must be from 0 to 65",
        "is taken by another entry", "must be after it has opened",
    ):  # fmt: skip
        assert words in said, said


@pytest.mark.parametrize(
    ("basis", "words"),
    [
        (MARKET | {"maturity_days": 0}, "must be from 1 to 250"),
        (MARKET | {"swap_share": 1.5}, "must be from 0 to 1"),
        (MARKET | {"squeeze": {"kind": "gauge", "asset": "JPY"}}, "must be an asset of the scen"),
    ],
)
def test_numbers_out_of_range_are_refused(basis, words):
    assert words in refusals({"funding.basis": basis})


def test_a_facility_without_a_swap_market_is_refused():
    said = refusals({"policy.swap_line": {"kind": "facility-by-rule"}})
    assert 'needs funding.basis.kind = "market"' in said


def test_results_kept_before_the_basis_moved_have_the_hash_of_their_scenario():
    kept = ROOT / "results" / "august-2024-seed-10"
    said = json.loads((kept / "manifest.json").read_text(encoding="utf-8"))["scenario_hash"]
    before = abm.load_scenario(kept / "scenario.toml")
    assert before.canonical_hash() == said
    assert before.with_changes({"funding.basis": MARKET}).canonical_hash() != said


@pytest.fixture(scope="module")
def run():
    changes = {"policy__swap_line": {"kind": "facility", "day": 2, "until": 6}}
    return abm.run(scenario("hike", funding__basis=MARKET, **changes), rng=1)


def test_the_days_of_a_run_have_the_basis_only_where_it_moves(run):
    assert set(BASIS_COLUMNS) <= set(run.days.columns)
    plain = abm.run(scenario("hike"), rng=1).days
    assert [name for name in run.days if name not in BASIS_COLUMNS] == list(plain.columns)


def test_a_line_that_opens_and_closes_is_told_in_three_languages(run):
    from abm.report.chronicle import chronicle

    events = run.events[run.events["kind"] == "swap_line"]
    assert events["day"].tolist() == [2, 6]
    assert events["amount_usd_bn"].tolist() == [1.0, -1.0]
    for language, word in (("en", "swap line"), ("ja", "スワップライン"), ("zh", "互换额度")):
        told = [one.what for one in chronicle(run.events, language) if one.kind == "swap_line"]
        assert len(told) == 2 and told[0] != told[1]
        assert all(word in what for what in told)
