"""Play's chronicle says where the shock came, the newest entry on top."""

import re

import pytest

from abm.classroom.page import Page
from tests.report.happenings import EARLY_CRASH, broken_before_the_shock


def lines(link, steps):
    play = Page(link).tabs["play"]
    play.shown()
    for n_days in steps:
        play._advance(n_days)
    found = re.findall(r"<li class=\"(.*?)\">(.*?)</li>", play.told.object, re.DOTALL)
    return [(kind, re.sub("<.*?>", "", text)) for kind, text in found]


@pytest.mark.parametrize("steps", [(88,), (10, 12, 1, 65), (22, 66)])
def test_what_came_before_the_shock_stands_below_a_line(steps):
    changed = "&".join(f"{key}={value}" for key, value in EARLY_CRASH.items())
    link = f"?scenario=august-2024&seed={broken_before_the_shock()}&{changed}"
    told = lines(link, steps)
    (place,) = [i for i, (kind, _) in enumerate(told) if kind == "divider"]
    assert told[place][1].startswith("31 Jul 2024: the shock. What stands below happened before")
    assert told[place - 1][1].startswith("31 Jul 2024 The Bank of Japan")
    assert any("stopped out" in text for _, text in told[place + 1 :])


def test_a_shock_on_the_first_day_has_nothing_below_it():
    assert all(kind != "divider" for kind, _ in lines("?scenario=hike&seed=7", (66,)))
