"""The question of an experiment, as data: a scenario, its factors, and the outputs to keep."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import Annotated, Any, Literal, NamedTuple, Self

from pydantic import BeforeValidator

from abm.scenario import Scenario, load_scenario, parameter_table
from abm.scenario.fields import AS_TUPLE, FROZEN, Part, Positive, Share, Whole, choice, number
from abm.scenario.patterns import is_pattern, matching, multiplied, named_by
from abm.sweep.kinds import Design, Factor, Link, ListOfPoints, Row, Value, flat

LARGEST_SEED = 10**18 - 1  # fits a 64-bit integer
MOST_REPLICATES = 10**9
MOST_RUNS = 1_000_000
Changes = Annotated[dict[str, Any], BeforeValidator(flat), FROZEN]


class Outputs(Part):
    """The outputs to keep of every run."""

    measure: Literal["cascade", "run"] = choice(
        "cascade: the run and its counterfactual runs; run: the run alone, twice as fast",
        default="cascade",
        allowed='"cascade" or "run"',
    )
    series: Annotated[tuple[str, ...], AS_TUPLE] = choice(
        "columns of the days table that are kept", default=(), allowed="names of columns"
    )
    stride: Whole = number("days from one kept day to the next", "days", "experiment", 1, ge=1)
    events: bool = choice("keep the events table", default=False, allowed="true or false")


class Stop(Part):
    """Conditions that end a sweep before it is complete, or keep it from starting."""

    max_failed: Share = number(
        "share of failed runs beyond which the sweep ends", "share", "experiment", 1.0, ge=0, le=1
    )
    max_hours: Positive | None = number(
        "time after which no run is started", "hours", "experiment", None, gt=0
    )
    max_runs: Whole = number(
        "runs beyond which the sweep is refused", "runs", "experiment", MOST_RUNS, ge=1
    )


class Target(NamedTuple):
    """A key that a factor sets, and its ratio to the factor's value; None sets the value itself."""

    key: str
    ratio: float | None = None


class Question(Part):
    """A scenario, what is varied in it, how often it is run, and what is kept: the data of an
    experiment and what follows from them, yet to be checked against the scenario."""

    name: str = choice("what it is called", default="untitled", allowed="text")
    scenario: str = choice("name of a scenario, or a .toml file beside the experiment")
    replicates: Whole = number(
        "runs at every point, each with its own draws",
        "runs",
        "experiment",
        ge=1,
        le=MOST_REPLICATES,
    )
    seed: Whole = number(
        "random seed, of the design too", "-", "experiment", 0, ge=0, le=LARGEST_SEED
    )
    changes: Changes = choice(
        "what is changed at every point", default={}, allowed="values by dotted key"
    )
    accepted: Annotated[tuple[Row, ...], AS_TUPLE] = choice(
        "accepted points of a calibration, by turns: replicate r is of the world at point r mod n",
        default=(),
        allowed="a CSV file beside the experiment, as a calibration's accepted.csv",
    )
    design: Design = choice("which points are run", allowed="a table with kind and factors")
    outputs: Outputs = choice("what is kept", default=Outputs(), allowed="a table")
    stop: Stop = choice("when it ends early", default=Stop(), allowed="a table")

    @property
    def factor_keys(self) -> tuple[str, ...]:
        """The columns of its points."""
        if isinstance(self.design, ListOfPoints):
            return tuple(dict.fromkeys(key for row in self.design.points for key in row))
        return tuple(self.design.factors)

    @property
    def links(self) -> dict[str, Link]:
        """The condition of each factor, and the keys that move with it."""
        return {key: self.design.factors.get(key, Link()) for key in self.factor_keys}

    @cached_property
    def base(self) -> Scenario:
        """The scenario with `changes`, read once."""
        return load_scenario(self.scenario).with_changes(self.changes, where="changes")

    @cached_property
    def base_values(self) -> dict[str, Any]:
        """The base's value of every key."""
        return {row.key: row.value for row in parameter_table(self.base)}

    @cached_property
    def targets(self) -> dict[str, tuple[Target, ...]]:
        """The keys that each factor sets, its own first."""
        return {key: tuple(self._targets(key, link)) for key, link in self.links.items()}

    def _targets(self, key: str, link: Link) -> Iterator[Target]:
        """Keys and their ratios: of multiples the scenario's own value, None sets what is given."""
        of_multiples = isinstance(link, Factor) and link.times
        for name in self.own_keys(key):
            yield Target(name, self.base_values[self.own_name(name)] if of_multiples else None)
        for name in (*(n for n in link.also if "*" not in n), *self.matches(key)):
            if of_multiples:
                yield Target(name, self.base_values[self.own_name(name)])
            else:
                yield Target(name, self._ratio(name, key) if link.in_proportion else None)

    def _ratio(self, name: str, key: str) -> float:
        ratio: float = self.base_values[self.own_name(name)] / self.base_values[self.own_name(key)]
        return ratio

    def own_keys(self, key: str) -> list[str]:
        """The key of a factor, or all that its pattern stands for."""
        return matching(self.base_values, key) if is_pattern(key) else [key]

    def matches(self, key: str, pattern: str = "") -> list[str]:
        """Keys of the scenario that fit a pattern of a factor's `also`, or any of them."""
        wanted = [pattern] if pattern else [name for name in self.links[key].also if "*" in name]
        found = {name for one in wanted for name in matching(self.base_values, one)}
        others = found - set(self.own_keys(key))
        return [name for name in self.base_values if name in others]

    def start_of(self, key: str) -> Any:
        """The value at which a factor leaves the scenario as it is; None where there is none."""
        factor = self.design.factors.get(key)
        if isinstance(factor, Factor) and factor.times:
            return 1.0
        own = [self.base_values.get(self.own_name(name)) for name in self.own_keys(key)]
        return own[0] if own and all(value == own[0] for value in own) else None

    def own_name(self, key: str) -> str:
        """A key as the scenario spells it: "correlations.AUD-JPY" may be its JPY-AUD."""
        return named_by(key, self.base_values)

    @property
    def n_worlds(self) -> int:
        """Accepted worlds that its replicates take by turns; 1 without them."""
        return max(1, len(self.accepted))

    def in_world(self, replicate: int) -> Self:
        """The same question to the world that a replicate is of; itself where there is but one."""
        return self.worlds[replicate % self.n_worlds] if self.accepted else self

    @cached_property
    def worlds(self) -> tuple[Self, ...]:
        """The question to each accepted world: its changes are made on top of the base."""
        found = []
        for changes in self.accepted:
            world = self.model_copy(update={"accepted": ()})
            world.__dict__["base"] = self.base.with_changes(changes, where="accepted")
            found.append(world)
        return tuple(found)

    def model_copy(self, *, update: Mapping[str, Any] | None = None, deep: bool = False) -> Self:
        """A copy that reads its scenario again."""
        copy = super().model_copy(update=update, deep=deep)
        for name in ("base", "base_values", "targets", "worlds"):
            copy.__dict__.pop(name, None)
        return copy


