"""Eisenberg and Noe 2001: payments, rounds, and what the drawn network shows."""

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from abm.contagion import clear_interbank
from abm.errors import InvalidInput
from abm.literature import eisenberg_noe
from abm.literature.drawn import CAPITAL_RATIO, draw_banks

SHEET = json.loads((Path(__file__).parents[1] / "reference" / "eisenberg_noe.json").read_text())
CASES = [c for c in SHEET["cases"] if c["alpha"] == c["beta"] == 1.0]
NAMES = {
    "two_bank_chain": "chain of two",
    "three_bank_cascade": "chain of three",
    "cycle_partial": "ring of three",
}


@pytest.fixture(scope="module")
def table():
    return eisenberg_noe.findings(quick=True)


@pytest.mark.parametrize("case", CASES, ids=lambda c: c["name"])
def test_a_network_of_an_independent_program_is_stated_and_cleared(case, table):
    stated = next(c for c in eisenberg_noe.CASES if c.name == NAMES[case["name"]])
    assert (stated.debts, stated.assets, stated.outside) == (case["L"], case["e"], case["b"])
    found = table[table["case"] == stated.name].sort_values("bank")
    expected = pytest.approx(case["p_greatest"], rel=0, abs=SHEET["tolerance_abs"])
    assert found["payment"].tolist() == expected == stated.payments
    rounds = [found["bank"][found["wave"] == w + 1].tolist() for w in range(len(NAMES))]
    assert [r for r in rounds if r] == case["default_waves"]


def test_every_line_agrees_on_quick_findings(table):
    assert all(line.agrees for line in eisenberg_noe.compare(table))


def test_a_larger_loss_never_saves_a_bank_and_contagion_only_adds(table):
    curves = eisenberg_noe._defaults_by_loss(table)
    assert (curves.diff().dropna() >= 0).all(axis=None) and (curves.iloc[0] == 0).all()
    assert (curves["alone"] <= curves["pari-passu"]).all()
    assert (curves["pari-passu"] <= curves["senior"]).all()


def test_who_falls_in_round_one_cannot_pay_even_if_all_others_do(table):
    """Counted on balance sheets alone, at a loss of 7%."""
    banks = draw_banks(eisenberg_noe.SEED, eisenberg_noe.N_BANKS)
    alone = int((0.07 * banks.external_assets > banks.equity).sum())
    at = table[np.isclose(table["loss"], 0.07) & (table["round"] == 1)]
    assert at["defaults"].tolist() == [alone, alone]


def test_the_figure_says_what_the_table_says(table):
    figure = eisenberg_noe.figure(table)
    curves = eisenberg_noe._defaults_by_loss(table)
    widest = (curves["senior"] - curves["alone"]).max()
    assert f"{widest:.0f} where outside creditors" in figure.texts[0].get_text().replace("\n", " ")
    assert figure.get_figwidth() * figure.dpi == 1200


def test_without_the_solver_there_are_no_findings(monkeypatch):
    def unavailable(*_, **__):
        raise RuntimeError("not ours")

    monkeypatch.setattr(eisenberg_noe, "clear_interbank", unavailable)
    with pytest.raises(RuntimeError, match="not ours"):
        eisenberg_noe.findings(quick=True)


@given(st.integers(0, 2**32 - 1), st.integers(2, 40))
def test_drawn_balance_sheets_balance_and_are_solvent(seed, n_banks):
    banks = draw_banks(seed, n_banks, min(6.0, n_banks - 1.0))
    assets = banks.external_assets + banks.claims.sum(axis=1)
    debts = banks.external_liabilities + banks.claims.sum(axis=0)
    assert assets - debts == pytest.approx(banks.equity)
    ratio = banks.equity / assets
    assert (ratio >= CAPITAL_RATIO[0] - 1e-12).all() and (ratio <= CAPITAL_RATIO[1] + 1e-12).all()
    assert banks.external_assets.min() > 0 and banks.external_liabilities.min() > 0
    found = clear_interbank(banks.claims.T, banks.external_assets, banks.external_liabilities)
    assert not found.defaulted.any()


def test_the_same_seed_draws_the_same_banks_and_another_seed_others():
    one, again, other = draw_banks(1), draw_banks(1), draw_banks(2)
    assert all((a == b).all() for a, b in zip(one, again, strict=True))
    assert (one.claims != other.claims).any()
    assert (one.claims > 0).sum() / 100 == pytest.approx(6.0, rel=0.25)


def test_a_system_that_cannot_be_drawn_is_refused_with_every_fault():
    with pytest.raises(InvalidInput) as refusal:
        draw_banks(0, 1, 0.0, -1.0)
    words = ("n_banks = 1", "mean_degree = 0.0", "size_spread = -1.0: must be from 0 to 3")
    assert all(word in str(refusal.value) for word in words)
