"""Answers to the question which shocks, and which paths, lose a given share of a portfolio."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from abm.stress.nearest import Nearest, median_interval
from abm.stress.shocks import Shocks, entropy_of, one_in
from abm.stress.tilting import Tilt, weighted_quantiles
from abm.warning.simulating import SURPRISE_SD_BP

if TYPE_CHECKING:
    import pandas as pd

    from abm.scenario import Scenario

Array = np.ndarray

LEVELS = (0.05, 0.5, 0.95)
ROUNDING = 1e-12
FEW = 30  # effective paths, below which a tilted ensemble rests on few of them


class Ensemble(NamedTuple):
    """The simulated paths that are reweighted."""

    replicates: Array
    """(n,)."""
    losses: Array
    """(n,) share of the own money lost at the horizon."""
    drivers: dict[str, Array]
    """(n,) numbers of each path, by name."""
    days: dict[str, Array]
    """(n, T + 1) by day, by name: profit as a share of the own money, log rise of the yen."""


class Likeliest(NamedTuple):
    """The most plausible shocks that lose enough in the median of some paths."""

    shocks: Shocks
    found: Nearest
    replicates: tuple[int, ...]
    """Of the paths in whose median enough is lost."""
    replicate: int
    """The one of them whose loss is the median."""
    loss: float
    """That loss, share of the own money."""
    losses_elsewhere: Array
    """Shares lost with the same shocks on paths that the search has not seen."""

    @property
    def scenario(self) -> Scenario:
        """The scenario with these shocks."""
        return self.shocks.at(self.found.point)


@dataclass(frozen=True, eq=False)
class Reverse:
    """The reverse stress test of a portfolio: what loses a given share of its own money. Parts that
    have no answer are None, or a surprise without end."""

    loss: float
    """Share of the own money."""
    horizon: int
    """Trading days after the eve by the end of which it is lost."""
    ensemble: Ensemble
    """The paths of the stress test."""
    tilt: Tilt | None
    """Their weights; None where no path loses so much."""
    surprises: Array
    """(n_surprises,) smallest surprise that loses enough on each path [bp], infinite where there
    is none."""
    surprised: tuple[int, ...]
    """Replicates of these paths."""
    own_surprise_bp: float
    """The surprise that the scenario has [bp]."""
    farthest_bp: float
    """The largest that was looked at [bp]; negative where surprises were easings."""
    likeliest: Likeliest | None
    """None where no shocks within reach were found."""

    @property
    def is_answered(self) -> bool:
        """True where at least one of the three questions has an answer."""
        is_finite = bool(np.isfinite(self.smallest_surprise))
        return self.tilt is not None or self.likeliest is not None or is_finite

    @cached_property
    def smallest_surprise(self) -> float:
        """The surprise from which on half of the paths lose enough [bp]; infinite for none."""
        return middle_of(self.surprises)

    @cached_property
    def surprise_interval(self) -> tuple[float, float]:
        """95% interval of it over paths [bp]."""
        low, high = median_interval(np.abs(self.surprises))
        sign = np.sign(self.farthest_bp)
        return float(sign * low), float(sign * high)

    @cached_property
    def drivers(self) -> pd.DataFrame:
        """What the tilted ensemble looks like: `driver`, `mean`, `sd`, `mean_tilted`, `shift` (in
        standard deviations), the largest shift first. Empty without a tilt."""
        rows: list[dict[str, Any]] = []
        for name, values in self.ensemble.drivers.items():
            if self.tilt is None or not np.isfinite(values).all():
                continue
            mean, deviation = float(values.mean()), float(values.std())
            there = float(self.tilt.weights @ values)
            is_fixed = deviation <= ROUNDING * abs(mean)  # the same on every path
            shift = 0.0 if is_fixed else (there - mean) / deviation
            rows.append(
                {"driver": name, "mean": mean, "sd": deviation, "mean_tilted": there,
                 "shift": shift}
            )  # fmt: skip
        rows.sort(key=lambda row: -abs(row["shift"]))
        return _frame(rows, ("driver", "mean", "sd", "mean_tilted", "shift"))

    @cached_property
    def paths(self) -> pd.DataFrame:
        """Each path: `replicate`, `loss` (share of the own money), `weight` (NaN without a
        tilt)."""
        weights = np.full(len(self.ensemble.losses), np.nan)
        if self.tilt is not None:
            weights = self.tilt.weights
        columns = {"replicate": self.ensemble.replicates, "loss": self.ensemble.losses}
        return _frame(columns | {"weight": weights})

    @cached_property
    def days(self) -> pd.DataFrame:
        """By `day`, `series` and `ensemble` ("all", "tilted"): `q05`, `q50`, `q95`."""
        n = len(self.ensemble.losses)
        weights = {"all": np.full(n, 1.0 / n)}
        if self.tilt is not None:
            weights["tilted"] = self.tilt.weights
        rows = []
        for series, values in self.ensemble.days.items():
            for name, weight in weights.items():
                levels = weighted_quantiles(values, weight, LEVELS)
                for day, (low, middle, high) in enumerate(levels.T):
                    rows.append(
                        {"day": day, "series": series, "ensemble": name, "q05": low,
                         "q50": middle, "q95": high}
                    )  # fmt: skip
        return _frame(rows)

    @cached_property
    def surprises_table(self) -> pd.DataFrame:
        """Each path of the surprises: `replicate`, `surprise_bp`, infinite for none."""
        return _frame({"replicate": np.array(self.surprised), "surprise_bp": self.surprises})

    @cached_property
    def shocks(self) -> pd.DataFrame:
        """The most plausible shocks: `shock`, `first_day`, `last_day`, `size`, `unit`, `sd`,
        `in_sd`. Empty where there are none."""
        names = ("shock", "first_day", "last_day", "size", "unit", "sd", "in_sd")
        found = self.likeliest
        return _frame([] if found is None else found.shocks.rows(found.found.point), names)

    @property
    def tables(self) -> dict[str, pd.DataFrame]:
        """All tables by name of their file."""
        return {
            "reverse_drivers": self.drivers, "reverse_paths": self.paths,
            "reverse_days": self.days, "reverse_surprises": self.surprises_table,
            "reverse_shocks": self.shocks,
        }  # fmt: skip

    @cached_property
    def summary(self) -> dict[str, Any]:
        """The main numbers, for a program; None for what has no answer."""
        low, high = self.surprise_interval
        return {
            "loss": self.loss,
            "horizon": self.horizon,
            "mean_loss": float(self.ensemble.losses.mean()),
            "largest_loss": float(self.ensemble.losses.max()),
            "tilt": self._tilt_numbers(),
            "surprise": {
                "own_bp": self.own_surprise_bp,
                "median_bp": self.smallest_surprise,
                "low_bp": low,
                "high_bp": high,
                "one_in_twenty_bp": self.surprise_of_share(0.05),
                "n_paths": len(self.surprises),
                "farthest_bp": self.farthest_bp,
            },
            "shocks": self._shock_numbers(),
        }

    def surprise_of_share(self, share: float) -> float:
        """The surprise from which on a share of the paths loses enough [bp]."""
        ordered = np.sort(np.abs(self.surprises))
        at = max(int(np.ceil(share * len(ordered))) - 1, 0)
        return float(np.sign(self.farthest_bp) * ordered[at])

    def _tilt_numbers(self) -> dict[str, float] | None:
        tilt = self.tilt
        if tilt is None:
            return None
        return {
            "entropy": tilt.entropy,
            "distance": tilt.distance,
            "n_paths": len(tilt.weights),
            "n_effective": tilt.n_effective,
            "loss": float(tilt.weights @ self.ensemble.losses),
        }

    def _shock_numbers(self) -> dict[str, Any] | None:
        found = self.likeliest
        if found is None:
            return None
        distance, elsewhere = found.found.distance, found.losses_elsewhere
        return {
            "distance": distance,
            "entropy": entropy_of(distance),
            "one_in": one_in(distance),
            "first_distance": found.found.first_distance,
            "surprise_bp": SURPRISE_SD_BP * float(found.found.point[0]),
            "surprise_sd_bp": SURPRISE_SD_BP,
            "loss": found.loss,
            "replicate": found.replicate,
            "n_paths": len(found.replicates),
            "n_points": found.found.n_points,
            "n_elsewhere": len(elsewhere),
            "share_elsewhere": float((elsewhere >= self.loss).mean()),
            "median_elsewhere": float(np.median(elsewhere)),
        }


def middle_of(values: Array) -> float:
    """The smallest size that at least half of the values do not exceed, with its sign."""
    ordered = values[np.argsort(np.abs(values), kind="stable")]
    return float(ordered[(len(ordered) - 1) // 2])


def _frame(rows: Any, columns: tuple[str, ...] | None = None) -> pd.DataFrame:
    import pandas as pd

    return pd.DataFrame(rows, columns=None if columns is None else list(columns))
