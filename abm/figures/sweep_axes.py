"""Axes of sweep figures: levels at their true places, words, percent, and what a key means."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from abm.figures import style
from abm.scenario.labels import label_of

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_LOG_FROM = 50.0  # largest over smallest level
_MOST_TICKS = 14
_UNBROKEN = "\N{NO-BREAK SPACE}"
_LONGEST_UNBROKEN = 60  # letters, beyond which a line of a title may not have room
_OUTPUTS = {
    # Because of the shock: the run less the same run without it.
    "peak_yen_appreciation": "peak yen rise vs the no-shock run, log",
    "peak_yen_depreciation": "peak yen fall vs the no-shock run, log",
    "frozen_yen_appreciation": "peak yen rise with positions frozen, log",
    "price_amplification": "amplification of the yen move within 20 days, times",
    "loss_amplification": "amplification of fund losses within 20 days, times",
    "unwound_5d": "yen short closed in 5 days because of the shock, share",
    "unwound_30d": "yen short closed in 30 days because of the shock, share",
    "unwound_60d": "yen short closed in 60 days because of the shock, share",
    "forced_share_of_unwind": "forced share of the closing in 5 days",
    "forced_sales_net_usd_bn": "forced sales because of the shock, USD bn",
    "n_margin_calls_net": "margin calls because of the shock",
    "n_failed_net": "failed institutions because of the shock",
    "n_banks_failed_net": "failed banks because of the shock",
    # Before it.
    "eve_yen_short_units": "yen short on the eve, units",
    "eve_leverage": "fund leverage on the eve, times wealth",
    "eve_share_unlevered": "unlevered funds on the eve, share",
    "eve_fund_wealth_usd_bn": "wealth of the hedge funds on the eve, USD bn",
    "forced_sales_before_usd_bn": "forced sales before the shock, USD bn",
    "n_margin_calls_before": "margin calls before the shock",
    "n_failed_before": "failed institutions before the shock",
    "n_margin_calls_burn_in": "margin calls in the burn-in",
    "n_failures_burn_in": "failures in the burn-in",
    # In the run, whatever caused it.
    "largest_yen_rise_log": "largest yen rise in the run, log",
    "forced_sales_usd_bn": "forced sales in the run, USD bn",
    "n_margin_calls": "margin calls in the run",
    "n_failed": "failed institutions in the run",
    "n_banks_failed": "failed banks in the run",
    "n_days": "length of the run, days",
    "n_days_failed_to_clear": "days that did not clear",
    "n_days_at_limit": "days at a price limit",
    "n_rounds_max": "largest number of clearing rounds in a day",
    "max_conservation_error": "largest conservation error, relative",
    "max_feedback_gain": "largest feedback gain",
    "branching_ratio": "share of margin calls that other calls caused",
    "worst_day": "worst day of the run",
    "n_events": "events in the run",
}
_OF_PAIR = {
    "max_drawdown": "drawdown of {}, share",
    "var_95": "95% daily value at risk of {}, log",
    "es_95": "95% daily expected shortfall of {}, log",
    "skewness": "skewness of daily {} changes",
    "excess_kurtosis": "excess kurtosis of daily {} changes",
    "hill_left": "tail index of {} losses",
}
_OF_KIND = re.compile(r"forced_(?!sales)(?P<kind>[a-z_]+)_usd_bn")
_UNITS = {
    "_usd_bn": "USD bn",
    "_jpy_bn": "JPY bn",
    "_bp": "bp",
    "_per_year": "per year",
    "_days": "days",
    "_log": "log",
}
_ASKED = re.compile(r"([^=<>]+?)\s*(>=|<=|=)\s*(.+)")
_SIGNS = {">=": "≥", "<=": "≤", "=": "="}


@dataclass(frozen=True)
class Scale:
    """Levels of a factor in order, their places on an axis, and the edges of their cells."""

    levels: list[Any]
    at: NDArray[np.float64]
    is_words: bool
    is_log: bool

    def places(self, values: Iterable[Any]) -> NDArray[np.float64]:
        if not self.is_words:
            return np.asarray(list(values), dtype=np.float64)
        return np.array([float(self.levels.index(value)) for value in values])

    @property
    def edges(self) -> NDArray[np.float64]:
        """Half-way between levels (of their logs on a log axis); as far out at both ends."""
        x = np.log(self.at) if self.is_log else self.at
        if len(x) == 1:
            ends = np.array([x[0] - 0.5, x[0] + 0.5])
        else:
            middle = 0.5 * (x[1:] + x[:-1])
            ends = np.concatenate(([2 * x[0] - middle[0]], middle, [2 * x[-1] - middle[-1]]))
        edges: NDArray[np.float64] = np.exp(ends) if self.is_log else ends
        return edges

    def apply(self, axes: Axes, which: str, with_levels: bool) -> None:
        """Scale and ticks: at the levels where these are few, else where the axis wants them."""
        if self.is_log:
            (axes.set_xscale if which == "x" else axes.set_yscale)("log")
        if not (self.is_words or with_levels) or len(self.at) > _MOST_TICKS:
            return
        labels = [level_words(level) for level in self.levels]
        axis = axes.xaxis if which == "x" else axes.yaxis
        axis.set_ticks(list(self.at), labels=labels)
        axis.set_ticks([], minor=True)


def scale_of(values: Iterable[Any]) -> Scale:
    """Numbers upwards at their places, on a log axis where they span a lot; words side by side."""
    found = list(dict.fromkeys(values))
    if any(isinstance(value, str | bool | np.bool_) for value in found):
        return Scale(found, np.arange(len(found), dtype=np.float64), True, False)
    levels = sorted(found)
    at = np.asarray(levels, dtype=np.float64)
    return Scale(levels, at, False, bool(at[0] > 0.0 and at[-1] / at[0] >= _LOG_FROM))


def axis_words(key: str) -> str:
    """A dotted key or a column in words, with its unit."""
    name, unit = _name_and_unit(key)
    return f"{name}, {unit}" if unit else name


def name_words(key: str) -> str:
    """The same without its unit, for a sentence."""
    return _name_and_unit(key)[0]


def title_words(key: str) -> str:
    """The name for a title, which breaks before or after it and not inside; see `plain_title`."""
    name = name_words(key)
    return name.replace(" ", _UNBROKEN) if len(name) <= _LONGEST_UNBROKEN else name


def plain_title(title: str) -> str:
    """A title with ordinary spaces, to be read elsewhere than on its figure."""
    return title.replace(_UNBROKEN, " ")


def _name_and_unit(key: str) -> tuple[str, str]:
    """A name, which may have commas of its own where its table is a table's, and its unit or ""."""
    if declared := label_of(key):
        return _escaped(declared.name), declared.unit
    if known := _output_words(key):
        name, _, unit = known.rpartition(", ")
        return (name, unit) if name else (unit, "")
    leaf = key.rpartition(".")[2]
    for suffix, unit in _UNITS.items():
        if leaf.endswith(suffix):
            return _escaped(_worded(key.removesuffix(suffix))), unit
    return _escaped(_worded(key)), ""


