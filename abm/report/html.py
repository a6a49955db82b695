"""Toolkit of the pages: a template that needs nothing but itself, no network and no script."""

from __future__ import annotations

import base64
import hashlib
import struct
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from abm.words import words

if TYPE_CHECKING:
    from jinja2 import Environment

PAGES = Path(__file__).parent / "pages"
_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_SIZE_AT = 16  # bytes: width and height stand there, each in four
_DOTS_PER_WIDTH = 1.2  # of a figure of 1,200 dots, for a page of about 1,000


class Picture(NamedTuple):
    """A PNG as it stands in the page."""

    base64: str
    alt: str
    caption: str
    width: int
    height: int


def page(template: str, content: Mapping[str, Any], language: str) -> str:
    """A template with its content, every word of a user's escaped."""
    from abm import __version__

    style = _style()
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    return _templates().get_template(template).render(
        **content, language=language, say=words(language), version=__version__,
        style=_safe(style), style_hash=digest,
    )  # fmt: skip


def is_png(content: bytes) -> bool:
    """True if a file begins as a PNG does, size included."""
    return content.startswith(_SIGNATURE) and len(content) > _SIZE_AT + 8


def picture(png: bytes, alt: str, caption: str) -> Picture:
    """A PNG for the page, with the size that it will have there."""
    width, height = struct.unpack(">II", png[_SIZE_AT : _SIZE_AT + 8])
    size = round(width / _DOTS_PER_WIDTH), round(height / _DOTS_PER_WIDTH)
    return Picture(base64.b64encode(png).decode(), alt, caption, *size)


def flat(table: Mapping[str, Any], prefix: str = "") -> list[tuple[str, str]]:
    """A manifest as pairs of dotted key and value."""
    pairs: list[tuple[str, str]] = []
    for name, value in table.items():
        key = f"{prefix}{name}"
        pairs += flat(value, f"{key}.") if isinstance(value, Mapping) else [(key, str(value))]
    return pairs


def breakable(key: str) -> Any:
    """A dotted key that may go on in the next line after each of its words."""
    from markupsafe import Markup, escape

    whole = escape(key)
    return whole.replace(".", Markup(".<wbr>")).replace("_", Markup("_<wbr>"))


def _style() -> str:
    return (PAGES / "page.css").read_text(encoding="utf-8").strip()


def _safe(text: str) -> Any:
    """Our own style sheet, which is not to be escaped: the browser compares its hash."""
    from markupsafe import Markup

    return Markup(text)


@cache
def _templates() -> Environment:
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    templates = Environment(
        loader=FileSystemLoader(PAGES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    templates.filters["breakable"] = breakable
    return templates
