"""`unwind sweep` and `unwind status`: many runs, told while they run and afterwards."""

from __future__ import annotations

import math
import shlex
import sys
import time
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, NamedTuple

from abm.cli import say, tell
from abm.cli.answers import CHANGE_SOMETHING, DONE, OUR_FAULT
from abm.cli.progress import LINE_EVERY_SECONDS
from abm.errors import one_line

if TYPE_CHECKING:
    from rich.progress import Progress as Bar

    from abm.sweep.runner import Summary
    from abm.sweep.sitting import Standing
    from abm.sweep.status import Status

COMPILE_SECONDS = 25
MINUTE, HOUR, DAY = 60.0, 3600.0, 86400.0


class Asked(NamedTuple):
    """The options of `unwind sweep`."""

    experiment: str
    out: Path | None = None
    workers: int | None = None
    cluster: str | None = None
    shard: str | None = None
    max_runs: int | None = None
    retry_failed: bool = False
    timeout: float | None = None

    @property
    def command(self) -> str:
        """What was typed, without what it need not be told again."""
        words = ["unwind", "sweep", self.experiment]
        for option in ("out", "workers", "cluster", "shard", "max_runs", "timeout"):
            value = getattr(self, option)
            words += [f"--{option.replace('_', '-')}", str(value)] if value is not None else []
        return shlex.join(words)


def sweep_and_tell(asked: Asked) -> int:
    """Run what is missing and say what came of it; the exit code.

    0: every run is done or time is up; 1: some run failed, or too many did.
    """
    from abm.errors import InvalidInput
    from abm.kernels.jit import is_warm
    from abm.sweep.runner import SweepInterrupted, sweep

    if asked.cluster is not None and asked.workers is not None:
        raise InvalidInput("--workers and --cluster: give one of the two")
    if not is_warm() and asked.cluster is None:
        say(f"compiling the kernels, once: about {COMPILE_SECONDS} s")
    options = asked._asdict()
    try:
        with SweepProgress() as progress:
            done = sweep(
                options.pop("experiment"), options.pop("out"), **options, progress=progress
            )
    except KeyboardInterrupt as end:
        far = f"{_counted(end.summary.standing)}; " if isinstance(end, SweepInterrupted) else ""
        say(f"{far}what was finished is kept. To go on: {asked.command}")
        raise
    tell(*summary_lines(done, asked))
    return OUR_FAULT if done.standing.n_failed else DONE


def summary_lines(done: Summary, asked: Asked) -> list[str]:
    """What was run, what failed, where it lies, what to do next."""
    standing, folder = done.standing, done.folder
    now = (
        f"{standing.n_new:,} runs in {_duration(standing.seconds)}" if standing.n_new else "no run"
    )
    rate = f", {standing.rows_per_second:,.3g} a second" if standing.n_new else ""
    part = f" of shard {asked.shard}" if asked.shard else ""
    lines = [
        _line("Now", f"{now}{rate}"),
        _line("In all", f"{_counted(standing)}{part}"),
    ]
    if standing.stopped:
        lines.append(_line("Stopped", standing.stopped))
    lines.append(_line("Kept in", f"{folder}: read it with abm.load_sweep({str(folder)!r})"))
    if standing.n_failed:
        lines.append(
            _line("Failed", f"see unwind status {folder}; then {asked.command} --retry-failed")
        )
    if standing.n_done < standing.n_rows:
        lines.append(_line("To go on", asked.command))
    elif standing.n_failed < standing.n_done:
        lines.append(_line("Try next", f"unwind {'status' if asked.shard else 'analyse'} {folder}"))
    return lines


def tell_status(folder: Path, verified: bool = False, as_json: bool = False) -> int:
    """Say how a sweep stands; the exit code: 1 where a run failed, 2 where a file is damaged."""
    from abm.sweep.status import status, verify

    found = verify(folder) if verified else []
    now = status(folder)
    if as_json:
        _print_json(now, found)
    else:
        tell(*status_lines(now, folder))
        if verified:
            tell(_line("Verified", "every file is as it was written" if not found else ""))
    for fault in (*found, *(f"{name} is not whole" for name in now.damaged)):
        say(f"{fault}; its runs count as missing, unwind sweep runs them again")
    if found or now.damaged:
        return CHANGE_SOMETHING
    return OUR_FAULT if now.n_failed else DONE


