"""Gai and Kapadia 2010: the window, the tie at five borrowers, frequency and extent."""

import json
from pathlib import Path

import numpy as np
import pytest
from scipy.stats import binom, poisson

from abm.contagion import TIES
from abm.errors import InvalidInput
from abm.literature import gai_kapadia
from abm.literature.gai_kapadia import contagion_window, draw_network

SHEET = json.loads((Path(__file__).parents[1] / "reference" / "gai_kapadia.json").read_text())
WORDS = {"strict": "survives", "weak": "fails"}


@pytest.fixture(scope="module")
def table():
    return gai_kapadia.findings(quick=True)


def test_the_numbers_of_an_independent_program_are_stated():
    for point in SHEET["mc"]:
        for word, tie in WORDS.items():
            stated = gai_kapadia.EXPECTED[point["z"]][tie]
            assert stated == pytest.approx((point[word]["freq"], point[word]["extent"]), abs=1e-8)
            assert point["ndraw"] == gai_kapadia.N_EXPECTED
    windows = SHEET["analytic_window_first_order"]
    assert gai_kapadia.WINDOWS["survives"] == tuple(windows["strict_(j<=4)"])
    assert gai_kapadia.WINDOWS["fails"] == tuple(windows["weak_(j<=5)"])


def test_every_line_agrees_on_quick_findings(table):
    lines = gai_kapadia.compare(table)
    assert len(lines) == 22
    assert [line.quantity for line in lines if not line.agrees] == []


@pytest.mark.parametrize(("tie", "most"), [("survives", 4), ("fails", 5)])
def test_at_both_ends_of_the_window_a_failure_hits_one_vulnerable_bank_on_average(tie, most):
    """sum_j j P(j) over vulnerable banks, from the Poisson law itself."""
    j = np.arange(most + 1)
    for degree in contagion_window(tie):
        assert (j * poisson.pmf(j, degree)).sum() == pytest.approx(1.0, rel=1e-12)
    inside = np.linspace(*contagion_window(tie), 50)[1:-1]
    assert ((j * poisson.pmf(j, inside[:, None])).sum(axis=1) > 1.0).all()


@pytest.mark.parametrize("degree", [0.5, 3.0, 7.0])
def test_claims_are_drawn_evenly_and_no_bank_lends_to_itself(degree):
    """Total within four standard errors; borrowers of a bank as the binomial law has them."""
    rng = np.random.default_rng(1)
    drawn = [draw_network(rng, 1000, degree) for _ in range(20)]
    counts = np.concatenate([np.diff(lent.indptr) for lent in drawn])
    error = np.sqrt(degree / counts.size)
    assert abs(counts.mean() - degree) < 4 * error
    expected = binom.pmf(2, 999, degree / 999)
    error = np.sqrt(expected * (1 - expected) / counts.size)
    assert abs((counts == 2).mean() - expected) < 4 * error
    assert all(lent.diagonal().sum() == 0.0 and lent.max() == 1.0 for lent in drawn)


def failed_plainly(lent, first, tie):
    """Share of banks that fail, by sets: one failure more at a time."""
    borrowers = [set(row.nonzero()[0].tolist()) for row in lent.toarray()]
    failed, grows = {first}, True
    while grows:
        hit = {
            i for i, of in enumerate(borrowers) if of and (
                20 * len(of & failed) > 4 * len(of)
                or (tie == "fails" and failed & of and 20 * len(of & failed) == 4 * len(of))
            )
        } - failed  # fmt: skip
        failed, grows = failed | hit, bool(hit)
    return len(failed) / len(borrowers)


def test_cascades_are_those_of_plain_sets(monkeypatch):
    """The same streams, networks and first failures, drawn here again."""
    monkeypatch.setattr(gai_kapadia, "N_BANKS", 60)
    shares = gai_kapadia._draw_cascades(5, 25, 0, 25, gai_kapadia.silent)
    stream = np.random.SeedSequence(gai_kapadia.SEED, spawn_key=(500,))
    rng = np.random.Generator(np.random.PCG64(stream))
    for draw in range(25):
        lent, first = draw_network(rng, 60, 5), int(rng.integers(60))
        for tie in TIES:
            assert shares[tie][draw] == failed_plainly(lent, first, tie)


def test_who_fails_at_a_tie_only_adds_contagion(table):
    drawn = table[table["part"] == "drawn"].pivot(index="degree", columns="tie")
    assert (drawn["frequency", "fails"] >= drawn["frequency", "survives"]).all()


def test_contagion_is_rarer_and_wider_beyond_the_middle_of_the_window(table):
    drawn = table[(table["part"] == "drawn") & (table["tie"] == "fails")].set_index("degree")
    assert drawn["frequency"].loc[7] < drawn["frequency"].loc[3]
    assert drawn["extent"].loc[7] > drawn["extent"].loc[3] > drawn["extent"].loc[1.5]


def test_the_same_seed_gives_the_same_table_and_progress_is_told_to_the_end(table):
    told = []
    again = gai_kapadia.findings(quick=True, tick=lambda done, total: told.append((done, total)))
    assert again.equals(table)
    assert [done for done, _ in told] == list(range(1, told[-1][1] + 1))


def test_the_figure_is_drawn_from_the_table_alone(table, monkeypatch):
    monkeypatch.setattr(gai_kapadia, "threshold_cascade", None)
    at = table[(table["tie"] == "fails") & (table["degree"] == 7)]["frequency"].iloc[0]
    assert f"{100 * at:.0f}% of failures spread" in gai_kapadia.figure(table).texts[0].get_text()
    with pytest.raises(TypeError):
        gai_kapadia.findings(quick=True)


def test_what_is_no_tie_or_network_is_refused():
    with pytest.raises(InvalidInput, match="'fails' or 'survives'"):
        contagion_window("lives")
    with pytest.raises(InvalidInput, match=r"n_banks = 10, mean_degree = 20"):
        draw_network(np.random.default_rng(0), 10, 20)
