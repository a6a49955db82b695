"""The account of one trader: its chart, and its story day by day, where a scenario has one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bokeh.models import DataRange1d, NumeralTickFormatter

from abm.classroom.html import html
from abm.classroom.widgets.charts import HEIGHT, day_chart, hover_on, key, legend_below
from abm.figures.style import CLASS_COLOURS, INK, SIMULATED
from abm.report.account import account_story

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from bokeh.models import ColumnDataSource
    from bokeh.plotting import figure as Figure

    from abm.classroom.live import LiveRun
    from abm.scenario import Scenario
    from abm.words import Words

LEVELS = {"account_call_usd": "call", "account_stop_usd": "stop"}
COLUMNS = ("account_usd", *LEVELS)
WHOLE = "{0,0}"


def has_account(scenario: Scenario) -> bool:
    """True of a scenario with a trader."""
    return scenario.trader.kind != "none"


def account_columns(scenario: Scenario, days: pd.DataFrame) -> dict[str, np.ndarray]:
    """The account at each close, and below what its broker calls and closes [USD]; empty without.

    Both levels are shares of the margin, position / largest leverage (M139).
    """
    rule = scenario.trader
    if rule.kind == "none":
        return {}
    margin = days["account_position_usd"].to_numpy() / rule.leverage_cap
    return {
        "account_usd": days["account_usd"].to_numpy(),
        "account_call_usd": rule.margin_call_level * margin,
        "account_stop_usd": rule.stop_out_level * margin,
    }


def account_chart(scenario: Scenario, say: Words, source: ColumnDataSource) -> Figure:
    """The account by day, over the levels at which it is called and closed."""
    tips = [("", "@label"), *((say(f"account.line.{name}"), f"@{name}{WHOLE}") for name in COLUMNS)]
    chart = day_chart(
        scenario, say, say("account.axis"), height=HEIGHT + 30, tooltips=tips,
        y_range=DataRange1d(start=0.0),
    )  # fmt: skip
    looks = {
        "account_usd": {"color": INK, "line_width": 2.5},
        "account_call_usd": {"color": SIMULATED, "line_width": 2, "line_dash": [6, 3]},
        "account_stop_usd": {"color": CLASS_COLOURS["dam break"], "line_width": 2,
                             "line_dash": [2, 3]},
    }  # fmt: skip
    for name, look in looks.items():
        key(chart, "line", say(f"account.line.{name}"), **look)
        line = chart.line("day", name, source=source, **look)
        if name == "account_usd":
            hover_on(chart, line)
    chart.yaxis[0].formatter = NumeralTickFormatter(format="0,0")
    legend_below(chart, 1)
    return chart


def story_html(run: LiveRun, say: Words) -> str:
    """The account's story up to now, the newest day on top; empty without a trader or a day."""
    if not has_account(run.scenario) or not run.day:
        return ""
    entries = account_story(run.so_far, say.language)[::-1]
    return html("play/account.html", entries=entries)
