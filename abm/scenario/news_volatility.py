"""Volatility of news: constant, or with a memory of months."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import Field

from abm.scenario.checks import Faults, needs, unknown_instruments
from abm.scenario.fields import LogDeviations, Part, choice, number


class ConstantVolatility(Part):
    """News is as volatile on every day."""

    kind: Literal["none"] = "none"


class StochasticVolatility(Part):
    """News whose log volatility wanders around its mean: one factor in common, one of its own.

    The variance of news is on average what the instruments say.
    """

    kind: Literal["stochastic"] = "stochastic"
    persistence_per_day: float = number(
        "share of both factors that is left a day later",
        "per day",
        "GARCH persistence of the record .98 to .995",
        0.985,
        label="persistence of news volatility",
        ge=0,
        lt=1,
    )
    common_log_sd: float = number(
        "standard deviation of the log volatility that all instruments share",
        "log",
        "acf of |r| of USDJPY, 1 to 60 days, H.10 1990-2026: .30",
        0.30,
        label="common volatility of volatility",
        ge=0,
        le=2,
    )
    own_log_sd: LogDeviations = choice(
        "standard deviation of the log volatility of an instrument besides, 0 where not named",
        "acf of |r| beyond USDJPY's, H.10: AUDJPY .42, AUDUSD .28, USDMXN .35; log VIX: shares .25",
        {},
        unit="log",
        label="own volatility of volatility",
        allowed="from 0 to 2, by instrument",
    )


NewsVolatility = Annotated[ConstantVolatility | StochasticVolatility, Field(discriminator="kind")]


@needs("instruments", "news_volatility")
def _own_volatilities_are_of_known_instruments(
    instruments: Mapping[str, Any], volatility: Any
) -> Faults:
    if volatility.kind != "none":
        yield from unknown_instruments(
            "news_volatility.own_log_sd", volatility.own_log_sd, instruments
        )
