"""The expected numbers of the papers, found again by programs that do not know the simulator."""

from math import sqrt

import pytest

from abm.literature import (
    brunnermeier_pedersen,
    caccioli,
    cifuentes,
    cont_schaanning,
    gai_kapadia,
    greenwood,
    plantin_shin,
    thurner,
    worked_examples,
)
from tests.oracles import brunnermeier_pedersen as spiral_oracle
from tests.oracles import caccioli as overlap_oracle
from tests.oracles import cifuentes as ratio_oracle
from tests.oracles import cont_schaanning as sales_oracle
from tests.oracles import gai_kapadia as threshold_oracle
from tests.oracles import greenwood as vulnerable_oracle
from tests.oracles import plantin_shin as carry_oracle
from tests.oracles import thurner as leverage_oracle
from tests.oracles import worked_examples as notes_oracle

FOUR = 4.0  # standard errors


def is_within(found: float, n_found: int, expected: float, n_expected: int) -> bool:
    """Two shares of draws agree within four standard errors of their difference."""
    pooled = (found * n_found + expected * n_expected) / (n_found + n_expected)
    error = sqrt(pooled * (1 - pooled) * (1 / n_found + 1 / n_expected))
    return abs(found - expected) <= FOUR * error


@pytest.mark.parametrize("case", spiral_oracle.CASES)
def test_the_funding_spiral(case):
    found = spiral_oracle.numbers(spiral_oracle.CASES[case])
    assert found == pytest.approx(brunnermeier_pedersen.EXPECTED[case], rel=1e-8)


@pytest.mark.parametrize("case", cifuentes.CASES, ids=lambda case: case.name)
def test_banks_that_keep_a_capital_ratio(case):
    price, paid, sales, equity = ratio_oracle.outcome(*ratio_oracle.CASES[case.name])
    assert price == pytest.approx(case.price, abs=1e-12)
    assert paid == pytest.approx(case.payments, abs=1e-9)
    assert sales == pytest.approx(case.sales, abs=1e-9)
    assert equity == pytest.approx(case.equity, abs=1e-9)


def test_thresholds_of_the_carry_game():
    expected = [threshold for _, _, threshold in plantin_shin.CASES]
    found = [carry_oracle.threshold(*case, n=6000) for case in carry_oracle.CASES]
    assert found == pytest.approx(expected, abs=1e-9)


def test_the_founding_notes():
    trades = (
        notes_oracle.yen_into_aud(),
        notes_oracle.five_into_three(),
        notes_oracle.usd_into_nzd(),
    )
    names = (worked_examples.AUD, worked_examples.ANY, worked_examples.NZD)
    found = {
        (name, quantity): float(value)
        for name, trade in zip(names, trades, strict=True)
        for quantity, value in trade.items()
    }
    assert found == pytest.approx(worked_examples.EXPECTED, rel=1e-12)


@pytest.mark.parametrize("case", sales_oracle.CASES)
def test_fire_sales_of_common_holdings(case):
    rounds, totals = sales_oracle.cascade(*sales_oracle.CASES[case])
    assert totals == pytest.approx(cont_schaanning.EXPECTED_TOTALS[case], rel=1e-12)
    if case == "cascade":
        place = {"share sold": 0, "volume": 1, "price": 2, "capital": 3}
        for (n, quantity, who), expected in cont_schaanning.EXPECTED_ROUNDS.items():
            found = rounds[n - 1][place[quantity]][int(who.split()[1]) - 1]
            assert found == pytest.approx(expected, rel=1e-12)


def test_the_price_fall_of_sales():
    for volume, expected in cont_schaanning.EXPECTED_PSI.items():
        assert sales_oracle.price_fall(volume, 2000.0) == pytest.approx(expected, rel=1e-12)
    depth = sales_oracle.depth(*cont_schaanning.DEPTH_EXAMPLE)
    assert depth == pytest.approx(cont_schaanning.EXPECTED_DEPTH, rel=1e-12)


@pytest.mark.parametrize("case", vulnerable_oracle.CASES)
def test_vulnerable_banks(case):
    found = vulnerable_oracle.numbers(vulnerable_oracle.CASES[case])
    assert found == pytest.approx(greenwood.EXPECTED[case], rel=1e-12)


def test_the_window_of_contagion():
    assert threshold_oracle.window(4) == pytest.approx(gai_kapadia.WINDOWS["survives"], abs=1e-9)
    assert threshold_oracle.window(5) == pytest.approx(gai_kapadia.WINDOWS["fails"], abs=1e-9)


@pytest.mark.parametrize("degree", [1.5, 5, 9])
def test_the_frequency_of_contagion_by_defaults(degree):
    n_draws = 60
    for tie, (frequency, extent) in threshold_oracle.contagion(degree, n_draws).items():
        expected, its_extent = gai_kapadia.EXPECTED[degree][tie]
        assert is_within(frequency, n_draws, expected, gai_kapadia.N_EXPECTED)
        if expected > 0.2:
            assert extent == pytest.approx(its_extent, abs=0.1)


@pytest.mark.parametrize("leverage, degree", [(10, 12), (20, 2), (20, 8), (25, 12)])
def test_the_frequency_of_contagion_by_common_assets(leverage, degree):
    n_draws = 30
    expected = next(
        point
        for point in caccioli.REFERENCES
        if (point.leverage, point.degree) == (leverage, degree)
    )
    found = overlap_oracle.contagion(leverage, degree, n_draws)
    for (frequency, _), reference in zip(found, expected.frequency, strict=True):
        assert is_within(frequency, n_draws, reference, caccioli.REFERENCE_DRAWS)


@pytest.mark.parametrize("limit", [1.0, 10.0])
def test_a_path_of_leveraged_value_investors_step_by_step(limit):
    """On the same shocks both programs find the same prices and the same defaults."""
    shocks = thurner.draw_shocks(seed=3, n_steps=2000)
    ours = thurner.simulate(thurner.paper_rules(limit), shocks)
    rows, n_defaults = leverage_oracle.path(limit, shocks.tolist())
    assert ours["price"].to_numpy() == pytest.approx([row[2] for row in rows], rel=1e-6)
    assert ours["defaults"].sum() == n_defaults
    assert ours["at_limit"].sum() == sum(row[3] for row in rows)
    assert n_defaults > 0 or limit == 1.0
