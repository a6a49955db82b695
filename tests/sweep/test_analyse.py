"""`unwind analyse`: what each design allows is told, drawn and written."""

import json

import numpy as np
import pandas as pd
import pytest

from abm.cli import sweep_analysis
from abm.cli.analyse import Asked, analyse_and_tell
from abm.cli.sweep_analysis import file_stem
from abm.errors import InvalidInput, OutputRefused, UnreadableFile
from abm.report import findings, sweep_sentences
from abm.report.findings import examined
from abm.report.study import Study, usual
from abm.sweep import analysis, differences
from abm.sweep.outcomes import panel
from tests.sweep.tables import failing, grid, sweep_table

SURPRISE, CAP = "shock.surprise_bp", "funds.leverage_cap"
PEAK = "peak_yen_appreciation"
NAMES = [SURPRISE, CAP, "funds.band"]
UNIT = {"num_vars": 3, "names": NAMES, "bounds": [[0.0, 1.0]] * 3}


def outcomes(points, n_replicates=20):
    """Half of the replicates break the dam at a surprise of 40 - 2 cap."""
    rank = (np.arange(n_replicates) + 0.5) / n_replicates
    luck = np.log(rank / (1.0 - rank))
    push = ((points[SURPRISE] + 2.0 * points[CAP]) / 10.0 - 4.0).to_numpy()[:, None] + luck
    words = np.where(push > 0.0, "dam break", np.where(push > -2.0, "leak", "absorbed"))
    return {"class": words, "peak_yen_appreciation": 0.02 * np.exp(0.3 * push)}


def study(kind="grid", points=None, **options):
    if points is None:
        points = grid(**{SURPRISE: [5, 15, 25, 35, 50], CAP: [2, 4, 7, 10]})
    table = sweep_table(points, outcomes(points))
    return Study("mine", kind, table, points, 20, "Scenario hike, seed 1.", **options)


@pytest.fixture
def analysed(tmp_path, monkeypatch, capsys):
    """Analyse a study: what was printed, and the names of the files."""

    def call(chosen, *outputs, **options):
        monkeypatch.setattr(sweep_analysis, "read_study", lambda folder: chosen)
        analyse_and_tell(Asked(tmp_path, outputs, **options))
        place = options.get("out") or tmp_path / "analysis"
        return capsys.readouterr().out, sorted(path.name for path in place.iterdir())

    return call


def cube(n=64):
    return pd.DataFrame(np.random.default_rng(4).random((n, 3)), columns=NAMES)


def scaled(unit):
    return unit.assign(**{SURPRISE: 5 + 45 * unit[SURPRISE], CAP: 2 + 8 * unit[CAP]})


def test_a_grid_has_curves_a_phase_diagram_and_thresholds(analysed):
    told, files = analysed(study())
    assert "Sweep           mine: grid over 2 factors, 20 points" in told
    assert "half of the runs, along BoJ surprise, bp:" in told
    assert "leverage cap, times wealth 10  20 [" in told
    assert {"class-dam-break-phase.png", "class-dam-break-threshold.csv"} <= set(files)
    assert "peak_yen_appreciation-heat-map.png" in files
    assert all(name in told for name in files if name.endswith(".png"))


def test_the_tables_are_those_that_were_told(analysed, tmp_path):
    analysed(study())
    table = pd.read_csv(tmp_path / "analysis/class-dam-break-threshold.csv")
    assert table["threshold"].to_numpy() == pytest.approx([36, 32, 26, 20], abs=1.0)
    curves = pd.read_csv(tmp_path / "analysis/class-dam-break-curves.csv")
    assert curves["factor"].tolist() == [SURPRISE] * 5 + [CAP] * 4
    assert len(pd.read_csv(tmp_path / "analysis/class-dam-break-means.csv")) == 20


def test_with_too_many_boundaries_only_the_second_factor_is_kept(analysed, tmp_path, monkeypatch):
    monkeypatch.setattr(findings, "_MOST_BOUNDARIES", 7)
    points = grid(**{SURPRISE: [5, 25, 50], CAP: [2, 4, 7, 10], "funds.band": [0.1, 0.2]})
    analysed(study(points=points), "class=dam break")
    table = pd.read_csv(tmp_path / "analysis/class-dam-break-threshold.csv")
    assert len(table) == 4 and CAP in table and "funds.band" not in table


