"""Published models restated on our own kernels, one file per paper.

Each file is a thin statement of the paper and ends in its `PAPER`: what the paper claims, its table
from our kernels, the numbers that the table must show, and its figure.
"""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches
from importlib import import_module

from abm.errors import InvalidInput
from abm.literature.paper import Comparison, Paper, Tick, silent

__all__ = ["Comparison", "Paper", "Tick", "find_papers", "papers", "silent"]

#: Files of this room, in the order in which a student would read them.
_FILES: tuple[str, ...] = (
    "worked_examples",
    "brunnermeier_pedersen",
    "thurner",
    "greenwood",
    "cont_schaanning",
    "caccioli",
    "square_root",
    "plantin_shin",
    "brunnermeier_nagel_pedersen",
)


def papers() -> list[Paper]:
    """All papers, in the order in which a student would read them."""
    return [import_module(f"abm.literature.{file}").PAPER for file in _FILES]


def find_papers(names: Iterable[str]) -> list[Paper]:
    """The papers of these names; InvalidInput says which there are not, and the nearest."""
    known = {paper.name: paper for paper in papers()}
    wanted = list(dict.fromkeys(names))
    faults = []
    for name in wanted:
        if name not in known:
            near = get_close_matches(name, known, n=1)
            hint = f"did you mean {near[0]}?" if near else f"known are {', '.join(known)}"
            faults.append(f"no paper {name!r}; {hint}")
    if faults:
        raise InvalidInput("\n".join(faults))
    return [known[name] for name in wanted]
