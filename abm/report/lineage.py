"""The events of a run one by one, and what stood behind each: for chronicle and chain alike."""

from __future__ import annotations

from collections import defaultdict
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

from abm.kernels import events
from abm.kernels.state import KIND_NAMES
from abm.measures.table import iso_dates

if TYPE_CHECKING:
    import pandas as pd

FUNDING = "JPY"  # what is owed
CALLS = tuple(events.EVENT_KINDS[kind] for kind in events.CALLS)
CENTRAL_BANK = "central_bank"
# Of these the table does not tell whether they were long or short.
EITHER_WAY = ("trend", "custom")
_PREFIXES = {kind: f"{kind.replace('_', '-')}-" for kind in KIND_NAMES} | {"bank": "bank-"}


class Event(NamedTuple):
    """A row of the table `events`; its columns are described in ODD.md."""

    event: int
    day: int
    date: str  # ISO, or ""
    round: int
    kind: str
    institution: str
    counterparty: str
    instrument: str
    amount_usd_bn: float
    side: str
    cause: int
    share_of_flow: float
    clearing: int
    generation: int


class Lineage:
    """Events by number, and what is asked of them again and again."""

    def __init__(self, events: pd.DataFrame) -> None:
        columns = [
            iso_dates(events[name]) if name == "date" else events[name].tolist()
            for name in Event._fields
        ]
        self.events = list(map(Event._make, zip(*columns, strict=True)))
        self.by_number = {event.event: event for event in self.events}

    def cause(self, event: Event) -> Event | None:
        """Its cause; None for what comes from outside or from before the table."""
        return self.by_number.get(event.cause)

    @cached_property
    def forced_share(self) -> dict[int, float]:
        """Share of a clearing's gross flow that was forced, by the clearing's number."""
        shares: dict[int, float] = defaultdict(float)
        for event in self.events:
            if event.kind == "forced_sale" and event.clearing >= 0:
                shares[event.clearing] += max(0.0, event.share_of_flow)  # NaN: nothing flowed
        return shares

    @cached_property
    def announced(self) -> dict[str, list[Event]]:
        """News, surprises, rate moves and official trades by what they move."""
        found: dict[str, list[Event]] = defaultdict(list)
        for event in self.events:
            if event.kind in ("policy", "news") and event.amount_usd_bn != 0.0:
                found[event.instrument].append(event)
        return found

    @cached_property
    def traded_rounds(self) -> set[tuple[int, int]]:
        """(day, round) of every round with forced trades: a further one has no others."""
        return {(e.day, e.round) for e in self.events if e.kind == "forced_sale"}

    @cached_property
    def losses(self) -> list[Event]:
        """Losses of lenders on clients."""
        return [event for event in self.events if event.kind == "loss"]

    @cached_property
    def runs(self) -> list[Event]:
        """Withdrawals of banks' funding."""
        return [event for event in self.events if event.kind == "bank_run"]

    def announced_for(self, instrument: str, days: range, way: int) -> list[Event]:
        """News and policy of these days that moved an instrument up (1), down (-1), either (0)."""
        return [
            event
            for event in self.announced.get(instrument, ())
            if event.day in days and event.amount_usd_bn * way >= 0.0
        ]


def is_trade(act: Event) -> bool:
    """True if an authority traded in the market, rather than moved a rate."""
    return bool(act.counterparty)


def kind_of(name: str) -> str:
    """Kind of an institution, which its name begins with."""
    return next((kind for kind, start in _PREFIXES.items() if name.startswith(start)), "custom")


def hurting_way(instrument: str, kind: str, funding: str = FUNDING) -> int:
    """Direction of a price that costs them: the funding currency up (1), all else down (-1).

    0 for kinds that may have been long or short.
    """
    if kind in EITHER_WAY:
        return 0
    return 1 if instrument == funding else -1
