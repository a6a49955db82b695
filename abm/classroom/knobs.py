"""The knobs of a page: a few keys of the scenario, each as its declaration says."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, NamedTuple

from abm.scenario.fields import note
from abm.scenario.places import Leaf, leaves

if TYPE_CHECKING:
    from abm.scenario import Scenario

Value = float | bool

# In the order of the page. A scenario has those of them that it can change.
SLIDERS = (
    "shock.surprise_bp",
    "policy.boj.surprise_bp",
    "funds.leverage_cap",
    "margin.volatility_multiple",
    "liquidity.depth_multiple",
    "funds.overlap",
)
GROUPS = (
    "risk_parity.present",
    "volatility_target.present",
    "trend.present",
    "retail_fx.present",
    "retail_equity.present",
    "insurers.present",
    "auto_borrowers.present",
    "companies.present",
)
KEYS = (*SLIDERS, *GROUPS)
BOUNDS = ("gt", "ge", "le", "lt")  # in the order in which a range is said
DIGITS = 12  # of what a slider stands at
UNIT_SPAN = (0.0, 1.0, 1.0)  # of a key whose declaration names no usual values


class Knob(NamedTuple):
    """One key that the page can change; unit, range, meaning and span are the schema's."""

    key: str
    value: Value  # the scenario's own
    unit: str
    allowed: str
    meaning: str
    bounds: Mapping[str, float]  # what `allowed` says, by name: some of BOUNDS
    low: float = 0.0
    high: float = 1.0
    step: float = 1.0

    @property
    def is_switch(self) -> bool:
        return isinstance(self.value, bool)


def knobs_of(scenario: Scenario) -> list[Knob]:
    """The knobs of KEYS that the scenario has; a group without members has no switch."""
    found = {leaf.key: leaf for leaf in leaves(scenario)}
    is_empty = {key for key in GROUPS if found[_size_of(key)].value == 0}
    return [_knob(found[key]) for key in KEYS if key in found and key not in is_empty]


def _size_of(switch: str) -> str:
    """Key of the number of members behind a group's switch."""
    return f"{switch.removesuffix('present')}n"


def values_of(scenario: Scenario, changes: Mapping[str, Value]) -> dict[str, Value]:
    """Every knob's value, changed or not."""
    return {knob.key: changes.get(knob.key, knob.value) for knob in knobs_of(scenario)}


def rounded(value: float) -> float:
    """The place of a slider: steps and per cents leave 10.000000000000002 for 10."""
    return float(f"{value:.{DIGITS}g}")


def spelt(value: Value) -> str:
    """A value in the fewest digits that read back as the same number, for links and for readers."""
    if isinstance(value, bool):
        return str(value).lower()
    return repr(float(value)).removesuffix(".0")


def number_in(text: str) -> float | None:
    """The finite number that a link spells in ASCII; None for any other text."""
    try:
        number = float(text)
    except ValueError:
        return None
    return number if math.isfinite(number) and text.isascii() else None


def _knob(leaf: Leaf) -> Knob:
    extra = leaf.field.json_schema_extra
    span = extra.get("usual") if isinstance(extra, dict) else None
    low, high, step = (float(str(end)) for end in span) if isinstance(span, list) else UNIT_SPAN
    return Knob(
        leaf.key,
        leaf.value,
        note(leaf.field, "unit"),
        note(leaf.field, "range"),
        note(leaf.field, "meaning"),
        {n: getattr(rule, n) for n in BOUNDS for rule in leaf.field.metadata if hasattr(rule, n)},
        low,
        high,
        step,
    )
