"""One round of clearing on plain arrays: the typed face of the clearing kernel.

The trading day uses the same kernel. One share, whose dealers take 100 units per log of price, and
an institution that sells 5 of them whatever the price: it falls by 5 / 100.

>>> none, one = [[0.0]], [1.0]
>>> problem = ClearingProblem(
...     holdings=none, targets=none, orders=[[-5.0]], cash=[10.0], speed=[0.0],
...     resident=[0], quote=[-1], value_held_open=[0.0], value_held=[0.0],
...     value_depth=[0.0], value_capacity=one, value_speed=[0.0], fundamental=[0.0],
...     dealer_held=[0.0], dealer_depth=[100.0], dealer_reference=[0.0],
...     external=[0.0], lower=[-1.0], upper=one, start=[0.0],
... )
>>> cleared = clear_market(problem)
>>> cleared.status, round(float(cleared.log_prices[0]), 9)
('cleared', -0.05)
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import numpy.typing as npt

from abm.errors import InvalidInput
from abm.kernels.behaviours.value_investor import CONT_SCHAANNING, LINEAR, NONE, SQUARE_ROOT, TANH
from abm.kernels.markets.clearing import TOLERANCE, ClearingReport, SolverOptions, clear_round
from abm.kernels.markets.impact import Liquidity, allocate_work
from abm.kernels.markets.one_by_one import clear_one_by_one
from abm.kernels.markets.orders import (
    IN_UNITS,
    OrderBook,
    PriceLimits,
    allocate_orders,
    collect_orders,
    freeze_orders,
)
from abm.numbers import real_array

if TYPE_CHECKING:
    from typing_extensions import TypeAliasType

    # Unlike a plain alias such a type keeps its name in the API pages.
    FloatArray = TypeAliasType("FloatArray", npt.NDArray[np.float64])

LAWS = {
    "tanh": TANH,
    "linear": LINEAR,
    "cont-schaanning": CONT_SCHAANNING,
    "square-root": SQUARE_ROOT,
    "none": NONE,
}
"""Impact laws: units u that value investors hold at z = x - fundamental; numbers are the kernels'.

    tanh              u = -Lambda ub tanh(z / ub)
    linear            u = -Lambda z
    cont-schaanning   u = -Lambda (1 - b) log((e^z - b) / (1 - b)),   b = e^-ub
    square-root       u = -Lambda (z / ub) sqrt(z^2 + eps^2),   eps small beside ub
    none              u = 0

