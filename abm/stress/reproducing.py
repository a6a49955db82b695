"""Making a kept stress test again, and saying how far the two are apart."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from abm.errors import UnreadableFile
from abm.files import MOST_OF_TABLE, refuse_irregular
from abm.runs.described import StressManifest, read_description
from abm.runs.folder import MANIFEST
from abm.runs.manifest import current_versions, table_hash
from abm.runs.reproduce import Gap, Reproduction, changed_versions, gap_of
from abm.scenario import load_scenario
from abm.stress.portfolio import read_portfolio
from abm.stress.result import SCHEMA_VERSION
from abm.stress.reversing import reverse
from abm.stress.running import run
from abm.stress.samples import find_portfolio

if TYPE_CHECKING:
    import pandas as pd

    from abm.sweep.session import Progress

SCENARIO = "scenario.toml"


def reproduce_stress_test(
    folder: str | Path,
    tick: Callable[[int, int], None] = lambda done, total: None,
    workers: int | None = None,
) -> Reproduction:
    """Value the portfolio on all paths again and compare the bytes of the tables.

    Parameters
    ----------
    folder
        A folder that `StressResult.save` or `unwind stress` wrote. It does not hold the portfolio:
        a sample is found by its name, any other file, of betas too, where the command is given.
    tick
        Told how much is done: `tick(done, total)`, in paths.
    workers
        Processes, by default one for each core.

    Raises UnreadableFile where a file is missing or was changed since, the portfolio too,
    ScenarioFaults where the portfolio no longer fits.
    """
    where = Path(folder)
    said = read_description(where / MANIFEST, StressManifest, SCHEMA_VERSION)
    scenario = load_scenario(where / SCENARIO)
    if scenario.canonical_hash() != said["scenario_hash"]:
        raise UnreadableFile(f"{where / SCENARIO} has changed since: its hash differs")
    path, betas = find_portfolio(said["portfolio"]), said.get("betas")
    book = read_portfolio(path, scenario, betas, said["base"])
    kept = {
        book.source: (said.get("portfolio_hash"), book.content_hash),
        book.betas: (said.get("betas_hash"), book.betas_hash),
    }
    for source, (then, now) in kept.items():
        if then not in (None, now):
            raise UnreadableFile(f"{source} is not the one that {where} was made from: other lines")
    n_runs = said["n_paths"] + said["n_failed"]

    def told(progress: Progress) -> None:
        tick(progress.n_done, n_runs)

    made = run(
        path, scenario, n_runs, said["horizons"], said["seed"], workers, betas=betas,
        base=said["base"], progress=told,
    )  # fmt: skip
    if said.get("reverse_loss") is not None:
        made = replace(made, reverse=reverse(made, said["reverse_loss"], workers))
    tables = made.tables
    same = tuple(name for name in tables if table_hash(tables[name]) == said["sha256"].get(name))
    gaps = tuple(_gap(where, name, tables[name]) for name in tables if name not in same)
    return Reproduction(same, gaps, tuple(changed_versions(said, current_versions())))


def _gap(folder: Path, name: str, made: pd.DataFrame) -> Gap:
    """How far a table is from the kept one; infinite where that is not kept as Parquet."""
    import pandas as pd

    path = folder / f"{name}.parquet"
    if not path.is_file():
        return Gap(name, "", float("inf"))
    refuse_irregular(path, MOST_OF_TABLE)
    kept: Any = pd.read_parquet(path)
    return gap_of(name, kept, made)
