"""Channels through which a shock travels on: each can be shut from day 0 on."""

from __future__ import annotations

from typing import Any, Literal

from abm.scenario.fields import Part, choice

OPEN, NONE = "on", "none"


def channel(meaning: str, label: str) -> Any:
    """A channel that is open by default."""
    return choice(meaning, "scenario", OPEN, label=label, allowed='"on" or "none"')


class Channels(Part):
    """What passes a shock on, each by one field: "on", or "none" from day 0 on.

    The books on the morning of day 0 are the same either way: the burn-in has all channels open.
    """

    haircuts: Literal["on", "none"] = channel(
        "margin rates that follow risk; none: each fund's stays what it was before day 0",
        "haircuts that follow risk",
    )
    margin_rounds: Literal["on", "none"] = channel(
        "margin calls met in later rounds of the same day; none: one round a day",
        "margin rounds within a day",
    )
    volatility_targets: Literal["on", "none"] = channel(
        "volatility targets and risk parity; none: they do not trade on their own",
        "volatility targets and risk parity",
    )
    trend_followers: Literal["on", "none"] = channel(
        "trend followers; none: they keep their positions", "trend following"
    )
    retail_stop_outs: Literal["on", "none"] = channel(
        "loss cuts of retail accounts; none: no account is cut", "retail stop-outs"
    )
    insurers_hedging: Literal["on", "none"] = channel(
        "hedging of life insurers; none: their hedge stays what it was", "insurers' hedging"
    )
    dealers_withdrawal: Literal["on", "none"] = channel(
        "dealers who quote less in volatile markets; none: units as before day 0",
        "dealers' withdrawal",
    )
    bank_capital: Literal["on", "none"] = channel(
        "depth, spreads, credit lines and funding that follow banks' capital; none: none does, "
        "nothing is recalled and no funding leaves",
        "bank capital and recalls",
    )
    interbank_losses: Literal["on", "none"] = channel(
        "losses of banks on banks that fail or are weak; none: claims are paid at par",
        "interbank losses",
    )
    stops_and_redemptions: Literal["on", "none"] = channel(
        "stop-losses of funds and redemptions by their investors; none: neither",
        "stop-losses and redemptions",
    )
    order_anticipators: Literal["on", "none"] = channel(
        "order anticipators; none: they keep their positions", "trading ahead of orders"
    )
    option_hedgers: Literal["on", "none"] = channel(
        "option hedgers; none: they keep their positions", "option hedging"
    )
    risk_appetite: Literal["on", "none"] = channel(
        "risk appetite that falls with losses; none: no further loss is remembered",
        "falling risk appetite",
    )
    retail_fx: Literal["on", "none"] = channel(
        "trading of retail currency accounts; none: none but what they are cut by",
        "retail FX trading",
    )

    basis: Literal["on", "none"] = channel(
        "a cross-currency basis that moves; none: it stays what it was, no swap line is drawn",
        "cross-currency basis and swap line",
    )
    repo_haircuts: Literal["on", "none"] = channel(
        "repo haircuts that follow the risk of the bond; none: the haircut stays what it was, and "
        "so does the lender's capacity",
        "repo haircuts",
    )

    company_hedging: Literal["on", "none"] = channel(
        "late hedging of companies that owe yen; none: they buy and sell no yen",
        "companies' hedging",
    )

    @property
    def shut(self) -> tuple[str, ...]:
        """Names of the channels set to none."""
        return tuple(name for name, value in self if value == NONE)


CHANNELS = tuple(Channels.model_fields)
"""Names of all channels, in the order of tables and figures."""
