"""Volatility of news: constant, or with a memory of months."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from abm.scenario.fields import Part, number


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
        "tuned to the autocorrelation of absolute returns of USDJPY; plausible .3 to .6",
        0.33,
        label="common volatility of volatility",
        ge=0,
        le=2,
    )
    own_log_sd: float = number(
        "standard deviation of the log volatility of each instrument besides",
        "log",
        "assumed",
        0.0,
        label="own volatility of volatility",
        ge=0,
        le=2,
    )


NewsVolatility = Annotated[ConstantVolatility | StochasticVolatility, Field(discriminator="kind")]
