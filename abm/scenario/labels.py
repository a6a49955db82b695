"""Names of keys on figures and in titles: short, from the schema's own declarations.

funds.styles.FXM.yen_share      "FXM: yen share of borrowing"
risk_parity.leverage_cap        "risk parity: leverage cap"
funds.styles.*.leverage         "all styles: calm leverage"
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any, NamedTuple, get_args, get_origin

from abm.scenario.fields import note
from abm.scenario.places import bare, parts_in
from abm.scenario.schema import Scenario

if TYPE_CHECKING:
    from pydantic.fields import FieldInfo

_SHORT_UNITS = {"1 + borrowing / wealth": "times wealth"}
_NO_UNITS = {
    "-",
    "funds",
    "banks",
    "cohorts",
    "insurers",
    "date",
    "dates",
    "day",
    "market convention",
}


class Label(NamedTuple):
    """A key in words, and its unit; "" for none."""

    name: str
    unit: str


@cache
def label_of(key: str) -> Label | None:
    """The label of a dotted key; None where the schema has no such key.

    Groups of institutions and entries of tables, which are named by the user, stand before it.
    """
    annotation: Any = Scenario
    field: FieldInfo | None = None
    before: list[str] = []
    for step in key.split("."):
        owner = field
        if parts := parts_in(annotation):
            field = next((p.model_fields[step] for p in parts if step in p.model_fields), None)
            if field is None:
                return None
            annotation = field.annotation
            if parts_in(annotation) and note(field, "label"):
                before.append(note(field, "label"))
        elif owner is not None and get_origin(bare(annotation)) in (dict, tuple):
            annotation = _entry(annotation)
            if step != "*":
                before.append(step)
            elif parts_in(annotation):
                before.append(f"all {note(owner, 'label')}")
        else:
            return None
    if key.endswith(".kind") and owner is not None and parts_in(owner.annotation):
        return Label(str(owner.description), "")
    if field is None or not note(field, "label") or parts_in(annotation):
        return None
    name = f"{', '.join(before)}: {note(field, 'label')}" if before else note(field, "label")
    return Label(name, _unit_of(field))


def _unit_of(field: FieldInfo) -> str:
    """A field's unit as an axis has it; "" for counts, dates and numbers without one."""
    unit = note(field, "unit")
    return "" if unit in _NO_UNITS else _SHORT_UNITS.get(unit, unit)


def _entry(annotation: Any) -> Any:
    """Annotation of the entries of a table or list."""
    arguments = get_args(bare(annotation))
    return arguments[1] if get_origin(bare(annotation)) is dict else arguments[0]
