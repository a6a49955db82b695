"""Quick findings of papers, computed once for all tests of them."""

from functools import cache

import pandas as pd

from abm.literature import find_papers


@cache
def findings_and_ticks(name: str) -> tuple[pd.DataFrame, list[tuple[int, int]]]:
    """Quick findings of a paper, and what `tick` was told meanwhile."""
    ticks: list[tuple[int, int]] = []
    (paper,) = find_papers([name])
    return paper.findings(quick=True, tick=lambda *done: ticks.append(done)), ticks