def test_one_at_a_time_has_no_map_of_two_factors(analysed):
    points = pd.DataFrame({SURPRISE: [25, 5, 15, 50, 25, 25], CAP: [7, 7, 7, 7, 2, 10]})
    told, files = analysed(study("one-at-a-time", points), "class=dam break")
    assert "  all  " in told
    assert not any("phase" in name or "heat" in name for name in files)


def test_drawn_points_have_curves_and_pawn(analysed):
    told, files = analysed(study("latin-hypercube", scaled(cube(200))), "peak_yen_appreciation")
    assert "no influence" in told and "chance:" in told
    assert "peak_yen_appreciation-pawn.csv" in files
    assert "peak_yen_appreciation-sensitivity.png" in files


def test_saltelli_points_have_sobol_indices(analysed):
    sample = pytest.importorskip("SALib.sample.sobol")
    unit = sample.sample(UNIT, 32, calc_second_order=True, seed=2)
    points = scaled(pd.DataFrame(unit, columns=NAMES))
    chosen = study("saltelli", points, problem=UNIT, second_order=True)
    told, files = analysed(chosen, "peak_yen_appreciation")
    assert (
        told.index("BoJ surprise, bp")
        < told.index("leverage cap")
        < told.index("no-trade band of funds")
    )
    assert "peak_yen_appreciation-sobol-pairs.csv" in files


def test_morris_points_have_effects(analysed):
    sample = pytest.importorskip("SALib.sample.morris")
    unit = pd.DataFrame(sample.sample(UNIT, 10, num_levels=4, seed=2), columns=NAMES)
    chosen = study("morris", scaled(unit), problem=UNIT, unit_points=unit)
    told, files = analysed(chosen, "peak_yen_appreciation")
    assert "mu*" in told and "peak_yen_appreciation-morris.csv" in files
    assert "in brackets: 95% intervals over points (bootstrap) and draws (jackknife)" in told


def test_what_failed_is_said_in_words_and_under_the_figures(analysed):
    lame = study()
    lame = Study(**{**vars(lame), "table": failing(lame.table, 3, 4)})
    told, _ = analysed(lame, "class=dam break")
    assert "Runs            400 of 400, 2 failed" in told
    assert "note: left out: 2 failed of 400 runs" in told


def test_json_has_the_tables_and_no_number_that_json_lacks(analysed):
    told, files = analysed(study(), "peak_yen_appreciation>=9", as_json=True)
    found = json.loads(told, parse_constant=lambda word: pytest.fail(f"{word} is not JSON"))
    first = found["outputs"]["peak_yen_appreciation>=9"]["threshold"][0]
    assert (first[CAP], first["threshold"], first["status"]) == (2, None, "below throughout")
    assert sorted(found["written"]) == files


def test_the_outputs_and_the_folder_can_be_chosen(analysed, tmp_path):
    _, files = analysed(study(), "peak_yen_appreciation >= 0.1", out=tmp_path / "there")
    assert {name.split("-0.1-")[0] for name in files} == {"peak_yen_appreciation-at-least"}
    assert file_stem("class=dam break") == "class-dam-break"


def test_an_output_that_is_not_there_is_refused_with_the_nearest(analysed):
    with pytest.raises(InvalidInput, match="did you mean class"):
        analysed(study(), "clas=leak")


def test_a_folder_that_is_not_there_is_refused(tmp_path):
    with pytest.raises(UnreadableFile, match="there is no such folder"):
        analyse_and_tell(Asked(tmp_path / "nowhere"))


def test_a_file_in_the_way_is_said(analysed, tmp_path):
    (tmp_path / "analysis").write_text("precious")
    with pytest.raises(OutputRefused, match="cannot be written"):
        analysed(study(), "peak_yen_appreciation")
    assert (tmp_path / "analysis").read_text() == "precious"


def test_a_sweep_without_a_single_run_done_has_nothing_to_analyse(analysed):
    bare = study()
    table = bare.table.drop(columns=["class", "peak_yen_appreciation"]).assign(status="failed")
    with pytest.raises(InvalidInput, match="no run that was done"):
        analysed(Study(**{**vars(bare), "table": table}))