Lambda: `value_depth` [units per log], ub: `value_capacity` [log]. Cont and Schaanning 2017, eq. 13.
"""

IMPACT_MODES = ("simultaneous", "frozen")
"""Modes of ordering: at the prices being found, or at the last ones."""

STATUSES = ("cleared", "limit", "failed")
"""Ends of a round: all clear, some price stands at a limit, no price was found."""

_BY_HOLDING = ("holdings", "targets", "orders")
_BY_INSTITUTION = ("cash", "speed", "resident")


@dataclass(frozen=True, eq=False)
class ClearingProblem:
    """The system of one clearing round.

    Prices are logs: for a currency of USD per unit, for an asset of its price in the currency it
    is quoted in. Institution i orders, in units of instrument k and at prices x,

        d_ik(x) = speed_i (targets_ik max(W_i(x), 0) / X_k - holdings_ik) + orders_ik

    with W_i = cash_i + sum_k holdings_ik X_k [USD bn] and X_k the USD price. A non-resident's order
    in an asset quoted in a currency comes with one for exp(x_k) d_ik units of that currency.
    Residents of instrument 0 pay out of their balance: they order only `orders` in instrument 0.

    Every array is kept as a read-only float64 copy; (N, K) stands for (n_institutions,
    n_instruments).

    Raises
    ------
    InvalidInput
        If a shape, a sign or a number is wrong; the message names every fault.
    """

    holdings: FloatArray
    """(N, K) units held."""
    cash: FloatArray
    """(N,) dollar balance [USD bn]."""
    targets: FloatArray
    """(N, K) shares of wealth wanted."""
    speed: FloatArray
    """(N,) share of the gap to the target closed in this round, 0 to 1."""
    orders: FloatArray
    """(N, K) units ordered whatever the price."""
    resident: FloatArray
    """(N,) 1 for residents of the currency that is instrument 0, who hold and order no asset quoted
    in any other currency than that and USD; 0 for all others."""
    quote: FloatArray
    """(K,) -1 quoted in USD, otherwise the index of the currency. Currencies have -1."""
    value_held_open: FloatArray
    """(K,) units the value investors held at the day's opening."""
    value_held: FloatArray
    """(K,) units the value investors hold now."""
    dealer_held: FloatArray
    """(K,) units the dealers hold."""
    value_depth: FloatArray
    """(K,) Lambda [units per log]."""
    value_capacity: FloatArray
    """(K,) ub [log], above 0."""
    value_speed: FloatArray
    """(K,) share of the gap that value investors trade within the day, 0 to 1."""
    fundamental: FloatArray
    """(K,) log price at which value investors hold nothing."""
    dealer_depth: FloatArray
    """(K,) M [units per log]."""
    dealer_reference: FloatArray
    """(K,) log price at which dealers hold nothing."""
    external: FloatArray
    """(K,) exogenous orders [units]."""
    lower: FloatArray
    """(K,) lower price limit [log]."""
    upper: FloatArray
    """(K,) upper price limit [log]."""
    start: FloatArray
    """(K,) last price [log], from lower to upper."""
    law: str | Sequence[str] = "tanh"
    """Impact law of the value investors (`LAWS`), one for all or one for each instrument."""
    impact_mode: str = "simultaneous"
    """The mode of ordering: at the prices being found, or at those of `start` ("frozen")."""

    def __post_init__(self) -> None:
        arrays = [field.name for field in fields(self) if field.name not in ("law", "impact_mode")]
        faults: list[str] = []
        for name in arrays:
            self._take(name, faults)
        if not faults:
            faults = _shape_faults(self) or _word_faults(self) or _number_faults(self, arrays)
        if faults:
            raise InvalidInput("not a clearing problem:", *(f"  {fault}" for fault in faults))

    def _take(self, name: str, faults: list[str]) -> None:
        """Keep a read-only float64 copy of one argument."""
        try:
            array = real_array(getattr(self, name), may_be_flags=name == "resident")
        except (TypeError, ValueError, OverflowError):
            faults.append(f"{name} must be an array of numbers")
            return
        array.setflags(write=False)
        object.__setattr__(self, name, array)

    @property
    def n_institutions(self) -> int:
        """Number of institutions that order."""
        return int(self.cash.shape[0])

    @property
    def n_instruments(self) -> int:
        """Number of instruments that are priced."""
        return int(self.quote.shape[0])


class MarketClearing(NamedTuple):
    """The result of one round of clearing."""

    log_prices: FloatArray
    """(n_instruments,) prices x; `start` where the round failed."""
    excess: FloatArray
    """(n_instruments,) excess demand F [units]; zero to rounding unless at a limit."""
    status: str
    """The end of the round: "cleared", "limit" (some price is at a limit) or "failed"."""
    iterations: int
    """Steps of the flow and of Newton."""
    residual: float
    """max |clip(x + F/D, lower, upper) - x| [log]; inf where the round failed."""
    feedback_gain: float
    """1 + max Re eig(D^-1 dF/dx) on the instruments within limits; nan without any, or failed."""


def clear_market(problem: ClearingProblem) -> MarketClearing:
    """Prices at which one round of orders clears.

    Finds the rest point of dx/dtau = F(x)/D that is reached first from `start`, within limits:

        F_k = sum_i d_ik + currency legs
              + value_held_open + value_speed (u(x) - value_held_open) - value_held
              - dealer_depth (x - dealer_reference) - dealer_held + external = 0

    and F_k <= 0 at the lower limit, F_k >= 0 at the upper one, with D = value_speed value_depth +
    dealer_depth and u the impact law (`LAWS`).

    Parameters
    ----------
    problem : ClearingProblem
        Orders, liquidity and limits; shapes and units are given there.

    Returns
    -------
    MarketClearing
        A market that could not be cleared ("failed") stays at `start` with no trade: excess 0.

    Notes
    -----
    Explicit flow, Newton polish, certificate of the spectrum: `abm.kernels.markets.clearing`. Where
    several prices clear the market, full Newton steps from `start` may end at another one.
    """
    n = problem.n_instruments
    quote = problem.quote.astype(np.int64)
    traders, limits, options = _order_book(problem), _limits(problem), _options(n)
    prices = np.exp(problem.start + np.where(quote >= 0, problem.start[quote], 0.0))
    orders = allocate_orders(n)
    collect_orders(traders, prices, quote, 0, traders.cash.size, orders)
    if problem.impact_mode == "frozen":
        freeze_orders(orders, quote, limits.start)
    report = clear_round(traders, orders, _liquidity(problem), limits, options, allocate_work(n))
    return _described(options, report)


