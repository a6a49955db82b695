"""One run and its counterfactual runs: results, measures, and the folder they are kept in.

`run`, `cascade` and `load_result` are on the front door too (`abm`). The `fast_` functions give
the same scalars without pandas tables, for thousands of runs in a loop of one's own.
"""

from abm.runs.branches import cascade_again, cascade_of
from abm.runs.fast import (
    OutputRequest,
    RunOutput,
    fast_cascade,
    fast_run,
    watched_cascade,
    watched_run,
)
from abm.runs.loading import load_result
from abm.runs.result import Cascade, RunResult
from abm.runs.running import cascade, result_of, run

__all__ = [
    "Cascade",
    "OutputRequest",
    "RunOutput",
    "RunResult",
    "cascade",
    "cascade_again",
    "cascade_of",
    "fast_cascade",
    "fast_run",
    "load_result",
    "result_of",
    "run",
    "watched_cascade",
    "watched_run",
]
