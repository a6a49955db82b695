"""One run and its twins: results, measures, and the folder they are kept in."""

from abm.runs.folder import load_result
from abm.runs.result import Cascade, RunResult
from abm.runs.running import cascade, fast_run, result_of, run

__all__ = ["Cascade", "RunResult", "cascade", "fast_run", "load_result", "result_of", "run"]
