"""The report of a sweep: its content, and the page."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from abm.errors import InvalidInput, UnreadableFile
from abm.figures.sweep_axes import axis_words, outcome_words
from abm.report import pictures
from abm.report.findings import Findings, Rows, examined
from abm.report.html import Picture, flat, page, picture
from abm.report.parameters import parameters
from abm.report.study import Study, read_study, usual
from abm.scenario.template import parameter_table
from abm.scenario.writing import toml_value
from abm.sweep.outcomes import outcome, panel
from abm.sweep.plan import EXPERIMENT, read_description, read_plan
from abm.sweep.store import check, kept_files
from abm.words import words

if TYPE_CHECKING:
    import pandas as pd

    from abm.sweep.plan import Plan
    from abm.words import Words

CONTENTS = ("design", "results", "parameters", "reproduce")
_MOST_LEVELS = 12  # of a factor that are listed; of more only the ends
_MOST_ROWS = 16  # of a table that is not folded away
_MOST_ERRORS = 5


class Factor(NamedTuple):
    """A factor and its range."""

    key: str
    words: str  # as the figures say it
    meaning: str  # as the scenario's schema says it; empty for what only some scenarios have
    values: str


class Found(NamedTuple):
    """Rows of a finding as they stand in the page."""

    sentence: str
    head: Sequence[str]
    rows: Sequence[Sequence[str]]
    is_long: bool


class Outcome(NamedTuple):
    """All that was found about one number of the runs."""

    name: str
    words: str
    tables: list[Found]
    notes: list[str]
    pictures: list[Picture]
    titles: list[str]  # of its figures, the finding first


def sweep_report(folder: str | Path, outputs: Sequence[str] = (), language: str = "en") -> str:
    """The report of a sweep's folder: design, standing, what was found, how to make it again.

    `outputs` are numbers of the runs as `unwind analyse --output` takes them. Raises UnreadableFile
    where a file of the sweep has changed since it was written.
    """
    return page("sweep.html", content(Path(folder), outputs, language), language)


def content(folder: Path, outputs: Sequence[str], language: str) -> dict[str, Any]:
    """The values of sweep.html."""
    say, study = words(language), read_study(folder)
    _refuse_changed(folder)
    plan = read_plan(folder)
    experiment = plan.experiment
    found = [_outcome(one, say) for one in _examined(study, folder, outputs)]
    n_planned, n_done = plan.n_rows, len(study.table)
    return {
        "title": experiment.name,
        "facts": say(
            "report.facts_sweep",
            name=experiment.name, scenario=plan.scenario.name, seed=experiment.seed,
        ),
        "findings": [one.titles[0] for one in found if one.titles],
        "contents": CONTENTS,
        "n_missing": n_planned - n_done,
        "n_failed": int((study.table["status"] == "failed").sum()),
        "done": f"{n_done:,}",
        "planned": f"{n_planned:,}",
        "share": f"{n_done / n_planned:.1%}",
        "design": _design(study, n_planned, say),
        "factors": list(_factors(plan, say)),
        "errors": _errors(study.table),
        "outcomes": found,
        "commands": _commands(folder, n_done < n_planned, int(study.table["row"].iloc[0]), say),
        "manifest": flat(read_description(folder)),
        **parameters(plan.scenario),
    }  # fmt: skip


def _refuse_changed(folder: Path) -> None:
    """Every file is read against its hash: a report must not say what was not run."""
    for kept in kept_files(folder):
        fault = check(kept, (), folder, whole=True)
        if fault:
            raise UnreadableFile(
                f"{folder}: {fault}; unwind status {folder} --verify sets it aside, and "
                "unwind sweep runs it again"
            )


def _examined(study: Study, folder: Path, outputs: Sequence[str]) -> list[Findings]:
    """The findings about every outcome that is wanted, or that most would want.

    Examined again each time, so that figures and numbers are of the same runs.
    """
    chosen = [outcome(name, study.table) for name in outputs or usual(study.table)]
    if not chosen:
        raise InvalidInput(f"{folder} has no run that was done: see unwind status")
    return [
        examined(study, panel(study.table, one, study.points, study.n_replicates)) for one in chosen
    ]


def _outcome(found: Findings, say: Words) -> Outcome:
    what = _plain(outcome_words(found.outcome))
    titles = {name: _plain(title) for name, title in found.titles.items()}
    drawn = []
    for name, figure in found.figures.items():
        caption = say(f"report.figure.{name}", what=what)
        drawn.append(picture(pictures.png(figure), f"{caption}: {titles[name]}", caption))
    tables = [_rows(rows) for rows in found.found]
    return Outcome(found.outcome, what, tables, found.said, drawn, list(titles.values()))


def _rows(rows: Rows) -> Found:
    sentence = rows.sentence.removesuffix(":")
    plain = [[_plain(cell) for cell in row] for row in rows.rows]
    head = [_plain(name) for name in rows.head]
    return Found(_plain(sentence), head, plain, len(plain) > _MOST_ROWS)


def _design(study: Study, n_planned: int, say: Words) -> str:
    return say(
        "report.design",
        kind=study.kind,
        factors=say("report.factors", n=len(study.points.columns)),
        points=say("report.points", n=len(study.points)),
        replicates=say("report.replicates", n=study.n_replicates),
        runs=say("report.runs", n=n_planned),
    )


def _factors(plan: Plan, say: Words) -> Iterator[Factor]:
    rows = {row.key: row for row in parameter_table(plan.scenario)}
    points = plan.points
    for name in points.columns:
        levels = sorted(points[name].dropna().unique().tolist(), key=lambda x: (str(type(x)), x))
        if len(levels) <= _MOST_LEVELS:
            shown = ", ".join(map(toml_value, levels))
        else:
            low, high = f"{levels[0]:.4g}", f"{levels[-1]:.4g}"
            shown = say("report.range", low=low, high=high, n=len(levels))
        meaning = rows[name].meaning if name in rows else ""
        yield Factor(str(name), _plain(axis_words(str(name))), meaning, shown)


def _errors(table: pd.DataFrame) -> list[tuple[str, int]]:
    """The commonest errors of runs that failed, with their numbers."""
    counts = table["error"][table["status"] == "failed"].value_counts().head(_MOST_ERRORS)
    return [(str(error), int(n)) for error, n in counts.items()]


def _commands(folder: Path, is_incomplete: bool, row: int, say: Words) -> list[tuple[str, str]]:
    """Commands that can be pasted, and what each is for."""
    name = folder.resolve().name
    told = {
        "go_on": ["unwind", "sweep", f"{name}/{EXPERIMENT}", "--out", name],
        "analyse": ["unwind", "analyse", name],
        "row": ["unwind", "run", "--from", name, "--row", str(row), "--out", f"{name}-row-{row}"],
        "rows": ["unwind", "reproduce", name],
    }
    if not is_incomplete:
        del told["go_on"]
    return [(shlex.join(typed), say(f"report.command.{key}")) for key, typed in told.items()]


def _plain(text: str) -> str:
    """Without what keeps Matplotlib from reading mathematics."""
    return text.replace(r"\$", "$")
