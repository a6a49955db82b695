"""Does any scenario that is accepted break the arithmetic? Random scenarios from the schema itself.

    python -m experiments.fuzz [--draws 10000] [--days 40] [--seed 1] [--workers 2] [--out DIR]

Half of the draws take fields over their whole declared range, half from a twentieth to twenty times
their value in a shipped scenario. Each scenario is run for some weeks; every tenth with its
counterfactual runs. A finding is a run that raises, does not conserve money, has NaN or infinity
where a table may not, ends its process, or takes too long. What is found is made small and printed
as one command. The exit code is 1 where something is found or nothing could be run. Draw k of a
seed is the same whatever the others are.
"""

from __future__ import annotations

import argparse
import math
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

import abm
from abm.errors import FailedRun, ScenarioFaults, UnwindError
from abm.population.time_limit import time_limit
from abm.report.summary import Told, summary_text
from abm.runs.running import whole_run
from abm.runs.tables import day_columns, institutions_table
from abm.scenario import Scenario, load_scenario
from abm.sweep.pool import RebuildingPool, is_death
from experiments.drawn_scenarios import Changes, DrawnScenario, draw

LARGEST_ERROR = 1e-9
SLOW_SECONDS = 20.0
TWINS_EVERY = 10
N_RUNS = 4  # of a run and its counterfactual runs
CHUNK = 20
MOST_MINIMISED = 12
"""Findings of one kind that are made small; the others are counted."""
MINIMISING_SECONDS = 30.0
SIGNIFICANT = (1, 2, 3, 4, 6, 9)
# NaN is an answer there: not computed on that day, no fund with wealth left, not kept of banks.
MAY_BE_NAN = {
    "feedback_gain",
    "leverage",
    "margin_rate",
    "peak_leverage",
    "worst_wealth_usd_bn",
}
# A bank or fund without capital has no finite leverage.
MAY_BE_INFINITE = {"leverage", "opening_leverage", "closing_leverage", "peak_leverage"}
BURN_IN_DAYS = 10

Look = Callable[[DrawnScenario], str]


@dataclass(frozen=True)
class Finding:
    """A scenario that should have run, and what happened instead."""

    number: int
    """Of the draw."""
    fault: str
    """The fault: its kind, a colon, and the details."""
    drawn: DrawnScenario
    """As drawn, or as small as it could be made."""
    is_minimal: bool = False
    """True once it has been made small."""

    @property
    def kind(self) -> str:
        """The common part of all findings of a kind, without numbers."""
        return self.fault.partition(":")[0]

    @property
    def command(self) -> str:
        """The command that shows it."""
        return reproducer(self.drawn)


class Tally(NamedTuple):
    """The results of some draws."""

    n_run: Counter[str]
    """Scenarios that ran, by way of drawing."""
    n_refused: int
    """Draws that the schema refused."""
    seconds: float
    """In runs."""
    findings: list[Finding]
    """In the order of the draws."""


def short_run(days: int) -> Changes:
    """The calendar of every drawn scenario: few days, and a burn-in as short."""
    return {
        "calendar.days": days,
        "calendar.burn_in_days": BURN_IN_DAYS,
        "calendar.drift_days": BURN_IN_DAYS,
    }


def fault_of(scenario: Scenario, seed: int, with_twins: bool = False) -> str:
    """The fault of a run of a scenario; empty if there is none."""
    try:
        return _fault_beside_twins(scenario, seed) if with_twins else _fault_alone(scenario, seed)
    except FailedRun as failed:
        return f"{_kind_of(failed)}: {failed}"
    except UnwindError as refused:
        return f"refused late: {type(refused).__name__}: {refused}".replace("\n", " ")
    except Exception as bad:
        return f"{type(bad).__name__} in {_last_frame(bad)}: {bad}".replace("\n", " ")


def _fault_alone(scenario: Scenario, seed: int) -> str:
    """By the path of sweeps."""
    with time_limit(SLOW_SECONDS):
        world, opening = whole_run(scenario, seed, 0)
    days = day_columns(world, opening, scenario, scenario.calendar.days)
    return fault_in_tables({"days": days, "institutions": institutions_table(world, opening)})


