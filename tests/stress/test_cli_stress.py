"""`unwind stress`, as it is typed."""

import json
from contextlib import contextmanager
from pathlib import Path

import pandas as pd
import pytest

from abm.stress import nearest, reversing
from abm.sweep import pool
from tests.attacks.stage import ask
from tests.sweep.small import HereAndNow

SMALL = [
    word
    for key in (
        "calendar.days=12", "calendar.burn_in_days=6", "calendar.drift_days=5",
        "population.scale=0.2", "shock.surprise_bp=60",
    )
    for word in ("--set", key)
]  # fmt: skip
TYPED = ["stress", "carry-fund", "--scenario", "hike", "--runs", "4", "--horizon", "1,5", *SMALL]


@pytest.fixture(autouse=True)
def here(monkeypatch, tmp_path):
    @contextmanager
    def processes(n_workers):
        yield HereAndNow()

    monkeypatch.setattr(pool, "own_processes", processes)
    monkeypatch.chdir(tmp_path)


def test_a_sample_works_from_an_empty_folder_and_says_what_to_do_next(tmp_path):
    answer = ask(TYPED)
    assert answer.code == 0, answer.text
    place = tmp_path / "results" / "stress-carry-fund-hike"
    for words in (
        "ES 97.5%", "funding: policy rate", "Margin calls in JPY", "Kept in", "Try next",
        "Of 4 paths the worst 2.5% is no more than the worst one",
    ):  # fmt: skip
        assert words in answer.text
    assert (place / "worst-1.txt").read_text().strip()
    assert len(pd.read_parquet(place / "paths.parquet")) == 4
    made = {f"{name}.png" for name in ("losses", "funding", "sources", "worst")} | {"report.html"}
    assert made <= {path.name for path in place.iterdir()}
    again = ask(TYPED)
    assert again.code == 2 and "--force" in again.text
    forced = ask([*TYPED, "--force", "--json"])
    assert forced.code == 0
    told = json.loads(forced.text[forced.text.index("{") : forced.text.rindex("}") + 1])
    assert told["n_paths"] == 4 and set(told["risk"]) == {"0.95", "0.975", "0.99"}


def test_the_path_of_a_sample_in_the_repository_works_anywhere():
    typed = ["configs/portfolios/exporter.csv" if w == "carry-fund" else w for w in TYPED]
    answer = ask([*typed, "--base", "JPY"])
    assert answer.code == 0 and "Options written: Yen puts sold." in answer.text
    (place,) = Path("results").iterdir()
    page = (place / "report.html").read_text()
    assert page.count("Margin behind written options in USD") == 2
    assert "no option is written" not in page


@pytest.mark.parametrize("language", ["ja", "zh"])
def test_it_is_told_in_every_language(language):
    answer = ask([*TYPED, "--language", language, "--out", language])
    assert answer.code == 0, answer.text
    assert "stress." not in answer.text and "mean profit" not in answer.text


def test_a_portfolio_with_faults_leaves_nothing_behind(tmp_path):
    (tmp_path / "mine.csv").write_text("name,instrument,currency,market_value\na,XXX,EUR,x\n")
    answer = ask(["stress", "mine.csv", "--scenario", "hike", "--runs", "2"])
    assert answer.code == 2 and answer.text.count("line 2") == 3
    assert [path.name for path in tmp_path.iterdir()] == ["mine.csv"]


def test_everything_wrong_with_what_was_typed_is_told_at_once(tmp_path):
    (tmp_path / "mine.csv").write_text("name,instrument,currency,market_value\na,XXX,USD,x\n")
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "mine").touch()
    answer = ask(
        ["stress", "mine.csv", "--scenario", "hike", "--runs", "0", "--horizon", "5,x,500",
         "--seed", "-1", "--base", "GBP", "--workers", "y", "--language", "fr", "--out", "full"]
    )  # fmt: skip
    assert answer.code == 2
    told = " ".join(answer.text.split())
    for words in ("--runs = 0", "--horizon = x", "horizon = 500 days, must be at most 66",
                  "--seed = -1", "base", "--workers = y", "language = 'fr'", "instrument = \"XXX\"",
                  "market_value = \"x\"", "full"):  # fmt: skip
        assert words in told, words