def status_lines(now: Status, folder: Path) -> list[str]:
    """How a sweep stands, in words."""
    share = now.n_done / now.n_rows if now.n_rows else 1.0
    lines = [
        _line("Sweep", f"{now.name}, in {folder}"),
        _line("Done", f"{now.n_done:,} of {now.n_rows:,} runs ({share:.1%})"),
        _line("Failed", f"{now.n_failed:,}"),
    ]
    if now.n_done:
        lines.append(_line("One run", f"{now.seconds_per_run:.3g} s on one core"))
    if now.runners:
        left = "" if math.isnan(now.seconds_left) else f", {_duration(now.seconds_left)} left"
        rate = "" if math.isnan(now.rows_per_second) else f": {now.rows_per_second:,.3g} a second"
        lines.append(_line("At work", f"{', '.join(now.runners)}{rate}{left}"))
    elif now.n_missing:
        lines.append(_line("At work", "nobody; unwind sweep goes on where it stopped"))
    lines += _level_lines(now)
    lines += [_line(f"{n:,} times", error) for error, n in now.errors.items()]
    return lines


class SweepProgress:
    """How far a sweep is, on stderr: a bar on a terminal, elsewhere a line a minute."""

    def __init__(self, every_seconds: float = LINE_EVERY_SECONDS) -> None:
        self.every_seconds, self.last = every_seconds, time.monotonic()
        self.bar: Bar | None = None
        self.is_stopping = False

    def __enter__(self) -> SweepProgress:
        if sys.stderr.isatty():
            self.bar = _bar()
            self.bar.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self.bar is not None:
            self.bar.stop()

    def __call__(self, standing: Standing) -> None:
        if standing.stopped and not self.is_stopping:
            self.is_stopping = True
            self._say(f"{standing.stopped}: what is running is finished first; Ctrl-C drops it")
        if self.bar is not None:
            self.bar.update(
                self.bar.task_ids[0],
                total=standing.n_rows,
                completed=standing.n_done,
                description=_pace(standing),
            )
        elif time.monotonic() - self.last >= self.every_seconds:
            self.last = time.monotonic()
            self._say(f"{_counted(standing)}, {_pace(standing)}")

    def _say(self, message: str) -> None:
        """A line of its own, above the bar where there is one."""
        if self.bar is not None:
            self.bar.console.print(one_line(message), markup=False, highlight=False)
        else:
            say(message)


def _counted(standing: Standing) -> str:
    failed = f", {standing.n_failed:,} of them failed" if standing.n_failed else ""
    return f"{standing.n_done:,} of {standing.n_rows:,} runs done{failed}"


def _pace(standing: Standing) -> str:
    if not standing.n_new:
        return "starting"
    left = _duration(standing.seconds_left)
    return f"{standing.rows_per_second:,.3g} runs a second, {left} left"


def _duration(seconds: float) -> str:
    if math.isnan(seconds):
        return "some time"
    if seconds < 2 * MINUTE:
        return f"{seconds:.0f} s"
    if seconds < 2 * HOUR:
        return f"{seconds / MINUTE:.0f} min"
    if seconds < 2 * DAY:
        return f"{seconds / HOUR:.1f} h"
    return f"{seconds / DAY:.1f} days"


def _level_lines(now: Status) -> list[str]:
    """Done and failed by value, one line a factor."""
    lines: list[str] = []
    for factor in dict.fromkeys(level.factor for level in now.levels):
        said = [
            f"{level.value}: {level.n_done:,}/{level.n_rows:,}"
            + (f" ({level.n_failed:,} failed)" if level.n_failed else "")
            for level in now.levels
            if level.factor == factor
        ]
        lines.append(_line(factor, ", ".join(said)))
    return lines


def _line(title: str, words: str) -> str:
    return f"{title:<16}{words}" if len(title) < 16 else f"{title}  {words}"


def _print_json(now: Status, found: list[str]) -> None:
    import json

    def plain(value: Any) -> Any:
        if isinstance(value, float) and not math.isfinite(value):
            return None
        return value.item() if hasattr(value, "item") else value

    content = {name: plain(value) for name, value in now._asdict().items()}
    content["levels"] = [
        {name: plain(value) for name, value in level._asdict().items()} for level in now.levels
    ]
    content["seconds_left"] = plain(now.seconds_left)
    tell(*json.dumps(content | {"set_aside": found}, indent=2, default=str).split("\n"))


def _bar() -> Bar:
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn
    from rich.progress import Progress as Bar

    bar = Bar(
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.description}", markup=False),
        console=Console(stderr=True),
        transient=True,
    )
    bar.add_task("starting", total=None)
    return bar
