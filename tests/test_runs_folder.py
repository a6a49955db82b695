"""The result folder: whole or not at all, and the same when read again."""

import errno
import json
import os
from dataclasses import replace

import pytest

import abm
from abm.errors import OutputRefused, UnreadableFile
from abm.runs import folder
from abm.runs.manifest import SCHEMA_VERSION, graph_hash, hashes_of, table_hash
from abm.runs.reproduce import reproduce
from abm.scenario import load_scenario

NEEDED = {
    "scenario.toml",
    "manifest.json",
    "days.parquet",
    "events.parquet",
    "institutions.parquet",
    "edges.parquet",
    "exposures.graphml",
    "summary.json",
}
FILES = NEEDED | {"ODD.md", "ro-crate-metadata.json"}  # the last two for archives and readers


@pytest.fixture(scope="module")
def storm():
    small = {
        "calendar.days": 8,
        "calendar.burn_in_days": 6,
        "calendar.drift_days": 5,
        "population.scale": 0.3,
        "shock.surprise_bp": 150,
    }
    return load_scenario("hike").with_changes(small)


@pytest.fixture(scope="module")
def result(storm):
    return abm.run(storm, rng=7, replicate=2)


def names_in(path):
    return {p.name for p in path.iterdir()}


def test_what_is_saved_is_what_is_loaded(result, tmp_path):
    out = result.save(tmp_path / "results" / "storm")
    again = abm.load_result(out)
    assert names_in(out) == FILES and names_in(out.parent) == {"storm"}
    assert hashes_of(again) == hashes_of(result)
    assert again.days.equals(result.days) and again.events.equals(result.events)
    assert again.scenario.canonical_hash() == result.scenario.canonical_hash()
    assert (again.seed, again.replicate, again.worst_day) == (7, 2, result.worst_day)
    assert {k: str(v) for k, v in again.summary.items()} == {
        k: str(v) for k, v in result.summary.items()
    }


def test_the_summary_tells_the_run_from_what_its_shock_did(storm, tmp_path):
    made = abm.cascade(storm, rng=7)
    whole = replace(made.run, summary={**made.run.summary, **made})
    out = whole.save(tmp_path / "a")
    groups = json.loads((out / "summary.json").read_text())
    assert list(groups) == ["run", "shock"] and set(groups["run"]) == set(made.run.summary)
    assert set(groups["shock"]) == set(made) - set(made.run.summary)
    assert groups["shock"]["class"] == made["class"]
    again = abm.load_result(out).summary
    assert {k: str(v) for k, v in again.items()} == {k: str(v) for k, v in whole.summary.items()}


def test_the_manifest_says_from_what_and_with_what(result, tmp_path):
    manifest = json.loads((result.save(tmp_path / "a") / "manifest.json").read_text())
    assert manifest["sha256"]["days"] == table_hash(result.days)
    assert manifest["scenario_hash"] == result.scenario.canonical_hash()
    assert {"numpy", "numba", "mesa"} <= set(manifest["dependencies"])
    assert manifest["max_conservation_error"] < 1e-9
    assert manifest["seed"] == 7 and manifest["replicate"] == 2 and manifest["wall_seconds"] > 0


def test_a_folder_that_holds_other_things_is_never_touched(result, tmp_path):
    out = tmp_path / "mine"
    out.mkdir()
    (out / "thesis.txt").write_text("years of work")
    with pytest.raises(OutputRefused, match="not empty"):
        result.save(out)
    assert names_in(out) == {"thesis.txt"}
    result.save(out, force=True)
    assert names_in(out) == FILES | {"thesis.txt"}
    assert (out / "thesis.txt").read_text() == "years of work"


def test_an_empty_folder_is_taken(result, tmp_path):
    (tmp_path / "empty").mkdir()
    assert names_in(result.save(tmp_path / "empty")) == FILES


def test_a_file_in_the_way_is_refused(result, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputRefused, match="is a file"):
        result.save(tmp_path / "file")
    with pytest.raises(OutputRefused, match="cannot be written"):
        result.save(tmp_path / "file" / "below")


def test_a_full_disk_leaves_nothing_half_written(result, tmp_path, monkeypatch):
    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(folder, "manifest_of", full)
    with pytest.raises(OutputRefused, match="disk is full"):
        result.save(tmp_path / "out")
    assert names_in(tmp_path) == set()


