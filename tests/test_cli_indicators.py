"""`unwind indicators` as it is typed."""

import json

import pytest
from typer.testing import CliRunner

from abm.cli.commands import app
from abm.warning import load_study, running


@pytest.fixture
def unwind(tmp_path, monkeypatch):
    """Call the command in an empty folder."""
    monkeypatch.chdir(tmp_path)
    return lambda *words: CliRunner().invoke(app, ["indicators", *words])


def test_values_of_today_are_told_with_interval_worth_and_caveats(unwind, tmp_path):
    (tmp_path / "mine.csv").write_text("net_short_share,leverage\n0.527,2.9\n")
    told = unwind("mine.csv")
    assert told.exit_code == 0, told.output
    lines = told.stdout.splitlines()
    assert sum("[" in line and "%" in line for line in lines) == 2
    assert "no forecast" in told.stdout and "AUROC" in told.stdout
    found = json.loads(unwind("mine.csv", "--json").stdout)
    assert [row["indicator"] for row in found["indicators"]] == ["net_short_share", "leverage"]
    for row in found["indicators"]:
        assert 0 <= row["percentile"] <= 100
        assert row["event_share_low"] <= row["event_share"] <= row["event_share_high"]
    assert "no forecast" in found["caveats"]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["mine.csv"]


def test_every_fault_of_a_file_is_told_and_nothing_written(unwind, tmp_path):
    (tmp_path / "mine.csv").write_text("leverage,net_shrt_share\n3,0.5\n")
    told = unwind("mine.csv")
    assert told.exit_code == 2 and told.stdout == ""
    assert "did you mean net_short_share?" in told.stderr
    (tmp_path / "two.csv").write_text("leverage,net_short_share\nhigh,52\n")
    told = unwind("two.csv", "--score")
    assert told.exit_code == 2 and "2 faults" in told.stderr and "not per cent" in told.stderr
    assert sorted(path.name for path in tmp_path.iterdir()) == ["mine.csv", "two.csv"]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["none.csv"], "there is no such file"),
        (["none.csv", "--seeds", "5"], "--seeds: makes a study"),
        (["--score"], "--score: needs MINE.csv"),
        (["--seeds", "3"], "seeds = 3, must be a whole number from 4"),
        (["--seeds", "8", "--quick"], "give one of them"),
        (["--scenario", "hike"], "nothing is scripted"),
        (["--scenario", "nowhere"], "nowhere"),
        (["--set", "funds.leverage_cap=-1"], "leverage_cap"),
        (["--workers", "0"], "--workers = 0"),
    ],
)
def test_a_mistake_is_answered_in_words(unwind, tmp_path, words, message):
    told = unwind(*words)
    assert told.exit_code == 2 and told.stdout == "", told.output
    assert message in " ".join(told.stderr.split())
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_is_known_too_shortly_says_so(unwind, tmp_path):
    rows = "\n".join(f"2024-07-0{day},150" for day in range(1, 6))
    (tmp_path / "mine.csv").write_text(f"date,price_USDJPY\n{rows}\n")
    told = unwind("mine.csv")
    assert told.exit_code == 2 and "prices need 60 days" in told.stderr


def test_a_study_is_told_and_drawn_from_what_is_kept(unwind, tmp_path, monkeypatch):
    """The shipped study's tables, as if its histories had just been made."""
    shipped = load_study()
    out = tmp_path / "results/early-warning"
    monkeypatch.setattr(
        running, "study",
        lambda *_, out, **__: shipped._replace(folder=out),
    )  # fmt: skip
    out.mkdir(parents=True)
    told = unwind()
    assert told.exit_code == 0, told.output
    assert f"{shipped.manifest['n_events_scored']:,} events" in told.stdout
    assert "net yen short / open interest" in told.stdout
    assert {path.name for path in out.iterdir()} == {"scores.png", "panel.png"}


def test_the_shipped_study_reports_chance_as_chance():
    """Its own checks: the column without information, and halves of the seeds kept apart."""
    scores = load_study().scores.set_index("indicator")
    constant = scores.loc["constant"]
    assert constant["auroc"] == 0.5 and constant["n_events_told"] == 0
    bands = scores.drop(index="constant")
    assert (bands["auroc_low"] < bands["auroc"]).all()
    assert (bands["auroc"] < bands["auroc_high"]).all()
    manifest = load_study().manifest
    assert manifest["n_events_scored"] < manifest["n_events"] > 500
