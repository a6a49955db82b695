"""March 2020, and unwinds without a shortage, on a few of the seeds of `results/basis`."""

import numpy as np
import pytest

from experiments.basis import EVE, FRANC_EVE, LINE_DAY, days_to_come_back, paths_of, scenarios

N_REPLICATES = 3


@pytest.fixture(scope="module")
def found():
    return {name: paths_of(one, N_REPLICATES) for name, one in scenarios().items()}


@pytest.fixture(scope="module")
def day():
    return {when: i for i, when in enumerate(scenarios()["march-2020"].calendar.dates())}


def test_a_squeeze_for_dollars_widens_the_basis_and_a_line_brings_it_back(found, day):
    basis, without = found["march-2020"].basis, found["march-2020, no line"].basis
    assert np.median(basis[:, day[EVE]]) == pytest.approx(-40.0, abs=10.0)
    assert np.median(basis.min(axis=1)) < -190.0
    assert max(days_to_come_back(path, day[LINE_DAY]) for path in basis) <= 25
    later = slice(day[LINE_DAY] + 5, day[LINE_DAY] + 20)
    assert (without[:, later] < basis[:, later]).all()


def test_released_hedges_widen_the_basis_of_the_franc_and_leave_that_of_the_yen(found):
    day = {when: i for i, when in enumerate(scenarios()["franc-2015"].calendar.dates())}
    made, without = found["franc-2015"], found["franc-2015, no release"]
    assert (made.franc.min(axis=1) < -150.0).all() and (without.franc.min(axis=1) > -60.0).all()
    before = made.basis[:, [day[FRANC_EVE]]]
    assert np.abs(made.basis[:, day[FRANC_EVE] :] - before).max() < 20.0


def test_nothing_is_lost_in_any_of_them(found):
    assert max(paths.error for paths in found.values()) < 1e-9


def test_in_an_unwind_the_basis_stays_inside_the_price_of_the_line_and_nobody_draws(found):
    assert found["50bp"].basis.min() > -100.0
    assert np.array_equal(found["50bp"].yen, found["50bp, line"].yen)
    assert found["50bp, line"].line.max() == 0.0


def test_the_basis_of_august_2024_hardly_moves(found):
    basis = found["august-2024"].basis
    july = np.median(basis[:, :22], axis=1, keepdims=True)
    assert np.median(np.abs(basis[:, 22:45] - july).max(axis=1)) < 12.0
