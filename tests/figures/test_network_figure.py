"""The network figure: every institution seen, near its broker, in its colour."""

import itertools
import math

import networkx as nx
import numpy as np
import pytest
from matplotlib.collections import LineCollection
from matplotlib.patches import Circle

from abm.figures import layout, network, slack, style


def graph(n_clients=100, seed=1):
    rng = np.random.default_rng(seed)
    built = nx.DiGraph()
    for b in range(1, 6):
        built.add_node(f"bank-{b}", kind="bank", assets_usd_bn=900.0 / b, failed=b == 2)
        built.nodes[f"bank-{b}"].update(margin_slack=math.nan, wealth_usd_bn=30.0)
    for i in range(1, n_clients + 1):
        assets = float(np.exp(rng.normal(2.0, 1.0)))
        slack = math.inf if i == 5 else float(rng.normal(0.1, 0.3))
        built.add_node(f"fund-{i}", kind="hedge_fund", assets_usd_bn=assets, failed=i == 7)
        built.nodes[f"fund-{i}"].update(margin_slack=slack, wealth_usd_bn=assets / 5.0)
        main, second = rng.choice(4, 2, replace=False) + 1
        built.add_edge(f"bank-{main}", f"fund-{i}", weight=0.6 * assets, kind="loan")
        built.add_edge(f"bank-{second}", f"fund-{i}", weight=0.2 * assets, kind="loan")
    for a, b in itertools.permutations(range(1, 6), 2):
        built.add_edge(f"bank-{a}", f"bank-{b}", weight=3.0 + a, kind="interbank")
    return built


def test_no_two_institutions_cover_each_other():
    drawn = graph()
    radius = network.radii(drawn)
    places = layout.ring_layout(drawn, radius)
    for a, b in itertools.combinations(drawn.nodes, 2):
        assert math.dist(places[a], places[b]) > radius[a] + radius[b]


def test_clients_lie_outside_the_banks_and_mostly_nearest_to_their_main_broker():
    drawn = graph()
    places = layout.ring_layout(drawn, network.radii(drawn))
    clients = [n for n in drawn.nodes if n.startswith("fund")]
    banks = [f"bank-{b}" for b in range(1, 5)]
    nearest = {c: min(banks, key=lambda b: math.dist(places[b], places[c])) for c in clients}
    main = {c: layout.main_lender(drawn, c, set(banks)) for c in clients}
    assert min(math.hypot(*places[c]) for c in clients) > 1.2
    assert sum(nearest[c] == main[c] for c in clients) > 0.8 * len(clients)


def test_places_do_not_depend_on_the_order_of_the_nodes():
    drawn = graph()
    turned = nx.DiGraph()
    turned.add_nodes_from(reversed(list(drawn.nodes(data=True))))
    turned.add_edges_from(reversed(list(drawn.edges(data=True))))
    radius = network.radii(drawn)
    assert layout.ring_layout(drawn, radius) == layout.ring_layout(turned, radius)


def test_the_main_lender_is_the_one_with_the_largest_loan():
    loans = nx.DiGraph()
    loans.add_weighted_edges_from([("bank-10", "f", 2.0), ("bank-2", "f", 2.0), ("x", "f", 9.0)])
    assert layout.main_lender(loans, "f", {"bank-2", "bank-10"}) == "bank-2"  # before bank-10
    assert layout.main_lender(loans, "f", set()) is None


def test_every_institution_and_every_loan_is_drawn():
    drawn = graph()
    axes = network.network_figure(drawn, "t").axes[0]
    filled = [p for p in axes.patches if isinstance(p, Circle) and p.get_facecolor()[3] == 1.0]
    lines = [c for c in axes.collections if isinstance(c, LineCollection)]
    assert len(filled) == len(drawn)
    assert sum(len(c.get_segments()) for c in lines) == drawn.number_of_edges()


def test_width_grows_with_the_loan():
    drawn = graph(3)
    loans = network.network_figure(drawn, "t").axes[0].collections[0].get_linewidths()
    weights = [w for _, b, w in sorted(drawn.edges(data="weight")) if b.startswith("fund")]
    assert np.argsort(loans).tolist() == np.argsort(weights).tolist()


def test_sixteen_times_the_assets_make_twice_the_radius():
    two = nx.DiGraph()
    two.add_node("a", kind="bank", assets_usd_bn=1600.0)
    two.add_node("b", kind="bank", assets_usd_bn=100.0)
    radius = network.radii(two)
    assert radius["a"] == pytest.approx(2.0 * radius["b"])


def test_a_margin_call_is_orange_room_to_spare_blue_and_the_unknown_grey():
    colour = slack.slack_colours()
    call, spare = colour(-0.4), colour(0.4)
    assert call[0] > call[2]
    assert spare[2] > spare[0]
    assert colour(math.nan) == colour(None) == slack.NO_SLACK


