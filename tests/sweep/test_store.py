"""Files of a sweep: whole or not at all, checked, joined, and read fast."""

import errno
import os
from contextlib import suppress
from functools import partial

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from abm.errors import InvalidInput, OutputRefused, UnreadableFile
from abm.report.study import read_study
from abm.sweep import digest, load_sweep, run_of_row, store, sweep
from abm.sweep.compaction import compact
from abm.sweep.plan import Chunk
from abm.sweep.reproduce import reproduce_sweep
from abm.sweep.status import status, verify
from abm.sweep.store import Covered, StoredChunk
from tests.sweep.small import experiment


@pytest.fixture
def folder(tmp_path, in_process):
    """The tiny sweep in four files, with series and events."""
    outputs = {"measure": "run", "series": ["log_JPY"], "events": True}
    sweep(experiment(outputs=outputs), tmp_path / "tiny", chunk_rows=3)
    return tmp_path / "tiny"


def again(folder):
    """Go on with the sweep of `folder`; how many rows it ran."""
    outputs = {"measure": "run", "series": ["log_JPY"], "events": True}
    return sweep(experiment(outputs=outputs), folder).progress.n_new


def file_of(folder, kind="rows", first=3, last=5):
    return store.path_of(folder, kind, Chunk(first, last))


def names(folder):
    return sorted(path.name for path in (folder / "runs").iterdir())


def fill(folder, n_rows, n_numbers, n_files):
    """A store of random numbers."""
    (folder / "runs").mkdir(parents=True)
    (folder / "plan.json").write_text('{"schema_version": 1}')
    numbers, n = np.random.default_rng(1), n_rows // n_files
    for k in range(n_files):
        columns = {"row": np.arange(k * n, (k + 1) * n), "status": ["done"] * n}
        columns |= {f"x{j}": numbers.standard_normal(n) for j in range(n_numbers)}
        chunk = Chunk(k * n, (k + 1) * n - 1)
        store.write_chunk(folder, chunk, {"rows": pa.table(columns)}, "shard-1-of-1")


def flip_a_byte(path):
    """Change one byte of a number; the file is as long, and reads without an error."""
    raw = path.read_bytes()
    before = pq.read_table(path)
    for at in range(4, len(raw)):
        path.write_bytes(raw[:at] + bytes([raw[at] ^ 1]) + raw[at + 1 :])
        with suppress(Exception):
            if not pq.ParquetFile(path).read().equals(before):
                return
    raise AssertionError("every byte matters to the reader")


@pytest.mark.parametrize("columns", [None, ["row", "status"]])
def test_a_chunk_that_has_changed_is_not_computed_with(folder, columns):
    flip_a_byte(file_of(folder))
    with pytest.raises(UnreadableFile, match=r"has changed since it was written"):
        load_sweep(folder, columns)
    with pytest.raises(UnreadableFile, match=r"unwind status DIR --verify sets it aside"):
        read_study(folder)
    assert len(verify(folder)) == 1 and again(folder) == 3


@pytest.mark.parametrize("name", ["points.parquet", "scenario.toml", "experiment.toml"])
def test_a_plan_that_has_changed_is_not_computed_with(folder, name):
    if name == "points.parquet":
        flip_a_byte(folder / name)
    else:
        text = (folder / name).read_text()
        new = text.replace("replicates = 2", "replicates = 3").replace(
            "payout_multiple = 4", "payout_multiple = 5"
        )
        (folder / name).write_text(new)
    with pytest.raises(UnreadableFile, match="changed since the sweep began"):
        read_study(folder)


@pytest.mark.parametrize("content", ["{}", "[]", "[" * 100_000, '{"schema_version": 1}'])
def test_a_plan_that_is_not_what_its_name_promises_is_refused(folder, content):
    (folder / "plan.json").write_text(content)
    for look in (status, verify, read_study, reproduce_sweep, partial(run_of_row, row=1)):
        with pytest.raises(UnreadableFile, match=r"plan.json cannot be read"):
            look(folder)


def test_what_is_missing_of_a_chunk_is_what_no_file_covers():
    covered = Covered(
        [
            StoredChunk(Chunk(0, 3), None),
            StoredChunk(Chunk(6, 6), None),
            StoredChunk(Chunk(8, 20), None),
        ]
    )
    assert list(covered.missing(Chunk(2, 9))) == [Chunk(4, 5), Chunk(7, 7)]
    assert list(covered.missing(Chunk(19, 25))) == [Chunk(21, 25)]
    assert list(covered.missing(Chunk(9, 12))) == [] and covered.n_rows == 18
    assert list(Covered([]).missing(Chunk(5, 6))) == [Chunk(5, 6)]


def test_a_sound_sweep_is_found_sound(folder):
    assert verify(folder) == []


def test_a_truncated_file_is_found_at_once_and_run_again(folder):
    before, path = digest(folder), file_of(folder)
    path.write_bytes(path.read_bytes()[:-100])
    assert status(folder).damaged == [path.name]
    assert again(folder) == 3
    assert digest(folder) == before and verify(folder) == []
    assert not [name for name in names(folder) if name.startswith("damaged")]


@pytest.mark.parametrize("kind", ["rows", "days", "events"])
def test_a_changed_number_is_found_by_its_hash_and_run_again(folder, kind):
    before, path = digest(folder), file_of(folder, kind)
    table = store.joined([StoredChunk(Chunk(3, 5), path)])
    stamp = store.pq.read_metadata(path).metadata
    last = table.column_names[-1]
    changed = table.set_column(table.num_columns - 1, last, pa.array([9.0] * len(table)))
    store.pq.write_table(changed.replace_schema_metadata(stamp), path)
    assert verify(folder) == [f"{path.name} has changed since it was written"]
    assert again(folder) == 3 and digest(folder) == before and verify(folder) == []


