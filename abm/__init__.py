"""Yen carry-trade unwinds, simulated: `abm.run(abm.load_scenario("august-2024"), rng=7)`.

The names below are the front door. Each is loaded when it is first asked for, so that
`import abm` costs next to nothing.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from abm.contagion import clear_interbank, debtrank, threshold_cascade
    from abm.model import CarryUnwindModel
    from abm.runs import cascade, load_result, run
    from abm.scenario import list_scenarios, load_scenario
    from abm.sweep import load_sweep, sweep

__version__ = "0.1.0"

__all__ = [
    "CarryUnwindModel",
    "__version__",
    "cascade",
    "clear_interbank",
    "debtrank",
    "list_scenarios",
    "load_result",
    "load_scenario",
    "load_sweep",
    "run",
    "sweep",
    "threshold_cascade",
]

_ROOM_OF = {
    "CarryUnwindModel": "abm.model",
    "cascade": "abm.runs",
    "clear_interbank": "abm.contagion",
    "debtrank": "abm.contagion",
    "list_scenarios": "abm.scenario",
    "load_result": "abm.runs",
    "load_scenario": "abm.scenario",
    "load_sweep": "abm.sweep",
    "run": "abm.runs",
    "sweep": "abm.sweep",
    "threshold_cascade": "abm.contagion",
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
