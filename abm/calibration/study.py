"""A study, as data: parameters with their ranges, moments with their targets, seeds, settings.

[parameters]
"liquidity.depth_multiple" = { low = 0.5, high = 2.0, scale = "log" }
"funds.styles.*.equity_usd_bn" = { low = "0.7x", high = "1.3x" }    # stars and multiples, as --set

[moments."USDJPY 10 Jul to 5 Aug"]
measure = "change"
series = "USDJPY"
start = 2024-07-10
end = 2024-08-05
target = -0.1165
se = 0.021
correlations = []    # of its sampling error with that of each moment above; without it, none
source = "Federal Reserve H.10, 161.73 to 143.95"

[moments."volatility of AUDJPY".record]    # instead of target and se: from a series, by bootstrap
file = "audjpy.csv"
column = "AUDJPY"
block_days = 20

[scenarios.quiet]    # beside the study's own, with its changes and these: same seeds and parameters
scenario = "calm"
changes = { "calendar.days" = 120 }

[moments."kurtosis of USDJPY in quiet half-years"]
scenario = "quiet"
measure = "kurtosis"
series = "USDJPY"
target = 2.07
se = 0.25
runs_in_record = 71    # half-years of which it is the mean
source = "Federal Reserve H.10, 1990 to June 2024"
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import Annotated, Any, Self

import numpy as np
from pydantic import BeforeValidator, model_validator
from pydantic_core import PydanticCustomError

from abm.measures.moments import MOMENTS, Choices
from abm.scenario import Scenario
from abm.scenario.fields import (
    AS_TUPLE,
    FROZEN,
    CalendarDate,
    Part,
    Positive,
    When,
    Whole,
    choice,
    number,
)
from abm.sweep.kinds import FLAT, Factor, LatinHypercube, ListOfPoints, from_list
from abm.sweep.question import LARGEST_SEED, Changes, Question

UNSEEN = {"outputs.feedback_gain_every_days": 0}  # computed for the reader of a run, not its prices


class Parameter(Factor):
    """One key of the scenario, searched from `low` to `high`."""

    @model_validator(mode="after")
    def _has_ends(self) -> Self:
        if self.values is not None or self.whole or self.when or self.group:
            words = "is searched between low and high: takes no values, whole, when or group"
            raise PydanticCustomError("parameter", words)
        return self


class Record(Part):
    """A daily series of closes from which a target and its sampling error are computed."""

    file: str = choice("a CSV file beside the study", allowed="a path")
    column: str = choice("the column of closes", allowed="a name of its header")
    date_column: str = choice("the column of dates", default="date", allowed="a name")
    first: CalendarDate | None = choice("first day", default=None, allowed="a date")
    last: CalendarDate | None = choice("last day", default=None, allowed="a date")
    block_days: Whole = number(
        "length of the blocks of the bootstrap", "days", "calibration", ge=2, le=10_000
    )


class Target(Part):
    """A moment of a run, and its value in the record."""

    scenario: str = choice(
        "of which scenario beside the study's own", default="", allowed="a name of [scenarios]"
    )
    measure: str = choice("which moment", allowed=", ".join(MOMENTS))
    series: str = choice("an instrument or a pair", default="", allowed='as "USDJPY" or "NKY"')
    start: When | None = choice("close from which", default=None, allowed="a day of the run")
    end: When | None = choice("close up to which", default=None, allowed="a day of the run")
    by: When | None = choice("close between the two", default=None, allowed="a day of the run")
    lag: Whole | None = number("lag", "days", "calibration", None, ge=1, le=1000)
    days: Whole | None = number("days after, or of the signal", "days", "calibration", None, ge=1)
    tail_share: float | None = number("tail", "share", "calibration", None, gt=0, le=0.5)
    target: float | None = number("value in the record", "that of the moment", "record", None)
    se: Positive | None = number("its standard error", "that of the moment", "record", None, gt=0)
    correlations: Annotated[tuple[float, ...], AS_TUPLE] = choice(
        "of its sampling error with that of each moment above it",
        default=(),
        allowed="a number for each moment above",
    )
    runs_in_record: Whole = number(
        "runs of which the record's value is the mean", "runs", "record", 1, ge=1, le=100_000
    )
    record: Record | None = choice("a series to compute both from", default=None, allowed="a table")
    source: str = choice("where the value is from", default="", allowed="text")

    @model_validator(mode="after")
    def _is_whole(self) -> Self:
        faults = list(self._faults())
        if faults:
            raise PydanticCustomError("target", "; ".join(faults))
        return self

    def _faults(self) -> Iterator[str]:
        moment = MOMENTS.get(self.measure)
        if moment is None:
            return  # told with its nearest name
        needed = (*moment.needs, *(("series",) if moment.reads != "run" else ()))
        for name in needed:
            if getattr(self, name) in (None, ""):
                yield f"{self.measure} needs {name}"
        for name in ("series", "start", "end", "by", "lag", "days", "tail_share"):
            if getattr(self, name) not in (None, "") and name not in (*needed, *moment.takes):
                yield f"{self.measure} takes no {name}"
        yield from self._faults_of_value(moment.reads)

    def _faults_of_value(self, reads: str) -> Iterator[str]:
        if self.record is None:
            if self.target is None:
                yield "has no target: give target and se, or a record"
            elif self.se is None:
                yield "has a target without its standard error: give se"
            if not self.source:
                yield "needs a source"
        elif self.target is not None or self.se is not None:
            yield "takes target and se, or a record"
        elif self.correlations:
            yield "takes correlations only with target and se"
        elif reads != "returns":
            yield "one event has no block bootstrap: give target and se"
        elif self.record.block_days <= (self.lag or 0):
            yield f"block_days must be above the lag, {self.lag}"


class ScenarioBeside(Part):
    """A scenario beside the study's own, of which moments may be."""

    scenario: str = choice("name of a scenario, or a .toml file beside the study")
    changes: Changes = choice(
        "what is changed in it, after the study's changes",
        default={},
        allowed="values by dotted key",
    )


