"""Texts about early warning: a day's values, their scores, and the caveats."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from abm.classroom.html import html
from abm.classroom.warning.charts import NO_KNOWLEDGE
from abm.classroom.warning.reading import told_of
from abm.classroom.widgets.facts import facts, percent

if TYPE_CHECKING:
    import pandas as pd

    from abm.warning import Study
    from abm.words import Words


def label(name: str, say: Words) -> str:
    """An indicator in words."""
    return say(f"warning.label.{name}")


def day_html(
    study: Study, found: pd.DataFrame, day: str, ahead: float, is_shocked: bool, say: Words
) -> str:
    """A day's values beside the simulated days, and the caveats under them."""
    of = study.manifest
    rows = [_row(row, say) for row in found.to_dict("records")]
    known = set(found["indicator"])
    unknown = [label(name, say) for name in told_of(study) if name not in known]
    missing = say("chronicle.list.comma").join(unknown)
    is_ahead = {1.0: "yes", 0.0: "no"}.get(ahead, "unknown")
    return html(
        "warning/day.html", say=say, day=day, rows=rows, missing=missing,
        among=say("warning.among", days=f"{of['n_days']:,}", share=percent(of["event_share"])),
        ahead=say(f"warning.ahead.{is_ahead}"), caveats=caveats(study, is_shocked, say),
    )  # fmt: skip


def _row(row: Mapping[Any, Any], say: Words) -> dict[str, Any]:
    """A line of the table."""
    shares = (row[f"event_share{end}"] for end in ("", "_low", "_high"))
    share, low, high = (percent(x) for x in shares)
    return {
        "name": label(row["indicator"], say),
        "value": f"{row['value']:.3g}".replace("-", "−"),
        "percentile": row["percentile"],
        "is_beyond": row["is_beyond"],
        "share": f"{share} [{low}, {high}]",
        "auroc": banded(row),
        "worth": say(f"warning.worth_of.{worth(row)}"),
        "tells": worth(row) == "better",
    }


def worth(row: Any) -> str:
    """Whether an area under the curve is above chance, below it, or not told from it."""
    if row["auroc_low"] > NO_KNOWLEDGE:
        return "better"
    return "worse" if row["auroc_high"] < NO_KNOWLEDGE else "nothing"


def banded(row: Any) -> str:
    """An area with its band."""
    return f"{row['auroc']:.2f} [{row['auroc_low']:.2f}, {row['auroc_high']:.2f}]"


def caveats(study: Study, is_shocked: bool, say: Words) -> list[str]:
    """Caveats: shares are no forecasts, and the best indicator told few of the events."""
    best = study.scores.iloc[int(study.scores["auroc"].to_numpy().argmax())]
    return [
        say("warning.caveat.shares"),
        say(
            "warning.caveat.best", name=label(best["indicator"], say), auroc=f"{best['auroc']:.2f}",
            told=int(best["n_events_told"]), events=int(best["n_events"]),
            precision=percent(best["precision"], 0),
        ),
        *([say("warning.caveat.run")] if is_shocked else []),
    ]  # fmt: skip


def scores_html(study: Study, say: Words) -> str:
    """Scores of every indicator at the threshold that 5% of calm days pass."""
    names = ("indicator", "told", "precision", "false", "lead")
    rows = []
    for row in study.scores.to_dict("records"):
        if row["indicator"] not in told_of(study):
            continue
        lead = row["lead_days"]
        rows.append(
            (label(row["indicator"], say), f"{row['n_events_told']:.0f} / {row['n_events']:.0f}",
             percent(row["precision"]), f"{row['false_alarms_per_calm_year']:.2f}",
             "–" if lead != lead else f"{lead:.0f}")
        )  # fmt: skip
    table = facts([say(f"warning.scores.{name}") for name in names], rows)
    return html("warning/scores.html", say=say) + f'<div class="scrolling">{table}</div>'
