"""The swap market in a scenario: what is refused, all of it at once, and what stays as it was."""

from pathlib import Path

import pytest

import abm
from abm.errors import ScenarioFaults
from abm.report.funding import basis_facts
from abm.report.pictures import basis_picture
from abm.runs.tables import BASIS_COLUMNS
from abm.sweep.question import series_names
from abm.words import words as words_of
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


def test_every_fault_of_a_basis_of_its_own_is_told_at_once():
    script = {"kind": "script", "points": [
        {"name": "late", "day": 9, "squeeze": 1.0}, {"name": "early", "day": 3, "squeeze": 2.0},
    ]}  # fmt: skip
    own = {"basis_per_year": 0.004, "demand_usd_bn": 20.0}
    currencies = {
        "JPY": own, "CHF": own, "SPX": own,
        "AUD": own | {"basis_per_year": 0.04}, "MXN": own | {"squeeze": script},
    }  # fmt: skip
    said = refusals({"funding.basis": MARKET | {"currencies": currencies}})
    for words in (
        "5 faults", "currencies] JPY", "is the funding currency", "currencies] CHF",
        "currencies] SPX", "is not a traded currency of the scenario (AUD, MXN)",
        "at most 0.03, the widest basis", "[funding.basis.currencies.MXN.squeeze.points.early]",
        "must be after the point before",
    ):  # fmt: skip
        assert words in said, said


def test_a_basis_of_its_own_needs_size_and_demand_and_has_no_gauge():
    squeeze = {"kind": "gauge"}
    said = refusals({"funding.basis": MARKET | {"currencies": {"AUD": {"squeeze": squeeze}}}})
    for words in ("basis_per_year", "demand_usd_bn", '"none" or "script"'):
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
    constant = {"funding.basis": {"kind": "constant"}}
    said = refusals(constant | {"policy.swap_line": {"kind": "facility-by-rule"}})
    assert 'needs funding.basis.kind = "market"' in said


def test_the_world_of_before_the_basis_moved_and_banks_mattered_has_the_hash_it_had():
    before = abm.load_scenario("august-2024").with_changes(
        {
            "funding.basis": {"kind": "constant"},
            "banks.requirement": {"kind": "leverage"},
            "banks.trading_book": {"kind": "none"},
            "banks.funding_run": {"kind": "none"},
            "liquidity.dealers.capacity": {"kind": "capital"},
        }
    )
    assert before.canonical_hash() == (
        "55f558167798643e2fcaf5e8c7428080fe89086618d728f23b63495b99a2cb35"
    )
    moving = before.with_changes({"funding.basis": MARKET})
    assert moving.canonical_hash() != before.canonical_hash()
    own = {"AUD": {"basis_per_year": 0.004, "demand_usd_bn": 20.0}}
    with_own = moving.with_changes({"funding.basis.currencies": own})
    assert with_own.canonical_hash() != moving.canonical_hash()


@pytest.fixture(scope="module")
def run():
    changes = {"policy__swap_line": {"kind": "facility", "day": 2, "until": 6}}
    return abm.run(scenario("hike", funding__basis=MARKET, **changes), rng=1)


def test_the_days_of_a_run_have_the_basis_only_where_it_moves(run):
    assert set(BASIS_COLUMNS) <= set(run.days.columns)
    plain = abm.run(scenario("hike", funding__basis={"kind": "constant"}), rng=1).days
    assert [name for name in run.days if name not in BASIS_COLUMNS] == list(plain.columns)


def test_the_days_have_a_column_for_each_basis_of_its_own():
    own = {"MXN": {"basis_per_year": 0.006, "demand_usd_bn": 20.0}}
    made = scenario("hike", funding__basis=MARKET | {"currencies": own})
    run = abm.run(made, rng=1)
    days = run.days
    assert days["basis_MXN_bp"].median() == pytest.approx(-60.0, abs=10.0)
    title = basis_picture(made, "", days, run.events).texts[0].get_text()
    widest = f"−{-days['basis_MXN_bp'].min():.0f}bp"
    assert f"widest of others: MXN {widest}" in title
    for language in ("en", "ja", "zh"):
        told = [fact for fact in basis_facts(made, days, words_of(language)) if "MXN" in fact]
        assert len(told) == 1 and widest in told[0]
    assert "basis_MXN_bp" in series_names(made)
    assert "basis_MXN_bp" not in series_names(scenario("hike", funding__basis=MARKET))


def test_a_line_that_opens_and_closes_is_told_in_three_languages(run):
    from abm.report.chronicle import chronicle

    events = run.events[run.events["kind"] == "swap_line"]
    assert events["day"].tolist() == [2, 6]
    assert events["amount_usd_bn"].tolist() == [1.0, -1.0]
    for language, word in (("en", "swap line"), ("ja", "スワップライン"), ("zh", "互换额度")):
        told = [one.what for one in chronicle(run.events, language) if one.kind == "swap_line"]
        assert len(told) == 2 and told[0] != told[1]
        assert all(word in what for what in told)
