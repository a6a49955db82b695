"""Published models restated on our own kernels, one file per paper.

Each file is a thin statement of the paper and ends in its `PAPER`: what the paper claims, its table
from our kernels, the numbers that the table must show, and its figure.
"""

from __future__ import annotations

from difflib import get_close_matches
from importlib import import_module

from abm.errors import InvalidInput
from abm.literature.paper import Comparison, Paper, Tick, silent

__all__ = ["Comparison", "Paper", "Tick", "find_paper", "papers", "silent"]

#: Files of this room, in the order in which a student would read them.
_FILES: tuple[str, ...] = ()


def papers() -> list[Paper]:
    """All papers, in the order in which a student would read them."""
    return [import_module(f"abm.literature.{file}").PAPER for file in _FILES]


def find_paper(name: str) -> Paper:
    """The paper of that name; InvalidInput names the nearest, or all."""
    known = {paper.name: paper for paper in papers()}
    if name in known:
        return known[name]
    near = get_close_matches(name, known, n=1)
    hint = f"did you mean {near[0]}?" if near else f"known are {', '.join(known)}"
    raise InvalidInput(f"no paper {name!r}; {hint}")
