"""Does an hour of play make the page's server or its browser grow?

    python -m experiments.classroom_soak [--minutes 60]

One server, one real browser (the machine's Chromium), one page that plays run after run, seed after
seed, and looks at another tab between two runs. Resident memory of the server and of the browser is
read once a minute, the browser's after it has collected its garbage (it puts that off for as long
as there is memory); growth counts from the fifth minute, when everything has been seen once.
"""

from __future__ import annotations

import argparse
import shutil
import time

import pandas as pd
import psutil
from playwright.sync_api import Page, sync_playwright

from experiments.keeping import ROOT, keep, show
from experiments.serving import resident_mb, served_classroom

WARM_MINUTES = 5
QUIET = ("--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-sync")
OTHER_TABS = ("Compare", "Leak or dam", "Your trade")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=int, default=60)
    minutes = parser.parse_args().minutes
    with served_classroom() as server:
        rows = pd.DataFrame(soak(server.url, server.pid, minutes))
    about = {"scenario": "august-2024", "seeds": "from 0, one a run", "growth": growth(rows)}
    show(rows.iloc[:: max(1, minutes // 10)], "resident memory by minute")
    print(about["growth"])
    keep(ROOT / "results" / "classroom-soak", {"memory": rows}, {}, {}, about)


def soak(url: str, server: int, minutes: int) -> list[dict[str, float]]:
    """Play for some minutes; memory once a minute."""
    rows: list[dict[str, float]] = []
    with sync_playwright() as playwright:
        found = shutil.which("chromium") or shutil.which("google-chrome")
        browser = playwright.chromium.launch(executable_path=found, args=list(QUIET))
        page = browser.new_page(viewport={"width": 1280, "height": 900})
        page.goto(f"{url}?scenario=august-2024")
        page.get_by_role("combobox").first.select_option("fast")
        start, n_runs = time.monotonic(), 0
        while len(rows) <= minutes:
            if time.monotonic() - start >= 60.0 * len(rows):
                rows.append({"minute": len(rows), "runs": n_runs, **memory(server, page)})
                print(rows[-1], flush=True)
            play_once(page, n_runs)
            n_runs += 1
        browser.close()
    return rows


def play_once(page: Page, n_runs: int) -> None:
    """One run from its first day to its last, then another tab and back with the next seed."""
    page.get_by_role("button", name="▶ Play").click()
    page.locator(".verdict").wait_for(timeout=120_000)
    page.get_by_role("button", name=OTHER_TABS[n_runs % len(OTHER_TABS)]).click()
    page.wait_for_timeout(500)
    page.get_by_role("button", name="Play", exact=True).click()
    page.get_by_role("button", name="Next seed").click()
    page.locator(".verdict").wait_for(state="detached")


def memory(server: int, page: Page) -> dict[str, float]:
    """Resident memory [MB] of the server, and of the browser with all its processes."""
    page.context.new_cdp_session(page).send("HeapProfiler.collectGarbage")
    page.wait_for_timeout(2_000)
    browsers = [p for p in psutil.Process().children(recursive=True) if "chrom" in p.name()]
    in_browsers = sum(resident_mb(process.pid) for process in browsers)
    return {"server_mb": resident_mb(server), "browser_mb": in_browsers}


def growth(rows: pd.DataFrame) -> dict[str, float]:
    """By how much server and browser grew from the warm minute to the last."""
    warm, last = rows.iloc[min(WARM_MINUTES, len(rows) - 1)], rows.iloc[-1]
    return {w: round(float(last[w] / warm[w]) - 1.0, 4) for w in ("server_mb", "browser_mb")}


if __name__ == "__main__":
    main()
