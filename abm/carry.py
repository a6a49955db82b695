"""The arithmetic of one carry trade.

Borrow the domestic (funding) currency, hold the foreign one, and come back. Spots and forwards
are quoted domestic per foreign: for the yen trade, yen per dollar. Rates are fractions per year.
Every number may also be a NumPy array; arrays broadcast, and the result is then an array.

With S the spot and G = 1 + g what a unit grows to over the holding period (g: `interest`):

    uncovered return    R = (S1 / S0) G_f - G_d - cost
    excess return       R = (S1 / S0) G_f / G_d - 1 - cost      (per unit owed at the end)
    covered forward     F = S0 G(i_d + basis) / G(i_f)          (covered interest parity)
    break-even spot     S1* = S0 (G_d + cost) / G_f             (R = 0)

Without cost and basis the break-even spot is the forward: what a carry trade earns is exactly
the part of the forward discount that the spot does not follow (Fama 1984, JME 14). Hedged through
that forward it earns the basis and nothing else.

A year of yen at 0.5% in dollars at 5%, bought at 150, sold at 147 (more: `unwind literature`):

>>> round(uncovered_return(0.005, 0.05, 1.0, 150.0, 147.0), 6)
0.024
>>> round(break_evens(0.005, 0.05, 1.0, 150.0).depreciation, 6)
0.042857
"""

from types import MappingProxyType
from typing import Any, NamedTuple

import numpy as np

from abm.errors import InvalidInput
from abm.numbers import real_array

DAY_COUNT = MappingProxyType(
    {"USD": 360, "MXN": 360, "EUR": 360, "CHF": 360}
    | {"JPY": 365, "AUD": 365, "NZD": 365, "GBP": 365, "TRY": 365, "BRL": 365}
)
"""Days in the year by which a currency's money market accrues interest (ACT/360 or ACT/365).

Brazil counts 252 business days, for which a year of 365 nights stands here.
"""


class CarryAttribution(NamedTuple):
    """The profit of one carry trade by source [domestic currency]."""

    carry: float
    """Interest earned less interest paid, at an unchanged spot."""
    fx_on_principal: float
    """Effect of the spot on the sum that was invested."""
    fx_on_interest: float
    """Effect of the spot on the interest on it."""
    total: float
    """Their sum."""


class BreakEvens(NamedTuple):
    """Points at which an unhedged carry trade returns zero."""

    spot_end: float
    """End spot [domestic per foreign]."""
    depreciation: float
    """Fall of the foreign currency [share of the opening spot]."""
    rate_domestic: float
    """Funding rate at an unchanged spot [per year]."""
    cost: float
    """All costs at an unchanged spot [share of capital]."""


def year_fraction(days: float, currency: str) -> float:
    """Calendar days as a fraction of the money-market year of `currency` [years].

        T = days / DAY_COUNT[currency]

    Raises InvalidInput for a currency that `DAY_COUNT` lacks and for negative days.
    """
    if not isinstance(currency, str) or currency not in DAY_COUNT:
        known = ", ".join(DAY_COUNT)
        raise InvalidInput(f"no day count for {currency!r}; known are {known}")
    _require_not_negative(days=days)
    return days / DAY_COUNT[currency]


def interest(
    rate: float,
    years: float | None,
    compounding: str = "annual",
    *,
    days: float | None = None,
    basis: float | None = None,
) -> float:
    """Interest on one unit of a currency at `rate` per year [fraction].

        annual: (1 + i)^T - 1      simple: i T      daily: (1 + i / basis)^days - 1

    "daily" compounds over calendar days, as the ledgers of the model do. The others take T in
    years, or, with `years` None, calendar days by the currency's own day count: T = days / basis.

    Parameters
    ----------
    rate : float
        i [per year].
    years : float or None
        T [years]; not used where `compounding` is "daily".
    compounding : {"annual", "simple", "daily"}
        How interest earns interest.
    days, basis : float, by keyword
        Calendar days, and days in the currency's year (`DAY_COUNT`): always for "daily", for the
        others instead of `years`.

    Raises
    ------
    InvalidInput
        If a number is not finite, a period negative, the compounding unknown, "daily" without
        days or basis, the others with both or neither of years and days, or if nothing is left of
        the unit (at -100% a year).
    """
    _require_finite(rate=rate)
    if compounding == "simple":
        held = _years_of(years, days, basis)
        _require_positive(**{"1 + rate x years": 1.0 + rate * held})
        return rate * held
    if compounding == "annual":
        held = _years_of(years, days, basis)
        _require_positive(**{"1 + rate": 1.0 + rate})
        growth: float = (1.0 + rate) ** held
        return growth - 1.0
    if compounding == "daily":
        if days is None or basis is None:
            raise InvalidInput("daily compounding needs days, basis_domestic and basis_foreign")
        _require_not_negative(days=days)
        _require_positive(basis=basis)
        _require_positive(**{"1 + rate / basis": 1.0 + rate / basis})
        growth = (1.0 + rate / basis) ** days
        return growth - 1.0
    raise InvalidInput(f"compounding = {compounding!r}: must be 'annual', 'simple' or 'daily'")


