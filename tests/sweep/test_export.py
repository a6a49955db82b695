"""`unwind export` and `unwind plot`: tables that other programs read, figures of a sweep."""

import io
import os
import re
import shutil

import numpy as np
import pandas as pd
import pytest

import abm
from abm.cli import analyse, export
from abm.cli.export import Asked, export_and_tell
from abm.cli.plot import plotted
from abm.errors import InvalidInput, OutputRefused
from abm.report.study import read_study
from abm.runs import exports
from abm.sweep import load_sweep, sweep
from tests.sweep.small import TINY, experiment

EVIL = ["=1+1", "+1", "-1", "@SUM(A1)", "\tx", "plain", "", "x=1"]


@pytest.fixture(scope="module")
def run_folder(tmp_path_factory):
    scenario = abm.load_scenario("hike").with_changes(TINY)
    return abm.run(scenario, rng=3).save(tmp_path_factory.mktemp("run") / "mine")


@pytest.fixture
def sweep_folder(tmp_path, in_process):
    outputs = {"measure": "cascade", "series": ["yen_short_units"], "stride": 5, "events": True}
    sweep(experiment(outputs=outputs), tmp_path / "swept")
    return tmp_path / "swept"


def test_the_tables_of_a_run_come_back_from_csv_to_the_last_digit(run_folder, tmp_path):
    told = export_and_tell(Asked(run_folder, "csv", tmp_path / "out"))
    run = abm.load_result(run_folder)
    for name in ("days", "events", "institutions"):
        again = pd.read_csv(tmp_path / f"out/{name}.csv", keep_default_na=True)
        for column in getattr(run, name).select_dtypes("number"):
            np.testing.assert_array_equal(again[column], getattr(run, name)[column], column)
        assert f"{name}: {len(again):,} rows" in "\n".join(told)
    edges = pd.read_csv(tmp_path / "out/exposures.csv")
    assert edges["usd_bn"].sum() == pytest.approx(run.exposures.size(weight="weight"))
    summary = pd.read_csv(tmp_path / "out/summary.csv").set_index("measure")
    assert summary.loc["n_margin_calls", "value"] == run.summary["n_margin_calls"]


def test_a_workbook_has_a_sheet_for_each_table(sweep_folder):
    openpyxl = pytest.importorskip("openpyxl")
    export_and_tell(Asked(sweep_folder, "xlsx"))
    book = openpyxl.load_workbook(sweep_folder / "export-xlsx/swept.xlsx")
    assert book.sheetnames == ["runs", "points", "days", "events", "columns"]
    runs = load_sweep(sweep_folder)
    sheet = list(book["runs"].values)
    assert sheet[0] == tuple(runs.columns) and len(sheet) == 1 + len(runs)
    at = list(runs.columns).index("peak_yen_appreciation")
    kept = [row[at] for row in sheet[1:]]  # a workbook keeps sixteen digits
    assert kept == pytest.approx(runs["peak_yen_appreciation"].tolist(), rel=1e-15)


def test_stata_reads_back_what_was_written_under_names_that_are_told(sweep_folder, tmp_path):
    told = export_and_tell(Asked(sweep_folder, "stata", tmp_path / "out"))
    names = pd.read_csv(tmp_path / "out/columns.csv")
    runs = load_sweep(sweep_folder)
    again = pd.read_stata(tmp_path / "out/runs.dta")
    mapping = dict(names.loc[names["table"] == "runs", ["column", "stata"]].to_numpy())
    assert list(mapping) == list(runs.columns) and list(mapping.values()) == list(again.columns)
    assert mapping["funds.leverage_cap"] == "funds_leverage_cap" and mapping["class"] == "_class"
    for column in runs.select_dtypes("number"):
        np.testing.assert_array_equal(again[mapping[column]], runs[column], column)
    assert any("other names in Stata: columns.csv" in line for line in told)
    with pd.read_stata(tmp_path / "out/runs.dta", iterator=True) as reader:
        assert reader.variable_labels()["funds_leverage_cap"] == "funds.leverage_cap"


