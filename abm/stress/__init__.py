"""A user's own portfolio through the simulated unwinds: profit, risk, margin calls, funding.

    if __name__ == "__main__":  # workers are new processes and read the script again
        result = abm.stress.run("portfolio.csv", "august-2024", runs=200)
        result.risk  # value at risk and expected shortfall by horizon, with intervals
        result.split  # profit by source: price, FX, carry, and four parts of funding
        result.save("results/mine")
        abm.stress.reverse(result, 0.20).summary  # which surprise, news and paths lose a fifth

The engine knows nothing of the portfolio: it is valued on paths that are there already.
"""

from abm.stress.answers import Reverse
from abm.stress.cells import CsvFile
from abm.stress.portfolio import Portfolio, read_portfolio
from abm.stress.result import StressResult
from abm.stress.reversing import reverse
from abm.stress.running import run

__all__ = [
    "CsvFile",
    "Portfolio",
    "Reverse",
    "StressResult",
    "read_portfolio",
    "reverse",
    "run",
]
