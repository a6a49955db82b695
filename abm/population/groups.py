"""A group of institutions of one kind: columns of what they are and what they open with."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from abm.kernels.state import (
    DEPOSIT_INSURANCE,
    HOLDINGS,
    KIND_NAMES,
    N_KINDS,
    NO_CALL,
    NOT_COUNTED,
    Mandates,
)

Array = np.ndarray

# Columns of the mandates that are found from all groups together.
_DERIVED = ("first_row", "kind", "opening_wealth")
TERMS = [name for name in Mandates._fields if name not in _DERIVED and not name.endswith("_rows")]
"""Columns of the mandates that a group has; rows with a trait are found once it is drawn."""
# Who lends to a group where the scenario draws its lenders.
NO_LENDER, PRIME_BROKERS, CLIENT_BANK = "none", "prime brokers", "client bank"


@dataclass
class Group:
    """Institutions of one kind: columns of what they are and of what they open with."""

    kind: str
    n: int
    n_instruments: int
    style: list[str] = field(default_factory=list)
    lender: str = NO_LENDER

    def __post_init__(self) -> None:
        n, k = self.n, self.n_instruments
        self.style = self.style or [""] * n
        self.weights = np.zeros((k, n))
        self.units = np.zeros((k, n))
        self.cash = np.zeros(n)
        self.wealth = np.zeros(n)
        self.gross_weight = np.zeros(n)
        self.risk_aversion = np.ones(n)
        self.long_run_variance = np.zeros(n)
        self.asset_variance = np.zeros(n)
        self.loan_covariance = np.zeros(n)
        self.loan_variance = np.zeros(n)
        self.concentration = np.zeros(n)
        self.size_usd_bn = np.zeros(n)
        self.target_volatility = np.zeros(n)
        self.leverage_cap = np.full(n, np.inf)
        self.loss_cut = np.zeros(n)
        self.resident = np.zeros(n, np.uint8)
        self.owner = np.full(n, -1, np.int64)
        self._open_traits()
        self._open_other_terms()

    def _open_traits(self) -> None:
        """Traits by row: as little as can be, until an actor's file says more."""
        n = self.n
        self.has_margin_account = np.zeros(n, np.uint8)  # a prime broker of its may call margin
        self.has_maintenance_cap = np.zeros(n, np.uint8)  # brokers lend up to its cap at most
        self.call_rule = np.full(n, NO_CALL)
        self.sale_rule = np.full(n, HOLDINGS)
        self.grace_days = np.zeros(n, np.int64)  # to meet a margin call
        self.suspended_days_after_failure = np.zeros(n, np.int64)
        self.takes_subscriptions = np.zeros(n, np.uint8)
        self.loss_account = np.full(n, DEPOSIT_INSURANCE)
        self.carry_short = np.full(n, NOT_COUNTED)
        self.hedges_quote_currency = np.zeros(n, np.uint8)  # sells it forward with an asset
        self.uses_slow_filter = np.zeros(n, np.uint8)  # of the trend

    def _open_other_terms(self) -> None:
        """Terms that one kind alone has: zero for all others."""
        for name in TERMS:
            if name not in vars(self):
                setattr(self, name, np.zeros(self.n))

    def set_traits(self, **traits: Any) -> None:
        """Set traits of all rows by name."""
        for name, value in traits.items():
            getattr(self, name)[:] = value

    @property
    def rows_of_kind(self) -> Array:
        """Number of its kind, for every row. (n,)"""
        return np.full(self.n, KIND_NAMES.index(self.kind))

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


def stack(groups: list[Group], attribute: str) -> Any:
    """One column of all groups, in the order of rows."""
    return np.ascontiguousarray(np.concatenate([getattr(g, attribute) for g in groups], axis=-1))


def first_rows(groups: list[Group]) -> Array:
    """Row at which each kind starts, and the end."""
    n = {g.kind: g.n for g in groups}
    return np.cumsum([0] + [n.get(kind, 0) for kind in KIND_NAMES[:N_KINDS]]).astype(np.int64)