def uncovered_return(
    rate_domestic: float,
    rate_foreign: float,
    years: float | None,
    spot: float,
    spot_end: float,
    cost: float = 0.0,
    compounding: str = "annual",
    *,
    days: float | None = None,
    basis_domestic: float | None = None,
    basis_foreign: float | None = None,
) -> float:
    """Return of an unhedged carry trade on the domestic capital put into it [fraction].

        R = (S1 / S0) G_f - G_d - cost

    Parameters
    ----------
    rate_domestic, rate_foreign : float
        Borrowing and lending rate [per year].
    years : float or None
        Holding period [years]; None where days are given, not used where `compounding` is "daily".
    spot, spot_end : float
        Domestic per foreign currency at the start and at the end.
    cost : float
        All costs of the round trip, as a share of the capital, paid at the end.
    compounding : {"annual", "simple", "daily"}
        See `interest`.
    days, basis_domestic, basis_foreign : float, by keyword
        Calendar days held, and days in each currency's year (`DAY_COUNT`), so that each leg
        accrues by its own day count.

    Raises
    ------
    InvalidInput
        If a number is not finite or a spot not positive, and as `interest` does.
    """
    interest_domestic = interest(rate_domestic, years, compounding, days=days, basis=basis_domestic)
    interest_foreign = interest(rate_foreign, years, compounding, days=days, basis=basis_foreign)
    _require_finite(cost=cost)
    _require_positive(spot=spot, spot_end=spot_end)
    return spot_end / spot * (1.0 + interest_foreign) - (1.0 + interest_domestic) - cost


def excess_return(
    rate_domestic: float,
    rate_foreign: float,
    years: float | None,
    spot: float,
    spot_end: float,
    cost: float = 0.0,
    compounding: str = "annual",
    *,
    days: float | None = None,
    basis_domestic: float | None = None,
    basis_foreign: float | None = None,
) -> float:
    """Return of an unhedged carry trade over funding it, per unit owed at the end [fraction].

        R = (S1 / S0) G_f / G_d - 1 - cost

    What uncovered interest parity sets to zero without cost, and what the founding notes of this
    project call the return. It is `uncovered_return` discounted by the funding rate, the cost
    apart, which is a share of what is owed: (R + cost) G_d is the other before cost. Arguments
    and errors as there.

    Half a year from 5% into 3% at 1.08, out at 1.10, cost 0.2%:

    >>> round(excess_return(0.05, 0.03, 0.5, 1.08, 1.10, 0.002), 10)
    0.0067717056
    """
    interest_domestic = interest(rate_domestic, years, compounding, days=days, basis=basis_domestic)
    interest_foreign = interest(rate_foreign, years, compounding, days=days, basis=basis_foreign)
    _require_finite(cost=cost)
    _require_positive(spot=spot, spot_end=spot_end)
    growth = (1.0 + interest_foreign) / (1.0 + interest_domestic)
    return spot_end / spot * growth - 1.0 - cost


