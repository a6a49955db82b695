"""Figures of sweeps: what is drawn are the numbers of the tables, at their true places."""

import itertools

import numpy as np
import pandas as pd
import pytest
from matplotlib.collections import LineCollection

from abm.errors import InvalidInput
from abm.figures.sweep import (
    Words,
    curves_figure,
    heat_map_figure,
    phase_diagram,
    sensitivity_figure,
)
from abm.figures.sweep_axes import axis_words, name_words, outcome_words, scale_of
from abm.figures.sweep_steps import steps_figure
from abm.measures.classes import CLASSES

SURPRISE, CAP = "shock.surprise_bp", "funds.leverage_cap"
WORDS = Words("The finding", "Scenario hike, seed 1.")


def curve(factor, levels, means):
    y = np.array(means)
    spread = {"low": y - 0.1, "high": y + 0.1, "q05": y - 0.5, "median": y, "q95": y + 0.5}
    return pd.DataFrame({factor: levels, "mean": y, **spread})


def cells():
    """Dam breaks of 0, 50 and 100% at a cap of 10, none at a cap of 2."""
    shares = [(5, 2, 0.0), (25, 2, 0.0), (50, 2, 0.0), (5, 10, 0.0), (25, 10, 0.5), (50, 10, 1.0)]
    table = pd.DataFrame(shares, columns=[SURPRISE, CAP, "dam break"])
    return table.assign(absorbed=1.0 - table["dam break"])


def boundary(**changes):
    crossed = {CAP: 10, "threshold": 25.0, "low": 20.0, "high": np.inf, "status": "crossed"}
    never = {CAP: 2, "threshold": np.nan, "low": np.inf, "high": np.inf}
    return pd.DataFrame([{**never, "status": "below throughout"}, {**crossed, **changes}])


def test_a_curve_goes_through_the_means_at_the_levels():
    figure = curves_figure({SURPRISE: curve(SURPRISE, [5, 25, 50], [1, 2, 4])}, "y", WORDS)
    line = figure.axes[0].lines[0]
    assert line.get_xdata().tolist() == [5, 25, 50]
    assert line.get_ydata().tolist() == [1, 2, 4]
    assert [t.get_text() for t in figure.axes[0].get_xticklabels()] == ["5", "25", "50"]
    assert figure.axes[0].get_xlabel() == "BoJ surprise, bp"


def test_the_line_of_one_half_stops_around_the_numbers_of_the_cells():
    left = phase_diagram(cells(), SURPRISE, CAP, WORDS, boundary()).axes[0]
    drawn_last = max(line.get_zorder() for line in left.lines)
    assert [text.get_text() for text in left.texts] == ["0", "0", "0", "0", "50", "100"]
    for text in left.texts:
        (stroke,) = text.get_path_effects()
        assert text.get_zorder() > drawn_last and stroke._gc["linewidth"] > 2.0


def test_panels_come_by_importance_and_share_one_height():
    curves = {CAP: curve(CAP, [2, 10], [1, 1.1]), SURPRISE: curve(SURPRISE, [5, 50], [1, 4])}
    panels = curves_figure(curves, "y", WORDS).axes
    assert [axes.get_xlabel() for axes in panels] == ["BoJ surprise, bp", axis_words(CAP)]
    assert panels[0].get_ylim() == panels[1].get_ylim()


def test_a_share_is_drawn_from_0_to_100_percent_without_a_band_of_runs():
    share, number = (
        curves_figure({"a": curve("a", [1, 2], [0.2, 0.7])}, name, WORDS)
        for name in ("class=dam break", "y")
    )
    assert share.axes[0].get_ylim() == (0.0, 1.0)
    assert len(number.axes[0].collections) == len(share.axes[0].collections) + 1
    assert "of the runs" in number.texts[1].get_text()
    assert "of the runs" not in share.texts[1].get_text()


def test_words_have_points_with_whiskers_and_no_line():
    figure = curves_figure({"kind": curve("kind", ["vol", "fixed"], [1, 2])}, "y", WORDS)
    assert figure.axes[0].lines[0].get_linestyle() == "None"
    assert [t.get_text() for t in figure.axes[0].get_xticklabels()] == ["vol", "fixed"]


def test_cells_of_a_heat_map_meet_half_way_between_the_levels():
    grid = pd.DataFrame(
        [[1.0, 2.0, np.nan]], index=pd.Index([3], name=CAP),
        columns=pd.Index([5, 15, 45], name=SURPRISE),
    )  # fmt: skip
    axes = heat_map_figure(grid, "y", WORDS).axes[0]
    assert scale_of([5, 15, 45]).edges.tolist() == [0, 10, 30, 60]
    assert [note.get_text() for note in axes.texts] == ["1", "2"]  # nothing where nothing was run
    assert axes.collections[0].get_array().mask.tolist() == [[False, False, True]]


