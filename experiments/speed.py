"""Speed of a day, memory of an institution, and the time to a user's first answer.

    python -m experiments.speed [--without-million] [--without-compile]

Medians of five, beside the targets of this stage (half of the final ones). One process, one
thread, the exact feedback gain on every fifth day; every run draws its own population.
"""

from __future__ import annotations

import argparse
import os
import platform
import resource
import statistics
import subprocess
import sys
import tempfile
import time
import tracemalloc
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from abm.kernels.day import run_days
from abm.population.world import build_world
from abm.runs import fast_run
from abm.scenario import load_scenario
from experiments.keeping import ROOT, keep, show

if TYPE_CHECKING:
    from abm.scenario import Scenario

SCENARIO = "hike"
SEED = 2024
TIMES = 5
N_DAYS = 250
BURN_IN_DAYS = 80
GIB = 2**30


def world_of(n_institutions: int, n_days: int = N_DAYS) -> Scenario:
    """The world of `hike`, drawn finer: n_days in all, the shock after the burn-in."""
    base = load_scenario(SCENARIO)
    scale = n_institutions / len(build_world(base, SEED).names)
    return base.with_changes(
        {
            "population.scale": scale,
            "calendar.days": n_days - BURN_IN_DAYS,
            "outputs.feedback_gain_every_days": 5,
        }
    )


def seconds(work: Callable[[], Any]) -> float:
    """Wall time of one call."""
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def line(
    what: str, unit: str, values: list[float], target: float | None, final: float | None = None
) -> dict[str, Any]:
    """Median and range of a measured quantity beside the targets of now and of the end."""
    return {
        "what": what,
        "unit": unit,
        "median": statistics.median(values),
        "least": min(values),
        "most": max(values),
        "n": len(values),
        "target_now": target if target is not None else np.nan,
        "target_final": final if final is not None else np.nan,
    }


def runs_per_second(
    n_institutions: int, n_runs: int, target: float, n_days: int = N_DAYS
) -> dict[str, Any]:
    """Whole runs, drawing included, by the path that sweeps use."""
    scenario = world_of(n_institutions, n_days)
    fast_run(scenario, SEED)

    def batch() -> None:
        for replicate in range(n_runs):
            fast_run(scenario, SEED, replicate)

    n = len(build_world(scenario, SEED).names)
    label = "in all" if n_days == N_DAYS else f"after a burn-in of {BURN_IN_DAYS}"
    values = [n_runs / seconds(batch) for _ in range(TIMES)]
    return line(f"{n:,} institutions, 250 days {label}", "runs/s", values, target, 2 * target)


def days_per_second(n_institutions: int, target: float) -> Iterator[dict[str, Any]]:
    """Days alone, through the shock; drawing apart."""
    scenario = world_of(n_institutions)
    drawing, trading = [], []
    for replicate in range(TIMES):
        start = time.perf_counter()
        world = build_world(scenario, SEED, replicate)
        drawing.append(time.perf_counter() - start)
        wall = seconds(lambda w=world: run_days(0, N_DAYS, *w.groups))
        trading.append(N_DAYS / wall)
    n = len(world.names)
    yield line(f"{n:,} institutions, {N_DAYS} days", "days/s", trading, target, 2 * target)
    yield line(f"{n:,} institutions, drawing them", "s", drawing, None)


def million() -> list[dict[str, Any]]:
    """A million institutions: five stretches of twenty days, the last one through the shock."""
    n_days, stretch = 100, 20
    scenario = world_of(1_000_000, n_days)
    before = resident_bytes()
    start = time.perf_counter()
    world = build_world(scenario, SEED)
    drawing = time.perf_counter() - start
    n, held = len(world.names), resident_bytes() - before
    rates = [
        stretch / seconds(lambda d=day: run_days(d, d + stretch, *world.groups))
        for day in range(0, n_days, stretch)
    ]
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    return [
        line(f"{n:,} institutions, five times {stretch} days", "days/s", rates, 5.0, 10.0),
        line(f"{n:,} institutions, drawing them", "s", [drawing], None),
        line(f"{n:,} institutions, resident memory held", "bytes each", [held / n], 800.0, 400.0),
        line(f"{n:,} institutions, most memory of the process", "GiB", [peak / GIB], None),
    ]


