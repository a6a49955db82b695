"""A saved run is made again, byte for byte; what differs is named and measured."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

import abm
from abm.errors import InvalidInput, UnreadableFile
from abm.runs import reproduce as again
from abm.runs.manifest import hashes_of
from abm.runs.reproduce import gap_of, gap_of_graph, reproduce

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def small_run():
    short = {"calendar.days": 20, "calendar.burn_in_days": 10, "calendar.drift_days": 5}
    return abm.run(abm.load_scenario("hike").with_changes(short), rng=5)


@pytest.fixture
def folder(small_run, tmp_path):
    return small_run.save(tmp_path / "kept")


def rewrite(folder, **changes):
    manifest = json.loads((folder / "manifest.json").read_text())
    (folder / "manifest.json").write_text(json.dumps(manifest | changes))


def test_a_run_is_made_again_byte_for_byte(folder):
    outcome = reproduce(folder)
    assert outcome.is_same and outcome.agrees
    assert outcome.same == ("days", "events", "institutions", "edges", "exposures")
    assert outcome.changed == ()


def test_a_run_does_not_depend_on_the_library_that_multiplies_matrices(small_run):
    code = (
        "import abm; from abm.runs.manifest import hashes_of; "
        "short = {'calendar.days': 20, 'calendar.burn_in_days': 10, 'calendar.drift_days': 5}; "
        "print(hashes_of(abm.run(abm.load_scenario('hike').with_changes(short), rng=5)))"
    )
    # OpenBLAS sums in another order on another processor; these two differ in the last digits.
    for processor in ("Sandybridge", "Haswell"):
        env = os.environ | {"OPENBLAS_CORETYPE": processor}
        done = subprocess.run(
            [sys.executable, "-c", code], env=env, capture_output=True, text=True, check=True
        )
        assert done.stdout.strip() == str(hashes_of(small_run))


def test_the_run_shown_in_the_readme_is_made_again():
    assert reproduce(ROOT / "results" / "august-2024-seed-10").agrees


def test_what_differs_is_named_and_measured(folder, small_run):
    other = small_run.days.copy()
    other.loc[3, "leverage"] *= 1.0 + 1e-6
    gap = gap_of("days", small_run.days, other)
    assert (gap.table, gap.column) == ("days", "leverage")
    assert gap.relative == pytest.approx(
        1e-6 * other["leverage"][3] / other["leverage"].max(), rel=1e-3
    )
    assert gap_of("days", small_run.days, other.head(4)).relative == float("inf")


def test_rounding_is_compared_as_it_stands_not_over_its_own_size(small_run):
    other = small_run.days.copy()
    other["conservation_error"] = other["conservation_error"] * 2.0 + 1e-15
    assert gap_of("days", small_run.days, other).relative < 1e-12


def test_a_loan_that_differs_in_its_last_digits_is_measured(small_run):
    graph = small_run.exposures
    other = graph.copy()
    lender, borrower = max(graph.edges, key=lambda edge: graph.edges[edge]["weight"])
    other.edges[lender, borrower]["weight"] *= 1.0 + 1e-12
    gap = gap_of_graph("exposures", graph, other)
    assert gap.column == "weight" and gap.relative == pytest.approx(1e-12, rel=1e-3)
    other.remove_edge(lender, borrower)
    assert gap_of_graph("exposures", graph, other).relative == float("inf")


def test_another_version_may_differ_in_the_last_digits_and_is_named(folder, monkeypatch):
    manifest = json.loads((folder / "manifest.json").read_text())
    rewrite(folder, dependencies=manifest["dependencies"] | {"numba": "0.1"})
    near = again.Gap("days", "leverage", 1e-12)
    outcome = reproduce(folder)
    assert [line.split()[0] for line in outcome.changed] == ["numba"]
    assert outcome._replace(gaps=(near,)).agrees
    assert not outcome._replace(gaps=(near._replace(relative=1e-6),)).agrees
    assert not outcome._replace(gaps=(near,), changed=()).agrees


def test_another_run_is_not_taken_for_the_same(folder, small_run, monkeypatch):
    other = abm.run(small_run.scenario, rng=6)
    monkeypatch.setattr(again, "run", lambda *_: other)
    outcome = reproduce(folder)
    assert not outcome.agrees
    assert {gap.table for gap in outcome.gaps} >= {"days", "institutions"}
    assert hashes_of(other) != hashes_of(small_run)


def test_what_cannot_be_repeated_or_was_changed_is_refused(folder):
    rewrite(folder, is_repeatable=False)
    with pytest.raises(InvalidInput, match="cannot repeat"):
        reproduce(folder)
    rewrite(folder, seed=6, sha256={})
    with pytest.raises(UnreadableFile, match="changed since it was saved"):
        reproduce(folder)
