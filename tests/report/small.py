"""A cascade of a tiny world, whose owner writes what a page must not believe."""

import io
from dataclasses import replace
from functools import cache

import abm
from abm.scenario import Scenario
from tests.engine.worlds import BANKS_BY_SIZE

TITLE = "<script>alert(1)</script>"
NEWS = '"><img src=x onerror=alert(2)>'
TINY = {
    "calendar.days": 12,
    "calendar.burn_in_days": 6,
    "calendar.drift_days": 5,
    "population.scale": 0.2,
    "shock.surprise_bp": 150,
    "funding.basis": {"kind": "constant"},
    **BANKS_BY_SIZE,
}


@cache
def scenario():
    raw = abm.load_scenario("hike").with_changes(TINY).to_dict()
    news = {"name": "rumour", "title": NEWS, "day": 3, "moves": {"SPX": -0.02}}
    return Scenario.from_dict(raw | {"name": "mine", "title": TITLE, "news": [news]})


@cache
def cascade():
    return abm.cascade(scenario(), rng=3)


@cache
def run():
    """The run with the measures of its cascade, as `unwind run` keeps it."""
    made = cascade()
    return replace(made.run, summary={**made.run.summary, **made})


@cache
def png(colour="white"):
    """A figure, small."""
    from PIL import Image

    memory = io.BytesIO()
    Image.new("RGB", (120, 90), colour).save(memory, format="PNG")
    return memory.getvalue()
