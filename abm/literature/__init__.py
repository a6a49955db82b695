"""Published models restated on our own kernels, one file per paper.

Each file is a thin statement of the paper and ends in its `PAPER`: what the paper claims, its table
from our kernels, the numbers that the table must show, and its figure.

>>> [paper] = find_papers(["eisenberg-noe"])
>>> table = paper.findings()
>>> all(number.agrees for number in paper.compare(table))
True
"""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches
from importlib import import_module

from abm.errors import InvalidInput
from abm.literature.paper import Comparison, Paper, Tick, silent

__all__ = ["Comparison", "Paper", "Tick", "find_papers", "papers", "silent"]

# Files of this room, in the order in which a student would read them.
_FILES: tuple[str, ...] = (
    "worked_examples",
    "brunnermeier_pedersen",
    "thurner",
    "greenwood",
    "cont_schaanning",
    "caccioli",
    "square_root",
    "eisenberg_noe",
    "rogers_veraart",
    "cifuentes",
    "gai_kapadia",
    "battiston",
    "bardoscia",
    "plantin_shin",
    "brunnermeier_nagel_pedersen",
)


def papers() -> list[Paper]:
    """All papers, in the order in which a student would read them."""
    return [import_module(f"abm.literature.{file}").PAPER for file in _FILES]


def find_papers(names: Iterable[str]) -> list[Paper]:
    """The papers of these names, or of the beginnings of names.

    Raises InvalidInput with every name that is none, or could be several.
    """
    known = {paper.name: paper for paper in papers()}
    found, faults = [], []
    for name in names:
        meant = [name] if name in known else [full for full in known if full.startswith(name)]
        if len(meant) == 1:
            found.append(meant[0])
        elif meant:
            faults.append(f"{name!r} could be {' or '.join(meant)}")
        else:
            near = get_close_matches(name, known, n=1)
            hint = f"did you mean {near[0]}?" if near else f"known are {', '.join(known)}"
            faults.append(f"no paper {name!r}; {hint}")
    if faults:
        raise InvalidInput(*faults)
    return [known[name] for name in dict.fromkeys(found)]