def test_a_missing_side_table_is_found_and_its_runs_made_again(folder):
    file_of(folder, "days").unlink()
    assert again(folder) == 3 and verify(folder) == []


def test_joined_files_hold_the_same_rows(folder):
    before, days = digest(folder), store.load_days(folder)
    assert compact(folder, "shard-1-of-1") == 1
    assert names(folder) == [f"{kind}-{0:012d}-{11:012d}.parquet" for kind in sorted(store.KINDS)]
    assert digest(folder) == before and store.load_days(folder).equals(days)
    assert verify(folder) == [] and again(folder) == 0


def test_files_that_are_large_enough_are_not_joined(folder):
    most = 2 * 3 * store.n_columns(store.kept_files(folder)[0])
    assert compact(folder, "shard-1-of-1", most_cells=most) == 2
    assert verify(folder) == []


def test_files_with_a_gap_between_them_are_not_joined(folder):
    file_of(folder).unlink()
    assert compact(folder, "shard-1-of-1") == 2
    assert load_sweep(folder)["row"].tolist() == [0, 1, 2, 6, 7, 8, 9, 10, 11]
    assert again(folder) == 3


def test_a_file_has_its_name_when_it_is_whole_and_not_before(tmp_path, monkeypatch):
    def refuse(*_):
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(os, "replace", refuse)
    with pytest.raises(OutputRefused, match="Input/output error; what was finished before is kept"):
        store.write_bytes(tmp_path / "x", b"all of it", "shard-1-of-1")
    assert list(tmp_path.iterdir()) == []


def test_a_compaction_killed_before_it_cleaned_up_counts_no_row_twice(folder, monkeypatch):
    before = digest(folder)
    with monkeypatch.context() as patched:
        patched.setattr(store, "remove_covered", lambda folder: None)
        compact(folder, "shard-1-of-1")
    assert len(names(folder)) == 15 and digest(folder) == before
    assert again(folder) == 0
    assert len(names(folder)) == 3 and digest(folder) == before


def test_what_a_killed_writer_left_is_removed_but_not_what_another_is_writing(folder):
    from abm.sweep.locks import only_runner

    left = [folder / "runs" / f".unfinished-shard-{k}-of-2-rows-x.parquet" for k in (1, 2)]
    left.append(folder / ".unfinished-shard-1-of-2-plan.json")
    for path in left:
        path.write_text("half")
    with only_runner(folder, "shard-2-of-2"):
        outputs = {"measure": "run", "series": ["log_JPY"], "events": True}
        sweep(experiment(outputs=outputs), folder, shard="1/2")
    assert [path.exists() for path in left] == [False, True, False]
    again(folder)
    assert not left[1].exists()


def test_status_tells_how_much_is_done_for_each_level_of_each_factor(folder):
    file_of(folder).unlink()  # rows 3 to 5: (5, 10), (50, 2), (50, 2)
    now = status(folder)
    assert (now.n_rows, now.n_done, now.n_failed, now.n_missing) == (12, 9, 0, 3)
    done = {(level.factor, level.value): level.n_done for level in now.levels}
    assert [done["shock.surprise_bp", bp] for bp in (5, 50, 150)] == [3, 2, 4]
    assert [done["funds.leverage_cap", cap] for cap in (2.0, 10.0)] == [4, 5]


def test_a_folder_without_a_sweep_is_told(tmp_path):
    for read in (load_sweep, status, verify):
        with pytest.raises(UnreadableFile, match=r"holds no sweep: there is no plan\.json"):
            read(tmp_path)


def test_a_whole_number_that_some_runs_lack_is_missing_there(tmp_path):
    (tmp_path / "runs").mkdir()
    (tmp_path / "plan.json").write_text('{"schema_version": 1}')
    for row, table in enumerate([{"n": [4]}, {"error": ["x"]}]):
        content = pa.table({"row": [row], **table})
        store.write_table(content, file_of(tmp_path, "rows", row, row), "shard-1-of-1")
    found = load_sweep(tmp_path)
    assert found["n"].tolist()[0] == 4.0 and np.isnan(found["n"][1])


def test_many_files_are_read_as_one_table_in_the_order_of_their_rows(tmp_path):
    fill(tmp_path / "big", 3000, 5, n_files=300)
    runs = load_sweep(tmp_path / "big")
    assert runs["row"].tolist() == list(range(3000)) and runs.shape == (3000, 7)


def test_columns_are_read_as_asked_for_and_a_name_that_is_none_is_refused(folder):
    assert list(load_sweep(folder, ["row", "n_failed"])) == ["row", "n_failed"]
    with pytest.raises(InvalidInput, match=r"has a column 'pek', 'n'; .*columns lists"):
        load_sweep(folder, ["row", "pek", "n"])


def test_duckdb_reads_the_same_rows(folder):
    duckdb = pytest.importorskip("duckdb")
    found = duckdb.sql(f"SELECT * FROM '{folder}/runs/rows-*.parquet' ORDER BY row").df()
    runs = load_sweep(folder)
    words = {name: str for name, kind in runs.dtypes.items() if kind == "category"}
    pd.testing.assert_frame_equal(found, runs.astype(words), check_dtype=False)


def test_a_pipe_among_the_locks_is_not_waited_for(folder):
    (folder / ".locks").mkdir(exist_ok=True)
    os.mkfifo(folder / ".locks" / "shard-1-of-9")
    assert status(folder).runners == []
