"""`unwind episodes`: the record of real unwinds, and one of them beside its simulated runs."""

from __future__ import annotations

import json as json_text
import time
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple

import typer

from abm.cli import output
from abm.cli.asked import Force, Settings, chosen_scenario, print_json, typed, whole
from abm.cli.lines import labelled
from abm.cli.progress import Progress, warn_of_compiling
from abm.cli.terminal import tell
from abm.errors import InvalidInput

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

    from abm.episodes.forecast import Episode

SEED = "2024"
OF_RUNS = {n: f"--{n}" for n in ("runs", "seed", "out", "force")} | {"settings": "--set"}
LEAST_RUNS, MOST_RUNS = 2, 10_000


class Scored(NamedTuple):
    """An unwind with what its runs are worth."""

    episode: Episode
    band: pd.DataFrame
    scores: pd.DataFrame
    basis: pd.DataFrame  # empty where it does not move, or is not on record
    figure: Figure
    wall_seconds: float


def episodes(
    context: typer.Context,
    name: Annotated[
        str | None, typer.Argument(metavar="[NAME]", help="One of them; without, lists the record")
    ] = None,
    settings: Settings = None,
    runs: Annotated[str, typer.Option(metavar="N", help="Number of runs")] = "100",
    seed: Annotated[str, typer.Option(metavar="N", help="Random seed")] = SEED,
    out: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Folder; default results/episodes/<NAME>")
    ] = None,
    force: Force = False,
    json: Annotated[bool, typer.Option("--json", help="Print the numbers as JSON")] = False,
) -> None:
    """Real unwinds: the record, and record and simulated runs together, scored."""
    from abm.report.episodes import as_plain, list_lines

    if name is None:
        given = typed(context, OF_RUNS)
        if given:
            raise InvalidInput(f"{given[0]}: give a NAME; without one the record is listed")
        if json:
            print_json({"unwinds": as_plain()})
        else:
            tell(*list_lines())
        return
    scored, folder = score_and_keep(name, settings, runs, seed, out, force)
    if json:
        print_json(plain(scored, folder))
    else:
        tell(*lines(scored, folder))


def score_and_keep(
    name: str, settings: list[str] | None, runs: str, seed: str, out: Path | None, force: bool
) -> tuple[Scored, Path]:
    """Refuse what cannot be, run, score, and write the folder whole."""
    from abm.episodes.forecast import unwind_named

    unwind = unwind_named(name)
    n_runs, chosen_seed = whole("--runs", runs), whole("--seed", seed)
    if not LEAST_RUNS <= n_runs <= MOST_RUNS:
        raise InvalidInput(f"--runs = {n_runs}, must be from {LEAST_RUNS} to {MOST_RUNS:,}")
    scenario = chosen_scenario(name, settings)
    folder = out or Path("results/episodes") / name
    output.refuse_folder(folder, force)
    warn_of_compiling()
    with Progress(2) as progress:
        scored = scored_runs(unwind, scenario, n_runs, chosen_seed, progress)
    write(scored, folder)
    return scored, folder


def scored_runs(unwind: Any, scenario: Any, n_runs: int, seed: int, progress: Progress) -> Scored:
    """The runs of an unwind, their band, scores and picture."""
    from abm.episodes.forecast import band_table, basis_table, run_episode, score_table
    from abm.report.episodes import picture

    start = time.perf_counter()
    run = partial(run_episode, unwind, n_runs, seed, scenario, progress.tick)
    episode = progress.do(f"{n_runs} runs of {unwind.name}, free and frozen", run)
    with progress.step("scores and figure"):
        band, scores = band_table(episode), score_table(episode)
        figure = picture(episode, band, scores)
    seconds = time.perf_counter() - start
    return Scored(episode, band, scores, basis_table(episode), figure, seconds)


def write(scored: Scored, folder: Path) -> None:
    """Tables, figure, scenario and manifest, all or none."""
    from abm.files import write_folder
    from abm.report.pictures import png

    files = {
        "scores.csv": _csv(scored.scores),
        "paths.csv": _csv(scored.band),
        **({"basis.csv": _csv(scored.basis)} if len(scored.basis) else {}),
        "record.png": png(scored.figure),
        "scenario.toml": scored.episode.scenario.to_toml().encode(),
        "manifest.json": (json_text.dumps(manifest(scored), indent=2) + "\n").encode(),
    }
    with output.all_or_nothing(folder):
        write_folder(folder, files)


def manifest(scored: Scored) -> dict[str, Any]:
    """What the folder was made from and with."""
    from abm.runs.manifest import current_versions, source_commit, table_hash

    episode = scored.episode
    return {
        "episode": episode.unwind.name,
        "scenario": episode.scenario.name,
        "scenario_hash": episode.scenario.canonical_hash(),
        "seed": episode.seed,
        "n_runs": episode.n_runs,
        **current_versions(),
        "source_commit": source_commit(),
        "wall_seconds": round(scored.wall_seconds, 1),
        "sha256": {
            "scores": table_hash(scored.scores),
            "paths": table_hash(scored.band),
            **({"basis": table_hash(scored.basis)} if len(scored.basis) else {}),
        },
    }


def _csv(table: pd.DataFrame) -> bytes:
    return table.to_csv(index=False, float_format="%.6g", lineterminator="\n").encode()


def plain(scored: Scored, folder: Path) -> dict[str, Any]:
    """The scores as a program reads them."""
    episode = scored.episode
    return {
        "episode": episode.unwind.name,
        "seed": episode.seed,
        "n_runs": episode.n_runs,
        "scores": scored.scores.to_dict("records"),
        "basis": scored.basis.to_dict("records"),
        "folder": str(folder),
    }


def lines(scored: Scored, folder: Path) -> list[str]:
    """The finding, what was announced, the table, the folder."""
    from abm.report.episodes import (
        NOTES,
        announced,
        basis_lines,
        finding,
        score_lines,
        source_of,
    )

    episode = scored.episode
    news = [
        labelled("Announced" if n == 0 else "", f"{date}  {what}")
        for n, (date, what) in enumerate(announced(episode))
    ]
    tables = ("scores.csv", "paths.csv", *(("basis.csv",) if len(scored.basis) else ()))
    kept = ", ".join((*tables, "record.png", "scenario.toml"))
    return [
        finding(episode, scored.scores),
        labelled("Runs", f"{episode.n_runs}, seed {episode.seed}, to {episode.dates[-1]}"),
        labelled("Record", source_of(episode)),
        *news,
        "",
        *score_lines(scored.scores),
        *NOTES,
        *(["", *told] if (told := basis_lines(scored.basis)) else []),
        "",
        labelled("Kept in", f"{folder}: {kept}"),
    ]
