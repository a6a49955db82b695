"""The fit of a model whose answer is known by hand: linear moments, Gaussian noise."""

import numpy as np
import pytest

from abm.calibration.evaluations import Evaluations
from abm.calibration.inference import (
    Profile,
    class_of,
    error_covariance,
    identification,
    interval_of,
    j_test,
    jacobian,
    profiles,
    sandwich,
)
from abm.calibration.problem import Cube, Objective, Range, mean_of
from abm.calibration.recovery import record_of
from abm.calibration.search import search
from abm.calibration.study import Inference, Search
from tests.calibration import toy

AT = np.array([0.3, 0.6])


@pytest.fixture
def points():
    return Evaluations(toy.problem(), toy.Linear(), toy.study().seeds)


def test_the_weights_are_the_inverse_of_the_record_s_error_and_that_of_the_simulation():
    objective = Objective(toy.problem(), n_runs=20)
    g = np.array([0.1, 0.0, -0.2, 0.0])
    by_hand = (0.1**2 / 0.1**2 + 0.2**2 / 0.1**2) / (1 + 1 / 20)
    assert objective(toy.problem().target + g) == pytest.approx(by_hand)


def test_a_record_of_many_runs_leaves_the_simulation_more_of_the_error():
    """A mean of 20 runs beside a record of 60: 1 + 60/20 times the record's variance."""
    problem = toy.problem(runs_in_record=(1, 60, 1, 1))
    covariance = problem.covariance.copy()
    covariance[0, 1] = covariance[1, 0] = 0.6 * 0.1 * 0.2
    objective = Objective(problem._replace(covariance=covariance), n_runs=20)
    assert objective.covariance[1, 1] == pytest.approx(0.2**2 * 4)
    assert objective.covariance[0, 1] == pytest.approx(0.6 * 0.1 * 0.2 * (1.05 * 4) ** 0.5)
    assert objective.covariance[2, 2] == pytest.approx(0.1**2 * 1.05)


def test_a_synthetic_record_has_of_each_moment_as_many_runs_as_the_real_one():
    runs = np.array([[1.0, 4.0], [2.0, 5.0], [6.0, 9.0]])
    assert record_of(runs, np.array([1, 3])).tolist() == [1.0, 6.0]


def test_the_search_finds_the_least_squares_estimate_of_the_hand_formula(points):
    target, objective = toy.problem().target, points.objective_on("search")
    noise = np.mean([toy.noise(seed) for seed in range(1, 21)], axis=0)
    g, w = toy.GRADIENT, np.diag(1 / toy.SE**2)
    by_hand = np.linalg.solve(g.T @ w @ g, g.T @ w @ (target - noise))
    found = search(
        lambda u: np.array([row.objective for row in points.at(u, "search", "search")]),
        np.array([0.5, 0.5]),
        Search(evaluations=600, population=8),
    )
    assert found.best == pytest.approx(by_hand, abs=1e-3)
    assert found.objective == pytest.approx(float(objective(g @ by_hand + noise)), abs=1e-4)


def test_central_differences_give_a_linear_model_s_gradient_whatever_the_step(points):
    assert jacobian(points, AT, 0.2) == pytest.approx(toy.GRADIENT)
    assert jacobian(points, np.array([0.0, 0.99]), 0.1) == pytest.approx(toy.GRADIENT)


def test_standard_errors_are_those_of_the_hand_formula():
    """With Ω = Σ and W its inverse the sandwich is (G′ Σ⁻¹ G)⁻¹."""
    problem = toy.problem()
    found = sandwich(toy.GRADIENT, Objective(problem, 10**9), problem.covariance)
    precision = np.array([[1 / 0.1**2 + 1 / 0.1**2, 2 / 0.1**2], [0.0, 4 / 0.2**2 + 4 / 0.1**2]])
    precision[1, 0] = precision[0, 1]
    assert found == pytest.approx(np.linalg.inv(precision), rel=1e-6)


def test_the_error_of_the_simulation_falls_with_the_runs_of_the_mean():
    problem = toy.problem()
    runs = np.random.default_rng(1).standard_normal((5000, 4))
    added = error_covariance(problem, runs, 50) - problem.covariance
    assert np.diag(added) == pytest.approx(np.full(4, 1 / 50), rel=0.1)


def test_what_no_moment_sees_has_an_infinite_standard_error():
    gradient = toy.GRADIENT @ np.diag([1.0, 0.0])
    found = sandwich(gradient, Objective(toy.problem(), 100), toy.problem().covariance)
    assert np.isinf(found[1, 1])
    assert found[0, 0] == pytest.approx(0.1**2 / 2)


