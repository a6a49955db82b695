"""Lessons run, read as notebooks, and tell right answers from wrong ones.

Each lesson that exists is run once, short, and what it asks is held against its own answers.
"""

import runpy
from pathlib import Path
from typing import Any

import networkx as nx
import numpy as np
import pandas as pd
import pytest

from abm.errors import InvalidInput
from abm.literature import brunnermeier_pedersen as spirals
from experiments.lessons import __main__ as command
from experiments.lessons import frame
from experiments.lessons.frame import Exercise, Mistake, find_exercise
from tests.experiments.lessons_run import LESSONS, ran

HEADINGS = ("## Question", "## Experiment", "## Exercise")

every_lesson = pytest.mark.parametrize("number", LESSONS)


@every_lesson
def test_a_lesson_runs_and_asks_every_exercise_that_has_an_answer(number):
    _, asked = ran(number)
    answers = runpy.run_path(str(command.FOLDER / "answers" / f"lesson_{number}.py"))
    assert list(asked) == list(answers["EXERCISES"])
    assert all(exercise.startswith(f"{number}.") for exercise in asked)


@every_lesson
def test_a_lesson_is_a_notebook_of_a_question_an_experiment_and_an_exercise(number):
    jupytext = pytest.importorskip("jupytext")
    notebook = jupytext.read(LESSONS[number])
    assert notebook.metadata["kernelspec"]["name"] == "python3"
    assert notebook.metadata["jupytext"]["text_representation"]["format_name"] == "percent"
    prose = "\n".join(c.source for c in notebook.cells if c.cell_type == "markdown")
    places = [prose.index(f"{heading}\n") for heading in HEADINGS]
    assert places == sorted(places)
    asking = [c.source for c in notebook.cells if "check(" in c.source]
    assert asking and all("answer = ..." in source for source in asking)


@every_lesson
def test_what_is_right_is_accepted_and_no_answer_is_none(number):
    for exercise in ran(number)[1].values():
        assert exercise.judge(exercise.right).words == f"right. {exercise.why}"
        unanswered = exercise.judge(...)
        assert not unanswered
        assert unanswered.words.startswith("not answered yet")


@every_lesson
def test_every_known_mistake_is_refused_with_the_hint_made_for_it(number):
    for exercise in ran(number)[1].values():
        assert exercise.mistakes
        for mistake in exercise.mistakes:
            assert exercise.judge(mistake.answer).words == f"not right. {mistake.hint}"


@every_lesson
def test_no_hint_says_the_number_that_is_asked_for(number):
    for exercise in ran(number)[1].values():
        hints = " ".join([exercise.hint, *(mistake.hint for mistake in exercise.mistakes)])
        shown = [] if isinstance(exercise.right, str | bool | type) else np.ravel(exercise.right)
        long = [f"{x:.3g}" for x in shown if len(f"{x:.3g}") > 2]
        assert not [digits for digits in long if digits in hints]


# The frame.

PRICE = Exercise(
    right=0.05, tolerance=0.001, why="so it is", hint="look again",
    mistakes=(Mistake(5.0, "a share, not per cent"), Mistake(-0.05, "the sign")),
)  # fmt: skip


@pytest.mark.parametrize(
    ("answer", "is_right", "words"),
    [
        (..., False, "not answered yet"),
        (0.0505, True, "right. so it is"),
        (np.float64(0.05), True, "right"),
        (0.052, False, "not right. look again"),
        (5.02, False, "a share, not per cent"),  # recognised within 2%, as the right one is
        (-0.05, False, "the sign"),
        ("5%", False, "The answer is one number"),
        ([0.05, 0.05], False, "The answer is one number"),
        (float("nan"), False, "The answer is one number"),
        (None, False, "The answer is one number"),
        (True, False, "The answer is one number"),
        (pd.Series(range(99)), False, "given was 0 0 1 1 2 2 3 3 4"),
    ],
)
def test_an_answer_is_judged_in_one_line(answer, is_right, words, capsys, monkeypatch):
    monkeypatch.setattr(frame, "find_exercise", lambda number: PRICE)
    verdict = frame.check("1.1", answer)
    assert bool(verdict) is is_right
    line = capsys.readouterr().out
    assert line.startswith("1.1: ") and words in line and line.count("\n") == 1
    assert len(line) < 120


