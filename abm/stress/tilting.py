"""The tilted ensemble: simulated paths reweighted, as little as can be, until they lose enough."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from abm.errors import InvalidInput

Array = np.ndarray

CLOSE = 1e-12  # of the exponent, relative


class Tilt(NamedTuple):
    """Paths reweighted."""

    weights: Array
    """(n,) of the paths; they sum to 1."""
    exponent: float
    """Of the weights, per unit of loss; 0 where equal weights lose enough."""
    entropy: float
    """Relative entropy against equal weights [nats]."""

    @property
    def n_effective(self) -> float:
        """Number of equally weighted paths of the same entropy."""
        return len(self.weights) * float(np.exp(-self.entropy))

    @property
    def distance(self) -> float:
        """Shift of a normal variable, in its standard deviations, of the same entropy (M183)."""
        return float(np.sqrt(2.0 * self.entropy))


def tilted(losses: Array, target: float) -> Tilt:
    """Weights nearest to equal ones under which the mean loss is at least a target.      (M182)

        min sum w ln(n w)  with  sum w l >= X,  sum w = 1:      w_i = e^(t l_i) / sum e^(t l)

    The entropy is t X - ln mean e^(t l) (Csiszar 1975; Breuer and Csiszar 2013). Raises
    InvalidInput where no path loses more than the target: no weights lose more than the worst path.
    """
    from scipy.optimize import brentq

    n = len(losses)
    if losses.mean() >= target:
        return Tilt(np.full(n, 1.0 / n), 0.0, 0.0)
    worst = float(losses.max())
    if worst <= target:
        raise InvalidInput(f"no path loses {target:.4g}: the worst of {n:,} loses {worst:.4g}")

    def excess(exponent: float) -> float:
        return float(_weights(losses, exponent) @ losses) - target

    high = 1.0 / float(losses.std())
    while excess(high) < 0.0:
        high *= 2.0
    exponent = float(brentq(excess, 0.0, high, xtol=CLOSE * high, rtol=1e-15))
    weights = _weights(losses, exponent)
    logs = np.log(n * weights, out=np.zeros(n), where=weights > 0.0)
    return Tilt(weights, exponent, float(weights @ logs))


def _weights(losses: Array, exponent: float) -> Array:
    raised = np.exp(exponent * (losses - losses.max()))
    weights: Array = raised / raised.sum()
    return weights


def weighted_quantiles(values: Array, weights: Array, levels: tuple[float, ...]) -> Array:
    """The least values that so much of the weight lies at or below, (n_levels, ...): of each column
    of values (n, ...)."""
    order = np.argsort(values, axis=0, kind="stable")
    below = np.cumsum(weights[order], axis=0)
    ordered = np.take_along_axis(values, order, axis=0)
    last = len(values) - 1
    places = [np.minimum((below < level * (1.0 - CLOSE)).sum(axis=0), last) for level in levels]
    return np.stack([np.take_along_axis(ordered, at[None], axis=0)[0] for at in places])
