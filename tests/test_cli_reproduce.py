"""`unwind reproduce` as it is typed."""

import pytest
from typer.testing import CliRunner

import abm
from abm.cli.commands import app
from abm.cli.reproduce import told
from abm.runs.reproduce import Gap, Reproduction


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    short = {"calendar.days": 12, "calendar.burn_in_days": 6, "calendar.drift_days": 5}
    scenario = abm.load_scenario("hike").with_changes(short)
    return abm.run(scenario, rng=5).save(tmp_path_factory.mktemp("kept") / "run")


def test_a_run_is_said_to_be_the_same(folder):
    result = CliRunner().invoke(app, ["reproduce", str(folder)])
    assert result.exit_code == 0, result.output
    assert "the same bytes again (days, events, institutions, edges, exposures)." in result.stdout


def test_what_is_no_result_is_refused(tmp_path):
    result = CliRunner().invoke(app, ["reproduce", str(tmp_path)])
    assert result.exit_code == 2
    assert "holds no result" in result.stderr


def test_a_difference_says_where_and_what_changed_since(tmp_path):
    gap = Gap("days", "leverage", 2e-6)
    text = told(tmp_path, Reproduction(("events",), (gap,), ("numba 0.1 then, 0.2 now",)))
    assert "NOT the same" in text
    assert "days: leverage is apart by 2e-06 of its largest number" in text
    assert "numba 0.1 then, 0.2 now" in text
    text = told(tmp_path, Reproduction((), (Gap("days", "", float("inf")),), ()))
    assert "on the same versions and platform it should be" in text