def test_levels_that_span_a_lot_are_on_a_log_axis():
    scale = scale_of([0.1, 1.0, 10.0])
    assert scale.is_log and scale.edges == pytest.approx(10.0 ** np.array([-1.5, -0.5, 0.5, 1.5]))
    assert not scale_of([0.0, 1.0, 100.0]).is_log


def test_the_boundary_is_drawn_where_half_of_the_runs_break_the_dam():
    left, right = phase_diagram(cells(), SURPRISE, CAP, WORDS, boundary()).axes
    line = next(line for line in left.lines if len(line.get_xdata()) == 2)
    assert line.get_xdata()[1] == 25.0 and np.isnan(line.get_xdata()[0])
    assert line.get_ydata().tolist() == [2, 10]
    assert [note.get_text() for note in left.texts] == ["0", "0", "0", "0", "50", "100"]
    assert right.get_xlim() == left.get_xlim()


def test_the_interval_of_the_boundary_is_open_where_it_leaves_the_range():
    left = phase_diagram(cells(), SURPRISE, CAP, WORDS, boundary()).axes[0]
    found = (c for c in left.collections if isinstance(c, LineCollection))
    intervals = next(found).get_segments()
    assert intervals[1].tolist() == [[20.0, 10.0], [62.5, 10.0]]  # to the edge of the last cell


def test_a_boundary_beyond_the_range_is_a_mark_on_the_edge_and_said():
    figure = phase_diagram(cells(), SURPRISE, CAP, WORDS, boundary())
    mark = next(line for line in figure.axes[0].lines if line.get_marker() == ">")
    assert (mark.get_xdata().tolist(), mark.get_ydata().tolist()) == ([62.5], [2.0])
    caption = " ".join(figure.texts[1].get_text().split())
    assert "triangles: half is not crossed within the range" in caption
    assert "open where it meets the edge" in caption
    whole = boundary(high=30.0).iloc[1:]
    caption = phase_diagram(cells(), SURPRISE, CAP, WORDS, whole).texts[1].get_text()
    assert "triangles" not in caption and "edge" not in caption


def test_classes_fill_the_height_of_their_cell():
    right = phase_diagram(cells(), SURPRISE, CAP, WORDS).axes[1]
    bars = [bar for bars in right.containers for bar in bars]
    assert len(bars) == 12
    tall = sum(bar.get_height() for bar in bars if bar.get_x() < 6.0 and bar.get_y() < 5.0)
    assert tall == pytest.approx(0.92 * 8.0)  # the cell from -2 to 6


@pytest.mark.parametrize("n_classes", [4, 5, 7])
def test_the_legend_of_classes_stands_between_the_header_and_the_edge(n_classes):
    # a negative surprise among positive ones has five classes: "dam break" stood outside
    shares = pd.DataFrame([(5, 2), (50, 10)], columns=[SURPRISE, CAP])
    shares = shares.assign(**dict.fromkeys(CLASSES[:n_classes], 1.0 / n_classes))
    figure = phase_diagram(shares, SURPRISE, CAP, WORDS)
    figure.canvas.draw()
    legend = figure.axes[1].get_legend().get_window_extent()
    header = figure.axes[1]._left_title.get_window_extent()
    assert legend.x1 < figure.bbox.width and legend.y1 < header.y0


def test_bars_stand_in_order_with_their_intervals():
    table = pd.DataFrame(
        {"factor": ["a", "b"], "total": [0.2, 0.7], "total_low": [0.1, 0.6]}
        | {"total_high": [0.3, 0.8], "first": [0.1, 0.6], "first_low": [0.0, 0.5]}
        | {"first_high": [0.2, 0.7]}
    )
    axes = sensitivity_figure(table, ["total", "first"], "y", WORDS, "points").axes[0]
    assert [t.get_text() for t in axes.get_yticklabels()] == ["a", "b"]  # b, the larger, on top
    assert [bar.get_width() for bar in axes.containers[0]] == [0.2, 0.7]
    whiskers = axes.collections[0].get_segments()
    assert [(segment[0][0], segment[1][0]) for segment in whiskers] == [(0.1, 0.3), (0.6, 0.8)]


def test_pawn_has_the_mark_of_a_factor_without_influence():
    table = pd.DataFrame({"factor": ["a"], "pawn": [0.4], "pawn_low": [0.3], "pawn_high": [0.5]})
    figure = sensitivity_figure(table.assign(dummy=0.1), ["pawn"], "y", WORDS, "points")
    assert figure.axes[0].collections[1].get_segments()[0][0][0] == 0.1
    assert "95% of factors without influence stay below" in " ".join(
        figure.texts[1].get_text().split()
    )


