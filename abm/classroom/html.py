"""Pieces of the page's HTML: templates beside the tabs, which escape whatever is put into them."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

ROOM = Path(__file__).parent


def html(template: str, **values: Any) -> str:
    """A piece of the page: `template` by its path from the room, as "august/world.html"."""
    return _environment().get_template(template).render(values).strip()


@cache
def _environment() -> Environment:
    return Environment(
        loader=FileSystemLoader(ROOM),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