def breakeven_rate(
    rate_domestic: float,
    rate_foreign: float,
    years: float | None,
    spot: float,
    cost: float = 0.0,
    compounding: str = "annual",
    *,
    days: float | None = None,
    basis_domestic: float | None = None,
    basis_foreign: float | None = None,
) -> float:
    """End spot at which the unhedged trade returns zero [domestic per foreign].

        S1* = S0 (G_d + cost) / G_f

    Below S1* the trade has lost money. Arguments and errors as in `uncovered_return`.
    """
    interest_domestic = interest(rate_domestic, years, compounding, days=days, basis=basis_domestic)
    interest_foreign = interest(rate_foreign, years, compounding, days=days, basis=basis_foreign)
    _require_finite(cost=cost)
    _require_positive(spot=spot)
    return spot * (1.0 + interest_domestic + cost) / (1.0 + interest_foreign)


def break_evens(
    rate_domestic: float,
    rate_foreign: float,
    years: float,
    spot: float,
    cost: float = 0.0,
    compounding: str = "annual",
) -> BreakEvens:
    """The spot, the fall, the funding rate and the cost at which the unhedged trade returns zero.

        spot           S1* = S0 (G_d + cost) / G_f          (`breakeven_rate`)
        depreciation   1 - S1* / S0
        funding rate   i_d* with G(i_d*) = G_f - cost       at an unchanged spot
        cost           G_f - G_d                            at an unchanged spot

    The funding rate less the rate now is the hike that eats the carry of a floating loan.
    Arguments and errors as in `uncovered_return`; also InvalidInput for "daily", for a holding
    period of 0, and where the costs leave nothing of the investment.
    """
    _refuse_daily(compounding)
    spot_end = breakeven_rate(rate_domestic, rate_foreign, years, spot, cost, compounding)
    growth = 1.0 + interest(rate_foreign, years, compounding) - cost
    _require_positive(years=years, **{"growth of the investment after cost": growth})
    funding = (growth - 1.0) / years if compounding == "simple" else growth ** (1.0 / years) - 1.0
    carry = uncovered_return(rate_domestic, rate_foreign, years, spot, spot, 0.0, compounding)
    return BreakEvens(spot_end, 1.0 - spot_end / spot, funding, carry)


def covered_forward(
    spot: float,
    rate_domestic: float,
    rate_foreign: float,
    years: float | None,
    basis: float = 0.0,
    compounding: str = "annual",
    *,
    days: float | None = None,
    basis_domestic: float | None = None,
    basis_foreign: float | None = None,
) -> float:
    """Forward by covered interest parity with a cross-currency basis [domestic per foreign].

        F = S0 G(i_d + basis) / G(i_f)

    The basis [per year] sits on the domestic rate: a negative yen basis makes the yen implied by
    swaps cheaper than the yen rate, the forward lower and hedging dollars more expensive (Du,
    Tepper and Verdelhan 2018, JF 73, eq. 2). Days in each currency's year (`basis_domestic`,
    `basis_foreign`) are another thing: with them each leg accrues by its own day count, as the
    market quotes it. Other arguments and errors as in `uncovered_return`; also InvalidInput for
    "daily".

    Ninety-one days of yen (ACT/365) against dollars (ACT/360):

    >>> terms = {"days": 91, "basis_domestic": 365, "basis_foreign": 360}
    >>> round(covered_forward(150.0, 0.0025, 0.053, None, compounding="simple", **terms), 4)
    148.1092
    """
    _refuse_daily(compounding)
    _require_finite(rate_domestic=rate_domestic, basis=basis)
    _require_positive(spot=spot)
    implied = rate_domestic + basis
    interest_implied = interest(implied, years, compounding, days=days, basis=basis_domestic)
    interest_foreign = interest(rate_foreign, years, compounding, days=days, basis=basis_foreign)
    return spot * (1.0 + interest_implied) / (1.0 + interest_foreign)


def covered_return(
    rate_domestic: float,
    rate_foreign: float,
    years: float | None,
    basis: float = 0.0,
    yield_foreign: float | None = None,
    compounding: str = "annual",
    *,
    days: float | None = None,
    basis_domestic: float | None = None,
    basis_foreign: float | None = None,
) -> float:
    """Return of a carry trade sold forward at the start [share of domestic capital].

        R = (F / S0) G(y) - G(i_d)
          = G(i_d + basis) - G(i_d)         where the asset yields the money-market rate, y = i_f

    The spot drops out. Without basis a hedged deposit earns nothing; with a negative one it loses
    the basis. `yield_foreign` [per year] is for other assets: a bond adds its spread over bills,
    y - i_f. Other arguments and errors as in `covered_forward`.
    """
    earned = rate_foreign if yield_foreign is None else yield_foreign
    terms: dict[str, Any] = {
        "compounding": compounding,
        "days": days,
        "basis_domestic": basis_domestic,
        "basis_foreign": basis_foreign,
    }
    forward = covered_forward(1.0, rate_domestic, rate_foreign, years, basis, **terms)
    return uncovered_return(rate_domestic, earned, years, 1.0, forward, **terms)


