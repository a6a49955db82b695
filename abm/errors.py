"""The few ways a user can be told no, by name, and the one way a run fails.

Every `UnwindError` is a mistake somebody can put right: the command answers with the message alone
and exit code 2. A `FailedRun` is a run whose numbers cannot be trusted: message alone, exit code 1.
A default of an institution or a market that cannot clear is an outcome of the model and never one
of these.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import groupby


class UnwindError(Exception):
    """Base of every mistake a user can put right."""


class InvalidInput(UnwindError, ValueError):
    """An argument of a function is not what the function can work with."""


class UnreadableFile(UnwindError):
    """A file is missing, is a folder, is not text, or is not what its name promises."""


class OutputRefused(UnwindError):
    """Results cannot be written where they were asked for: the folder holds other things,
    may not be written to, or the disk is full."""


class FailedRun(Exception):
    """A run without a result: its audit exceeds the limit, a table holds a number that is not
    finite, or it ran over its time limit. In a sweep, a failed row; elsewhere raised."""


@dataclass(frozen=True)
class Fault:
    """One thing wrong with what a user chose."""

    where: str
    """Name of the file, or "changes"."""
    key: str
    """Dotted."""
    given: object
    """The value as the user wrote it; `NOT_GIVEN` where nothing was."""
    allowed: str
    """What would do."""
    hint: str = ""
    """The nearest thing that exists."""
    line: int | None = None
    """Where in the file, from 1."""

    def __str__(self) -> str:
        place, reason = self._columns()
        return f"{place}  {reason}"

    def _columns(self) -> tuple[str, str]:
        """What was written, in the shape it was written; and why it will not do."""
        table, _, leaf = self.key.rpartition(".")
        if isinstance(self.given, dict):
            place = f"[{self.key}]"
        else:
            written = leaf if self.given is NOT_GIVEN else f"{leaf} = {show(self.given)}"
            place = f"[{table}] {written}" if table else written
        return place, f"{self.allowed}; {self.hint}" if self.hint else self.allowed


class _NotGiven:
    """The one value of its kind, which pickles as itself."""

    def __repr__(self) -> str:
        return "NOT_GIVEN"

    def __reduce__(self) -> str:
        return "NOT_GIVEN"


NOT_GIVEN = _NotGiven()
"""What `Fault.given` is when the fault is that nothing was given."""


class ScenarioFaults(UnwindError, ValueError):
    """Everything wrong with one scenario (or graph file), found in one pass and said at once."""

    def __init__(self, faults: tuple[Fault, ...] | list[Fault]):
        """All faults at once."""
        self.faults = tuple(faults)
        """In the order in which they were found."""
        super().__init__(self.faults)  # the argument, not the message: so that it pickles

    def __str__(self) -> str:
        blocks = []
        for where, group in groupby(self.faults, key=lambda fault: fault.where):
            faults = list(group)
            count = "1 fault" if len(faults) == 1 else f"{len(faults)} faults"
            blocks.append("\n".join([f"{where}: {count}", *_aligned(faults)]))
        return "\n".join(blocks)


def show(value: object, width: int = 60) -> str:
    """A value as a TOML file would spell it, shortened to `width` characters."""
    if isinstance(value, bool):
        text = str(value).lower()
    elif isinstance(value, str):
        text = f'"{value}"'
    elif isinstance(value, list | tuple):
        text = f"[{', '.join(show(entry) for entry in value)}]"
    else:
        try:
            text = str(value)
        except ValueError:  # Python spells no whole number of more than 4300 digits
            text = "a number of too many digits"
    return text if len(text) <= width else text[: width - 1] + "…"


def _aligned(faults: list[Fault], widest: int = 60) -> list[str]:
    """The lines of one file's faults, reasons in one column."""
    rows = [(_line_of(fault), *fault._columns()) for fault in faults]
    margin = max(len(line) for line, _, _ in rows)
    column = min(widest, max(len(place) for _, place, _ in rows))
    return [f"  {line:<{margin}}{place:<{column}}  {reason}" for line, place, reason in rows]


def _line_of(fault: Fault) -> str:
    return "" if fault.line is None else f"line {fault.line}  "
