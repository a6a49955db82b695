"""The mechanism figure: every box and arrow of a chain, legible, nothing over anything else."""

import itertools

import pytest
from matplotlib.patches import PathPatch
from matplotlib.text import Text

from abm.figures.mechanism import (
    AGAIN,
    BORNE,
    CALLED,
    FAILED,
    FIRST,
    LATER,
    OUTSIDE,
    STILL,
    Chain,
    Link,
    Node,
    mechanism_figure,
    place,
)
from abm.figures.ribbons import Box, Ribbon, fitted, label_places, text_inches
from abm.report.chain import read_chain
from tests.report.happenings import ruin, run_of, spiral, table


def full():
    """A chain with something in every column, and a long title of a user's."""
    nodes = [
        Node("news", OUTSIDE, "news", ("A headline that goes on and on and on " * 3, "31 Jul")),
        Node("yen", FIRST, "JPY", ("Yen ▲", "news +4.0%")),
        Node("funds", CALLED, "hedge_fund", ("Hedge funds", "53 calls", "93bn"), "3 failed"),
        Node("equity", CALLED, "retail_equity", ("Retail equity", "1 stop-out", "3.7bn")),
        *(Node(f"sold{i}", AGAIN, f"X{i}", (f"Bonds of kind {i} ▼", "sold 9bn")) for i in range(5)),
        Node("retail", LATER, "retail_fx", ("Retail FX", "12 stop-outs", "14bn"), "10 failed"),
        Node("target", LATER, "volatility_target", ("Volatility target", "7 calls", "23bn")),
        *(Node(f"more{i}", STILL, f"X{i}", (f"Bonds of kind {i} ▼", "sold 2bn")) for i in range(5)),
        Node("failed", FAILED, "(failures)", ("13 failed, 1.7bn unpaid", "Hedge funds, Retail FX")),
        Node("borne", BORNE, "(lenders)", ("12 lenders lost 1.7bn", "2 banks failed, paid 3bn")),
    ]  # fmt: skip
    links = [
        Link("news", "yen", float("nan"), "+4.0%"),
        Link("yen", "funds", 93.0, "93bn"),
        Link("yen", "equity", 3.7, "3.7bn"),
        *(Link(who, f"sold{i}", 3.0, "3.0bn") for who in ("funds", "equity") for i in range(5)),
        Link("sold0", "retail", 14.0, "14bn"),
        Link("sold0", "target", 23.0, "23bn"),
        *(Link(who, f"more{i}", 3.0, "3.0bn") for who in ("retail", "target") for i in range(5)),
        Link("more0", "target", 20.0, "20bn"),
        Link("funds", "failed", 0.2, ""),
        Link("retail", "failed", 1.5, ""),
        Link("failed", "borne", 1.7, ""),
    ]
    headings = {c: (f"{c + 1}  A heading", "31 Jul to 16 Aug") for c in range(6)}
    return Chain(tuple(nodes), tuple(links), headings, "and again: 7 calls, 20bn", ("A note.",))


CHAINS = {
    "full": full,
    "spiral": lambda: read_chain(spiral()),
    "run": lambda: read_chain(run_of(shock__surprise_bp=60).events),
    "ruin": lambda: read_chain(ruin().events),
    "nothing": lambda: read_chain(table()),
}
everywhere = pytest.mark.parametrize("chain", CHAINS.values(), ids=CHAINS)


def boxes(figure):
    """Where every text of the drawing stands [pixels]."""
    figure.canvas.draw()
    renderer = figure.canvas.get_renderer()
    texts = [t for axes in figure.axes for t in axes.texts] + figure.texts
    return {t: Text.get_window_extent(t, renderer) for t in texts if t.get_text()}


@everywhere
def test_no_text_covers_another_and_all_lie_inside_the_picture(chain):
    figure = mechanism_figure(chain(), "A title", "A caption of some length. " * 6)
    width, height = figure.canvas.get_width_height()
    found = boxes(figure)
    assert width == 1200
    for (one, a), (other, b) in itertools.combinations(found.items(), 2):
        assert not a.overlaps(b), (one.get_text(), other.get_text())
    for box in found.values():
        assert min(box.x0, box.y0) >= 0
        assert box.x1 <= width and box.y1 <= height


@everywhere
def test_text_stays_in_its_box_and_boxes_stay_apart(chain):
    drawn = chain()
    figure = mechanism_figure(drawn, "A title")
    places = place(drawn)
    for a, b in itertools.combinations(places.values(), 2):
        assert a.right < b.left or b.right < a.left or a.top < b.bottom or b.top < a.bottom
    (axes,) = figure.axes
    to_inches = axes.transData.inverted()
    for text, extent in boxes(figure).items():
        x, y = text.get_position()
        home = [b for b in places.values() if b.left < x < b.right and b.bottom < y < b.top]
        if home and text.get_ha() == "left":
            assert to_inches.transform((extent.x1, 0.0))[0] <= home[0].right


