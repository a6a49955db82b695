"""Whom the server answers, what a hostile message does, what is left of a page that is closed."""

import asyncio
import gc
import json

import pytest
from tornado.httpclient import HTTPClientError

from abm.classroom import server as serving
from abm.classroom.door import LARGEST_MESSAGE_BYTES, hosts_of, one_line, shortened
from abm.classroom.page import Page
from tests.classroom.clients import connected, heard, outcome_of, pulled, status, token_of, visited


async def last_heard(client):
    """Messages until the websocket is closed, or silent for a while."""
    said = []
    try:
        while (message := await asyncio.wait_for(client.read_message(), 0.4)) is not None:
            said.append(message)
    except TimeoutError:
        client.close()
    return said


def log_of(server):
    return server.log.read_text().splitlines()


def test_the_page_answers_to_its_own_address_and_no_other(server):
    port = server.url.rsplit(":")[-1].rstrip("/")
    for name in ("127.0.0.1", "localhost", "LOCALHOST"):
        assert status(server.url, host=f"{name}:{port}") == 200
    others = ["evil.example", f"evil.example:{port}", "127.0.0.1", "localhost", f"[::1]:{port}",
              f"127.0.0.1.evil.example:{port}", "127.0.0.1:1", f"0.0.0.0:{port}", ""]  # fmt: skip
    assert {status(server.url, host=host) for host in others} == {403}
    assert {status(server.url, path, host="evil.example") for path in ("/ws", "/static/x")} == {403}


def test_at_port_80_a_browser_leaves_the_port_out():
    assert hosts_of(("localhost",), 80) == {"localhost", "localhost:80"}
    assert hosts_of(("localhost",), 8642) == {"localhost:8642"}


@pytest.fixture(scope="module")
def token_of_a_page(server):
    """A token that opens a websocket, with the page's own origin."""
    return outcome_of(token_of(server.url))


@pytest.mark.parametrize("origin", ["", "null", "http://evil.example", "https://{host}", "{host}"])
def test_a_websocket_without_the_page_s_own_origin_is_refused(server, token_of_a_page, origin):
    async def ask():
        host, token = server.url.removeprefix("http://").rstrip("/"), token_of_a_page
        with pytest.raises(HTTPClientError) as refused:
            await connected(server.url, token, origin.format(host=host))
        return refused.value.code

    assert outcome_of(ask()) == 403


ODD = [
    "/%00", "/static/%00", "/static/extensions/panel/%00", "/static/js/%00.js", "//", "/\\",
    "/static/../../etc/passwd", "/static/%2e%2e/%2e%2e/etc/passwd", "/static/js", "/static/js/",
    "/%ff%fe", "/%E6%97%A5", "/日本".encode(), "/" + "a" * 50_000, "/static/" + "a" * 5_000,
    "/autoload.js", "/autoload.js?bokeh-autoload-element=x", "/metadata", "/components/x/y",
    "/rest/x", "/liveness", "/logout", "/ws", "/index.html", "http://evil.example/",
    "/?bokeh-session-id=%00", "/?bokeh-session-id=x", "/?bokeh-token=x", "/?BOKEH-token=%ff",
]  # fmt: skip


@pytest.mark.parametrize("path", ODD, ids=lambda path: repr(path)[:40])
def test_an_odd_path_is_refused_and_never_an_error_of_ours(server, path):
    assert status(server.url, path) in (400, 403, 404, 414)


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS", "TRACE", "PROPFIND", "X"])
def test_an_odd_method_is_refused_on_every_path(server, method):
    for path in ("/", "/ws", "/autoload.js", "/static/js/bokeh.min.js"):
        assert status(server.url, path, method, headers=b"Content-Length: 0") == 405


@pytest.mark.parametrize(
    "header", [b"Cookie: \xff=\x80", b"Range: bytes=zz", b"If-Modified-Since: Fri, 99 Foo 99999",
               b"Bokeh-Session-Id: \x80", b"If-None-Match: \xff", b"Origin: \xff"],
)  # fmt: skip
def test_an_odd_header_is_no_error_of_ours(server, header):
    for path in ("/", "/ws", "/static/js/bokeh.min.js"):
        assert status(server.url, path, headers=header) in (200, 400, 403)