def _fault_beside_twins(scenario: Scenario, seed: int) -> str:
    """By the path of `unwind run`, up to what it says."""
    cascade = abm.cascade(scenario, seed, timeout=N_RUNS * SLOW_SECONDS)
    run = cascade.run
    summary_text(Told(scenario, seed, 0, run.days, run.institutions, cascade, None))
    infinite = [name for name, value in cascade.items() if value in (math.inf, -math.inf)]
    if infinite:
        return f"infinite measure: {', '.join(infinite)}"
    tables = {"days": run.days, "institutions": run.institutions}
    tables |= {"no-shock days": cascade.no_shock_days, "frozen days": cascade.frozen_days}
    return fault_in_tables(tables)


def _kind_of(failed: FailedRun) -> str:
    """The kind of failure of a run, in a word or two."""
    words = {"do not balance": "audit", "its limit": "slow"}
    return next((kind for part, kind in words.items() if part in str(failed)), "not finite")


def fault_in_tables(tables: Mapping[str, Any]) -> str:
    """Money lost, or a number that is none, in the tables of a run."""
    for table, columns in tables.items():
        for name in columns:
            column = np.asarray(columns[name])
            wrong = _not_numbers(str(name), column)
            if wrong.any():
                where = int(wrong.argmax())
                return f"{column[where]} in {table} {name}: row {where}"
        if "conservation_error" in columns:
            error = float(np.max(columns["conservation_error"]))
            if not error <= LARGEST_ERROR:
                return f"audit: {error:.1e}"
    return ""


def _not_numbers(name: str, column: np.ndarray) -> np.ndarray:
    wrong = np.zeros(len(column), dtype=bool)
    if column.dtype.kind != "f":
        return wrong
    if name not in MAY_BE_NAN:
        wrong |= np.isnan(column)
    if name not in MAY_BE_INFINITE:
        wrong |= np.isinf(column)
    return wrong


def _last_frame(bad: BaseException) -> str:
    trace, name = bad.__traceback__, ""
    while trace is not None:
        name, trace = trace.tb_frame.f_code.co_name, trace.tb_next
    return name


def rng_of(seed: int, number: int) -> np.random.Generator:
    """The chance of one draw."""
    return np.random.Generator(np.random.PCG64(np.random.SeedSequence(seed, spawn_key=(number,))))


def run_draws(numbers: tuple[int, ...], seed: int, days: int) -> Tally:
    """Draw and run some scenarios, one after the other."""
    n_run: Counter[str] = Counter()
    n_refused, spent, findings = 0, 0.0, []
    for number in numbers:
        try:
            drawn, scenario = draw(rng_of(seed, number), short_run(days))
        except ScenarioFaults:
            n_refused += 1
            continue
        start = time.perf_counter()
        fault = fault_of(scenario, drawn.seed, number % TWINS_EVERY == 0)
        spent += time.perf_counter() - start
        n_run[drawn.way] += 1
        if fault:
            findings.append(Finding(number, fault, drawn))
    return Tally(n_run, n_refused, spent, findings)


def fault_when_drawn(drawn: DrawnScenario, with_twins: bool = False) -> str:
    """The fault of a drawn scenario; empty where it is refused or runs."""
    try:
        scenario = load_scenario(drawn.base).with_changes(drawn.changes)
    except UnwindError:
        return ""
    return fault_of(scenario, drawn.seed, with_twins)


def minimised(found: Finding, look: Look = fault_when_drawn) -> Finding:
    """The same kind of finding with as few changes, and numbers as round, as it takes."""
    small, start = found.drawn, time.monotonic()
    if look(small).partition(":")[0] != found.kind:
        look = partial(fault_when_drawn, with_twins=True)  # which `unwind run` runs too
        if look(small).partition(":")[0] != found.kind:
            return found
    for smaller in _smaller(found.drawn, found.kind, look):
        small = smaller
        if time.monotonic() - start > MINIMISING_SECONDS:
            break
    return Finding(found.number, look(small), small, is_minimal=True)


