"""`unwind stress`: a portfolio of the user's own through the simulated unwinds."""

from __future__ import annotations

import math
import re
import shlex
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NamedTuple

import typer

from abm.cli.answers import DONE
from abm.cli.asked import (
    Force,
    Language,
    Refusals,
    Settings,
    chosen_scenario,
    how_many,
    leave,
    print_json,
    whole,
)
from abm.cli.lines import labelled
from abm.cli.output import all_or_nothing, refuse_folder
from abm.cli.progress import CountOnStderr, warn_of_compiling
from abm.cli.sweep import SweepProgress, told_when_interrupted
from abm.cli.terminal import tell
from abm.errors import InvalidInput
from abm.words import words

if TYPE_CHECKING:
    from abm.scenario import Scenario
    from abm.stress import Portfolio, StressResult

MARKET = "market"
MOST_LINES = 5  # of the portfolio that are told
DAYS = "1,5,10,20,60"
_PERCENT = re.compile(r"(\d{1,3}(?:\.\d{1,6})?)\s*%", re.ASCII)


class Typed(NamedTuple):
    """The options of `unwind stress` as they were typed."""

    portfolio: str
    scenario: str
    settings: list[str]
    runs: str
    horizon: str
    seed: str
    base: str
    betas: Path | None
    workers: str | None
    out: Path | None
    force: bool
    as_json: bool
    language: str
    reverse: str | None = None


class Asked(NamedTuple):
    """The same, found sound."""

    path: Path
    """Of the portfolio."""
    scenario: Scenario
    runs: int
    horizons: tuple[int, ...]
    seed: int
    workers: int | None
    folder: Path
    reverse: float | None
    """Share of the own money."""


def stress(
    portfolio: Annotated[
        str, typer.Argument(metavar="PORTFOLIO", help="A CSV file, or a sample: asset-manager")
    ],
    scenario: Annotated[
        str, typer.Option(metavar="NAME", help="A name that `unwind scenarios` lists, or a file")
    ],
    settings: Settings = None,
    runs: Annotated[str, typer.Option(metavar="N", help="Simulated paths")] = "1000",
    horizon: Annotated[
        str, typer.Option(metavar="A,B,…", help="Trading days after the eve of the shock")
    ] = DAYS,
    seed: Annotated[str, typer.Option(metavar="N", help="Random seed of all paths")] = "0",
    base: Annotated[
        str, typer.Option(metavar="CODE", help="Currency of the result, as USD or JPY")
    ] = "USD",
    betas: Annotated[
        Path | None, typer.Option(metavar="FILE", help="A CSV file of betas by proxy")
    ] = None,
    reverse: Annotated[
        str | None,
        typer.Option(
            metavar="X%",
            help="Also look for what loses so much of the own money by the last horizon, as 20%",
        ),
    ] = None,
    workers: Annotated[
        str | None, typer.Option(metavar="N", help="Processes; default one for each core")
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Folder; default results/stress-PORTFOLIO-SCENARIO"),
    ] = None,
    force: Force = False,
    json: Annotated[bool, typer.Option("--json", help="Print the numbers as JSON")] = False,
    language: Language = "en",
) -> None:
    """Put a portfolio through many paths of a scenario: losses, margin calls, funding."""
    typed = Typed(
        portfolio, scenario, settings or [], runs, horizon, seed, base, betas, workers, out, force,
        json, language, reverse,
    )  # fmt: skip
    leave(stress_and_tell(typed, asked_of(typed)))


def asked_of(typed: Typed) -> Asked:
    """The options, all faults told at once; of the portfolio's too, before any folder is made."""
    from abm.calibration.search import need_cma
    from abm.files import folder_name
    from abm.stress import read_portfolio
    from abm.stress.running import refuse_numbers
    from abm.stress.samples import find_portfolio

    refusals = Refusals()
    refusals.of(words, typed.language)
    runs = refusals.of(whole, "--runs", typed.runs, least=1)
    days = [refusals.of(whole, "--horizon", day.strip(), least=1)
            for day in typed.horizon.split(",")]  # fmt: skip
    seed = refusals.of(whole, "--seed", typed.seed)
    workers = refusals.of(how_many, "--workers", typed.workers)
    reverse = None if typed.reverse is None else refusals.of(_share, typed.reverse)
    if typed.reverse is not None:
        refusals.of(need_cma)
    scenario = refusals.of(chosen_scenario, typed.scenario, typed.settings)
    path = refusals.of(find_portfolio, typed.portfolio)
    horizons: tuple[int, ...] | None = ()
    if scenario is not None:
        sound = [day for day in days if day] or [1]  # what is none has been told of
        horizons = refusals.of(refuse_numbers, runs or 1, sound, workers, scenario)
        if path is not None:
            found = refusals.of(read_portfolio, path, scenario, typed.betas, typed.base)
            if found is not None and typed.reverse is not None:
                refusals.of(_refuse_reverse, found)
    folder = typed.out
    if folder is None and scenario is not None and path is not None:
        folder = Path("results") / folder_name(f"stress-{path.stem}-{scenario.name}")
    if folder is not None:
        refusals.of(_refuse, folder, typed.force)
    refusals.tell()
    assert scenario and path and folder and runs and horizons and seed is not None
    return Asked(path, scenario, runs, horizons, seed, workers, folder, reverse)


