"""The script of a scenario, in words: for the summary of a run and the marks of its figure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from abm.measures.classes import class_told
from abm.report.phrases import Phrases
from abm.words import Words, words

if TYPE_CHECKING:
    from abm.scenario import Scenario


class Act(NamedTuple):
    """One thing that comes from outside: its day, a sentence, and a label for a figure."""

    day: int
    what: str
    label: str  # in English, as figures are


def acts(scenario: Scenario, language: str = "en") -> list[Act]:
    """Shock, policy and news in order of time."""
    say = words(language)
    found = [*_shock(scenario, say), *_policy(scenario, say), *_news(scenario)]
    return sorted(found, key=lambda act: act.day)


def day_name(scenario: Scenario, day: int, language: str = "en") -> str:
    """The day as a person says it: "31 Jul 2024", or "day 22" in a run without dates."""
    dates = scenario.calendar.dates()
    date = dates[day].isoformat() if 0 <= day < len(dates) else ""
    return Phrases(words(language)).when(day, date)


def is_shocked(scenario: Scenario) -> bool:
    """True where anything happens from the shock day on."""
    return any(act.day >= scenario.shock_day for act in acts(scenario))


def class_of(scenario: Scenario, measures: Mapping[str, Any]) -> str:
    """Class of a run as a reader is told it, by `abm.measures.classes.class_told`."""
    return class_told(measures, scenario.calendar.days - 1 - scenario.shock_day)


def trigger(scenario: Scenario, language: str = "en") -> str:
    """The trigger in a figure's title; empty where there is none."""
    say = words(language)
    shocks = [act for act in acts(scenario) if act.day >= scenario.shock_day]
    if not shocks:
        return ""
    if len(shocks) == 1 and scenario.shock.kind == "surprise":
        return say("finding.surprise", size=_basis_points(scenario.shock.surprise_bp))
    return say("finding.shock_of", day=day_name(scenario, scenario.shock_day, language))


def currency(name: str, language: str = "en") -> str:
    """A currency as one says it, the yen by its name."""
    return words(language).group("script.currency").get(name, name)


def _shock(scenario: Scenario, say: Words) -> Iterator[Act]:
    if scenario.shock.kind == "surprise" and scenario.shock.surprise_bp:
        size = _basis_points(scenario.shock.surprise_bp)
        bank, short = _central_bank(scenario.funding_currency, say)
        what = say("script.surprised", bank=bank, size=size)
        yield Act(scenario.shock_day, what, f"{short} surprise {size}")


def _policy(scenario: Scenario, say: Words) -> Iterator[Act]:
    policy, owed = scenario.policy, scenario.funding_currency
    if policy.boj.kind == "script":
        bank, short = _central_bank(owed, say)
        for move in policy.boj.moves():
            day, size = scenario.day_index(move.day), _basis_points(move.surprise_bp)
            if move.hike_bp:
                hike = _basis_points(move.hike_bp)
                what = say("script.moved", bank=bank, hike=hike, size=size)
                yield Act(day, what, f"{short} {hike}")
            elif move.surprise_bp:
                what = say("script.spoke", bank=bank, size=size)
                yield Act(day, what, f"{short} surprise of {size}")
    if policy.mof.kind == "script":
        funding = currency(owed, say.language)
        who = say("script.mof" if owed == "JPY" else "script.authorities")
        short, s = ("MoF", "s") if owed == "JPY" else ("authorities", "")
        for sale in policy.mof.interventions:
            key, verb = ("sold", "sell") if sale.usd_bn >= 0 else ("bought", "buy")
            amount = _usd(say, abs(sale.usd_bn))
            what = say(f"script.{key}", who=who, amount=amount, currency=funding)
            label = f"{short} {verb}{s} {_usd(words('en'), abs(sale.usd_bn))}"
            yield Act(scenario.day_index(sale.day), what, label)
    line = policy.swap_line
    if line.kind in ("line", "facility"):
        yield Act(scenario.day_index(line.day), say("script.swap_line"), "swap line")
    if line.kind == "facility" and line.until is not None:
        what = say("script.swap_line_closed")
        yield Act(scenario.day_index(line.until), what, "swap line closes")


def _central_bank(funding: str, say: Words) -> tuple[str, str]:
    """The central bank of the currency that is owed, and as figures have it."""
    if funding == "JPY":
        return say("script.boj"), "BoJ"
    return say("script.bank_of", currency=funding), "central bank"


def _news(scenario: Scenario) -> Iterator[Act]:
    for news in scenario.news:
        title = news.title or news.name
        yield Act(scenario.day_index(news.day), title, title)


def _basis_points(bp: float) -> str:
    """A move or a surprise with its sign, every digit chosen."""
    return f"{bp:+g}bp".replace("-", "−")


def _usd(say: Words, amount_usd_bn: float) -> str:
    """An amount that a user chose, with every digit chosen."""
    units = amount_usd_bn * int(say("chronicle.amount.units_per_bn"))
    return say("chronicle.amount.full", amount=f"{units:g}")