def _smaller(drawn: DrawnScenario, kind: str, look: Look) -> Iterator[DrawnScenario]:
    """Ever smaller scenarios with the same kind of fault."""

    def is_same(other: DrawnScenario) -> bool:
        return look(other).partition(":")[0] == kind

    for names in _pieces(list(drawn.changes)):
        kept = {key: value for key, value in drawn.changes.items() if key not in names}
        other = drawn._replace(changes=kept)
        if len(kept) < len(drawn.changes) and is_same(other):
            drawn = other
            yield drawn
    for seed in (0, 1, 2):
        if seed < drawn.seed and is_same(drawn._replace(seed=seed)):
            drawn = drawn._replace(seed=seed)
            yield drawn
            break
    for key, value in drawn.changes.items():
        for rounder in _rounder(value):
            other = drawn._replace(changes={**drawn.changes, key: rounder})
            if is_same(other):
                drawn = other
                yield drawn
                break


def _pieces(names: list[str]) -> Iterator[list[str]]:
    """Pieces to leave out: halves, quarters and so on, whole tables and those in them, then single
    keys. Shares that add up to one can only go together."""
    size = len(names) // 2
    while size > 1:
        yield from (names[i : i + size] for i in range(0, len(names), size))
        size //= 2
    for table in dict.fromkeys(table for name in names for table in _tables(name)):
        yield [name for name in names if table in _tables(name)]
    yield from ([name] for name in names)


def _tables(name: str) -> list[str]:
    """Tables that a key stands in, the outermost first: funds, funds.styles, funds.styles.RV."""
    parts = name.split(".")
    return [".".join(parts[:n]) for n in range(1, len(parts))]


def _rounder(value: Any) -> Iterator[Any]:
    """The number with ever more digits, shorter ones first."""
    if isinstance(value, float) and math.isfinite(value):
        for digits in SIGNIFICANT:
            short = float(f"{value:.{digits - 1}e}")
            if short == value:
                return
            yield short


def reproducer(drawn: DrawnScenario) -> str:
    """The command that runs a drawn scenario."""
    settings = " ".join(
        f"--set {_quoted(f'{key}={_toml(value)}')}" for key, value in drawn.changes.items()
    )
    return f"unwind run {drawn.base} --seed {drawn.seed} {settings}".rstrip()


