"""A result written from Python: a folder of CSV files, a workbook."""

import os
import warnings
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

import abm
from abm.errors import InvalidInput, OutputRefused
from abm.runs.exports import tables_of_run
from tests.sweep.small import TINY

TABLES = ["days", "events", "institutions", "edges", "exposures", "summary", "columns"]


@pytest.fixture(scope="module")
def run():
    return abm.run(abm.load_scenario("hike").with_changes(TINY), rng=3)


def test_csv_of_a_result_is_what_export_writes(run, tmp_path):
    folder = run.to_csv(tmp_path / "deep" / "out")
    assert sorted(os.listdir(folder)) == sorted(f"{name}.csv" for name in TABLES)
    assert os.listdir(tmp_path / "deep") == ["out"]
    for name, table in tables_of_run(run).items():
        again = pd.read_csv(folder / f"{name}.csv")
        for column in table.select_dtypes("number"):
            np.testing.assert_array_equal(again[column], table[column], column)


def test_csv_replaces_nothing_unless_forced_and_then_only_its_own(run, tmp_path):
    (tmp_path / "days.csv").write_text("precious")
    (tmp_path / "mine.txt").write_text("precious")
    with pytest.raises(OutputRefused, match="exists and is not empty"):
        run.to_csv(tmp_path)
    assert (tmp_path / "days.csv").read_text() == "precious"
    run.to_csv(tmp_path, force=True)
    assert (tmp_path / "days.csv").read_text().startswith("day,date,")
    assert sorted(os.listdir(tmp_path)) == sorted(["mine.txt", *(f"{n}.csv" for n in TABLES)])
    assert (tmp_path / "mine.txt").read_text() == "precious"


def test_what_was_changed_for_a_spreadsheet_is_warned_of_where_it_was_asked_for(run, tmp_path):
    evil = replace(run, institutions=run.institutions.assign(style="=1+1"))
    with pytest.warns(UserWarning, match="cells of text begin with one of") as heard:
        evil.to_csv(tmp_path / "out")
    assert [warning.filename for warning in heard] == [__file__]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        run.to_csv(tmp_path / "plain")


def test_a_workbook_of_a_result_has_a_sheet_for_each_table(run, tmp_path):
    openpyxl = pytest.importorskip("openpyxl")
    path = run.to_excel(tmp_path / "deep" / "run.XLSX")
    assert openpyxl.load_workbook(path).sheetnames == TABLES
    with pytest.raises(OutputRefused, match="exists; choose another, or force it"):
        run.to_excel(path)
    path.write_text("old")
    run.to_excel(path, force=True)
    assert path.read_bytes().startswith(b"PK") and os.listdir(path.parent) == ["run.XLSX"]


def test_places_that_will_not_do_are_refused_and_nothing_is_written(run, tmp_path):
    (tmp_path / "is.xlsx").mkdir()
    (tmp_path / "file").write_text("precious")
    for make, error, words in (
        (lambda: run.to_excel(tmp_path / "run.xls"), InvalidInput, r"must end in \.xlsx"),
        (lambda: run.to_excel(tmp_path / "is.xlsx", force=True), OutputRefused, "is a folder"),
        (lambda: run.to_excel(tmp_path / "file" / "a.xlsx"), OutputRefused, "cannot be written"),
        (lambda: run.to_csv(tmp_path / "file", force=True), OutputRefused, "is a file"),
        (lambda: run.to_csv(tmp_path / "file" / "a"), OutputRefused, "cannot be written"),
    ):
        with pytest.raises(error, match=words):
            make()
    assert sorted(os.listdir(tmp_path)) == ["file", "is.xlsx"]


def test_a_full_disk_leaves_nothing_of_a_csv_folder(run, tmp_path, monkeypatch):
    def full(stage, place):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", full)
    for write in (run.to_csv, lambda folder: run.to_excel(folder / "a.xlsx")):
        with pytest.raises(OutputRefused, match="the disk is full; nothing was written"):
            write(tmp_path / "out")
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []
