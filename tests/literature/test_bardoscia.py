"""Bardoscia et al. 2015: every loss passed on, and the spectral radius that decides."""

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from abm.contagion import debtrank
from abm.literature import bardoscia
from abm.literature.bardoscia import ring, spectral_radius
from abm.literature.drawn import draw_banks

SHEET = json.loads((Path(__file__).parents[1] / "reference" / "debtrank.json").read_text())
NAMES = {"chain3": "chain", "ring3_small_shock": "ring", "saturation": "all to all"}
EVEN = [1 / 3] * 3


@pytest.fixture(scope="module")
def table():
    return bardoscia.findings(quick=True)


@pytest.mark.parametrize("case", SHEET["cases"], ids=lambda c: c["name"])
def test_a_case_of_an_independent_program_is_stated_and_met(case, table):
    stated = next(c for c in bardoscia.CASES if c.name == NAMES[case["name"]])
    assert np.transpose(stated.exposures).tolist() == case["W"]  # equity 1
    assert (stated.value, stated.shock) == (case["v"], case["h0"])
    found = table[table["case"] == stated.name].sort_values("bank")
    tolerance = {"rel": 0, "abs": SHEET["tolerance_abs"]}
    assert found["distress"].tolist() == pytest.approx(case["h_final_differential"], **tolerance)
    assert found["debtrank"].iloc[0] == pytest.approx(case["debtrank_differential"], **tolerance)
    assert stated.debtrank == pytest.approx(case["debtrank_differential"], **tolerance)


def test_every_line_agrees_on_quick_findings(table):
    assert all(line.agrees for line in bardoscia.compare(table))


def test_the_spectral_radius_of_a_ring_is_its_impact_and_equity_divides_it():
    assert spectral_radius(np.array(ring(0.7)), np.ones(3)) == pytest.approx(0.7)
    assert spectral_radius(np.array(ring(0.7)), np.full(3, 2.0)) == pytest.approx(0.35)


@given(st.floats(0.05, 0.9), st.floats(1e-4, 0.05))
def test_what_a_ring_leaves_out_by_passing_on_once_is_all_but_the_first_turn(impact, shock):
    """h w / (1 - w) against h (w + w^2 + w^3), a third of each."""
    full, once = (debtrank(ring(impact), [1.0] * 3, [shock, 0, 0], EVEN, mode).value
                  for mode in bardoscia.MODES)  # fmt: skip
    assert full == pytest.approx(shock * impact / (1 - impact) / 3, rel=1e-9, abs=1e-13)
    assert full - once == pytest.approx(full * impact**3, rel=1e-9, abs=1e-13)


def test_below_one_the_loss_is_in_proportion_to_the_shock_and_above_one_it_is_not():
    banks = draw_banks(
        bardoscia.SEED, bardoscia.N_BANKS, bardoscia.MEAN_DEGREE, bardoscia.SIZE_SPREAD
    )
    unit = spectral_radius(banks.claims, banks.equity)
    for radius, times in ((0.8, pytest.approx(10.0)), (1.3, pytest.approx(1.0, abs=0.01))):
        exposures = radius / unit * banks.claims
        small, tenfold = (
            debtrank(exposures, banks.equity, np.full(100, shock), mode="differential").value
            for shock in (1e-4, 1e-3)
        )
        assert tenfold / small == times


def test_losses_explode_past_a_spectral_radius_of_one(table):
    drawn = table[(table["part"] == "drawn") & (table["mode"] == "differential")]
    below, above = drawn[drawn["radius"] < 0.95], drawn[drawn["radius"] > 1.05]
    assert below["debtrank"].max() < 0.1 and above["debtrank"].min() > 0.5
    assert (below["defaults"] == 0).all() and (above["defaults"] > 10).all()
    assert (drawn["largest_impact"] < 1.0).all()  # so that the cap of an impact never binds


def test_passed_on_once_losses_stay_in_proportion_to_impact(table):
    drawn = table[(table["part"] == "drawn") & (table["mode"] == "original")]
    per_radius = drawn["debtrank"] / drawn["radius"]
    assert per_radius.to_numpy() == pytest.approx(per_radius.iloc[0])


def test_the_figure_is_drawn_from_the_table_alone(table, monkeypatch):
    monkeypatch.setattr(bardoscia, "debtrank", None)
    assert "grows to 98%" in bardoscia.figure(table).texts[0].get_text()
    with pytest.raises(TypeError):
        bardoscia.findings(quick=True)