def test_an_arrow_is_as_wide_as_its_amount():
    nodes = [Node("a", CALLED, "hedge_fund", ("a",)), Node("b", AGAIN, "b", ("b",))]
    nodes += [Node("c", AGAIN, "c", ("c",))]
    links = (Link("a", "b", 6.0), Link("a", "c", 3.0))
    (axes,) = mechanism_figure(Chain(tuple(nodes), links), "t").axes
    ribbons = [p.get_path().vertices for p in axes.patches if isinstance(p, PathPatch)]
    wide, narrow = sorted((abs(v[0][1] - v[-2][1]) for v in ribbons), reverse=True)
    assert wide == pytest.approx(2.0 * narrow)
    assert wide + narrow == pytest.approx(0.4)  # all that leaves a box fits its side
    edges = sorted((min(v[0][1], v[-2][1]), max(v[0][1], v[-2][1])) for v in ribbons)
    assert edges[0][1] == pytest.approx(edges[1][0])  # and one leaves beside the other


def test_numbers_of_crossing_arrows_stand_apart():
    nodes = [Node(n, CALLED, n, (n,)) for n in "ab"] + [Node(n, AGAIN, n, (n,)) for n in "cd"]
    links = [Link(a, b, 5.0, "5.0bn") for a, b in ("ac", "ad", "bc", "bd")]
    figure = mechanism_figure(Chain(tuple(nodes), tuple(links)), "t")
    numbers = [box for text, box in boxes(figure).items() if text.get_text() == "5.0bn"]
    assert len(numbers) == 4
    assert not any(a.overlaps(b) for a, b in itertools.combinations(numbers, 2))


def test_a_number_stands_on_its_own_arrow_and_between_the_boxes():
    left, right = Box(0.0, 0.0, 1.0, 2.0), Box(2.0, 0.0, 1.0, 2.0)
    ribbons = [Ribbon(left, right, 0.1, "red", "5.0bn"), Ribbon(left, right, 0.05, "blue")]
    own = [(1.0 + 0.05 * k, 0.5) for k in range(19)]
    across = [(1.0 + 0.05 * k, 0.5 if k < 12 else 1.5) for k in range(19)]
    ((x, y),) = label_places(ribbons, [own, across]).values()
    half = 0.5 * text_inches("5.0bn", 6.8, "normal")
    assert (x, y) in own and x - half > 1.0 and x + half < 2.0
    assert x - half > 1.0 + 0.05 * 11  # clear of the other arrow, which left at the same height


def test_columns_stand_from_left_to_right_in_the_order_of_causes():
    drawn = full()
    places, nodes = place(drawn), {node.name: node for node in drawn.nodes}
    for link in drawn.links:
        if nodes[link.target].column <= STILL and link.source != "more0":
            assert places[link.source].right < places[link.target].left
    assert places["failed"].top < min(places[name].bottom for name in ("funds", "retail"))


def test_amounts_stand_on_arrows_where_several_meet_and_the_circle_has_its_own():
    (axes,) = mechanism_figure(full(), "t").axes
    told = [text.get_text() for text in axes.texts if text.get_ha() == "center"]
    assert told.count("3.0bn") == 2 * 4  # ten arrows in either gap: the four largest
    assert "and again: 7 calls, 20bn" in told
    assert "93bn" not in told  # its box says it: it is the only arrow there


def test_what_was_merged_is_in_the_caption():
    figure = mechanism_figure(full(), "t", "hike, seed 7.")
    assert figure.texts[1].get_text() == "hike, seed 7. A note."


def test_that_no_institution_had_to_sell_is_said_in_the_picture():
    figure = mechanism_figure(read_chain(table()), "Nothing")
    (said,) = figure.axes[0].texts
    assert said.get_text().replace("\n", " ") == "No institution was forced to sell"
    assert said.get_fontsize() > 12


def test_dollars_and_braces_of_a_user_are_drawn_as_they_are():
    title = "$_$ {x} <b>"
    chain = Chain((Node("n", OUTSIDE, "news", (title,)),), (), {OUTSIDE: ("1  News", "")})
    figure = mechanism_figure(chain, "t")
    figure.canvas.draw()
    assert any(text.get_text() == title for text in figure.axes[0].texts)


def test_text_is_wrapped_to_its_box_and_ends_in_dots_where_it_is_too_long():
    lines = fitted("one two three four five six", 0.6, 2, 7.0, "bold")
    assert len(lines) == 2 and lines[-1].endswith("…")
    (cut,) = fitted("x" * 60, 0.6, 3, 7.0, "bold")
    assert cut.endswith("…") and text_inches(cut, 7.0, "bold") <= 0.6


def test_the_same_chain_gives_the_same_picture(tmp_path):
    for name in ("a.png", "b.png"):
        mechanism_figure(full(), "t").savefig(tmp_path / name)
    assert (tmp_path / "a.png").read_bytes() == (tmp_path / "b.png").read_bytes()