class Seeds(Part):
    """Seeds of the runs of one stage: `n` whole numbers from `first`."""

    first: Whole = number("first seed", "-", "calibration", ge=0, le=LARGEST_SEED)
    n: Whole = number("seeds, a run each", "runs", "calibration", ge=2, le=100_000)

    @property
    def range(self) -> range:
        """All of them."""
        return range(self.first, self.first + self.n)


class SeedPlan(Part):
    """Seeds by stage. No two stages share one: a search fits the draws that it sees."""

    search: Seeds = choice("of the search", allowed="a table with first and n")
    report: Seeds = choice("of all that is reported", allowed="a table")
    recovery: Seeds = choice(
        "of the synthetic records, one run each",
        default=Seeds(first=900_000_001, n=1000),
        allowed="a table",
    )
    # Last: from here on the name is no longer that of the function.
    choice: Seeds = choice("by which the best points are told apart", allowed="a table")


class Search(Part):
    """The search by CMA-ES: ask and tell on the unit cube of the ranges."""

    evaluations: Whole = number("points tried at most", "points", "calibration", 2000, ge=10)
    population: Whole = number("points in a generation", "points", "calibration", 16, ge=4, le=1000)
    step: float = number("first step", "share of the range", "calibration", 0.25, gt=0, le=1)
    seed: Whole = number("seed of the search itself", "-", "calibration", 1, ge=0, le=LARGEST_SEED)
    finalists: Whole = number(
        "best points run on the seeds of choice", "points", "calibration", 8, ge=1
    )
    most_failed: float = number(
        "share of failed runs beyond which a point is refused",
        "share",
        "calibration",
        0.05,
        ge=0,
        le=1,
    )


class Inference(Part):
    """Settings of standard errors, tests and profiles."""

    step: float = number(
        "step of differences", "share of the range", "calibration", 0.05, gt=0, le=0.5
    )
    profile_points: Whole = number("points of a profile", "points", "calibration", 7, ge=3, le=101)
    profile_rounds: Whole = number(
        "rounds in which each point of a profile begins at its neighbours'",
        "rounds",
        "calibration",
        5,
        ge=0,
        le=100,
    )
    level: float = number("level of tests and profiles", "share", "calibration", 0.95, gt=0.5, lt=1)
    bootstrap: Whole = number("bootstrap samples", "samples", "calibration", 2000, ge=100, le=10**6)


