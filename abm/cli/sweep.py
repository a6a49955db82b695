"""`unwind sweep`: many runs, told while they run and afterwards."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NamedTuple

import typer

from abm.cli.answers import DONE, OUR_FAULT
from abm.cli.asked import Timeout, how_many, leave, seconds, whole
from abm.cli.lines import duration, labelled
from abm.cli.progress import LINE_EVERY_SECONDS, CountOnStderr, warn_of_compiling
from abm.cli.terminal import say, tell
from abm.errors import InvalidInput, one_line
from abm.words import counted

if TYPE_CHECKING:
    from abm.sweep.runner import Summary
    from abm.sweep.session import Progress


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
        """The command as typed, without what it need not be told again."""
        words = ["unwind", "sweep", self.experiment]
        for option in ("out", "workers", "cluster", "shard", "max_runs", "timeout"):
            value = getattr(self, option)
            words += [f"--{option.replace('_', '-')}", str(value)] if value is not None else []
        return shlex.join(words)


def sweep(
    experiment: Annotated[
        str, typer.Argument(metavar="EXPERIMENT", help="An experiment's file.toml")
    ],
    out: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Folder; default results/<name>")
    ] = None,
    workers: Annotated[
        str | None, typer.Option(metavar="N", help="Processes; default one for each core")
    ] = None,
    cluster: Annotated[
        str | None, typer.Option(metavar="ADDRESS", help="Dask scheduler to run on instead")
    ] = None,
    shard: Annotated[
        str | None, typer.Option(metavar="K/N", help="Only the K-th of N parts, for job arrays")
    ] = None,
    max_runs: Annotated[
        str | None, typer.Option("--max-runs", metavar="N", help="Allow more runs than the file")
    ] = None,
    retry_failed: Annotated[
        bool, typer.Option("--retry-failed", help="Run again what failed before")
    ] = False,
    timeout: Timeout = None,
) -> None:
    """Run every point of an experiment; the same command goes on where it was stopped."""
    n_workers = how_many("--workers", workers)
    most = None if max_runs is None else whole("--max-runs", max_runs)
    asked = Asked(
        experiment, out, n_workers, cluster, shard, most, retry_failed,
        seconds("--timeout", timeout),
    )  # fmt: skip
    leave(sweep_and_tell(asked))


def sweep_and_tell(asked: Asked) -> int:
    """Run what is missing and say what came of it; the exit code.

    0: every run is done or time is up; 1: some run failed, or too many did.
    """
    from abm.sweep import runner

    if asked.cluster is not None and asked.workers is not None:
        raise InvalidInput("--workers and --cluster: give one of the two")
    if asked.cluster is None:
        warn_of_compiling()
    options = asked._asdict()
    with told_when_interrupted(asked.command), SweepProgress() as progress:
        done = runner.sweep(
            options.pop("experiment"), options.pop("out"), **options, progress=progress
        )
    tell(*summary_lines(done, asked))
    return OUR_FAULT if done.progress.n_failed else DONE


@contextmanager
def told_when_interrupted(command: str) -> Iterator[None]:
    """Ctrl-C says how far a sweep came, and the command to go on with."""
    from abm.sweep.runner import SweepInterrupted

    try:
        yield
    except KeyboardInterrupt as end:
        far = f"{_counted(end.summary.progress)}; " if isinstance(end, SweepInterrupted) else ""
        say(f"{far}what was finished is kept. To go on: {command}")
        raise


def summary_lines(done: Summary, asked: Asked) -> list[str]:
    """Runs done and failed, the folder of the results, and the next command."""
    progress, folder = done.progress, done.folder
    took = f"{counted(progress.n_new, 'run')} in {duration(progress.seconds)}"
    now = took if progress.n_new else "no run"
    rate = f", {progress.rows_per_second:,.3g} a second" if progress.n_new else ""
    part = f" of shard {asked.shard}" if asked.shard else ""
    lines = [
        labelled("Now", f"{now}{rate}"),
        labelled("In all", f"{_counted(progress)}{part}"),
    ]
    if progress.stopped:
        lines.append(labelled("Stopped", progress.stopped))
    lines.append(labelled("Kept in", f"{folder}: read it with abm.load_sweep({str(folder)!r})"))
    if progress.n_failed:
        lines.append(
            labelled("Failed", f"see unwind status {folder}; then {asked.command} --retry-failed")
        )
    if progress.n_done < progress.n_rows:
        lines.append(labelled("To go on", asked.command))
    elif progress.n_failed < progress.n_done:
        lines.append(
            labelled("Try next", f"unwind {'status' if asked.shard else 'analyse'} {folder}")
        )
    return lines


class SweepProgress(CountOnStderr):
    """Progress of a sweep: a bar on a terminal, elsewhere a line a minute."""

    def __init__(self, every_seconds: float = LINE_EVERY_SECONDS) -> None:
        super().__init__(every_seconds, with_numbers=True)
        self.is_stopping = False

    def __call__(self, progress: Progress) -> None:
        if progress.stopped and not self.is_stopping:
            self.is_stopping = True
            self._say(f"{progress.stopped}: what is running is finished first; Ctrl-C drops it")
        pace = _pace(progress)
        self.show(progress.n_done, progress.n_rows, pace, f"{_counted(progress)}, {pace}")

    def _say(self, message: str) -> None:
        """A line of its own, above the bar where there is one."""
        if self.bar is not None:
            self.bar.console.print(one_line(message), markup=False, highlight=False)
        else:
            say(message)


def _counted(progress: Progress) -> str:
    failed = f", {progress.n_failed:,} of them failed" if progress.n_failed else ""
    return f"{progress.n_done:,} of {counted(progress.n_rows, 'run')} done{failed}"


def _pace(progress: Progress) -> str:
    if not progress.n_new:
        return "starting"
    left = duration(progress.seconds_left)
    return f"{counted(progress.rows_per_second, 'run', ',.3g')} a second, {left} left"
