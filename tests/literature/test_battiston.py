"""Battiston et al. 2012: distress before default, passed on once."""

import json
from pathlib import Path

import numpy as np
import pytest

from abm.literature import battiston
from abm.literature.drawn import draw_banks

SHEET = json.loads((Path(__file__).parents[1] / "reference" / "debtrank.json").read_text())
NAMES = {"chain3": "chain", "ring3_small_shock": "ring", "saturation": "all to all"}


@pytest.fixture(scope="module")
def table():
    return battiston.findings()


@pytest.mark.parametrize("case", SHEET["cases"], ids=lambda c: c["name"])
def test_a_case_of_an_independent_program_is_stated_and_met(case, table):
    stated = next(c for c in battiston.CASES if c.name == NAMES[case["name"]])
    assert np.transpose(stated.exposures).tolist() == case["W"]  # equity 1
    assert (stated.value, stated.shock) == (case["v"], case["h0"])
    found = table[table["case"] == stated.name].sort_values("bank")
    tolerance = {"rel": 0, "abs": SHEET["tolerance_abs"]}
    assert found["distress"].tolist() == pytest.approx(case["h_final"], **tolerance)
    assert found["debtrank"].iloc[0] == pytest.approx(case["debtrank"], **tolerance)
    assert stated.debtrank == pytest.approx(case["debtrank"], **tolerance)


def test_every_line_agrees_on_full_and_quick_findings(table):
    for findings in (table, battiston.findings(quick=True)):
        lines = battiston.compare(findings)
        assert len(lines) == 12 and all(line.agrees for line in lines)


def ranked_plainly(exposures, equity, value, first):
    """DebtRank of one default, by sets of banks: who came into distress in which step."""
    n = len(equity)
    distress = [1.0 if i == first else 0.0 for i in range(n)]
    newly, touched = {first}, {first}
    while newly:
        gains = [sum(min(1.0, exposures[i][j] / equity[i]) * distress[j] for j in newly)
                 for i in range(n)]  # fmt: skip
        distress = [min(1.0, h + gain) for h, gain in zip(distress, gains, strict=True)]
        newly = {i for i in range(n) if distress[i] > 0.0} - touched
        touched |= newly
    return distress, sum(v * h for v, h in zip(value, distress, strict=True)) - value[first]


def test_drawn_banks_have_the_debtrank_of_a_plain_walk(table):
    banks = draw_banks(battiston.SEED, battiston.N_BANKS)
    exposures = battiston.LOSS_GIVEN_DEFAULT * banks.claims
    value = (exposures.sum(axis=1) / exposures.sum()).tolist()
    drawn = table[table["part"] == "bank"].set_index("bank")
    for bank in (0, 17, int(drawn["debtrank"].idxmax())):
        distress, rank = ranked_plainly(exposures.tolist(), banks.equity.tolist(), value, bank)
        at = drawn.loc[bank]
        assert at["debtrank"] == pytest.approx(rank, rel=1e-12, abs=1e-15)
        assert at["n_defaults"] == sum(h >= 1.0 for h in distress) - 1


def test_most_of_the_value_is_lost_at_banks_that_do_not_default(table):
    first = table[table["part"] == "bank"].nlargest(10, "debtrank")
    assert (first["of_defaults"] < 0.1 * first["debtrank"]).all()
    assert (first["debtrank"] > 2.0 * first["size"]).all()


def test_a_bank_without_debts_harms_no_other(table):
    banks = draw_banks(battiston.SEED, battiston.N_BANKS)
    drawn = table[table["part"] == "bank"].set_index("bank").loc[range(battiston.N_BANKS)]
    owes = banks.claims.sum(axis=0) > 0.0
    assert (~owes).any() and ((drawn["debtrank"] > 0.0).to_numpy() == owes).all()


def test_the_figure_is_drawn_from_the_table_alone(table, monkeypatch):
    monkeypatch.setattr(battiston, "debtrank", None)
    share = 100 * table["debtrank"][table["part"] == "bank"].max()
    assert f"costs others {share:.0f}%" in battiston.figure(table).texts[0].get_text()
    with pytest.raises(TypeError):
        battiston.findings(quick=True)