def test_a_market_that_is_there_is_gone_on_with_for_another_portfolio(tmp_path):
    assert ask([*TYPED, "--out", "kept"]).code == 0
    kept = tmp_path / "kept"
    for path in kept.iterdir():
        if path.is_file():
            path.unlink()
    assert ask([*TYPED, "--out", "kept"]).code == 0
    other = ask([*TYPED, "--out", "kept", "--seed", "5", "--force"])
    assert other.code == 2


@pytest.fixture
def few(monkeypatch):
    for name, value in {"N_SURPRISES": 2, "N_SEARCH": 1, "N_TOLD": 1, "N_ELSEWHERE": 2}.items():
        monkeypatch.setattr(reversing, name, value)
    for name, value in {"MOST_GENERATIONS": 1, "POPULATION": 4, "N_ROUNDS": 1}.items():
        monkeypatch.setattr(nearest, name, value)


def test_turned_round_it_says_what_loses_so_much_and_how_to_see_it(few, tmp_path):
    answer = ask([*TYPED, "--reverse", "60 %", "--json"])
    assert answer.code == 0, answer.text
    place = tmp_path / "results" / "stress-carry-fund-hike"
    told = json.loads(answer.text[answer.text.index("{") : answer.text.rindex("}") + 1])
    assert told["reverse"]["loss"] == 0.6 and told["reverse"]["shocks"]["loss"] >= 0.6
    made = {path.name for path in place.iterdir()}
    assert {"reverse.png", "reverse.toml", "reverse_paths.csv", "reverse_days.parquet"} <= made
    page = (place / "report.html").read_text()
    assert "What loses" not in page and "what loses 60% of the own money" in page
    assert "--reverse 60%" in page and "stress-carry-fund-hike/reverse.toml" in page
    again = ask(["reproduce", str(place)])
    assert again.code == 0 and "reverse_shocks" in again.text, again.text


def test_what_is_out_of_reach_leaves_the_runs_alone_for_another_question(few, tmp_path):
    (tmp_path / "cash.csv").write_text("name,instrument,currency,market_value\na,USD,USD,100\n")
    typed = [*("cash.csv" if word == "carry-fund" else word for word in TYPED), "--out", "kept"]
    answer = ask([*typed, "--reverse", "20%"])
    assert answer.code == 2 and "out of reach" in answer.text
    assert "the 4 runs are kept in kept: another --reverse needs no new ones" in answer.text
    assert [path.name for path in (tmp_path / "kept").iterdir()] == ["market"]


def test_a_table_of_sensitivities_is_told_as_one(tmp_path):
    head = "RiskType,Qualifier,Bucket,Label1,Label2,Amount,AmountCurrency\n"
    (tmp_path / "crif.csv").write_text(head + "Risk_FX,JPY,,,,-1000,USD\n")
    typed = ["crif.csv" if word == "carry-fund" else word for word in TYPED]
    answer = ask([*typed, "--language", "zh", "--out", "kept"])
    assert answer.code == 0, answer.text
    assert "Risk_FX JPY" in answer.text and "stress." not in answer.text
    assert " 0 USD" not in answer.text
    assert (tmp_path / "kept" / "stresstest.xml").read_text().count("<StressTest id=") == 6


def test_sensitivities_have_no_own_money_to_lose(tmp_path):
    (tmp_path / "crif.csv").write_text(
        "RiskType,Qualifier,Amount,AmountCurrency\nRisk_FX,JPY,-1,USD\n"
    )
    typed = ["crif.csv" if word == "carry-fund" else word for word in TYPED]
    answer = ask([*typed, "--reverse", "20%", "--runs", "0"])
    assert answer.code == 2 and "--runs = 0" in answer.text and "give lines" in answer.text
    assert [path.name for path in tmp_path.iterdir()] == ["crif.csv"]
