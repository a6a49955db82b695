"""The factors of an experiment and their design: the table `[design]` of an experiment file.

[design]
kind = "latin-hypercube"   # or grid, list, sobol, saltelli, morris, one-at-a-time
n_points = 200

[design.factors]
"funds.leverage_cap" = [2, 4, 7, 10]                        # these values, each as often
"shock.surprise_bp" = { low = 5, high = 50 }                # everything between two ends
"funds.n" = { low = 10, high = 1000, scale = "log", whole = true }
# a factor that applies only where another has some value, and is missing elsewhere:
"margin.kind" = ["volatility", "none"]
"margin.buffer" = { low = 0.8, high = 0.95, when = { "margin.kind" = "volatility" } }
# all of a kind by *, which stands for any part of a key; multiples of what the scenario has by x
"funds.styles.*.leverage" = ["0.8x", "1x", "1.2x"]          # or { low = "0.8x", high = "1.2x" }
# keys that move with a factor: to the same value, or in proportion to what the scenario has
"funds.styles.FXM.yen_share" = { values = [0.2, 0.8], also = ["funds.styles.MA.yen_share"] }
"instruments.JPY.value_depth_usd_bn" = { low = 500, high = 2000,
                                         also = ["instruments.*.value_depth_usd_bn"],
                                         in_proportion = true }   # on one line in TOML 1.0
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from datetime import date
from typing import Annotated, Any, Literal, Self

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    PlainValidator,
    WithJsonSchema,
    model_validator,
)
from pydantic_core import PydanticCustomError

from abm.scenario.fields import AS_TUPLE, FROZEN, Part, Whole, choice, number
from abm.scenario.patterns import multiple_in

Value = int | float | str | bool
IsValue = Callable[[str, Any], bool]
MOST_POINTS = 2**30  # the Sobol' sequence of SciPy has no more
LARGEST_WHOLE = 2**53  # beyond it a float is no longer exact
AS_TABLE = WithJsonSchema({"type": "object"})
AS_LIST = WithJsonSchema({"type": "array", "items": {"type": ["number", "string", "boolean"]}})


def flat(raw: Any) -> Any:
    """Nested tables as values by dotted key: `funds.n = 5` says what `"funds.n" = 5` says."""
    return _by_key(raw, lambda _, value: not isinstance(value, Mapping) or not value)


def flat_factors(raw: Any) -> Any:
    """The same for factors, which may be tables themselves."""
    words = set(Factor.model_fields)
    return _by_key(
        raw,
        lambda key, value: "." in key or not isinstance(value, Mapping) or bool(words & set(value)),
    )


def _by_key(raw: Any, is_value: IsValue) -> Any:
    if not isinstance(raw, Mapping):
        return raw
    pairs = list(_pairs(raw, "", is_value))
    keys = [key for key, _ in pairs]
    twice = sorted(key for key, n in Counter(keys).items() if n > 1)
    if twice:
        raise PydanticCustomError("twice", f"{', '.join(twice)} is given more than once")
    return dict(pairs)


def _pairs(raw: Mapping[str, Any], prefix: str, is_value: IsValue) -> Iterator[tuple[str, Any]]:
    for key, value in raw.items():
        if is_value(key, value):
            yield f"{prefix}{key}", value
        else:
            yield from _pairs(value, f"{prefix}{key}.", is_value)


def scalar(value: Any) -> Value:
    """One value of a factor; a date as the word that a scenario also takes it as."""
    if type(value) is date:
        return value.isoformat()
    if isinstance(value, float) and not math.isfinite(value):
        raise PydanticCustomError("scalar", "must be a finite number")
    if isinstance(value, int) and abs(value) > LARGEST_WHOLE:
        raise PydanticCustomError("scalar", f"must be at most {LARGEST_WHOLE:,}")
    if isinstance(value, bool | int | float | str):
        return value
    raise PydanticCustomError("scalar", "must be a number, a word, a date or true/false")


def sort_of(value: Value) -> str:
    """The sort of a value; sorts do not mix within one factor."""
    if isinstance(value, bool):
        return "true/false"
    return "words" if isinstance(value, str) else "numbers"


def _values(raw: Any) -> tuple[Value, ...]:
    """The values of a factor: at least one, all of one sort, each once."""
    if not isinstance(raw, list | tuple) or not raw:
        raise PydanticCustomError("values", "must be a list of at least one value")
    values = tuple(scalar(value) for value in raw)
    if len({sort_of(value) for value in values}) > 1:
        raise PydanticCustomError("values", "must be all numbers, all words or all true/false")
    if len(set(values)) < len(values):
        twice = next(value for value, n in Counter(values).items() if n > 1)
        raise PydanticCustomError("values", f"must each be given once: {twice} comes again")
    return values


def _conditions(raw: Any) -> dict[str, tuple[Value, ...]]:
    """Values by key; one value needs no list."""
    by_key = flat(raw)
    if not isinstance(by_key, Mapping):
        words = 'must be values by key, as { "margin.kind" = "volatility" }'
        raise PydanticCustomError("when", words)
    return {
        key: _values(value if isinstance(value, list | tuple) else [value])
        for key, value in by_key.items()
    }


def _row(raw: Any) -> dict[str, Value]:
    """One point of a list."""
    by_key = flat(raw)
    if not isinstance(by_key, Mapping) or not by_key:
        raise PydanticCustomError("row", "must be a table of values by key")
    row = {}
    for key, value in by_key.items():
        try:
            row[key] = scalar(value)
        except PydanticCustomError as refused:
            raise PydanticCustomError("row", f"{key} {refused.message()}") from None
    return row


Values = Annotated[tuple[Value, ...], PlainValidator(_values), AS_LIST]
Conditions = Annotated[dict[str, tuple[Value, ...]], PlainValidator(_conditions), FROZEN, AS_TABLE]
Row = Annotated[dict[str, Value], PlainValidator(_row), FROZEN, AS_TABLE]


class Link(Part):
    """The condition under which a factor applies, and the keys that move with it."""

    when: Conditions = choice(
        "the factor applies only where other factors have these values, and is missing elsewhere",
        default={},
        allowed='values by key, as { "margin.kind" = "volatility" }',
    )
    also: Annotated[tuple[str, ...], AS_TUPLE] = choice(
        "keys that take the same value; a * stands for any part of a key",
        default=(),
        allowed="dotted keys",
    )
    in_proportion: bool = choice(
        "the keys of `also` keep their ratio to the factor instead of its value",
        default=False,
        allowed="true or false",
    )

    @model_validator(mode="after")
    def _something_is_in_proportion(self) -> Self:
        if self.in_proportion and not self.also:
            raise PydanticCustomError("link", "in_proportion is about the keys of also: name some")
        return self


class Factor(Link):
    """One key of the scenario and the values it takes: a list, or everything between two ends."""

    values: Values | None = choice("the values it takes", default=None, allowed="a list")
    low: float | None = number("lower end", "-", "experiment", None)
    high: float | None = number("upper end", "-", "experiment", None)
    scale: Literal["linear", "log"] = choice(
        "what is spread evenly from low to high", default="linear", allowed='"linear" or "log"'
    )
    whole: bool = choice("whole numbers from low to high", default=False, allowed="true or false")
    times: bool = choice(
        "the values are multiples of what the scenario has; so they are written as 1.2x",
        default=False,
        allowed="true or false",
    )
    group: str = choice(
        "factors of one group share an index (saltelli, morris)", default="", allowed="a name"
    )

    @model_validator(mode="after")
    def _values_or_ends(self) -> Self:
        faults = list(self._faults())
        if faults:
            raise PydanticCustomError("factor", "; ".join(faults))
        return self

    def _faults(self) -> Iterator[str]:
        ends = (self.low, self.high)
        if self.times and self.in_proportion:
            yield "takes either in_proportion or multiples"
        if self.values is not None:
            if ends != (None, None) or self.whole or self.scale != "linear":
                yield "takes either values, or low and high with their scale and whole"
            elif (self.in_proportion or self.times) and sort_of(self.values[0]) != "numbers":
                yield f"{'in_proportion' if self.in_proportion else 'times'} needs numbers"
        elif self.low is None or self.high is None:
            yield "needs its values: a list, or low and high"
        elif self.low >= self.high:
            yield f"low must be below high, {self.low:g} is not below {self.high:g}"
        elif self.scale == "log" and self.low <= 0:
            yield f"a log scale needs low above 0, not {self.low:g}"
        elif self.whole and not (self.low.is_integer() and self.high.is_integer()):
            yield "low and high must be whole numbers where whole = true"


def from_list(raw: Any) -> Any:
    """`key = [1, 2]` is short for `key = { values = [1, 2] }`, and `"1.2x"` is a multiple."""
    if isinstance(raw, list | tuple):
        return _of_multiples({"values": list(raw)})
    if isinstance(raw, Mapping):
        return _of_multiples(dict(raw))
    if not isinstance(raw, Mapping | Part):
        words = "must be a list of values, or a table with low and high"
        raise PydanticCustomError("factor", words)
    return raw


def _of_multiples(raw: dict[str, Any]) -> dict[str, Any]:
    """Multiples as numbers, and that they are; what is partly so is left for others to refuse."""
    values, ends = raw.get("values"), {name: raw[name] for name in ("low", "high") if name in raw}
    if isinstance(values, list | tuple) and values:
        found = [multiple_in(value) for value in values]
        if None not in found:
            return raw | {"values": found, "times": True}
    elif ends:
        multiples = {name: multiple_in(value) for name, value in ends.items()}
        if None not in multiples.values():
            return raw | multiples | {"times": True}
    return raw


def _listed(factor: Factor) -> Factor:
    if factor.values is None:
        raise PydanticCustomError("factor", "must be a list of values in this kind of design")
    return factor


def _not_empty(factors: dict[str, Any]) -> dict[str, Any]:
    if not factors:
        raise PydanticCustomError("factors", "is empty: name at least one key of the scenario")
    return factors


def _power_of_two(n_points: int) -> int:
    """Only 2^m points of the sequence are balanced."""
    below = 2 ** (n_points.bit_length() - 1)
    if n_points != below:
        words = f"must be a power of two, so that the points are balanced: {below} or {2 * below}"
        raise PydanticCustomError("power", words)
    return n_points


def _even(n_levels: int) -> int:
    """An odd number of levels would not all be reached equally often."""
    if n_levels % 2:
        words = f"must be even, so that each level is as likely: {n_levels - 1} or {n_levels + 1}"
        raise PydanticCustomError("even", words)
    return n_levels


AnyFactor = Annotated[Factor, BeforeValidator(from_list)]
ListedFactor = Annotated[Factor, BeforeValidator(from_list), AfterValidator(_listed)]
FLAT = BeforeValidator(flat_factors)
NOT_EMPTY = AfterValidator(_not_empty)
Factors = Annotated[dict[str, AnyFactor], FLAT, NOT_EMPTY, FROZEN]
ListedFactors = Annotated[dict[str, ListedFactor], FLAT, NOT_EMPTY, FROZEN]
Links = Annotated[dict[str, Link], FLAT, FROZEN]
PowerOfTwo = Annotated[Whole, AfterValidator(_power_of_two)]
Even = Annotated[Whole, AfterValidator(_even)]
VARIED = "what is varied, by dotted key of the scenario"
LISTED = 'lists of values by key, as "funds.leverage_cap" = [2, 4, 7]'
RANGED = 'tables by key, as "funds.leverage_cap" = { low = 2, high = 10 }'


class Grid(Part):
    """Every combination; the last factor changes fastest."""

    kind: Literal["grid"] = "grid"
    factors: ListedFactors = choice(VARIED, allowed=LISTED)


class OneAtATime(Part):
    """The scenario's own values, then each other value of each factor alone."""

    kind: Literal["one-at-a-time"] = "one-at-a-time"
    factors: ListedFactors = choice(VARIED, allowed=LISTED)