def test_no_text_of_a_csv_file_is_a_formula():
    made = exports.as_csv({"t": pd.DataFrame({"=x": EVIL, "n": np.arange(8.0) - 4.0})})
    lines = made.files["t.csv"].decode().splitlines()
    assert lines[0] == "'=x,n"
    cells = pd.read_csv(io.BytesIO(made.files["t.csv"]), keep_default_na=False).iloc[:, 0]
    assert cells.tolist() == ["'=1+1", "'+1", "'-1", "'@SUM(A1)", "'\tx", "plain", "", "x=1"]
    assert lines[1] == "'=1+1,-4.0"  # a number stays a number
    assert made.said == ["5 cells of text begin with one of = + - @: each has a ' in front"]


def test_text_of_a_workbook_is_text_and_what_xml_lacks_is_spelt():
    openpyxl = pytest.importorskip("openpyxl")
    words = [*EVIL, "bell \x07", "x" * 40_000]
    values = [1.5, np.nan, np.inf, -np.inf, 0.0, 2.0, 3.0, 4.0, 5.0, 6.0]
    made = exports.as_workbook({"t": pd.DataFrame({"words": words, "n": values})}, "b")
    sheet = openpyxl.load_workbook(io.BytesIO(made.files["b.xlsx"]))["t"]
    assert not any(cell.data_type == "f" for cell in sheet["A"])  # none is a formula
    assert sheet["A2"].value == "=1+1" and "\x07" not in sheet["A10"].value
    assert [sheet[f"B{i}"].value for i in range(2, 6)] == [1.5, None, "inf", "-inf"]
    assert made.said == ["t, words: text is cut to 32,767 letters"]


def test_a_whole_number_that_a_spreadsheet_would_round_is_text():
    openpyxl = pytest.importorskip("openpyxl")
    made = exports.as_workbook({"t": pd.DataFrame({"seed": [2**53, 2**53 + 1]})}, "b")
    sheet = openpyxl.load_workbook(io.BytesIO(made.files["b.xlsx"]))["t"]
    assert [sheet["A2"].value, sheet["A3"].value] == [2**53, "9007199254740993"]


def test_more_rows_than_a_sheet_holds_are_refused_before_anything_is_written(monkeypatch):
    monkeypatch.setattr(exports, "MOST_SHEET_ROWS", 5)
    with pytest.raises(InvalidInput, match=r"t has 5 rows and 1 columns; .* use --to csv"):
        exports.as_workbook({"t": pd.DataFrame({"a": range(5)})}, "b")


def test_names_of_stata_are_short_lawful_and_each_once():
    long = [f"funds.styles.FXM.some_very_long_name_of_a_key_{end}_usd_bn" for end in "ab"]
    columns = [*long, "class", "2x", "a.b", "a_b", "str8", "é", ""]
    names = exports.stata_names(columns)
    assert list(names) == columns and len(set(names.values())) == len(columns)
    assert all(re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]{0,31}", name) for name in names.values())
    assert names["a.b"] == "a_b" and names["a_b"] == "a_b_2"
    assert names[long[0]].startswith("funds_styles") and names[long[0]].endswith("_usd_bn")


def test_what_stata_lacks_is_given_another_form_and_told():
    table = pd.DataFrame(
        {"big": [2**60, 1], "wide": [2**31, 0], "x": [np.inf, np.nan], "on": [True, False],
         "text": ["y" * 3000, "日本"], "none": [None, "z"]}
    )  # fmt: skip
    made = exports.as_stata({"t": table})
    again = pd.read_stata(io.BytesIO(made.files["t.dta"]))
    assert again["big"].tolist() == [str(2**60), "1"] and again["wide"].tolist() == [2**31, 0]
    assert again["x"].isna().all() and again["on"].tolist() == [1, 0]
    assert again["text"].tolist() == ["y" * 3000, "日本"] and again["none"].tolist() == ["", "z"]
    assert made.said[0] == "t: 1 infinite number is missing in Stata"


