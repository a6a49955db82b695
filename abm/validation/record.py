"""Figures of the record: `record.toml`, read once."""

from __future__ import annotations

import tomllib
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple


class Moment(NamedTuple):
    """A moment of a real series and its interval."""

    value: float
    low: float
    high: float


@cache
def record() -> dict[str, Any]:
    """All of the file."""
    return tomllib.loads(Path(__file__).with_suffix(".toml").read_text(encoding="utf-8"))


def moment(series: str, name: str) -> Moment:
    """A moment of a series, as "acf_absolute_5" of "USDJPY"."""
    return Moment(*record()[series][name])
