"""A run as a moving picture: which days, whose books, and a file that shows every one of them."""

import io
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from abm.report import animate
from abm.report.animate import Reel, books_by_day, books_of_the_end, film_of, gif, mp4, window
from abm.runs.manifest import graph_hash
from tests.report import small


def tick(done, total):
    pass


@pytest.fixture(scope="module")
def books():
    return books_by_day(small.run(), range(12), tick)


@pytest.fixture(scope="module")
def reel(books):
    """Of three days: the eve of the worst, the worst, and one of the last."""
    worst = small.run().worst_day
    film = film_of(small.run(), {day: books.graphs[day] for day in (worst - 1, worst, 11)})
    return animate.filmed(film, tick)


def calendar(n_days, shock, forced):
    """A run of which only the days are known: forced sales by day."""
    days = pd.DataFrame({"day": range(n_days), "n_failures": 0})
    days["forced_hedge_fund_usd_bn"] = [float(forced.get(day, 0.0)) for day in range(n_days)]
    scenario = small.scenario().with_changes(
        {"calendar.days": n_days, "calendar.shock_day": shock, "news": []}
    )
    worst = int(days["forced_hedge_fund_usd_bn"].argmax())
    return replace(small.run(), days=days, scenario=scenario, summary={"worst_day": worst})


def test_the_film_runs_from_days_before_the_cascade_to_days_after_it():
    assert window(calendar(100, 22, {25: 1.0, 26: 27.0, 34: 0.3})) == range(17, 40)


def test_sales_of_less_than_a_hundredth_of_the_worst_day_are_no_cascade_any_more():
    assert window(calendar(100, 22, {26: 27.0, 50: 0.26})) == range(17, 38)
    assert window(calendar(100, 22, {26: 27.0, 50: 0.28})) == range(17, 56)


def test_a_shock_without_forced_sales_is_shown_too():
    assert window(calendar(100, 40, {})) == range(35, 56)


def test_a_film_has_at_most_sixty_days_the_worst_among_them():
    days = window(calendar(300, 10, {12: 1.0, 200: 5.0}))
    assert len(days) == 60 and 10 in days
    days = window(calendar(300, 150, {12: 1.0, 152: 5.0, 290: 1.0}))
    assert len(days) == 60 and 152 in days and 150 in days


def test_the_film_ends_with_the_run():
    assert window(calendar(20, 15, {16: 1.0})) == range(10, 20)


def test_the_books_of_each_day_are_those_of_the_run(books):
    run = small.run()
    assert list(books.graphs) == list(range(12))
    for day in (0, run.worst_day, 11):
        assert graph_hash(books.graphs[day]) == graph_hash(run.exposures_on(day))
    assert books.log_funding == pytest.approx(run.days["log_JPY"].to_numpy(), abs=1e-12)


def test_what_the_frames_show_as_sold_is_what_the_table_of_days_says(books):
    run = small.run()
    table = run.days.filter(regex="^forced_").sum(axis=1)
    for shot in film_of(run, books.graphs).shots:
        assert sum(shot.sold_usd_bn.values()) == pytest.approx(table[shot.day])


def test_calls_run_from_banks_to_those_who_are_called(books):
    run = small.run()
    shots = film_of(run, books.graphs).shots
    calls = [call for shot in shots for call in shot.calls]
    forced = run.events["kind"].isin(["margin_call", "close_out", "loss_cut", "recall"])
    assert len(calls) == forced.sum() > 0
    assert all(
        bank.startswith("bank-") and not client.startswith("bank-") for bank, client in calls
    )


def test_a_day_is_told_by_what_came_from_outside_and_what_was_forced(books):
    run = small.run()
    told = {shot.day: shot.what for shot in film_of(run, books.graphs).shots}
    calls, events = run.days["n_margin_calls"], run.events
    n_limits = int(((events["day"] == 0) & (events["kind"] == "limit_hit")).sum())
    day = int(calls.idxmax())
    outside, forced = told[0].split("\n")
    assert outside == "The Bank of Japan surprised the market by +150bp"
    assert n_limits > 0 and f"{n_limits} price limit" in forced
    assert f"{calls[day]:.0f} margin call" in told[day]
    assert any("have to sell USD" in what for what in told.values())
    assert told[3].startswith(small.NEWS) and told[11] == ""


def test_a_gif_has_a_frame_for_each_day_and_runs_for_ever(reel):
    film = Image.open(io.BytesIO(gif(reel, 4)))
    assert (film.n_frames, film.size, film.info["loop"]) == (3, (960, 640), 0)
    durations = []
    for i in range(3):
        film.seek(i)
        durations.append(film.info["duration"])
    assert durations == [1000, 1000, 4000]  # ms: something happened on both, the last one stays


def test_the_worst_day_does_not_look_like_the_day_before(reel):
    film = Image.open(io.BytesIO(gif(reel, 4)))
    frames = []
    for i in range(3):
        film.seek(i)
        frames.append(np.asarray(film.convert("RGB")).astype(int))
    changed = (np.abs(frames[0] - frames[1]).max(axis=2) > 40).mean()
    assert 0.01 < changed < 0.5


def test_colours_of_large_areas_are_exact_and_all_others_near(reel):
    film = Image.open(io.BytesIO(gif(reel, 4)))
    film.seek(1)
    shown, drawn = np.asarray(film.convert("RGB")).astype(int), np.asarray(reel.images[1])
    assert (shown[0, 0] == 255).all()
    assert np.abs(shown - drawn).mean() < 0.5  # of 255


def test_quiet_days_pass_four_times_as_fast():
    plain = [Image.new("RGB", (960, 640), (i, i, 255)) for i in range(4)]
    film = Image.open(io.BytesIO(gif(Reel(plain, [1, 4, 1, 16]), 2)))
    durations = []
    for i in range(4):
        film.seek(i)
        durations.append(film.info["duration"])
    assert durations == [500, 2000, 500, 8000]


def test_books_that_cannot_be_made_again_claim_no_slack_and_no_failure_before_its_day():
    run = small.run()
    failed = run.institutions.query("n_failures > 0").set_index("name")["first_failure_day"]
    name, day = failed.index[0], int(failed.iloc[0])
    graphs = books_of_the_end(run, range(day - 1, day + 1))
    assert [graphs[d].nodes[name]["failed"] for d in (day - 1, day)] == [False, True]
    assert all(np.isnan(s) for _, s in graphs[day].nodes(data="margin_slack"))
    assert graphs[day].edges == run.exposures.edges


def test_without_ffmpeg_there_is_no_film(monkeypatch):
    monkeypatch.setenv("PATH", "")
    assert mp4(Reel([], []), 4) == b""
