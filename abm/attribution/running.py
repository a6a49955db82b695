"""`abm.attribution.shapley`: all coalitions on all draws, and the shares that follow."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, wait
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from abm.attribution.players import chosen_players, faults_of
from abm.attribution.result import Attribution
from abm.attribution.unfinished import Unfinished
from abm.attribution.worths import Block, Game, fault_of_target, numbers, worths_of
from abm.errors import FailedRun, InvalidInput, show
from abm.numbers import is_whole
from abm.population.shared import eve_of_shock
from abm.population.streams import root_seed
from abm.runs.folder import readable_faults
from abm.scenario import Scenario, load_scenario
from abm.sweep import pool

if TYPE_CHECKING:
    from abm.population.streams import Rng

TARGET = "peak_yen_appreciation"
SEEDS = 16
MOST_SEEDS = 100_000
BLOCK = 128  # coalitions of one task: about half a second
FEW = 64  # coalitions in all, which are done before a process has started


class Progress(NamedTuple):
    """Progress of an attribution."""

    n_done: int
    """Coalitions done, of all draws, those of earlier sessions included."""
    n_planned: int
    """Coalitions in all."""
    n_before: int
    """Coalitions that earlier sessions have done."""
    seconds: float
    """Since the start of this session."""


Told = Callable[[Progress], None]


def shapley(
    scenario: Scenario | str | Path,
    target: str = TARGET,
    channels: Sequence[str] | None = None,
    *,
    triggers: bool | Sequence[str] = False,
    seeds: int = SEEDS,
    rng: Rng = 0,
    workers: int | None = None,
    progress: Told | None = None,
    folder: str | Path | None = None,
) -> Attribution:
    """Exact Shapley shares of a number of the cascade, over all coalitions.

    Parameters
    ----------
    scenario
        A Scenario, the name of one, or the path of a .toml file.
    target
        A number of `abm.cascade`, or `largest_yen_rise_log` of a run's summary.
    channels
        Names of channels (`abm.scenario.channels.CHANNELS`); by default the nine of
        `DEFAULT_CHANNELS`, or none where triggers are asked for.
    triggers
        True for everything that the scenario scripts, or the keys of some, as `news.payrolls`.
    seeds
        Draws: replicates 0 to seeds − 1 under one seed.
    rng
        That seed: a whole number, a numpy.random.SeedSequence or a numpy.random.Generator.
    workers
        Processes on this machine, by default one for each core. Shares do not depend on it.
    progress
        Called with a Progress as coalitions are done.
    folder
        Where the result is to be saved: beside it, coalitions that are done are kept until it is,
        and the same call goes on from them. By default they are kept in memory alone.

    Returns
    -------
    Attribution
        The shares with standard errors, and the worth of every coalition on every draw.

    Raises
    ------
    UnreadableFile, ScenarioFaults
        If the scenario is not there or not sound.
    InvalidInput
        With everything that is wrong with the target, the channels, the triggers and the numbers.
    FailedRun
        If a run of a coalition cannot be trusted.
    OutputRefused
        If what is done cannot be kept.
    """
    chosen = scenario if isinstance(scenario, Scenario) else load_scenario(scenario)
    players = chosen_players(chosen, channels, triggers)
    faults = faults_of(chosen, players, triggers)
    faults += _number_faults("seeds", seeds, MOST_SEEDS)
    faults += [] if workers is None else _number_faults("workers", workers, MOST_SEEDS)
    seed = root_seed(rng)
    faults += fault_of_target(target, numbers(eve_of_shock(chosen, seed, 0), chosen))
    if faults:
        raise InvalidInput(f"attribution of {chosen.name}:", *(f"  {fault}" for fault in faults))
    game = Game(chosen, players, target)
    blocks = blocks_of(game, seed, seeds)
    n_workers = pool.n_cores() if workers is None else workers
    if folder is None:
        return Attribution(chosen, target, players, seed, _played(blocks, n_workers, progress))
    unfinished = Unfinished(Path(folder).absolute(), game, seed)
    with readable_faults(Path(folder)):
        worths = _played(blocks, n_workers, progress, unfinished)
    return Attribution(chosen, target, players, seed, worths, unfinished)


def _number_faults(name: str, given: object, most: int) -> list[str]:
    if is_whole(given) and 1 <= given <= most:  # type: ignore[operator]
        return []
    return [f"{name} = {show(given)}, must be a whole number from 1 to {most:,}"]


def _played(
    blocks: list[Block], workers: int, progress: Told | None, unfinished: Unfinished | None = None
) -> np.ndarray:
    """Worth of every coalition on every draw, (seeds, 2^n)."""
    n_planned, start = sum(block.last - block.first for block in blocks), time.monotonic()
    found = np.full((blocks[-1].replicate + 1, blocks[-1].last), np.nan)
    to_do = []
    for block in blocks:
        known = None if unfinished is None else unfinished.worths_of(block)
        if known is None:
            to_do.append(block)
        else:
            found[block.replicate, block.first : block.last] = known
    n_before = n_done = n_planned - sum(block.last - block.first for block in to_do)
    alone = workers == 1 or n_planned - n_before <= FEW
    for block, worths in _one_by_one(to_do) if alone else _at_once(to_do, workers):
        found[block.replicate, block.first : block.last] = worths
        if unfinished is not None:
            unfinished.keep(block, worths)
        n_done += len(worths)
        if progress is not None:
            progress(Progress(n_done, n_planned, n_before, time.monotonic() - start))
    return found


def blocks_of(game: Game, seed: int, seeds: int) -> list[Block]:
    """All coalitions on all draws, in pieces."""
    n = 2 ** len(game.players.names)
    return [
        Block(game, seed, replicate, first, min(first + BLOCK, n))
        for replicate in range(seeds)
        for first in range(0, n, BLOCK)
    ]


def _one_by_one(blocks: list[Block]) -> Iterator[tuple[Block, np.ndarray]]:
    return ((block, worths_of(block)) for block in blocks)


def _at_once(blocks: list[Block], workers: int) -> Iterator[tuple[Block, np.ndarray]]:
    """Blocks as they come, from processes of our own, which end whatever goes wrong."""
    with pool.own_processes(min(workers, len(blocks))) as executor:
        running: dict[Future[np.ndarray], Block] = {
            executor.submit(worths_of, block): block for block in blocks
        }
        while running:
            for future in wait(running, return_when=FIRST_COMPLETED).done:
                block, bad = running.pop(future), pool.fault_of(future)
                if bad is not None and pool.is_death(bad):
                    raise FailedRun(f"{block.game.scenario.name}, seed {block.seed}: {bad}")
                if bad is not None:
                    raise bad
                yield block, future.result()