def net_carry(rate_foreign: float, rate_domestic: float, *costs: float) -> float:
    """Interest differential after costs [per year].

        i_f - i_d - sum of costs          all per year

    Raises InvalidInput for a number that is not finite.
    """
    _require_finite(rate_foreign=rate_foreign, rate_domestic=rate_domestic)
    for cost in costs:
        _require_finite(cost=cost)
    return rate_foreign - rate_domestic - sum(costs)


def attribute_pnl(
    notional_domestic: float,
    rate_domestic: float,
    rate_foreign: float,
    years: float | None,
    spot: float,
    spot_end: float,
    compounding: str = "simple",
    *,
    days: float | None = None,
    basis_domestic: float | None = None,
    basis_foreign: float | None = None,
) -> CarryAttribution:
    """Split the profit of an unhedged carry trade into its causes [domestic currency].

        carry            N (g_f - g_d)          interest at an unchanged spot
        fx on principal  N (S1 / S0 - 1)
        fx on interest   N (S1 / S0 - 1) g_f
        total            their sum = N (S1 / S0 G_f - G_d)

    The total is formed from the parts, in this order, so that they sum to it exactly. A negative
    notional is a short position in the foreign currency: with the dollar as domestic, the yen
    loan of a dollar book. Other arguments and errors as in `uncovered_return`; also InvalidInput
    for "daily".
    """
    _refuse_daily(compounding)
    _require_finite(notional_domestic=notional_domestic)
    _require_positive(spot=spot, spot_end=spot_end)
    interest_domestic = interest(rate_domestic, years, compounding, days=days, basis=basis_domestic)
    interest_foreign = interest(rate_foreign, years, compounding, days=days, basis=basis_foreign)
    spot_return = spot_end / spot - 1.0
    carry = notional_domestic * (interest_foreign - interest_domestic)
    fx_on_principal = notional_domestic * spot_return
    fx_on_interest = notional_domestic * spot_return * interest_foreign
    return CarryAttribution(
        carry, fx_on_principal, fx_on_interest, carry + fx_on_principal + fx_on_interest
    )


def _refuse_daily(compounding: str) -> None:
    if compounding == "daily":
        raise InvalidInput("compounding = 'daily': must be 'annual' or 'simple' here")


def _years_of(years: float | None, days: float | None, basis: float | None) -> float:
    """The holding period in years: as given, or days by the currency's day count."""
    if days is None and basis is None:
        if years is None:
            raise InvalidInput("years = None: must be a number, or days and day counts be given")
        _require_not_negative(years=years)
        return years
    if years is not None:
        raise InvalidInput(f"years = {years} and days = {days}: give one, and None for the other")
    if days is None or basis is None:
        raise InvalidInput("days come with the days in each currency's year (DAY_COUNT)")
    _require_not_negative(days=days)
    _require_positive(basis=basis)
    return days / basis


def _require_finite(**numbers: float) -> None:
    for name, value in numbers.items():
        try:
            # Lists would be repeated and joined by the arithmetic, arrays are calculated with.
            is_finite = not isinstance(value, list | tuple)
            is_finite = is_finite and bool(np.isfinite(real_array(value)).all())
        except (TypeError, ValueError, OverflowError):
            is_finite = False
        if not is_finite:
            raise InvalidInput(f"{name} = {value}: must be a finite number")


def _require_positive(**numbers: float) -> None:
    _require_finite(**numbers)
    for name, value in numbers.items():
        if not np.all(np.asarray(value) > 0.0):
            raise InvalidInput(f"{name} = {value}: must be above 0")


def _require_not_negative(**numbers: float) -> None:
    _require_finite(**numbers)
    for name, value in numbers.items():
        if not np.all(np.asarray(value) >= 0.0):
            raise InvalidInput(f"{name} = {value}: must not be negative")
