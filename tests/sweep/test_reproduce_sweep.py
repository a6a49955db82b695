"""Rows of a sweep come out again byte for byte; one that does not is named."""

import pandas as pd
import pytest
from typer.testing import CliRunner

from abm.cli.commands import app
from abm.errors import InvalidInput, UnreadableFile
from abm.sweep import reproduce as again
from abm.sweep import sweep
from abm.sweep.reproduce import reproduce_sweep
from tests.sweep.conftest import no_processes

EXPERIMENT = """
name = "tiny"
scenario = "hike"
replicates = 2
seed = 3

[changes]
"calendar.days" = 12
"calendar.burn_in_days" = 6
"calendar.drift_days" = 5
"population.scale" = 0.2

[design]
kind = "grid"

[design.factors]
"shock.surprise_bp" = [10, 60]

[outputs]
measure = "run"
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    here = tmp_path_factory.mktemp("sweep")
    (here / "tiny.toml").write_text(EXPERIMENT)
    with no_processes():
        return sweep(here / "tiny.toml", here / "out").folder


def test_every_row_comes_out_again_with_the_same_bytes(folder):
    outcome = reproduce_sweep(folder, None)
    assert outcome.is_same and outcome.same == ("4 runs",)
    assert reproduce_sweep(folder, 2).same == ("2 runs",)


def test_a_number_that_differs_is_named(folder, monkeypatch):
    whole = again.load_sweep(folder)
    whole.loc[1, "forced_sales_usd_bn"] += 1.0
    monkeypatch.setattr(again, "load_sweep", lambda _: whole)
    outcome = reproduce_sweep(folder, None)
    assert not outcome.agrees
    assert outcome.gaps[0].column == "forced_sales_usd_bn"


def test_a_folder_without_a_sweep_or_without_runs_is_refused(folder, tmp_path, monkeypatch):
    with pytest.raises(UnreadableFile, match="holds no sweep"):
        reproduce_sweep(tmp_path)
    nothing = again.load_sweep(folder).head(0)
    assert isinstance(nothing, pd.DataFrame)
    monkeypatch.setattr(again, "load_sweep", lambda _: nothing)
    with pytest.raises(InvalidInput, match="no run is done"):
        reproduce_sweep(folder)


def test_the_command_tells_a_sweep_from_a_run(folder):
    result = CliRunner().invoke(app, ["reproduce", str(folder), "--rows", "3"])
    assert result.exit_code == 0, result.output
    assert "the same bytes again (3 runs)." in result.stdout


def test_one_row_of_a_sweep_is_run_whole(folder, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    call = ["run", "--from", str(folder), "--row", "3", "--no-figures"]
    result = CliRunner().invoke(app, call)
    assert result.exit_code == 0, result.output
    assert (tmp_path / "results" / "out-row-3" / "manifest.json").is_file()
    refused = CliRunner().invoke(app, [*call[:-3], "--row", "4"])
    assert refused.exit_code == 2 and "row = 4, must be a row of" in refused.stderr
    for name, value in (("--seed", "0"), ("--replicate", "2"), ("--set", "funds.n=3")):
        refused = CliRunner().invoke(app, [*call, name, value])
        assert refused.exit_code == 2 and f"give no {name}" in refused.stderr
    assert CliRunner().invoke(app, ["run"]).exit_code == 2
    assert CliRunner().invoke(app, ["run", "hike", *call[1:]]).exit_code == 2