def test_who_has_no_margin_rule_is_not_shown_as_having_room_to_spare():
    colour = slack.slack_colours()
    assert colour(math.inf) == slack.NO_SLACK != colour(9.0)
    assert colour(-math.inf) == colour(-0.5)  # owes and has nothing


def test_slack_of_a_calm_and_of_a_stormy_day_can_be_told_apart():
    colour = slack.slack_colours()
    levels = [-0.5, -0.01, 0.01, 0.1, 0.3, 0.5, 1.0, 2.0, 4.0]
    for a, b in itertools.pairwise([colour(s)[:3] for s in levels]):
        assert math.dist(a, b) > 0.1
    share = slack.bar_share(levels)
    assert (np.diff(share) > 0.0).all()
    assert slack.slack_at(share) == pytest.approx(np.array(levels))


def test_the_failed_alone_carry_a_cross():
    axes = network.network_figure(graph(), "t").axes[0]
    assert sum(line.get_color() == style.INK for line in axes.lines) == 2 * 2  # two arms each


def test_who_only_sits_out_is_hollow_and_who_failed_is_crossed():
    drawn = graph()
    nx.set_node_attributes(drawn, {"fund-7": True, "fund-8": True}, "out")  # fund-7 has failed
    axes = network.network_figure(drawn, "t").axes[0]
    hollow = [p for p in axes.patches if p.get_facecolor()[:3] == (1.0, 1.0, 1.0)]
    places = layout.ring_layout(drawn, network.radii(drawn))
    assert [p.center for p in hollow] == [places["fund-8"]]
    assert sum(line.get_color() == style.INK for line in axes.lines) == 2 * 2


def test_the_graph_fills_its_panel():
    drawn = graph()
    for i in range(12):
        drawn.add_node(f"trend-{i}", kind="trend", assets_usd_bn=20.0, margin_slack=math.inf)
    axes = network.network_figure(drawn, "t").axes[0]
    radius = network.radii(drawn)
    left, right, foot, top = layout.extent(layout.ring_layout(drawn, radius), radius)
    (x0, x1), (y0, y1) = axes.get_xlim(), axes.get_ylim()
    assert x0 <= left < right <= x1
    assert y0 <= foot < top <= y1
    assert max((right - left) / (x1 - x0), (top - foot) / (y1 - y0)) > 0.95
    assert min((right - left) / (x1 - x0), (top - foot) / (y1 - y0)) > 0.8
    size = axes.get_window_extent()
    assert size.width / (x1 - x0) == pytest.approx(size.height / (y1 - y0))  # circles are round


def test_who_has_no_loan_stands_below_all_others():
    drawn = graph(30)
    for i in range(40):
        drawn.add_node(f"trend-{i}", kind="trend", assets_usd_bn=20.0, margin_slack=math.inf)
    radius = network.radii(drawn)
    places = layout.ring_layout(drawn, radius)
    alone = [n for n in drawn.nodes if n.startswith("trend")]
    lowest = min(places[n][1] - radius[n] for n in drawn.nodes if n not in alone)
    assert max(places[n][1] + radius[n] for n in alone) < lowest
    for a, b in itertools.combinations(alone, 2):
        assert math.dist(places[a], places[b]) > radius[a] + radius[b]


@pytest.mark.parametrize("n_clients", [3, 100, 300])
def test_names_of_banks_stay_inside_their_circles(n_clients):
    figure = network.network_figure(graph(n_clients), "t")
    axes = figure.axes[0]
    figure.canvas.draw()
    circles = {p.center: p.get_window_extent() for p in axes.patches if isinstance(p, Circle)}
    for text in axes.texts:
        if text.get_position() in circles:
            circle, box = circles[text.get_position()], text.get_window_extent()
            assert circle.x0 < box.x0 < box.x1 < circle.x1


def test_the_keys_of_types_and_sizes_lie_apart_and_inside_the_picture():
    figure = network.network_figure(graph(), "t")
    figure.canvas.draw()
    beside = figure.axes[-1]
    boxes = [t.get_window_extent() for t in beside.texts]
    for a, b in itertools.combinations([*boxes, beside.get_legend().get_window_extent()], 2):
        assert not a.overlaps(b)
    for box in [*boxes, *(p.get_window_extent() for p in beside.patches)]:
        assert beside.get_window_extent().contains(box.x0, box.y0)
        assert beside.get_window_extent().contains(box.x1, box.y1)


def test_an_empty_graph_and_a_lone_bank_are_drawn():
    lone = nx.DiGraph()
    lone.add_node("bank-1", kind="bank", assets_usd_bn=math.nan, failed=True)
    for drawn in (nx.DiGraph(), lone):
        network.network_figure(drawn, "t").canvas.draw()


def test_a_client_without_a_broker_has_a_place_too():
    drawn = graph(4)
    drawn.add_node("trend-1", kind="trend", assets_usd_bn=20.0, margin_slack=0.1, failed=False)
    network.network_figure(drawn, "t").canvas.draw()
