"""Leak or dam: the map is the stored study, and a run that is opened is the run that is stored."""

import numpy as np
import pandas as pd
import pytest

from abm.classroom.choice import Choice, link_of, read_link
from abm.classroom.page import Page
from abm.classroom.phase import study
from abm.classroom.phase.map import PhaseMap, share_colour
from abm.classroom.phase.tab import cell_text
from abm.classroom.verdict import class_words
from abm.errors import UnreadableFile
from abm.figures.phase import LEVERAGE_CAP, SURPRISE
from abm.figures.sweep_cells import SHARE_COLOURS
from abm.runs.fast import fast_cascade
from abm.sweep.intervals import wilson
from abm.sweep.store import load_sweep
from abm.words import LANGUAGES, words

REFERENCE = ((study.DEPTH, 1.0), (study.OVERLAP, 0.5))


def cell(held, surprise_bp, leverage_cap):
    found = study.cells(held)
    return found[(found[SURPRISE] == surprise_bp) & (found[LEVERAGE_CAP] == leverage_cap)].iloc[0]


def phase_tab(language="en"):
    page = Page(f"?tab=phase&lang={language}")
    return page, page.tabs["phase"]


@pytest.mark.parametrize("row", [13_002, 7_310, 19_999])
def test_a_run_that_is_opened_is_the_row_that_is_stored_to_the_last_digit(row):
    stored = load_sweep(study.study_folder()).iloc[row]
    choice = Choice(**study.run_behind(stored))
    again = fast_cascade(choice.run_scenario, choice.seed, choice.replicate)
    assert len(again) > 30
    for name, value in again.items():
        assert value == stored[name] or (np.isnan(value) and np.isnan(stored[name])), name


def test_a_link_to_a_stored_run_leads_to_it():
    stored = study.read_study().runs.iloc[7_310]
    choice = Choice(**study.run_behind(stored))
    found, faults = read_link(link_of(choice))
    assert not faults and found.run_scenario == choice.run_scenario
    assert (found.seed, found.replicate) == (stored["seed"], stored["replicate"])


def test_the_study_was_made_with_the_scenario_that_is_shipped():
    assert study.read_study().is_current


def test_a_cell_counts_its_runs():
    runs = load_sweep(study.study_folder())
    mine = runs[(runs[SURPRISE] == 40) & (runs[LEVERAGE_CAP] == 7) & (runs[study.DEPTH] == 1.0)]
    mine = mine[mine[study.OVERLAP] == 0.5]
    found = cell(REFERENCE, 40.0, 7.0)
    assert len(mine) == found["n_runs"] == 25
    assert found["share"] == pytest.approx((mine["class"] == "dam break").mean(), abs=1e-12)
    assert found["median_peak_log"] == np.median(mine["peak_yen_appreciation"])
    low, high = wilson(found["share"], 25)
    assert (found["low"], found["high"]) == (pytest.approx(low), pytest.approx(high))


def test_over_all_levels_a_cell_is_the_mean_of_its_sixteen_settings():
    levels = study.read_study().levels
    shares = [
        cell(((study.DEPTH, depth), (study.OVERLAP, overlap)), 50.0, 4.0)["share"]
        for depth in levels(study.DEPTH)
        for overlap in levels(study.OVERLAP)
    ]
    assert len(shares) == 16
    assert cell((), 50.0, 4.0)["share"] == pytest.approx(np.mean(shares), abs=1e-12)


def test_sixteen_settings_on_the_same_seeds_do_not_make_the_interval_sixteen_times_as_sure():
    all_levels = cell((), 35.0, 10.0)
    as_if_independent = np.subtract(*wilson(all_levels["share"], all_levels["n_runs"])[::-1])
    assert all_levels["high"] - all_levels["low"] > 1.5 * as_if_independent


def stored_at(depth, overlap, surprise_bp, cap):
    runs = load_sweep(study.study_folder())
    held = {study.DEPTH: depth, study.OVERLAP: overlap, SURPRISE: surprise_bp, LEVERAGE_CAP: cap}
    return runs[(runs[list(held)] == pd.Series(held)).all(axis=1)]


def test_runs_with_a_class_and_those_without_a_net_short_are_all_runs_of_a_cell():
    found = study.cells(())
    assert (found["n_runs"] + found["no net short"] == 400).all()
    assert found[list(study.CLASSES)].sum(axis=1).tolist() == found["n_runs"].tolist()
    without = (load_sweep(study.study_folder())["class"] == "undetermined").sum()
    assert found["no net short"].sum() == without and not found["undetermined"].any()


def test_shares_of_a_cell_are_all_of_the_runs_that_have_a_class():
    here = cell(((study.DEPTH, 0.5), (study.OVERLAP, 0.5)), 50.0, 7.0)
    counts = stored_at(0.5, 0.5, 50, 7)["class"].value_counts()
    broken = counts["dam break"]
    assert here["dam break"] == broken > 1
    n = int(here["n_runs"])
    assert n == 25 - here["no net short"]
    told, share = cell_text(here, words("en")), f"{broken / n:.0%}"
    assert f"The dam breaks in {share} of {n} runs" in told
    assert f"<b>{share}</b> ({broken} runs)" in told
    assert ("2 runs excluded: " in told) == (here["no net short"] == 2)


