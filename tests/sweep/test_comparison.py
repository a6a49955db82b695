"""`abm.compare` and `unwind compare`: two scenarios on the same draws, one field apart."""

import json

import numpy as np
import pandas as pd
import pytest

import abm
from abm.cli.compare import Asked, compare_and_tell
from abm.errors import InvalidInput
from abm.scenario import load_scenario
from abm.sweep import digest
from abm.sweep.comparison import differing_fields
from abm.sweep.reproduce import reproduce_sweep
from tests.sweep.conftest import no_processes
from tests.sweep.small import TINY
from tests.sweep.test_runner import failing

SURPRISE = "shock.surprise_bp"
PEAK = "peak_yen_appreciation"


def tiny(**changes):
    """Twelve days of `hike`; dots in keys are double underscores."""
    named = {key.replace("__", "."): value for key, value in changes.items()}
    return load_scenario("hike").with_changes(TINY | named)


def compared(out, runs=3, second=None, **options):
    second = tiny(shock__surprise_bp=150) if second is None else second
    return abm.compare(tiny(), second, runs=runs, rng=4, out=out, **options)


def test_the_difference_is_that_of_runs_made_by_hand(tmp_path, in_process):
    found = compared(tmp_path / "pair")
    by_hand = [
        np.array([abm.cascade(world, 4, draw)[PEAK] for draw in range(3)])
        for world in (tiny(), tiny(shock__surprise_bp=150))
    ]
    gap = by_hand[1] - by_hand[0]
    error = gap.std(ddof=1) / np.sqrt(3)
    line = found.table.set_index("output").loc[PEAK]
    assert gap.mean() > 0.0 and error > 0.0
    assert line["mean_a"] == pytest.approx(by_hand[0].mean(), rel=1e-12)
    assert line["mean_b"] == pytest.approx(by_hand[1].mean(), rel=1e-12)
    assert line["difference"] == pytest.approx(gap.mean(), rel=1e-12)
    assert line["se_paired"] == pytest.approx(error, rel=1e-9)
    half = 4.302652729911275 * error  # Student's 97.5% quantile at 2 degrees of freedom
    assert (line["low"], line["high"]) == pytest.approx((gap.mean() - half, gap.mean() + half))
    assert (line["n_pairs"], line["n_left_out"]) == (3, 0)
    kept = pd.read_csv(tmp_path / "pair/comparison.csv").set_index("output")
    assert kept.loc[PEAK, "se_paired"] == pytest.approx(error)
    assert reproduce_sweep(tmp_path / "pair", 2).same
    assert dict(found.fields) == {SURPRISE: (25.0, 150.0)}


def test_a_kind_is_one_field_and_its_second_point_is_the_second_scenario(tmp_path, in_process):
    calm = tiny(shock__kind="none")
    assert list(differing_fields(calm, tiny())) == ["shock.kind"]
    folder = abm.compare(calm, tiny(), runs=1, out=tmp_path / "kind").folder
    assert [abm.sweep.run_of_row(folder, row).scenario.canonical_hash() for row in (0, 1)] == [
        calm.canonical_hash(),
        tiny().canonical_hash(),
    ]


def test_the_same_scenario_twice_is_refused(tmp_path):
    with pytest.raises(InvalidInput, match="are the same scenario"):
        compared(tmp_path / "same", second=tiny().with_changes({"title": "another"}))
    assert not (tmp_path / "same").exists()


def test_two_fields_are_refused_by_name_and_forced(tmp_path, in_process):
    second = tiny(shock__surprise_bp=150, funds__leverage_cap=2)
    with pytest.raises(InvalidInput) as refused:
        compared(tmp_path / "two", second=second)
    assert SURPRISE in str(refused.value) and "funds.leverage_cap" in str(refused.value)
    assert "\n" not in str(refused.value) and not (tmp_path / "two").exists()
    found = compared(tmp_path / "two", 1, second=second, force=True)
    assert set(found.fields) == {SURPRISE, "funds.leverage_cap"}
    assert (found.table["n_pairs"] + found.table["n_left_out"] == 1).all()


def test_a_list_is_no_single_value(tmp_path):
    news = [{"name": "cut", "day": 2, "title": "a cut", "moves": {"JPY": 0.01}}]
    with pytest.raises(InvalidInput, match=r"news.*must be single values"):
        compared(tmp_path / "list", second=tiny(news=news), force=True)


def test_what_failed_is_counted_and_in_no_pair(tmp_path, in_process, monkeypatch):
    failing(monkeypatch, 4)  # the second draw of the second scenario
    found = compared(tmp_path / "lame")
    line = found.table.set_index("output").loc[PEAK]
    assert found.n_failed == (0, 1) and (line["n_pairs"], line["n_left_out"]) == (2, 1)
    assert line["mean_b"] - line["mean_a"] == pytest.approx(line["difference"], rel=1e-9)


def test_another_value_has_a_folder_of_its_own(tmp_path, in_process, monkeypatch):
    monkeypatch.chdir(tmp_path)
    seconds = (tiny(shock__surprise_bp=150), tiny(shock__kind="none"))
    folders = [compared(None, runs=1, second=second).folder for second in seconds]
    assert folders[0].name == "hike-or-shock.surprise_bp-150"
    assert folders[1].name == "hike-or-shock.kind-none"


def test_it_goes_on_where_it_was_stopped(tmp_path, in_process):
    whole = digest(compared(tmp_path / "whole").folder)
    files = sorted((tmp_path / "whole/runs").rglob("*.parquet"))
    assert len(files) > 1
    files[-1].unlink()
    made = []
    again = compared(tmp_path / "whole", progress=lambda now: made.append(now.n_new))
    assert 0 < max(made) < 6 and digest(again.folder) == whole


def test_two_workers_make_the_same_bytes(tmp_path):
    tables = [compared(tmp_path / "two", 2, workers=2).folder]
    with no_processes():
        tables.append(compared(tmp_path / "none", 2).folder)
    assert digest(tables[0]) == digest(tables[1])
    assert len({(folder / "comparison.csv").read_bytes() for folder in tables}) == 1


def test_the_command_tells_the_pairs_and_what_failed(tmp_path, in_process, monkeypatch, capsys):
    settings = tuple(f"{key}={value}" for key, value in TINY.items())
    asked = Asked("hike", None, settings, (f"{SURPRISE}=150",), 2, 4, out=tmp_path / "told")
    assert compare_and_tell(asked) == 0
    said = capsys.readouterr().out
    assert f"First, second   {SURPRISE}: 25, 150" in said and "paired s.e." in said
    assert f"unwind analyse {tmp_path / 'told'}" in said and "P(dam break)" in said
    assert asked.command.startswith("unwind compare hike --set calendar.days=12")
    failing(monkeypatch, 0)
    lame = asked._replace(out=tmp_path / "lame", as_json=True)
    assert compare_and_tell(lame) == 1
    told = json.loads(capsys.readouterr().out)
    assert told["n_failed"] == [1, 0] and told["outputs"][PEAK]["n_pairs"] == 1
    assert told["outputs"][PEAK]["se_paired"] is None  # one pair has no error