def test_a_link_to_an_empty_folder_is_taken(result, tmp_path):
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to("real")
    result.save(tmp_path / "link")
    assert names_in(tmp_path / "real") == FILES


def test_a_folder_that_is_there_is_filled_from_within(result, tmp_path, monkeypatch):
    # it may be a disk of its own, onto which nothing can be moved from beside it
    places = []
    make = folder.tempfile.mkdtemp

    def watched(**where):
        places.append(where["dir"])
        return make(**where)

    monkeypatch.setattr(folder.tempfile, "mkdtemp", watched)
    (tmp_path / "disk").mkdir()
    assert names_in(result.save(tmp_path / "disk")) == FILES
    assert places == [tmp_path / "disk"]


@pytest.mark.parametrize("name", ["days.parquet", "manifest.json"])
def test_a_folder_where_a_file_must_go_leaves_the_old_result_whole(result, tmp_path, name):
    out = result.save(tmp_path / "a")
    before = names_in(out)
    (out / name).unlink()
    (out / name).mkdir()
    with pytest.raises(OutputRefused, match=f"{name} is a folder; a file of that name"):
        result.save(out, force=True)
    assert names_in(out) == before


def test_a_file_where_the_figures_must_go_is_refused(result, tmp_path):
    from matplotlib.figure import Figure

    (tmp_path / "figures").write_text("mine")
    with pytest.raises(OutputRefused, match="figures is a file; a folder of that name"):
        result.save(tmp_path, force=True, figures={"cascade": Figure()})
    assert names_in(tmp_path) == {"figures"}


def test_figures_are_saved_with_the_tables(result, tmp_path):
    from matplotlib.figure import Figure

    out = result.save(tmp_path / "a", figures={"cascade": Figure()})
    assert (out / "figures" / "cascade.png").stat().st_size > 0


def test_a_table_that_was_changed_is_noticed(result, tmp_path):
    out = result.save(tmp_path / "a")
    changed = result.days.copy()
    changed.loc[3, "log_JPY"] += 1e-12
    changed.to_parquet(out / "days.parquet", index=False)
    with pytest.raises(UnreadableFile, match="days changed"):
        abm.load_result(out)


@pytest.mark.parametrize("missing", sorted(NEEDED))
def test_a_folder_that_is_not_whole_is_refused(result, tmp_path, missing):
    out = result.save(tmp_path / "a")
    (out / missing).unlink()
    with pytest.raises(UnreadableFile):
        abm.load_result(out)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("manifest.json", "[]"),
        ("manifest.json", f'{{"schema_version": {SCHEMA_VERSION}}}'),
        ("manifest.json", "[" * 100_000),
        ("summary.json", "[]"),
        ("summary.json", "{}"),
        ("summary.json", '{"run": {}, "shock": {}}'),
        ("summary.json", '{"run": {"n_failed": "many"}, "shock": {}}'),
        ("summary.json", '{"run": {"n_failed": [1]}, "shock": {}}'),
        ("summary.json", '{"run": {"n_failed": 1}, "shock": {"class": "flood"}}'),
        ("summary.json", "[" * 100_000),
        ("exposures.graphml", "<a/>"),
        ("days.parquet", ""),
    ],
)
def test_a_file_that_is_not_what_its_name_promises_is_refused(result, tmp_path, name, content):
    out = result.save(tmp_path / "a")
    (out / name).write_text(content)
    with pytest.raises(UnreadableFile, match=r"is not a whole result|cannot be read"):
        abm.load_result(out)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("platform", None),
        ("dependencies", None),
        ("dependencies", {"numpy": None}),
        ("package_version", 1),
        ("python", []),
        ("seed", "7"),
        ("replicate", -1),
        ("is_repeatable", "yes"),
        ("sha256", {"days": 3}),
        ("scenario_hash", "abc"),
    ],
)
def test_every_entry_of_a_manifest_is_there_and_of_its_kind(result, tmp_path, key, value):
    out = result.save(tmp_path / "a")
    manifest = json.loads((out / "manifest.json").read_text())
    (out / "manifest.json").write_text(json.dumps(manifest | {key: value}))
    with pytest.raises(UnreadableFile, match=f"manifest.json cannot be read:\n  {key}"):
        reproduce(out)
    del manifest[key]
    (out / "manifest.json").write_text(json.dumps(manifest))
    with pytest.raises(UnreadableFile, match=f"no '{key}' in it"):
        reproduce(out)


