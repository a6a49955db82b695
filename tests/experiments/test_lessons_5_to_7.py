"""Answers of lessons 5 to 7, by hand; and classes of students, tried out."""

import numpy as np
import pandas as pd
import pytest

import abm
from abm.agents import PythonAgent
from experiments.lessons.answers.lesson_7 import Patient
from experiments.lessons.frame import find_exercise
from tests.experiments import lessons_run

SALES = pd.DataFrame(
    {
        "nothing": [10.0, 20.0, 30.0, 40.0],
        "sells 20bn": [12.0, 25.0, 30.0, 50.0],
        "buys 20bn": [9.0, 18.0, 29.0, 36.0],
        "swap line": [0.0, 0.0, 0.0, 0.0],
    }
)


def right(number, **numbers):
    return find_exercise(number, **numbers).right


def august(*shorts):
    """The table of one run that was short so much on 2, 30 and 31 July and on 6 August."""
    dates = pd.DatetimeIndex(["2024-07-02", "2024-07-30", "2024-07-31", "2024-08-06"])
    return pd.DataFrame({"yen_short_units": shorts}, index=dates)


def test_the_share_closed_before_the_hike_is_taken_in_each_run():
    # 40 of 80 closed, 10 of 100, 90 of 100: median a half.
    tables = [august(200, 160, 150, 120), august(100, 90, 50, 0), august(200, 110, 105, 100)]
    assert right("5.1", tables=tables) == pytest.approx(0.5)


def test_the_worst_day_is_that_of_the_largest_sum_not_of_the_largest_type():
    dates = pd.DatetimeIndex(["2024-08-05", "2024-08-06"])
    forced = pd.DataFrame({"hedge_fund": [9.0, 7.0], "retail_fx": [0.0, 8.0]}, index=dates)
    assert right("5.2", forced=forced) == "2024-08-06"
    assert right("5.3", forced=forced) == "retail_fx"


@pytest.mark.parametrize(("fixing", "inside"), [(142.2, True), (134.9, False), (155.1, False)])
def test_inside_the_band_is_between_its_ends(fixing, inside):
    band = pd.DataFrame({"low": [135.0], "high": [155.0]}, index=pd.DatetimeIndex(["2024-08-05"]))
    path = pd.Series([fixing], index=band.index)
    assert right("5.4", fixing=path, band=band) is inside


def test_pairs_by_hand():
    # Differences -1, -2, -1, -4: mean -2, variance 2, error root of a half.
    assert right("6.1", sales=SALES) == pytest.approx(-2.0)
    assert right("6.2", sales=SALES) == pytest.approx(np.sqrt(0.5))
    # Variances 500/3, and 426/3: 9, 18, 29, 36 are 14, 5, 6 and 13 from their mean of 23.
    unpaired = np.sqrt((500 / 3 + 426 / 3) / 4)
    assert right("6.3", sales=SALES) == pytest.approx(unpaired)
    assert right("6.4", sales=SALES) == pytest.approx(4 * unpaired**2 / 0.5)


def test_pairs_are_of_no_use_where_a_policy_leaves_nothing_to_share():
    assert right("6.5", sales=SALES) == pytest.approx(1.0)


def test_doing_nothing_is_what_leaning_is_held_against():
    leaner, idle = pd.DataFrame({"made": [-1.0, 0.0]}), pd.DataFrame({"made": [1.5, 1.5]})
    assert right("7.1", leaner=leaner, idle=idle, n_few=5) == pytest.approx(-2.0)


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (-3.0, "right. It earns carry"),
        (-1.0, "over the 2 draws of try_out; take all N_DRAWS"),
        (-0.03, "a share of its wealth"),
        (3.0, "Mind the sign"),
        (-1.5, "doing nothing earns interest"),
        (1.5, "what Idler makes"),
    ],
)
def test_each_way_to_go_wrong_in_7_1_is_named(answer, words):
    # Differences -1 and -1 in the first two draws, -4 and -6 in all others: mean -3.
    leaner = pd.DataFrame({"made": [0.5, 0.5, -2.5, -4.5]})
    idle = pd.DataFrame({"made": [1.5] * 4})
    assert words in find_exercise("7.1", leaner=leaner, idle=idle, n_few=2).judge(answer).words