def test_runs_that_broke_before_the_shock_are_a_class_of_their_cell():
    """Of four runs of a cell one broke before, and two are dam breaks: 50% and 25% of four."""
    line = {"share": 0.5, "low": 0.2, "high": 0.8, "n_runs": 4, "n_independent": 4.0}
    line |= {"dam break": 2, "leak": 1, "absorbed": 0, "broken before the shock": 1}
    line |= {"no net short": 0, "undetermined": 0, "median_peak_log": 0.1}
    told = cell_text(line, words("en"))
    assert "broken before the shock <b>25%</b> (1 run)" in told
    assert "left out" not in told and "in 50% of 4 runs" in told


def test_the_width_of_an_interval_is_explained_where_it_is_shown():
    one = cell_text(cell(REFERENCE, 40.0, 7.0), words("en"))
    assert "95% Wilson interval, as of 25 independent runs" in one
    over_all = cell((), 35.0, 10.0)
    assert over_all["n_independent"] < over_all["n_runs"]
    assert f"as of {over_all['n_independent']:.0f} independent" in cell_text(over_all, words("en"))


def test_a_study_of_two_months_has_no_run_that_is_too_short_to_tell():
    kinds = study.read_study().kinds
    assert kinds[:4] == ("dam break", "leak", "absorbed", "broken before the shock")
    assert "undetermined" not in kinds


def test_half_is_crossed_between_the_cells_that_are_below_and_above_it():
    found = study.half_line(REFERENCE).set_index(LEVERAGE_CAP).loc[10.0]
    assert found["level_below"] <= found["threshold"] <= found["level_above"]
    assert cell(REFERENCE, found["level_below"], 10.0)["share"] <= 0.5
    assert cell(REFERENCE, found["level_above"], 10.0)["share"] >= 0.5


def test_the_line_lies_between_the_middles_of_its_cells():
    drawn = PhaseMap(words("en"), lambda *_: None)
    # Levels 5, 15, 20, 25, 30, 35, 40, ...: cells 0, 1, 2, ...
    assert drawn._place([5.0, 10.0, 37.5]) == pytest.approx([0.0, 0.5, 5.5])
    assert drawn._place([-np.inf, np.inf]) == pytest.approx([-0.5, 9.5])


def test_colours_are_those_of_the_printed_figure():
    assert share_colour(0.0) == SHARE_COLOURS[0].upper()
    assert share_colour(1.0) == SHARE_COLOURS[-1].upper()
    assert share_colour(float("nan")) == "#FFFFFF"


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_tab_can_be_built_in_every_language(language):
    page, tab = phase_tab(language)
    tab.view()
    assert class_words("dam break", page.say) in tab.numbers.object
    assert len(tab.runs.rows) == 25


def test_the_runs_listed_say_that_they_are_a_part_of_what_the_map_is_over():
    _, tab = phase_tab()
    assert "a part of them: Market depth" in tab.runs.heading.object
    tab.selects[study.DEPTH].value = 0.5
    tab.selects[study.OVERLAP].value = 0.25
    assert "a part of them" not in tab.runs.heading.object


def test_a_click_on_a_cell_shows_its_runs_and_one_of_them_can_be_opened(monkeypatch):
    page, tab = phase_tab()
    opened = {}
    monkeypatch.setattr(page, "open", lambda name, **what: opened.update(name=name, **what))
    tab.map.cells.selected.indices = [tab.map.cells.data["surprise_bp"].tolist().index(50.0)]
    assert tab.selects[SURPRISE].value == 50.0
    tab.selects[study.DEPTH].value = 0.5
    tab.runs.buttons[3].clicks += 1
    assert opened["name"] == "play" and opened["changes"][study.DEPTH] == 0.5
    assert opened["changes"][SURPRISE] == 50.0
    assert opened["changes"][study.OVERLAP] == 0.5  # all were shown: the scenario's own
    assert opened["replicate"] == tab.runs.rows[3]["replicate"]
    assert f"#{opened['replicate']}" in tab.runs.buttons[3].name


def test_the_map_follows_depth(monkeypatch):
    _, tab = phase_tab()
    shares = {}
    for depth in (0.5, 1.5):
        tab.selects[study.DEPTH].value = depth
        shares[depth] = np.mean(tab.map.cells.data["share"])
    assert shares[0.5] != shares[1.5]


def test_without_the_study_the_tab_says_how_to_make_it(monkeypatch, tmp_path):
    monkeypatch.setattr(study, "PACKAGE", tmp_path / "abm")
    study.read_study.cache_clear()
    with pytest.raises(UnreadableFile, match=r"unwind sweep experiments/leak-or-dam\.toml"):
        study.read_study()
    _, tab = phase_tab()
    assert study.MADE_BY in tab.view()[0].object


def test_an_installed_package_brings_its_own_copy(monkeypatch, tmp_path):
    copy = tmp_path / "abm" / "_studies" / study.STUDY
    copy.mkdir(parents=True)
    monkeypatch.setattr(study, "PACKAGE", tmp_path / "abm")
    assert study.study_folder() == copy
