"""A group of institutions of one kind: columns of what they are and what they open with."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import accumulate
from typing import Any

import numpy as np

from abm.kernels.state import (
    DEPOSIT_INSURANCE,
    HOLDINGS,
    KIND_NAMES,
    N_KINDS,
    NO_CALL,
    NOT_COUNTED,
)

Array = np.ndarray

# A group's columns by their type, as rows of its blocks. What one kind alone has is 0 for others.
NUMBERS = (
    "cash", "wealth", "gross_weight", "risk_aversion", "long_run_variance", "asset_variance",
    "loan_covariance", "loan_variance", "concentration", "size_usd_bn", "target_volatility",
    "leverage_cap", "loss_cut", "loan_to_value", "loan_to_value_limit", "close_factor",
    "liquidation_penalty", "dust_share", "relever_band", "relever_speed", "hedge_trigger",
    "loan_units",
)  # fmt: skip
# Traits: as little as can be, until an actor's file says more.
WHOLE_AT_FIRST = {
    "owner": -1,
    "call_rule": NO_CALL,
    "sale_rule": HOLDINGS,
    "grace_days": 0,  # to meet a margin call
    "suspended_days_after_failure": 0,
    "loss_account": DEPOSIT_INSURANCE,
    "carry_short": NOT_COUNTED,
}
FLAGS = (
    "resident",
    "has_margin_account",  # a prime broker of its may call margin
    "has_maintenance_cap",  # brokers lend up to its cap at most
    "takes_subscriptions",
    "hedges_quote_currency",  # sells it forward with an asset
    "uses_slow_filter",  # of the trend
)
_PLACES = {
    name: (block, row - len(names))  # from the end: weights and units come first
    for block, names in (("numbers", NUMBERS), ("whole", WHOLE_AT_FIRST), ("flags", FLAGS))
    for row, name in enumerate(names)
}
_WHOLE_AT_FIRST = np.array(list(WHOLE_AT_FIRST.values()), np.int64)[:, None]
# Who lends to a group where the scenario draws its lenders.
NO_LENDER, PRIME_BROKERS, CLIENT_BANK = "none", "prime brokers", "client bank"


@dataclass
class Group:
    """Institutions of one kind: columns of what they are and of what they open with.

    Columns of a type are rows of one block, so that all groups are put together block by block.
    """

    kind: str
    n: int
    n_instruments: int
    style: list[str] = field(default_factory=list)
    lender: str = NO_LENDER

    def __post_init__(self) -> None:
        n, k = self.n, self.n_instruments
        self.style = self.style or [""] * n
        self.numbers = np.zeros((2 * k + len(NUMBERS), n))
        self.whole = np.repeat(_WHOLE_AT_FIRST, n, axis=1)
        self.flags = np.zeros((len(FLAGS), n), np.uint8)
        self.weights, self.units = self.numbers[:k], self.numbers[k : 2 * k]
        self.risk_aversion[:] = 1.0
        self.leverage_cap[:] = np.inf

    def copy(self) -> Group:
        """The same institutions on columns of their own."""
        other = Group(self.kind, self.n, self.n_instruments, self.style, self.lender)
        for mine, its in zip(self.blocks, other.blocks, strict=True):
            its[:] = mine
        return other

    @property
    def blocks(self) -> tuple[Array, Array, Array]:
        """Columns by their type."""
        return self.numbers, self.whole, self.flags

    def __getattr__(self, name: str) -> Array:
        """A column by its name: a row of its block."""
        if name not in _PLACES:
            raise AttributeError(f"a group has no {name}")
        block, row = _PLACES[name]
        column: Array = getattr(self, block)[row]
        vars(self)[name] = column
        return column

    def set_traits(self, **traits: Any) -> None:
        """Set traits of all rows by name."""
        for name, value in traits.items():
            getattr(self, name)[:] = value

    def hold(self, shares: Array) -> None:
        """Open with these shares of wealth in each instrument, the rest in dollars. (K, n)"""
        self.units[:] = shares * self.wealth
        self.cash[:] = self.wealth - self.units.sum(axis=0)


def count(number: int, scale: float) -> int:
    """Institutions of a group after scaling; a group that exists never vanishes."""
    return max(1, round(number * scale)) if number else 0


def shares_of_number(shares: list[float], n: int) -> list[int]:
    """Whole numbers that sum to n, by largest remainder."""
    exact = np.array(shares) * n
    whole = np.floor(exact + 1e-9).astype(int)
    for index in np.argsort(whole - exact, kind="stable")[: n - whole.sum()]:
        whole[index] += 1
    return [int(w) for w in whole]


def columns_of(numbers: Array, whole: Array, flags: Array, k: int) -> dict[str, Array]:
    """Columns by name, rows of the blocks of their types; of k instruments."""
    return {
        "weights": numbers[:k],
        "units": numbers[k : 2 * k],
        **dict(zip(NUMBERS, numbers[2 * k :], strict=True)),
        **dict(zip(WHOLE_AT_FIRST, whole, strict=True)),
        **dict(zip(FLAGS, flags, strict=True)),
    }


def put_together(groups: list[Group]) -> dict[str, Array]:
    """Columns of all groups by name, in the order of rows."""
    blocks = zip(*(group.blocks for group in groups), strict=True)
    numbers, whole, flags = (np.concatenate(of_type, axis=1) for of_type in blocks)
    return columns_of(numbers, whole, flags, groups[0].n_instruments)


def first_rows(groups: list[Group]) -> Array:
    """Row at which each kind starts, and the end."""
    n = {g.kind: g.n for g in groups}
    numbers = (n.get(kind, 0) for kind in KIND_NAMES[:N_KINDS])
    return np.array([0, *accumulate(numbers)], np.int64)
