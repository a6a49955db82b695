"""The server of the page: one process on 127.0.0.1, a page of its own for every browser tab."""

from __future__ import annotations

import errno
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import panel as pn

from abm.classroom.door import LARGEST_MESSAGE_BYTES, guard
from abm.classroom.page import Page
from abm.errors import InvalidInput, OutputRefused
from abm.words import words

ADDRESS = "127.0.0.1"
NAMES = (ADDRESS, "localhost")  # under which the page is served
USUAL_PORT = 8642  # so that a link outlives the server; another where it is taken
_ROOM = Path(__file__).parent
STYLE, SCRIPT, TEMPLATE = (
    (_ROOM / f"page.{kind}").read_text(encoding="utf-8") for kind in ("css", "js", "html")
)
MILLISECONDS_WITHOUT_BROWSER = 15_000  # until a page without a reader is dropped


def open_classroom(
    port: int | None = None, show: bool = True, ready: Callable[[str], None] = print
) -> None:
    """Serve the page until interrupted; `ready` is told its address.

    Raises InvalidInput for a port that cannot be one, OutputRefused for one that is taken.
    """
    server = make_server(port)
    url = f"http://{ADDRESS}:{server.port}/"
    ready(url)
    if show:
        server.io_loop.add_callback(server.show, "/")
    try:
        server.run_until_shutdown()
    except RuntimeError:  # signals are for the main thread only
        server.io_loop.start()


def make_server(port: int | None = None) -> Any:
    """The server, listening but not yet running: where asked, or at USUAL_PORT or a free one."""
    if port is not None:
        return _listening(asked_port(port))
    try:
        return _listening(asked_port(USUAL_PORT))
    except OutputRefused:
        return _listening(free_port())


def _listening(number: int) -> Any:
    """The server at this port; raises OutputRefused where another was quicker to take it."""
    pn.extension(raw_css=[STYLE], notifications=False)
    try:
        server = _server_at(number)
    except OSError as bad:
        raise _refused(number, bad) from None
    guard(server, NAMES)
    return server


def _server_at(number: int) -> Any:
    return pn.io.server.get_server(
        new_page,
        port=number,
        address=ADDRESS,
        websocket_origin=[f"{name}:{number}" for name in NAMES],
        websocket_max_message_size=LARGEST_MESSAGE_BYTES,
        show=False,
        start=False,
        title=words("en")("page.title"),
        unused_session_lifetime_milliseconds=MILLISECONDS_WITHOUT_BROWSER,
        check_unused_sessions_milliseconds=MILLISECONDS_WITHOUT_BROWSER,
        keep_alive_milliseconds=15_000,
        num_procs=1,
    )


class _Template(pn.Template):
    """A template that looks its models up once, when all are there: a quarter of opening a page."""

    def server_doc(self, doc: Any = None, title: str = "", location: Any = True) -> Any:
        doc = pn.state.curdoc if doc is None else doc
        with doc.models.freeze():
            return super().server_doc(doc, title, location)


def new_page() -> pn.Template:
    """The page of a session that begins."""
    page = Page(_asked_for())
    pn.state.on_session_destroyed(lambda _: page.close())
    template = _Template(TEMPLATE, location=True)
    template.add_variable("script", SCRIPT)
    template.add_variable("working", page.say("page.working"))
    template.add_panel("page", page.view())
    return template


def _asked_for() -> str:
    """The query of the link by which the page was opened.

    A browser slower than a page is kept for opens a second one, by an address without a query: what
    was asked for then stands in its token, from which come the session's arguments.
    """
    if pn.state.location is not None and pn.state.location.search:
        return str(pn.state.location.search)
    pairs = [(key, value) for key, values in pn.state.session_args.items() for value in values]
    return f"?{urlencode(pairs)}" if pairs else ""


def free_port() -> int:
    """A free port."""
    with socket.socket() as asked:
        asked.bind((ADDRESS, 0))
        return int(asked.getsockname()[1])


def asked_port(port: int) -> int:
    """A given port, if it can be listened on."""
    if not 1 <= port <= 65_535:
        raise InvalidInput(f"--port = {port}, must be a whole number from 1 to 65535")
    with socket.socket() as asked:
        asked.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            asked.bind((ADDRESS, port))
        except OSError as bad:
            raise _refused(port, bad) from None
    return port


def _refused(port: int, bad: OSError) -> OutputRefused:
    what = "is taken" if bad.errno == errno.EADDRINUSE else f"refused: {bad.strerror}"
    return OutputRefused(f"port {port} {what}; give another, or leave --port out for a free one")
