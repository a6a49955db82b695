"""Work done a piece at a time, so that the page answers in between."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from abm.classroom.page import Page


class InPieces:
    """Calls `piece` until it returns False, and lets the browser be heard between two calls."""

    def __init__(self, page: Page, piece: Callable[[], bool]) -> None:
        self.page, self.piece = page, piece
        self.is_running = False

    def start(self) -> None:
        """Begin, unless it is going on already."""
        if not self.is_running:
            self.is_running = True
            self.page.go_on(self._next)

    def stop(self) -> None:
        """No piece after the present one."""
        self.is_running = False

    def _next(self) -> None:
        if self.is_running:
            self.is_running = self.piece()
        if self.is_running:
            self.page.go_on(self._next)
