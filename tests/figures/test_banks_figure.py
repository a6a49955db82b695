"""The figure of the banks names who failed and how much each lost, on either kind of axis."""

import numpy as np
import pandas as pd

from abm.figures.banks import INSURER, banks_figure, thinnest_banks
from abm.figures.basis import basis_figure


def over_required(n_days=10, n_banks=6):
    table = pd.DataFrame({f"bank-{b + 1}": np.full(n_days, 1.2 + 0.1 * b) for b in range(n_banks)})
    table.iloc[4, 3] = 1.05
    table.iloc[6:, 0] = np.nan
    return table


def losses():
    lost = pd.DataFrame({"clients": 0.0, "banks": 0.0, "insured": 0.0}, index=["a", "b", INSURER])
    lost.loc["a", "clients"], lost.loc["b", "banks"], lost.loc[INSURER, "insured"] = 4.0, 1.0, 2.5
    lost.loc["b", "clients"] = -3.0  # a gain is no loss
    return lost


def words_of(axes):
    return [text.get_text() for text in axes.texts]


def test_who_failed_and_who_came_nearest_have_lines_of_their_own():
    left = banks_figure(over_required(), losses(), "t").axes[0]
    assert thinnest_banks(over_required()) == ["bank-4", "bank-2", "bank-3"]
    assert {"bank-1 fails", "bank-4", "2 others"} <= set(words_of(left))
    crosses = [line for line in left.lines if line.get_marker() == "X"]
    assert [list(line.get_xdata()) for line in crosses] == [[6]]


def test_losses_stand_by_who_bore_them_the_largest_first():
    right = banks_figure(over_required(), losses(), "t").axes[1]
    assert [label.get_text() for label in right.get_yticklabels()] == ["a", INSURER, "b"]
    assert "7.5 in all" in right.get_title(loc="left")
    many = pd.DataFrame({"clients": np.arange(1.0, 13.0)}, index=[f"bank-{b}" for b in range(12)])
    right = banks_figure(over_required(), many, "t").axes[1]
    assert [label.get_text() for label in right.get_yticklabels()][-1] == "4 others"


def test_banks_that_fail_on_the_first_day_and_a_run_without_losses_can_be_drawn():
    gone = over_required()
    gone[["bank-1", "bank-2"]] = np.nan
    figure = banks_figure(gone, losses() * 0.0, "t", "c")
    assert "bank-1, bank-2 fail" in words_of(figure.axes[0])
    assert words_of(figure.axes[1]) == ["none"]
    figure.canvas.draw()


def test_the_swap_line_is_marked_on_its_days_whether_days_have_dates_or_not():
    days = pd.DataFrame({"day": range(5), "basis_bp": [-30.0, -90, -80, -60, -40]})
    days["swap_line_usd_bn"] = [0.0, 0, 5, 9, 4]
    for table in (days, days.set_index(pd.bdate_range("2020-03-16", periods=5))):
        figure = basis_figure(table, "t", marks=[(2, "line opens"), (4, "line closes")])
        left, right = figure.axes
        assert words_of(left) == [" line opens", " line closes"]
        assert len(left.lines) == len(right.lines) == 3
        figure.canvas.draw()


def test_no_panel_waits_for_a_swap_line_on_which_nothing_is_drawn():
    days = pd.DataFrame({"day": range(3), "basis_bp": [-30.0, -90, -80], "swap_line_usd_bn": 0.0})
    (alone,) = basis_figure(days, "t").axes
    assert "basis" in alone.get_title(loc="left")
