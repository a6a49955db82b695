"""Figures of early warning: they say the finding and mark the event."""

import numpy as np
import pandas as pd
import pytest

from abm.errors import InvalidInput
from abm.figures.warning import panel_figure, scores_figure


def scores() -> pd.DataFrame:
    rows = [("constant", 0.5, 0.5, True), ("net short", 0.7, 0.6, True), ("slack", 0.5, 0.3, False)]
    return pd.DataFrame(
        [
            {"indicator": name, "label": name, "is_public": public, "auroc": value,
             "auroc_low": low, "auroc_high": value + 0.1, "usefulness": value - 0.5,
             "usefulness_low": low - 0.5, "usefulness_high": value - 0.4}
            for name, value, low, public in rows
        ]
    )  # fmt: skip


def test_the_title_counts_who_beats_chance_and_names_the_best():
    figure = scores_figure(scores(), "caption")
    title = figure.texts[0].get_text()
    assert title == "1 of 2 indicators beat chance; the best, net short, has an area of 0.70"
    labels = [label.get_text() for label in figure.axes[0].get_yticklabels()]
    assert labels == ["slack", "net short"]  # the best on top


def test_the_days_before_the_event_are_shaded_in_every_panel():
    days = np.arange(40)
    sample = pd.DataFrame(
        {"day": days, "log_yen": days / 100.0, "is_ahead": (days >= 10) & (days < 30),
         "is_crossing": days == 30, "leverage": 3.0}
    )  # fmt: skip
    figure = panel_figure(sample, {"leverage": "leverage of hedge funds"}, "caption")
    assert len(figure.axes) == 2
    for axes in figure.axes:
        (shaded,) = axes.patches
        assert (shaded.get_x(), shaded.get_x() + shaded.get_width()) == (10, 30)
        assert axes.lines[-1].get_xdata()[0] == 30
    assert figure.axes[0].lines[0].get_ydata()[-1] == pytest.approx(100 * np.expm1(0.39))


def test_nothing_to_draw_is_said():
    with pytest.raises(InvalidInput, match="no history with an event"):
        panel_figure(pd.DataFrame(), {}, "")
