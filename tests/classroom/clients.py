"""Plain clients of the page's server: one request, one websocket, one reader; no browser."""

import asyncio
import html
import json
import re
import socket
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlsplit

from tornado.httpclient import AsyncHTTPClient, HTTPRequest
from tornado.websocket import websocket_connect

PULL = ('{"msgid":"1","msgtype":"PULL-DOC-REQ"}', "{}", "{}")
PATIENCE_S = 120.0


def status(url, path="/", method="GET", host=None, headers=b""):
    """The status of an answer to a request, written byte by byte; 0 if there is no answer."""
    to = urlsplit(url)
    path = path.encode() if isinstance(path, str) else path
    host = to.netloc if host is None else host
    lines = [f"{method} ".encode() + path + b" HTTP/1.1", f"Host: {host}".encode(), headers]
    with socket.create_connection((to.hostname, to.port), timeout=PATIENCE_S) as made:
        made.sendall(b"\r\n".join(line for line in lines if line) + b"\r\n\r\n")
        answer = made.recv(64)
    return int(answer.split()[1]) if answer.startswith(b"HTTP/1.1 ") else 0


def outcome_of(coroutine):
    """Result of a coroutine, on a thread of its own: a driven browser leaves this one a loop."""
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(asyncio.run, coroutine).result()


async def token_of(url, query=""):
    """Headers that a page opens its websocket with."""
    page = await AsyncHTTPClient().fetch(url + query, request_timeout=PATIENCE_S)
    return re.search(r'"token":"([^"]+)"', page.body.decode())[1]


async def connected(url, token, origin=None, protocol="bokeh"):
    """A websocket of the page."""
    headers = {"Origin": url.rstrip("/") if origin is None else origin} if origin != "" else {}
    asked = HTTPRequest(
        f"ws{url.removeprefix('http')}ws", headers=headers, request_timeout=PATIENCE_S
    )
    return await websocket_connect(asked, subprotocols=[protocol, token])


async def heard(client):
    """The next message, or None once it is closed."""
    return await asyncio.wait_for(client.read_message(), PATIENCE_S)


async def pulled(client):
    """Ask for the whole page, as a browser does: its text, or None if the server hangs up."""
    for _ in range(3):
        assert await heard(client)  # the greeting
    for part in PULL:
        await client.write_message(part)
    while (said := await heard(client)) is not None:
        if isinstance(said, str) and "PULL-DOC-REPLY" in said[:300]:
            parts = [await heard(client) for _ in range(2 + 2 * json.loads(said)["num_buffers"])]
            return parts[1]
    return None


async def visited(url, query=""):
    """A page opened, shown and closed again."""
    client = await connected(url, await token_of(url, query))
    assert await pulled(client)
    client.close()


class Reader:
    """One who reads a page and presses its buttons."""

    def __init__(self, client, page):
        self.client, self.page = client, page

    @classmethod
    async def of(cls, url, query):
        client = await connected(url, await token_of(url, query))
        return cls(client, json.loads(await pulled(client)))

    async def press(self, label, until):
        """Press a button; then what the page says, as far as it was waited for."""
        button = next(model["id"] for model in models(self.page) if labelled(model, label))
        click = {"name": "button_click", "type": "event"}
        click["values"] = {"type": "map", "entries": [["model", {"id": button}]]}
        event = {"kind": "MessageSent", "msg_type": "bokeh_event", "msg_data": click}
        for part in ('{"msgid":"1","msgtype":"PATCH-DOC"}', "{}", json.dumps({"events": [event]})):
            await self.client.write_message(part)
        while (said := await heard(self.client)) is not None:
            if isinstance(said, str) and (found := re.search(until, html.unescape(said))):
                return found
        raise AssertionError(f"the server hung up before {until}")


def labelled(model, label):
    """True of the button with this label."""
    return model["name"].endswith(".Button") and model["attributes"].get("label") == label


def models(part):
    """All models in a part of a page."""
    if isinstance(part, dict):
        if "id" in part and "attributes" in part:
            yield part
        part = part.values()
    elif not isinstance(part, list):
        return
    for one in part:
        yield from models(one)
