"""The script of a scenario, in words: for the summary of a run and the marks of its figure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from abm.measures.classes import class_told
from abm.population.boj import meeting_days
from abm.report.phrases import Phrases, move_percent
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
        return say("finding.surprise", size=basis_points_told(scenario.shock.surprise_bp))
    return say("finding.shock_of", day=day_name(scenario, scenario.shock_day, language))


def currency(name: str, language: str = "en") -> str:
    """A currency as one says it, the yen by its name."""
    return words(language).group("script.currency").get(name, name)


def _shock(scenario: Scenario, say: Words) -> Iterator[Act]:
    if scenario.shock.kind == "surprise" and scenario.shock.surprise_bp:
        size = basis_points_told(scenario.shock.surprise_bp)
        bank, short = _central_bank(scenario.funding_currency, say)
        what = say("script.surprised", bank=bank, size=size)
        yield Act(scenario.shock_day, what, f"{short} surprise {size}")


def _policy(scenario: Scenario, say: Words) -> Iterator[Act]:
    yield from _boj(scenario, say)
    owed, mof = scenario.funding_currency, scenario.policy.mof
    who, funding = _ministry(owed, say), currency(owed, say.language)
    _, short, s = short_names(owed)
    for sale in mof.interventions:
        key, verb = ("sold", "sell") if sale.usd_bn >= 0 else ("bought", "buy")
        amount = _usd(say, abs(sale.usd_bn))
        what = say(f"script.{key}", who=who, amount=amount, currency=funding)
        label = f"{short} {verb}{s} {_usd(words('en'), abs(sale.usd_bn))}"
        yield Act(scenario.day_index(sale.day), what, label)
    line = scenario.policy.swap_line
    if line.kind in ("line", "facility"):
        yield Act(scenario.day_index(line.day), say("script.swap_line"), "swap line")
    if line.kind == "facility" and line.until is not None:
        what = say("script.swap_line_closed")
        yield Act(scenario.day_index(line.until), what, "swap line closes")


def _boj(scenario: Scenario, say: Words) -> Iterator[Act]:
    """Scripted moves, and the plan of a queue on the day of its first meeting."""
    boj = scenario.policy.boj
    bank, short = _central_bank(scenario.funding_currency, say)
    plan = plan_of(scenario, say.language)
    if plan is not None:
        yield plan
    for move in boj.moves():
        day, size = scenario.day_index(move.day), basis_points_told(move.surprise_bp)
        if move.hike_bp:
            hike = basis_points_told(move.hike_bp)
            yield Act(day, say("script.moved", bank=bank, hike=hike, size=size), f"{short} {hike}")
        elif move.surprise_bp:
            yield Act(day, say("script.spoke", bank=bank, size=size), f"{short} surprise of {size}")
        if move.ycc_exit_bp:
            rise = basis_points_told(move.ycc_exit_bp)
            yield Act(day, say("script.curve_exit", bank=bank, size=rise), f"yields {rise}")


def plan_of(scenario: Scenario, language: str = "en") -> Act | None:
    """The plan of a queue of hikes, on the day of its first meeting; None without one."""
    say, boj, meetings = words(language), scenario.policy.boj, meeting_days(scenario)
    if boj.kind != "rule" or not boj.n_hikes or not meetings:
        return None
    bank, short = _central_bank(scenario.funding_currency, say)
    hike, size = basis_points_told(boj.hike_bp), basis_points_told(boj.surprise_bp)
    what = say("script.planned", bank=bank, n=boj.n_hikes, hike=hike, size=size)
    return Act(meetings[0], what, f"{short} plans {boj.n_hikes} × {hike}")


class Short(NamedTuple):
    """Authorities of a currency as figures have them, and how a verb of theirs ends."""

    central_bank: str
    authorities: str
    ending: str


def short_names(funding: str) -> Short:
    """Those of the currency that is owed."""
    if funding == "JPY":
        return Short("BoJ", "MoF", "s")
    return Short("central bank", "authorities", "")


def rules_told(scenario: Scenario, language: str = "en") -> list[str]:
    """Rules that authorities follow, a sentence each; none where all is scripted."""
    say = words(language)
    return [*_rules_of_boj(scenario, say), *_rules_of_others(scenario, say)]


def _rules_of_boj(scenario: Scenario, say: Words) -> Iterator[str]:
    boj = scenario.policy.boj
    if boj.kind != "rule" or boj.cool_days == 0:
        return
    what = say(
        "script.waits" if boj.trigger_asset is None else "script.waits_or_shares",
        bank=_central_bank(scenario.funding_currency, say)[0],
        cool=boj.cool_days,
        currency=currency(scenario.funding_currency, say.language),
        days=boj.trigger_days,
        rise=move_percent(boj.trigger_rise_log),
        asset=Phrases(say).instrument(boj.trigger_asset or ""),
        fall=move_percent(-boj.trigger_fall_log),
    )
    yield say("script.says_so" if boj.pause == "heard" else "script.says_nothing", what=what)


def _rules_of_others(scenario: Scenario, say: Words) -> Iterator[str]:
    mof, fed = scenario.policy.mof, scenario.policy.fed
    owed = scenario.funding_currency
    who, funding = _ministry(owed, say), currency(owed, say.language)
    if mof.kind == "rule" and mof.buying.kind == "weak":
        budget = _usd(say, mof.buying.budget_usd_bn)
        yield say("script.buys_weak", who=who, currency=funding, budget=budget)
    if mof.kind == "rule" and mof.selling.kind == "strong":
        selling = mof.selling
        yield say(
            "script.sells_strong",
            who=who,
            currency=funding,
            amount=_usd(say, selling.per_day_usd_bn),
            rise=move_percent(selling.rise_log),
            days=selling.rise_days,
            budget=_usd(say, selling.budget_usd_bn),
        )
    if fed.kind == "rule":
        yield say(
            "script.fed_cuts",
            size=basis_points_told(fed.cut_bp).lstrip("+"),
            asset=Phrases(say).instrument(fed.asset),
            threshold=f"{fed.threshold:g}",
            days=fed.spacing_days,
        )


def _ministry(owed: str, say: Words) -> str:
    """Who intervenes in the currency that is owed."""
    return say("script.mof" if owed == "JPY" else "script.authorities")


def _central_bank(funding: str, say: Words) -> tuple[str, str]:
    """The central bank of the currency that is owed, and as figures have it."""
    name = say("script.boj") if funding == "JPY" else say("script.bank_of", currency=funding)
    return name, short_names(funding).central_bank


def _news(scenario: Scenario) -> Iterator[Act]:
    """News by title; of one title on days that follow one another the first."""
    last: dict[str, int] = {}
    for news in scenario.news:
        title, day = news.title or news.name, scenario.day_index(news.day)
        if last.get(title) != day - 1:
            yield Act(day, title, title)
        last[title] = day


def basis_points_told(bp: float) -> str:
    """A move or a surprise with its sign, every digit chosen."""
    return f"{bp:+g}bp".replace("-", "−")


def _usd(say: Words, amount_usd_bn: float) -> str:
    """An amount that a user chose, with every digit chosen."""
    units = amount_usd_bn * int(say("chronicle.amount.units_per_bn"))
    return say("chronicle.amount.full", amount=f"{units:g}")
