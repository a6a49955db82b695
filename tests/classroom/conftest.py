"""A server of the page and a real browser, one of each for all tests here."""

import os
import shutil
import subprocess
import sys
from pathlib import Path
from urllib.parse import urlencode

import pytest

from tests.classroom.settling import settle

# Debian's names, then those of other systems.
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
QUIET = (
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync",
    "--disable-background-networking", "--disable-component-update",
)  # fmt: skip
MOST_WAIT_MS = 45_000  # of one step and of one expectation, on a machine that is busy
SERVED = Path(__file__).parent / "served.py"


class Server:
    """`unwind classroom` in a process of its own."""

    def __init__(self, log: Path) -> None:
        self.log = log
        command = [sys.executable, str(SERVED), "--no-browser"]
        self.process = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=log.open("w"), text=True
        )
        line = self.process.stdout.readline()  # once everything is compiled
        assert "http://" in line, log.read_text()
        self.url = line.split()[2]

    def link(self, **what) -> str:
        """The address of a page; `__` in a name stands for the dot."""
        pairs = {key.replace("__", "."): value for key, value in what.items()}
        return f"{self.url}?{urlencode(pairs)}"

    @property
    def resident_mb(self) -> float:
        import psutil

        return psutil.Process(self.process.pid).memory_info().rss / 2**20

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait(20)


@pytest.fixture(scope="session")
def server(tmp_path_factory):
    made = Server(tmp_path_factory.mktemp("classroom") / "log.txt")
    yield made
    made.stop()
    said = made.log.read_text()
    assert "OUTSIDE" not in said and "Traceback" not in said, said


@pytest.fixture(scope="session")
def browser():
    """Headless Chromium of the machine; where CI has none that is a failure, not a skip."""
    found = next(filter(None, map(shutil.which, BROWSERS)), None)
    if found is None:
        said = "the page is tested in Chromium, which this machine does not have (Debian: chromium)"
        pytest.fail(said) if os.environ.get("CI") else pytest.skip(said)
    from playwright.sync_api import expect, sync_playwright

    expect.set_options(timeout=MOST_WAIT_MS)

    with sync_playwright() as playwright:
        made = playwright.chromium.launch(executable_path=found, args=list(QUIET))
        yield made
        made.close()


@pytest.fixture(scope="session")
def context(browser):
    """One profile for all pages: what Bokeh and Panel are made of is fetched once."""
    return browser.new_context()


@pytest.fixture
def visit(server, context):
    """Open a page in a tab of its own; what it must not do fails the test at its end."""
    pages, wrong = [], []

    def note(request):
        if not request.url.startswith((server.url, "blob:", "data:")):
            wrong.append(f"asked for {request.url}")

    def opened(width=1280, height=900, motion="reduce", **what):
        page = context.new_page()
        pages.append(page)
        page.set_viewport_size({"width": width, "height": height})
        page.emulate_media(reduced_motion=motion)
        page.set_default_timeout(MOST_WAIT_MS)
        page.on("request", note)
        page.on("pageerror", lambda error: wrong.append(f"page error: {error}"))
        page.on("console", lambda m: wrong.append(m.text) if m.type == "error" else None)
        page.goto(server.link(**what))
        page.locator(".page").first.wait_for()
        return page

    yield opened
    for page in pages:
        page.close()
    assert not wrong, wrong


@pytest.fixture
def photograph():
    """Keep a picture of a page in CLASSROOM_SCREENSHOTS, where that is set."""
    folder = os.environ.get("CLASSROOM_SCREENSHOTS")

    def taken(page, name):
        if folder:
            settle(page)
            page.screenshot(path=Path(folder) / f"{name}.png")

    return taken
