"""`unwind report` and `unwind plot --animate`: what is written, where, and what is refused."""

import io

import pytest
from PIL import Image
from typer.testing import CliRunner

import abm
from abm.cli.commands import app
from abm.report import animate
from abm.report.run_page import FIGURES
from abm.scenario.template import parameter_table
from abm.sweep import pool, sweep
from tests.report import small
from tests.sweep import small as small_sweep
from tests.sweep.conftest import here

DAYS = range(2, 3)  # instead of all twelve
WHITE = Image.new("RGB", (960, 640), "white")


@pytest.fixture
def unwind(tmp_path, monkeypatch):
    """Call the command in a folder that holds a kept run, `mine`, with its figures."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("abm.kernels.day.is_compiled", lambda: True)
    monkeypatch.setattr(animate, "window", lambda run: DAYS)
    monkeypatch.setenv("PATH", "")  # no ffmpeg
    small.run().save("mine")
    (tmp_path / "mine/figures").mkdir()
    for name in FIGURES:
        (tmp_path / f"mine/figures/{name}.png").write_bytes(small.png())
    return lambda *words: CliRunner().invoke(app, [str(word) for word in words])


def test_a_report_is_written_into_its_folder_and_made_again_there(unwind, tmp_path):
    assert unwind("report", "mine").stdout == "mine/report.html\n"
    first = (tmp_path / "mine/report.html").read_text()
    assert first.startswith("<!doctype html>") and "unwind reproduce mine" in first
    assert str(tmp_path) not in first
    (tmp_path / "mine/report.html").write_text("spoilt")
    assert unwind("report", "mine").exit_code == 0
    assert (tmp_path / "mine/report.html").read_text() == first


def test_a_file_elsewhere_is_overwritten_only_by_force(unwind, tmp_path):
    (tmp_path / "page.html").write_text("precious")
    result = unwind("report", "mine", "--out", "page.html")
    assert (result.exit_code, result.stderr) == (2, "page.html exists; --force overwrites it\n")
    assert (tmp_path / "page.html").read_text() == "precious"
    assert unwind("report", "mine", "--out", "page.html", "--force").exit_code == 0
    assert (tmp_path / "page.html").read_text().startswith("<!doctype html>")


def test_figures_that_are_missing_or_no_pictures_are_drawn_for_the_page_alone(
    unwind, tmp_path, monkeypatch
):
    drawn = {"cascade": small.png("red"), "network": small.png("red")}
    monkeypatch.setattr("abm.cli.run_figures.drawn_again", lambda run: drawn)
    (tmp_path / "mine/figures/cascade.png").write_text("spoilt")
    assert unwind("report", "mine").exit_code == 0
    assert (tmp_path / "mine/report.html").read_text().count("<img ") == 2
    assert (tmp_path / "mine/figures/cascade.png").read_text() == "spoilt"


def test_figures_that_are_there_are_not_drawn_again(unwind, monkeypatch):
    monkeypatch.setattr("abm.cli.run_figures.drawn_again", lambda run: pytest.fail("drawn again"))
    assert unwind("report", "mine").exit_code == 0


def test_a_folder_whose_table_was_changed_is_refused(unwind, tmp_path):
    days = small.run().days.copy()
    days.loc[days.index[0], "leverage"] += 1.0
    days.to_parquet(tmp_path / "mine/days.parquet", index=False)
    for words in (("report",), ("plot", "--animate")):
        result = unwind(words[0], "mine", *words[1:])
        assert result.exit_code == 2
        assert "days changed since it was saved" in result.stderr
    assert not (tmp_path / "mine/report.html").exists()


def test_a_sweep_is_reported_by_the_same_command(unwind, tmp_path, monkeypatch):
    monkeypatch.setattr(pool, "own_processes", here)
    sweep(small_sweep.experiment(), tmp_path / "tiny")
    assert unwind("report", "tiny", "--output", "n_failed").stdout == "tiny/report.html\n"
    page = (tmp_path / "tiny/report.html").read_text()
    assert "Report of a sweep" in page and str(tmp_path) not in page


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("mine", "--language", "fr"), "language = 'fr', must be one of en, ja, zh"),
        (("mine", "--output", "n_failed"), "this is the folder of a run"),
        (("nowhere",), "nowhere: there is no such folder"),
        (("mine", "--out", "mine"), "mine is a folder; give the name of a file"),
    ],
)
def test_what_cannot_be_reported_is_said_in_one_line(unwind, words, message):
    result = unwind("report", *words)
    assert result.exit_code == 2
    assert message in result.stderr and result.stderr.count("\n") == 1


def test_the_cascade_is_written_as_a_gif_beside_the_figures(unwind, tmp_path, monkeypatch):
    monkeypatch.setattr(animate, "window", lambda run: range(2, 4))
    assert unwind("plot", "mine", "--animate").stdout == "mine/figures/cascade.gif\n"
    film = Image.open(io.BytesIO((tmp_path / "mine/figures/cascade.gif").read_bytes()))
    assert film.n_frames == 2
    assert (tmp_path / "mine/figures/cascade.png").read_bytes() == small.png()  # left alone


def test_a_run_without_events_is_not_filmed_as_if_there_had_been_no_forced_sale(unwind, tmp_path):
    quiet = small.scenario().with_changes({"outputs.events": False})
    abm.run(quiet, rng=3).save("quiet")
    result = unwind("plot", "quiet", "--animate")
    assert result.exit_code == 2 and "This run kept no events" in result.stderr
    assert not (tmp_path / "quiet/figures").exists()


def test_a_run_that_cannot_be_made_again_is_filmed_with_the_network_of_its_end(unwind, monkeypatch):
    notes = []
    film_of = animate.film_of

    def noted(run, graphs, note):
        notes.append(note)
        return film_of(run, graphs, note)

    other = animate.Books({}, small.run().days["log_JPY"].to_numpy()[: DAYS.stop] + 0.01)
    monkeypatch.setattr(animate, "books_by_day", lambda run, days, tick: other)
    monkeypatch.setattr(animate, "film_of", noted)
    result = unwind("plot", "mine", "--animate")
    assert "cannot be simulated again here: the network is that of the last day" in result.stderr
    assert notes == ["Loans are those of the last close; margin slack is not known."]


def test_ctrl_c_leaves_the_film_that_was_there(unwind, tmp_path, monkeypatch):
    def interrupted(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(animate, "filmed", lambda film, tick: animate.Reel([WHITE], [1]))
    (tmp_path / "mine/figures/cascade.gif").write_text("the old one")
    monkeypatch.setattr(animate, "gif", interrupted)
    assert unwind("plot", "mine", "--animate").exit_code == 130
    names = {path.name for path in (tmp_path / "mine/figures").iterdir()}
    assert names == {"cascade.gif", *(f"{name}.png" for name in FIGURES)}
    assert (tmp_path / "mine/figures/cascade.gif").read_text() == "the old one"


def test_an_ffmpeg_that_fails_costs_only_the_mp4(unwind, tmp_path, monkeypatch):
    monkeypatch.setattr(animate, "filmed", lambda film, tick: animate.Reel([WHITE], [1]))
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin/ffmpeg").write_text("#!/bin/sh\nexit 1\n")
    (tmp_path / "bin/ffmpeg").chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    result = unwind("plot", "mine", "--animate")
    assert result.stdout == "mine/figures/cascade.gif\n"
    assert "ffmpeg could not make cascade.mp4" in result.stderr


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--fps", "3"), "--fps is the speed of --animate: give both"),
        (("--animate", "--fps", "0"), "--fps = 0, must be from 1 to 50 days a second"),
        (("--animate", "--fps", "fast"), "--fps = fast, must be a whole number"),
    ],
)
def test_a_speed_that_cannot_be_shown_is_refused(unwind, words, message):
    result = unwind("plot", "mine", *words)
    assert result.exit_code == 2 and message in result.stderr


def test_readers_are_told_of_stop_outs_and_of_nothing_else():
    meanings = [row.meaning for row in parameter_table(abm.load_scenario("august-2024"))]
    assert "days inactive after a stop-out" in meanings
    assert not [meaning for meaning in meanings if "loss-cut" in meaning]
