"""The few ways a user can be told no, by name, and the one way a run fails; how what a user wrote
is quoted.

Every `UnwindError` is a mistake that a user can put right: the command answers with the message
alone and exit code 2. A `FailedRun` is a run whose numbers cannot be trusted: message alone, exit
code 1. A default of an institution or a market that cannot clear is an outcome of the model and
never one of these.

Keys, names, paths and cells come from files that others wrote. A message quotes them through
`one_line`, so that no character moves the cursor, changes a colour or turns the direction of the
text; and it is of bounded length, whatever it quotes.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from difflib import get_close_matches
from itertools import groupby, islice

MOST_FAULTS = 50  # of one message
LONGEST_LINE = 2000  # characters of one line of a message
LONGEST_KEY = 120
LONGEST_WORD = 100  # for which something near is looked up
MOST_KNOWN = 5000  # names among which it is looked up
# Without a width or a face of their own, though Unicode does not count them as formats.
_INVISIBLE = frozenset(
    "\u034f\u115f\u1160\u17b4\u17b5\u180b\u180c\u180d\u180f\u2800\u3164\uffa0"
) | {chr(code) for code in (*range(0xFE00, 0xFE10), *range(0xE0100, 0xE01F0))}
_SHORT = {"\n": "\\n", "\r": "\\r", "\t": "\\t"}
_WIDE_SPACES = "\u00a0\u2002\u2003\u2007\u2009\u202f\u3000"  # of typeset text, and Japanese


def one_line(text: str, longest: int = LONGEST_LINE) -> str:
    """A text as one line that a terminal shows and does not obey, shortened to `longest`.

    Control characters (C0, DEL, C1), formats (bidirectional, zero-width), lone surrogates,
    separators of lines and code points without a character are spelt as TOML, JSON and Python
    spell them: \\u001b.
    """
    if len(text) > longest:
        text = text[: longest - 1] + "…"
    if text.isascii() and text.isprintable():
        return text
    return "".join(map(_spelt, text))


def _spelt(sign: str) -> str:
    if (sign.isprintable() and sign not in _INVISIBLE) or sign in _WIDE_SPACES:
        return sign
    code = ord(sign)
    return _SHORT.get(sign) or (f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}")


class UnwindError(Exception):
    """Base of every mistake a user can put right. Each argument is one line of the message."""

    def __str__(self) -> str:
        lines = [one_line(str(line)) for line in self.args[: MOST_FAULTS + 1]]
        more = len(self.args) - len(lines)
        return "\n".join([*lines, f"and {more:,} more"] if more else lines)


class InvalidInput(UnwindError, ValueError):
    """An argument of a function is not what the function can work with."""


class UnreadableFile(UnwindError):
    """A file is missing, is a folder, is not text, or is not what its name promises."""


class OutputRefused(UnwindError):
    """Results cannot be written where they should be: the folder holds other things, may not be
    written to, or the disk is full."""


class FailedRun(Exception):
    """A run without a result: its audit exceeds the limit, a table holds a number that is not
    finite, or it ran over its time limit. In a sweep, a failed row; elsewhere raised."""


@dataclass(frozen=True)
class Nearest:
    """The known name nearest to a word, looked up when it is told: most faults never are."""

    word: str
    """As it was written."""
    known: Iterable[str]
    """Names that exist."""
    otherwise: str | Nearest = ""
    """Told where none of them is close."""

    def __str__(self) -> str:
        """ "did you mean …?" where something known is close; otherwise what else there is."""
        close = self._closest()
        return f"did you mean {one_line(close[0], LONGEST_KEY)}?" if close else str(self.otherwise)

    def _closest(self) -> list[str]:
        names = list(islice(self.known, MOST_KNOWN))
        if len(self.word) > LONGEST_WORD:
            return []
        close = get_close_matches(self.word, names, n=1, cutoff=0.55)
        if not close:
            folded = {name.lower(): name for name in names}
            lower = get_close_matches(self.word.lower(), list(folded), n=1, cutoff=0.55)
            close = [folded[name] for name in lower]
        return close


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
    """The allowed values."""
    near: str | Nearest = ""
    """Suggestion of `hint`, computed on first use."""
    line: int | None = None
    """Line in the file, from 1."""

    @property
    def hint(self) -> str:
        """The nearest thing that exists."""
        return str(self.near)

    def __str__(self) -> str:
        place, reason = self.columns()
        return f"{place}  {reason}"

    def columns(self) -> tuple[str, str]:
        """The value as it was written, and the reason it is refused."""
        table, leaf = _told_key(self.key)
        if isinstance(self.given, dict):
            place = f"[{table}.{leaf}]" if table else f"[{leaf}]"
        else:
            written = leaf if self.given is NOT_GIVEN else f"{leaf} = {show(self.given)}"
            place = f"[{table}] {written}" if table else written
        hint = self.hint
        return place, one_line(f"{self.allowed}; {hint}" if hint else self.allowed)


class _NotGiven:
    """The one value of its kind, which pickles as itself."""

    def __repr__(self) -> str:
        return "NOT_GIVEN"

    def __reduce__(self) -> str:
        return "NOT_GIVEN"


NOT_GIVEN = _NotGiven()
"""Value of `Fault.given` where the fault is that nothing was given."""


class ScenarioFaults(UnwindError, ValueError):
    """Everything wrong with one scenario (or graph file), found in one pass and said at once."""

    def __init__(self, faults: tuple[Fault, ...] | list[Fault]):
        """All faults at once."""
        self.faults = tuple(faults)
        """In the order in which they were found."""
        super().__init__(self.faults)  # the argument, not the message: so that it pickles

    def __str__(self) -> str:
        return "\n".join(self._lines())

    def _lines(self) -> Iterator[str]:
        """The first faults under the names of their files, and how many more there are."""
        n_told = n_seen = 0
        for where, group in groupby(self.faults, key=lambda fault: fault.where):
            faults = list(group)
            if n_told == MOST_FAULTS:
                yield f"and {len(self.faults) - n_seen:,} more faults in other files"
                return
            told = faults[: MOST_FAULTS - n_told]
            n_told, n_seen = n_told + len(told), n_seen + len(faults)
            count = "1 fault" if len(faults) == 1 else f"{len(faults):,} faults"
            yield f"{one_line(where)}: {count}"
            yield from _aligned(told)
            if len(told) < len(faults):
                yield f"  and {len(faults) - len(told):,} more"


def show(value: object, width: int = 60) -> str:
    """A value as a TOML file would spell it, on one line, shortened to `width` characters."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        quoted = one_line(value, width)
        text = f'"{quoted}"'
    elif isinstance(value, list | tuple):
        # An entry takes a character and a comma at least.
        text = f"[{', '.join(show(entry) for entry in value[:width])}]"
    elif isinstance(value, dict):
        text = _some_of(value, width)
    else:
        text = one_line(_digits(value), width)
    return text if len(text) <= width else text[: width - 1] + "…"


