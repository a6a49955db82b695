"""Designs against hand counts and the properties that the methods rely on."""

import sys
from itertools import pairwise

import numpy as np
import pytest

from abm.errors import InvalidInput
from abm.sweep.designs import count_points, design_points, problem_of, unit_points, values_at
from abm.sweep.experiment import Experiment
from abm.sweep.kinds import Factor

SURPRISE, CAP, NUMBER = "shock.surprise_bp", "funds.leverage_cap", "funds.n"
THREE = {
    SURPRISE: {"low": 5, "high": 50},
    CAP: {"low": 2, "high": 10, "scale": "log"},
    NUMBER: {"low": 20, "high": 40, "whole": True},
}
BUFFER = {"margin.buffer": {"values": [0.8, 0.9], "when": {"margin.kind": "volatility"}}}
RULES = {"margin.kind": ["volatility", "none"]}
SAMPLED = [
    ("latin-hypercube", {"n_points": 16}, 16),
    ("sobol", {"n_points": 16}, 16),
    ("saltelli", {"n_base_points": 8}, 8 * (3 + 2)),
    ("saltelli", {"n_base_points": 8, "second_order": True}, 8 * (2 * 3 + 2)),
    ("morris", {"n_trajectories": 7}, 7 * (3 + 1)),
]


def ask(kind, factors, seed=1, **options):
    design = {"kind": kind, "factors": factors, **options}
    raw = {"scenario": "hike", "replicates": 2, "seed": seed, "design": design}
    return Experiment.from_dict(raw)


def points_of(*args, **options):
    return design_points(ask(*args, **options))


def rows(table):
    return [tuple(None if v != v else v for v in row) for row in table.itertuples(index=False)]


def test_a_grid_has_every_combination_and_its_last_factor_changes_fastest():
    table = points_of("grid", {SURPRISE: [5, 15], CAP: [2, 4, 7]})
    assert rows(table) == [(5, 2), (5, 4), (5, 7), (15, 2), (15, 4), (15, 7)]
    assert list(table.index) == list(range(6))
    assert list(table.columns) == [SURPRISE, CAP]


def test_a_grid_does_not_repeat_points_for_a_factor_that_does_not_apply():
    wanted = {("volatility", 0.8), ("volatility", 0.9), ("none", None)}
    assert set(rows(points_of("grid", {**RULES, **BUFFER}))) == wanted
    turned = points_of("grid", {**BUFFER, **RULES})
    assert list(turned.columns) == ["margin.buffer", "margin.kind"]
    assert {(kind, buffer) for buffer, kind in rows(turned)} == wanted
    assert len(turned) == count_points(ask("grid", {**BUFFER, **RULES}), 10) == 3


def test_conditions_pass_through_a_factor_that_does_not_apply():
    fixed = {"margin.rate": {"values": [0.1, 0.2], "when": {"margin.kind": ["fixed"]}}}
    third = {CAP: {"values": [3, 5], "when": {"margin.rate": 0.2}}}
    table = points_of("grid", {"margin.kind": ["none", "fixed"], **fixed, **third})
    wanted = [("none", None, None), ("fixed", 0.1, None), ("fixed", 0.2, 3), ("fixed", 0.2, 5)]
    assert rows(table) == wanted


def test_a_grid_with_conditions_is_counted_only_as_far_as_needed():
    many = {key: list(range(1, 50)) for key in (SURPRISE, NUMBER, "insurers.n", "trend.n")}
    raw = {"kind": "grid", "factors": {**RULES, **BUFFER, **many}}
    experiment = Experiment(scenario="hike", replicates=1, design=raw)
    assert count_points(experiment, 1000) == 1001


def test_one_at_a_time_starts_from_the_scenario_and_moves_one_factor():
    table = points_of("one-at-a-time", {SURPRISE: [5, 25, 50], NUMBER: [20, 30]})
    base = ask("one-at-a-time", {SURPRISE: [5]}).base
    start = (base.shock.surprise_bp, base.funds.n)
    assert rows(table)[0] == start
    assert rows(table)[1:] == [(5, start[1]), (50, start[1]), (start[0], 20), (start[0], 30)]


def test_one_at_a_time_varies_a_conditional_factor_where_it_applies():
    fixed = {"margin.rate": {"values": [0.1, 0.2], "when": {"margin.kind": "fixed"}}}
    table = points_of("one-at-a-time", {"margin.kind": ["none", "fixed"], **fixed})
    wanted = [("worst-loss", None), ("none", None), ("fixed", 0.1), ("fixed", 0.2)]
    assert rows(table) == wanted


def test_one_at_a_time_refuses_a_start_that_the_scenario_does_not_have():
    with pytest.raises(ValueError, match="no value in the scenario to start from"):
        ask("one-at-a-time", {"policy.boj.hike_bp": [25]})
    linked = {CAP: {"values": [3], "also": ["retail_fx.leverage_cap"]}}
    with pytest.raises(ValueError, match="other values in the scenario"):
        ask("one-at-a-time", linked)


def test_a_list_is_its_rows_in_their_order():
    listed = [{SURPRISE: 50, "margin.kind": "none"}, {SURPRISE: 5.5, "margin.kind": "volatility"}]
    design = {"kind": "list", "points": listed}
    raw = {"scenario": "hike", "replicates": 1, "design": design}
    assert rows(design_points(Experiment.from_dict(raw))) == [(50, "none"), (5.5, "volatility")]
    design["points"] = [{SURPRISE: 50}, {NUMBER: 20}]
    with pytest.raises(ValueError, match="missing at this point"):
        Experiment.from_dict(raw)


