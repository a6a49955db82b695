"""Yen carry-trade unwinds, simulated: absorbed, leaking out over weeks, or breaking the dam.

>>> import abm
>>> scenario = abm.load_scenario("hike").with_changes({"shock.surprise_bp": 50})
>>> c = abm.cascade(scenario, rng=7)  # the run, and counterfactual runs without the shock
>>> c["class"], round(c["peak_yen_appreciation"], 2), round(c["unwound_5d"], 2)
('dam break', 0.27, 0.95)
>>> c.run.days["log_JPY"].idxmax()  # day of the yen's peak, from a pandas table
2

The names below are the front door; what they take and give is in the rooms behind it:

* `abm.scenario`: what may be chosen, and how to change it (`abm.scenario.Scenario.with_changes`);
* `abm.runs`: what a run gives, `abm.runs.RunResult` and `abm.runs.Cascade`;
* `abm.measures`: what its numbers mean, with their equations;
* `abm.agents`: who trades, as Mesa agents; `abm.agents.PythonAgent` is a trader of your own;
* `abm.sweep`: thousands of runs, called as `abm.sweep("mine.toml")`; `abm.compare` is one of two
  scenarios on the same draws;
* `abm.attribution`: what each channel and each scripted event added to a number of the cascade;
* `abm.stress`: your own portfolio through the simulated unwinds, `abm.stress.run("mine.csv", …)`;
* `abm.calibration`: parameters fitted to moments of the record, `abm.calibrate("study.toml")`;
* `abm.validation`: what is asked of the model, and what it holds, `abm.validate()`;
* `abm.carry`, `abm.market`, `abm.contagion`: one trade, one clearing, one network, by themselves;
* `abm.literature`: papers restated on the same kernels;
* `abm.errors`: every way to be told no.

The model in words, with its equations, parameters and tables: `abm/ODD.md`, which every result
folder holds too. Scenarios to start from: `configs/`, or `unwind scenarios`. One file for each
question: `experiments/`.

Logs are natural, shares fractions, rates per year, money in billions of dollars (`_usd_bn`). Each
name is loaded on first use, so that `import abm` costs next to nothing.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from abm.calibration import calibrate
    from abm.contagion import clear_interbank, debtrank, threshold_cascade
    from abm.model import CarryUnwindModel
    from abm.runs import cascade, load_result, run
    from abm.scenario import list_scenarios, load_scenario
    from abm.sweep import compare, load_sweep, sweep
    from abm.validation import validate
    from abm.version import __version__

__all__ = [
    "CarryUnwindModel",
    "__version__",
    "calibrate",
    "cascade",
    "clear_interbank",
    "compare",
    "debtrank",
    "list_scenarios",
    "load_result",
    "load_scenario",
    "load_sweep",
    "run",
    "sweep",
    "threshold_cascade",
    "validate",
]

_ROOM_OF = {
    "CarryUnwindModel": "abm.model",
    "__version__": "abm.version",
    "calibrate": "abm.calibration",
    "cascade": "abm.runs",
    "clear_interbank": "abm.contagion",
    "compare": "abm.sweep",
    "debtrank": "abm.contagion",
    "list_scenarios": "abm.scenario",
    "load_result": "abm.runs",
    "load_scenario": "abm.scenario",
    "load_sweep": "abm.sweep",
    "run": "abm.runs",
    "stress": "abm.stress",  # a room: `import abm` is enough for `abm.stress.run`
    "sweep": "abm.sweep",
    "threshold_cascade": "abm.contagion",
    "validate": "abm.validation",
}


def __getattr__(name: str) -> Any:
    """Load a name of the front door on first use (PEP 562)."""
    if name not in _ROOM_OF:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    room = import_module(_ROOM_OF[name])
    value = room if room.__name__ == f"abm.{name}" else getattr(room, name)  # sweep is both
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    """Names a reader can complete, loaded or not."""
    return sorted({*globals(), *__all__})
