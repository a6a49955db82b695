"""Long work in a thread of its own, so that the page, and every other page, answers meanwhile.

One such work runs at a time for all pages: two would share the cores and each take twice as long.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from abm.errors import FailedRun, UnwindError

if TYPE_CHECKING:
    from abm.classroom.page import Page

LEAST_TOLD_S = 0.25  # between two messages of how far it is
_one_at_a_time = threading.Lock()

Tell = Callable[[int], None]


class Dropped(Exception):
    """The page no longer waits for the work; raised within it where it tells how far it is."""


class InBackground:
    """One page's work: what is started later takes the place of what was started before.

    `told` is called with a number that the work gives, None while another page's work is waited
    for; `ended` when it ends without a result. Both, and `done`, are called as the page's own acts.
    """

    def __init__(
        self, page: Page, told: Callable[[int | None], None], ended: Callable[[], None]
    ) -> None:
        self.page, self.told, self.ended = page, told, ended
        self.number = 0  # of the work that is waited for

    def start(self, work: Callable[[Tell], Any], done: Callable[[Any], None]) -> None:
        """Begin; `work` is given a function to say how far it is, `done` its result."""
        self.number += 1
        given = (self.number, work, done)
        if self.page.document is None or self.page.document.session_context is None:
            self._run(*given)  # no browser: a test
            return
        threading.Thread(target=self._run, args=given, daemon=True).start()

    def stop(self) -> None:
        """Stop the work that is running, when it next tells how far it is."""
        self.number += 1

    def _run(self, number: int, work: Callable[[Tell], Any], done: Callable[[Any], None]) -> None:
        last = 0.0

        def tell(how_far: int) -> None:
            nonlocal last
            if number != self.number:
                raise Dropped
            if time.monotonic() - last > LEAST_TOLD_S:
                last = time.monotonic()
                self._then(number, self.told, how_far)

        if _one_at_a_time.locked():
            self._then(number, self.told, None)
        with _one_at_a_time:
            try:
                tell(0)
                found = work(tell)
            except Dropped:
                return
            except (UnwindError, FailedRun) as bad:
                self._then(number, self._refuse, bad)
                return
            except BaseException:
                self._then(number, self.ended)
                raise
        self._then(number, done, found)

    def _then(self, number: int, act: Callable[..., object], *given: Any) -> None:
        """Let the page act, if it still waits for this work when its turn comes."""

        def acted() -> None:
            if number == self.number:
                act(*given)

        if number == self.number:
            self.page.go_on(acted)

    def _refuse(self, bad: UnwindError | FailedRun) -> None:
        self.ended()
        raise bad
