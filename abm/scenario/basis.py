"""The cross-currency basis: what a user may choose of the swap market."""

from __future__ import annotations

from itertools import pairwise
from typing import Annotated, Any, Literal

from pydantic import Field

from abm.errors import NOT_GIVEN, Nearest
from abm.kernels.state import LONGEST_SWAP
from abm.scenario.calendar import must_be_traded
from abm.scenario.checks import Faults, fault_at, funding_and_traded, needs
from abm.scenario.fields import (
    AS_TUPLE,
    AT_MOST_MANY,
    FROZEN,
    LEAST_SHARE,
    MOST_DAYS,
    Name,
    Part,
    When,
    Whole,
    choice,
    number,
    part_of,
)

TRADING_DAY = "a trading day of the run, as index or date"
THREE_MONTHS = 63  # trading days: swaps are dealt for so long, in a shorter run too


class ConstantBasis(Part):
    """The basis is what it is in calm."""

    kind: Literal["constant"] = "constant"


class NoSqueeze(Part):
    """No dollars are hoarded."""

    kind: Literal["none"] = "none"


class GaugedSqueeze(Part):
    """Dollars are hoarded when shares are volatile and have fallen, and the dollar has risen."""

    kind: Literal["gauge"] = "gauge"
    asset: Name = choice(
        "shares whose volatility and fall are the gauge",
        label="shares watched",
        default="SPX",
        allowed="an asset of the scenario",
    )
    volatility_share: float = number(
        "share of their fast volatility in the gauge, the rest is by their fall",
        "share",
        "fitted to the VIX of February to April 2020: .5 errs by 8 points, 0 by 9, 1 by 17",
        0.5,
        label="share of volatility in the gauge",
        ge=0,
        le=1,
    )
    calm_volatility_per_year: float = number(
        "volatility that the gauge reads off closes that have not fallen",
        "per year",
        "VIX of 12 to 17 before nine episodes",
        0.14,
        label="gauge without a fall",
        ge=0,
        le=2,
    )
    fall_weight: float = number(
        "volatility that it adds for a fall from the highest close",
        "per log",
        "median of (highest VIX - 14) over the fall of the S&P 500 in nine episodes",
        2.0,
        label="weight of the fall",
        ge=0,
        le=20,
    )
    fall_days: Whole = number(
        "closes of which the highest counts", "days", "assumed", 20, label="window of the fall",
        ge=1, le=250,
    )  # fmt: skip
    half_life_days: float = number(
        "half-life of the average of the gauge",
        "days",
        "fitted to the three-month yen basis, 2010 to 2025",
        2.0,
        label="half-life of the gauge",
        ge=0.1,
        le=MOST_DAYS,
    )
    threshold: float = number(
        "gauge above which dollars are hoarded",
        "points",
        "fitted to the three-month yen basis, 2010 to 2025",
        28.0,
        label="gauge without a squeeze",
        ge=0,
        le=1000,
    )
    per_point: float = number(
        "dollars hoarded per point above it",
        "of calm demand",
        "fitted to the three-month yen basis, 2010 to 2025",
        0.135,
        label="squeeze per point",
        ge=0,
        le=100,
    )
    full_dollar_rise_log: float = number(
        "rise of the dollar against all other currencies from which all of it is felt",
        "log",
        "fitted to the three-month yen basis, 2010 to 2025",
        0.01,
        label="dollar rise for a full squeeze",
        ge=1e-4,
        le=2,
    )
    dollar_days: Whole = number(
        "days of that rise", "days", "fitted with it", 20, label="window of the dollar's rise",
        ge=1, le=250,
    )  # fmt: skip


class SqueezePoint(Part):
    """Dollars hoarded on one day."""

    name: Name = choice(
        "name by which it is addressed", label="name", allowed="letters, digits and _"
    )
    day: When = choice("when", label="day", unit="day", allowed=TRADING_DAY)
    squeeze: float = number(
        "dollars hoarded", "of calm demand", "scenario", label="squeeze", ge=0, le=1000
    )


class ScriptedSqueeze(Part):
    """Dollars are hoarded as scripted: in straight lines from point to point."""

    kind: Literal["script"] = "script"
    points: Annotated[tuple[SqueezePoint, ...], AS_TUPLE] = choice(
        "the points; none before the first, and the last one's from its day on",
        label="squeeze",
        allowed="a list of tables with name, day, squeeze, in the order of days",
    )


