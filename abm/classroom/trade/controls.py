"""The terms of one's own trade as widgets: a slider beside a box to type in."""

from __future__ import annotations

from collections.abc import Callable

import panel as pn

from abm.classroom.knobs import rounded, spelt
from abm.classroom.terms import RANGES
from abm.classroom.widgets.controls import NAMED_UNSEEN, Box
from abm.errors import InvalidInput

IN_PERCENT = ("margin_rate", "cost_per_year", "end_move")
SLIDER_ENDS = {"equity_usd_mn": 10.0}  # more can be typed


class TermWidget:
    """One number of the terms, in per cent where a share is read so."""

    def __init__(self, name: str, label: str, asked: Callable[[str, str], None]) -> None:
        self.name, self.label, self.asked = name, label, asked
        self.is_setting = False
        self.times = 100.0 if name in IN_PERCENT else 1.0
        allowed = RANGES[name]
        self.low, self.high = (rounded(self.times * bound) for bound in (allowed.low, allowed.high))
        self.slider = pn.widgets.FloatSlider(
            label=label, start=self.low, end=SLIDER_ENDS.get(name, self.high),
            step=self.times * allowed.step, value=self.low, show_value=False,
            sizing_mode="stretch_width", margin=0,
        )  # fmt: skip
        self.typed = Box(label=label, width=72, margin=(0, 0, 0, 8), stylesheets=[NAMED_UNSEEN])
        self.slider.param.watch(lambda event: self._slid(event.new), "value_throttled")
        self.typed.param.watch(lambda event: self._was_typed(event.new), "value")

    def view(self) -> pn.Row:
        return pn.Row(
            self.slider, self.typed, sizing_mode="stretch_width", margin=(0, 0, 10, 0)
        )  # fmt: skip

    def show(self, value: float) -> None:
        """Set both to a value of the terms without asking for another."""
        self._set(self.times * value, with_slider=True)

    def value_of(self, text: str) -> float:
        """The given number, as the terms have it. Raises InvalidInput."""
        if not self._is_allowed(text):
            allowed = f"must be a number from {spelt(self.low)} to {spelt(self.high)}"
            raise InvalidInput(f"{self.label} = {text[:60]!r}, {allowed}")
        return rounded(float(text) / self.times)

    def _is_allowed(self, text: str) -> bool:
        try:
            return self.low <= float(text) <= self.high
        except ValueError:
            return False

    def _slid(self, shown: float) -> None:
        """Only the box follows: the slider may have been moved on already."""
        if not self.is_setting:
            self._set(shown, with_slider=False)
            self.asked(self.name, self.typed.value)

    def _was_typed(self, text: str) -> None:
        if self.is_setting:
            return
        if self._is_allowed(text):
            self._set(float(text), with_slider=True)
        self.asked(self.name, text)

    def _set(self, shown: float, with_slider: bool) -> None:
        self.is_setting = True
        self.typed.value = spelt(rounded(shown))
        if with_slider:
            self.slider.end = max(self.slider.end, shown)
            self.slider.value = shown
        self.is_setting = False
