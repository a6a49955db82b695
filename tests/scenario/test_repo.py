"""Repo in a scenario: what is refused, all of it at once, and what stays as it was."""

import json
from pathlib import Path

import pytest

import abm
from abm.errors import ScenarioFaults

ROOT = Path(__file__).parents[2]
SHARES = {"funds.styles.RV.repo_share": 0.9}


def refusals(changes):
    with pytest.raises(ScenarioFaults) as refused:
        abm.load_scenario("hike").with_changes(changes)
    return str(refused.value)


def test_every_number_out_of_range_is_told_at_once():
    said = refusals(
        {
            "repo": {"kind": "fixed", "haircut": 1.2, "spread_per_year": 0.5},
            "funds.styles.RV.repo_share": 1.5,
            "funds.styles.MA.repo_share": -0.1,
        }
    )
    for words in (
        "4 faults", "repo.haircut", "repo.spread_per_year", "must be from 0 to 0.1",
        "[funds.styles.RV] repo_share", "[funds.styles.MA] repo_share", "must be from 0 to 1",
    ):  # fmt: skip
        assert words in said or words.replace("repo.", "[repo] ") in said, said


def test_all_that_does_not_go_together_is_told_at_once():
    said = refusals(
        {
            "repo": {"kind": "risk", "asset": "NKY", "haircut_floor": 0.6},
            "funds.styles.FXM.repo_share": 0.5,
        }
    )
    for words in (
        "3 faults", "quoted in dollars (UST, SPX, HY, EM)", "at most repo.haircut_cap (0.5)",
        "must be 0: the style holds no NKY",
    ):  # fmt: skip
        assert words in said, said


def test_bonds_are_not_pledged_without_a_lender_nor_by_who_has_none():
    assert 'repo.kind must be "fixed" or "risk"' in refusals(SHARES)
    said = refusals({"repo.kind": "risk", "funds.styles.JP.repo_share": 0.5})
    assert "the style holds no UST" in said


def test_results_kept_before_there_was_repo_have_the_hash_of_their_scenario():
    kept = ROOT / "results" / "august-2024-seed-10"
    said = json.loads((kept / "manifest.json").read_text(encoding="utf-8"))["scenario_hash"]
    before = abm.load_scenario(kept / "scenario.toml")
    assert before.canonical_hash() == said
    hashes = {said}
    for kind in ("fixed", "risk"):
        hashes |= {before.with_changes({"repo.kind": kind}).canonical_hash()}
        hashes |= {before.with_changes({"repo.kind": kind} | SHARES).canonical_hash()}
    assert len(hashes) == 5
