"""Calm is not quite calm: how often institutions are forced to sell where nothing happens."""

import re
from pathlib import Path

import pytest

import abm
from abm.runs.fast import fast_run

N_RUNS = 40


@pytest.fixture(scope="module")
def calm_runs():
    scenario = abm.load_scenario("calm")
    return [fast_run(scenario, 0, replicate) for replicate in range(N_RUNS)]


def test_some_calm_runs_have_forced_sales_and_the_documentation_says_how_many(calm_runs):
    sold = [run["forced_sales_usd_bn"] for run in calm_runs]
    with_sales = sum(amount > 0.0 for amount in sold)
    with_calls = sum(run["n_margin_calls"] > 0 for run in calm_runs)
    odd = (Path(abm.__file__).parent / "ODD.md").read_text(encoding="utf-8")
    for told in (odd, abm.load_scenario("calm").about):
        said = re.search(
            r"of 40 (?:`calm` )?runs .*?(\d+) have forced sales, USD ([\d.]+)bn in the mean of all "
            r"40, and (\d+) have margin calls",
            " ".join(told.split()),
        )
        assert said is not None
        assert (int(said[1]), int(said[3])) == (with_sales, with_calls)
        assert float(said[2]) == round(sum(sold) / N_RUNS, 1)


def test_no_calm_run_has_a_failure_or_a_limit_hit(calm_runs):
    for run in calm_runs:
        assert run["n_failed"] == run["n_banks_failed"] == run["n_days_at_limit"] == 0
