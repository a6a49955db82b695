"""Authorities that follow a rule: what waiting does, what saying so, what buying yen early.

    python -m experiments.policy_rules [--replicates 200] [--workers 2]

Paired by seed and replicate: each variant against the first of its question, on the same draws. A
run is measured against its own no-shock run, in which its rules act on that run's markets. The seed
was used for no calibration.
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pandas as pd

from abm.figures import style
from abm.figures.panels import panels_in_threes
from abm.runs.genealogy import event_columns
from abm.runs.running import whole_run
from abm.runs.tables import day_columns
from abm.scenario import load_scenario
from experiments.keeping import ROOT, keep, show

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from abm.scenario import Scenario

SEED = 1522
FOLDER = ROOT / "results" / "policy-rules"
SPEED_DAYS = 20
NOT_DRAWN = (" 20 days", " 115 days")
HIKE_DAY, SLIDE_DAYS = 40, 30
WEAK = {"policy.mof": {"kind": "rule", "buying": {"kind": "weak"}}}
STRONG = {"policy.mof": {"kind": "rule", "selling": {"kind": "strong"}}}
AT_ONCE = {
    "policy.boj.surprise_bp": 0.0,
    "policy.boj.path": [{"name": "plan", "day": 0, "surprise_bp": 100.0}],
}


class Question(NamedTuple):
    """Variants of one scenario, the first of which the others are compared with."""

    name: str
    base: str
    changes: Mapping[str, Any]
    variants: Mapping[str, Mapping[str, Any]]

    def scenario(self, variant: str) -> Scenario:
        """The scenario of a variant."""
        recorded = {"outputs.feedback_gain_every_days": 0}
        changes = {**self.changes, **self.variants[variant], **recorded}
        return load_scenario(self.base).with_changes(changes)


def pauses(cool_days: tuple[int, ...]) -> dict[str, dict[str, Any]]:
    """No pause, and for each length one that is heard and one that is silent."""
    never = {"no pause": {"policy.boj.cool_days": 0}}
    return never | {
        f"{pause}, {cool} days": {"policy.boj.cool_days": cool, "policy.boj.pause": pause}
        for cool in cool_days
        for pause in ("heard", "silent")
    }


def sliding_yen(by_log: float) -> dict[str, Any]:
    """News that lowers the yen day by day, and a hike of 50bp after it."""
    slide = [
        {"name": f"slide{day}", "day": day, "title": "the yen slides",
         "moves": {"JPY": -by_log / SLIDE_DAYS}}
        for day in range(1, SLIDE_DAYS + 1)
    ]  # fmt: skip
    hike = {"kind": "script", "day": HIKE_DAY, "hike_bp": 50.0, "surprise_bp": 50.0}
    days = {"calendar.days": HIKE_DAY + 62, "calendar.shock_day": HIKE_DAY}
    return days | {"news": slide, "policy.boj": hike}


QUESTIONS = (
    Question("stop and go", "stop-and-go", {}, pauses((20, 40, 115))),
    Question("the same over 600 days", "stop-and-go", {"calendar.days": 600}, pauses((115,))),
    Question("stop and go, the plan announced at once", "stop-and-go", AT_ONCE, pauses((40,))),
    *(
        Question(
            f"yen sold after a {size:g}bp surprise", "hike", {"shock.surprise_bp": size},
            {"no sales": {}, "USD 20bn a day": STRONG},
        )
        for size in (25.0, 50.0, 75.0)
    ),
    Question(
        "weak yen bought before a 50bp hike", "world-2024", sliding_yen(0.08),
        {"no purchases": {}, "bought by rule": WEAK},
    ),
    Question(
        "yen bought on 11 and 12 July 2024", "august-2024", {},
        {"no purchases": {"policy.mof": {"kind": "none"}}, "as on record": {}},
    ),
)  # fmt: skip


class Path(NamedTuple):
    """One run beside its no-shock run: the yen over it by day [log], and the numbers."""

    gap: np.ndarray
    measures: dict[str, float]


def measure(scenario: Scenario, replicate: int) -> Path:
    """The numbers of one run from its shock day on, less those of its no-shock run."""
    world, opening = whole_run(scenario, SEED, replicate, with_events=True)
    without, before = whole_run(scenario, SEED, replicate, with_events=False, shocked=False)
    n_days, since = scenario.calendar.days, scenario.shock_day
    run = day_columns(world, opening, scenario, n_days)
    no_shock = day_columns(without, before, scenario, n_days)
    gap, shares = ((run[k] - no_shock[k])[since:] for k in ("log_JPY", "log_NKY"))
    forced = [
        sum(days[name][since:].sum() for name in days if name.startswith("forced_"))
        for days in (run, no_shock)
    ]
    events = event_columns(world, scenario, n_days)
    moved = (events["kind"] == "policy") & (events["instrument"] == "JPY")
    moved &= events["counterparty"] == ""
    hikes = events["day"][moved & (events["amount_usd_bn"] > 0.0)]
    said = (events["kind"] == "news") & (events["institution"] == "central_bank")
    said &= (events["instrument"] == "JPY") & (events["amount_usd_bn"] < 0.0)
    faster = gap[SPEED_DAYS:] - gap[:-SPEED_DAYS]
    measures = {
        "peak_yen_percent": 100.0 * max(gap.max(), 0.0),
        "forced_sales_net_usd_bn": forced[0] - forced[1],
        "nikkei_low_percent": 100.0 * min(shares.min(), 0.0),
        "fastest_20_days_percent": 100.0 * max(faster.max(), 0.0),
        "peak_day": float(np.argmax(gap)),
        "n_hikes": float(len(hikes)),
        "n_put_off": float((moved & (events["amount_usd_bn"] == 0.0)).sum()),
        "n_statements": float(said.sum()),
        "last_hike_day": float(hikes.max() - since) if len(hikes) else np.nan,
    }
    return Path(gap, measures)


def compared(name: str, variant: str, ours: pd.DataFrame, first: pd.DataFrame) -> pd.DataFrame:
    """Means of a variant, and its paired differences from the first with standard error and t."""
    rows = []
    for column in ours:
        pairs = (ours[column] - first[column]).dropna()
        mean, error = pairs.mean(), pairs.std(ddof=1) / np.sqrt(max(len(pairs), 1))
        rows.append(
            {
                "question": name,
                "variant": variant,
                "measure": column,
                "n": len(pairs),
                "mean": ours[column].mean(),
                "difference": mean,
                "standard_error": error,
                "t": mean / error if error > 0.0 else np.nan,
            }
        )
    return pd.DataFrame(rows)


def answer(
    question: Question, replicates: range, pool: ProcessPoolExecutor
) -> tuple[pd.DataFrame, dict[str, np.ndarray]]:
    """The table of one question, and the median path of the yen by variant [log]."""
    tables, medians, first = [], {}, None
    for variant in question.variants:
        paths = list(pool.map(partial(measure, question.scenario(variant)), replicates))
        ours = pd.DataFrame([path.measures for path in paths])
        first = ours if first is None else first
        tables.append(compared(question.name, variant, ours, first))
        medians[variant] = np.median([path.gap for path in paths], axis=0)
    return pd.concat(tables, ignore_index=True), medians


def draw(medians: Mapping[str, Mapping[str, np.ndarray]], n_replicates: int) -> Figure:
    """Median path of the yen over the no-shock run, a panel for each of three questions."""
    panels = {
        "stop and go": "Hikes wait after a tremor",
        "yen sold after a 50bp surprise": "Yen sold while it rises, 50bp",
        "weak yen bought before a 50bp hike": "Weak yen bought before 50bp",
    }
    lines = ((style.INK, "-"), (style.SIMULATED, "-"), (style.SIMULATED, "--"))

    def draw_panel(axes: Axes, name: str) -> None:
        drawn = [variant for variant in medians[name] if not variant.endswith(NOT_DRAWN)]
        for (colour, dashes), variant in zip(lines, drawn, strict=False):
            path = 100.0 * medians[name][variant]
            axes.plot(path, dashes, color=colour, label=variant, linewidth=1.4)
        axes.set_ylim(bottom=0.0)
        axes.legend(fontsize=7.5, frameon=False, loc="lower right")

    title = "A pause that is heard lowers the yen's peak, as do sales of a rising yen"
    caption = (
        f"Yen over the same run without the shock, %, by trading days after the shock day; median "
        f"of {n_replicates} runs, seed {SEED}. Left: four hikes of 25bp, one a meeting, that wait "
        "40 days after a tremor; heard: the Bank of Japan says so."
    )
    return panels_in_threes(title, caption, panels, draw_panel, below=0.3)


def main() -> None:
    """Answer all questions, print the table and keep it."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--replicates", type=int, default=200)
    parser.add_argument("--workers", type=int, default=2)
    asked = parser.parse_args()
    tables, medians = [], {}
    with ProcessPoolExecutor(asked.workers) as pool:
        for question in QUESTIONS:
            table, medians[question.name] = answer(question, range(asked.replicates), pool)
            show(table[table["measure"] == "peak_yen_percent"], question.name)
            tables.append(table)
    scenarios = {f"{q.name}: {v}": q.scenario(v) for q in QUESTIONS for v in q.variants}
    keep(
        FOLDER,
        {"effects": pd.concat(tables, ignore_index=True)},
        {"paths": draw(medians, asked.replicates)},
        scenarios,
        {"seed": SEED, "replicates": asked.replicates},
    )


if __name__ == "__main__":
    main()
