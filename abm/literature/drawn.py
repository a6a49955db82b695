"""A banking system drawn for the network papers, and the frame that their figures share."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt

from abm.errors import InvalidInput
from abm.figures.panels import panels, write_header

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

FloatArray: TypeAlias = npt.NDArray[np.float64]

INTERBANK_SHARE = 0.25  # of the balance sheet: the larger of interbank claims and debts
CAPITAL_RATIO = (0.03, 0.09)  # equity over assets, drawn evenly

_LEFT, _WIDTH, _GAP = 0.065, 0.41, 0.095


class Banks(NamedTuple):
    """Balance sheets and claims, in one unit of money."""

    claims: FloatArray  # (n_banks, n_banks), what i lent to j
    external_assets: FloatArray  # (n_banks,)
    external_liabilities: FloatArray  # (n_banks,)
    equity: FloatArray  # (n_banks,)


def draw_banks(
    seed: int, n_banks: int = 100, mean_degree: float = 6.0, size_spread: float = 1.0
) -> Banks:
    """Banks of lognormal size; large ones lend to more others, and more to large ones.

        P(i lends to j) = min(1, z w_i w_j / (n - 1)),   lent w_i w_j,   w of mean one

    The balance sheet is as long as the larger interbank side needs; `size_spread` is the standard
    deviation of log w.
    """
    faults = []
    if n_banks < 2:
        faults.append(f"n_banks = {n_banks}: must be at least 2")
    if not 0.0 < mean_degree <= n_banks - 1:
        faults.append(f"mean_degree = {mean_degree}: must be above 0, up to n_banks - 1")
    if not 0.0 <= size_spread <= 3.0:
        faults.append(f"size_spread = {size_spread}: must be from 0 to 3")
    if faults:
        raise InvalidInput("no banks can be drawn:", *(f"  {fault}" for fault in faults))
    rng = np.random.Generator(np.random.PCG64(np.random.SeedSequence(seed)))
    size = np.exp(size_spread * rng.standard_normal(n_banks))
    weight = np.outer(size, size) / size.mean() ** 2
    linked = rng.random((n_banks, n_banks)) < mean_degree / (n_banks - 1) * weight
    np.fill_diagonal(linked, False)
    claims = np.where(linked, weight, 0.0)
    lent, owed = claims.sum(axis=1), claims.sum(axis=0)
    alone = np.maximum(lent, owed) == 0.0
    total = np.where(alone, 1.0, np.maximum(lent, owed)) / INTERBANK_SHARE
    equity = rng.uniform(*CAPITAL_RATIO, n_banks) * total
    return Banks(claims, total - lent, total - equity - owed, equity)


def two_panels(title: str, caption: str, headers: Sequence[str]) -> tuple[Figure, list[Axes]]:
    """A figure of two panels side by side, each under its header; use inside `house_style`."""
    boxes = [(_LEFT + place * (_WIDTH + _GAP), _WIDTH) for place in range(len(headers))]
    figure, drawn = panels(title, caption, boxes)
    for axes, header in zip(drawn, headers, strict=True):
        write_header(axes, header)
    return figure, drawn
