"""Real numbers among what a user gives, and sums that are the same under any Python.

NumPy reads True as 1, the text "5" as 5, and drops the imaginary part of what is complex: none of
these was meant as an amount of money.
"""

from __future__ import annotations

import operator
from collections.abc import Iterable
from functools import reduce
from typing import Any

import numpy as np
import numpy.typing as npt

_NO_NUMBERS = (bool, np.bool_, str, bytes, bytearray, complex, np.complexfloating)


def real_array(values: Any, *, may_be_flags: bool = False) -> npt.NDArray[np.float64]:
    """A new float64 array of real numbers; True and False are numbers only where flags may stand.

    Raises TypeError for what is none, ValueError and OverflowError as NumPy does.
    """
    if values is None:
        raise TypeError("None is not a number")
    raw = np.asarray(values)
    kind = raw.dtype.kind
    if kind == "O":
        _refuse(raw.flat, may_be_flags)
    elif raw.size and kind not in ("iufb" if may_be_flags else "iuf"):
        raise TypeError(f"{_WORDS.get(kind, 'these')} are not numbers")
    elif isinstance(values, list | tuple):
        _refuse(_flat(values), may_be_flags)
    return np.array(raw, dtype=np.float64, order="C")


def real(value: Any) -> float:
    """One real number. Raises as `real_array` does."""
    array = real_array(value)
    if array.ndim:
        raise TypeError("not one number")
    return array.item()


def is_real(value: Any) -> bool:
    """True if a value is one real number."""
    try:
        real(value)
    except (TypeError, ValueError, OverflowError):
        return False
    return True


def is_whole(value: Any) -> bool:
    """True if a value is one whole number, as positions and counts are."""
    return isinstance(value, int | np.integer) and not isinstance(value, bool)


_WORDS = {"b": "true and false", "c": "complex values", "U": "texts", "S": "texts", "M": "dates"}


def sum_in_turn(values: Iterable[float]) -> float:
    """Sum from left to right; `sum` compensates for rounding from Python 3.12 on."""
    return reduce(operator.add, values, 0.0)


def _refuse(values: Iterable[Any], may_be_flags: bool) -> None:
    """TypeError for the first value that no arithmetic is meant for."""
    for value in values:
        is_flag = isinstance(value, bool | np.bool_)
        if isinstance(value, _NO_NUMBERS) and not (is_flag and may_be_flags):
            raise TypeError(f"{value!r} is not a number")


def _flat(values: Any) -> Iterable[Any]:
    """Entries of nested lists; NumPy has turned True beside numbers into 1."""
    for value in values:
        if isinstance(value, list | tuple):
            yield from _flat(value)
        else:
            yield value
