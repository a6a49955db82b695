"""From what pydantic found to what a user can read: file, line, key, value, range, nearest key."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from copy import deepcopy
from dataclasses import replace
from typing import Any, TypeVar, get_args

from pydantic import ValidationError, create_model

from abm.errors import NOT_GIVEN, Fault, Nearest, ScenarioFaults
from abm.scenario.checks import Disagreement, disagreements
from abm.scenario.fields import Part, note
from abm.scenario.places import Place, bounds_text, kind_of, kind_words, locate, parts_in
from abm.scenario.retired import why_retired

Checked = TypeVar("Checked", bound=Part)
Origin = Callable[[str], tuple[str, int | None]]
UNKNOWN = "unknown key"
TYPE_WORDS = {
    "float_type": "must be a number",
    "int_type": "must be a whole number",
    "int_from_float": "must be a whole number",
    "bool_type": "must be true or false",
    "string_type": "must be text",
    "date_type": "must be a date, as 2024-07-31, from 1900 to 2199",
    "when_type": "must be a day of the run: an index, or a date as 2024-07-31",
    "dict_type": "must be a table",
    "mapping_type": "must be a table",
    "model_type": "must be a table",
    "model_attributes_type": "must be a table",
    "tuple_type": "must be a list",
    "string_pattern_mismatch": "must be a name: a letter, then letters, digits and _",
}
INTERVAL = ("from", "above", "at least", "at most", "below", "any")
OUT_OF_RANGE = {
    "greater_than",
    "greater_than_equal",
    "less_than",
    "less_than_equal",
    "finite_number",
}


def validated(
    root: type[Checked], raw: Mapping[str, Any], where: str, origin: Origin | None = None
) -> Checked:
    """Nested mappings as a part of the schema `root`, or ScenarioFaults with all that is wrong."""
    try:
        return root.model_validate(raw)
    except ValidationError as refused:
        found = faults_of(refused, raw, root)
        faults = [*found, *_faults_between_sound_parts(refused, raw, root)]
        raise ScenarioFaults(placed(faults, where, origin)) from None


def placed(faults: Iterable[Fault], where: str, origin: Origin | None) -> list[Fault]:
    """The same faults with file and line, in the order of the file and each once."""
    found = []
    for fault in {(fault.key, fault.allowed): fault for fault in faults}.values():
        file, line = origin(fault.key) if origin else (where, None)
        found.append(replace(fault, where=file, line=line))
    files = list(dict.fromkeys([where, *(fault.where for fault in found)]))
    return sorted(found, key=lambda f: (files.index(f.where), f.line or 0))


def faults_of(refused: ValidationError, raw: Mapping[str, Any], root: type[Part]) -> list[Fault]:
    """Faults that pydantic found in a file whose schema is `root`, in the user's words."""
    faults: list[Fault] = []
    for error in refused.errors(include_url=False):
        cause = error.get("ctx", {}).get("error")
        if isinstance(cause, Disagreement):
            faults.extend(cause.faults)
        else:
            faults.append(_fault_of(error, locate(root, error["loc"], raw)))
    return faults


def _fault_of(error: Mapping[str, Any], place: Place) -> Fault:
    """One finding of pydantic in the user's words."""
    kind, given = error["type"], error["input"]
    if kind == "extra_forbidden" and (why := why_retired(place.key)):
        return Fault("", place.key, given, why)
    if kind == "extra_forbidden":
        return Fault("", place.key, given, UNKNOWN, _hint_for_unknown(place))
    if kind == "missing":
        return Fault("", place.key, NOT_GIVEN, f"is missing: {_meaning(place)}")
    if kind in ("union_tag_invalid", "union_tag_not_found"):
        return _kind_fault(place, error)
    if kind == "literal_error":
        words = [str(option) for option in get_args(place.annotation)]
        hint = Nearest(given, words) if isinstance(given, str) else ""
        return Fault("", place.key, given, f"must be {_range(place)}", hint)
    if kind in OUT_OF_RANGE:
        return Fault("", place.key, given, f"must be {_range(place)}{_unit(place)}")
    if kind == "too_long":
        most, n = error["ctx"]["max_length"], len(given)
        return Fault("", place.key, NOT_GIVEN, f"has {n:,} entries, must have at most {most:,}")
    words_for_type = TYPE_WORDS.get(kind, str(error["msg"]))
    is_number = kind in ("float_type", "int_type") and _range(place).startswith(INTERVAL)
    limits = f", {_range(place)}{_unit(place)}" if is_number else ""
    return Fault("", place.key, _shown(given), f"{words_for_type}{limits}")


def _kind_fault(place: Place, error: Mapping[str, Any]) -> Fault:
    """A table whose `kind` is missing or is none of those that exist."""
    given = error["input"].get("kind", NOT_GIVEN) if isinstance(error["input"], dict) else NOT_GIVEN
    if not isinstance(error["input"], dict):
        return Fault("", place.key, error["input"], "must be a table with a kind")
    kinds = [kind_of(part) for part in parts_in(place.annotation)]
    hint = Nearest(given, kinds) if isinstance(given, str) else ""
    missing = "is missing: " if given is NOT_GIVEN else ""
    return Fault("", f"{place.key}.kind", given, f"{missing}must be {kind_words(kinds)}", hint)


def _hint_for_unknown(place: Place) -> str | Nearest:
    """The nearest key of the same table, or the kind that has this one."""
    if place.owner is None:
        return ""
    name = place.keys[-1]
    for rival in place.rivals:
        if rival is not place.owner and name in rival.model_fields:
            return f'it belongs to kind "{kind_of(rival)}": set that kind as well'
    return Nearest(name, tuple(place.owner.model_fields))


def _meaning(place: Place) -> str:
    if place.field is None:
        return "required"
    said = note(place.field, "meaning") or place.field.description or ""
    allowed = _range(place)
    return f"{said} ({allowed})" if allowed else said


def _range(place: Place) -> str:
    element = bounds_text(place.annotation)
    return element or (note(place.field, "range") if place.field else "")


def _unit(place: Place) -> str:
    unit = note(place.field, "unit") if place.field else ""
    return f" ({unit})" if unit not in ("", "-") else ""


def _shown(given: Any) -> Any:
    return dict(given) if isinstance(given, Part) else given


def _faults_between_sound_parts(
    refused: ValidationError, raw: Mapping[str, Any], root: type[Part]
) -> list[Fault]:
    """Faults between those parts that are sound once their unknown keys are left out."""
    errors = refused.errors(include_url=False)
    if any(isinstance(error.get("ctx", {}).get("error"), Disagreement) for error in errors):
        return []  # the parts were all sound and have been checked
    pruned = deepcopy(dict(raw))
    broken: set[str] = set()
    for error in errors:
        place = locate(root, error["loc"], raw)
        if error["type"] == "extra_forbidden":
            _remove(pruned, place.steps)
        elif place.keys[:1] == ("policy",) and len(place.steps) > 1:
            _remove(pruned, place.steps[:2])  # an authority does nothing by default
        elif place.keys:
            broken.add(place.keys[0])
    sound = {
        name: (field.annotation, field)
        for name, field in root.model_fields.items()
        if name not in broken
    }
    partial = create_model("Partial", __base__=Part, **sound)  # type: ignore[call-overload]
    given = {name: value for name, value in pruned.items() if name in sound}
    return list(disagreements(dict(partial.model_validate(given))))


def _remove(raw: Any, steps: tuple[str | int, ...]) -> None:
    for step in steps[:-1]:
        raw = raw[step]
    raw.pop(steps[-1], None)