def resident_bytes() -> int:
    """Memory of this process that is in RAM now."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * resource.getpagesize()


def bytes_per_institution() -> Iterator[dict[str, Any]]:
    """Memory of one more institution in a world: slope between 10,000 and 20,000."""
    sizes, columns, traced = [], [], []
    for n in (10_000, 20_000):
        scenario = world_of(n)
        build_world(scenario, SEED)  # caches of the scenario are no institution's weight
        tracemalloc.start()
        world = build_world(scenario, SEED)
        traced.append(tracemalloc.get_traced_memory()[0])
        tracemalloc.stop()
        sizes.append(len(world.names))
        columns.append(array_bytes(world))
    added = sizes[1] - sizes[0]
    arrays, everything = ((b[1] - b[0]) / added for b in (columns, traced))
    yield line("one more institution, columns", "bytes each", [arrays], 800.0, 400.0)
    yield line("one more institution, with names", "bytes each", [everything], None)


def array_bytes(part: Any) -> int:
    """Bytes of all arrays in nested tuples."""
    if isinstance(part, np.ndarray):
        return part.nbytes
    return sum(array_bytes(each) for each in part) if isinstance(part, tuple) else 0


def waiting(with_compile: bool) -> Iterator[dict[str, Any]]:
    """Times that a user waits, as whole processes."""
    python = sys.executable
    command = [python, "-m", "abm.cli"]
    bare = [process_seconds([python, "-c", "pass"]) for _ in range(TIMES)]
    yield line("python, nothing else", "s", bare, None)
    imported = [process_seconds([python, "-c", "import abm"]) for _ in range(TIMES)]
    yield line("import abm, whole process", "s", imported, 0.3, 0.3)
    helped = [process_seconds([*command, "--help"]) for _ in range(TIMES)]
    yield line("unwind --help", "s", helped, 0.4, 0.4)
    with tempfile.TemporaryDirectory() as scratch:
        run = [*command, "run", "august-2024", "--seed", "7", "--out"]
        warm = [process_seconds([*run, f"{scratch}/{i}"]) for i in range(TIMES + 1)]
        yield line("unwind run august-2024, warm", "s", warm[1:], 4.0, 4.0)
        if with_compile:
            fresh = {"CARRY_UNWIND_CACHE": f"{scratch}/kernels"}
            before = children_seconds()
            first = process_seconds([*run, f"{scratch}/first"], fresh)
            busy = children_seconds() - before
            yield line("the same, nothing compiled yet", "s", [first], None)
            yield line("of which processor time", "s", [busy], None)
            compiled = first - statistics.median(warm[1:])
            yield line("first compile ever", "s", [compiled], 25.0, 25.0)


def process_seconds(arguments: list[str], environment: dict[str, str] | None = None) -> float:
    """Wall time of a process that must succeed."""
    environment = {**os.environ, **(environment or {})}

    def go() -> None:
        subprocess.run(arguments, cwd=ROOT, env=environment, check=True, capture_output=True)

    return seconds(go)


def children_seconds() -> float:
    """Processor time of the processes waited for so far: what a busy machine does not change."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def machine() -> dict[str, Any]:
    """Processor, cores, memory and how busy it was."""
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    names = [each.split(":", 1)[1].strip() for each in lines if each.startswith("model name")]
    pages, size = os.sysconf("SC_PHYS_PAGES"), os.sysconf("SC_PAGE_SIZE")
    return {
        "processor": names[0] if names else platform.processor(),
        "n_cores": os.cpu_count(),
        "memory_gib": round(pages * size / GIB, 1),
        "load_before": round(os.getloadavg()[0], 2),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--without-million", action="store_true")
    parser.add_argument("--without-compile", action="store_true")
    asked = parser.parse_args()
    about = machine()
    table = [
        runs_per_second(100, 20, 150.0),
        runs_per_second(1_000, 5, 40.0),
        runs_per_second(100, 20, 150.0, N_DAYS + BURN_IN_DAYS),
        runs_per_second(1_000, 5, 40.0, N_DAYS + BURN_IN_DAYS),
        *days_per_second(10_000, 1_250.0),
        *bytes_per_institution(),
    ]
    if not asked.without_million:
        with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as alone:
            table.extend(alone.submit(million).result())
    table.extend(waiting(not asked.without_compile))
    about["load_after"] = round(os.getloadavg()[0], 2)
    result = pd.DataFrame(table)
    show(result, f"{about['processor']}, {about['n_cores']} cores, {about['memory_gib']} GiB")
    keep(ROOT / "results" / "speed", {"speed": result}, {}, {SCENARIO: load_scenario(SCENARIO)},
         {"seed": SEED, "times": TIMES, "machine": about})  # fmt: skip


if __name__ == "__main__":
    main()
