"""One page: its header, its tabs, its address. Every browser tab has a page of its own."""

from __future__ import annotations

from collections.abc import Callable
from html import escape
from typing import Any, Protocol

import panel as pn

from abm.classroom.august.tab import AugustTab
from abm.classroom.choice import TABS, Choice, link_of, read_link
from abm.classroom.compare.tab import CompareTab
from abm.classroom.html import html
from abm.classroom.phase.tab import PhaseTab
from abm.classroom.play.tab import PlayTab
from abm.classroom.portfolio.tab import PortfolioTab
from abm.classroom.trade.tab import TradeTab
from abm.classroom.warning.tab import WarningTab
from abm.classroom.widgets.tags import UNASKING
from abm.errors import FailedRun, UnwindError
from abm.words import LANGUAGES, Words, words

_COPY = "navigator.clipboard.writeText(location.href); this.textContent += ' ✓'"


class Tab(Protocol):
    """A tab of the page under one heading."""

    def view(self) -> Any:
        """Everything on it; made once, when the tab is first opened."""

    def shown(self) -> None:
        """The tab has been opened; the choice may be another than when it was last."""

    def hidden(self) -> None:
        """Another tab has been opened, or the page closed."""


class Page:
    """The page of one session.

    Attributes
    ----------
    choice
        What is shown: scenario, changes, seed, ... Replaced by `change`, never written to.
    say
        The texts of the page's language.
    """

    def __init__(self, query: str = "") -> None:
        self.document, self.location = pn.state.curdoc, pn.state.location
        self.choice, faults = read_link(query)
        self.say: Words = words(self.choice.language)
        self.tabs: dict[str, Tab] = {}
        self.body = pn.Column(sizing_mode="stretch_width", margin=0)
        self.notice = pn.pane.HTML("", sizing_mode="stretch_width", margin=0, visible=False)
        self.languages = pn.pane.HTML("", margin=0)
        self.buttons = {name: self._tab_button(name) for name in TABS}
        self.n_done = pn.widgets.IntInput(value=0, visible=False, tags=[UNASKING])
        self.n_done.jscallback(value="window.unwind_is_working(false);")
        if faults:
            self.warn(self.say("page.link_refused"), faults)
        self.open(self.choice.tab)

    def view(self) -> pn.Column:
        """The whole page."""
        title = pn.pane.HTML(
            f"<h1>{escape(self.say('page.title'))}</h1>", sizing_mode="stretch_width", margin=0
        )
        return pn.Column(
            pn.Row(title, self.languages, css_classes=["top"], sizing_mode="stretch_width"),
            pn.Row(*self.buttons.values(), css_classes=["tabs"], sizing_mode="stretch_width"),
            self.notice,
            self.body,
            self.n_done,
            css_classes=["page"],
            sizing_mode="stretch_width",
            margin=0,
        )

    def act(self, do: Callable[..., object], *given: Any) -> None:
        """Do what a click or a key wants, and tell the browser that it is done."""
        self.go_on(self._do_and_say_so, do, *given)

    def _do_and_say_so(self, do: Callable[..., object], *given: Any) -> None:
        try:
            self._do_or_refuse(do, *given)
        finally:
            self.n_done.value += 1

    def go_on(self, do: Callable[..., object], *given: Any) -> None:
        """Do what no reader waits for: the next frame, the next piece of a work.

        What the user got wrong is said above the tabs.

        Panel calls back without the document's lock and sends its own changes at once; Bokeh keeps
        changes of its models for later. So everything is done under the lock, held back until it is
        done, and sent in the order in which it was done.
        """
        document = self.document
        if document is None or document.session_context is None:
            self._do_or_refuse(do, *given)  # no browser: a test
            return

        def held() -> None:
            document.hold("collect")
            try:
                self._do_or_refuse(do, *given)
            finally:
                document.unhold()

        document.add_next_tick_callback(held)

    def _do_or_refuse(self, do: Callable[..., object], *given: Any) -> None:
        try:
            do(*given)
        except (UnwindError, FailedRun) as bad:
            self.refused(bad)

    def open(self, tab: str, **what: Any) -> None:
        """Show a tab, maybe with another choice."""
        if self.choice.tab in self.tabs:
            self.tabs[self.choice.tab].hidden()
        self.change(tab=tab, **what)
        for name, button in self.buttons.items():
            button.color = "primary" if name == tab else "default"
        if tab not in self.tabs:
            self.tabs[tab] = TAB_CLASSES[tab](self)
            self.body.append(pn.Column(self.tabs[tab].view(), sizing_mode="stretch_width"))
        self.tabs[tab].shown()
        for name, place in zip(self.tabs, self.body, strict=True):
            place.visible = name == tab

    def change(self, **what: Any) -> None:
        """Another choice: the address follows."""
        self.choice = self.choice.changed(**what)
        query = link_of(self.choice)
        if self.location is not None:
            self.location.search = query
        self.languages.object = _head_links(self.choice, self.say)

    def warn(self, what: str, reasons: list[str] | None = None) -> None:
        """Say above the tabs what could not be done, and why; plain text."""
        self.notice.object = html("notice.html", what=what, reasons=reasons or [])
        self.notice.visible = True

    def quiet(self) -> None:
        """Take the warning away."""
        self.notice.visible = False

    def refused(self, bad: UnwindError | FailedRun) -> None:
        """Say what a user's mistake was, or how a run failed."""
        self.warn(self.say("page.refused"), [str(fault) for fault in getattr(bad, "faults", [bad])])

    def close(self) -> None:
        """The browser has gone: let go of everything."""
        for tab in self.tabs.values():
            tab.hidden()
        self.tabs.clear()
        self.body.clear()

    def _tab_button(self, name: str) -> pn.widgets.Button:
        button = pn.widgets.Button(label=self.say(f"{name}.tab"), css_classes=["tab"], margin=0)
        button.on_click(lambda _: self.act(self.open, name))
        return button


# In the order of `choice.TABS`: a link is read without Panel.
TAB_CLASSES: dict[str, Callable[[Page], Tab]] = {
    "play": PlayTab,
    "compare": CompareTab,
    "phase": PhaseTab,
    "august": AugustTab,
    "trade": TradeTab,
    "portfolio": PortfolioTab,
    "warning": WarningTab,
}


def _head_links(choice: Choice, say: Words) -> str:
    """Copy the address; the same page in the other languages."""
    links = [
        (code, name, link_of(choice.changed(language=code))) for code, name in LANGUAGES.items()
    ]
    return html("languages.html", say=say, on_copy=_COPY, languages=links)
