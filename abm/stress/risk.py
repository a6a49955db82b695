"""Value at risk and expected shortfall over paths, with intervals; what separates bad paths."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from abm.measures.tails import expected_shortfall, value_at_risk

Array = np.ndarray

LEVELS = (0.95, 0.975, 0.99)
N_RESAMPLES = 1000
INTERVAL = (0.025, 0.975)
BLOCK = 4_000_000  # draws of the bootstrap that are held at once
_COUNT_SLACK = 1e-9  # as of abm.measures.tails


def tail_weights(profits: Array, confidence: float) -> Array:
    """Weights of paths whose weighted loss is the expected shortfall, (n,); they sum to 1.  (M145)

    1/(a n) for the worst floor(a n) paths, the rest of 1 for the next; a = 1 - c. Paths of equal
    profit go by number.
    """
    n = len(profits)
    n_in_tail = (1.0 - confidence) * n
    m = int(np.floor(n_in_tail + _COUNT_SLACK))
    order = np.argsort(profits, kind="stable")
    weights = np.zeros(n)
    weights[order[:m]] = 1.0 / n_in_tail
    if m < n:
        weights[order[m]] = max(n_in_tail - m, 0.0) / n_in_tail
    return weights


def risk_rows(profits: Array, horizons: Sequence[int], seed: int) -> list[dict[str, float]]:
    """VaR and ES of each horizon and level, with 95% bootstrap intervals over paths.

    `profits` is (n, n_horizons). All horizons and levels are of the same resamples.
    """
    low, high = _resampled(profits, seed)
    rows = []
    for h, horizon in enumerate(horizons):
        for k, level in enumerate(LEVELS):
            row: dict[str, float] = {"horizon": horizon, "level": level}
            for j, (name, measure) in enumerate(
                (("var", value_at_risk), ("es", expected_shortfall))
            ):
                row[name] = measure(profits[:, h], level)
                row[f"{name}_low"], row[f"{name}_high"] = low[h, k, j], high[h, k, j]
            rows.append(row)
    return rows


def _resampled(profits: Array, seed: int) -> tuple[Array, Array]:
    """Ends of the bootstrap's intervals, (n_horizons, n_levels, 2)."""
    n = len(profits)
    ordered = np.sort(profits, axis=0)
    generator = np.random.Generator(np.random.PCG64(seed))
    found = []
    for first in range(0, N_RESAMPLES, max(1, BLOCK // n)):
        n_now = min(max(1, BLOCK // n), N_RESAMPLES - first)
        drawn = np.sort(generator.integers(0, n, (n_now, n)), axis=1)
        found.append(_both(ordered, drawn))
    ends = np.quantile(np.concatenate(found), INTERVAL, axis=0)
    return ends[0], ends[1]


def _both(ordered: Array, drawn: Array) -> Array:
    """VaR and ES of resamples of a sorted sample, (n_resamples, n_horizons, n_levels, 2)."""
    n = len(ordered)
    found = np.empty((len(drawn), ordered.shape[1], len(LEVELS), 2))
    n_worst = int(np.ceil((1.0 - min(LEVELS)) * n)) + 1
    for h in range(ordered.shape[1]):
        worst = ordered[:, h][drawn[:, :n_worst]]
        sums = np.cumsum(worst, axis=1)
        for k, level in enumerate(LEVELS):
            n_in_tail = (1.0 - level) * n
            rank = max(int(np.ceil(n_in_tail - _COUNT_SLACK)), 1)
            m = int(np.floor(n_in_tail + _COUNT_SLACK))
            below = sums[:, m - 1] if m else 0.0
            edge = (n_in_tail - m) * worst[:, min(m, worst.shape[1] - 1)]
            found[:, h, k, 0] = -worst[:, rank - 1]
            found[:, h, k, 1] = -(below + edge) / n_in_tail
    return found


def separation(
    drivers: Mapping[str, Array], is_breach: Array
) -> list[dict[str, float | str | int]]:
    """Drivers by how well they tell breaches from the rest, the best first.

    `auroc` is the probability that a breach has the higher value, ties counting half (Hanley and
    McNeil 1982): 1/2 tells nothing, 1 and 0 all.
    """
    from scipy.stats import rankdata

    n_bad = int(is_breach.sum())
    n_good = len(is_breach) - n_bad
    rows: list[dict[str, float | str | int]] = []
    for name, values in drivers.items():
        known = np.isfinite(values).all()
        auroc = float("nan")
        if n_bad and n_good and known:
            ranks = rankdata(values)
            auroc = (ranks[is_breach].sum() - n_bad * (n_bad + 1) / 2) / (n_bad * n_good)
        of_bad = float(values[is_breach].mean()) if n_bad else float("nan")
        of_good = float(values[~is_breach].mean()) if n_good else float("nan")
        rows.append(
            {"driver": name, "auroc": auroc, "mean_breach": of_bad, "mean_rest": of_good,
             "n_breach": n_bad, "n_rest": n_good}
        )  # fmt: skip
    return sorted(rows, key=lambda row: -abs(float(row["auroc"]) - 0.5))