def test_paired_differences_come_first(analysed, tmp_path):
    told, files = analysed(study(), "class=dam break")
    lines = told.splitlines()
    head = next(i for i, line in enumerate(lines) if "paired s.e." in line)
    assert lines[head - 1].startswith("P(dam break)") and "unpaired s.e." in lines[head]
    assert head < next(i for i, line in enumerate(lines) if "lowest mean" in line)
    assert "class-dam-break-differences.png" in files
    table = pd.read_csv(tmp_path / "analysis/class-dam-break-differences.csv")
    assert len(table) == 4 + 3 and table["n_pairs"].tolist() == [80] * 4 + [100] * 3
    assert (table["se_paired"] < table["se_unpaired"]).all()


def test_two_points_have_their_difference_and_no_line_of_refusal(analysed):
    points = pd.DataFrame({SURPRISE: [5, 50], CAP: [4, 10]})
    told, files = analysed(study("list", points), "peak_yen_appreciation", "class=dam break")
    assert "note:" not in told and "no setting" not in told
    assert "BoJ surprise, leverage cap" in told and "5, 4  50, 10" in told
    assert "peak_yen_appreciation-differences.csv" in files


def test_the_interval_of_a_share_that_no_pair_moves_is_said_to_be_another(analysed):
    still = study().table.assign(**{"class": "leak"})
    told, _ = analysed(Study(**{**vars(study()), "table": still}), "class=leak")
    assert "draws as replicates; where no pair differs, as wide as Wilson's of none" in told
    told, _ = analysed(study(), "class=dam break")
    assert "where no pair differs" not in told
    points = pd.DataFrame({SURPRISE: [5, 50], CAP: 4})
    broken = study("grid", points).table
    broken["class"] = np.where(broken[SURPRISE] == 50, "dam break", "leak")
    for n in (1, 4):  # one pair has no error, four that agree have one of 0
        few = broken[broken["replicate"] < n]
        pairs = {**vars(study("grid", points)), "table": few, "n_replicates": n}
        told, _ = analysed(Study(**pairs), "class=dam break")
        assert "+100 [" in told and "where all pairs differ alike, as wide as Wilson's" in told
    found = examined(Study(**pairs), panel(few, "class=dam break", points))
    caption = " ".join(found.figures["differences"].texts[1].get_text().split())
    assert "where all pairs differ alike, as wide as Wilson's of none). Light:" in caption


def test_an_output_that_is_asked_for_twice_is_told_once(analysed):
    told, _ = analysed(study(), "peak_yen_appreciation", "peak_yen_appreciation")
    assert told.count("(peak_yen_appreciation)") == 1


def test_brackets_that_are_not_there_are_not_explained(analysed):
    points = pd.DataFrame({SURPRISE: [5, 50], CAP: 4})
    one = study("grid", points).table.query("replicate == 0")
    pairs = {**vars(study("grid", points)), "table": one, "n_replicates": 1}
    told, _ = analysed(Study(**pairs), "peak_yen_appreciation")
    assert "in brackets" not in told


def test_the_same_refusal_of_several_factors_is_one_line(analysed):
    points = pd.DataFrame({SURPRISE: [5, 50, 75], CAP: [4, 10, 2], "funds.band": [0.1, 0.2, 0.3]})
    told, _ = analysed(study("list", points), "peak_yen_appreciation")
    assert told.count("no setting of the other factors") == 1


def test_no_threshold_is_told_along_true_and_false(analysed):
    points = grid(**{SURPRISE: [50], "funds.on": [False, True], CAP: [10]})
    told, files = analysed(study(points=points), "class=dam break")
    assert "half of the runs" not in told and not any("threshold" in name for name in files)
    assert "false" in told and "true" in told


def test_intervals_say_of_how_many_runs_they_are(analysed):
    told, _ = analysed(study(), "class=dam break")
    assert "in brackets: 95% Wilson interval of" in told and "independent runs" in told
    told, _ = analysed(study(), "peak_yen_appreciation")
    assert "in brackets: 95% Student interval of 20 independent draws" in told
    assert "in brackets: 95% Student interval of the paired difference" in told