def test_a_number_that_a_summary_does_not_have_is_the_file_s_fault(result, tmp_path):
    out = result.save(tmp_path / "a")
    (out / "summary.json").write_text('{"run": {"n_days": 8}, "shock": {}}')
    with pytest.raises(UnreadableFile, match=r"summary.json has no number worst_day"):
        abm.load_result(out).worst_day  # noqa: B018


@pytest.mark.parametrize("name", sorted(NEEDED))
def test_a_pipe_in_a_result_is_refused_and_not_waited_for(result, tmp_path, name):
    out = result.save(tmp_path / "a")
    (out / name).unlink()
    os.mkfifo(out / name)
    with pytest.raises(UnreadableFile, match="is a pipe, not a regular file"):
        abm.load_result(out)


def test_tables_of_another_version_are_refused_as_such(result, tmp_path):
    out = result.save(tmp_path / "a")
    manifest = json.loads((out / "manifest.json").read_text())
    for version in (2, 3, SCHEMA_VERSION + 1):
        (out / "manifest.json").write_text(json.dumps(manifest | {"schema_version": version}))
        with pytest.raises(UnreadableFile) as refused:
            abm.load_result(out)
        said = f"{out}/manifest.json has schema version {version}, this version reads "
        again = f"unwind run {out}/scenario.toml --seed 7 --replicate 2 --out {out}-again"
        advice = f"; make it again: {again}" if version < SCHEMA_VERSION else ""
        assert str(refused.value) == f"{said}{SCHEMA_VERSION}{advice}"


@pytest.mark.parametrize("changes", [{"parent": {}}, {"seed": "7"}, {"replicate": None}])
def test_a_run_that_a_scenario_and_a_seed_do_not_give_is_not_said_to_be_made_again(
    result, tmp_path, changes
):
    out = result.save(tmp_path / "a")
    manifest = json.loads((out / "manifest.json").read_text())
    parent = {"scenario": "hike"} if "parent" in changes else None
    wrong = {"schema_version": 3, **changes, "parent": parent}
    (out / "manifest.json").write_text(json.dumps(manifest | wrong))
    with pytest.raises(UnreadableFile, match=r"reads \d+$"):
        abm.load_result(out)


@pytest.mark.parametrize("key", ["sha256", "scenario_hash", "seed"])
@pytest.mark.parametrize("value", [None, [], float("inf")])
def test_a_manifest_that_makes_no_sense_is_refused(result, tmp_path, key, value):
    out = result.save(tmp_path / "a")
    manifest = json.loads((out / "manifest.json").read_text())
    (out / "manifest.json").write_text(json.dumps(manifest | {key: value}))
    with pytest.raises(UnreadableFile):
        abm.load_result(out)
    del manifest[key]
    (out / "manifest.json").write_text(json.dumps(manifest))
    with pytest.raises(UnreadableFile, match=f"no '{key}' in it"):
        abm.load_result(out)


@pytest.mark.parametrize("value", ["nan", "inf", "-inf"])
def test_numbers_that_json_lacks_come_back(result, tmp_path, value):
    out = result.save(tmp_path / "a")
    summary = json.loads((out / "summary.json").read_text())
    summary["run"]["max_feedback_gain"] = value
    (out / "summary.json").write_text(json.dumps(summary))
    assert str(abm.load_result(out).summary["max_feedback_gain"]) == value


def test_what_is_no_result_is_refused(tmp_path):
    (tmp_path / "file").write_text("")
    for path in (tmp_path, tmp_path / "file", tmp_path / "nowhere"):
        with pytest.raises(UnreadableFile):
            abm.load_result(path)


def test_hashes_see_names_types_values_and_order(result):
    days = result.days
    assert table_hash(days) == table_hash(days.copy())
    others = [
        days.rename(columns={"log_JPY": "log_CHF"}),
        days.astype({"rounds": float}),
        days.iloc[::-1],
        days[days.columns[::-1]],
    ]
    assert len({table_hash(table) for table in [days, *others]}) == 5


def test_the_hash_of_a_graph_does_not_depend_on_the_order_of_its_edges(result):
    graph = result.exposures
    turned = type(graph)()
    turned.add_nodes_from(reversed(list(graph.nodes(data=True))))
    turned.add_edges_from(reversed(list(graph.edges(data=True))))
    assert graph_hash(turned) == graph_hash(graph)
    turned.remove_edge(*next(iter(graph.edges)))
    assert graph_hash(turned) != graph_hash(graph)
