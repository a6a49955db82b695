"""What a scenario makes happen, in words: for the summary of a run and the marks of its figure."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from abm.scenario import Scenario

MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


class Act(NamedTuple):
    """One thing that comes from outside: its day, a sentence, and a label for a figure."""

    day: int
    what: str
    label: str


def acts(scenario: Scenario) -> list[Act]:
    """Shock, policy and news in order of time."""
    return sorted([*_shock(scenario), *_policy(scenario), *_news(scenario)], key=lambda a: a.day)


def day_name(scenario: Scenario, day: int) -> str:
    """The day as a person says it: "31 Jul 2024", or "day 22" in a run without dates."""
    dates = scenario.calendar.dates()
    return date_name(dates[day]) if 0 <= day < len(dates) else f"day {day}"


def date_name(day: date) -> str:
    return f"{day.day} {MONTHS[day.month - 1]} {day.year}"


def trigger(scenario: Scenario) -> str:
    """What a figure's title says set it off; empty where nothing does."""
    shocks = [act for act in acts(scenario) if act.day >= scenario.shock_day]
    if not shocks:
        return ""
    if len(shocks) == 1 and scenario.shock.kind == "surprise":
        return f"A {scenario.shock.surprise_bp:+g}bp surprise"
    return f"The shock of {day_name(scenario, scenario.shock_day)}"


def currency(name: str) -> str:
    """A currency as one says it, the yen by its name."""
    return {"JPY": "yen", "USD": "dollars"}.get(name, name)


def _shock(scenario: Scenario) -> Iterator[Act]:
    if scenario.shock.kind == "surprise" and scenario.shock.surprise_bp:
        size = f"{scenario.shock.surprise_bp:+g}bp"
        is_yen = scenario.funding_currency == "JPY"
        bank = "the Bank of Japan" if is_yen else f"{scenario.funding_currency}'s central bank"
        short = "BoJ" if is_yen else "central bank"
        yield Act(
            scenario.shock_day,
            f"{bank} surprised the market by {size}",
            f"{short} surprise {size}",
        )


def _policy(scenario: Scenario) -> Iterator[Act]:
    policy = scenario.policy
    if policy.boj.kind == "script":
        for move in policy.boj.moves():
            day, worth = scenario.day_index(move.day), f"a surprise of {move.surprise_bp:+g}bp"
            if move.hike_bp:
                what = f"moved its rate by {move.hike_bp:+g}bp, {worth}"
                yield Act(day, f"the Bank of Japan {what}", f"BoJ {move.hike_bp:+g}bp")
            elif move.surprise_bp:
                yield Act(day, f"the Bank of Japan spoke: {worth}", f"BoJ {worth[2:]}")
    if policy.mof.kind == "script":
        funding = currency(scenario.funding_currency)
        for sale in policy.mof.interventions:
            amount = f"USD {abs(sale.usd_bn):g}bn"
            done, verb = ("sold", "sells") if sale.usd_bn >= 0 else ("bought", "buys")
            other = f"{'for' if sale.usd_bn >= 0 else 'with'} {funding}"
            yield Act(
                scenario.day_index(sale.day),
                f"the Ministry of Finance {done} {amount} {other}",
                f"MoF {verb} {amount}",
            )
    if policy.swap_line.kind == "line":
        day = scenario.day_index(policy.swap_line.day)
        yield Act(day, "the Federal Reserve's dollar swap line opened", "swap line")


def _news(scenario: Scenario) -> Iterator[Act]:
    for news in scenario.news:
        words = news.title or news.name
        yield Act(scenario.day_index(news.day), words, words)
