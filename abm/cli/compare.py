"""`unwind compare`: two scenarios on the same draws, and the difference draw by draw."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple

import typer

import abm
from abm.cli.answers import DONE, OUR_FAULT
from abm.cli.asked import Settings, changes_in, chosen_scenario, how_many, leave, print_json, whole
from abm.cli.lines import labelled
from abm.cli.progress import warn_of_compiling
from abm.cli.sweep import SweepProgress, told_when_interrupted
from abm.cli.terminal import tell

if TYPE_CHECKING:
    from abm.sweep import Comparison

HEAD = ("", "first", "second", "difference", "paired s.e.", "pairs")


class Asked(NamedTuple):
    """The options of `unwind compare`; `b` is `a` again where it is not given."""

    a: str
    b: str | None = None
    settings: Sequence[str] = ()
    settings_b: Sequence[str] = ()
    runs: int = 100
    seed: int = 0
    workers: int | None = None
    out: Path | None = None
    force: bool = False
    as_json: bool = False

    @property
    def command(self) -> str:
        """The command as typed."""
        words = ["unwind", "compare", self.a, *([self.b] if self.b is not None else [])]
        for option, settings in (("--set", self.settings), ("--set-b", self.settings_b)):
            words += [word for setting in settings for word in (option, setting)]
        words += ["--runs", str(self.runs), "--seed", str(self.seed)]
        for option, value in (("--workers", self.workers), ("--out", self.out)):
            words += [option, str(value)] if value is not None else []
        for option, is_set in (("--force", self.force), ("--json", self.as_json)):
            words += [option] if is_set else []
        return shlex.join(words)


def compare(
    a: Annotated[
        str, typer.Argument(metavar="A", help="A name that `unwind scenarios` lists, or a file")
    ],
    b: Annotated[
        str | None, typer.Argument(metavar="[B]", help="Another; default A, with what --set-b says")
    ] = None,
    settings: Settings = None,
    settings_b: Annotated[
        list[str] | None,
        typer.Option("--set-b", metavar="KEY=VALUE", help="Change a value in B alone; repeatable"),
    ] = None,
    runs: Annotated[str, typer.Option(metavar="N", help="Draws: runs of each scenario")] = "100",
    seed: Annotated[str, typer.Option(metavar="N", help="Random seed of both")] = "0",
    workers: Annotated[
        str | None, typer.Option(metavar="N", help="Processes; default one for each core")
    ] = None,
    out: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Folder; default results/<A>-or-<B>")
    ] = None,
    force: Annotated[
        bool, typer.Option("--force", help="Compare scenarios that differ in several fields")
    ] = False,
    json: Annotated[bool, typer.Option("--json", help="Print the numbers as JSON")] = False,
) -> None:
    """Compare two scenarios that differ in one field, on the same draws."""
    n_runs, n_workers = whole("--runs", runs, least=1), how_many("--workers", workers)
    changes = (tuple(settings or ()), tuple(settings_b or ()))
    asked = Asked(a, b, *changes, n_runs, whole("--seed", seed), n_workers, out, force, json)
    leave(compare_and_tell(asked))


def compare_and_tell(asked: Asked) -> int:
    """Run what is missing of both and say what differs; the exit code: 1 where a run failed."""
    first = chosen_scenario(asked.a, list(asked.settings))
    second = chosen_scenario(asked.b or asked.a, list(asked.settings))
    if asked.settings_b:
        changes = changes_in(list(asked.settings_b), "--set-b")
        second = second.with_changes(changes, where="--set-b")
    warn_of_compiling()
    with told_when_interrupted(asked.command), SweepProgress() as progress:
        found = abm.compare(
            first, second, runs=asked.runs, rng=asked.seed, out=asked.out,
            workers=asked.workers, force=asked.force, progress=progress,
        )  # fmt: skip
    if asked.as_json:
        print_json(as_plain(found))
    else:
        tell(*lines(found))
    return OUR_FAULT if any(found.n_failed) else DONE


def lines(found: Comparison) -> list[str]:
    """Lines for the terminal."""
    from abm.report.findings import aligned
    from abm.report.sweep_sentences import level

    told = [
        labelled("First, second" if n == 0 else "", f"{key}: {level(x)}, {level(y)}")
        for n, (key, (x, y)) in enumerate(found.fields.items())
    ]
    told.append(labelled("Runs", f"{found.n_runs:,} of each, on the same draws"))
    if any(found.n_failed):
        n_first, n_second = found.n_failed
        words = f"{n_first:,} of the first, {n_second:,} of the second: in no pair"
        told.append(labelled("Failed", f"{words}; see unwind status {found.folder}"))
    if len(found.table):
        rows = [_row(line) for line in found.table.to_dict("records")]
        told += ["", *aligned([HEAD, *rows])]
        told += [
            "means over the pairs; in brackets: 95% Student interval of the paired difference; "
            "where all pairs of a share differ alike, as wide as Wilson's of none"
        ]
    told += ["", labelled("Kept in", f"{found.folder}: comparison.csv, and the runs as a sweep's")]
    if len(found.table):
        told.append(labelled("Try next", f"unwind analyse {found.folder}"))
    return told


def _row(line: dict[Any, Any]) -> tuple[str, ...]:
    """An output as a row of the table; what too few pairs leave open is a dash."""
    from abm.figures.sweep_axes import outcome_words

    def cell(name: str, form: str = ".3g") -> str:
        return format(line[name], form) if line[name] == line[name] else "-"

    difference = cell("difference", "+.3g")
    if line["low"] == line["low"]:
        difference += f" [{cell('low', '+.3g')}, {cell('high', '+.3g')}]"
    left_out = f" ({line['n_left_out']:,} left out)" if line["n_left_out"] else ""
    pairs = f"{line['n_pairs']:,}{left_out}"
    means = (cell("mean_a"), cell("mean_b"))
    return (outcome_words(line["output"]), *means, difference, cell("se_paired", ".2g"), pairs)


def as_plain(found: Comparison) -> dict[str, Any]:
    """The same for a program."""
    return {
        "folder": str(found.folder),
        "fields": {key: [str(x), str(y)] for key, (x, y) in found.fields.items()},
        "n_runs": found.n_runs,
        "n_failed": list(found.n_failed),
        "outputs": {line.pop("output"): line for line in found.table.to_dict("records")},
    }