# What the texts say of the numbers.


def ran(number):
    """Names of a lesson at the end of a short run."""
    return lessons_run.ran(number)[0]


def test_shares_fall_less_than_the_real_ones_and_few_come_back_as_fast():
    told = {(line[0], line[1]): line[2:] for line in ran("5")["misses"]}
    for shares in ("Nikkei", "S&P"):
        _, median, _, real, _ = told[shares, "fall"]
        assert real < median < 0
        *_, share_below_real = told[shares, "after"]
        assert share_below_real > 0.9


def test_selling_dollars_into_an_unwind_adds_to_it_and_buying_them_calms():
    changes, peak_changes = ran("6")["changes"], ran("6")["peak_changes"]
    for change in (changes.mean(), peak_changes.mean()):
        assert change["swap line"] < change["buys 20bn"] < 0 < change["sells 20bn"]


def test_under_the_swap_line_hardly_any_fund_is_called_and_households_still_sell():
    line = ran("6")["summaries"]["swap line"].mean(numeric_only=True)
    nothing = ran("6")["summaries"]["nothing"].mean(numeric_only=True)
    assert line["forced_hedge_fund_usd_bn"] < 0.02 * nothing["forced_hedge_fund_usd_bn"]
    assert line["forced_retail_equity_usd_bn"] > 0.5 * nothing["forced_retail_equity_usd_bn"]


def test_without_the_intervention_more_meet_the_hike():
    gap = ran("6")["gap"]
    assert (gap["yen short on 30 July"] > 0).all()
    assert gap["forced sales 31 July to 12 August"].mean() > 0


def test_without_the_intervention_the_yen_goes_less_far():
    # A tenth of a single run's scatter: as many draws as the lesson has at full length.
    lesson, until = ran("6"), {"calendar.days": 28, "outputs.events": False}
    dates = lesson["dates"]
    start, end = dates.index("2024-07-10"), dates.index("2024-08-05")

    def rise(world, replicate):
        run = abm.run(world.with_changes(until), rng=lesson["SEED"], replicate=replicate)
        return run.days["log_JPY"].iloc[end] - run.days["log_JPY"].iloc[start]

    asis, without = lesson["worlds"].values()
    gap = [rise(without, k) - rise(asis, k) for k in range(200)]
    assert np.mean(gap) < -2.0 * np.std(gap) / np.sqrt(len(gap))


def test_leaning_calms_and_does_not_pay():
    for wealth, gained in ran("7")["gained"].items():
        assert gained["made"].mean() < 0, wealth
        assert gained["peak"].mean() < 0, wealth


# Classes of students.


@pytest.fixture(scope="module")
def exercises():
    lesson = ran("7")
    traders = {"try_out": lesson["try_out"], "idler": lesson["Idler"], "leaner": lesson["Leaner"]}
    return {number: find_exercise(number, **traders) for number in ("7.2", "7.3")}


class Waits(PythonAgent):
    """Sells yen once, when they are up by a tenth."""

    def orders(self):
        dear = self.model.log_yen > 0.1 and self.positions_usd_bn["JPY"] == 0
        return {"JPY": -self.wealth_usd_bn} if dear else {}


class SellsAtOnce(PythonAgent):
    """Sells yen for all it has every morning of the first week."""

    def orders(self):
        return {"JPY": -self.wealth_usd_bn} if 0 < self.model.day < 6 else {}


class FrontRuns(PythonAgent):
    """Buys yen on the morning of the surprise and sells them a week later."""

    def orders(self):
        share = {0: 0.5, 7: -0.5}.get(self.model.day, 0.0)
        return {"JPY": share * self.wealth_usd_bn} if share else {}


