"""Scores of forecasts: what a sample of outcomes was worth, once the outcome is known."""

from __future__ import annotations

from math import erf, exp, pi, sqrt
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from abm.contagion.networks import FloatArray


def crps(sample: FloatArray, real: float | FloatArray) -> float:
    """Continuous ranked probability score of a sample, (n,): E|X - y| - E|X - X'|/2.

    Lower is better; in the unit of the sample. Of several forecasts, (n, m) against (m,), the mean.
    Gneiting and Raftery (2007), equation 21.
    """
    ordered, n = np.sort(sample, axis=0), len(sample)
    spread = 2.0 * ((2.0 * np.arange(n) - n + 1.0) @ ordered) / n**2
    return float(np.mean(np.abs(sample - real).mean(axis=0) - 0.5 * spread))


def crps_normal(mean: float, sd: float, real: float) -> float:
    """The same of a normal forecast.

        s [z (2 F(z) - 1) + 2 f(z) - 1/sqrt(pi)],   z = (y - m) / s

    F and f the distribution and the density of a standard normal. Gneiting and Raftery (2007),
    equation 22.
    """
    z = (real - mean) / sd
    density = exp(-0.5 * z**2) / sqrt(2.0 * pi)
    return sd * (z * erf(z / sqrt(2.0)) + 2.0 * density - 1.0 / sqrt(pi))
