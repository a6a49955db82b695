"""The figure of a reverse stress test: its title is what was found."""

import numpy as np
import pandas as pd
import pytest

from abm.errors import InvalidInput
from abm.figures.reverse import Enough, reverse_figure
from tests.report.test_reverse_words import answer
from tests.stress import toy

SURPRISES = np.array([10.0, 20.0, 30.0, np.inf])


STRESSED = toy.outcome(toy.portfolio({"instrument": "UST", "market_value": 1.0}), toy.market(40))


def drawn(loss=0.2, surprises=SURPRISES, half=20.0, farthest=160.0):
    found = answer(STRESSED, loss)
    enough = Enough(surprises, half, (10.0, np.inf), 25.0, farthest)
    return reverse_figure(found.reverse.days, enough, loss, "Forty paths.")


def words_of(figure):
    return {text.get_text().replace("\n", " ") for text in figure.texts}


@pytest.mark.parametrize(
    ("changed", "claim"),
    [
        ({}, "A surprise of 20bp alone loses 20% of the own money on half of the paths"),
        ({"half": -20.0, "farthest": -160.0, "surprises": -SURPRISES}, "A surprise of −20bp alone"),
        ({"half": 0.0}, "Half of the paths lose 20% of the own money without any surprise"),
        ({"half": np.inf}, "No surprise alone loses 20% of the own money on half of the paths"),
        ({"half": np.inf, "loss": 0.5}, "No path loses 50% of the own money, and no surprise"),
    ],
)
def test_the_title_is_the_finding(changed, claim):
    assert any(text.startswith(claim) for text in words_of(drawn(**changed)))


def test_the_steps_are_shares_of_all_paths_the_one_never_reached_included():
    (line,) = [x for x in drawn().axes[2].get_lines() if x.get_drawstyle() == "steps-post"]
    assert line.get_xdata().tolist() == [0.0, 10.0, 20.0, 30.0, 160.0]
    assert line.get_ydata().tolist() == [0.0, 25.0, 50.0, 75.0, 75.0]


def test_both_ensembles_are_drawn_where_there_is_a_tilt():
    assert len(drawn().axes[0].texts) == 2 and len(drawn(loss=0.5).axes[0].texts) == 1
    with pytest.raises(InvalidInput, match="no days"):
        reverse_figure(
            answer_without_days(), Enough(SURPRISES, 20.0, (1.0, 2.0), 0, 160.0), 0.2, ""
        )


def answer_without_days():

    return pd.DataFrame({"ensemble": []})
