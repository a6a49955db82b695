"""`unwind explain`: a kept run as a chronicle, of who forced whom to do what, and when."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from abm.cli.asked import Language, print_json, result_in
from abm.cli.terminal import say, tell
from abm.words import words

if TYPE_CHECKING:
    from abm.report.chronicle import Entry


def explain(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="A folder that a run wrote")],
    language: Language = "en",
    json: Annotated[bool, typer.Option("--json", help="Print it as JSON")] = False,
) -> None:
    """A run as a chronicle: what happened, day by day, how much, and because of what."""
    text, entries = explained(folder, language)
    if json:
        print_json(as_plain(text, entries))
    else:
        tell(*text.split("\n"))


def explained(folder: Path, language: str) -> tuple[str, list[Entry]]:
    """The chronicle of the run in a folder, as text under what the shock did, and as entries.

    Of a run that kept no events the text says so, and there are no entries.
    """
    from abm.report.account import account_story
    from abm.report.chronicle import chronicle, chronicle_text, shock_divider, wrapped
    from abm.report.phrases import Phrases
    from abm.report.pictures import title

    text = words(language)  # an unknown language is refused before anything is read
    run = result_in(folder)
    if not run.scenario.outputs.events:
        return text("chronicle.not_kept"), []
    entries = chronicle(run.events, language, funding=run.scenario.funding_currency)
    name = f"{run.scenario.name}, seed {run.seed}, replicate {run.replicate}"
    heading = text("chronicle.heading", run=name)
    finding = "\n".join(wrapped(title(run.scenario, run.summary, language)))
    legend = "\n".join(wrapped(Phrases(text).styles(run.scenario.funds.styles)))
    chronicled = chronicle_text(entries, shock=shock_divider(run.scenario, language))
    told = [heading, finding, legend, chronicled]
    story = account_story(run, language)
    if story:
        told += [text("account.heading"), chronicle_text(story)]
    return "\n\n".join(part for part in told if part), [*entries, *story]


def as_plain(text: str, entries: list[Entry]) -> list[dict[str, Any]]:
    """The entries for a program; what is missing is said on stderr."""
    if not entries:
        say(text)
    return [entry._asdict() for entry in entries]
