"""Rogers and Veraart 2013: recoveries below 1, several answers, and the greatest among them."""

import json
from itertools import product
from pathlib import Path

import numpy as np
import pytest

from abm.contagion import clear_interbank
from abm.literature import rogers_veraart
from abm.literature.drawn import draw_banks

SHEET = json.loads((Path(__file__).parents[1] / "reference" / "eisenberg_noe.json").read_text())
NAMES = {"three_bank_cascade": "chain", "cycle_partial": "ring"}
CASES = [c for c in SHEET["cases"] if c["name"] in NAMES]


@pytest.fixture(scope="module")
def table():
    return rogers_veraart.findings(quick=True)


@pytest.mark.parametrize("case", CASES, ids=lambda c: f"{c['name']}-{c['alpha']}-{c['beta']}")
def test_a_network_of_an_independent_program_is_stated_and_cleared(case, table):
    name, recovery = NAMES[case["name"]], (case["alpha"], case["beta"])
    stated = next(
        c for c in rogers_veraart.CASES if c.name == name and c.recovery == recovery
    )  # fmt: skip
    assert (stated.debts, stated.assets, stated.outside) == (case["L"], case["e"], case["b"])
    found = table[(table["case"] == name) & (table["alpha"] == case["alpha"])].sort_values("bank")
    expected = pytest.approx(case["p_greatest"], rel=0, abs=SHEET["tolerance_abs"])
    assert found["payment"].tolist() == expected == stated.payments


def test_every_line_agrees_on_quick_findings(table):
    assert all(line.agrees for line in rogers_veraart.compare(table))


def all_answers(debts, assets, outside, alpha, beta):
    """Every clearing vector: each set of defaulters solved, and kept if it is consistent."""
    debts, assets, outside = (np.array(x, float) for x in (debts, assets, outside))
    due = debts.sum(axis=1) + outside
    shares = debts / np.where(due > 0, due, 1.0)[:, None]
    answers = []
    for failing in product((False, True), repeat=due.size):
        failed = np.array(failing)
        system = np.eye(due.size) - np.where(failed[:, None], beta * shares.T, 0.0)
        paid = np.linalg.solve(system, np.where(failed, alpha * assets, due))
        able = assets + shares.T @ paid >= due * (1 - 1e-12)
        if (able == ~failed).all():
            answers.append(paid)
    return np.array(answers)


def test_the_pair_has_two_answers_and_the_greater_is_given():
    answers = all_answers([[0, 10], [10, 0]], [1, 1], [0, 0], 0.5, 0.5)
    assert sorted(answers.tolist()) == [[1, 1], [10, 10]]  # 0.5 x 1 + 0.5 x 1 = 1
    found = clear_interbank([[0, 10], [10, 0]], [1, 1], None, 0.5, 0.5)
    assert found.payments.tolist() == [10, 10] and not found.defaulted.any()


@pytest.mark.parametrize("seed", range(12))
def test_of_all_answers_of_a_network_the_greatest_is_given(seed):
    rng = np.random.default_rng(seed)
    debts = rng.uniform(0, 10, (5, 5)) * (rng.random((5, 5)) < 0.7)
    np.fill_diagonal(debts, 0.0)
    network = debts, rng.uniform(0, 6, 5), rng.uniform(0, 3, 5)
    answers = all_answers(*network, 0.7, 0.6)
    found = clear_interbank(*network, 0.7, 0.6)
    assert found.payments == pytest.approx(answers.max(axis=0), rel=0, abs=1e-9)


@pytest.mark.parametrize("assets", [0.25, 0.5, 0.999, 1.0, 1.001, 3.0, 5.9, 6.1, 7.5])
def test_the_answers_of_the_pair_are_those_that_its_figure_shows(assets):
    debt, outside, half = 10.0, [1.0, 1.0], 0.5
    answers = all_answers([[0, debt], [debt, 0]], [assets] * 2, outside, half, half)
    even = sorted(a[0] for a in answers if a[0] == pytest.approx(a[1]))
    expected = [11.0] if assets >= 1.0 else []
    if rogers_veraart.default_is_consistent(assets):
        expected = [rogers_veraart.both_default(assets), *expected]
    assert even == pytest.approx(expected)


def test_costlier_default_never_means_fewer_failures(table):
    drawn = table[table["part"] == "drawn"]
    for _, curve in drawn.groupby("loss"):
        assert (curve.sort_values("alpha")["defaults"].diff().dropna() <= 0).all()
    assert (drawn["lost"] >= -1e-15).all()
    assert (drawn[drawn["alpha"] == 0.0]["lost"] > 0.1).all()


def test_what_default_destroys_is_what_no_bank_ends_with(table):
    """Assets after the loss, less what owners and outside creditors have."""
    banks = draw_banks(rogers_veraart.SEED, rogers_veraart.N_BANKS)
    assets = 0.95 * banks.external_assets
    found = clear_interbank(banks.claims.T, assets, banks.external_liabilities, 0.5, 0.5)
    kept = found.equity.sum() + (found.payments - found.payments_to_banks).sum()
    total = (banks.external_assets + banks.claims.sum(axis=1)).sum()
    row = table[np.isclose(table["alpha"], 0.5) & (table["loss"] == 0.05)]
    assert row["lost"].tolist() == pytest.approx([(assets.sum() - kept) / total])


def test_the_figure_is_drawn_from_the_table_alone(table, monkeypatch):
    monkeypatch.setattr(rogers_veraart, "clear_interbank", None)
    figure = rogers_veraart.figure(table)
    assert "95 if default leaves nothing" in figure.texts[0].get_text()
    with pytest.raises(TypeError):
        rogers_veraart.findings(quick=True)
