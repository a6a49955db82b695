"""The portfolio that is tested: a file dropped or chosen, or a sample behind a button."""

from __future__ import annotations

import base64
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any

import panel as pn

from abm.classroom.html import html
from abm.stress.cells import CsvFile
from abm.stress.portfolio import BETA, COLUMNS
from abm.stress.samples import find_portfolio, list_samples

if TYPE_CHECKING:
    from abm.classroom.page import Page
    from abm.words import Words

# With its base64 and what is said about it, a message that the door lets in.
MOST_BYTES = 512 * 1024
NEEDED = ("name", "instrument", "proxy", "currency", "quantity", "market_value")
# The box of a file is where it can be dropped; what the browser writes into it is in its language.
DROP = """
.bk-input-group { position: relative; }
label { position: absolute; inset: 0; z-index: 1; display: flex; align-items: center;
  justify-content: center; text-align: center; padding: 8px 14px; font-size: 14px;
  line-height: 1.35; white-space: normal; pointer-events: none; }
input[type=file] { box-sizing: border-box; width: 100%; height: 92px; cursor: pointer;
  border: 2px dashed #0b4f8a; border-radius: 6px; background: #f3f7fa; color: transparent; }
input[type=file]::file-selector-button { visibility: hidden; }
input[type=file]:hover { background: #e4eef6; }
input[type=file]:focus-visible { outline: 3px solid #e69f00; outline-offset: 1px; }
"""


class Bring:
    """Where a portfolio comes from. A file stays in the memory of its page's session."""

    def __init__(self, page: Page, brought: Callable[[CsvFile | str], None]) -> None:
        self.page, self.brought = page, brought
        say = page.say
        self.file = pn.widgets.FileInput(
            label=say("portfolio.drop"), accept=".csv,.txt,text/csv", tags=[MOST_BYTES],
            stylesheets=[DROP], sizing_mode="stretch_width", margin=(2, 0, 4, 0),
        )  # fmt: skip
        self.file.param.watch(lambda event: self._heard(event.new), "filename")
        self.samples = {name: self._sample_button(name) for name in list_samples()}
        self.format = pn.pane.HTML("", sizing_mode="stretch_width", margin=0)

    def view(self) -> list[Any]:
        """Its parts, one under the other."""
        return [
            _text(html("portfolio/head.html", text=self.page.say("portfolio.your_file"))),
            self.file,
            _text(html("portfolio/kept.html", text=self.page.say("portfolio.kept",
                                                                 kb=MOST_BYTES // 1024))),
            _text(html("portfolio/head.html", text=self.page.say("portfolio.samples"))),
            *self.samples.values(),
            self.format,
        ]  # fmt: skip

    def show(self, source: CsvFile | str) -> None:
        """Mark the sample that is shown; a file of the reader's own marks none."""
        for name, button in self.samples.items():
            button.color = "primary" if name == source else "default"
        sample = source if isinstance(source, str) else self.page.choice.portfolio
        content = find_portfolio(sample).read_bytes()
        self.format.object = html(
            "portfolio/format.html", say=self.page.say, sample=sample,
            content=base64.b64encode(content).decode("ascii"),
            needed=NEEDED, others=[name for name in COLUMNS if name not in NEEDED], beta=BETA,
        )  # fmt: skip

    def _sample_button(self, name: str) -> pn.widgets.Button:
        made = pn.widgets.Button(
            label=sample_words(name, self.page.say), sizing_mode="stretch_width",
            margin=(0, 0, 5, 0),
        )  # fmt: skip
        made.on_click(lambda _: self.page.act(self.brought, name))
        return made

    def _heard(self, name: str | None) -> None:
        """A file has come; cleared, so that the same one, changed meanwhile, can come again."""
        if not name:
            self.page.act(lambda: None)
            return
        file = CsvFile(name, self.file.value or b"")
        self.page.act(partial(self._read, file))

    def _read(self, file: CsvFile) -> None:
        self.file.clear()
        if len(file.content) > MOST_BYTES:
            say = self.page.say
            self.page.warn(say("portfolio.too_large", file=file.name, kb=MOST_BYTES // 1024))
            return
        self.brought(file)


def sample_words(name: str, say: Words) -> str:
    """A sample in the page's language; one that has no words there by its name."""
    key = f"portfolio.sample.{name}"
    return say(key) if say.has(key) else name


def _text(text: str) -> pn.pane.HTML:
    return pn.pane.HTML(text, sizing_mode="stretch_width", margin=0)