class SellsTooMuch(PythonAgent):
    """Sells yen for eight times what it has on the second day."""

    def orders(self):
        return {"JPY": -8.0 * self.wealth_usd_bn} if self.model.day == 1 else {}


class Sleeps(PythonAgent):
    """Idler by another name."""

    def orders(self):
        return {}


class Divides(PythonAgent):
    """Has a bug."""

    def orders(self):
        return {"JPY": 1 / 0}


class Misspells(PythonAgent):
    """Trades what there is not."""

    def orders(self):
        return {"JPN": 1.0}


class Forgets(PythonAgent):
    """Returns nothing."""

    def orders(self):
        self.yesterday = self.model.log_yen


class SaysANumber(PythonAgent):
    """Does not say of what."""

    def orders(self):
        return -5.0


class HandsOnWrongly(PythonAgent):
    """Fails in its own __init__, below which another one fails."""

    def __init__(self, model, row):
        super().__init__(model, "first")


class Inherits(HandsOnWrongly):
    """Has the bug of another class of the student's."""


class PrintsMoney(PythonAgent):
    """Pays himself out of nothing."""

    def orders(self):
        self.wealth_usd_bn = 100.0
        return {}


def line_in(method, n_below):
    """Number of the line so far below the `def` of a method."""
    return method.__code__.co_firstlineno + n_below


@pytest.mark.parametrize(
    ("number", "trader", "words"),
    [
        ("7.2", Patient, "right. What did it do to the peak? Try draws it has not seen"),
        ("7.2", Waits, "right."),
        ("7.2", FrontRuns, "right. What did it do to the peak?"),
        ("7.2", Sleeps, "the interest on its dollars"),
        ("7.2", SellsAtOnce, "no richer than Idler. When did it sell"),
        ("7.2", SellsTooMuch, "Its broker closed it out"),
        ("7.3", Patient, "right."),
        ("7.3", SellsAtOnce, "right."),
        ("7.3", FrontRuns, "does not stay half a point below"),
        ("7.3", Sleeps, "as high as with Idler"),
        ("7.3", SellsTooMuch, "the forced buying raises the yen"),
    ],
)
def test_a_trader_is_judged_by_what_comes_of_him(exercises, number, trader, words):
    verdict = exercises[number].judge(trader)
    assert words in verdict.words
    assert bool(verdict) is words.startswith("right")


def test_a_little_more_than_leaner_is_not_calmer(exercises):
    leaner = ran("7")["Leaner"]

    class SellsALittleMore(leaner):
        def orders(self):
            return {name: 1.1 * amount for name, amount in super().orders().items()}

    try_out = ran("7")["try_out"]
    assert try_out(SellsALittleMore)["peak"].mean() < try_out(leaner)["peak"].mean()
    assert not exercises["7.3"].judge(SellsALittleMore)


@pytest.mark.parametrize("number", ["7.2", "7.3"])
@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (Divides, "Divides failed in orders, line "),
        (Divides, "ZeroDivisionError: division by zero"),
        (Misspells, "'JPN' is not an instrument of this scenario"),
        (Forgets, "Forgets.orders returned None; return {} to trade nothing"),
        (SaysANumber, "SaysANumber.orders returned -5.0; must return USD bn by instrument"),
        (HandsOnWrongly, f"failed in __init__, line {line_in(HandsOnWrongly.__init__, 1)}: Value"),
        (Inherits, f"failed in __init__, line {line_in(HandsOnWrongly.__init__, 1)}: Value"),
        (PrintsMoney, "money from nowhere does not count"),
        (dict, "is not a subclass of PythonAgent"),
        ([99, 0], "The answer is the name of your class"),
        ((99.0, 0.0, 0), "The answer is the name of your class"),
        ("Waits", "The answer is the name of your class"),
        (3.0, "The answer is the name of your class"),
        (None, "The answer is the name of your class"),
    ],
)
def test_what_cannot_be_run_is_said_in_one_line(exercises, number, answer, words):
    verdict = exercises[number].judge(answer)
    assert not verdict
    assert words in verdict.words and "\n" not in verdict.words