def _toml(value: Any) -> str:
    """A value as the right-hand side of a TOML line."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{key} = {_toml(each)}" for key, each in value.items()) + " }"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(_toml(each) for each in value) + "]"
    return f'"{value}"' if isinstance(value, str) else repr(value)


def _quoted(text: str) -> str:
    return f"'{text}'" if set(text) & set(" \"'{}[]") else text


def fuzz(n_draws: int, days: int, seed: int, n_workers: int, first: int = 0) -> Tally:
    """All draws, on so many processes; findings made small. Ctrl-C gives what there is so far."""
    found = _Found()
    pool = RebuildingPool(n_workers)
    try:
        numbers = range(first, first + n_draws)
        waiting = [tuple(numbers[i : i + CHUNK]) for i in range(0, n_draws, CHUNK)]
        found.run(pool, waiting, seed, days)
        found.minimise(pool)
    except KeyboardInterrupt:
        print(f"interrupted after {found.n_done} draws", file=sys.stderr)
        pool.shutdown(wait=False, cancel_futures=True)
    else:
        pool.shutdown()
    return found.tally()


class _Found:
    """Findings of the processes of a fuzz."""

    def __init__(self) -> None:
        self.n_run: Counter[str] = Counter()
        self.n_refused, self.seconds, self.n_done = 0, 0.0, 0
        self.findings: list[Finding] = []
        self.last_told = time.monotonic()

    def run(
        self, pool: RebuildingPool, waiting: list[tuple[int, ...]], seed: int, days: int
    ) -> None:
        """Hand out the chunks; one that ends its process is run again draw by draw."""
        running: list[tuple[tuple[int, ...], Future[Tally]]] = [
            (chunk, pool.submit(run_draws, chunk, seed, days)) for chunk in waiting
        ]
        for chunk, future in running:
            bad = future.exception()
            if bad is None:
                self.add(future.result(), len(chunk))
            elif not is_death(bad):
                raise bad
            elif len(chunk) > 1:
                self.run(pool, [(number,) for number in chunk], seed, days)
            else:
                drawn, _ = draw(rng_of(seed, chunk[0]), short_run(days))
                finding = Finding(chunk[0], "process died", drawn)
                self.add(Tally(Counter([drawn.way]), 0, 0.0, [finding]), 1)

    def add(self, tally: Tally, n_draws: int) -> None:
        """Count a chunk, and say so now and then."""
        self.n_run += tally.n_run
        self.n_refused += tally.n_refused
        self.seconds += tally.seconds
        self.findings += tally.findings
        self.n_done += n_draws
        if time.monotonic() - self.last_told > 20.0:
            self.last_told = time.monotonic()
            print(f"{self.n_done} draws, {len(self.findings)} findings", file=sys.stderr)

    def minimise(self, pool: RebuildingPool) -> None:
        """Make the first findings of every kind small."""
        seen: Counter[str] = Counter()
        small: dict[int, Future[Finding]] = {}
        for place, finding in enumerate(self.findings):
            seen[finding.kind] += 1
            if seen[finding.kind] <= MOST_MINIMISED:
                small[place] = pool.submit(minimised, finding)
        for place, future in small.items():
            if future.exception() is None:
                self.findings[place] = future.result()

    def tally(self) -> Tally:
        return Tally(self.n_run, self.n_refused, self.seconds, self.findings)


def tell(tally: Tally) -> None:
    """The count, then the findings that were made small, by kind."""
    n = sum(tally.n_run.values())
    ways = ", ".join(f"{count} {way}" for way, count in sorted(tally.n_run.items()))
    print(f"{n} scenarios run ({ways}), {tally.n_refused} draws refused, {tally.seconds:.0f} s")
    for kind, count in Counter(finding.kind for finding in tally.findings).most_common():
        print(f"\n{kind}: {count} findings")
        told = [finding for finding in tally.findings if finding.kind == kind]
        told.sort(key=lambda finding: (not finding.is_minimal, len(finding.command)))
        for finding in told[:MOST_MINIMISED]:
            print(f"  {finding.fault}\n    {finding.command}")
    if not tally.findings:
        print("nothing found" if n else "nothing was run")


def keep_tally(tally: Tally, folder: Path, asked: argparse.Namespace) -> None:
    """The count and the findings as tables, with what they were made with."""
    import pandas as pd

    from experiments.keeping import keep

    kinds = Counter(finding.kind for finding in tally.findings)
    counts = {
        **{f"run, {way}": count for way, count in sorted(tally.n_run.items())},
        "draws refused": tally.n_refused,
        "findings": len(tally.findings),
    }
    findings = [
        {"draw": f.number, "kind": f.kind, "fault": f.fault, "command": f.command}
        for f in tally.findings
        if f.is_minimal or kinds[f.kind] <= MOST_MINIMISED
    ]
    keep(
        folder,
        {
            "draws": pd.DataFrame({"what": list(counts), "n": list(counts.values())}),
            "findings": pd.DataFrame(findings, columns=["draw", "kind", "fault", "command"]),
        },
        {},
        {},
        {"seed": asked.seed, "draws": asked.draws, "days": asked.days},
    )


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--draws", type=int, default=10_000)
    parser.add_argument("--first", type=int, default=0, help="number of the first draw")
    parser.add_argument("--days", type=int, default=40)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--out", type=Path, help="folder for the tables; none by default")
    asked = parser.parse_args()
    tally = fuzz(asked.draws, asked.days, asked.seed, asked.workers, asked.first)
    tell(tally)
    if asked.out is not None:
        keep_tally(tally, asked.out, asked)
    return 1 if tally.findings or not tally.n_run else 0


if __name__ == "__main__":
    sys.exit(main())