def test_an_output_that_is_not_defined_is_not_advised_to_be_run_again(analysed):
    lame = study()
    table = lame.table.assign(peak_yen_appreciation=np.nan)
    lame = Study(**{**vars(lame), "table": table})
    told, _ = analysed(lame, "peak_yen_appreciation", "class=dam break")
    assert "is not defined in 400 runs" in told and "ask for another --output" in told
    assert "retry" not in told and "finish the sweep" not in told


def test_shares_that_add_up_to_more_than_the_whole_are_explained(analysed):
    sample = pytest.importorskip("SALib.sample.sobol")
    unit = sample.sample(UNIT, 32, calc_second_order=False, seed=2)
    points = scaled(pd.DataFrame(unit, columns=NAMES))
    told, _ = analysed(study("saltelli", points, problem=UNIT), "class=dam break")
    assert "total by draw" in told
    line = next(line for line in told.splitlines() if line.startswith("shares of the variance"))
    assert "totals add up to" in line and "Chance is" in line and "inside these shares" in line


def test_nothing_that_varies_has_no_line_on_chance(analysed):
    sample = pytest.importorskip("SALib.sample.sobol")
    unit = sample.sample(UNIT, 8, calc_second_order=False, seed=2)
    points = scaled(pd.DataFrame(unit, columns=NAMES))
    told, _ = analysed(study("saltelli", points, problem=UNIT), "peak_yen_appreciation>=9")
    assert "the same at every point, no factor matters" in told
    assert "chance" not in told  # least of all that of one replicate


def test_an_index_beyond_the_whole_is_said_to_be_an_error(analysed):
    sample = pytest.importorskip("SALib.sample.sobol")
    unit = sample.sample(UNIT, 8, calc_second_order=False, seed=2)
    points = scaled(pd.DataFrame(unit, columns=NAMES))
    told, _ = analysed(study("saltelli", points, problem=UNIT), "peak_yen_appreciation")
    assert "an index below 0 or above 1 is the error of few base points" in told


def test_the_counts_behind_the_shares_are_a_table_and_the_map_is_of_them(analysed, tmp_path):
    analysed(study(), "class=dam break")
    counts = pd.read_csv(tmp_path / "analysis/class-dam-break-classes.csv")
    assert (counts["n_runs"] + counts["n_left_out"] == 20).all() and len(counts) == 20
    cells = pd.read_csv(tmp_path / "analysis/class-dam-break-heat-map.csv", index_col=0)
    share = (counts["dam break"] / counts["n_runs"]).to_numpy()
    assert cells.T.to_numpy().ravel() == pytest.approx(share)


def test_a_step_without_a_value_at_one_end_is_told(analysed):
    points = grid(**{SURPRISE: [5, 25, 50], CAP: [7]})
    whole = study(points=points)
    table = whole.table.copy()
    table.loc[table[SURPRISE] == 5, "peak_yen_appreciation"] = np.nan
    told, _ = analysed(Study(**{**vars(whole), "table": table}), "peak_yen_appreciation")
    assert "no run has both" in told and "nan" not in told


@pytest.mark.parametrize("total, why", [(0.93, "error of few points"), (1.4, "interaction")])
def test_totals_that_are_not_the_whole_have_their_own_reason(total, why):
    table = pd.DataFrame({"first": [0.4, 0.3], "total": [total - 0.3, 0.3]})
    told = findings._shares_told(table, float("nan"))
    assert f"totals add up to {total:.0%}" in told and why in told
    assert ("interaction counts" in told) == (total > 1.0)


def test_steps_that_are_not_printed_are_counted():
    sentences = [
        sweep_sentences.told("steps", has_intervals=False, unmoved="", n_hidden=n)
        for n in (0, 1, 1200)
    ]
    assert [sentence.partition("; ")[2].partition("; ")[2] for sentence in sentences] == [
        "",
        "1 more step is in the table of differences",
        "1,200 more steps are in the table of differences",
    ]


