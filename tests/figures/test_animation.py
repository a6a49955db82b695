"""The moving picture: no institution changes place, and the red is what was sold that day."""

import math

import networkx as nx
import numpy as np
import pandas as pd
import pytest
from matplotlib.collections import LineCollection
from matplotlib.patches import Circle

from abm.figures import animation, network, style
from abm.figures.animation import Film, Shot, frames


def graph(slack=0.5, loan=4.0):
    """Two funds at one bank, a third at another; an insurer and a bank without any loan."""
    built = nx.DiGraph()
    for bank in ("bank-1", "bank-2", "bank-3"):
        built.add_node(bank, kind="bank", assets_usd_bn=500.0, margin_slack=math.nan)
    for i in (1, 2, 3):
        built.add_node(f"fund-{i}", kind="hedge_fund", assets_usd_bn=5.0, margin_slack=slack)
        built.add_edge(f"bank-{1 + i // 3}", f"fund-{i}", weight=loan / i, kind="loan")
    built.add_edge("bank-1", "bank-2", weight=9.0, kind="interbank")
    built.add_node("insurer-1", kind="insurer", assets_usd_bn=50.0, margin_slack=math.inf)
    return built


def film(title="The shock broke the dam"):
    """A quiet day, one on which two funds sell, one on which what is left of one is closed out."""
    days = pd.DataFrame({"day": range(9), "date": ""})
    days["log_JPY"] = np.linspace(0.0, 0.08, 9)
    days["log_NKY"], days["log_SPX"], days["log_JGB"] = (
        -0.03 * days["day"],
        -0.01 * days["day"],
        0.0,
    )
    days["forced_hedge_fund_usd_bn"] = [0, 0, 0, 0, 5.0, 1.0, 0, 0, 0]
    failed = graph(-0.4, loan=1.0)
    failed.nodes["fund-2"]["failed"] = True
    shots = [
        Shot(3, "day 3", "", graph(), {}, []),
        Shot(4, "day 4", "2 margin calls", graph(-0.1), {"fund-1": 4.0, "fund-2": 1.0},
             [("bank-1", "fund-1"), ("bank-1", "fund-2")]),
        Shot(5, "day 5", "1 close-out", failed, {"fund-2": 1.0}, [("bank-1", "fund-2")]),
    ]  # fmt: skip
    return Film(shots, days, title, "hike, seed 3", 160.0)


@pytest.fixture(scope="module")
def made():
    figures = list(frames(film()))
    for figure in figures:
        figure.canvas.draw()
    return figures


def circles(figure, is_halo):
    patches = [p for p in figure.axes[0].patches if isinstance(p, Circle)]
    return [p for p in patches if (p.get_facecolor()[3] < 1.0) == is_halo]


def test_there_is_a_frame_for_each_day_of_960_by_640_pixels(made):
    assert len(made) == 3
    assert {figure.canvas.get_width_height() for figure in made} == {(960, 640)}


def test_all_keep_place_and_size_and_who_owes_nothing_is_left_out(made):
    places = [
        sorted((p.center, p.get_radius()) for p in circles(figure, is_halo=False))
        for figure in made
    ]
    assert len(places[0]) == 5  # two banks, three funds
    assert places[0] == places[1] == places[2]


def test_the_area_of_the_red_is_what_was_sold(made):
    inner = network.radii(
        graph().subgraph([n for n in graph() if n not in ("insurer-1", "bank-3")])
    )["fund-1"]
    areas = [
        sorted(halo.get_radius() ** 2 - inner**2 for halo in circles(figure, is_halo=True))
        for figure in made
    ]
    assert areas[0] == []
    assert areas[1][1] / areas[1][0] == pytest.approx(4.0)
    assert areas[2] == pytest.approx(areas[1][:1])  # the same scale on every day


def test_a_call_is_a_line_from_the_broker_to_the_client(made):
    def n_calls(figure):
        lines = [c for c in figure.axes[0].collections if isinstance(c, LineCollection)]
        return len(lines[-1].get_segments())

    assert [n_calls(figure) for figure in made] == [0, 2, 1]


def test_loans_are_drawn_on_one_scale_through_the_film(made):
    widths = [max(figure.axes[0].collections[0].get_linewidths()) for figure in made]
    assert widths[0] == widths[1] > widths[2]


def test_only_the_failed_carry_a_cross(made):
    crosses = [
        sum(line.get_color() == style.INK for line in figure.axes[0].lines) for figure in made
    ]
    assert crosses == [0, 0, 2]  # two arms


def test_prices_and_bars_end_on_the_day_of_the_frame(made):
    for figure, day, sold in zip(made, (3, 4, 5), (0.0, 5.0, 6.0), strict=True):
        quote, assets, forced = figure.axes[2:5]
        assert max(line.get_xdata()[-1] for line in (*quote.lines, *assets.lines)) == day
        assert sum(bar.get_height() for bar in forced.patches) == pytest.approx(sold)


def test_the_axes_stand_still(made):
    limits = [[axes.get_ylim() for axes in figure.axes[2:5]] for figure in made]
    assert limits[0] == limits[1] == limits[2]


def test_the_two_assets_that_fall_furthest_are_shown(made):
    names = {text.get_text() for text in made[0].axes[3].texts}
    assert names == {"Nikkei 225", "S&P 500"}


def test_every_word_lies_inside_the_picture(made):
    for figure in made:
        for text in [t for axes in figure.axes for t in axes.texts] + figure.texts:
            box = text.get_window_extent()
            assert 0 <= box.x0 <= box.x1 <= 960 and 0 <= box.y0 <= box.y1 <= 640


@pytest.mark.parametrize("name", ["AUD", "JGB", "EM", "UST"])
def test_the_longest_name_of_an_instrument_has_room(name):
    days = film().days.assign(**{f"log_{name}": -0.09 * film().days["day"]})
    for figure in frames(film()._replace(days=days)):
        figure.canvas.draw()
        for text in figure.axes[3].texts:
            assert text.get_window_extent().x1 <= 960


def test_what_happened_is_cut_where_it_is_too_long(made):
    long = film()._replace(shots=[film().shots[0]._replace(what="word " * 60)])
    said = [t.get_text() for t in next(iter(frames(long))).texts]
    line = next(t for t in said if t.startswith("word"))
    assert line.endswith("…") and len(line) <= animation._WHAT_LETTERS


def test_a_world_without_a_loan_is_filmed_too():
    lone = nx.DiGraph()
    lone.add_node("fund-1", kind="hedge_fund", assets_usd_bn=5.0, margin_slack=0.1)
    shots = [Shot(3, "day 3", "", lone, {"fund-1": 2.0}, [])]
    for figure in frames(film()._replace(shots=shots)):
        figure.canvas.draw()
