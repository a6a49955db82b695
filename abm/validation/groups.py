"""All groups of claims, in the order of the table."""

from __future__ import annotations

from collections.abc import Iterable

from abm.errors import InvalidInput
from abm.scenario.checks import nearest
from abm.validation import (
    august,
    carry,
    conservation,
    order,
    published,
    signs,
    statics,
    undisturbed,
)
from abm.validation.claims import Group

GROUPS: tuple[Group, ...] = (
    conservation.GROUP,
    published.GROUP,
    undisturbed.GROUP,
    august.GROUP,
    signs.GROUP,
    carry.GROUP,
    order.GROUP,
    statics.GROUP,
)


def find_groups(names: Iterable[str]) -> tuple[Group, ...]:
    """Groups by name, in the order of the table; all of them without a name.

    Raises InvalidInput with every name that is none.
    """
    wanted = list(names)
    known = [group.name for group in GROUPS]
    faults = []
    for name in wanted:
        if name not in known:
            hint = nearest(name, known)
            told = hint if hint else f"there are {', '.join(known)}"
            faults.append(f"no group of claims is called {name!r}; {told}")
    if faults:
        raise InvalidInput(*faults)
    return tuple(group for group in GROUPS if not wanted or group.name in wanted)