def test_a_title_has_a_factors_whole_name_and_does_not_break_inside_it(analysed):
    share = "funds.styles.FXM.yen_share"
    points = grid(**{SURPRISE: [20, 20.5], CAP: [4, 4.1], share: [0.1, 0.9]})
    push = points[share].to_numpy()[:, None] * np.arange(1.0, 21.0)
    table = sweep_table(points, {"peak_yen_appreciation": push})
    whole = Study("mine", "grid", table, points, 20, "Scenario hike, seed 1.")
    found = examined(whole, panel(table, PEAK, points))
    assert "depends most on FXM: yen share of borrowing: " in found.titles["curves"]
    drawn = "\n".join(text.get_text() for text in found.figures["curves"].texts)
    assert "FXM:\N{NO-BREAK SPACE}yen\N{NO-BREAK SPACE}share\N{NO-BREAK SPACE}of" in drawn


def test_no_factor_is_named_where_only_chance_moves_the_mean():
    points = grid(**{SURPRISE: [20, 30], CAP: [4, 10]})
    values = np.random.default_rng(3).normal(size=(4, 20))
    table = sweep_table(points, {"peak_yen_appreciation": values})
    whole = Study("mine", "grid", table, points, 20, "Scenario hike, seed 1.")
    found = examined(whole, panel(table, PEAK, points))
    steps = found.tables["differences"]
    assert ((steps["low"] < 0.0) & (steps["high"] > 0.0)).all()
    assert found.titles["curves"].endswith("no factor is told from chance at 95%")


@pytest.mark.parametrize("kind", ["latin-hypercube", "sobol"])
@pytest.mark.parametrize("slope", [0.0, 0.3])
def test_a_factor_of_drawn_points_is_named_where_it_is_told_from_chance(kind, slope):
    points = scaled(cube(60))
    values = np.random.default_rng(3).normal(size=(60, 5)) + slope * points[[CAP]].to_numpy()
    table = sweep_table(points, {"peak_yen_appreciation": values})
    found = examined(Study("mine", kind, table, points, 5, "One."), panel(table, PEAK, points))
    for name in ("curves", "sensitivity"):
        is_named = "everage cap" in found.titles[name]
        assert is_named == bool(slope)
        assert ("no factor is told from chance at 95%" in found.titles[name]) != is_named


def test_no_interval_is_of_what_cannot_be():
    points = grid(**{CAP: [4, 10]})
    sales = np.zeros((2, 3))
    sales[1, 0] = 60.0
    words = np.where(sales > 0.0, "dam break", "leak")
    words[1, 1] = "dam break"
    table = sweep_table(points, {"forced_sales_usd_bn": sales, "class": words})
    means = analysis.point_means(panel(table, "forced_sales_usd_bn", points))
    assert means["low"].tolist() == [0.0, 0.0] and means["high"].iloc[1] > 60.0
    curve = analysis.response_curve(panel(table, "forced_sales_usd_bn", points), CAP)
    assert curve["low"].tolist() == [0.0, 0.0]
    broke = panel(table, "class=dam break", points)
    step = differences.differences(broke, "grid").iloc[0]
    assert step["high"] == 1.0 and step["low"] >= -1.0


@pytest.mark.parametrize(
    ("n_replicates", "over"),
    [(1, "points (bootstrap) alone."), (20, "points (bootstrap) and draws (jackknife).")],
)
def test_whiskers_are_over_what_the_brackets_are_over(n_replicates, over):
    points = scaled(cube())
    table = sweep_table(points, outcomes(points, n_replicates))
    caption = "Scenario hike, seed 1."
    whole = Study("mine", "latin-hypercube", table, points, n_replicates, caption)
    found = examined(whole, panel(table, PEAK, points))
    assert f"in brackets: 95% intervals over {over[:-1]}" in found.lines
    drawn = " ".join(found.figures["sensitivity"].texts[1].get_text().split())
    assert f"Whiskers: 95% intervals over {over}" in drawn


def test_runs_broken_before_the_shock_are_told_of_right_after_dam_breaks():
    table = study().table
    assert usual(table) == ["class=dam break", PEAK]
    broken = table.assign(**{"class": "broken before the shock"})
    assert usual(broken) == ["class=dam break", "class=broken before the shock", PEAK]
