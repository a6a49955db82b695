"""Every array of a saved state spoilt: run alone, since a crash takes its process.

Arrays that point at rows are spoilt in every way, each of the others in four, which take turns.

Usage: python spoiling.py STATE FOLDER. Prints one JSON line per case: array, harm, outcome, words.
"""

import json
import sys
import warnings
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
    for turn, (name, array) in enumerate(arrays.items()):
        if name != "description":
            harms = harms_of(array)
            for harm in harms if name in POINTERS else harms_in_turn(harms, turn):
                yield name, harm, harms[harm](array)


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
    for name, harm, spoilt in spoilt_arrays(arrays):
        kept = {**arrays, name: spoilt}
        if spoilt is None:
            del kept[name]
        with path.open("wb") as file:
            np.savez(file, **kept)
        print(json.dumps((name, harm, "about to", "")), flush=True)
        print(json.dumps((name, harm, *outcome_of(path))), flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
