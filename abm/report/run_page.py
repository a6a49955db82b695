"""The report of a run: its content, and the page."""

from __future__ import annotations

import math
import shlex
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from abm.report import pictures
from abm.report.account import account_story
from abm.report.chronicle import Divider, Entry, chronicle, place_of, shock_divider
from abm.report.funding import banks_matter, has_basis
from abm.report.html import Picture, flat, page, picture
from abm.report.parameters import parameters
from abm.report.phrases import Phrases
from abm.report.summary import Told, groups
from abm.runs.manifest import manifest_of
from abm.words import words

if TYPE_CHECKING:
    from abm.runs import RunResult
    from abm.words import Words

FIGURES = ("cascade", "basis", "banks", "mechanism", "network")  # in the order of the page
CONTENTS = ("summary", "figures", "chronicle", "parameters", "reproduce")
_MOST_ENTRIES = 400  # of the chronicle: a page is for readers
_LEAST_USD_BN = 0.005  # that is not zero when written


def figures_of(result: RunResult) -> tuple[str, ...]:
    """Names of a run's figures: without events there is no mechanism, nor a basis where it is
    constant, nor banks where they do not matter or their books are not known."""
    scenario, days = result.scenario, result.days
    absent = set() if scenario.outputs.events else {"mechanism"}
    absent |= set() if has_basis(days) else {"basis"}
    absent |= set() if result.is_repeatable and banks_matter(days) else {"banks"}
    return tuple(name for name in FIGURES if name not in absent)


class Line(NamedTuple):
    """An entry of the chronicle in the page."""

    when: str
    is_first_of_day: bool
    what: str
    cause: str
    amount: str  # USD bn; empty where there is none
    above: str = ""  # what stands above it: that from here on is after the shock


def run_report(
    result: RunResult,
    figures: Mapping[str, bytes],
    manifest: Mapping[str, Any] | None = None,
    folder: str = "",
    language: str = "en",
) -> str:
    """The report of a run: summary, figures, chronicle, parameters, how to make it again.

    Parameters
    ----------
    result
        As `abm.run` or `abm.load_result` gives it.
    figures
        PNG files by name: cascade, mechanism, network; basis, where it moves; banks, where they
        matter.
    manifest
        What is in the folder's manifest.json; by default what would be written now.
    folder
        Name of the folder, for the commands that the page shows.
    language
        One of abm.words.LANGUAGES.
    """
    return page("run.html", content(result, figures, manifest, folder, language), language)


def content(
    result: RunResult,
    figures: Mapping[str, bytes],
    manifest: Mapping[str, Any] | None,
    folder: str,
    language: str,
) -> dict[str, Any]:
    """The values of run.html."""
    say, scenario = words(language), result.scenario
    finding = pictures.title(scenario, result.summary, language)
    entries = chronicle(result.events, language, funding=scenario.funding_currency)
    name = folder or scenario.name
    divider = shock_divider(scenario, language)
    return {
        "title": scenario.title or scenario.name,
        "finding": finding,
        "facts": say(
            "report.facts_run",
            scenario=scenario.name, seed=result.seed, replicate=result.replicate,
        ) + pictures.branch_words(result, language),
        "about": scenario.about,
        "contents": CONTENTS,
        "groups": groups(Told.of(result), language),
        "pictures": _pictures(figures, finding, say),
        "has_events": scenario.outputs.events,
        "entries": list(chronicle_lines(entries[:_MOST_ENTRIES], divider, say)),
        "styles": Phrases(say).styles(scenario.funds.styles),
        "account": list(chronicle_lines(account_story(result, language), None, say)),
        "n_more_entries": max(0, len(entries) - _MOST_ENTRIES),
        "is_repeatable": result.is_repeatable,
        "commands": _commands(result, name, say),
        "manifest": flat(manifest_of(result) if manifest is None else manifest),
        **parameters(scenario),
    }  # fmt: skip


def _pictures(figures: Mapping[str, bytes], finding: str, say: Words) -> list[Picture]:
    found = []
    for name in FIGURES:
        if name in figures:
            caption = say(f"report.figure.{name}")
            found.append(picture(figures[name], f"{caption} {finding}", caption))
    return found


def chronicle_lines(entries: Sequence[Entry], shock: Divider | None, say: Words) -> Iterable[Line]:
    """Entries, each day's name beside its first only; the divider above the first after it."""
    before, first_after = None, place_of(shock, [entry.day for entry in entries])
    for place, entry in enumerate(entries):
        amount = _amount(entry.amount_usd_bn, say)
        above = shock.text if shock is not None and place == first_after else ""
        yield Line(entry.when, entry.day != before, entry.what, entry.cause, amount, above)
        before = entry.day


def _amount(amount_usd_bn: float, say: Words) -> str:
    """To a hundredth of a billion, in the language's unit; empty where there is none."""
    if math.isnan(amount_usd_bn):
        return ""
    if amount_usd_bn >= _LEAST_USD_BN:
        return say.amount(amount_usd_bn, 2)
    return f"<{say.amount(0.01, 2)}"


def _commands(result: RunResult, name: str, say: Words) -> list[tuple[str, str]]:
    """Commands that can be pasted, and what each is for."""
    again = ["unwind", "run", f"{name}/scenario.toml", "--seed", str(result.seed)]
    again += ["--replicate", str(result.replicate)] if result.replicate else []
    told = {"explain": ["unwind", "explain", name]}
    if result.is_repeatable:
        told = {
            "reproduce": ["unwind", "reproduce", name],
            "run": [*again, "--out", f"{name}-again"],
            "animate": ["unwind", "plot", name, "--animate"],
            **told,
        }
    if result.origin is not None:  # its scenario holds from the branch on only
        told.pop("run", None)
    return [(shlex.join(words), say(f"report.command.{key}")) for key, words in told.items()]
