"""Points of a frontier, and which of them are as asked on both sides."""

import numpy as np
import pandas as pd
import pytest

from abm.scenario import load_scenario
from abm.validation.claims import Bar, at_most
from experiments.frontiers import (
    FRONTIERS,
    Path,
    claim_of,
    draw,
    inside_both,
    points_of,
    value_of,
    widened,
)

CALM = load_scenario("calm")


def test_the_world_s_own_value_is_a_point_and_changes_nothing():
    own = value_of(CALM, "funds.speed_down_per_day")
    path = Path("", "funds.speed_down_per_day", (own / 2, 2 * own), ("funds.speed_up_per_day",))
    points = points_of(path, CALM)
    assert [one.value for one in points] == [own / 2, own, 2 * own]
    assert [one.is_own for one in points] == [False, True, False]
    assert points[1].changes == {}
    up = value_of(CALM, "funds.speed_up_per_day")
    assert points[2].changes["funds.speed_up_per_day"] == pytest.approx(2 * up)
    assert points_of(Path("", "funds.speed_down_per_day", (own,)), CALM)[0].is_own


@pytest.mark.parametrize("frontier", FRONTIERS, ids=lambda one: one.name)
def test_every_claim_of_a_frontier_is_one_of_the_validation(frontier):
    for words in frontier.pairs.values():
        assert [claim_of(one).claim for one in words] == list(words)
    for path in frontier.paths:
        for point in points_of(path, CALM):
            CALM.with_changes(point.changes)  # no value that the scenario refuses


def table(*rows):
    columns = ["moved", "value", "is_own", "series", "x_inside", "y_inside"]
    return pd.DataFrame(rows, columns=columns)


def test_a_point_is_as_asked_if_both_figures_of_all_its_series_are():
    found = table(
        ("anchor", 0.4, False, "USDJPY", True, True),
        ("anchor", 0.4, False, "AUDJPY", True, False),
        ("anchor", 0.5, True, "USDJPY", True, True),
        ("anchor", 0.5, True, "AUDJPY", True, True),
        ("gain", 0.3, True, "USDJPY", True, True),  # the world again
        ("gain", 0.3, True, "AUDJPY", True, True),
        ("gain", 0.4, False, "USDJPY", False, True),
        ("gain", 0.4, False, "AUDJPY", True, True),
    )
    assert inside_both(found) == (1, 3)


def test_an_axis_grows_to_the_bar_s_edge_and_no_further():
    assert widened((0.0, 1.0), at_most(0.5)) == (0.0, 1.0)
    low, high = widened((0.0, 1.0), Bar(-1.0, 1.0))
    assert low == pytest.approx(-1.24) and high == 1.0


def test_the_title_counts_points_of_the_tables():
    tables = {}
    for one in FRONTIERS:
        rows = [
            {"frontier": one.name, "moved": path.key, "value": point.value, "series": series,
             "is_own": point.is_own, "x_inside": point.is_own, "y_inside": True}
            for path in one.paths for point in points_of(path, CALM) for series in one.pairs
        ]  # fmt: skip
        found = pd.DataFrame(rows)
        for axis in "xy":
            middle = np.linspace(0.1, 0.2, len(found))
            found[axis], found[f"{axis}_low"], found[f"{axis}_high"] = middle, 0.0, 0.3
        tables[one.name] = found
    figure = draw(tables, "Seed 1.")
    title = next(text.get_text() for text in figure.texts if "as asked" in text.get_text())
    assert title.replace("\n", " ").count("1 of ") == 3
    assert len(figure.axes) == 3
