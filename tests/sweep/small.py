"""A sweep of tiny worlds, and functions that a worker can be made to call: all importable there."""

from concurrent.futures import Executor, Future

from abm.sweep.experiment import Experiment
from abm.sweep.work import run_task
from tests.sweep import deeds

POISON = 7  # a row

TINY = {
    "calendar.days": 12,
    "calendar.burn_in_days": 6,
    "calendar.drift_days": 5,
    "population.scale": 0.2,
}


def experiment(**changed) -> Experiment:
    """Two factors, two replicates: 12 runs. Keys are those of an experiment file."""
    raw = {
        "name": "tiny",
        "scenario": "hike",
        "replicates": 2,
        "seed": 5,
        "changes": dict(TINY),
        "design": {
            "kind": "grid",
            "factors": {
                "shock.surprise_bp": [5, 50, 150],
                "funds.leverage_cap": [2.0, 10.0],
            },
        },
        "outputs": {"measure": "run"},
    }
    return Experiment.model_validate(raw | changed)


def factors(**values) -> dict:
    """A grid; dots in keys are double underscores."""
    return {"kind": "grid", "factors": {k.replace("__", "."): v for k, v in values.items()}}


class HereAndNow(Executor):
    """Everything in this process, at once: what does not need another one is tested with it."""

    def submit(self, fn, /, *args, **named):
        future = Future()
        try:
            future.set_result(fn(*args, **named))
        except Exception as bad:
            future.set_exception(bad)
        return future


def dies_at_poison(task):
    if POISON in task.rows:
        deeds.die()
    return run_task(task)


def dies_once(task):
    if POISON in task.rows:
        deeds.die_once()
    return run_task(task)


def dies(task):
    deeds.die()
