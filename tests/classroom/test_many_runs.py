"""Many pages at once and many runs of one, read without a browser."""

import asyncio
import html

from bokeh.util.token import generate_jwt_token, generate_session_id

import abm
from tests.classroom.clients import Reader, connected, outcome_of, pulled

FORCED_SALES = r'data-key="forced_sales_usd_bn" data-value="([^"]+)"'


def test_five_pages_at_once_do_not_mix(server):
    sizes = range(20, 120, 20)

    async def sales():
        queries = [f"?scenario=hike&shock.surprise_bp={bp}&seed={bp}" for bp in sizes]
        readers = await asyncio.gather(*(Reader.of(server.url, query) for query in queries))

        async def press(label, until):
            return [
                found[1]
                for found in await asyncio.gather(*(one.press(label, until) for one in readers))
            ]

        for day in (1, 2):
            assert await press("One day", r"<b>(\d+) / \d+</b>") == 5 * [str(day)]
        return await press("Run to end", FORCED_SALES)

    base = abm.load_scenario("hike")
    assert outcome_of(sales()) == [
        repr(abm.cascade(base.with_changes({"shock.surprise_bp": bp}), rng=bp).forced_sales_usd_bn)
        for bp in sizes
    ]


def test_a_browser_that_comes_after_its_page_was_dropped_gets_the_same_run(server):
    """Under load ten seconds pass between page and websocket: what the token asks for counts."""

    async def opened(**asked):
        arguments = {key: [value.encode()] for key, value in asked.items()}
        token = generate_jwt_token(generate_session_id(), extra_payload={"arguments": arguments})
        return await pulled(await connected(server.url, token))

    page = outcome_of(opened(**{"scenario": "hike", "shock.surprise_bp": "10", "seed": "8"}))
    assert "?scenario=hike&shock.surprise_bp=10&seed=8" in html.unescape(page)
    page = outcome_of(opened(seed="8", scenari="hike"))
    assert "scenari" in page and "seed=8" not in page, "a wrong link is refused as ever"
    assert "?scenario=august-2024&seed=10" in html.unescape(outcome_of(opened()))


def test_run_after_run_does_not_grow_the_server(server):
    async def sizes_mb():
        reader = await Reader.of(server.url, "?scenario=hike&shock.surprise_bp=60&seed=7")
        for n_runs in (4, 8):
            for _ in range(n_runs):
                await reader.press("Next seed", r"seed=\d+")
                await reader.press("Run to end", FORCED_SALES)
            yield server.resident_mb

    async def both():
        return [size async for size in sizes_mb()]

    before, after = outcome_of(both())
    assert after < 1.1 * before
