"""The Federal Reserve's policy rate by rule."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import Field

from abm.scenario.checks import Faults, must_be_one_of, needs
from abm.scenario.fields import MOST_DAYS, Name, Part, Whole, choice, number


class NoFed(Part):
    """The dollar's rate stays."""

    kind: Literal["none"] = "none"


class FedRule(Part):
    """The dollar's rate is cut while shares are volatile."""

    kind: Literal["rule"] = "rule"
    asset: Name = choice(
        "share index whose volatility is watched",
        label="shares that the Fed watches",
        default="SPX",
        allowed="an asset of the scenario",
    )
    threshold: float = number(
        "average volatility above which the rate is cut",
        "% per year",
        "fires in 1998, 2002, 2008, 2011 and 2020 on the VIX",
        35.0,
        label="volatility at which the Fed cuts",
        ge=1,
        le=1000,
    )
    half_life_days: float = number(
        "half-life of that average", "days", "assumed", 5.0,
        label="half-life of the Fed's volatility average", ge=0.1, le=MOST_DAYS,
    )  # fmt: skip
    cut_bp: float = number(
        "cut of the rate", "bp", "record: 3 March 2020", 50.0, label="Fed cut", ge=0, le=2000
    )
    spacing_days: Whole = number(
        "least days from one cut to the next", "days", "assumed", 10,
        label="days between Fed cuts", ge=1, le=1_000_000,
    )  # fmt: skip
    floor_per_year: float = number(
        "rate below which it is not cut", "per year", "record", 0.0,
        label="floor of the dollar rate", ge=-0.1, le=1,
    )  # fmt: skip


Fed = Annotated[NoFed | FedRule, Field(discriminator="kind")]


@needs("instruments", "policy")
def _the_fed_watches_an_asset(instruments: Mapping[str, Any], policy: Any) -> Faults:
    if policy.fed.kind == "rule":
        assets = [name for name, part in instruments.items() if part.kind == "asset"]
        yield from must_be_one_of("policy.fed.asset", policy.fed.asset, assets)
