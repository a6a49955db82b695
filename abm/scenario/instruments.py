"""Currencies and assets, and how their news moves together."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

import numpy as np
import numpy.typing as npt
from pydantic import BeforeValidator, Field

from abm.carry import DAY_COUNT
from abm.errors import NOT_GIVEN, Nearest
from abm.scenario.checks import Faults, fault_at, needs, unknown_instruments
from abm.scenario.fields import (
    AT_MOST_MANY,
    FROZEN,
    LEAST_SHARE,
    LEAST_USD_BN,
    Name,
    Part,
    choice,
    number,
)

Floats = float | np.float64 | npt.NDArray[np.float64]

# The largest day of a major currency was .3 (the Swiss franc, 15 January 2015). A market that may
# move by more than .5 in a day makes a fund of leverage ten a hundred times richer in three.
MOST_DAILY_LOG = 0.5
MOST_DEPTH_USD_BN = 1e5  # per log; ten times that of the market in Treasuries


class _Instrument(Part):
    """Keys of every instrument. Opening units are worth USD 1bn each, so depths are per log."""

    opening_quote: float = number(
        "quote on the day before the run, for display",
        "market convention",
        "record",
        100.0,
        label="opening quote",
        ge=1e-6,
        le=1e9,
    )
    yield_per_year: float = number(
        "interest on cash or coupon and dividend; 0 for the funding currency, whose rate is "
        "rates.funding_per_year",
        "per year",
        "market rates of mid-2024",
        0.0,
        label="yield",
        ge=-0.5,
        le=5.0,
    )
    volatility_per_year: float = number(
        "volatility of news about the fundamental",
        "log per sqrt(year)",
        "tuned",
        label="news volatility",
        ge=1e-4,
        le=5,
    )
    daily_limit_log: float = number(
        "largest move of one round's price from yesterday's close",
        "log",
        "assumed",
        0.12,
        label="daily price limit",
        ge=LEAST_SHARE,
        le=MOST_DAILY_LOG,
    )
    value_depth_usd_bn: float = number(
        "lasting depth: what value investors buy per log the price falls below fundamental",
        "USD bn per log",
        "tuned; USDJPY 6-9bp per USD 1bn with news in 2022-24",
        label="value investors' depth",
        ge=LEAST_USD_BN,
        le=MOST_DEPTH_USD_BN,
    )
    value_capacity_log: float = number(
        "gap to fundamental at which value capital is used up",
        "log",
        "assumed",
        0.4,
        label="gap at which value capital is used up",
        ge=LEAST_SHARE,
        le=10,
    )
    value_speed_per_day: float = number(
        "share of the gap to their wanted position that value investors trade in a day",
        "per day",
        "tuned; plausible .08 to .5",
        0.3,
        label="value investors' speed",
        ge=0,
        le=1,
    )
    value_speed_gain: float = number(
        "rise of value investors' speed with the squared gap to fundamental: at z it is 1 + "
        "gain z^2 times as high",
        "per log squared",
        "tuned; 59 doubles it at a gap of .13",
        0.0,
        label="value investors' urgency",
        ge=0,
        le=1e4,
    )
    dealer_depth_usd_bn: float = number(
        "what dealers take per log the price leaves their reference, in calm",
        "USD bn per log",
        "tuned",
        label="dealer depth",
        ge=LEAST_USD_BN,
        le=MOST_DEPTH_USD_BN,
    )
    drift_before_start_log: float = number(
        "drift of the fundamental over the last calendar.drift_days before the run",
        "log",
        "real drift April to June 2024, rounded",
        0.0,
        label="drift before the start",
        ge=-1,
        le=1,
    )

    def quote_at(self, rise_log: Floats) -> Floats:
        """The quote as the market writes it, after a rise since the opening [log]."""
        return self.opening_quote * np.exp(rise_log)


class Currency(_Instrument):
    """A foreign currency; the first one of the scenario is the one that funds carry trades."""

    kind: Literal["currency"] = "currency"
    per_usd: bool = choice(
        "true when the market quotes units of it per dollar (USDJPY), false when dollars per "
        "unit (AUDUSD)",
        "market convention",
        False,
        label="quoted per dollar",
        allowed="true or false",
    )
    day_count: Literal[360, 365] = choice(
        "days of a year by which its interest accrues; left out: that of its money market "
        "(abm.carry.DAY_COUNT) where it is known there",
        "money-market convention",
        365,
        label="day count",
        unit="days",
        allowed="360 or 365",
    )

    def quote_at(self, rise_log: Floats) -> Floats:
        """The quote as the market writes it, after a rise of the currency [log]: USDJPY falls."""
        return super().quote_at(-rise_log if self.per_usd else rise_log)


class Asset(_Instrument):
    """A bond, share index or credit index, with a price in its quote currency."""

    kind: Literal["asset"] = "asset"
    quote: Name = choice(
        "currency its price is in",
        label="currency of the price",
        default="USD",
        allowed='"USD" or a currency of the scenario',
    )


def is_currency(part: object) -> bool:
    """True for a currency, given as a part or as a file has it."""
    kind = part.get("kind") if isinstance(part, Mapping) else getattr(part, "kind", None)
    return kind == "currency"


def with_day_counts(instruments: object) -> object:
    """Instruments as a file has them, a currency that names no day count with its market's."""
    if not isinstance(instruments, Mapping):
        return instruments
    counted = dict(instruments)
    for name, part in instruments.items():
        if isinstance(part, Mapping) and is_currency(part) and name in DAY_COUNT:
            counted[name] = {"day_count": DAY_COUNT[name], **part}
    return counted


