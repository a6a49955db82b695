"""One simulated history of a study: surprises on random days, the panel of every close."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from abm.errors import InvalidInput
from abm.measures.indicators import net_short_share
from abm.population.advance import advance, open_world
from abm.runs.indicators import (
    Rates,
    fund_indicators,
    in_usd,
    price_indicators,
    rate_indicators,
    rates_of,
)
from abm.runs.tables import asked_gains
from abm.warning.columns import (
    CROSS,
    POSITIONS,
    PUBLISHED_AFTER_DAYS,
    RATE_DAYS,
    TOMORROW,
    TUESDAY,
    WEEK_DAYS,
    YEN,
)

if TYPE_CHECKING:
    import pandas as pd

    from abm.scenario import Scenario

Array = np.ndarray

N_DAYS = 2500
WARM_UP_DAYS = 500
"""Days before the first that is scored: windows of 250 returns, then of 250 ratios, fill."""
SURPRISES_PER_YEAR, SURPRISE_SD_BP = 4.0, 20.0
RATE_SHARE = 0.25
"""Part of a surprise by which the policy rate moves on the day; the rest is about its future path,
so that ten years leave the rate within a percentage point or so. Assumed."""
GAIN_EVERY_DAYS = 5
DAYS_PER_YEAR = 250
_STREAM = 0x7761726E  # of a study's surprises, apart from those of any run
QUIET = ("shock", "policy.boj", "policy.mof", "policy.fed", "policy.swap_line")
SECOND = "AUD"


class Surprise(NamedTuple):
    """A surprise of the Bank of Japan."""

    day: int
    bp: float


def surprises(seed: int, replicate: int) -> tuple[Surprise, ...]:
    """Surprises of one history: on days drawn at random, as often hawkish as dovish.

    Neither the day nor the size knows anything of the state of the market; nothing on the calendar
    tells them, so that an indicator can know how hard the market would be hit, never when.
    """
    key = np.random.SeedSequence(seed, spawn_key=(_STREAM, replicate))
    random = np.random.Generator(np.random.PCG64(key))
    days = np.flatnonzero(random.random(N_DAYS) < SURPRISES_PER_YEAR / DAYS_PER_YEAR)
    sizes = random.normal(0.0, SURPRISE_SD_BP, len(days))
    return tuple(map(Surprise, days.tolist(), sizes.tolist()))


def with_surprises(scenario: Scenario, drawn: tuple[Surprise, ...]) -> Scenario:
    """The scenario's world over ten years, with these surprises.

    Raises InvalidInput for a scenario in which something is scripted: what happens on a day that
    is the same in every run can be learnt from the calendar.
    """
    raw = scenario.to_dict()
    for key in QUIET:
        part = raw
        for step in key.split("."):
            part = part.get(step, {})
        if part.get("kind", "none") != "none":
            raise InvalidInput(
                f"{scenario.name}: {key} is set; a study of early warning needs a world in which "
                "nothing is scripted, such as world-2024"
            )
    if raw.get("news"):
        raise InvalidInput(
            f"{scenario.name}: has news on given days; a study of early warning needs a world in "
            "which nothing is scripted, such as world-2024"
        )
    if SECOND not in scenario.instrument_names or scenario.funding_currency != "JPY":
        raise InvalidInput(f"{scenario.name}: events are of JPY and AUD, which it must have")
    path = [
        {
            "name": f"surprise_{n}",
            "day": one.day,
            "hike_bp": RATE_SHARE * one.bp,
            "surprise_bp": one.bp,
        }
        for n, one in enumerate(drawn, start=1)
    ]
    return scenario.with_changes(
        {
            "calendar.days": N_DAYS,
            "outputs.events": False,
            "outputs.feedback_gain_every_days": GAIN_EVERY_DAYS,
            "policy.boj": {
                "kind": "script",
                "day": 0,
                "hike_bp": 0.0,
                "surprise_bp": 0.0,
                "path": path,
            },
        }
    )


def history(scenario: Scenario, seed: int, replicate: int) -> pd.DataFrame:
    """The panel of one history, a row for each day after the warm-up.

    Books of funds and the feedback gain are read every fifth day and stand until the next.
    """
    import pandas as pd

    drawn = surprises(seed, replicate)
    made = with_surprises(scenario, drawn)
    world, _ = open_world(made, seed, replicate, with_events=False)
    burn_in = world.burn_in
    rates: list[Rates] = []
    funds: list[dict[str, float]] = []
    for day in range(N_DAYS):
        world = advance(world, burn_in + day, burn_in + day + 1)
        rates.append(rates_of(world))
        if day % WEEK_DAYS == TUESDAY or not day:
            read = fund_indicators(world)
        funds.append(read)
    prices = in_usd(world.record.log_prices, world.market.quote)
    days = world.record.days[burn_in:]
    market = {name: values[burn_in:] for name, values in price_indicators(prices).items()}
    carry = rate_indicators(rates, market)
    rate = carry["funding_rate_per_year"]
    second = world.instruments.index(SECOND)
    panel = {
        "day": np.arange(N_DAYS),
        YEN: prices[burn_in:, 0],
        CROSS: prices[burn_in:, second] - prices[burn_in:, 0],
        POSITIONS: published(net_short_share(days["yen_short_units"])),
        **market,
        "carry_to_risk": carry["carry_to_risk"],
        "funding_rate_rise_per_year": rate - np.roll(rate, RATE_DAYS),
        "leverage": days["leverage"],
        "margin_slack": np.array([one["margin_slack"] for one in funds]),
        "overlap": np.array([one["overlap"] for one in funds]),
        "feedback_gain": _carried_on(asked_gains(days["feedback_gain"], burn_in, GAIN_EVERY_DAYS)),
        TOMORROW: tomorrow(drawn),
    }
    if made.funding.basis.kind == "market":
        panel["basis_bp"] = days["basis_bp"]
    return pd.DataFrame(panel).iloc[WARM_UP_DAYS:].reset_index(drop=True)


def tomorrow(drawn: tuple[Surprise, ...]) -> Array:
    """The surprise of the next day, which no indicator knows [bp], (n_days,)."""
    following = np.zeros(N_DAYS)
    for one in drawn:
        if one.day:
            following[one.day - 1] = one.bp
    return following


def published(values: Array) -> Array:
    """Positions as they are known on each day: of the last Tuesday that has been published.

    Day 0 is a Monday. NaN before the first publication.
    """
    days = np.arange(len(values))
    known = (days - PUBLISHED_AFTER_DAYS - TUESDAY) // WEEK_DAYS * WEEK_DAYS + TUESDAY
    return np.where(known >= 0, values[np.maximum(known, 0)], np.nan)


def _carried_on(values: Array) -> Array:
    """The last finite value until the next one."""
    places = np.where(np.isfinite(values), np.arange(len(values)), 0)
    carried: Array = values[np.maximum.accumulate(places)]
    return carried