Squeeze = Annotated[NoSqueeze | GaugedSqueeze | ScriptedSqueeze, Field(discriminator="kind")]
OwnSqueeze = Annotated[NoSqueeze | ScriptedSqueeze, Field(discriminator="kind")]
"""Of one currency: the gauge is one of the dollar, and holds for all."""


class CurrencyBasis(Part):
    """Of a traded currency that has a basis of its own: its calm size, demand, hoarding."""

    basis_per_year: float = number(
        "cross-currency basis in calm, as a positive number",
        "per year",
        "scenario",
        label="cross-currency basis",
        ge=1e-5,
        le=0.5,
    )
    demand_usd_bn: float = number(
        "dollars that others borrow by swaps in calm: demand is counted in it",
        "USD bn",
        "scenario",
        label="calm demand for dollars",
        ge=1,
        le=1e5,
    )
    squeeze: OwnSqueeze = part_of(
        NoSqueeze, "dollars hoarded, or sought by who hedges", label="dollar squeeze"
    )


class MarketBasis(Part):
    """The basis is the price of dollars in currency swaps, dealt for three months."""

    kind: Literal["market"] = "market"
    maturity_days: Whole = number(
        "maturity of swaps: 1 / maturity of a book is dealt anew in a day",
        "trading days",
        "three months",
        THREE_MONTHS,
        label="maturity of swaps",
        ge=1,
        le=LONGEST_SWAP,
    )
    swap_share: float = number(
        "share of their yen balances that speculators hold through swaps",
        "share",
        "assumed",
        0.1,
        label="share of yen loans by swap",
        ge=0,
        le=1,
    )
    demand_usd_bn: float = number(
        "dollars that others borrow by swaps in calm: demand is counted in it",
        "USD bn",
        "assumed",
        95.0,
        label="calm demand for dollars",
        ge=1,
        le=1e5,
    )
    widest_per_year: float = number(
        "the basis is never wider",
        "per year",
        "fitted with D1",
        0.03,
        label="widest basis",
        ge=1e-4,
        le=0.5,
    )
    least_shortage: float = number(
        "demand over capacity counts at least as much",
        "1",
        "fitted with D1",
        0.2,
        label="least shortage",
        ge=0,
        le=1,
    )
    room_exponent: float = number(
        "exponent of the core banks' room in the capacity for swaps",
        "1",
        "assumed",
        0.5,
        label="exponent of banks' room",
        ge=0,
        le=5,
    )
    year_end_share: float = number(
        "share of that capacity that is gone while three months end in another year",
        "share",
        "median step of December, 2010 to 2025",
        0.44,
        label="capacity gone at year-end",
        ge=0,
        le=0.99,
    )
    least_capacity: float = number(
        "capacity over that of the opening, at least",
        "share",
        "assumed",
        0.2,
        label="least capacity",
        ge=LEAST_SHARE,
        le=1,
    )
    insurer_hedge_per_basis: float = number(
        "fall of life insurers' hedge share per unit by which the basis is wider than in calm",
        "share per 1/year",
        "assumed",
        2.0,
        label="hedge ratio per basis",
        ge=0,
        le=100,
    )
    spot_share: float = number(
        "dollars bought in the spot market per unit of shortage beyond the threshold",
        "of calm demand",
        "slope of USDJPY on the basis in March 2020, 3.0% per 100bp",
        0.16,
        label="unserved dollars bought in spot",
        ge=0,
        le=10,
    )
    spot_threshold: float = number(
        "shortage up to which none are",
        "of calm demand",
        "assumed",
        1.5,
        label="shortage without spot purchases",
        ge=0,
        le=1000,
    )
    spot_limit_usd_bn: float = number(
        "bought or sold so in a day, at most",
        "USD bn",
        "assumed",
        15.0,
        label="most spot purchases in a day",
        ge=0,
        le=1000,
    )
    squeeze: Squeeze = part_of(NoSqueeze, "dollars hoarded in fear", label="dollar squeeze")
    currencies: Annotated[dict[Name, CurrencyBasis], AT_MOST_MANY, FROZEN] = choice(
        "traded currencies that have a basis of their own, by name",
        label="own basis",
        default={},
        allowed="tables with basis_per_year, demand_usd_bn, squeeze",
    )

    def scripted_squeezes(self) -> dict[str, tuple[SqueezePoint, ...]]:
        """Points of each script of dollars hoarded, by its key."""
        squeezes = {"squeeze": self.squeeze}
        squeezes |= {f"currencies.{name}.squeeze": c.squeeze for name, c in self.currencies.items()}
        return {
            f"funding.basis.{key}.points": squeeze.points
            for key, squeeze in squeezes.items()
            if squeeze.kind == "script"
        }


