"""`unwind attribute`: what each channel, or each scripted event, contributed to a number."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple

import typer

from abm.cli.answers import DONE
from abm.cli.asked import Force, Language, Settings, chosen_scenario, leave, print_json, whole
from abm.cli.lines import duration, labelled
from abm.cli.output import all_or_nothing, refuse_folder
from abm.cli.progress import CountOnStderr, warn_of_compiling
from abm.cli.terminal import say, tell
from abm.words import counted, words

if TYPE_CHECKING:
    from abm.attribution import Attribution, Progress

FIGURE = "waterfall"


class Asked(NamedTuple):
    """The options of `unwind attribute`."""

    scenario: str
    settings: tuple[str, ...] = ()
    target: str = "peak_yen_appreciation"
    channels: tuple[str, ...] | None = None
    triggers: bool = False
    seeds: int = 16
    seed: int = 0
    workers: int | None = None
    out: Path | None = None
    force: bool = False
    as_json: bool = False
    language: str = "en"


def attribute(
    scenario: Annotated[
        str,
        typer.Argument(metavar="SCENARIO", help="A name that `unwind scenarios` lists, or a file"),
    ],
    settings: Settings = None,
    target: Annotated[
        str, typer.Option(metavar="NAME", help="A number of a cascade, as forced_sales_net_usd_bn")
    ] = "peak_yen_appreciation",
    channels: Annotated[
        str | None,
        typer.Option(
            metavar="A,B,…", help="Channels; default the nine main ones; `all`: that are at work"
        ),
    ] = None,
    triggers: Annotated[
        bool,
        typer.Option(
            "--triggers",
            help="What the scenario scripts, alone or beside --channels",
        ),
    ] = False,
    seeds: Annotated[str, typer.Option(metavar="N", help="Draws")] = "16",
    seed: Annotated[str, typer.Option(metavar="N", help="Random seed of all draws")] = "0",
    workers: Annotated[
        str | None, typer.Option(metavar="N", help="Processes; default one for each core")
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Folder; default results/SCENARIO-attribution"),
    ] = None,
    force: Force = False,
    json: Annotated[bool, typer.Option("--json", help="Print the numbers as JSON")] = False,
    language: Language = "en",
) -> None:
    """Attribute a number of the cascade to channels, or to what is scripted: exact shares."""
    n_workers = None if workers is None else whole("--workers", workers)
    named = None if channels is None else tuple(name.strip() for name in channels.split(","))
    asked = Asked(
        scenario, tuple(settings or ()), target, named, triggers, whole("--seeds", seeds),
        whole("--seed", seed), n_workers, out, force, json, language,
    )  # fmt: skip
    leave(attribute_and_tell(asked))


def attribute_and_tell(asked: Asked) -> int:
    """Run all coalitions, keep the shares, and say them; the exit code."""
    from abm.attribution import channels_at_work, shapley
    from abm.attribution.unfinished import is_begun
    from abm.files import folder_name

    words(asked.language)  # an unknown one is refused before any work
    scenario = chosen_scenario(asked.scenario, list(asked.settings))
    default = Path("results") / f"{folder_name(scenario.name)}-attribution"
    folder = asked.out if asked.out is not None else default
    refuse_folder(folder, asked.force)
    warn_of_compiling()
    try:
        with AttributionProgress(every_seconds=10.0) as progress:
            found = shapley(
                scenario, asked.target,
                asked_channels(asked.channels, channels_at_work(scenario)),
                triggers=asked.triggers, seeds=asked.seeds, rng=asked.seed, workers=asked.workers,
                progress=progress, folder=folder,
            )  # fmt: skip
    except KeyboardInterrupt:
        kept = "what was done is kept" if is_begun(folder) else "nothing was done yet"
        say(f"{kept}; to go on: {shlex.join(['unwind', 'attribute', *sys.argv[2:]])}")
        raise
    with all_or_nothing(folder):
        found.save(folder, asked.force, {FIGURE: figure_of(found)})
    if asked.as_json:
        print_json(as_plain(found, folder))
    else:
        tell(*lines(found, folder, asked.language))
    return DONE


def asked_channels(
    given: tuple[str, ...] | None, at_work: tuple[str, ...]
) -> tuple[str, ...] | None:
    """Channels as asked for, `all` being those at work."""
    if given is None or "all" not in given:
        return given
    return tuple(dict.fromkeys((*at_work, *(name for name in given if name != "all"))))


class AttributionProgress(CountOnStderr):
    """Progress of an attribution: a bar on a terminal, elsewhere a line once in a while."""

    def __call__(self, progress: Progress) -> None:
        done, planned = progress.n_done, progress.n_planned
        each = progress.seconds / (done - progress.n_before)
        left = f", {duration(each * (planned - done))} left" if done < planned else ""
        line = f"{done:,} of {counted(planned, 'coalition')}, {duration(progress.seconds)}{left}"
        self.show(done, planned, line)


def labels_of(found: Attribution, language: str = "en") -> dict[str, str]:
    """Words for every part of the table."""
    from abm.attribution.result import EVERYTHING, NOTHING

    text = words(language)
    labels = {part: text(f"attribution.{part}") for part in (NOTHING, EVERYTHING)}
    labels |= {name: text(f"channels.{name}") for name in found.players.channels}
    titles = {f"news.{news.name}": news.title or news.name for news in found.scenario.news}
    kinds = {
        "shock": "shock",
        "policy.boj": "boj",
        "policy.swap_line": "swap_line",
        "policy.boj.path": "boj_move",
        "policy.mof.interventions": "intervention",
    }
    for name in found.players.triggers:
        table, _, entry = name.rpartition(".")
        key = kinds.get(name) or kinds.get(table, "")
        labels[name] = titles[name] if name in titles else text(f"attribution.{key}", name=entry)
    return labels


def figure_of(found: Attribution) -> Any:
    """The waterfall, in English as all figures are."""
    from abm.figures.waterfall import waterfall_figure

    n_known, n = int(found.is_known.sum()), len(found.worths)
    left_out = f", {n - n_known} left out without that number" if n_known < n else ""
    caption = (
        f"{found.scenario.name}, seed {found.seed}, {counted(n_known, 'draw')}{left_out}. Exact "
        f"Shapley shares over {counted(found.worths.shape[1], 'coalition')}: channels on or none, "
        "scripted events there or left out, from the same books on the morning of day 0."
    )
    caption += " Whiskers: standard error over draws." if n_known > 1 else ""
    return waterfall_figure(found.table, found.target, labels_of(found), caption)


def lines(found: Attribution, folder: Path, language: str) -> list[str]:
    """Lines for the terminal."""
    from abm.figures.sweep_axes import outcome_words
    from abm.report.findings import aligned

    text, labels = words(language), labels_of(found, language)
    head = ("part", "share", "se", "first_in", "last_out")
    rows = [tuple(text(f"attribution.{name}") for name in head)]
    rows += [_row(found, line, labels) for line in found.table.to_dict("records")]
    n_known = int(found.is_known.sum())
    target = outcome_words(found.target)
    what = text("attribution.what", target=target, n=n_known, scenario=found.scenario.name)
    n_left_out = len(found.worths) - n_known
    told = [f"{what}", "", *aligned(rows), text("attribution.notes")]
    if n_left_out:
        told.append(labelled("Left out", f"{counted(n_left_out, 'draw')} without that number"))
    files = f"{folder}: shares.csv, worths.parquet, {FIGURE}.png, manifest.json"
    return [*told, "", labelled("Kept in", files)]


def _row(found: Attribution, line: Mapping[Any, Any], labels: Mapping[str, str]) -> tuple[str, ...]:
    """A part as a row of the table; what is not there is a dash."""
    from abm.figures.waterfall import as_spelled

    def cell(name: str, sign: str = "") -> str:
        value = line[name]
        told = as_spelled(found.table, value) if value == value else "-"
        return told if told[0] in "−-" else f"{sign}{told}"

    share = cell("share", "+" if line["kind"] else "")
    return labels[line["part"]], share, cell("se"), cell("first_in", "+"), cell("last_out", "+")


def as_plain(found: Attribution, folder: Path) -> dict[str, Any]:
    """The same for a program."""
    return {
        "folder": str(folder),
        "scenario": found.scenario.name,
        "target": found.target,
        "seed": found.seed,
        "n_seeds": len(found.worths),
        "n_left_out": int((~found.is_known).sum()),
        "n_coalitions": found.worths.shape[1],
        "parts": {line.pop("part"): line for line in found.table.to_dict("records")},
    }