def test_parameters_that_do_the_same_are_collinear():
    gradient = np.column_stack([toy.GRADIENT.sum(axis=1), 2 * toy.GRADIENT.sum(axis=1)])
    told = identification(gradient, Objective(toy.problem(), 100))
    assert np.isinf(told.collinearity).all()
    assert told.singular_values[1] == pytest.approx(0.0, abs=1e-9)
    apart = identification(toy.GRADIENT[:, [0, 1]], Objective(toy.problem(), 100))
    assert apart.collinearity_index < 3


def test_the_j_test_has_chi_squared_critical_values_for_gaussian_errors():
    problem = toy.problem()
    objective = Objective(problem, 10**9)
    told = j_test(1.0, toy.GRADIENT, objective, problem.draws, 0.95)
    assert told.degrees == 2
    assert told.critical == pytest.approx(5.99, rel=0.1)  # chi-squared, 4 - 2 degrees
    assert told.critical_at_a_point == pytest.approx(9.49, rel=0.1)  # 4 degrees
    assert told.p_value == pytest.approx(np.exp(-0.5), abs=0.05)


@pytest.mark.parametrize(
    ("objective", "name", "interval"),
    [
        ([9.0, 0.0, 9.0], "bounded", (0.25, 0.75)),
        ([9.0, 0.0, 1.0], "one-sided", (0.25, np.nan)),
        ([1.0, 0.0, 9.0], "one-sided", (np.nan, 0.75)),
        ([1.0, 0.0, 1.0], "flat", (np.nan, np.nan)),
        ([np.inf, 0.0, 9.0], "bounded", (0.5, 0.75)),
    ],
)
def test_a_profile_has_the_class_of_the_ends_that_it_refuses(objective, name, interval):
    profile = Profile(np.array([0.0, 0.5, 1.0]), np.array(objective), threshold=4.5)
    assert class_of(profile) == name
    assert interval_of(profile) == pytest.approx(interval, abs=1e-4, nan_ok=True)


def test_a_log_range_is_even_in_the_logarithm_and_never_leaves_its_ends():
    cube = Cube([Range("a", 0.1, 10.0, is_log=True, start=1.0), Range("b", -1.0, 1.0, start=5.0)])
    assert cube.values(np.array([0.5, 0.5])) == pytest.approx([1.0, 0.0])
    assert cube.start == pytest.approx([0.5, 0.5])  # b's own value is outside
    assert cube.slope(np.array([0.5, 0.5])) == pytest.approx([np.log(100.0), 2.0])
    ends = cube.values(np.array([[0.0, 0.0], [1.0, 1.0]]))
    assert ends == pytest.approx(np.array([[0.1, -1.0], [10.0, 1.0]]))
    assert ((ends >= [0.1, -1.0]) & (ends <= [10.0, 1.0])).all()


def test_failed_runs_are_counted_and_a_point_with_many_is_refused():
    model = toy.Linear(fails_on=(3,))
    seeds = toy.study().seeds
    some = Evaluations(toy.problem(), model, seeds, most_failed=0.1).at(AT, "search", "search")[0]
    assert (some.n_failed, some.error) == (1, "it broke")
    assert np.isfinite(some.objective)
    none = Evaluations(toy.problem(), model, seeds, most_failed=0.0).at(AT, "search", "search")[0]
    assert none.n_failed == 1
    assert none.objective == np.inf


def test_a_moment_without_a_value_in_any_run_has_none():
    assert np.isnan(mean_of(np.array([[1.0, np.nan], [3.0, np.nan]]))).tolist() == [False, True]


class Curved(toy.Linear):
    """Moments whose others follow a parabola: a linear step alone leaves the valley."""

    def __call__(self, values, seeds):
        bent = values.copy()
        bent[:, 1] += 2.0 * (values[:, 0] - 0.3) ** 2
        yield from super().__call__(bent, seeds)


def test_a_profile_follows_a_bent_valley_to_its_hand_value():
    """J along a is that of its own moment: b makes up for the rest where it can."""
    own = np.array([[1.0, 0.0], [0.0, 2.0], [0.0, 2.0], [0.0, 0.0]])
    noise = np.mean([toy.noise(seed) for seed in range(1, 21)], axis=0)
    problem = toy.problem(own @ toy.TRUTH + noise)
    points = Evaluations(problem, Curved(gradient=own), toy.study().seeds)
    gradient = jacobian(points, toy.TRUTH, 0.01, "search")
    settings = Inference(profile_points=5, profile_rounds=8)
    found = profiles(points, toy.TRUTH, gradient, settings, seed=1)[0]
    by_hand = (found.u - 0.3) ** 2 / 0.1**2 / (1 + 1 / 20)
    reached = 2.0 * (found.u - 0.3) ** 2 <= 0.6  # b can be as low as 0
    assert found.objective[reached] == pytest.approx(by_hand[reached], abs=0.05)
