"""Signs: good news breaks nothing; bad news is absorbed, leaks or breaks the dam by its size."""

from __future__ import annotations

import numpy as np

from abm.measures.classes import DAM_BREAK_SHARE
from abm.validation.claims import Bar, Claim, Group, Runs, Sample, at_least, at_most
from abm.validation.estimates import Estimate, exact, mean, paired, resampled, share
from abm.validation.surprises import DOVISH, HAWKISH, SIZES, is_dam

HALF = 0.5
LATER = 20
"""Days after the surprise at which its effect is read."""


def no_dam(runs: Runs) -> Estimate:
    """Runs in which the dam-break share of the short is closed within five days of good news."""
    broken = runs.table["unwound_5"] >= DAM_BREAK_SHARE
    upper = share(broken).high
    return exact(broken.sum(), f"of {len(broken)} runs; 95% bound of the share {upper:.3f}")


def kept_fall(runs: Runs) -> Estimate:
    """Mean effect on the yen over that of the no-trade counterfactual, at day 20."""

    moved, still = (runs.table[f"{which} JPY {LATER}"] for which in ("effect", "frozen"))
    return resampled(
        (moved.to_numpy(), still.to_numpy()), lambda one, two: float(one.mean() / two.mean())
    )


def kept_short(runs: Runs) -> Estimate:
    """Mean carry short at day 20 over that of the morning of the surprise."""
    return mean(runs.table["short_kept_20"])


def dam_share(runs: Runs) -> Estimate:
    """Share of runs whose class is a dam break."""
    return share(is_dam(runs.table["class"]))


def leak_share(*samples: Runs) -> Estimate:
    """Share of leaks at the size that has most of them."""
    found = [share(runs.table["class"] == "leak") for runs in samples]
    return max(found, key=lambda one: (one.value == one.value, one.value))


def threshold(*samples: Runs) -> Estimate:
    """Size at which half of the runs break the dam, between sizes along a straight line [bp]."""

    def crossing(*broken: np.ndarray) -> float:
        shares = np.maximum.accumulate([one.mean() for one in broken])
        above = int(np.argmax(shares >= HALF))
        if shares[above] < HALF:
            return float("nan")
        if above == 0:
            return float(SIZES[0])
        low, high = SIZES[above - 1 : above + 1]
        before, after = shares[above - 1 : above + 1]
        return float(low + (HALF - before) / (after - before) * (high - low))

    classes = paired("class", *(runs.table for runs in samples))
    return resampled(tuple(map(is_dam, classes)), crossing)


def _dovish(bp: int, sample: Sample) -> tuple[Claim, ...]:
    only = (sample,)
    return (
        Claim(f"{bp:+}bp: runs that break the dam", at_most(0.0), only, no_dam,
              "two fifths of the short closed within five days, whatever its class"),
        Claim(f"{bp:+}bp: yen at day 20 over its no-trade fall", at_least(0.8), only, kept_fall),
        Claim(f"{bp:+}bp: carry short at day 20 over before", at_least(0.95), only, kept_short),
    )  # fmt: skip


ALL_SIZES = tuple(HAWKISH[bp] for bp in SIZES)
GROUP = Group(
    "signs",
    "Signs",
    "Model analysis",
    (
        *(claim for bp, sample in DOVISH.items() for claim in _dovish(bp, sample)),
        Claim("+5bp: share of dam breaks", at_most(0.05), (HAWKISH[5],), dam_share),
        Claim("+75bp: share of dam breaks", at_least(0.9), (HAWKISH[75],), dam_share),
        Claim("threshold of the dam break, bp", Bar(20.0, 60.0), ALL_SIZES, threshold,
              "half of the runs break"),
        Claim("leaks, at the size with most of them", at_least(0.2), ALL_SIZES, leak_share,
              "absorbed, leak and dam break each occur; the bar is ours"),
    ),
)  # fmt: skip