@pytest.mark.parametrize(
    ("path", "header", "answer"),
    [
        ("/", b"Bokeh-Session-Id: x", 400), ("/", b"bokeh-token: x", 400),
        ("/?bokeh-session-id=x", b"", 400), ("/static/" + "a" * 5_000, b"", 414),
        ("/static/js/../bokeh.min.js", b"", 404), ("/", b"X: y", 200),
    ],
)  # fmt: skip
def test_what_is_not_served_is_refused_by_its_kind(server, path, header, answer):
    assert status(server.url, path, headers=header or b"X: y") == answer


PATCH = {"msgid": "1", "msgtype": "PATCH-DOC"}
CHANGE = {"kind": "ModelChanged", "model": {"id": "none"}, "attr": "value", "new": 1}
HOSTILE = {
    "half a message": ["\x00\x01 no message"],
    "garbage": ["\x00\x01 no message"] * 3,
    "binary": [b"\xff" * 1000],
    "no object": ["[]", "{}", "{}"],
    "deep": ["[" * 200_000],
    "unknown": ['{"msgid":"1","msgtype":"SHUT-DOWN"}', "{}", "{}"],
    "push": ['{"msgid":"1","msgtype":"PUSH-DOC"}', "{}", '{"doc":{"roots":[]}}'],
    "nothing to patch": [json.dumps(PATCH), "{}", "{}"],
    "no such model": [json.dumps(PATCH), "{}", json.dumps({"events": [CHANGE]})],
    "odd events": [json.dumps(PATCH), "{}", json.dumps({"events": [5, {"kind": "\x1b[31m"}]})],
    "odd buffers": [json.dumps(PATCH | {"num_buffers": 10**9}), "{}", '{"events":[]}', "{}"],
    "long": ["x" * (LARGEST_MESSAGE_BYTES - 1)],
    "too long": ["x" * (LARGEST_MESSAGE_BYTES + 1)],
}  # fmt: skip


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_message_leaves_one_line_at_most(server, name):
    async def send():
        client = await connected(server.url, await token_of(server.url))
        assert await pulled(client)
        for part in HOSTILE[name]:
            await client.write_message(part, binary=isinstance(part, bytes))
        return await last_heard(client)

    before = len(log_of(server))
    answers = outcome_of(send())
    assert answers == [] or '"msgtype":"ERROR"' in answers[0].replace(" ", "")
    new = log_of(server)[before:]
    assert len(new) <= 1 and all(len(line) < 400 and line.isprintable() for line in new), new
    assert status(server.url, "/static/js/bokeh.min.js") == 200


def test_after_all_hostile_messages_a_page_is_opened_as_before(server):
    assert status(server.url) == 200


@pytest.mark.parametrize(
    ("token", "protocol"), [("x", "bokeh"), ("e30", "bokeh"), ("eyJzZXNzaW9uX2lkIjoxfQ", "bokeh"),
                            ("e30", "chat"), ("." * 300, "bokeh")],
)  # fmt: skip
def test_a_websocket_of_a_wrong_protocol_or_token_leaves_one_line(server, token, protocol):
    async def ask():
        try:
            client = await connected(server.url, token, protocol=protocol)
        except HTTPClientError:
            return None
        return await heard(client)

    before = len(log_of(server))
    assert outcome_of(ask()) is None
    assert len(log_of(server)) <= before + 1


def test_what_the_log_says_of_a_text_from_outside_is_short_and_printable():
    assert shortened("\x1b[31m\u202e\n" + "a" * 1000).startswith("\\x1b[31m\\u202e\\naaa")
    assert (
        len(one_line(ValueError("b" * 10_000))) < 300 and one_line(ValueError("\n")).isprintable()
    )


@pytest.mark.parametrize("tab", ["play", "compare", "phase", "august", "trade"])
def test_a_page_that_is_closed_is_forgotten(monkeypatch, tab):
    """Nothing that outlives a session may hold its page: no registry, cache or callback."""
    monkeypatch.setattr(serving, "MILLISECONDS_WITHOUT_BROWSER", 50)
    gc.collect()
    before = sum(issubclass(type(thing), Page) for thing in gc.get_objects())

    async def open_and_close():
        made = serving.make_server(serving.free_port())
        made.start()
        await visited(f"http://127.0.0.1:{made.port}/", f"?scenario=hike&tab={tab}")
        for _ in range(600):
            if not made.get_sessions():
                break
            await asyncio.sleep(0.05)
        left = len(made.get_sessions())
        made.stop()
        return left

    assert outcome_of(open_and_close()) == 0
    gc.collect()
    assert sum(issubclass(type(thing), Page) for thing in gc.get_objects()) == before
