"""Small tables of facts, as HTML; whatever stands in them is plain text."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape

from abm.classroom.html import html


def facts(heads: Sequence[str], rows: Iterable[Sequence[str]], n_words: int = 1) -> str:
    """A table whose first `n_words` columns are words and whose others are numbers."""
    return html("widgets/facts.html", heads=heads, rows=rows, n_words=n_words)


def small(text: str) -> str:
    """A remark, small and grey."""
    return f'<p class="help" style="margin-top:6px">{escape(text)}</p>'


def percent(share: float, digits: int = 1) -> str:
    """A share in per cent, with a true minus sign."""
    return f"{100.0 * share:.{digits}f}%".replace("-", "−")


def signed_percent(share: float, digits: int = 1) -> str:
    """A change in per cent, its sign always written."""
    return f"{100.0 * share:+.{digits}f}%".replace("-", "−")
