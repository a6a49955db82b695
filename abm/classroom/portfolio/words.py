"""Texts about a stress test: faults of a file, four answers, the worst path, small tables."""

from __future__ import annotations

from typing import TYPE_CHECKING

from abm.classroom.html import html
from abm.classroom.knobs import values_of
from abm.classroom.widgets.facts import facts
from abm.errors import MOST_FAULTS, ScenarioFaults, one_line
from abm.report import stress_words
from abm.report.script import day_name
from abm.report.stress_page import MOST_ENTRIES
from abm.report.stress_words import money
from abm.runs.exports import guarded

if TYPE_CHECKING:
    from abm.classroom.choice import Choice
    from abm.classroom.portfolio.asking import Answer
    from abm.words import Words

MOST_LINES = 12  # of the portfolio on the page


def faults_html(refused: ScenarioFaults, file: str, say: Words) -> str:
    """Every fault of a file, with its line; of very many the first."""
    told = [
        ("" if fault.line is None else f"{fault.line}", *fault.columns())
        for fault in refused.faults[:MOST_FAULTS]
    ]
    return html(
        "portfolio/faults.html", say=say, file=one_line(file, 60), faults=told,
        n=len(refused.faults),
    )  # fmt: skip


def lead_html(found: Answer, file: str, changed: str, say: Words) -> str:
    """Four answers for a reader who knows no model."""
    tested = found.found
    where = tested.scenario.name
    title = say(f"scenarios.{where}") if say.has(f"scenarios.{where}") else where
    facts_told = say("portfolio.facts", paths=f"{tested.market.n:,}", seed=tested.market.seed)
    failed = [say("report.failed_runs", n=tested.market.n_failed)] if tested.market.n_failed else []
    remarks = [*stress_words.breakeven(tested, say.language),
               *stress_words.drivers(tested, say.language),
               *stress_words.remarks(tested, say.language), say("stress.today")]  # fmt: skip
    return html(
        "portfolio/lead.html",
        title=say("stress.page.title", portfolio=one_line(file, 60), scenario=title),
        facts=" ".join([facts_told, changed]).strip(), lead=found.report.lead(),
        remarks=[*failed, *remarks],
    )  # fmt: skip


def changed_words(choice: Choice, say: Words) -> str:
    """That controls of Play are not as the scenario has them; empty where all are."""
    own, now = values_of(choice.base, {}), values_of(choice.base, choice.changes)
    n = sum(now[key] != own[key] for key in own)
    return say("portfolio.changed", n=n) if n else ""


def story_html(found: Answer, say: Words) -> str:
    """The chronicle of the market on the worst path."""
    scenario, entries = found.found.scenario, found.entries
    when = day_name(scenario, scenario.shock_day, say.language)
    return html(
        "portfolio/story.html", say=say, head=say("stress.page.chronicle", when=when),
        entries=entries[:MOST_ENTRIES], n_more=max(0, len(entries) - MOST_ENTRIES),
    )  # fmt: skip


def tables(found: Answer, say: Words) -> dict[str, str]:
    """Losses by horizon, the portfolio otherwise, and its lines."""
    tested, unit = found.found, say("portfolio.in_money", currency=found.found.currency)
    rows = {
        "losses": stress_words.losses(tested, say.language),
        "variants": stress_words.variants(tested, say.language),
        "lines": lines(found, say),
    }
    return {
        name: html("portfolio/head_of.html", text=say(f"portfolio.table.{name}"), unit=unit)
        + f'<div class="scrolling">{facts(of[0], of[1:])}</div>'
        for name, of in rows.items()
    }  # fmt: skip


def lines(found: Answer, say: Words) -> list[tuple[str, ...]]:
    """Lines by their part of the expected shortfall, the largest first, under a head."""
    names = ("page.line", "page.value", "mean", "page.component_es")
    rows = [tuple(say(f"stress.{name}") for name in names)]
    table = found.found.lines
    at_last = table[table["horizon"] == found.found.horizons[-1]]
    for row in at_last.nlargest(MOST_LINES, "component_es").to_dict("records"):
        cells = (money(row[name]) for name in ("value", "mean", "component_es"))
        rows.append((guarded(one_line(row["name"], 60)), *cells))
    return rows