Basis = Annotated[ConstantBasis | MarketBasis, Field(discriminator="kind")]


@needs("instruments", "funding")
def _the_gauge_is_an_asset(instruments: Any, funding: Any) -> Faults:
    basis = funding.basis
    if basis.kind == "market" and basis.squeeze.kind == "gauge":
        asset = instruments.get(basis.squeeze.asset)
        if asset is None or asset.kind != "asset":
            listed = ", ".join(name for name, part in instruments.items() if part.kind == "asset")
            words = f"must be an asset of the scenario ({listed})"
            yield fault_at("funding.basis.squeeze.asset", basis.squeeze.asset, words)


@needs("calendar", "funding")
def _the_squeeze_comes_on_trading_days_in_order(calendar: Any, funding: Any) -> Faults:
    if funding.basis.kind == "market":
        for key, points in funding.basis.scripted_squeezes().items():
            yield from _points_come_in_order(calendar, key, points)


def _points_come_in_order(calendar: Any, key: str, points: tuple[SqueezePoint, ...]) -> Faults:
    for point in points:
        yield from must_be_traded(calendar, f"{key}.{point.name}.day", point.day)
    days = [calendar.day_index(point.day) for point in points]
    for (before, after), point in zip(pairwise(days), points[1:], strict=True):
        if before is not None and after is not None and after <= before:
            yield fault_at(f"{key}.{point.name}.day", point.day, "must be after the point before")
    names = [point.name for point in points]
    for name in dict.fromkeys(name for name in names if names.count(name) > 1):
        yield fault_at(f"{key}.{name}.name", name, "is taken by another entry")


@needs("instruments", "funding")
def _currencies_with_a_basis_of_their_own_are_traded(instruments: Any, funding: Any) -> Faults:
    if funding.basis.kind != "market":
        return
    first, traded = funding_and_traded(instruments)
    for name in funding.basis.currencies:
        key = f"funding.basis.currencies.{name}"
        if name == first:
            words = "is the funding currency: its basis is funding.basis_per_year"
            yield fault_at(key, NOT_GIVEN, words)
        elif name not in traded:
            listed = ", ".join(traded) or "none"
            words = f"is not a traded currency of the scenario ({listed})"
            yield fault_at(key, NOT_GIVEN, words, Nearest(name, traded))


@needs("calendar", "funding")
def _swaps_mature_within_the_run(calendar: Any, funding: Any) -> Faults:
    basis, days = funding.basis, calendar.burn_in_days + calendar.days
    if basis.kind == "market" and basis.maturity_days > max(days, THREE_MONTHS):
        words = f"must be at most {days}, the days of the run and of its burn-in"
        if days < THREE_MONTHS:
            words = f"must be at most {THREE_MONTHS} in a run and burn-in of {days} days"
        yield fault_at("funding.basis.maturity_days", basis.maturity_days, words)


@needs("funding")
def _calm_is_not_wider_than_the_widest(funding: Any) -> Faults:
    basis = funding.basis
    if basis.kind != "market":
        return
    calm = {"funding.basis_per_year": funding.basis_per_year}
    for name, own in basis.currencies.items():
        calm[f"funding.basis.currencies.{name}.basis_per_year"] = own.basis_per_year
    for key, size in calm.items():
        if size > basis.widest_per_year:
            words = f"must be at most {basis.widest_per_year:g}, the widest basis"
            yield fault_at(key, size, words)


@needs("funding", "policy")
def _a_facility_needs_a_swap_market(funding: Any, policy: Any) -> Faults:
    kind = policy.swap_line.kind
    if kind.startswith("facility") and funding.basis.kind != "market":
        words = 'needs funding.basis.kind = "market": where the basis is constant it does nothing'
        yield fault_at("policy.swap_line.kind", kind, words)
