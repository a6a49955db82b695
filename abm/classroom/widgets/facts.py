"""Small tables of facts, as HTML; whatever stands in them is plain text."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape


def facts(heads: Sequence[str], rows: Iterable[Sequence[str]], n_words: int = 1) -> str:
    """A table whose first `n_words` columns are words and whose others are numbers."""
    head = "".join(_cell("th", text, i >= n_words) for i, text in enumerate(heads))
    body = "".join(
        f"<tr>{''.join(_cell('td', text, i >= n_words) for i, text in enumerate(row))}</tr>"
        for row in rows
    )
    return f'<table class="facts"><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>'


def small(text: str) -> str:
    """A remark, small and grey."""
    return f'<p class="help" style="margin-top:6px">{escape(text)}</p>'


def percent(share: float, digits: int = 1) -> str:
    """A share in per cent, with a true minus sign."""
    return f"{100.0 * share:.{digits}f}%".replace("-", "−")


def signed_percent(share: float, digits: int = 1) -> str:
    """A change in per cent, its sign always written."""
    return f"{100.0 * share:+.{digits}f}%".replace("-", "−")


def _cell(tag: str, text: str, is_number: bool) -> str:
    mark = ' class="n"' if is_number else ""
    return f"<{tag}{mark}>{escape(text)}</{tag}>"