def _some_of(table: dict[object, object], width: int) -> str:
    """The first entries of a table as Python spells them."""
    pairs = islice(table.items(), width)
    return f"{{{', '.join(f'{_repr(key)}: {_repr(value)}' for key, value in pairs)}}}"


def _repr(value: object) -> str:
    """Strings and numbers; tables within tables are not told."""
    if isinstance(value, dict | list | tuple) and value:
        return "{…}" if isinstance(value, dict) else "[…]"
    return show(value) if not isinstance(value, str) else repr(one_line(value, 60))


def _digits(value: object) -> str:
    try:
        return str(value)
    except ValueError:  # Python spells no whole number of more than 4300 digits
        return "a number of too many digits"


def _told_key(key: str) -> tuple[str, str]:
    """(table, name) of a dotted key; of a long one the first steps and the last."""
    table, _, leaf = key.rpartition(".")
    return one_line(table, LONGEST_KEY), one_line(leaf, LONGEST_KEY)


def _aligned(faults: list[Fault], widest: int = 60) -> list[str]:
    """The lines of one file's faults, reasons in one column."""
    rows = [(_line_of(fault), *fault.columns()) for fault in faults]
    margin = max(len(line) for line, _, _ in rows)
    column = min(widest, max(len(place) for _, place, _ in rows))
    return [f"  {line:<{margin}}{place:<{column}}  {reason}" for line, place, reason in rows]


def _line_of(fault: Fault) -> str:
    return "" if fault.line is None else f"line {fault.line}  "