def clear_apart(problem: ClearingProblem) -> MarketClearing:
    """`clear_market` for very many instruments of which each clears by itself.

    Every order is in units, whatever the price, and every instrument is quoted in USD: no price
    moves another. Each is cleared alone by the same kernel, so that a thousand instruments cost a
    thousand times one, not its square or cube.

    Parameters
    ----------
    problem : ClearingProblem
        With speed 0 everywhere, so that only `orders` and `external` trade, and quote -1.

    Returns
    -------
    MarketClearing
        As from `clear_market`: the worst status and residual of all instruments, their iterations
        together, the largest gain. One that could not be cleared stays at `start` by itself.

    Raises
    ------
    InvalidInput
        If an order depends on a price, or an instrument is quoted in another.
    """
    faults = []
    if (problem.speed != 0.0).any():
        faults.append(f"speed must be 0, up to {problem.speed.max():g} given")
    if (problem.quote != -1.0).any():
        faults.append(f"quote must be -1, up to {problem.quote.max():g} given")
    if faults:
        raise InvalidInput("prices move one another: " + "; ".join(faults))
    ordered, options = problem.orders.sum(axis=0), _options(problem.n_instruments)
    report = clear_one_by_one(
        ordered,
        _liquidity(problem),
        _limits(problem),
        options,
        allocate_orders(1),
        allocate_work(1),
    )
    return _described(options, report)


def _described(options: SolverOptions, report: ClearingReport) -> MarketClearing:
    """The kernel's report, in words."""
    return MarketClearing(
        options.log_price,
        options.excess,
        STATUSES[report.status],
        int(report.iterations),
        float(report.residual),
        float(report.gain),
    )


def _order_book(problem: ClearingProblem) -> OrderBook:
    """Books and intents by instrument: target orders first, frozen orders as rows of their own."""
    shape = (problem.n_instruments, problem.n_institutions)
    targets = problem.targets.T * (problem.speed > 0.0)
    return OrderBook(
        units=np.ascontiguousarray(np.hstack([problem.holdings.T, np.zeros(shape)])),
        cash=np.concatenate([problem.cash, np.zeros(shape[1])]),
        intent=np.ascontiguousarray(np.hstack([targets, problem.orders.T])),
        speed=np.concatenate([problem.speed, np.full(shape[1], IN_UNITS)]),
        resident=np.tile(problem.resident.astype(np.uint8), 2),
    )


def _limits(problem: ClearingProblem) -> PriceLimits:
    """Start and limits of the log prices."""
    quote = problem.quote.astype(np.int64)
    return PriceLimits(quote, problem.lower.copy(), problem.upper.copy(), problem.start.copy())


def _options(n_instruments: int) -> SolverOptions:
    """The tolerance of the day, and room for prices and excess demands."""
    return SolverOptions(TOLERANCE, True, np.empty(n_instruments), np.empty(n_instruments))


def _liquidity(problem: ClearingProblem) -> Liquidity:
    """Value investors, dealers and exogenous orders as the kernel takes them."""
    n = problem.n_instruments
    laws = [problem.law] * n if isinstance(problem.law, str) else problem.law
    names = [field.name for field in fields(problem) if field.name in Liquidity._fields]
    names.remove("law")
    arrays: dict[str, Any] = {name: getattr(problem, name).copy() for name in names}
    no_hedgers = {"hedger_gamma": np.zeros(n), "hedger_order": np.zeros(n)}
    return Liquidity(
        **arrays, **no_hedgers, law=np.array([LAWS[law] for law in laws], dtype=np.int64)
    )


