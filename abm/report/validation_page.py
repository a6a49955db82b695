"""The page of a validation: one table under the headings of TRACE."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from abm.report.html import flat, page
from abm.validation.claims import HOLDS, MISSES

if TYPE_CHECKING:
    from abm.validation.running import Validation

# TRACE (Grimm et al. 2014): eight elements. What no run can show is told where it is.
ELEMENTS = {
    "Problem formulation": "What the model is for, and which patterns it is to show: abm/ODD.md, "
    "section 1.",
    "Model description": "Every rule with its equation and source, every parameter with unit and "
    "range: abm/ODD.md.",
    "Data evaluation": "The record: abm/episodes/record.py and abm/validation/record.toml, each "
    "number with its source and, where it is a moment, its sampling error.",
    "Conceptual model evaluation": "Why each rule, and what was tried instead: abm/ODD.md, "
    "design concepts.",
    "Implementation verification": "The program does what is described.",
    "Model output verification": "The output fits what the model was built to show. August 2024 "
    "is in sample.",
    "Model analysis": "What the output depends on, and whether its signs are those of theory.",
    "Model output corroboration": "Data that were used neither to build nor to fit: no row yet. "
    "Other episodes are not simulated.",
}
MARKS = {HOLDS: "✓", MISSES: "✗"}
UNKNOWN_MARK = "?"


class Line(NamedTuple):
    """A row as it stands in the page."""

    claim: str
    figure: str
    interval: str
    bar: str
    verdict: str
    mark: str
    reason: str
    runs: str


class Section(NamedTuple):
    """A heading of TRACE, a sentence, and its groups of rows."""

    title: str
    about: str
    groups: list[tuple[str, list[Line]]]


def validation_report(found: Validation) -> str:
    """The page, self-contained."""
    return page("validation.html", content(found), "en")


def content(found: Validation) -> dict[str, Any]:
    """The values of validation.html."""
    counts = found.counts
    rows = found.rows
    return {
        "title": "Validation",
        "findings": [
            f"{counts[HOLDS]} of {len(rows)} claims hold, {counts[MISSES]} miss, "
            f"{len(rows) - counts[HOLDS] - counts[MISSES]} are not identified."
        ],
        "is_quick": bool(found.manifest.get("quick")),
        "scenarios": ", ".join(dict.fromkeys(found.manifest["scenarios"].values())),
        "seeds": found.manifest["seeds"],
        "seed": found.manifest["seed"],
        "n_failed": int((rows["n_failed"] > 0).sum()),
        "sections": list(_sections(found)),
        "contents": (),
        "manifest": flat(found.manifest),
    }


def _sections(found: Validation) -> Iterator[Section]:
    for title, about in ELEMENTS.items():
        groups = [
            (group.title, [_line(row) for row in found.rows.to_dict("records")
                           if row["group"] == group.name])
            for group in found.groups
            if group.heading == title
        ]  # fmt: skip
        yield Section(title, about, groups)


def _line(row: Mapping[Any, Any]) -> Line:
    has_interval = row["low"] == row["low"] and row["low"] != row["high"]
    interval = f"{number(row['low'])} to {number(row['high'])}" if has_interval else ""
    failed = f", {row['n_failed']} failed" if row["n_failed"] else ""
    return Line(
        row["claim"],
        number(row["figure"]),
        interval,
        row["bar"],
        row["verdict"],
        MARKS.get(row["verdict"], UNKNOWN_MARK),
        "; ".join(part for part in (row["reason"], row["note"]) if part),
        f"{row['seeds']}{failed}",
    )


def number(value: float) -> str:
    """A figure to three digits; a dash for none."""
    return "-" if value != value else f"{value:.3g}"
