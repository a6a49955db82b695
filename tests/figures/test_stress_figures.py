"""Figures of a stress test: what they say and draw is what the tables have."""

import numpy as np
import pytest

from abm.errors import InvalidInput
from abm.figures.stress import (
    funding_figure,
    losses_figure,
    parts_figure,
    unit_of,
    worst_figure,
)
from abm.stress.loans import PARTS
from tests.stress import toy

LABELS = {part: part for part in PARTS}


@pytest.fixture(scope="module")
def found():
    return toy.outcome(toy.portfolio(*toy.LEVERED), toy.market(200))


def texts(figure):
    return [text.get_text() for text in figure.texts]


def test_losses_mark_risk_and_count_every_path_once(found):
    profits = {h: found.profits[:, at] for at, h in enumerate(found.horizons)}
    figure = losses_figure(profits, found.risk, "USD", "caption")
    row = found.risk.query("horizon == 6 and level == 0.975").iloc[0]
    assert f"lose {row['es'] / 1e6:.1f} million USD on average" in texts(figure)[0]
    (axes,) = figure.axes
    dots = [line.get_xdata()[0] for line in axes.lines if line.get_marker() == "o"]
    expected = [-row["var"] / 1e6, -row["es"] / 1e6]
    assert dots[:2] == pytest.approx(expected)  # the last horizon lies lowest
    bars = [bar for bar in axes.patches if bar.get_y() == 0.0]
    heights = np.array([bar.get_height() for bar in bars])
    counts = np.histogram(profits[6], bins=len(bars))[0]
    assert heights / heights.max() == pytest.approx(counts / counts.max())


def test_the_fan_ends_where_the_table_does_a_row_for_each_currency(found):
    figure = funding_figure(found.funding, "caption")
    names = list(found.funding["currency"].unique())
    assert len(names) == 2 and len(figure.axes) == 4
    for axes, beside, name in zip(figure.axes[::2], figure.axes[1::2], names, strict=True):
        table = found.funding[found.funding["currency"] == name]
        last = table.iloc[-1]
        called = [bar.get_height() for bar in beside.patches]
        assert called == pytest.approx(100.0 * table["p_called"])
        assert beside.lines[0].get_ydata() == pytest.approx(100.0 * table["p_sold"])
        unit = unit_of(last["need_q99"], name).size
        assert axes.lines[0].get_ydata()[-1] == pytest.approx(last["need_median"] / unit)
        tops = [band.get_paths()[0].vertices[:, 1].max() for band in axes.collections]
        assert tops == pytest.approx([last["need_q99"] / unit, last["need_q95"] / unit])
        assert axes.get_title(loc="left").split(",")[1].strip().startswith(name)


def test_each_part_starts_where_the_one_above_ended_and_the_last_bar_is_the_profit(found):
    figure = parts_figure(found.split, 6, LABELS, "USD", "caption")
    for axes, key in zip(figure.axes, ("mean", "tail"), strict=True):
        *parts, whole = axes.patches
        ends = [bar.get_x() + bar.get_width() for bar in parts]
        assert [bar.get_x() for bar in parts[1:]] == pytest.approx(ends[:-1])
        total = found.split.query("horizon == 6")[key].sum() / 1e6
        assert (ends[-1], whole.get_width()) == pytest.approx((total, total))


def test_the_worst_path_shows_value_calls_sales_and_announcements():
    value, calls = np.array([5e6, 4e6, 1e6]), {"JPY": np.array([0.0, 0.0, 3e8])}
    sold = np.array([False, False, True])
    figure = worst_figure(value, calls, sold, [(1, "a hike")], "USD", "caption")
    assert texts(figure)[0] == (
        "The worst path: of 5.00 million USD of own money 1.00 million USD are left"
    )
    lost = worst_figure(-value, {}, sold, [], "USD", "caption")
    assert texts(lost)[0].endswith("are lost, and 1.00 million USD more")
    top, below = figure.axes
    assert [text.get_text() for text in top.texts][-1] == "a hike"
    assert list(top.lines[1].get_xdata()) == [2]
    assert [bar.get_height() for bar in below.patches] == [0.0, 0.0, 300.0]


@pytest.mark.parametrize(
    ("amount", "told"),
    [(0.0, "0.00 USD"), (-4e3, "−4.00 thousand USD"), (7.26e7, "72.6 million USD"),
     (999.9, "1,000 USD"), (1.23e12, "1,230 billion USD")],
)  # fmt: skip
def test_amounts_have_a_unit_in_which_they_are_short(amount, told):
    assert unit_of(amount, "USD").told(amount) == told


def test_without_a_margin_account_there_is_no_fan():
    found = toy.outcome(toy.portfolio({"instrument": "SPX", "market_value": 1e6}), toy.market())
    with pytest.raises(InvalidInput, match="no margin account"):
        funding_figure(found.funding, "")