def test_keys_and_outcomes_are_said_in_words_with_units():
    assert axis_words("dealers.capacity_usd_bn") == "dealers: capacity, USD bn"
    assert name_words(CAP) == "leverage cap"
    assert name_words("funds.styles.FXM.yen_share") == "FXM: yen share of borrowing"
    assert name_words("a.b.loss_usd_bn") == "a, b: loss" != axis_words("a.b.loss_usd_bn")
    assert outcome_words("class=dam break") == "P(dam break)"
    assert outcome_words("n_failed>=3") == "P(failed institutions in the run ≥ 3)"
    assert axis_words("custom.$x_days") == r"custom: \$x, days"


def test_nothing_to_draw_is_refused():
    with pytest.raises(InvalidInput, match="no factor varies"):
        curves_figure({}, "y", WORDS)
    with pytest.raises(InvalidInput, match="no factors"):
        sensitivity_figure(pd.DataFrame({"factor": []}), ["total"], "y", WORDS, "points")
    with pytest.raises(InvalidInput, match="column total is missing"):
        sensitivity_figure(pd.DataFrame({"factor": ["a"]}), ["total"], "y", WORDS, "points")
    with pytest.raises(InvalidInput, match="share of a class"):
        phase_diagram(pd.DataFrame({SURPRISE: [1], CAP: [2]}), SURPRISE, CAP, WORDS)


def test_every_figure_is_1200_pixels_wide():
    grid = cells().pivot(index=CAP, columns=SURPRISE, values="absorbed")
    figures = [
        curves_figure({"a": curve("a", [1, 2], [1, 2])}, "y", WORDS),
        heat_map_figure(grid, "y>=1", WORDS),
        phase_diagram(cells(), SURPRISE, CAP, WORDS, boundary()),
    ]
    for figure in figures:
        figure.canvas.draw()
        assert figure.canvas.get_width_height()[0] == 1200


def test_a_step_has_its_paired_interval_inside_that_of_independent_runs():
    line = {"factor": CAP, "from": 2, "to": 4, "difference": 0.2, "low": 0.15, "high": 0.25}
    errors = {"se_paired": 0.025, "se_unpaired": 0.1, "n_pairs": 25, "n_settings": 1}
    other = {"factor": "funds.on", "from": False, "to": True, "difference": -0.1, "low": -0.2}
    table = pd.DataFrame([line | errors, other | {"high": 0.0} | errors])
    axes = steps_figure(table, "class=dam break", WORDS, "Student").axes[0]
    light, dark = (c.get_segments() for c in axes.collections[:2])
    assert dark[0][:, 0].tolist() == [15.0, 25.0]
    assert light[0][:, 0] == pytest.approx([20.0 - 19.6, 20.0 + 19.6])
    labels = [" ".join(t.get_text().split()) for t in axes.get_yticklabels()]
    assert labels == ["leverage cap, times wealth: 2 → 4", "funds: on: false → true"]
    assert axes.get_xlabel() == "difference of P(dam break), percentage points"


def test_labels_of_two_lines_do_not_touch():
    long = "instruments.JPY.value_depth_usd_bn, instruments.NKY.value_depth_usd_bn"
    table = pd.DataFrame(
        {"factor": [long, CAP, long, long], "from": range(4), "to": range(1, 5), "difference": 0.1}
        | {"low": 0.0, "high": 1.0, "se_paired": 1.0, "se_unpaired": 1.0, "n_pairs": 1}
    )
    figure = steps_figure(table, "y", WORDS, "Student")
    boxes = [label.get_window_extent() for label in figure.axes[0].get_yticklabels()]
    assert boxes[0].height > 1.5 * boxes[1].height
    assert all(above.y0 > below.y1 + 4.0 for above, below in itertools.pairwise(boxes))


def test_of_very_many_steps_the_largest_are_drawn_and_the_caption_says_so():
    table = pd.DataFrame(
        {"factor": "x", "from": range(60), "to": range(1, 61), "difference": range(60)}
        | {"low": 0.0, "high": 1.0, "se_paired": 1.0, "se_unpaired": 1.0, "n_pairs": 1}
    )
    figure = steps_figure(table, "y", WORDS, "Student")
    assert len(figure.axes[0].get_yticks()) == 40
    assert "The largest 40 of 60 steps." in " ".join(figure.texts[1].get_text().split())


def test_an_axis_says_whether_it_is_of_the_run_or_of_the_shock():
    of_run, of_shock = (axis_words(f"forced_sales_{name}usd_bn") for name in ("", "net_"))
    assert of_run == "forced sales in the run, USD bn"
    assert of_shock == "forced sales because of the shock, USD bn"
    assert axis_words("peak_yen_appreciation") == "peak yen rise vs the no-shock run, log"