def scenario_at(experiment: Question, point: Mapping[str, Any], replicate: int = 0) -> Scenario:
    """The scenario at one point, in the world of a replicate: values by factor, None or NaN where
    a factor does not apply."""
    question = experiment.in_world(replicate)
    return question.base.with_changes(changes_at(question, point), where="point")


def changes_at(experiment: Question, point: Mapping[str, Any]) -> dict[str, Any]:
    """The changes of a point, linked keys included."""
    changes: dict[str, Any] = {}
    for key, value in point.items():
        if is_missing(value):
            continue
        for target in experiment.targets.get(key, (Target(key),)):
            changes[target.key] = value if target.ratio is None else multiplied(target.ratio, value)
    return changes


def is_missing(value: Value | None) -> bool:
    """None, or the NaN that stands for it in a table."""
    return value is None or value != value


def series_names(scenario: Scenario) -> list[str]:
    """Columns of the days table that a sweep can keep."""
    # Here, for these bring the compiler: files of experiments are read and checked without it.
    from abm.kernels.record import DAY_COLUMNS
    from abm.runs.tables import (
        ACCOUNT_COLUMNS,
        BASIS_COLUMNS,
        DEPTH,
        FORCED_TYPES,
        OWN_BASIS,
        REPO_COLUMNS,
    )

    prices = [f"{sort}_{k}" for sort in ("log", "fundamental") for k in scenario.instrument_names]
    forced = [f"forced_{name}_usd_bn" for name in FORCED_TYPES]
    basis = scenario.funding.basis
    own = [OWN_BASIS.format(name) for name in basis.currencies] if basis.kind == "market" else []
    absent: tuple[str, ...] = () if basis.kind == "market" else BASIS_COLUMNS
    absent += () if scenario.trader.kind == "account" else ACCOUNT_COLUMNS
    absent += () if scenario.repo.kind != "none" else REPO_COLUMNS
    others = [name for name in DAY_COLUMNS if not name.startswith("forced_") and name not in absent]
    depth = [DEPTH.format(name) for name in scenario.instrument_names]
    return [*others, *own, *forced, *prices, *depth]
