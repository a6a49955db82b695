"""Does the page's server give back the memory of pages that were closed?

    python -m experiments.classroom_sessions [--pages 50] [--rounds 3]

One server and plain websocket clients on 127.0.0.1, which open a page, take the whole of it as a
browser does and leave, tab after tab. After each round of pages the server is given the time to
drop them, and its resident memory is read. From the second round on, when every cache of the
process has been filled, it should not grow. Nothing is kept: the figures are printed.
"""

from __future__ import annotations

import argparse
import asyncio
import re
import time

from tornado.httpclient import AsyncHTTPClient, HTTPRequest
from tornado.websocket import WebSocketClientConnection, websocket_connect

from abm.classroom.choice import TABS
from experiments.serving import resident_mb, served_classroom

PATIENCE_S = 120.0
UNTIL_DROPPED_S = 35.0  # a page lives for 15 s after its browser, and is looked for every 15
ASK = ('{"msgid":"1","msgtype":"PULL-DOC-REQ"}', "{}", "{}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pages", type=int, default=50)
    parser.add_argument("--rounds", type=int, default=3)
    given = parser.parse_args()
    with served_classroom() as server:
        print(f"before any page: {resident_mb(server.pid):,.0f} MB", flush=True)
        for number in range(1, given.rounds + 1):
            asyncio.run(visit(server.url, given.pages))
            time.sleep(UNTIL_DROPPED_S)
            said = f"after {number * given.pages} pages: {resident_mb(server.pid):,.0f} MB"
            print(said, flush=True)


async def visit(url: str, n_pages: int) -> None:
    """Open and close so many pages, one after another."""
    for number in range(n_pages):
        await one_page(url, f"?scenario=hike&tab={TABS[number % len(TABS)]}")


async def one_page(url: str, query: str) -> None:
    """A page as a browser takes it, and leaves it."""
    page = await AsyncHTTPClient().fetch(url + query, request_timeout=PATIENCE_S)
    found = re.search(r'"token":"([^"]+)"', page.body.decode())
    assert found, "the page has no token"
    asked = HTTPRequest(
        f"ws{url.removeprefix('http')}ws",
        headers={"Origin": url.rstrip("/")},
        request_timeout=PATIENCE_S,
    )
    client = await websocket_connect(asked, subprotocols=["bokeh", found[1]])
    await until(client, "ACK")
    for part in ASK:
        await client.write_message(part)
    await until(client, "PULL-DOC-REPLY")
    client.close()


async def until(client: WebSocketClientConnection, kind: str) -> None:
    """Listen until a message of this kind begins."""
    while True:
        said = await asyncio.wait_for(client.read_message(), PATIENCE_S)
        assert said is not None, "the server closed the websocket"
        if isinstance(said, str) and said.startswith("{") and f'"{kind}"' in said[:300]:
            return


if __name__ == "__main__":
    main()
