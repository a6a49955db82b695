"""`unwind episodes` as it is typed."""

import json

import pytest
from typer.testing import CliRunner

from abm.cli.commands import app
from abm.episodes.record import UNWINDS


@pytest.fixture
def unwind(tmp_path, monkeypatch):
    """Call the command in an empty folder."""
    monkeypatch.chdir(tmp_path)
    return lambda *words: CliRunner().invoke(app, ["episodes", *words])


def test_without_a_name_the_record_is_listed_and_nothing_written(unwind, tmp_path):
    result = unwind()
    assert result.exit_code == 0
    assert all(one.name in result.stdout for one in UNWINDS)
    assert "noon in New York" in result.stdout and "14:15 CET" in result.stdout
    assert "* august-2024" in result.stdout and "  february-2007" in result.stdout
    assert len(json.loads(unwind("--json").stdout)["unwinds"]) == len(UNWINDS)
    assert list(tmp_path.iterdir()) == []


def test_an_episode_is_scored_and_kept_with_what_it_was_made_from(unwind, tmp_path):
    result = unwind("january-2026", "--runs", "3")
    assert result.exit_code == 0, result.output
    assert "a rate check" not in result.stdout and "authorities ask dealers" in result.stdout
    assert "CRPS" in result.stdout and "inside" in result.stdout
    source = "Record          ECB euro reference rates (14:15 CET), crosses; of shares, closes\n"
    assert source in result.stdout  # and no basis, which is not on record
    folder = tmp_path / "results/episodes/january-2026"
    names = sorted(path.name for path in folder.iterdir())
    assert names == ["manifest.json", "paths.csv", "record.png", "scenario.toml", "scores.csv"]
    manifest = json.loads((folder / "manifest.json").read_text())
    assert manifest["n_runs"] == 3 and manifest["episode"] == "january-2026"
    again = unwind("january-2026", "--runs", "3")
    assert again.exit_code == 2 and "--force" in again.stderr


def test_a_program_can_read_the_scores(unwind):
    answer = json.loads(unwind("january-2026", "--runs", "2", "--json").stdout)
    assert [row["series"] for row in answer["scores"]][:2] == ["USDJPY", "AUDJPY"]
    assert answer["scores"][0]["crps"] > 0.0 and answer["scores"][-1]["fall_real"] is None


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("august-2023",), "did you mean august-2024"),
        (("february-2007",), "is on record but has no scenario"),
        (("january-2026", "--runs", "1"), "must be from 2 to 10,000"),
        (("january-2026", "--seed", "x"), "must be a whole number"),
        (("--set", "a.b=3"), "--set: give a NAME; without one the record is listed"),
        (("--runs", "100"), "--runs: give a NAME; without one the record is listed"),
    ],
)
def test_a_mistake_is_one_message_and_nothing_is_written(unwind, tmp_path, words, told):
    result = unwind(*words)
    assert result.exit_code == 2 and told in result.stderr
    assert list(tmp_path.iterdir()) == []