def _output_words(column: str) -> str:
    """An output of a run in words and unit; "" for a column of the user's own."""
    pair, _, measure = column.partition("_")
    if measure in _OF_PAIR:
        return _OF_PAIR[measure].format(pair.upper())
    if of_kind := _OF_KIND.fullmatch(column):
        kind = of_kind["kind"]
        return f"forced sales of {style.ACTOR_NAMES.get(kind, kind)}, USD bn"
    return _OUTPUTS.get(column, "")


def value_words(key: str, value: Any) -> str:
    """A value of a factor in a sentence: with its unit, where that is one word."""
    unit = _name_and_unit(key)[1]
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    number = f"{value:.3g}" if is_number else level_words(value)
    return f"{number}bp" if unit == "bp" else number


def outcome_words(outcome: str) -> str:
    """A share as a probability; a number with its unit."""
    asked = _ASKED.fullmatch(outcome)
    if not asked:
        return axis_words(outcome)
    column, sign, level = asked.groups()
    if column == "class":
        return _escaped(f"P({level})")
    return f"P({name_words(column)} {_SIGNS[sign]} {_escaped(level)})"


def percent_axis(axes: Axes) -> None:
    """Shares from 0 to 100%."""
    axes.set_ylim(0.0, 1.0)
    axes.set_yticks([0, 0.25, 0.5, 0.75, 1], labels=["0", "25", "50", "75", "100%"])


def _worded(key: str) -> str:
    """`liquidity.depth_scale` as "liquidity: depth scale"."""
    table, _, leaf = key.rpartition(".")
    words = leaf.replace("_", " ")
    return f"{table.replace('_', ' ').replace('.', ', ')}: {words}" if table else words


def level_words(level: Any) -> str:
    """A level of a factor, as it stands on an axis."""
    if isinstance(level, bool | np.bool_):
        return "true" if level else "false"
    is_number = isinstance(level, float | np.floating)
    return f"{level:g}" if is_number else _escaped(str(level))


def _escaped(text: str) -> str:
    """Dollar signs are no mathematics."""
    return text.replace("$", r"\$")