def _refuse_reverse(portfolio: Portfolio) -> None:
    if portfolio.sensitivities:
        raise InvalidInput(
            "--reverse: a table of sensitivities has no own money to lose a share of; give lines"
        )


def _share(text: str) -> float:
    """A percentage with its sign as a share of 1."""
    found = _PERCENT.fullmatch(text.strip())
    share = float(found[1]) / 100.0 if found else math.nan
    if not 0.0 < share <= 1.0:
        raise InvalidInput(
            f"--reverse = {text[:40]}, must be a percentage of the own money with its sign, above "
            "0% and at most 100%, as 20%"
        )
    return share


def stress_and_tell(typed: Typed, asked: Asked) -> int:
    """Simulate what is missing, value the portfolio, keep the tables, and say them; exit code."""
    from abm.report.stress_page import StressReport
    from abm.stress import run

    folder = asked.folder
    warn_of_compiling()
    again = shlex.join(["unwind", *sys.argv[1:]])
    with told_when_interrupted(again), SweepProgress() as progress:
        found = run(
            asked.path, asked.scenario, asked.runs, asked.horizons, asked.seed, asked.workers,
            betas=typed.betas, base=typed.base, folder=folder / MARKET, progress=progress,
        )  # fmt: skip
    if asked.reverse is not None:
        with told_when_interrupted(again):
            found = _reversed(found, asked)
    told = StressReport(found, typed.language).files(folder.resolve().name)
    with all_or_nothing(folder):
        found.save(folder, told)
    if typed.as_json:
        print_json({"folder": str(folder), **found.summary})
    else:
        tell(*lines(found, folder, typed))
    return DONE


def _reversed(found: StressResult, asked: Asked) -> StressResult:
    """The result with its reverse stress test; a refusal says that the runs are kept."""
    from abm.stress import reverse

    assert asked.reverse is not None
    with CountOnStderr() as shown:
        try:
            answer = reverse(
                found, asked.reverse, asked.workers,
                progress=lambda p: shown.show(p.n_done, p.n_planned, "reverse stress test"),
            )  # fmt: skip
        except InvalidInput as refused:
            n, where = found.market.n, asked.folder
            kept = f"the {n:,} runs are kept in {where}: another --reverse needs no new ones"
            raise InvalidInput(*refused.args, kept) from None
    return replace(found, reverse=answer)


def _refuse(folder: Path, force: bool) -> None:
    """Refuse a folder that holds other things than runs of a market, of which we go on."""
    if folder.is_dir() and {entry.name for entry in folder.iterdir()} == {MARKET}:
        return
    refuse_folder(folder, force)


def lines(found: StressResult, folder: Path, typed: Typed) -> list[str]:
    """Lines for the terminal."""
    from abm.report import reverse_words, stress_words
    from abm.report.findings import aligned
    from abm.report.stress_words import money

    text, last, language = words(typed.language), found.horizons[-1], typed.language
    is_linear = bool(found.portfolio.sensitivities)
    head = text(
        "stress.head_linear" if is_linear else "stress.head",
        scenario=found.scenario.name, own=money(found.own_money), currency=found.currency,
        **stress_words.sizes(found, text),
    )  # fmt: skip
    told = [head, "", *aligned(stress_words.losses(found, language))]
    told += ["", *aligned(stress_words.parts(found, language)), ""]
    accounts = stress_words.accounts(found, language)
    accounts += stress_words.option_margin(found, language)
    told += [*accounts, ""] if accounts else []
    told += [*aligned(stress_words.variants(found, language)), ""]
    told += stress_words.breakeven(found, language)
    at_last = found.lines[found.lines["horizon"] == last].nlargest(MOST_LINES, "component_es")
    shares = [f"{row['name']} {money(row['component_es'])}" for row in at_last.to_dict("records")]
    told.append(text("stress.worst_lines", lines=", ".join(shares)))
    told += stress_words.drivers(found, language)
    reverse = reverse_words.sentences(found, language)
    told += ["", *reverse, ""] if reverse else []
    told += stress_words.remarks(found, language)
    told += [text("stress.today"), ""]
    files = f"{folder}: report.html, figures, tables, stresstest.xml (for ORE), worst-1.txt …"
    worst = ["unwind", "run", typed.scenario, "--seed", typed.seed]
    worst += ["--replicate", str(found.summary["worst_paths"][0])]
    worst += [word for setting in typed.settings for word in ("--set", setting)]
    worst += ["--out", f"{folder}-worst"]
    return [*told, labelled("Kept in", files), labelled("Try next", shlex.join(worst))]