def test_three_numbers_are_right_only_if_all_are():
    exercise = Exercise(right=[3.0, 3.5, 4.0], tolerance=0.1, why="", hint="")
    assert exercise.judge((3.05, 3.5, 4))
    assert not exercise.judge([3.0, 3.5, 4.2])
    assert "3 numbers" in exercise.judge(3.0).words


def test_words_are_read_whatever_their_case_and_truth_is_no_number():
    assert Exercise(right="bank-3", why="", hint="").judge(" Bank-3")
    assert not Exercise(right="bank-3", why="", hint="").judge("bank-4")
    assert Exercise(right=False, why="", hint="").judge(np.bool_(False))
    assert not Exercise(right=False, why="", hint="").judge(0)


def test_an_exercise_may_judge_by_itself():
    exercise = Exercise(right=3, why="", hint="odd", accepts=lambda n: n % 2 == 1)
    assert exercise.judge(5)
    assert exercise.judge(4).words == "not right. odd"


def test_an_unknown_exercise_is_named_with_those_there_are():
    with pytest.raises(InvalidInput, match=r"no exercise '1.9'; lesson 1 has 1.1, 1.2, 1.3"):
        find_exercise("1.9")
    with pytest.raises(InvalidInput, match="no lesson '99'"):
        find_exercise("99.1")


def test_a_figure_is_shown_as_a_picture_with_nothing_printed(capsys):
    from abm.figures.style import new_figure

    assert frame.show(new_figure(1.0))._repr_png_().startswith(b"\x89PNG")
    assert capsys.readouterr().out == ""


# What is right, by hand.


def right(number: str, **numbers: Any) -> Any:
    return find_exercise(number, **numbers).right


def test_carry_breaks_even_at_the_forward_and_ruins_a_fifth_below():
    trade = {"spot": 105.3, "rate_yen": 0.001, "rate_dollar": 0.053, "leverage": 5.0}
    assert right("1.1", **trade) == pytest.approx(100.1)
    assert right("1.2", **trade) == pytest.approx(80.08)  # 4 owed of 5: 0.8 of 100.1


def test_a_day_that_takes_five_per_cent_costs_a_year_of_five_per_cent():
    path = pd.Series([100.0, 95.0, 94.0, 99.0])
    days = right("1.3", path=path, rate_yen=0.001, rate_foreign=0.051, leverage=5.0)
    assert days == pytest.approx(365.0)


def test_margin_by_hand():
    # Leverage 1/0.145: 1 - 0.05/0.145 = 0.095/0.145 is a tenth of 0.95/0.145.
    assert right("2.1", margin_rate=0.1, fall=0.05) == pytest.approx(1 / 0.145)
    # 80 fall to 76, 10 to 6; 6 may carry 60.
    book = {"own_usd_bn": 10.0, "assets_usd_bn": 80.0, "margin_rate": 0.1, "fall": 0.05}
    assert right("2.2", **book) == pytest.approx(16.0)


def test_the_multiplier_of_the_lesson_is_that_of_the_market():
    market = spirals.AT_REST._replace(margin_sensitivity=0.1)
    prices = spirals.follow_spiral(market, funding_shock=-1e-6)
    measured = (prices[0] - prices[-1]) / (prices[0] - prices[1])
    assert right("2.3", market=market) == pytest.approx(measured, rel=1e-4)


def test_half_of_the_runs_lie_on_the_line_between_two_shares():
    n_broken = pd.Series({30: 0, 40: 20, 50: 80, 60: 100})
    exercise = find_exercise("3.1", n_broken=n_broken, n_runs=100)
    assert exercise.right == pytest.approx(45.0)
    assert exercise.tolerance == pytest.approx(2 * 0.05 / 0.06)  # two errors of 5 points, 6 a bp


def test_shares_that_never_reach_one_half_are_refused_with_what_they_are():
    with pytest.raises(InvalidInput, match=r"from 0 at 30bp to 0.2 at 40bp do not cross"):
        find_exercise("3.1", n_broken=pd.Series({30: 0, 40: 20}), n_runs=100)


def test_an_end_of_the_curve_is_told_its_own_share():
    exercise = find_exercise("3.1", n_broken=pd.Series({30: 25, 40: 65}), n_runs=100)
    assert "breaks in 25% of the runs" in exercise.judge(30).words
    assert "breaks in 65% of the runs" in exercise.judge(40).words


def test_the_error_of_one_run_shrinks_with_the_root_of_their_number():
    single = find_exercise("3.2", share=0.5, n=100).judge(0.5).words
    assert "divide by the root of n" in single  # 0.5 / 10 is right, 0.5 / 100 is not


