"""The Ministry of Finance: intervention in the currency market, on given days or by rule."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any, Literal

from pydantic import Field

from abm.scenario.boj import TRADING_DAY, unique_names
from abm.scenario.calendar import must_be_traded
from abm.scenario.checks import Faults, fault_at, needs
from abm.scenario.fields import (
    AS_TUPLE,
    LEAST_SHARE,
    Name,
    Part,
    When,
    Whole,
    choice,
    number,
    part_of,
)

MOST_CLOSES = 250  # back to which a rule looks
MOST_USD_BN = 1000


class Intervention(Part):
    """One day of buying the funding currency with dollars."""

    name: Name = choice(
        "name by which this day is addressed", label="name", allowed="letters, digits and _"
    )
    day: When = choice("when", label="day", unit="day", allowed=TRADING_DAY)
    usd_bn: float = number(
        "dollars sold for the funding currency; negative sells it",
        "USD bn",
        "Ministry of Finance, monthly and daily figures",
        label="dollars sold",
        ge=-MOST_USD_BN,
        le=MOST_USD_BN,
    )
    signal_log: float = number(
        "what it tells the market, added to the fundamental",
        "log",
        "tuned; plausible 0 to .01",
        0.0,
        label="signal",
        ge=-1,
        le=1,
    )


class NoIntervention(Part):
    """The Ministry of Finance does nothing."""

    kind: Literal["none"] = "none"

    @property
    def interventions(self) -> tuple[Intervention, ...]:
        """Scripted days: none."""
        return ()


class InterventionScript(Part):
    """The Ministry of Finance buys yen on given days."""

    kind: Literal["script"] = "script"
    interventions: Annotated[tuple[Intervention, ...], AS_TUPLE] = choice(
        "the days",
        label="interventions",
        allowed="a list of tables with name, day, usd_bn, signal_log",
    )


class NoBuying(Part):
    """A weak yen is left alone."""

    kind: Literal["none"] = "none"


class BuyingWhenWeak(Part):
    """Yen are bought near their low, after a fast fall."""

    kind: Literal["weak"] = "weak"
    low_days: Whole = number(
        "closes of which the last must be near the lowest",
        "days",
        "tuned to the interventions of 2022 and 2024",
        250,
        label="window of the yen's low",
        ge=1,
        le=MOST_CLOSES,
    )
    low_band_log: float = number(
        "distance above that low within which the yen is weak",
        "log",
        "tuned to the interventions of 2022 and 2024",
        0.003,
        label="band above the yen's low",
        ge=0,
        le=1,
    )
    fall_days: Whole = number(
        "days of the fast fall", "days", "tuned to the interventions of 2022 and 2024", 20,
        label="days of a fast fall of the yen", ge=1, le=MOST_CLOSES,
    )  # fmt: skip
    fall_log: float = number(
        "least fall in these days", "log", "tuned to the interventions of 2022 and 2024", 0.038,
        label="fast fall of the yen", ge=0, le=2,
    )  # fmt: skip
    long_fall_days: Whole = number(
        "days of the long fall", "days", "tuned to the interventions of 2022 and 2024", 60,
        label="days of a long fall of the yen", ge=1, le=MOST_CLOSES,
    )  # fmt: skip
    long_fall_log: float = number(
        "least fall in these days", "log", "tuned to the interventions of 2022 and 2024", 0.055,
        label="long fall of the yen", ge=0, le=2,
    )  # fmt: skip
    hazard_per_day: float = number(
        "probability of an intervention on a day on which the yen is weak",
        "per day",
        "five interventions on 45 such days, 2021 to 2024",
        0.11,
        label="hazard of an intervention",
        ge=0,
        le=1,
    )
    first_usd_bn: float = number(
        "dollars sold on the first day of a campaign", "USD bn",
        "Ministry of Finance: 2.8 to 5.9trn yen a day in 2022 and 2024", 20.0,
        label="first purchase of a campaign", ge=0, le=MOST_USD_BN,
    )  # fmt: skip
    least_usd_bn: float = number(
        "least on a later day", "USD bn",
        "Ministry of Finance: 2.8 to 5.9trn yen a day in 2022 and 2024", 15.0,
        label="least later purchase", ge=0, le=MOST_USD_BN,
    )  # fmt: skip
    most_usd_bn: float = number(
        "most on a later day", "USD bn",
        "Ministry of Finance: 2.8 to 5.9trn yen a day in 2022 and 2024", 25.0,
        label="most later purchase", ge=0, le=MOST_USD_BN,
    )  # fmt: skip
    budget_usd_bn: float = number(
        "dollars sold in a campaign at most, scripted ones included",
        "USD bn",
        "assumed",
        60.0,
        label="budget of a campaign",
        ge=0,
        le=10 * MOST_USD_BN,
    )
    campaign_gap_days: Whole = number(
        "days without a purchase after which a campaign is over",
        "days",
        "assumed; 22 September and 21 October 2022 are two campaigns",
        15,
        label="days after which a campaign is over",
        ge=1,
        le=1_000_000,
    )
    signal_log: float = number(
        "what a campaign's first day tells the market, added to the fundamental",
        "log",
        "tuned: 11 July 2024",
        0.004,
        label="signal",
        ge=-1,
        le=1,
    )


Buying = Annotated[NoBuying | BuyingWhenWeak, Field(discriminator="kind")]


class NoSelling(Part):
    """A strong yen is left alone."""

    kind: Literal["none"] = "none"


class SellingWhenStrong(Part):
    """Yen are sold day by day after a fast rise."""

    kind: Literal["strong"] = "strong"
    rise_days: Whole = number(
        "days of the rise", "days", "assumed", 5,
        label="days of a fast rise of the yen", ge=1, le=MOST_CLOSES,
    )  # fmt: skip
    rise_log: float = number(
        "rise in these days from which yen are sold", "log", "assumed", 0.04,
        label="fast rise of the yen", ge=LEAST_SHARE, le=2,
    )  # fmt: skip
    per_day_usd_bn: float = number(
        "dollars bought on each such day", "USD bn", "assumed", 20.0,
        label="daily sale of yen", ge=0, le=MOST_USD_BN,
    )  # fmt: skip
    budget_usd_bn: float = number(
        "dollars bought in a run at most, scripted ones included",
        "USD bn",
        "assumed",
        100.0,
        label="budget of yen sales",
        ge=0,
        le=10 * MOST_USD_BN,
    )


Selling = Annotated[NoSelling | SellingWhenStrong, Field(discriminator="kind")]


class InterventionRule(Part):
    """The Ministry of Finance leans against a weak yen, a strong one or both."""

    kind: Literal["rule"] = "rule"
    buying: Buying = part_of(NoBuying, "purchases of a weak yen")
    selling: Selling = part_of(NoSelling, "sales of a strong yen")
    interventions: Annotated[tuple[Intervention, ...], AS_TUPLE] = choice(
        "interventions on given days beside the rules",
        label="interventions",
        default=(),
        allowed="a list of tables with name, day, usd_bn, signal_log",
    )


Mof = Annotated[NoIntervention | InterventionScript | InterventionRule, Field(discriminator="kind")]


@needs("calendar", "policy")
def _mof_acts_on_trading_days(calendar: Any, policy: Any) -> Faults:
    for act in policy.mof.interventions:
        yield from must_be_traded(calendar, f"policy.mof.interventions.{act.name}.day", act.day)


@needs("policy")
def _mof_acts_have_names_of_their_own(policy: Any) -> Faults:
    yield from unique_names("policy.mof.interventions", policy.mof.interventions)


@needs("policy")
def _a_day_fits_its_budget(policy: Any) -> Faults:
    if policy.mof.kind != "rule":
        return
    buying, selling = policy.mof.buying, policy.mof.selling
    days = []
    if buying.kind == "weak":
        if buying.least_usd_bn > buying.most_usd_bn:
            wanted = f"must be at most most_usd_bn, {buying.most_usd_bn:g}"
            yield fault_at("policy.mof.buying.least_usd_bn", buying.least_usd_bn, wanted)
        days += [("buying", name, buying) for name in ("first_usd_bn", "most_usd_bn")]
    if selling.kind == "strong":
        days += [("selling", "per_day_usd_bn", selling)]
    for which, name, rule in days:
        given = getattr(rule, name)
        if given > rule.budget_usd_bn:
            wanted = f"must be within budget_usd_bn, {rule.budget_usd_bn:g}"
            yield fault_at(f"policy.mof.{which}.{name}", given, wanted)


@needs("calendar", "policy")
def _scripted_interventions_fit_the_budgets(calendar: Any, policy: Any) -> Faults:
    mof = policy.mof
    if mof.kind != "rule":
        return
    spent = [
        *(("buying", *one) for one in _bought_in_campaigns(calendar, mof)),
        *(("selling", *one) for one in _sold(calendar, mof)),
    ]
    for which, act, so_far in spent:
        budget = getattr(mof, which).budget_usd_bn
        if so_far > budget:
            wanted = f"exceeds policy.mof.{which}.budget_usd_bn, {budget:g}: {so_far:g} with it"
            yield fault_at(f"policy.mof.interventions.{act.name}.usd_bn", act.usd_bn, wanted)


def _bought_in_campaigns(calendar: Any, mof: Any) -> Iterator[tuple[Intervention, float]]:
    """Scripted purchases in order of days, each with what its campaign has spent by then."""
    spent, last = 0.0, None
    for day, act in _dated(calendar, mof):
        if mof.buying.kind == "weak" and act.usd_bn > 0.0:
            is_new = last is None or day - last > mof.buying.campaign_gap_days
            spent = act.usd_bn if is_new else spent + act.usd_bn
            last = day
            yield act, spent


def _sold(calendar: Any, mof: Any) -> Iterator[tuple[Intervention, float]]:
    """Scripted sales in order of days, each with what has been sold by then."""
    sold = 0.0
    for _, act in _dated(calendar, mof):
        if mof.selling.kind == "strong" and act.usd_bn < 0.0:
            sold -= act.usd_bn
            yield act, sold


def _dated(calendar: Any, mof: Any) -> list[tuple[int, Intervention]]:
    """Scripted interventions on days of the run, in their order."""
    dated = [(calendar.day_index(act.day), act) for act in mof.interventions]
    return sorted(((day, act) for day, act in dated if day is not None), key=lambda one: one[0])
