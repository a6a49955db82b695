"""`abm.stress.reverse` in worlds small enough for a test."""

from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

import abm
from abm.errors import InvalidInput
from abm.population.script import news_factor, write_script
from abm.population.shared import hash_before_shock
from abm.runs.pasts import Pasts
from abm.stress import nearest, replaying, reverse, reversing, run
from abm.stress.replaying import Replay, losses_of
from abm.stress.shocks import Shocks, own_surprise_bp, surprise_of
from abm.sweep import pool
from tests.stress.test_running import SCENARIO, SMALL
from tests.stress.toy import table
from tests.sweep.small import HereAndNow

YEN, SPX = 0, 4
LINES = table(
    {"instrument": "SPX", "market_value": 1e6, "funding_currency": "JPY", "leverage": 4.0},
    {"instrument": "AUD", "currency": "AUD", "market_value": 1e6, "funding_currency": "JPY",
     "leverage": 4.0},
    {"instrument": "JPY", "quantity": -1e8, "kind": "call", "strike": 158, "expiry": "9d"},
    {"instrument": "USD", "market_value": 2e5},
)  # fmt: skip


@contextmanager
def in_this_process(n_workers):
    yield HereAndNow()


@pytest.fixture(scope="module", autouse=True)
def small():
    """Few paths, points and generations, in this process."""
    with pytest.MonkeyPatch.context() as here:
        here.setattr(pool, "own_processes", in_this_process)
        few = {"N_SURPRISES": 4, "N_SEARCH": 3, "N_TOLD": 3, "N_ELSEWHERE": 4, "CHUNK": 2}
        for name, value in few.items():
            here.setattr(reversing, name, value)
        for name, value in {"MOST_GENERATIONS": 2, "POPULATION": 4, "N_LOOKS": 8}.items():
            here.setattr(nearest, name, value)
        yield


@pytest.fixture(scope="module")
def found(small):
    return run(LINES, SCENARIO, 12, (1, 6), 3)


@pytest.fixture(scope="module")
def target(found):
    """A loss between that of the mean path and that of the worst."""
    losses = -found.profits[:, -1] / found.own_money
    return float(0.5 * (losses.mean() + losses.max()))


@pytest.fixture(scope="module")
def answer(found, target):
    return reverse(found, target)


def test_shocks_are_the_scenario_with_news_of_so_many_standard_deviations():
    """A week of news of one sd: sqrt(5) times a day's, a fifth of it on each day; 2 sd of a
    surprise are 40bp and lift the yen by 40 x 7.76e-4."""
    shocks = Shocks(SCENARIO, 6)
    assert shocks.periods == ((1, 5), (6, 6)) and shocks.n == 19
    assert Shocks(SCENARIO, 5).periods == ((1, 5),)
    y = np.zeros(19)
    y[0], y[1 + YEN] = 2.0, 1.0
    plain, moved = (write_script(s) for s in (SCENARIO.with_changes(no_surprise()), shocks.at(y)))
    added = (moved.news - plain.news)[SMALL["calendar.burn_in_days"] :]
    day = news_factor(SCENARIO)[:, YEN]
    by_day = np.tile(np.sqrt(5.0) * day / 5.0, (5, 1))
    by_day[0, YEN] += 40.0 * 7.76e-4
    loads = added[0] - by_day[0]  # bonds and shares that follow the surprise
    assert added[1:5] == pytest.approx(by_day[1:], abs=1e-15) and not added[5:].any()
    assert loads[[YEN, SPX]] == pytest.approx(0.0, abs=1e-15)
    (row,) = (r for r in shocks.rows(y) if r["shock"] == "JPY" and r["first_day"] == 1)
    assert row["in_sd"] == pytest.approx(1.0) and row["size"] == pytest.approx(row["sd"])
    assert hash_before_shock(shocks.at(y)) == hash_before_shock(SCENARIO)


def no_surprise():
    return surprise_of(SCENARIO, 0.0)


@pytest.mark.parametrize(
    ("name", "key", "own"),
    [
        ("hike", "shock.surprise_bp", 25.0),
        ("august-2024", "policy.boj.surprise_bp", 25.0),
        ("october-2008", "shock.surprise_bp", 0.0),  # its move is not on the shock day
        ("march-2020", "shock.surprise_bp", 0.0),
        ("stop-and-go", "shock.surprise_bp", 0.0),
    ],
)
def test_every_scenario_can_be_surprised_on_its_shock_day(name, key, own):
    scenario = abm.load_scenario(name)
    assert own_surprise_bp(scenario) == own
    surprised = scenario.with_changes(surprise_of(scenario, 40.0))
    assert key in surprise_of(scenario, 40.0) and own_surprise_bp(surprised) == 40.0
    assert hash_before_shock(surprised) == hash_before_shock(scenario)
    news = write_script(surprised).news - write_script(scenario).news
    at = scenario.calendar.burn_in_days + scenario.shock_day
    assert np.flatnonzero(news.any(axis=1)).tolist() == [at]