def additions_in_order(before: object, after: object) -> object:
    """Instruments after something was added: new currencies behind those there were."""
    if not (isinstance(before, Mapping) and before and isinstance(after, Mapping)):
        return after
    new = [name for name in after if name not in before and is_currency(after[name])]
    old = [name for name in after if name not in new]
    n_first = 1 + max((i for i, name in enumerate(old) if is_currency(after[name])), default=-1)
    return {name: after[name] for name in (*old[:n_first], *new, *old[n_first:])}


Instrument = Annotated[Currency | Asset, Field(discriminator="kind")]
Instruments = Annotated[
    dict[Name, Instrument], BeforeValidator(with_day_counts), AT_MOST_MANY, FROZEN
]


Correlations = Annotated[dict[str, Annotated[float, Field(ge=-1.0, le=1.0)]], FROZEN]


def correlation_matrix(names: tuple[str, ...], pairs: Mapping[str, float]) -> np.ndarray:
    """Symmetric matrix with ones on its diagonal; pairs that are not named are 0."""
    import numpy as np

    matrix = np.eye(len(names))
    for pair, value in pairs.items():
        i, j = (names.index(name) for name in pair.split("-"))
        matrix[i, j] = matrix[j, i] = value
    return matrix


@needs("instruments")
def _instruments_are_in_order(instruments: Mapping[str, Any]) -> Faults:
    if not instruments:
        yield fault_at("instruments", NOT_GIVEN, "is empty: at least one currency is needed")
        return
    if "USD" in instruments:
        yield fault_at("instruments.USD", NOT_GIVEN, "all is counted in dollars: leave it out")
    seen_asset = ""
    for name, part in instruments.items():
        if isinstance(part, Asset):
            seen_asset = name
        elif seen_asset:
            order = f"currencies come before assets: move it above {seen_asset}"
            yield fault_at(f"instruments.{name}", NOT_GIVEN, order)
    first, part = next(iter(instruments.items()))
    if isinstance(part, Asset):
        yield fault_at(f"instruments.{first}.kind", "asset", 'must be "currency": it funds')
    elif part.yield_per_year != 0:
        rate = "must be 0: the funding currency's rate is rates.funding_per_year"
        yield fault_at(f"instruments.{first}.yield_per_year", part.yield_per_year, rate)


@needs("instruments")
def _quote_currencies_exist(instruments: Mapping[str, Any]) -> Faults:
    known = ["USD", *(name for name, part in instruments.items() if isinstance(part, Currency))]
    for name, part in instruments.items():
        if isinstance(part, Asset) and part.quote not in known:
            wanted = f"must be one of {', '.join(known)}"
            hint = Nearest(part.quote, known)
            yield fault_at(f"instruments.{name}.quote", part.quote, wanted, hint)


@needs("instruments", "correlations")
def _correlations_are_a_matrix(
    instruments: Mapping[str, Any], correlations: Mapping[str, float]
) -> Faults:
    names, seen, sound = tuple(instruments), set(), True
    for pair, value in correlations.items():
        ends = pair.split("-")
        key = f"correlations.{pair}"
        if len(ends) != 2 or ends[0] == ends[1]:
            sound = False
            yield fault_at(key, value, 'must name two different instruments, as "JPY-AUD"')
            continue
        unknown = list(unknown_instruments("correlations", ends, names))
        for fault in unknown:
            yield fault_at(
                key, value, f"{fault.key.removeprefix('correlations.')} {fault.allowed}", fault.hint
            )
        if frozenset(ends) in seen:
            yield fault_at(key, value, "names a pair that was named before")
        seen.add(frozenset(ends))
        sound = sound and not unknown
    if sound:
        yield from _positive_definite(names, correlations)


def _positive_definite(names: tuple[str, ...], correlations: Mapping[str, float]) -> Faults:
    import numpy as np

    values, vectors = np.linalg.eigh(correlation_matrix(names, correlations))
    if len(values) and values[0] <= 1e-10:
        loads = np.abs(vectors[:, 0])
        worst = ", ".join(names[k] for k in np.argsort(-loads, kind="stable")[:3] if loads[k] > 0.1)
        reason = f"not positive definite: smallest eigenvalue {values[0]:.3g}, mostly in {worst}"
        yield fault_at("correlations", NOT_GIVEN, f"the matrix is {reason}", "pull these towards 0")


@needs("calendar", "instruments")
def _drift_fits_the_burn_in(calendar: Any, instruments: Mapping[str, Any]) -> Faults:
    drifts = any(part.drift_before_start_log for part in instruments.values())
    if drifts and not 1 <= calendar.drift_days <= calendar.burn_in_days:
        room = (
            f"must be from 1 to calendar.burn_in_days ({calendar.burn_in_days}) where instruments "
            "have a drift_before_start_log"
        )
        yield fault_at("calendar.drift_days", calendar.drift_days, room)
