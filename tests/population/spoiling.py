"""Every array of a saved state spoilt: run alone, since a crash takes its process.

Arrays that point at rows are spoilt in every way, each of the others in four, which take turns. A
refusal names ten arrays, so that ten of one harm share a file; what it does not name is tried again
without those that it does, and in the end alone.

Usage: python spoiling.py STATE FOLDER. Prints one JSON line per case: array, harm, outcome, words.
"""

import json
import re
import sys
import warnings
from collections import defaultdict
from pathlib import Path

import numpy as np

from abm.errors import UnreadableFile
from abm.model import CarryUnwindModel
from abm.population import saved

warnings.simplefilter("ignore")


def first_set(array, value):
    spoilt = array.copy()
    spoilt.flat[0] = value
    return spoilt


def everywhere(value):
    return lambda array: np.full_like(array, value)


def largest(array):
    limits = np.finfo if array.dtype.kind == "f" else np.iinfo
    return np.full_like(array, limits(array.dtype).max)


NUMBERS = {
    "nan": lambda a: first_set(a, np.nan),
    "minus infinite": lambda a: first_set(a, -np.inf),
    "infinite": lambda a: first_set(a, np.inf),
}
WHOLE = {
    "a billion": everywhere(10**9),
    "negative": everywhere(-(10**9)),
}
ANY = {
    "another type": lambda a: a.astype(np.float32 if a.dtype.kind == "f" else np.float64),
    "text": lambda a: np.full(a.shape, "x"),
    "another shape": lambda a: np.zeros((*a.shape, 2), a.dtype),
    "one row less": lambda a: a[:-1],
    "missing": lambda a: None,
}


POINTERS = (
    "graph.broker", "graph.broker_start", "market.quote", "mandates.first_row", "mandates.owner",
    "mandates.kind", "record.cause", "opening.broker",
)  # fmt: skip


def in_column(name, value):
    """The same number everywhere in one column of a record."""

    def spoilt(array):
        array = array.copy()
        array[name] = value
        return array

    return spoilt


def harms_of_record(array):
    """Every harm to a record: to the whole, and to each of its columns."""
    harms = dict(ANY) | {"another type": lambda a: np.zeros(len(a))}
    for name in array.dtype.names:
        worst = {"a billion": 10**9, "negative": -(10**9)}
        if array.dtype[name].kind == "f":
            worst |= {"infinite": np.inf}
        harms |= {f"{name} {harm}": in_column(name, value) for harm, value in worst.items()}
    return harms


def harms_of(array):
    """Every harm that can be done to an array of this type."""
    if array.dtype.names:
        return harms_of_record(array)
    if array.dtype.kind == "f":
        return ANY | NUMBERS | WHOLE | {"the largest": largest}
    if array.dtype == np.uint8:
        return ANY | {"the largest": largest}
    return ANY | ({} if array.dtype.kind == "b" else WHOLE | {"the largest": largest})


def harms_in_turn(harms, turn):
    """Four of the harms, from another one on for each array."""
    names = list(harms)
    return [names[(turn + step) % len(names)] for step in range(min(4, len(names)))]


def spoilt_arrays(arrays):
    """By harm: the spoilt array by name, ten at a time."""
    by_harm = defaultdict(dict)
    for turn, (name, array) in enumerate(arrays.items()):
        if name != "description":
            harms = harms_of(array)
            for harm in harms if name in POINTERS else harms_in_turn(harms, turn):
                by_harm[harm][name] = harms[harm](array)
    for harm, spoilt in by_harm.items():
        names = list(spoilt)
        for first in range(0, len(names), saved.MOST_FAULTS):
            yield harm, {name: spoilt[name] for name in names[first : first + saved.MOST_FAULTS]}


def is_named(name, words):
    """True if a refusal says what is wrong with this very array."""
    return re.search(rf"{re.escape(name)} (has (type|shape)|holds|is missing|is not that)", words)


def outcome_of(path):
    try:
        model = CarryUnwindModel.load_state(path)
    except UnreadableFile as refused:
        return "refused", str(refused)
    try:
        model.run()
        model.result()
    except Exception as bad:
        return type(bad).__name__, str(bad)
    return "ran", ""


def remember_the_scenario(read):
    """The reader of a description's scenario, once for all: none is spoilt here."""
    known = {}

    def remembered(described, path):
        text = described["scenario_toml"]
        if text not in known:
            known[text] = read(described, path)
        return known[text]

    return remembered


def main(state, folder):
    saved._scenario_in = remember_the_scenario(saved._scenario_in)
    with np.load(state) as file:
        arrays = dict(file)
    path = Path(folder) / "spoilt.state"

    def tried(harm, spoilt):
        """Outcome and words of a file with these arrays in it."""
        kept = {name: array for name, array in (arrays | spoilt).items() if array is not None}
        with path.open("wb") as file:
            np.savez(file, **kept)
        print(json.dumps((", ".join(spoilt), harm, "about to", "")), flush=True)
        return outcome_of(path)

    def tell(harm, spoilt):
        outcome, words = tried(harm, spoilt)
        named = spoilt if len(spoilt) == 1 else [name for name in spoilt if is_named(name, words)]
        for name in named:
            print(json.dumps((name, harm, outcome, words)), flush=True)
        rest = {name: array for name, array in spoilt.items() if name not in named}
        if named and rest:
            tell(harm, rest)
        elif rest:
            for name, array in rest.items():
                tell(harm, {name: array})

    for harm, spoilt in spoilt_arrays(arrays):
        tell(harm, spoilt)


if __name__ == "__main__":
    main(*sys.argv[1:])