class ListOfPoints(Part):
    """Points written out, here or in a CSV file beside the experiment."""

    kind: Literal["list"] = "list"
    points: Annotated[tuple[Row, ...], AS_TUPLE] = choice(
        "the points, values by key", default=(), allowed="tables [[design.points]]"
    )
    file: str = choice(
        "a CSV file with a column for each key, beside the experiment; read when it is loaded",
        default="",
        allowed="a path",
    )
    factors: Links = choice(
        "when a column applies and what moves with it", default={}, allowed="tables by key"
    )


class LatinHypercube(Part):
    """One point in every slice of every factor, scrambled."""

    kind: Literal["latin-hypercube"] = "latin-hypercube"
    n_points: Whole = number("points", "points", "experiment", ge=2, le=MOST_POINTS)
    factors: Factors = choice(VARIED, allowed=RANGED)


class SobolSequence(Part):
    """Points that fill the space evenly: a scrambled Sobol' sequence."""

    kind: Literal["sobol"] = "sobol"
    n_points: PowerOfTwo = number("points", "points", "experiment", ge=2, le=MOST_POINTS)
    factors: Factors = choice(VARIED, allowed=RANGED)


class Saltelli(Part):
    """The points that Sobol' indices are estimated from."""

    kind: Literal["saltelli"] = "saltelli"
    n_base_points: PowerOfTwo = number(
        "points of the two base samples; the design has k + 2 times as many, or 2k + 2 times",
        "points",
        "experiment",
        ge=2,
        le=MOST_POINTS,
    )
    second_order: bool = choice(
        "also the points for indices of pairs", default=False, allowed="true or false"
    )
    factors: Factors = choice(VARIED, allowed=RANGED)


class Morris(Part):
    """Trajectories on which one factor moves at a time."""

    kind: Literal["morris"] = "morris"
    n_trajectories: Whole = number("trajectories", "trajectories", "experiment", ge=2, le=10**6)
    n_levels: Even = number("levels of each factor", "levels", "SALib", 4, ge=2, le=1000)
    factors: Factors = choice(VARIED, allowed=RANGED)


Design = Annotated[
    Grid | ListOfPoints | LatinHypercube | SobolSequence | Saltelli | Morris | OneAtATime,
    Field(discriminator="kind"),
]
