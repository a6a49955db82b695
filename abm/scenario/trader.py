"""One trader with one account: what a user may choose."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import Field, ValidationInfo, field_validator

from abm.scenario.calendar import must_be_traded
from abm.scenario.checks import Disagreement, Faults, fault_at, needs
from abm.scenario.fields import Line, Part, When, choice, number


class NoTrader(Part):
    """No single account."""

    kind: Literal["none"] = "none"


class Trader(Part):
    """One account at a retail broker: a position against the funding currency, opened and held."""

    kind: Literal["account"] = "account"
    account_usd: float = number(
        "dollars that are paid in", "USD", "scenario", 5000.0, label="account", ge=1, le=1e9
    )
    leverage: float = number(
        "position over what is paid in, on the day of the opening",
        "position / account",
        "scenario",
        10.0,
        label="leverage",
        ge=1,
        le=1000,
    )
    holds: Line = choice(
        "currency that is held against the one that funds",
        default="USD",
        label="currency held",
        allowed='a currency of the scenario but the first, or "USD"',
    )
    open_day: When = choice(
        "day on which the account is opened",
        default=0,
        label="day of the opening",
        unit="trading day",
        allowed="a trading day of the run",
    )
    leverage_cap: float = number(
        "largest leverage that the broker allows: 1 over the margin required",
        "position / margin",
        "Japan since 2011: 25; EU since 2018: 30 for major pairs",
        25.0,
        label="largest leverage",
        ge=1,
        le=1000,
    )
    margin_call_level: float = number(
        "account over the margin required, below which the broker calls",
        "share",
        "assumed; usual at brokers: 1",
        1.0,
        label="margin-call level",
        ge=0,
        le=10,
    )
    stop_out_level: float = number(
        "the same, below which it closes everything",
        "share",
        "EU since 2018: .5; Japan: .5 to 1 by broker",
        0.5,
        label="stop-out level",
        ge=0,
        le=10,
    )

    @field_validator("stop_out_level")
    @classmethod
    def _the_call_comes_before_the_stop_out(cls, level: float, so_far: ValidationInfo) -> float:
        """Told beside whatever else is wrong with the account."""
        called_at = so_far.data.get("margin_call_level")
        if called_at is not None and level > called_at:
            most = f"must be at most margin_call_level ({called_at:g})"
            raise Disagreement((fault_at("trader.stop_out_level", level, most),))
        return level


OneTrader = Annotated[NoTrader | Trader, Field(discriminator="kind")]


@needs("trader")
def _the_broker_lets_the_account_open(trader: Any) -> Faults:
    if trader.kind == "none":
        return
    if trader.leverage > trader.leverage_cap:
        most = f"must be at most leverage_cap ({trader.leverage_cap:g})"
        yield fault_at("trader.leverage", trader.leverage, most)
    if trader.stop_out_level * trader.leverage > trader.leverage_cap:
        most = (
            f"must be at most {trader.leverage_cap / trader.leverage:g} (leverage_cap / leverage)"
        )
        reason = "or it is stopped out as it opens"
        yield fault_at("trader.stop_out_level", trader.stop_out_level, most, reason)


@needs("calendar", "trader")
def _the_account_is_opened_on_a_trading_day(calendar: Any, trader: Any) -> Faults:
    if trader.kind != "none":
        yield from must_be_traded(calendar, "trader.open_day", trader.open_day)


@needs("instruments", "trader")
def _the_account_holds_a_currency(instruments: Mapping[str, Any], trader: Any) -> Faults:
    if trader.kind == "none":
        return
    known = [name for name, part in instruments.items() if part.kind == "currency"]
    known = [*known[1:], "USD"]
    if trader.holds not in known:
        yield fault_at("trader.holds", trader.holds, f"must be one of {', '.join(known)}")
