"""Declaration of a choice: its meaning, label, unit, range and source, in one place, once.

Every number of a scenario is made with `number`, `whole`, `numbers` or one of their relatives, so
that the JSON Schema, the commented template, the parameter table of the ODD and the message about
a bad value all say the same thing.
"""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any, NoReturn, TypeVar

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainValidator,
    WithJsonSchema,
    model_validator,
)
from pydantic.fields import FieldInfo
from pydantic_core import PydanticCustomError, PydanticUndefined

REQUIRED: Any = PydanticUndefined
YEARS = range(1900, 2200)  # the longest run from there, and its burn-in, still have dates
# Least of what has to be above zero. Books are kept to 16 digits of USD bn, over which 1e-300 is a
# hole that whatever is divided by it falls into, and no market, bank or rule has it.
LEAST_USD_BN = 1e-3  # a million dollars: who has less makes no market and lends to no fund
LEAST_SHARE = 1e-3  # a tenth of a percent: less of a share, a limit or a target is none
MOST_DAYS = 100_000  # of an average: 400 years
NAME_PATTERN = r"^[A-Za-z][A-Za-z0-9_]*$"
Item = TypeVar("Item")


class Part(BaseModel):
    """One closed, frozen piece of a scenario."""

    model_config = ConfigDict(
        extra="forbid", frozen=True, strict=True, allow_inf_nan=False, validate_default=True
    )

    @model_validator(mode="before")
    @classmethod
    def _an_empty_table_chooses_nothing(cls, raw: Any) -> Any:
        """A header over nothing but comments leaves the kind that a choice has by default."""
        if not isinstance(raw, dict):
            return raw
        choices = {name for name, field in cls.model_fields.items() if field.discriminator}
        return {k: v for k, v in raw.items() if k not in choices or v != {}}


class Table(dict[str, Item]):
    """A mapping that cannot be written to, so that a frozen scenario is frozen all the way down."""

    def _refuse(self, *_: object, **__: object) -> NoReturn:
        raise TypeError("a scenario is frozen: use scenario.with_changes({key: value})")

    __setitem__ = __delitem__ = _refuse
    clear = pop = popitem = setdefault = update = __ior__ = _refuse

    def __hash__(self) -> int:  # type: ignore[override]
        return hash(tuple(self.items()))

    def __reduce__(self) -> tuple[type, tuple[dict[str, Item]]]:
        return Table, (dict(self),)

    def __copy__(self) -> Table[Item]:
        return self

    def __deepcopy__(self, _: object) -> Table[Item]:
        return self


