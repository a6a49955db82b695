"""The phase figure: shares and bands are those of the runs."""

import math

import pandas as pd
import pytest

from abm.errors import InvalidInput
from abm.figures.phase import class_shares, phase_figure, quantiles


def runs():
    """Surprises of 5, 25 and 50bp at cap 10; caps of 1, 4 and 10 at 50bp; four runs each."""
    rows = []
    for surprise, cap in ((5, 10), (25, 10), (50, 10), (50, 1), (50, 4)):
        for i in range(4):
            verdict = "absorbed" if surprise == 5 else "dam break" if i < 3 else "leak"
            peak = 0.001 * surprise * (1 + 0.1 * i)
            rows.append((surprise, cap, verdict, peak, 0.0005 * surprise, 1.0 + 0.1 * cap * i))
    return pd.DataFrame(
        rows,
        columns=[
            "shock.surprise_bp", "funds.leverage_cap", "class", "peak_yen_appreciation",
            "frozen_yen_appreciation", "price_amplification",
        ],
    )  # fmt: skip


def test_shares_of_the_classes_sum_to_one_at_every_surprise():
    shares = class_shares(runs().query("`funds.leverage_cap` == 10"))
    assert list(shares.columns) == ["absorbed", "leak", "dam break"]
    assert shares.loc[50].tolist() == [0.0, 0.25, 0.75]
    assert shares.sum(axis=1).tolist() == [1.0, 1.0, 1.0]


def test_bands_run_from_the_fifth_to_the_ninety_fifth_percentile():
    middle = quantiles(runs(), "funds.leverage_cap", "price_amplification")
    assert middle.loc[1].tolist() == pytest.approx([1.015, 1.15, 1.285])  # of 1, 1.1, 1.2, 1.3


def test_each_panel_holds_the_other_factor_fixed_where_it_was_varied_most():
    shares, peak, amplification = phase_figure(runs(), "t").axes
    assert [t.get_text() for t in shares.get_xticklabels()] == ["5", "25", "50"]
    assert list(peak.lines[-1].get_xdata()) == [5, 25, 50]
    assert list(amplification.lines[-1].get_xdata()) == [1, 4, 10]
    assert "50bp" in amplification.get_title(loc="left")


def test_the_caption_says_how_many_runs_stand_behind_a_point():
    figure = phase_figure(runs(), "t", "Scenario hike.")
    assert "Scenario hike. 4 runs a surprise, 4 runs a cap." in figure.texts[1].get_text()


def test_the_caption_says_one_run_in_the_singular():
    once = runs().groupby(["shock.surprise_bp", "funds.leverage_cap"]).head(1)
    assert "1 run a surprise, 1 run a cap." in phase_figure(once, "t").texts[1].get_text()


def test_an_undefined_amplification_is_left_out_of_its_band():
    table = runs()
    table.loc[table["funds.leverage_cap"] == 1, "price_amplification"] = math.nan
    phase_figure(table, "t").canvas.draw()


def test_runs_that_broke_before_the_shock_are_drawn_and_named_apart():
    table = runs()
    table.loc[::4, "class"] = "broken before the shock"
    shares, *_ = phase_figure(table, "t").axes
    names = [text.get_text() for text in shares.get_legend().get_texts()]
    assert names == ["absorbed", "leak", "dam break", "broken before the shock"]
    bars = shares.containers[names.index("broken before the shock")]
    assert [bar.get_height() for bar in bars] == [0.25, 0.25, 0.25]
    hatches = [container[0].get_hatch() for container in shares.containers]
    assert hatches[:3] == [None] * 3 and hatches[3]


def test_a_table_without_runs_or_columns_is_refused():
    with pytest.raises(InvalidInput, match="no runs"):
        phase_figure(runs().head(0), "t")
    with pytest.raises(InvalidInput, match="class is missing"):
        phase_figure(runs().drop(columns="class"), "t")


def test_what_stands_above_a_panel_fits_into_the_picture_and_says_what_it_is_net_of():
    figure = phase_figure(runs(), "t")
    figure.canvas.draw()
    width = figure.canvas.get_width_height()[0]
    for axes in figure.axes:
        assert axes._left_title.get_window_extent().x1 < width
    assert "vs no-shock run" in figure.axes[1].get_title(loc="left")