class Accepted(Part):
    """Settings of the accepted set."""

    least: Whole = number("points wanted", "points", "calibration", 20, ge=1, le=10_000)
    most_tried: Whole = number("points tried at most", "points", "calibration", 300, ge=1, le=10**5)

    @model_validator(mode="after")
    def _can_be_reached(self) -> Self:
        if self.least > self.most_tried:
            words = f"wants {self.least} points of at most {self.most_tried} that are tried"
            raise PydanticCustomError("accepted", words)
        return self


class Recovery(Part):
    """Settings of the recovery of planted parameters."""

    records: Whole = number(
        "synthetic records; 0 for none", "records", "calibration", 0, ge=0, le=1000
    )
    evaluations: Whole = number("points tried for each", "points", "calibration", 60, ge=10)


AnyParameter = Annotated[Parameter, BeforeValidator(from_list)]
Parameters = Annotated[dict[str, AnyParameter], FLAT, FROZEN]
Targets = Annotated[dict[str, Target], FROZEN]
ScenariosBeside = Annotated[dict[str, ScenarioBeside], FROZEN]


class Study(Part):
    """A calibration as its file asks for it. Read one with `load_study`."""

    name: str = choice("what it is called", default="untitled", allowed="text")
    scenario: str = choice("name of a scenario, or a .toml file beside the study")
    changes: Changes = choice("what is changed in it", default={}, allowed="values by dotted key")
    scenarios: ScenariosBeside = choice(
        "others of which moments may be", default={}, allowed="tables by name"
    )
    parameters: Parameters = choice(
        "what is searched, by dotted key", allowed="tables by key with low and high"
    )
    moments: Targets = choice("what is fitted", allowed="tables by name")
    seeds: SeedPlan = choice("seeds by stage", allowed="a table")
    search: Search = choice("the search", default=Search(), allowed="a table")
    inference: Inference = choice("standard errors", default=Inference(), allowed="a table")
    accepted: Accepted = choice("the accepted set", default=Accepted(), allowed="a table")
    recovery: Recovery = choice("planted parameters", default=Recovery(), allowed="a table")

    @property
    def question(self) -> Question:
        """Its own scenario and the parameters."""
        return self.questions[""]

    @cached_property
    def questions(self) -> dict[str, Question]:
        """Scenarios with the parameters as those of experiments: one way to set keys.

        Its own is "", the others have their names.
        """
        own = self._question(self.scenario, {})
        others = {n: self._question(one.scenario, one.changes) for n, one in self.scenarios.items()}
        return {"": own, **others}

    def _question(self, scenario: str, changes: Mapping[str, Any]) -> Question:
        return Question(
            name=self.name,
            scenario=scenario,
            replicates=1,
            changes={**self.changes, **changes, **UNSEEN},
            design=LatinHypercube(n_points=2, factors=dict(self.parameters))
            if self.parameters
            else ListOfPoints(),
        )

    @property
    def correlations(self) -> np.ndarray:
        """Correlations of the sampling errors of its moments as they are given, (K, K)."""
        found = np.eye(len(self.moments))
        for k, target in enumerate(self.moments.values()):
            found[k, : len(target.correlations)] = target.correlations
        return np.asarray(found + np.tril(found, -1).T)

    @property
    def base(self) -> Scenario:
        """Its own scenario with the changes."""
        return self.question.base

    def base_of(self, target: Target) -> Scenario:
        """The scenario that a moment is of, with the changes."""
        return self.questions[target.scenario].base

    def model_copy(self, *, update: Mapping[str, Any] | None = None, deep: bool = False) -> Self:
        """A copy that reads its scenarios again."""
        copy = super().model_copy(update=update, deep=deep)
        copy.__dict__.pop("questions", None)
        return copy


def choices_of(target: Target, scenario: Scenario) -> Choices:
    """A target's choices, days as rows of `Closes`. A day that is none of the run is a KeyError."""
    rows = {}
    for name in ("start", "end", "by"):
        when = getattr(target, name)
        if when is not None:
            index = scenario.calendar.day_index(when)
            if index is None:
                raise KeyError(name)
            rows[name] = index + 1
    given = {name: getattr(target, name) for name in ("lag", "days", "tail_share")}
    return Choices(
        series=target.series, **rows, **{k: v for k, v in given.items() if v is not None}
    )
