"""Sentences on a sweep, in English alone: how their templates write numbers and names."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np

from abm.figures.sweep_axes import title_words, value_words
from abm.words import counted, is_or_are
from abm.words.templates import ENGLISH, templates

if TYPE_CHECKING:
    from jinja2 import Environment


def lines(template: str, **values: Any) -> Sequence[str]:
    """Each sentence of a template in `abm/words/english/sweep`."""
    told = _environment().get_template(f"sweep/{template}.jinja").render(values)
    return [line.strip() for line in told.split("\n") if line.strip()]


def told(template: str, **values: Any) -> str:
    """The sentences of a template, one after the other."""
    return " ".join(lines(template, **values))


def level(value: Any) -> str:
    """A level of a factor, in a cell or a sentence."""
    if isinstance(value, bool | np.bool_):
        return "true" if value else "false"
    return f"{value:.4g}" if isinstance(value, int | float) else str(value)


@cache
def _environment() -> Environment:
    found = templates(ENGLISH)
    found.filters |= {
        "counted": counted,
        "is_or_are": is_or_are,
        "level": level,
        "title": title_words,
        "at": lambda value, factor: value_words(factor, value),
        "digits": lambda number: f"{number:.3g}",
        "percent": lambda share, decimals=0: f"{share:.{decimals}%}",
    }
    return found