def test_shares_by_hand():
    assert right("3.2", share=0.5, n=100) == 0.05
    assert right("3.3", share=0.5, error=0.01) == pytest.approx(2_500)
    assert right("3.4", seen=0.3, share=0.5, n=10) is False  # 0.2 is 1.3 errors of 0.16
    assert right("3.4", seen=0.1, share=0.5, n=10) is True  # 2.5


def test_three_banks_by_hand():
    # A pays its 3; B has 3.5 and gives C eight tenths, 2.8; C has 4.8 and owes 4.
    debts = [[0, 10, 0], [0, 0, 8], [0, 0, 0]]
    book = {"outside_assets": [3, 0.5, 2], "debts_to_banks": debts, "deposits": [0, 2, 4]}
    assert right("4.1", **book) == pytest.approx([3.0, 3.5, 4.0])


def test_who_harms_the_largest_is_most_important_though_another_ruins_a_small_bank():
    banks = nx.DiGraph()
    for name, assets, capital in (("a", 100, 10), ("b", 20, 4), ("c", 20, 4), ("d", 20, 4)):
        banks.add_node(name, assets_usd_bn=assets, wealth_usd_bn=capital)
    banks.add_weighted_edges_from([("a", "b", 6.0), ("d", "c", 4.0)])
    # b takes 0.6 of a, 60 of all assets; c takes all of d, but that is 20.
    assert right("4.3", interbank=banks) == "b"
    assert right("4.4", interbank=banks, brokers=["a"]) is False
    assert right("4.2", interbank=banks, failed="b", lender="a") == pytest.approx(10 / 6)


# What the texts say of the numbers.


def test_the_week_of_august_took_more_than_a_year_of_carry():
    names, _ = ran("1")
    year, week = names["year"].set_index("pair"), names["week"].set_index("pair")
    assert (-week["total"] > year["carry"]).all()
    by_exchange_rate = 1.0 - year["carry"] / year["total"]
    assert by_exchange_rate.round(2).tolist() == [0.73, 0.49]  # three quarters, half


def test_today_no_bank_follows_a_broker_and_at_seven_times_the_claims_many_do():
    names, asked = ran("4")
    dominoes = names["dominoes"]
    assert (dominoes.loc[:5.0] == 0).all(axis=None)
    assert (dominoes.loc[7.0] >= 5).all()
    multiple, place = asked["4.2"].right, list(names["banks"].index).index("bank-4")
    for times, falls in ((0.99, False), (1.01, True)):
        cleared = names["clear_after_failure"]("bank-1", times * multiple)
        assert cleared.defaulted[place] == falls


# The command.


def test_the_command_runs_a_lesson_in_a_process_of_its_own(capsys):
    assert command.main(["1", "--quick"]) == 0
    told = capsys.readouterr().out
    assert "[1/1] lesson_1_carry" in told and told.rstrip().endswith("ok")


def test_a_lesson_that_fails_names_its_line_and_exits_1(tmp_path, capsys):
    broken = tmp_path / "lesson_1_broken.py"
    broken.write_text("def yen(dollars):\n    return dollars / 0\n\n\nyen(150)\n")
    assert command.run_all({"1": broken}, is_quick=True) == 1
    words = "failed in line 2, 'return dollars / 0': ZeroDivisionError: division by zero"
    assert words in capsys.readouterr().out


@pytest.mark.parametrize(
    ("given", "words"),
    [(["99", "x"], "no lesson 99, x; there are 1, 2"), (["--fast"], "unrecognized arguments")],
)
def test_a_wrong_command_is_refused_in_one_line(given, words, capsys):
    try:
        code = command.main(given)
    except SystemExit as stopped:
        code = stopped.code
    said = capsys.readouterr().err
    assert code == 2 and words in said and said.count("\n") == 1


def test_notebooks_are_written_once_and_never_over_a_student_s_answers(tmp_path, capsys):
    nbformat = pytest.importorskip("nbformat")
    folder = tmp_path / "course"
    assert command.main(["1", "2", "--notebooks", str(folder)]) == 0
    assert len(nbformat.read(folder / "lesson_1_carry.ipynb", as_version=4).cells) > 10
    Path(folder / "lesson_2_leverage.ipynb").unlink()
    assert command.main(["1", "2", "--notebooks", str(folder)]) == 2
    assert "lesson_1_carry.ipynb, maybe with answers" in capsys.readouterr().err
    assert not (folder / "lesson_2_leverage.ipynb").exists()
