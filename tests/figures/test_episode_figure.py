"""The picture of an episode: what was announced is numbered along the top, and can be read."""

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure

from abm.figures import style
from abm.figures.episode import draw_band

DATES = [day.date().isoformat() for day in pd.bdate_range("2020-02-03", periods=62)]


def band():
    numbers = dict.fromkeys(("low", "median", "high", "real", "frozen_median", "walk_mean"), 0.0)
    return pd.DataFrame({"date": DATES, **numbers})


@pytest.mark.parametrize("places", [range(20, 32), (25, 28, 29, 30, 31, 33, 40), (5, 5, 5, 60)])
def test_numbers_of_days_beside_each_other_do_not_touch(places):
    with style.house_style():
        figure = Figure(figsize=(12.0, 10.0), dpi=100)
        axes = figure.add_axes((0.055, 0.5, 0.27, 0.2))
        draw_band(axes, band(), [DATES[place] for place in places])
        figure.canvas.draw()
    numbers = [text for text in axes.texts if text.get_text().isdigit()]
    assert [text.get_text() for text in numbers] == [str(n + 1) for n in range(len(places))]
    boxes = [text.get_window_extent() for text in numbers]
    for n, box in enumerate(boxes):
        assert not any(box.overlaps(other) for other in boxes[:n]), numbers[n]


def test_a_number_that_stands_alone_is_on_the_first_row():
    with style.house_style():
        axes = Figure().add_axes((0.1, 0.1, 0.8, 0.8))
        draw_band(axes, band(), [DATES[10], "2031-01-01", DATES[40]])
    heights = {text.get_text(): text.get_position() for text in axes.texts}
    assert heights == {"1": (10, 0.995), "3": (40, 0.995)}
    assert np.isclose(axes.get_xlim(), (0, 61)).all()