def _integral(value: object) -> object:
    """4.0 is 4: designs of experiments hand over floats."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _tuple(value: object) -> object:
    return tuple(value) if isinstance(value, list) else value


def _line(text: str) -> str:
    """Text that a terminal prints and does not obey."""
    if text.isprintable():
        return text
    raise PydanticCustomError("line_type", "must be one line of printable text")


def _lines(text: str) -> str:
    """The same for several lines."""
    if all(line.replace("\t", " ").isprintable() for line in text.splitlines()):
        return text
    raise PydanticCustomError("lines_type", "must be printable text")


def _when(value: object) -> int | date:
    """A trading day of the run: its index, or its date."""
    value = _integral(value)
    if type(value) is int or type(value) is date:
        return value
    if isinstance(value, str):
        try:
            return date.fromisoformat(value)
        except ValueError:
            pass
    raise PydanticCustomError("when_type", "must be a day index or a date")


def _calendar_date(value: object) -> date:
    try:
        found = _when(value)
    except PydanticCustomError:
        found = 0
    if isinstance(found, date) and found.year in YEARS:
        return found
    raise PydanticCustomError("date_type", "must be a date")


Whole = Annotated[int, BeforeValidator(_integral)]
Line = Annotated[str, AfterValidator(_line)]
Lines = Annotated[str, AfterValidator(_lines)]
Name = Annotated[str, Field(pattern=NAME_PATTERN)]
When = Annotated[
    int | date,
    PlainValidator(_when),
    WithJsonSchema(
        {"anyOf": [{"type": "integer", "minimum": 0}, {"type": "string", "format": "date"}]}
    ),
]
CalendarDate = Annotated[
    date,
    PlainValidator(_calendar_date),
    WithJsonSchema({"type": "string", "format": "date"}),
]
Share = Annotated[float, Field(ge=0.0, le=1.0)]
SignedShare = Annotated[float, Field(ge=-1.0, le=1.0)]
Positive = Annotated[float, Field(gt=0.0)]
Factor = Annotated[float, Field(ge=1e-3, le=1e3)]
Log = Annotated[float, Field(ge=-2.0, le=2.0)]
LogDeviation = Annotated[float, Field(ge=0.0, le=2.0)]
FROZEN = AfterValidator(Table)
Shares = Annotated[dict[str, Share], FROZEN]
SignedShares = Annotated[dict[str, SignedShare], FROZEN]
Factors = Annotated[dict[str, Factor], FROZEN]
Logs = Annotated[dict[str, Log], FROZEN]
LogDeviations = Annotated[dict[str, LogDeviation], FROZEN]
AS_TUPLE = BeforeValidator(_tuple)
MOST_NAMED = 200  # instruments, styles: matrices of them are factored
AT_MOST_MANY = Field(max_length=MOST_NAMED)


def range_text(
    ge: float | None = None,
    le: float | None = None,
    gt: float | None = None,
    lt: float | None = None,
) -> str:
    """The interval in words: "from 0 to 1", "above 0", "at least 1 and below 2"."""
    if ge is not None and le is not None:
        return f"from {ge:.12g} to {le:.12g}"
    parts = [
        f"{word} {bound:.12g}"
        for word, bound in (("above", gt), ("at least", ge), ("at most", le), ("below", lt))
        if bound is not None
    ]
    return " and ".join(parts) or "any finite number"


def number(
    meaning: str,
    unit: str,
    source: str,
    default: Any = REQUIRED,
    usual: tuple[float, float, float] | None = None,
    *,
    label: str = "",
    **bounds: Any,
) -> Any:
    """A field that holds one number: what it means, [unit], range (ge, le, gt, lt) and source.

    `usual` is what a slider shows of the range: its ends and its step. `label` is its name on a
    figure, in a few words.
    """
    allowed = range_text(**bounds)
    extra: dict[str, Any] = {
        "meaning": meaning,
        "label": label,
        "unit": unit,
        "range": allowed,
        "source": source,
    }
    return Field(
        default,
        description=f"{meaning} [{unit}; {allowed}; {source}]",
        json_schema_extra=extra | ({"usual": list(usual)} if usual else {}),
        **bounds,
    )


def choice(
    meaning: str,
    source: str = "scenario",
    default: Any = REQUIRED,
    unit: str = "-",
    allowed: str = "",
    label: str = "",
) -> Any:
    """A field that is not one number: a word, a table, a list, a part; `allowed` says what may."""
    note = "; ".join(part for part in (unit if unit != "-" else "", allowed, source) if part)
    return Field(
        default,
        description=f"{meaning} [{note}]",
        json_schema_extra={
            "meaning": meaning,
            "label": label,
            "unit": unit,
            "range": allowed,
            "source": source,
        },
    )


def presence() -> Any:
    """Participation of a group, true or false."""
    meaning = "whether they take part; false leaves them out and changes nothing else"
    return choice(meaning, default=True, allowed="true or false", label="present")


def part_of(part: type[Part], meaning: str, *, label: str = "") -> Any:
    """A field that is a part with a default of its own; `label` goes before those of its fields."""
    return Field(default_factory=part, description=meaning, json_schema_extra={"label": label})


def note(field: FieldInfo, which: str) -> str:
    """One note of a field's declaration: `meaning`, `label`, `unit`, `range` or `source`."""
    extra = field.json_schema_extra
    return str(extra.get(which, "")) if isinstance(extra, dict) else ""