def test_a_path_that_is_run_again_loses_what_it_lost(found):
    again = losses_of(Replay(SCENARIO, found.portfolio, 3, (4, 5, 6), 6))
    assert again == pytest.approx(-found.profits[4:7, -1] / found.own_money, abs=1e-12)


def test_so_does_one_on_which_rules_move_rates():
    rule = {"policy.boj.first_meeting": 2, "policy.boj.meeting_every_days": 3}
    small_world = {k: v for k, v in SMALL.items() if not k.startswith("shock")}
    other = abm.load_scenario("stop-and-go").with_changes(small_world | rule)
    ruled = run(LINES, other, 2, 6, 3)
    assert np.ptp(ruled.market.rates[:, :, YEN]) > 0.0
    own = losses_of(Replay(other, ruled.portfolio, 3, (0, 1), 6))
    assert own == pytest.approx(-ruled.profits[:, -1] / ruled.own_money, abs=1e-12)


def test_answers_lose_what_was_asked_for(found, target, answer, tmp_path):
    assert answer.tilt.weights @ answer.ensemble.losses == pytest.approx(target)
    assert np.isfinite(answer.surprises).any()
    for replicate, bp in zip(answer.surprised, answer.surprises, strict=True):
        if 0.0 < bp < np.inf:
            lost = [surprised(found, size, replicate) for size in (bp - 0.7, bp)]
            assert lost[0] < target <= lost[1]
    likeliest = answer.likeliest
    assert likeliest.loss >= target and len(likeliest.losses_elsewhere) == 4
    place = replace(found, reverse=answer).save(tmp_path / "kept")
    told = abm.load_scenario(place / "reverse.toml")
    own = losses_of(Replay(told, found.portfolio, 3, (likeliest.replicate,), 6))
    assert own == pytest.approx(likeliest.loss, abs=1e-12)
    weights = pd.read_parquet(place / "reverse_paths.parquet")["weight"]
    assert weights.sum() == pytest.approx(1.0)
    assert (place / "reverse_shocks.csv").is_file()


def surprised(found, bp, replicate):
    scenario = SCENARIO.with_changes(surprise_of(SCENARIO, bp))
    return losses_of(Replay(scenario, found.portfolio, 3, (replicate,), 6))[0]


class LastFirst(HereAndNow):
    """Answers the last task first, each by a worker that remembers nothing."""

    def __init__(self):
        self.waiting = []

    def submit(self, fn, /, *args, **named):
        future = Future()
        future.exception = self.answer_all(future.exception)
        self.waiting.append((future, fn, args))
        return future

    def answer_all(self, then):
        def exception():
            while self.waiting:
                future, fn, args = self.waiting.pop()
                replaying.PASTS = Pasts()
                future.set_result(fn(*args))
            return then()

        return exception


def test_who_answers_and_in_which_order_changes_no_byte(found, target, answer, monkeypatch):
    @contextmanager
    def others(n_workers):
        yield LastFirst()

    monkeypatch.setattr(pool, "own_processes", others)
    two = reverse(found, target, 2)
    for name in answer.tables:
        pd.testing.assert_frame_equal(answer.tables[name], two.tables[name], check_exact=True)
    assert answer.summary == two.summary


def test_without_a_reverse_question_nothing_changes(found):
    assert not any(name.startswith("reverse") for name in found.tables)
    assert "reverse" not in found.summary and "reverse_loss" not in found.manifest


@pytest.mark.parametrize("loss", [0, -0.2, 1.01, 20, float("nan"), True, "20%", None])
def test_what_is_no_share_is_refused(loss, found):
    with pytest.raises(InvalidInput, match="must be a share of the own money"):
        reverse(found, loss)


def test_nothing_within_reach_or_no_own_money_is_told_with_numbers():
    cash = run(table({"instrument": "USD", "market_value": 1e6}), SCENARIO, 3, 5, 3)
    with pytest.raises(InvalidInput, match=r"loss = 0\.5: out of reach in hike: by day 5"):
        reverse(cash, 0.5)
    debt = run(table({"instrument": "USD", "market_value": -1e6}), SCENARIO, 3, 5, 3)
    with pytest.raises(InvalidInput, match="is worth -1,000,000 USD after debts"):
        reverse(debt, 0.5)


def test_added_news_are_told_once_for_each_stretch_of_days():
    from abm.report.script import acts

    told = [act.label for act in acts(Shocks(SCENARIO, 8).at(np.ones(19)))]
    assert told.count("added news, days 1 to 5") == told.count("added news, days 6 to 8") == 1
