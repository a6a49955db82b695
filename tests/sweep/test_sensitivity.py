"""Indices of functions whose indices are known."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from abm.errors import InvalidInput
from abm.sweep import sensitivity
from abm.sweep.outcomes import panel
from abm.sweep.sensitivity import morris_effects, noise, pawn_indices, sobol_indices
from tests.sweep.tables import failing, sweep_table

sample = pytest.importorskip("SALib.sample", reason="needs SALib (extra analysis)")
NAMES = ["a", "b", "c"]
UNIT = {"num_vars": 3, "names": NAMES, "bounds": [[0.0, 1.0]] * 3}
# Ishigami and Homma (1990) with 7 and 0.1: variance and its parts in closed form.
VARIANCE = 7**2 / 8 + 0.1 * np.pi**4 / 5 + 0.1**2 * np.pi**8 / 18 + 0.5
FIRST = [0.5 * (1 + 0.1 * np.pi**4 / 5) ** 2 / VARIANCE, 7**2 / 8 / VARIANCE, 0.0]
WITH_C = 8 * 0.1**2 * np.pi**8 / 225 / VARIANCE
TOTAL = [FIRST[0] + WITH_C, FIRST[1], WITH_C]


def ishigami(unit):
    a, b, c = np.pi * (2.0 * unit.T - 1.0)
    return np.sin(a) + 7.0 * np.sin(b) ** 2 + 0.1 * c**4 * np.sin(a)


def saltelli(n=1024, second_order=False, problem=UNIT):
    from SALib.sample import sobol

    return sobol.sample(problem, n, calc_second_order=second_order, seed=7)


def trajectories(n=20, problem=UNIT):
    from SALib.sample import morris

    return morris.sample(problem, n, num_levels=4, seed=7)


def swept(unit, y, shift=(0.0, 1.0)):
    """One output at points of the unit cube; every replicate adds its shift at all of them."""
    table = pd.DataFrame(unit, columns=NAMES[: unit.shape[1]])
    return sweep_table(table, {"y": y[:, None] + np.array(shift)})


def test_sobol_indices_of_ishigami_lie_inside_their_intervals():
    unit = saltelli()
    table = sobol_indices(panel(swept(unit, ishigami(unit)), "y"), UNIT).table
    assert table["factor"].tolist() == NAMES
    for name, known in (("first", FIRST), ("total", TOTAL)):
        assert table[name].to_numpy() == pytest.approx(known, abs=0.05)
        assert ((table[f"{name}_low"] <= known) & (known <= table[f"{name}_high"])).all()


def test_pairs_are_there_where_they_were_sampled():
    unit = saltelli(second_order=True)
    pairs = sobol_indices(panel(swept(unit, ishigami(unit)), "y"), UNIT, second_order=True).pairs
    assert pairs[["factor", "with"]].to_numpy().tolist() == [["a", "b"], ["a", "c"], ["b", "c"]]
    assert pairs["second"].to_numpy() == pytest.approx([0.0, WITH_C, 0.0], abs=0.06)


def test_a_block_with_a_point_that_failed_is_dropped_whole():
    unit = saltelli(256)
    table = swept(unit, ishigami(unit))
    found = sobol_indices(panel(failing(table, 0, 1, 27), "y"), UNIT)
    assert found.said == (
        "1 of 256 blocks dropped: a point without a run; "
        "1 replicate within blocks not used: missing at a point"
    )
    whole = sobol_indices(panel(swept(unit[5:], ishigami(unit[5:])), "y"), UNIT).table
    assert found.table["total"].to_numpy() == pytest.approx(whole["total"].to_numpy(), abs=1e-9)


def test_seeds_missing_in_a_part_of_a_block_do_not_look_like_an_effect():
    unit = saltelli(64)
    table = swept(unit, unit[:, 0], shift=(0.0, 100.0))
    lame = failing(table, *range(1, 100, 10))  # the loud replicate, of one point in each block
    index = sobol_indices(panel(lame, "y"), UNIT).table["total"].tolist()
    assert index[1:] == pytest.approx([0.0, 0.0], abs=1e-9)


@pytest.mark.parametrize("kind", ["sobol", "morris"])
def test_a_design_with_too_many_failures_is_refused(kind):
    unit = saltelli(16) if kind == "sobol" else trajectories(20)
    lame = panel(failing(swept(unit, ishigami(unit)), *range(60)), "y")
    with pytest.raises(InvalidInput, match=r"have a point without a run .* retry what failed"):
        if kind == "sobol":
            sobol_indices(lame, UNIT)
        else:
            morris_effects(lame, UNIT, pd.DataFrame(unit, columns=NAMES))


def test_points_that_are_not_the_design_are_refused():
    unit = saltelli(8)[:-1]
    with pytest.raises(InvalidInput, match="39 points are not two or more blocks of 5"):
        sobol_indices(panel(swept(unit, ishigami(unit)), "y"), UNIT)


def test_an_output_that_never_changes_has_no_indices():
    unit = saltelli(8)
    with pytest.raises(InvalidInput, match="y: the same at every point"):
        sobol_indices(panel(swept(unit, np.ones(len(unit))), "y"), UNIT)


def test_morris_effects_of_a_linear_function_are_its_slopes():
    unit = trajectories()
    y = unit @ np.array([3.0, -2.0, 0.0])
    table = morris_effects(
        panel(swept(unit, y), "y"), UNIT, pd.DataFrame(unit, columns=NAMES)
    ).table
    assert table["mu_star"].to_numpy() == pytest.approx([3.0, 2.0, 0.0], abs=1e-9)
    assert table["mu"].to_numpy() == pytest.approx([3.0, -2.0, 0.0], abs=1e-9)
    assert table["sigma_high"].to_numpy() == pytest.approx([0.0, 0.0, 0.0], abs=1e-9)


def test_sizes_of_morris_effects_have_no_interval_below_zero():
    unit = trajectories(10)
    slope = unit @ np.array([3.0, -1.0, 0.0])
    draws = slope[:, None] * np.array([1.0, -1.0, 1.0, -1.0])  # other draws, other signs
    table = morris_effects(
        panel(
            sweep_table(pd.DataFrame(unit, columns=NAMES), {"y": draws + slope[:, None] / 9}), "y"
        ),
        UNIT,
        pd.DataFrame(unit, columns=NAMES),
    ).table
    assert (table[["mu_star_low", "sigma_low"]] >= 0.0).all().all()
    assert (table["mu_low"] < 0.0).any()


def test_morris_effects_are_those_of_salib_on_the_whole_design():
    from SALib.analyze import morris

    unit = trajectories(30)
    y = ishigami(unit)
    table = morris_effects(
        panel(swept(unit, y, (0.0,)), "y"), UNIT, pd.DataFrame(unit, columns=NAMES)
    ).table
    theirs = morris.analyze(UNIT, unit, y, num_resamples=1000, seed=1)
    for name in ("mu_star", "mu", "sigma"):
        assert table[name].to_numpy() == pytest.approx(np.asarray(theirs[name]), rel=1e-12)
    half = (table["mu_star_high"] - table["mu_star_low"]) / 2.0
    assert half.to_numpy() == pytest.approx(np.asarray(theirs["mu_star_conf"]), rel=0.15)


def test_a_trajectory_with_a_point_that_failed_is_dropped_whole():
    unit = trajectories()
    points = pd.DataFrame(unit, columns=NAMES)
    found = morris_effects(panel(failing(swept(unit, ishigami(unit)), 8, 9), "y"), UNIT, points)
    assert found.said == "1 of 20 trajectories dropped: a point without a run"
    rest = np.delete(unit, range(4, 8), axis=0)
    other = morris_effects(
        panel(swept(rest, ishigami(rest)), "y"), UNIT, pd.DataFrame(rest, columns=NAMES)
    )
    assert found.table["mu_star"].to_numpy() == pytest.approx(other.table["mu_star"].to_numpy())


def test_factors_of_a_group_share_an_index():
    problem = {**UNIT, "groups": ["pair", "c", "pair"]}
    unit = trajectories(20, problem)
    y = unit @ np.array([3.0, 2.0, 1.0])
    found = morris_effects(panel(swept(unit, y), "y"), problem, pd.DataFrame(unit, columns=NAMES))
    assert found.table["factor"].tolist() == ["pair", "c"]
    assert found.table["mu_star"].iloc[1] == pytest.approx(2.0)
    assert np.isnan(found.table["sigma"].iloc[0])
    unit = saltelli(512, problem=problem)
    indices = sobol_indices(
        panel(swept(unit, unit @ np.array([3.0, 2.0, 1.0])), "y"), problem
    ).table
    assert indices["total"].to_numpy() == pytest.approx([10 / 14, 4 / 14], abs=0.03)


def test_pawn_of_a_factor_without_influence_is_that_of_a_dummy():
    unit = np.random.default_rng(3).random((1000, 3))
    y = np.where(unit[:, 0] < 0.5, 0.0, 1.0) + 0.1 * unit[:, 1]
    table = pawn_indices(panel(swept(unit, y), "y")).table.set_index("factor")
    assert table.loc["a", "pawn"] == pytest.approx(0.5, abs=0.03)  # F jumps from 1/2 to 1 or 0
    assert table.loc["c", "pawn"] < table.loc["c", "dummy"]
    assert table.loc["a", "pawn_low"] > 3.0 * table.loc["a", "dummy"]


def test_the_interval_of_pawn_ends_at_one():
    level = np.repeat(np.arange(10.0), 4)
    y = np.column_stack([1000.0 * level, np.random.default_rng(1).permutation(40)])
    found = pawn_indices(panel(sweep_table(pd.DataFrame({"a": level}), {"y": y}), "y")).table
    assert found["pawn"].item() > 0.6 and found["pawn_high"].item() == 1.0


def test_pawn_of_equal_outcomes_in_equal_numbers_is_zero():
    points = pd.DataFrame({"a": [1] * 50 + [2] * 50})
    y = np.tile([0.0, 1.0], 50)[:, None]
    assert pawn_indices(panel(sweep_table(points, {"y": y}), "y")).table["pawn"].tolist() == [0.0]


def test_pawn_is_that_of_salib():
    from SALib.analyze import pawn

    unit = np.random.default_rng(3).random((2000, 3))
    table = pawn_indices(panel(swept(unit, ishigami(unit)), "y")).table
    theirs = pawn.analyze(UNIT, unit, ishigami(unit))
    assert table["pawn"].to_numpy() == pytest.approx(theirs["median"], abs=0.005)
    assert table["largest"].to_numpy() == pytest.approx(theirs["maximum"], abs=0.005)


def test_pawn_takes_words_and_factors_that_apply_at_times():
    points = pd.DataFrame(
        {"kind": ["fixed"] * 50 + ["vol"] * 50, "window": [np.nan] * 50 + [5, 9] * 25}
    )
    y = np.where(points["kind"] == "vol", 1.0, 0.0)[:, None] + np.linspace(0, 0.1, 100)[:, None]
    table = pawn_indices(panel(sweep_table(points, {"y": y}), "y")).table.set_index("factor")
    assert table.loc["kind", "pawn"] == pytest.approx(0.5)
    assert table["n_points"].to_dict() == {"kind": 100, "window": 50}


def test_chance_is_told_from_the_factors():
    rng = np.random.default_rng(2)
    unit = rng.random((4000, 1))
    y = np.sqrt(12.0) * unit + rng.normal(size=(4000, 8))  # one half each
    found = noise(panel(sweep_table(pd.DataFrame(unit, columns=["a"]), {"y": y}), "y"))
    assert found.of_a_run == pytest.approx(0.5, abs=0.02)
    assert found.of_the_means == pytest.approx(1 / 9, abs=0.01)  # (1/8) / (1 + 1/8)


def test_what_a_seed_adds_at_all_points_alike_is_no_noise_in_the_means():
    unit = np.random.default_rng(2).random((100, 3))
    assert noise(panel(swept(unit, unit[:, 0], (0.0, 5.0)), "y")).of_the_means == pytest.approx(0.0)
    assert np.isnan(noise(panel(swept(unit, unit[:, 0], (0.0,)), "y")).of_a_run)


def by_draw(n_replicates, seed, spread=0.5):
    """y = (1 + z_r) a + b: each draw responds to a in its own way; on average both are a half."""
    problem = {"num_vars": 2, "names": NAMES[:2], "bounds": [[0, 1]] * 2}
    unit = saltelli(512, problem=problem)
    z = spread * np.random.default_rng(seed).normal(size=n_replicates)
    y = (1.0 + z)[None, :] * unit[:, :1] + unit[:, 1:2]
    points = pd.DataFrame(unit, columns=NAMES[:2])
    return panel(sweep_table(points, {"y": y}), "y"), problem


def test_intervals_of_indices_hold_what_other_draws_would_change():
    n_inside, n_inside_before = 0, 0
    for seed in range(20):
        whole, problem = by_draw(8, seed, spread=0.8)
        line = sobol_indices(whole, problem).table.iloc[0]
        n_inside += line["first_low"] <= 0.5 <= line["first_high"]
        alone = sensitivity._sobol(whole, problem, resampled=(200, 1)).table.iloc[0]
        n_inside_before += alone["first_low"] <= 0.5 <= alone["first_high"]
    assert n_inside >= 17 > 14 >= n_inside_before


def test_the_index_of_each_draw_alone_is_told_and_lies_inside():
    whole, problem = by_draw(2, 3)
    line = sobol_indices(whole, problem).table.iloc[0]
    each = [
        sobol_indices(replace(whole, values=whole.values[:, [r]]), problem).table["first"].iloc[0]
        for r in range(2)
    ]
    assert (line["first_least"], line["first_most"]) == (min(each), max(each))
    assert line["first_low"] <= line["first_least"] < line["first_most"] <= line["first_high"]


def test_one_draw_says_nothing_of_others_and_says_so():
    whole, problem = by_draw(1, 3)
    found = sobol_indices(whole, problem)
    assert "over the points alone (one replicate)" in found.said
    assert found.table["first_least"].isna().all()


def test_shares_of_a_variance_stay_between_none_and_all_of_it():
    whole, problem = by_draw(2, 1, spread=3.0)
    table = sobol_indices(whole, problem).table
    for name in ("first", "total"):
        assert (table[f"{name}_low"] >= np.minimum(table[name], 0.0)).all()
        assert (table[f"{name}_high"] <= np.maximum(table[name], 1.0)).all()


def test_effects_and_distances_too_are_over_points_and_draws():
    unit = trajectories(10)
    z = np.array([-0.5, 0.0, 0.5, 2.0])
    y = (1.0 + z) * unit[:, :1]
    whole = panel(sweep_table(pd.DataFrame(unit, columns=NAMES), {"y": y}), "y")
    line = morris_effects(whole, UNIT, pd.DataFrame(unit, columns=NAMES)).table.iloc[0]
    # Every effect is 1.5; a jackknife of a mean is its standard error.
    half = 1.959964 * np.sqrt(z.var(ddof=1) / 4.0)
    assert line["mu_star"] == pytest.approx(1.5)
    assert line["mu_star_high"] - 1.5 == pytest.approx(half, rel=1e-5)
    table = pd.DataFrame(unit, columns=NAMES)
    widths = []
    for z in (np.array([1.0, 1.0]), np.array([2.0, 0.0])):  # the same mean
        y = unit[:, :1] * z + 0.5 * unit[:, 1:2]
        line = pawn_indices(panel(sweep_table(table, {"y": y}), "y")).table.iloc[0]
        widths.append(line["pawn_high"] - line["pawn_low"])
    assert widths[1] > 1.5 * widths[0]


def test_what_is_not_defined_is_not_to_be_run_again():
    unit = saltelli(16)
    y = ishigami(unit)
    y[:60] = np.nan
    whole = panel(swept(unit, y), "y")
    with pytest.raises(
        InvalidInput, match=r"without a value .* ask for another --output"
    ) as refused:
        sobol_indices(whole, UNIT)
    assert "retry" not in str(refused.value) and "finish" not in str(refused.value)


@pytest.mark.parametrize("analysis", [sobol_indices, lambda whole, _: pawn_indices(whole)])
def test_an_outcome_that_no_run_has_is_refused(analysis):
    unit = saltelli(16)
    whole = panel(swept(unit, np.full(len(unit), np.nan)), "y")
    with pytest.raises(InvalidInput, match="not defined in 160 runs"):
        analysis(whole, UNIT)
