"""Carry: the short follows the differential, and skewness falls with it."""

from __future__ import annotations

from itertools import pairwise

from abm.validation.claims import HIKE, Claim, Group, Runs, Sample, at_most
from abm.validation.estimates import NAN, Estimate, difference, mean, paired, resampled
from abm.validation.histories import TEN_YEARS
from abm.validation.record import record
from abm.validation.surprises import QUICKER, opening_short

YEN_RATES = (0.001, 0.01, 0.02, 0.03, 0.04, 0.053)
DOLLAR_RATES = (0.053, 0.04, 0.03, 0.02, 0.01, 0.001)


def _at(key: str, rate: float) -> Sample:
    changes = QUICKER | {f"rates.{key}": rate}
    return Sample(f"opening at {key} {rate:g}", HIKE, opening_short, changes)


YEN = tuple(_at("funding_per_year", rate) for rate in YEN_RATES)
DOLLAR = (YEN[0], *(_at("usd_per_year", rate) for rate in DOLLAR_RATES[1:]))


def largest_rise(*samples: Runs) -> Estimate:
    """Largest mean change of the short from one differential to the next smaller one [USD bn]."""
    steps = [difference(after.table, before.table, "short") for before, after in pairwise(samples)]
    known = [one for one in steps if one.value == one.value]
    return max(known, key=lambda one: one.value) if len(known) == len(steps) else mean([])


def left_at_zero(reference: Runs, zero: Runs) -> Estimate:
    """Short at equal rates over the short at the reference rates."""
    return resampled(
        paired("short", reference.table, zero.table),
        lambda one, other: float(other.mean() / one.mean()),
    )


def slope(runs: Runs) -> Estimate:
    """Slope of quarterly skewness on the rate differential."""
    return mean(runs.table["skew_slope"] if len(runs.table) else [NAN])


HALF_SLOPE = 0.5 * record()["carry"]["skew_slope"]
GROUP = Group(
    "carry",
    "Carry",
    "Model analysis",
    (
        Claim("largest rise of the opening short as the yen rate goes from .1 to 5.3%, USD bn",
              at_most(0.0), YEN, largest_rise, "all groups together; steps of about 1 point"),
        Claim("largest rise of the opening short as the dollar rate goes from 5.3 to .1%, USD bn",
              at_most(0.0), DOLLAR, largest_rise, "all groups together"),
        Claim("short at a zero differential over the opening short", at_most(0.25),
              (YEN[0], YEN[-1]), left_at_zero, "all groups together"),
        Claim("slope of skewness on the differential, per point", at_most(HALF_SLOPE),
              (TEN_YEARS,), slope, "half of the record's slope (ECB, eleven currencies)",
              "funds that sell faster make the slope steeper, and the skewness of USDJPY larger "
              "than the record's: results/frontiers"),
    ),
)  # fmt: skip