@pytest.mark.parametrize("kind", exports.FORMATS)
def test_an_empty_table_has_its_columns(kind):
    table = pd.DataFrame({"a": pd.Series([], dtype=float), "b": pd.Series([], dtype=object)})
    assert exports.FORMATS[kind]({"t": table}, "stem").files


def test_nothing_is_overwritten(run_folder, tmp_path):
    (tmp_path / "out").mkdir()
    (tmp_path / "out/days.csv").write_text("precious")
    with pytest.raises(OutputRefused, match="exists and is not empty; give another --out"):
        export_and_tell(Asked(run_folder, "csv", tmp_path / "out"))
    assert (tmp_path / "out/days.csv").read_text() == "precious"
    (tmp_path / "file").write_text("precious")
    with pytest.raises(OutputRefused, match="is a file"):
        export_and_tell(Asked(run_folder, "csv", tmp_path / "file"))


def test_a_link_to_an_empty_folder_is_written_through(run_folder, tmp_path):
    (tmp_path / "far").mkdir()
    (tmp_path / "link").symlink_to("far")
    export_and_tell(Asked(run_folder, "csv", tmp_path / "link"))
    assert (tmp_path / "link").is_symlink() and (tmp_path / "far/days.csv").is_file()


def test_a_long_name_of_a_folder_is_cut_in_that_of_the_workbook(run_folder, tmp_path):
    pytest.importorskip("openpyxl")
    shutil.copytree(run_folder, tmp_path / ("n" * 250))
    export_and_tell(Asked(tmp_path / ("n" * 250), "xlsx", tmp_path / "out"))
    assert os.listdir(tmp_path / "out") == ["n" * 80 + ".xlsx"]


def test_all_of_it_is_written_or_nothing(run_folder, tmp_path, monkeypatch):
    def full(stage, place):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(export.os, "replace", full)
    with pytest.raises(OutputRefused, match="the disk is full"):
        export_and_tell(Asked(run_folder, "csv", tmp_path / "deep/out"))
    assert os.listdir(tmp_path) == []


def test_another_format_is_refused_with_those_there_are(run_folder):
    with pytest.raises(InvalidInput, match="--to = ods, must be one of csv, xlsx, stata"):
        export_and_tell(Asked(run_folder, "ods"))


def test_without_openpyxl_a_sentence_says_how_to_come_by_it(run_folder, tmp_path, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "openpyxl", None)
    with pytest.raises(InvalidInput, match=r"pip install 'carry-unwind\[export\]'"):
        export_and_tell(Asked(run_folder, "xlsx", tmp_path / "out"))
    assert not (tmp_path / "out").exists()


def test_a_sweep_is_plotted_with_the_figures_of_its_analysis(sweep_folder):
    drawn = plotted(sweep_folder)
    assert {path.name for path in drawn} >= {
        "class-dam-break-differences.png", "class-dam-break-curves.png",
        "peak_yen_appreciation-heat-map.png",
    }  # fmt: skip
    assert all(path.read_bytes().startswith(b"\x89PNG") for path in drawn)
    assert not list((sweep_folder / "analysis").glob("*.csv"))
    with pytest.raises(InvalidInput, match="--animate shows one run"):
        plotted(sweep_folder, 4)


def test_levels_that_are_multiples_are_said_to_be(tmp_path, in_process):
    design = {"kind": "grid", "factors": {"funds.styles.*.leverage": ["0.8x", "1.2x"]}}
    sweep(experiment(design=design), tmp_path / "swept")
    study = read_study(tmp_path / "swept")
    assert study.multiples == ("funds.styles.*.leverage",)
    assert "are multiples of the scenario's own" in study.caption
    told = analyse.lines(study, [], tmp_path, [])
    assert "Levels of       funds.styles.*.leverage: multiples of what the scenario has" in told
