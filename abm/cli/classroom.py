"""`unwind classroom`: the web page, once the engine is ready."""

from __future__ import annotations

from importlib.util import find_spec
from typing import Annotated

import typer

import abm
from abm.cli.asked import whole
from abm.cli.progress import warn_of_compiling
from abm.cli.terminal import say, tell
from abm.errors import InvalidInput

NEEDS = ("panel", "bokeh")
INSTALL = "pip install 'carry-unwind[classroom]'"


def classroom(
    port: Annotated[
        str | None, typer.Option(metavar="N", help="Port to listen on; default 8642, or a free one")
    ] = None,
    browser: Annotated[
        bool, typer.Option("--browser/--no-browser", help="Open it in the browser")
    ] = True,
) -> None:
    """The web page: play, compare, explain; on 127.0.0.1, for this machine alone."""
    serve(None if port is None else whole("--port", port), browser)


def serve(port: int | None, show: bool) -> None:
    """Serve the page until Ctrl-C, which is its ordinary end."""
    missing = [name for name in NEEDS if find_spec(name) is None]
    if missing:
        raise InvalidInput(f"the page needs {' and '.join(missing)}: {INSTALL}")
    from abm.classroom import open_classroom

    try:
        open_classroom(port, show, _ready)
    except KeyboardInterrupt:
        say("the page is closed")


def _ready(url: str) -> None:
    """Everything is compiled before a page is waited for."""
    _compile()
    tell(f"Carry Unwind: {url}   (Ctrl-C ends it)")


def _compile() -> None:
    warn_of_compiling()
    abm.cascade("hike")
