"""Progress on stderr: a bar on a terminal, elsewhere one line a minute."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self, TypeVar

from abm.cli.terminal import say
from abm.errors import one_line

if TYPE_CHECKING:
    from rich.progress import Progress as Bar

Result = TypeVar("Result")

LINE_EVERY_SECONDS = 60.0
COMPILE_SECONDS = 25
_LOOK_EVERY_SECONDS = 0.1  # how soon Ctrl-C is heard


class OnStderr:
    """A bar while the work lasts, where stderr is a terminal; elsewhere it stays None."""

    def __init__(self, draw: Callable[[], Bar], every_seconds: float) -> None:
        self.draw, self.every_seconds = draw, every_seconds
        self.start = self.last = time.monotonic()
        self.bar: Bar | None = None

    def __enter__(self) -> Self:
        if sys.stderr.isatty():
            self.bar = self.draw()
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


class CountOnStderr(OnStderr):
    """A count of what is done with words beside it: a bar on a terminal, elsewhere a line."""

    def __init__(self, every_seconds: float = LINE_EVERY_SECONDS, *, with_numbers: bool = False):
        super().__init__(lambda: _counting_bar(with_numbers), every_seconds)

    def show(self, done: int, planned: int, words: str, line: str | None = None) -> None:
        """Move the bar; without one say a line, by default the same words, once in a while."""
        if self.bar is not None:
            task = self.bar.task_ids[0]
            self.bar.update(task, total=planned, completed=min(done, planned), description=words)
        elif time.monotonic() - self.last >= self.every_seconds:
            self.last = time.monotonic()
            say(line or words)


class Progress(OnStderr):
    """Steps of one piece of work, told as they are done.

    Work runs in a thread of its own: compiled code does not hear Ctrl-C, the main thread does.
    """

    def __init__(self, n_steps: int, every_seconds: float = LINE_EVERY_SECONDS) -> None:
        super().__init__(lambda: _bar(n_steps), every_seconds)
        self.n_steps, self.n_done = n_steps, 0
        self.part = 0.0  # of the present step

    def do(self, what: str, work: Callable[[], Result]) -> Result:
        """Result of `work()`, with what it is on the bar, or a line when it takes long."""
        with self.step(what):
            done: dict[str, Any] = {}
            worker = threading.Thread(target=_keep, args=(work, done), daemon=True)
            worker.start()
            while worker.is_alive():
                worker.join(_LOOK_EVERY_SECONDS)
                self._tell(what)
        if "failed" in done:
            raise done["failed"]
        result: Result = done["result"]
        return result

    def step(self, what: str) -> _Step:
        """One step done in the caller's own thread: `with progress.step("figures"): …`."""
        return _Step(self, what)

    def tick(self, done: int, total: int) -> None:
        """Advance the present step to a share done."""
        self.part = done / total
        if self.bar is not None:
            self.bar.update(self.bar.task_ids[0], completed=self.n_done + self.part)

    def _tell(self, what: str) -> None:
        now = time.monotonic()
        if self.bar is None and now - self.last >= self.every_seconds:
            self.last = now
            share = f" ({self.part:.0%} of it)" if self.part else ""
            step = f"step {self.n_done + 1} of {self.n_steps}{share}"
            say(f"{what}: {step}, {now - self.start:.0f} s")


class _Step:
    def __init__(self, progress: Progress, what: str) -> None:
        self.progress, self.what = progress, what

    def __enter__(self) -> None:
        if self.progress.bar is not None:
            self.progress.bar.update(self.progress.bar.task_ids[0], description=one_line(self.what))
        self.progress._tell(self.what)

    def __exit__(self, *trouble: object) -> None:
        self.progress.n_done += 1
        self.progress.tick(0, 1)


def warn_of_compiling() -> None:
    """Say why the first run ever takes longer."""
    from abm.kernels.day import is_compiled

    if not is_compiled():
        say(f"compiling the kernels, once: about {COMPILE_SECONDS} s")


def _keep(work: Callable[[], Any], done: dict[str, Any]) -> None:
    """Do the work and keep its result, or what went wrong, for the thread that waits."""
    try:
        done["result"] = work()
    except BaseException as bad:
        done["failed"] = bad


def _bar(n_steps: int) -> Bar:
    from rich.console import Console
    from rich.progress import BarColumn, TextColumn, TimeElapsedColumn
    from rich.progress import Progress as Bar

    bar = Bar(
        TextColumn("{task.description:<44}", markup=False),
        BarColumn(),
        TimeElapsedColumn(),
        console=Console(stderr=True),
        transient=True,
    )
    bar.add_task("", total=n_steps)
    return bar


def _counting_bar(with_numbers: bool) -> Bar:
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn
    from rich.progress import Progress as Bar

    numbers = (MofNCompleteColumn(),) if with_numbers else ()
    words = TextColumn("{task.description}", markup=False)
    bar = Bar(BarColumn(), *numbers, words, console=Console(stderr=True), transient=True)
    bar.add_task("starting", total=None)
    return bar
