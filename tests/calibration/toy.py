"""A model whose answer is known: moments linear in two parameters, Gaussian noise by seed."""

import numpy as np

from abm.calibration.problem import Cube, Problem, Range, Simulated
from abm.calibration.reading import study_of

# Columns: a, b. The third moment is the sum of the first two, the fourth sees neither.
GRADIENT = np.array([[1.0, 0.0], [0.0, 2.0], [1.0, 2.0], [0.0, 0.0]])
NOISE = 0.05
TRUTH = np.array([0.3, 0.6])
SE = np.array([0.1, 0.2, 0.1, 0.1])


def noise(seed):
    return NOISE * np.random.default_rng(seed).standard_normal(4)


class Linear:
    """m(θ, seed) = G θ + noise(seed). Fails on the seeds it is told to."""

    def __init__(self, gradient=GRADIENT, fails_on=()):
        self.gradient, self.fails_on, self.n_points = gradient, set(fails_on), 0

    def __call__(self, values, seeds):
        for point, theta in enumerate(values):
            self.n_points += 1
            moments = np.array([self.gradient @ theta + noise(seed) for seed in seeds])
            for row, seed in enumerate(seeds):
                if seed in self.fails_on:
                    moments[row] = np.nan
            error = "it broke" if self.fails_on & set(seeds) else ""
            yield Simulated(point, moments, error)


class Killed(Exception):
    """The end of a session in the middle."""


class Dying(Linear):
    """The same, ended after so many points."""

    def __init__(self, after):
        super().__init__()
        self.after = after

    def __call__(self, values, seeds):
        for done in super().__call__(values, seeds):
            if self.n_points > self.after:
                raise Killed
            yield done


def problem(target=GRADIENT @ TRUTH, se=SE, runs_in_record=(1, 1, 1, 1)):
    cube = Cube([Range("a", 0.0, 1.0, start=0.5), Range("b", 0.0, 1.0)])
    covariance = np.diag(np.asarray(se) ** 2)
    draws = np.random.default_rng(5).standard_normal((2000, 4)) * se
    names = ("m1", "m2", "m3", "m4")
    return Problem(cube, names, np.asarray(target), covariance, draws, np.array(runs_in_record))


def raw_study(**changed):
    """A study of the simulator that is as small as one can be; its parts, to be changed."""
    made = {
        "name": "tiny",
        "scenario": "hike",
        "changes": {
            "calendar.days": 8,
            "calendar.burn_in_days": 6,
            "calendar.drift_days": 5,
            "population.scale": 0.2,
        },
        "parameters": {
            "liquidity.depth_multiple": {"low": 0.5, "high": 2.0, "scale": "log"},
            "funds.styles.*.leverage": {"low": "0.8x", "high": "1.2x"},
        },
        "moments": {
            "yen by day 4": _change("USDJPY", -0.05),
            "Nikkei by day 4": _change("NKY", -0.05),
            "closed": {
                "measure": "short_closed", "start": 0, "end": 5,
                "target": 0.4, "se": 0.1, "source": "made up",
            },
        },
        "seeds": {
            "search": {"first": 1, "n": 3},
            "choice": {"first": 100, "n": 4},
            "report": {"first": 200, "n": 5},
        },
        "search": {"evaluations": 12, "population": 4, "finalists": 2},
        "inference": {"profile_points": 3, "bootstrap": 200},
        "accepted": {"least": 3, "most_tried": 8},
    }  # fmt: skip
    return made | changed


def _change(series, target):
    return {
        "measure": "change", "series": series, "start": 0, "end": 4,
        "target": target, "se": 0.02, "source": "made up",
    }  # fmt: skip


def study(**changed):
    """A study for the toy model: its seeds and settings count, its scenario does not."""
    settings = {
        "search": {"evaluations": 300, "population": 8},
        "inference": {"profile_points": 5, "bootstrap": 2000},
        "accepted": {"least": 20, "most_tried": 100},
        "seeds": {
            "search": {"first": 1, "n": 20},
            "choice": {"first": 100, "n": 20},
            "report": {"first": 200, "n": 100},
        },
    }
    moments = {
        name: {"measure": "mean_short", "target": value, "se": se, "source": "by hand"}
        for name, value, se in zip(("m1", "m2", "m3", "m4"), GRADIENT @ TRUTH, SE, strict=True)
    }
    parameters = {
        "funds.overlap": {"low": 0.0, "high": 1.0},
        "funds.grace_share": {"low": 0.0, "high": 1.0},
    }
    return study_of(raw_study(moments=moments, parameters=parameters) | settings | changed)
