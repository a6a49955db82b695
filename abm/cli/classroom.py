"""`unwind classroom`: the web page, once the engine is ready."""

from __future__ import annotations

from importlib.util import find_spec

from abm.cli import say, tell
from abm.cli.running import warn_of_compiling
from abm.errors import InvalidInput

NEEDS = ("panel", "bokeh")
INSTALL = "pip install 'carry-unwind[classroom]'"


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
    """Everything is compiled before anybody waits for a page."""
    _compile()
    tell(f"Carry Unwind: {url}   (Ctrl-C ends it)")


def _compile() -> None:
    import abm

    warn_of_compiling()
    abm.cascade("hike")
