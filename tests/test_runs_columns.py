"""Columns of results: dates, categories, units in files; bytes that stay what they were."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest

import abm
from abm.errors import UnreadableFile
from abm.runs.columns import column_named, columns_of, columns_table, typed
from abm.runs.exports import as_stata, tables_of_run
from abm.runs.folder import TABLES
from abm.runs.manifest import hashes_of, table_hash
from abm.sweep import load_sweep, pool, store, sweep
from tests.sweep.conftest import here
from tests.sweep.small import TINY, experiment


@pytest.fixture(scope="module")
def dated():
    shock = TINY | {"calendar.start": "2024-07-01", "calendar.shock_day": 1}
    return abm.run(abm.load_scenario("hike").with_changes(shock | {"shock.surprise_bp": 150}), 3)


@pytest.fixture(scope="module")
def folder(dated, tmp_path_factory):
    return dated.save(tmp_path_factory.mktemp("kept") / "run")


def as_text_before(days):
    """The days as schema 3 had them: dates as text, the status as a number."""
    dates = days["date"].dt.strftime("%Y-%m-%d").fillna("").astype(object)
    return days.assign(date=dates, status=days["status"].cat.codes).reset_index(drop=True)


def test_dates_and_categories_have_the_bytes_of_the_text_before(dated):
    undated = abm.run(abm.load_scenario("hike").with_changes(TINY), 3)
    for run in (dated, undated):
        assert table_hash(run.days) == table_hash(as_text_before(run.days))
        words = run.events.astype({"kind": object, "side": object})
        words["date"] = words["date"].dt.strftime("%Y-%m-%d").fillna("")
        assert table_hash(run.events) == table_hash(words)
        rows = run.institutions.astype({"kind": object, "style": object})
        assert table_hash(run.institutions) == table_hash(rows)


def test_another_date_status_or_kind_is_another_hash(dated):
    days, events = dated.days, dated.events
    later = days.assign(date=days["date"] + pd.Timedelta(days=1))
    failed = days.assign(status=pd.Categorical(["failed"] * len(days), dtype=days["status"].dtype))
    other = events.assign(kind=events["kind"].cat.rename_categories({"news": "rumour"}))
    assert len({table_hash(table) for table in (days, later, failed)}) == 3
    assert table_hash(other) != table_hash(events)


def test_a_loaded_table_has_every_type_category_and_index_it_was_made_with(dated, folder):
    again = abm.load_result(folder)
    for name in TABLES:
        pd.testing.assert_frame_equal(getattr(again, name), getattr(dated, name), check_freq=False)
    assert isinstance(again.days.index, pd.DatetimeIndex) and hashes_of(again) == hashes_of(dated)


def test_each_field_of_a_file_says_its_unit_and_what_it_means(folder):
    for name in TABLES:
        for field in pq.read_schema(folder / f"{name}.parquet"):
            column = column_named(field.name, name)
            said = {key.decode(): text.decode() for key, text in (field.metadata or {}).items()}
            assert said.get("unit", "") == column.unit
            assert said["meaning"] == column.meaning != ""
    schema = pq.read_schema(folder / "days.parquet")
    assert schema.field("bank_equity_usd_bn").metadata[b"unit"] == b"USD bn"
    assert schema.field("fundamental_NKY").metadata[b"unit"] == b"log"


def test_dates_and_categories_are_so_for_other_readers_too(folder):
    plain = pd.read_parquet(folder / "events.parquet")
    assert plain["date"].dtype.kind == "M" and plain["kind"].dtype == "category"


def test_units_end_the_names_that_carry_them():
    for table in ("days", "events", "institutions", "summary", "cascade"):
        for column in columns_of(table):
            if column.name.endswith(("_usd_bn", "_log", "_share")):
                assert (
                    column.unit
                    == {"bn": "USD bn", "log": "log", "share": "share"}[
                        column.name.rpartition("_")[2]
                    ]
                )


def test_a_word_that_is_none_of_a_closed_list_is_refused(folder, dated, tmp_path):
    with pytest.raises(ValueError, match=r'events: kind = "rumour", which is none of its words'):
        typed("events", dated.events.assign(kind="rumour"))
    wrong = replace(dated, events=dated.events.assign(kind="rumour")).save(tmp_path / "wrong")
    with pytest.raises(UnreadableFile, match="is not a whole result: events: kind"):
        abm.load_result(wrong)


def test_what_is_exported_says_its_units(dated, tmp_path):
    dated.to_csv(tmp_path / "out")
    columns = pd.read_csv(tmp_path / "out/columns.csv", keep_default_na=False)
    exported = {name: list(table) for name, table in tables_of_run(dated).items()}
    for name in (*TABLES, "exposures"):
        assert columns.loc[columns["table"] == name, "column"].tolist() == exported[name]
        assert (columns.loc[columns["table"] == name, "meaning"] != "").all()
    summary = pd.read_csv(tmp_path / "out/summary.csv", keep_default_na=False)
    units = summary.set_index("measure")["unit"]
    assert units["forced_sales_usd_bn"] == "USD bn" and units["n_days"] == "days"
    edges = pd.read_csv(tmp_path / "out/edges.csv")
    np.testing.assert_array_equal(edges["share"], dated.edges["share"])
    days = pd.read_csv(tmp_path / "out/days.csv")
    assert days["date"].tolist()[:2] == ["2024-07-01", "2024-07-02"]
    assert days["status"].tolist() == dated.days["status"].tolist()


def test_dates_are_dates_in_a_workbook_and_in_stata(dated, tmp_path):
    openpyxl = pytest.importorskip("openpyxl")
    sheet = openpyxl.load_workbook(dated.to_excel(tmp_path / "a.xlsx"))["days"]
    assert sheet["B2"].is_date and sheet["B2"].value == pd.Timestamp(2024, 7, 1)
    undated = abm.run(abm.load_scenario("hike").with_changes(TINY), 3)
    for run, first in ((dated, pd.Timestamp(2024, 7, 1)), (undated, pd.NaT)):
        made = as_stata({**tables_of_run(run)}).files
        (tmp_path / "days.dta").write_bytes(made["days.dta"])
        again = pd.read_stata(tmp_path / "days.dta")
        assert again["date"].iloc[0] is first or again["date"].iloc[0] == first
        assert again["status"].tolist() == run.days["status"].tolist()
        assert "columns.dta" not in made and b"USD bn" in made["columns.csv"]


def test_units_of_xarray_are_those_of_the_files(dated):
    pytest.importorskip("xarray")
    made = dated.to_xarray()
    assert made["volume_usd_bn"].attrs["units"] == "USD bn"
    assert made["log"].attrs["units"] == "log" and "units" not in made["status"].attrs
    assert all(made[name].attrs["long_name"] for name in made.variables)


def test_rows_of_a_sweep_have_units_and_categories(tmp_path, monkeypatch):
    monkeypatch.setattr(pool, "own_processes", here)
    outputs = {"measure": "cascade", "series": ["status", "leverage"], "events": True}
    sweep(experiment(outputs=outputs), tmp_path / "swept", workers=1)
    runs = load_sweep(tmp_path / "swept")
    assert runs["class"].dtype == "category" and runs["status"].dtype == "category"
    assert set(runs["class"].dropna()) <= set(runs["class"].cat.categories)
    (file, *_) = store.kept_files(tmp_path / "swept")
    schema = pq.read_schema(file.path)
    assert schema.field("forced_sales_usd_bn").metadata[b"unit"] == b"USD bn"
    assert schema.field("unwound_5d").metadata[b"meaning"].startswith(b"U5 = ")
    days, events = store.load_days(tmp_path / "swept"), store.load_events(tmp_path / "swept")
    assert list(days["status"].cat.categories) == ["cleared", "limit", "failed"]
    assert events["kind"].dtype == "category" and events["date"].dtype.kind == "M"
    told = columns_table({"runs": list(runs)}).set_index("column")["unit"]
    assert told["peak_yen_appreciation"] == "log" and told["seconds"] == "s"


def test_chunks_of_an_earlier_version_go_on_beside_those_that_say_their_units(
    tmp_path, monkeypatch
):
    monkeypatch.setattr(pool, "own_processes", here)
    sweep(experiment(), tmp_path / "swept", workers=1)
    before = load_sweep(tmp_path / "swept")
    (file, *_) = store.kept_files(tmp_path / "swept")
    table = pq.ParquetFile(file.path).read()
    bare = table.cast(store.pa.schema([field.remove_metadata() for field in table.schema]))
    pq.write_table(bare.replace_schema_metadata(table.schema.metadata), file.path)
    pd.testing.assert_frame_equal(load_sweep(tmp_path / "swept"), before)
    both = store._concatenated([table, bare])
    assert both.num_rows == 2 * table.num_rows
