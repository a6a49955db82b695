"""`unwind explain`: a kept run as a chronicle, for people and for programs."""

import json
import shutil

import pytest
from typer.testing import CliRunner

from abm.cli.commands import app
from abm.report.chronicle import chronicle
from tests.report.happenings import run_of


@pytest.fixture
def unwind(tmp_path, monkeypatch):
    """Call the command beside a folder `kept`, which holds a small run."""
    monkeypatch.chdir(tmp_path)
    run_of(shock__surprise_bp=100).save("kept")

    def call(*words: object):
        return CliRunner().invoke(app, [str(word) for word in words])

    return call


def refused(result) -> str:
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.count("\n") == 1
    return result.stderr


def test_a_run_is_told_with_its_name_its_days_and_its_causes(unwind):
    text = unwind("explain", "kept").stdout
    heading, finding, letters, first = text.split("\n\n")[:4]
    assert heading == "hike, seed 1, replicate 0: what happened, and ← why"
    assert finding.startswith("In the run (saved without counterfactual runs): USDJPY −")
    assert letters.startswith("The letters") and first.startswith("day 0  The Bank of Japan")
    assert "The Bank of Japan raised its rate by 100bp." in text
    assert "← yen up on day 0, after the rate rise by the Bank of Japan" in text


def test_the_letters_in_the_names_of_hedge_funds_are_explained_once(unwind):
    text = " ".join(unwind("explain", "kept").stdout.split())
    assert text.count("fxm = high-yield currencies against the yen") == 1
    assert "and rv = relative value, mostly US Treasuries. day 0" in text


@pytest.mark.parametrize(
    ("language", "words"),
    [("ja", "日本銀行が政策金利を100bp引き上げた"), ("zh", "日本央行将政策利率上调100个基点")],
)
def test_it_is_told_in_the_language_that_is_asked_for(unwind, language, words):
    result = unwind("explain", "kept", "--language", language)
    assert result.exit_code == 0
    assert words in result.stdout


def test_a_program_gets_the_entries(unwind):
    told = json.loads(unwind("explain", "kept", "--json").stdout)
    entries = chronicle(run_of(shock__surprise_bp=100).events)
    assert [entry["what"] for entry in told] == [entry.what for entry in entries]
    assert set(told[0]) == {
        "day", "date", "kind", "when", "what", "amount_usd_bn", "cause", "events"
    }  # fmt: skip
    assert told[0]["amount_usd_bn"] is None  # a rate move is no amount
    assert told[1]["amount_usd_bn"] == pytest.approx(entries[1].amount_usd_bn)


def test_a_run_without_events_says_so(unwind):
    run_of(shock__surprise_bp=60, outputs__events=False).save("silent")
    result = unwind("explain", "silent")
    assert result.exit_code == 0
    assert result.stdout.startswith("This run kept no events (outputs.events = false)")
    result = unwind("explain", "silent", "--json")
    assert json.loads(result.stdout) == []
    assert result.stderr.startswith("This run kept no events")


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda folder: shutil.rmtree(folder), "kept: there is no such folder"),
        (lambda folder: (folder / "manifest.json").unlink(), "there is no manifest.json"),
        (
            lambda folder: (folder / "manifest.json").rename(folder / "plan.json"),
            "kept holds a sweep, not a run: unwind run --from kept --row 0",
        ),
        (
            lambda folder: (folder / "manifest.json").write_text('{"command": "unwind x"}'),
            "kept holds what unwind x has made, not a run",
        ),
        (
            lambda folder: (folder / "search.json").write_text("{}"),
            "holds a calibration, not a run",
        ),
        (lambda folder: (folder / "events.parquet").unlink(), "there is no events.parquet"),
        (lambda folder: (folder / "events.parquet").write_text("x"), "is not a whole result"),
    ],
)
def test_a_folder_that_is_no_whole_result_is_refused(unwind, tmp_path, spoil, message):
    spoil(tmp_path / "kept")
    assert message in refused(unwind("explain", "kept"))


def test_an_unknown_language_is_refused_with_those_there_are(unwind):
    message = refused(unwind("explain", "kept", "--language", "fr"))
    assert message == "language = 'fr', must be one of en, ja, zh\n"


def test_what_came_before_the_shock_stands_above_it(unwind):
    changes = {"calendar__shock_day": 4, "liquidity__depth_multiple": 0.2}
    runs = (run_of(seed=seed, shock__surprise_bp=60, **changes) for seed in range(1, 40))
    next(run for run in runs if (run.events["day"] < 4).any()).save("late")
    text = unwind("explain", "late").stdout
    entries = json.loads(unwind("explain", "late", "--json").stdout)
    above, divider, below = text.partition(
        "day 4: the shock. What stands above happened before it; what follows is not all because "
        "of it."
    )
    assert divider and "\nday 4  " in below and "\nday 4  " not in above
    days = {entry["when"] for entry in entries if entry["day"] < 4}
    assert days and all(f"\n{day}  " in above for day in days)


def test_a_shock_before_which_nothing_happened_has_no_divider(unwind):
    assert "What stands above" not in unwind("explain", "kept").stdout
