"""Vulnerable banks on our market: one round, all rounds, and their series."""

import json
from pathlib import Path

import numpy as np
import pytest

import abm.literature.greenwood as greenwood
from abm.literature.greenwood import CASES, PAPER, Banks, geometric_sum, multiplier, sale_rounds

REFERENCE = Path(__file__).parents[1] / "reference" / "greenwood.json"
EXPECTED = {
    name: case["expected"]
    for name, case in zip(CASES, json.loads(REFERENCE.read_text())["cases"], strict=True)
}


@pytest.fixture(scope="module")
def findings():
    return PAPER.findings(quick=True)


def values(findings, case, quantity):
    rows = (findings["case"] == case) & (findings["impact_times"] == 1.0)
    return findings[rows & (findings["quantity"] == quantity)]["value"].tolist()


@pytest.mark.parametrize("case", CASES)
def test_the_market_finds_what_an_independent_program_found(findings, case):
    names = {"price impact": "price_impact", "systemicness": "systemicness",
             "indirect vulnerability": "indirect_vulnerability"}  # fmt: skip
    for quantity, name in names.items():
        assert values(findings, case, quantity) == pytest.approx(EXPECTED[case][name], rel=1e-12)
    total = EXPECTED[case]["aggregate_vulnerability"]
    assert values(findings, case, "aggregate vulnerability") == [pytest.approx(total, rel=1e-12)]
    shock, first = values(findings, case, "what is left")[:2]
    assert shock == pytest.approx(EXPECTED[case]["direct_over_equity"], rel=1e-12)
    assert first == pytest.approx(total, rel=1e-12)


def test_every_number_of_the_paper_agrees(findings):
    lines = PAPER.compare(findings)
    assert [line.quantity for line in lines if not line.agrees] == [] and 4 <= len(lines) <= 25


def test_banks_alike_lose_the_same_share_again_in_every_round():
    """27/40 of each loss comes back: rounds of 10%, 6.75%, ... sum to 10% x 27/13 of equity."""
    rounds = sale_rounds(CASES["common portfolio"], depletes=False)
    assert rounds[:12] == pytest.approx(0.1 * 0.675 ** np.arange(12), rel=1e-12)
    assert rounds[1:].sum() == pytest.approx(0.1 * 27 / 13, abs=1e-8)


def test_a_bank_alone_sells_out_in_two_rounds_by_hand():
    """It loses 5 of 100 and sells 45, down 9%; loses 9 of 100 and sells the 55 left, down 11%;
    loses 6.05 of those 55, wants to sell 54.45 and has nothing. Equity is 10."""
    banks = Banks(*map(np.array, ([100.0], [10.0], [[1.0]], [0.002], [-0.05])))
    assert sale_rounds(banks, depletes=True) == pytest.approx([0.5, 0.9, 0.605], rel=1e-12)


def test_no_bank_sells_more_than_there_is_however_thin_the_market():
    """All is sold: the assets fall by what selling all of them costs, and no further."""
    banks = CASES["partial overlap"]._replace(impact=np.array([0.004, 0.008]))
    held = banks.assets @ banks.weights
    worst = -(banks.returns - banks.impact * held) @ held / banks.equity.sum()
    lost = sale_rounds(banks, depletes=True)
    assert geometric_sum(banks) == np.inf
    assert lost[-1] >= 0.0 and lost.sum() <= worst and lost.size < 50


@pytest.mark.parametrize("times", [0.3, 1.0, 1.7])
def test_one_round_understates_and_the_series_overstates_what_sales_do(times):
    banks = CASES["partial overlap"]
    banks = banks._replace(impact=times * banks.impact)
    left = sale_rounds(banks, depletes=True)[1:]
    assert left[0] < left.sum() < geometric_sum(banks)


def test_the_series_ends_where_a_round_gives_back_less_than_it_took():
    banks = CASES["partial overlap"]
    edge = 1.0 / max(abs(np.linalg.eigvals(multiplier(banks))))
    assert np.isfinite(geometric_sum(banks._replace(impact=0.999 * edge * banks.impact)))
    assert geometric_sum(banks._replace(impact=1.001 * edge * banks.impact)) == np.inf


def test_without_the_market_there_is_nothing_to_find(monkeypatch):
    def closed(problem):
        raise RuntimeError("closed")

    monkeypatch.setattr(greenwood, "clear_market", closed)
    with pytest.raises(RuntimeError, match="closed"):
        PAPER.findings(quick=True)


def test_the_figure_says_what_was_found(findings):
    title = PAPER.figure(findings).texts[0].get_text()
    assert "28%" in title and "43%" in title