def _shape_faults(problem: ClearingProblem) -> list[str]:
    """Arrays that do not fit `cash` (institutions) and `quote` (instruments)."""
    if problem.cash.ndim != 1 or problem.quote.ndim != 1 or problem.quote.size == 0:
        return ["cash and quote must be one-dimensional, with at least one instrument"]
    faults = []
    for field in fields(problem):
        array = getattr(problem, field.name)
        if not isinstance(array, np.ndarray):
            continue
        wanted: tuple[int, ...] = (problem.n_instruments,)
        if field.name in _BY_HOLDING:
            wanted = (problem.n_institutions, problem.n_instruments)
        elif field.name in _BY_INSTITUTION:
            wanted = (problem.n_institutions,)
        if array.shape != wanted:
            faults.append(f"{field.name} has shape {array.shape}, must be {wanted}")
    return faults


def _number_faults(problem: ClearingProblem, arrays: list[str]) -> list[str]:
    """Numbers that are not finite, of the wrong sign, or at odds with one another."""
    not_finite = [name for name in arrays if not np.isfinite(getattr(problem, name)).all()]
    if not_finite:
        return [f"{name} must be finite" for name in not_finite]
    p = problem
    depth = p.value_depth * p.value_speed * (_law_array(p) != "none") + p.dealer_depth
    checks = {
        "speed must be from 0 to 1": (p.speed >= 0) & (p.speed <= 1),
        "resident must be 0 or 1": np.isin(p.resident, (0, 1)),
        "value_depth must not be negative": p.value_depth >= 0,
        "value_capacity must be positive": p.value_capacity > 0,
        "value_speed must be from 0 to 1": (p.value_speed >= 0) & (p.value_speed <= 1),
        "dealer_depth must not be negative": p.dealer_depth >= 0,
        "some depth is needed: value_speed value_depth + dealer_depth > 0": depth > 0,
        "start must lie within lower and upper": (p.lower <= p.start) & (p.start <= p.upper),
        "quote must be -1 or the index of a currency (whose own quote is -1)": _is_quote(p),
    }
    faults = [_describe(text, good) for text, good in checks.items() if not good.all()]
    if not faults and _residents_abroad(p).any():
        text = "residents must keep to assets quoted in USD or instrument 0"
        faults = [_describe(text, ~_residents_abroad(p))]
    return faults


def _describe(text: str, good: npt.NDArray[np.bool_]) -> str:
    """A fault and where it is."""
    return f"{text} (not so at index {int(np.flatnonzero(~good)[0])})"


def _is_quote(problem: ClearingProblem) -> npt.NDArray[np.bool_]:
    """By instrument: whether its quote currency exists and is a currency."""
    quote = problem.quote
    known = (quote == np.round(quote)) & (quote >= -1) & (quote < quote.size)
    index = np.where(known & (quote >= 0), quote, 0).astype(np.int64)
    is_currency = (quote[index] == -1) & (index != np.arange(quote.size))
    result: npt.NDArray[np.bool_] = known & ((quote == -1) | is_currency)
    return result


def _residents_abroad(problem: ClearingProblem) -> npt.NDArray[np.bool_]:
    """By institution: a resident with an asset quoted in a foreign currency other than USD."""
    abroad = problem.quote > 0
    touched = (problem.holdings != 0) | (problem.targets != 0) | (problem.orders != 0)
    result: npt.NDArray[np.bool_] = (problem.resident == 1) & (touched & abroad).any(axis=1)
    return result


def _law_array(problem: ClearingProblem) -> npt.NDArray[np.str_]:
    """Law of each instrument, or one name for all."""
    try:
        return np.atleast_1d(np.asarray(problem.law, dtype=np.str_))
    except ValueError:  # lists of several lengths
        return np.array([""])


def _word_faults(problem: ClearingProblem) -> list[str]:
    """Names of laws and modes that do not exist."""
    laws = _law_array(problem)
    faults = []
    if not np.isin(laws, list(LAWS)).all():
        faults.append(f"law must be among {', '.join(LAWS)}")
    if not isinstance(problem.law, str) and laws.shape != problem.quote.shape:
        faults.append(f"law must be one name, or {problem.n_instruments} of them")
    if problem.impact_mode not in IMPACT_MODES:
        faults.append(f"impact_mode must be among {', '.join(IMPACT_MODES)}")
    return faults
