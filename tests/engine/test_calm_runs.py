"""Calm is not quite calm: how often institutions are forced to sell where nothing happens."""

from pathlib import Path

import pytest

import abm
from abm.runs.fast import fast_run

N_RUNS = 40
WITH_SALES, MEAN_SALES_USD_BN, WITH_CALLS = 15, 3.5, 9
SAID = (
    f"{WITH_SALES} have forced sales, USD {MEAN_SALES_USD_BN}bn in the mean of all {N_RUNS}, "
    f"and {WITH_CALLS} have margin calls"
)


@pytest.fixture(scope="module")
def calm_runs():
    scenario = abm.load_scenario("calm")
    return [fast_run(scenario, 0, replicate) for replicate in range(N_RUNS)]


def test_some_calm_runs_have_forced_sales(calm_runs):
    sold = [run["forced_sales_usd_bn"] for run in calm_runs]
    assert (
        sum(amount > 0.0 for amount in sold),
        round(sum(sold) / N_RUNS, 1),
        sum(run["n_margin_calls"] > 0 for run in calm_runs),
    ) == (WITH_SALES, MEAN_SALES_USD_BN, WITH_CALLS)


@pytest.mark.parametrize("place", ["abm/ODD.md", "README.md", "the scenario"])
def test_the_documentation_says_how_many(place):
    path = Path(abm.__file__).parents[1] / place
    told = path.read_text(encoding="utf-8") if path.suffix else abm.load_scenario("calm").about
    assert SAID in " ".join(told.split())


def test_no_calm_run_has_a_failure_or_a_limit_hit(calm_runs):
    for run in calm_runs:
        assert run["n_failed"] == run["n_banks_failed"] == run["n_days_at_limit"] == 0
