"""The door of the server: which requests and websockets it takes, and what the log says of others.

A page of another site that a reader has open can send requests to 127.0.0.1, under a name of its
own that it has made to mean this machine (DNS rebinding), and can open websockets to it. So a
request must name the address that is served, a websocket must come from the page that it serves,
and only what the page asks for is answered: its own address, its websocket, its static files.
"""

from __future__ import annotations

import logging
import re
from typing import Any, NamedTuple
from urllib.parse import parse_qsl, unquote

from bokeh.protocol.exceptions import ProtocolError
from bokeh.server.protocol_handler import ProtocolHandler
from bokeh.server.session import ServerSession
from bokeh.server.views.ws import WSHandler
from tornado.httputil import HTTPServerRequest
from tornado.routing import Matcher, PathMatches, Rule
from tornado.web import RequestHandler
from tornado.websocket import WebSocketClosedError

log = logging.getLogger(__name__)

SERVED = re.compile(r"/(ws|favicon\.ico|static/[\w./@^+-]+)?", re.ASCII)
SOCKET = "/ws"
METHODS = ("GET", "HEAD")
LONGEST_PATH = 500  # letters
LONGEST_LINE = 200  # letters of what the log says of one request or message
LARGEST_MESSAGE_BYTES = 2**20  # from a browser: a click, a typed number
SAID_HERE = ("bokeh.protocol", "bokeh.server.views.ws")  # loggers that would say it again, whole
HTTP_PORT = 80  # which browsers leave out of Host and Origin


class Refused(NamedTuple):
    """The reason that a request is not answered."""

    status: int
    reason: str


def guard(server: Any, names: tuple[str, ...]) -> None:
    """Put the door before a server of Bokeh that serves one page, at "/", under these names."""
    application = server._tornado
    page = {"application_context": application._applications["/"], "bokeh_websocket_path": SOCKET}
    application.default_router.rules[:0] = [
        Rule(Unwelcome(hosts_of(names, server.port)), Refusal),
        Rule(PathMatches(SOCKET), Socket, page),
    ]
    application.settings["log_function"] = log_request
    for name in SAID_HERE:
        logging.getLogger(name).setLevel(logging.CRITICAL)


def hosts_of(names: tuple[str, ...], port: int) -> frozenset[str]:
    """Allowed values of Host in a request to one of these names."""
    hosts = {f"{name}:{port}" for name in names}
    return frozenset(hosts | set(names) if port == HTTP_PORT else hosts)


def refused(request: HTTPServerRequest, hosts: frozenset[str]) -> Refused | None:
    """The reason that a request is not answered; None if it is."""
    path, host = unquote(request.path), request.headers.get("Host", "").lower()
    if host not in hosts:
        return Refused(403, f"Host must be one of {', '.join(sorted(hosts))}")
    if request.method not in METHODS:
        return Refused(405, f"the method must be one of {', '.join(METHODS)}")
    if len(path) > LONGEST_PATH:
        return Refused(414, f"the path must have at most {LONGEST_PATH} letters")
    if not SERVED.fullmatch(path) or ".." in path.split("/"):
        return Refused(404, "nothing is served under this path")
    if path == SOCKET and request.headers.get("Origin", "").lower() != f"http://{host}":
        return Refused(403, f"the websocket's Origin must be http://{host}")
    if _names_a_session(request):
        return Refused(400, "a session is not to be named: every page has its own")
    return None


def _names_a_session(request: HTTPServerRequest) -> bool:
    """Bokeh would open another's session, or fail at a name that is none."""
    given = [key for key, _ in parse_qsl(request.query, keep_blank_values=True)]
    given += list(request.headers)
    return any(key.lower().startswith("bokeh-") for key in given)


class Unwelcome(Matcher):
    """Matches what is to be refused."""

    def __init__(self, hosts: frozenset[str]) -> None:
        self.hosts = hosts

    def match(self, request: HTTPServerRequest) -> dict[str, Any] | None:
        found = refused(request, self.hosts)
        return None if found is None else {"target_kwargs": {"why": found}}


class Refusal(RequestHandler):
    """A status and one sentence, whatever was asked."""

    def initialize(self, why: Refused) -> None:
        self.why = why

    async def prepare(self) -> None:
        self.set_status(self.why.status)
        self.set_header("Content-Type", "text/plain; charset=utf-8")
        self.finish(f"{self.why.reason}\n")


class Socket(WSHandler):
    """Bokeh's websocket; a message that it cannot follow closes it, with one line in the log."""

    async def _async_open(self, token: str) -> None:
        try:
            await super()._async_open(token)
        except Exception as bad:  # whatever a token may hold
            self._drop(bad)
        else:
            self.handler = Messages()

    async def on_message(self, fragment: str | bytes) -> None:
        if self._is_lost:
            return
        try:
            message = await self.receiver.consume(fragment)
            if message is not None:
                answer = await self.handler.handle(message, self.connection)
                await self.send_message(answer)
        except WebSocketClosedError:
            pass  # the browser has gone meanwhile
        except Exception as bad:  # whatever a message may hold
            self._drop(bad)

    def on_close(self) -> None:
        if not self._is_lost:
            super().on_close()

    @property
    def _is_lost(self) -> bool:
        """True if a ping has found it closed already, and the session has been let go."""
        return self.connection is not None and self.connection._session is None

    def log_exception(self, kind: Any, value: BaseException | None, trace: Any) -> None:
        log.warning("websocket refused: %s", one_line(value))

    def _drop(self, bad: Exception) -> None:
        log.warning("websocket closed: %s", one_line(bad))
        self.close(1008, "not understood")


class Messages(ProtocolHandler):
    """Messages that a page's browser may send: ask for the page, change it; not replace it."""

    def __init__(self) -> None:
        super().__init__()
        self._handlers = {
            "PULL-DOC-REQ": ServerSession.pull,
            "PATCH-DOC": ServerSession.patch,
            "SERVER-INFO-REQ": self._server_info_req,
        }

    async def handle(self, message: Any, connection: Any) -> Any:
        answer = self._handlers.get(message.msgtype)
        if answer is None:
            raise ProtocolError(f"{message.msgtype} is not answered")
        try:
            return await answer(message, connection)
        except Exception as bad:  # the page stays; what was said is not done
            log.warning("message refused: %s", one_line(bad))
            return connection.error(message, "not understood")


def one_line(bad: BaseException | None) -> str:
    """An error and the place where it was raised, on one short printable line."""
    trace, place = bad.__traceback__ if bad else None, ""
    while trace is not None:
        code = trace.tb_frame.f_code
        place = f" ({code.co_filename.rpartition('/')[2]}:{trace.tb_lineno})"
        trace = trace.tb_next
    return shortened(f"{type(bad).__name__}: {bad}") + place


def shortened(text: str) -> str:
    """Text from outside as the log may have it: printable, of at most LONGEST_LINE letters."""
    plain = text[:LONGEST_LINE].encode("unicode_escape").decode("ascii")
    return plain if len(text) <= LONGEST_LINE else f"{plain}…"


def log_request(handler: RequestHandler) -> None:
    """One line for a request that was not answered as asked."""
    status, request = handler.get_status(), handler.request
    if status >= 400:
        log.warning(
            "%d %s %s", status, shortened(str(request.method)), shortened(request.uri or "")
        )
