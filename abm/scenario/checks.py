"""Demands of one part of a scenario on another: names that exist, shares that sum.

A check stands below the part whose keys it names. It reads the parts it asks for and yields faults
with dotted keys. It is run whenever those parts are sound by themselves, so that a fault in one
corner of a file does not hide one in another.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from abm.errors import NOT_GIVEN, Fault, Nearest

SUM_TOLERANCE = 1e-9
Faults = Iterator[Fault]


class Check(NamedTuple):
    needs: tuple[str, ...]
    look: Callable[..., Faults]


class Disagreement(ValueError):
    """Parts of a scenario do not fit one another."""

    def __init__(self, faults: tuple[Fault, ...]):
        self.faults = faults
        super().__init__(faults)


CHECKS: list[Check] = []


def needs(*parts: str) -> Callable[[Callable[..., Faults]], Callable[..., Faults]]:
    """Run a check only where these parts are sound, and hand them over in this order."""

    def register(look: Callable[..., Faults]) -> Callable[..., Faults]:
        CHECKS.append(Check(parts, look))
        return look

    return register


def disagreements(parts: Mapping[str, Any]) -> tuple[Fault, ...]:
    """Every fault between the parts that are there."""
    return tuple(
        fault
        for check in CHECKS
        if all(name in parts for name in check.needs)
        for fault in check.look(*(parts[name] for name in check.needs))
    )


def refuse_disagreement(parts: Mapping[str, Any]) -> None:
    faults = disagreements(parts)
    if faults:
        raise Disagreement(faults)


def nearest(word: str, known: Iterable[str]) -> str:
    """ "did you mean …?" where something known is close; otherwise nothing."""
    return str(Nearest(word, known))


def fault_at(key: str, given: object, allowed: str, hint: str | Nearest = "") -> Fault:
    return Fault("", key, given, allowed, hint)


def unknown_instruments(key: str, names: Iterable[str], known: Iterable[str]) -> Faults:
    known = list(known)
    for name in names:
        if name not in known:
            listed = f"is not an instrument of the scenario ({', '.join(known)})"
            yield fault_at(f"{key}.{name}", NOT_GIVEN, listed, Nearest(name, known))


def funding_and_traded(instruments: Mapping[str, Any]) -> tuple[str, list[str]]:
    """The funding currency, "" where a scenario has none, and the other currencies."""
    names = [name for name, part in instruments.items() if part.kind == "currency"]
    return (names[0] if names else ""), names[1:]


def must_be_one_of(key: str, given: str, known: Iterable[str]) -> Faults:
    """A name among those there are."""
    known = list(known)
    if given not in known:
        yield fault_at(key, given, f"must be one of {', '.join(known)}", Nearest(given, known))


def must_sum_to_one(key: str, shares: Iterable[float], at_most: bool = False) -> Faults:
    total = sum(shares)
    if total > 1 + SUM_TOLERANCE or (not at_most and total < 1 - SUM_TOLERANCE):
        words = "must sum to at most 1" if at_most else "must sum to 1"
        yield fault_at(key, NOT_GIVEN, f"{words}; they sum to {total:.12g}")


def same_length(key: str, given: tuple[Any, ...], wanted: int, of: str) -> Faults:
    if given and len(given) != wanted:
        yield fault_at(key, list(given), f"must be {wanted} numbers, one for each {of}")