@pytest.mark.parametrize(("kind", "options", "n_points"), SAMPLED)
def test_a_sampled_design_has_as_many_points_as_the_method_says(kind, options, n_points):
    experiment = ask(kind, THREE, **options)
    table = design_points(experiment)
    assert len(table) == len(unit_points(experiment)) == count_points(experiment, 1) == n_points
    assert list(table.columns) == list(THREE)
    assert [str(dtype) for dtype in table.dtypes] == ["float64", "float64", "int64"]


@pytest.mark.parametrize(("kind", "options", "_"), SAMPLED)
def test_the_order_of_factors_in_a_file_changes_no_value(kind, options, _):
    table = points_of(kind, THREE, **options)
    turned = points_of(kind, dict(reversed(THREE.items())), **options)
    assert turned[list(THREE)].equals(table)


@pytest.mark.parametrize(("kind", "options", "_"), SAMPLED)
def test_the_seed_makes_the_points(kind, options, _):
    table = points_of(kind, THREE, **options)
    assert points_of(kind, THREE, **options).equals(table)
    assert not points_of(kind, THREE, seed=2, **options).equals(table)


def test_a_latin_hypercube_has_one_point_in_every_stratum():
    cube = unit_points(ask("latin-hypercube", THREE, n_points=20))
    for key in THREE:
        assert sorted(np.floor(cube[key] * 20)) == list(range(20))


def test_a_sobol_sequence_is_balanced_in_every_pair_of_factors():
    cube = unit_points(ask("sobol", THREE, n_points=64))
    for one, other in pairwise(THREE):
        cells = np.floor(cube[one] * 8) * 8 + np.floor(cube[other] * 8)
        assert np.unique(cells).size == 64


def test_a_saltelli_block_mixes_two_samples_one_column_at_a_time():
    cube = unit_points(ask("saltelli", THREE, n_base_points=4)).to_numpy()
    for block in cube.reshape(4, 5, 3):
        first, *mixed, second = block
        for column, point in enumerate(mixed):
            wanted = first.copy()
            wanted[column] = second[column]
            assert np.array_equal(point, wanted)


def test_a_morris_trajectory_moves_one_factor_a_step_and_each_once():
    experiment = ask("morris", {**THREE, **RULES}, n_trajectories=6, n_levels=4)
    table = design_points(experiment)
    for trajectory in np.split(np.arange(len(table)), 6):
        moves = [table.iloc[a] != table.iloc[b] for a, b in pairwise(trajectory)]
        assert [int(move.sum()) for move in moves] == [1, 1, 1, 1]
        assert sorted(move.idxmax() for move in moves) == sorted([*THREE, *RULES])


def test_factors_of_one_group_move_together_and_count_once():
    both = {"group": "size"}
    factors = {SURPRISE: THREE[SURPRISE], CAP: THREE[CAP] | both, NUMBER: THREE[NUMBER] | both}
    experiment = ask("morris", factors, n_trajectories=5)
    assert problem_of(experiment)["groups"] == ["size", "size", SURPRISE]
    assert len(design_points(experiment)) == 5 * (2 + 1)
    assert len(points_of("saltelli", factors, n_base_points=4)) == 4 * (2 + 2)


def test_the_problem_for_salib_names_the_columns_of_the_unit_points():
    experiment = ask("saltelli", THREE, n_base_points=4)
    problem = problem_of(experiment)
    assert problem["names"] == [CAP, NUMBER, SURPRISE] == list(unit_points(experiment).columns)
    assert problem["bounds"] == [[0.0, 1.0]] * 3
    with pytest.raises(InvalidInput, match='"grid" has no points in a unit cube'):
        problem_of(ask("grid", {SURPRISE: [5]}))


def test_a_conditional_factor_of_a_sampled_design_is_missing_where_it_does_not_apply():
    table = points_of("sobol", {**RULES, **BUFFER, SURPRISE: THREE[SURPRISE]}, n_points=32)
    assert (table["margin.buffer"].notna() == (table["margin.kind"] == "volatility")).all()
    assert (table["margin.kind"] == "none").sum() == 16


@pytest.mark.parametrize(
    ("factor", "at_ends_and_middle"),
    [
        ({"low": 5, "high": 50}, [5, 27.5, 50]),
        ({"low": 1, "high": 100, "scale": "log"}, [1, 10, 100]),
        ({"low": 2, "high": 4, "whole": True}, [2, 3, 4]),
        ({"low": 1, "high": 8, "whole": True, "scale": "log"}, [1, 3, 8]),
        ({"values": ["a", "b", "c"]}, ["a", "b", "c"]),
    ],
)
def test_a_unit_coordinate_becomes_a_value_by_the_scale_of_the_factor(factor, at_ends_and_middle):
    values = list(values_at(Factor.model_validate(factor), np.array([0.0, 0.5, 1.0])))
    close = at_ends_and_middle if "values" in factor else pytest.approx(at_ends_and_middle)
    assert values == close
    assert (type(values[0]) is int) == factor.get("whole", False)


def test_every_whole_number_and_every_word_is_as_likely():
    unit = (np.arange(3000) + 0.5) / 3000
    for factor in ({"low": 2, "high": 4, "whole": True}, {"values": ["a", "b", "c"]}):
        _, counts = np.unique(values_at(Factor.model_validate(factor), unit), return_counts=True)
        assert list(counts) == [1000, 1000, 1000]


def test_without_salib_a_design_that_needs_it_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "SALib.sample", None)
    with pytest.raises(InvalidInput, match=r"install carry-unwind\[analysis\]"):
        points_of("morris", THREE, n_trajectories=4)
    assert len(points_of("sobol", THREE, n_points=4)) == 4
