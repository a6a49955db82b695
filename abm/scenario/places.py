"""The place of a key in the schema: from pydantic's location to what a user wrote."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, NamedTuple, Union, get_args, get_origin

from pydantic.fields import FieldInfo

from abm.scenario.fields import Part, choice, range_text


class Place(NamedTuple):
    """One spot of a scenario file."""

    keys: tuple[str, ...]  # as a user addresses it: entries of lists by name
    steps: tuple[str | int, ...]  # as the nested mappings and lists are indexed
    field: FieldInfo | None  # the declared field nearest above, None at an unknown key
    annotation: Any  # what is allowed there
    owner: type[Part] | None  # the part whose field it is
    rivals: tuple[type[Part], ...]  # the kinds that could stand where the owner stands

    @property
    def key(self) -> str:
        return ".".join(self.keys)


def bare(annotation: Any) -> Any:
    """Without Annotated and without the None of an optional field."""
    while get_origin(annotation) is Annotated:
        annotation = get_args(annotation)[0]
    if get_origin(annotation) in (Union, UnionType):
        kept = [arg for arg in get_args(annotation) if arg is not NoneType]
        if len(kept) == 1:
            return bare(kept[0])
    return annotation


def parts_in(annotation: Any) -> tuple[type[Part], ...]:
    """The parts that may stand here: none, one, or the kinds of a union."""
    annotation = bare(annotation)
    options = (
        get_args(annotation) if get_origin(annotation) in (Union, UnionType) else (annotation,)
    )
    return tuple(o for o in options if isinstance(o, type) and issubclass(o, Part))


def part_of_entries(root: type[Part], steps: Sequence[str]) -> type[Part] | None:
    """The part that entries of the list at this key are; None where there is no such list."""
    parts: tuple[type[Part], ...] = (root,)
    annotation: Any = None
    for step in steps:
        fields = [part.model_fields[step] for part in parts if step in part.model_fields]
        if not fields:
            return None
        annotation = bare(fields[0].annotation)
        parts = parts_in(annotation)
    if get_origin(annotation) is not tuple:
        return None
    return next(iter(parts_in(get_args(annotation)[0])), None)


def kind_of(part: type[Part]) -> str:
    """The word a part is chosen by; empty for a part that is not one of several."""
    field = part.model_fields.get("kind")
    if field is None or get_origin(field.annotation) is not Literal:
        return ""
    return str(get_args(field.annotation)[0])


def bounds_text(annotation: Any) -> str:
    """The range that an element of a table or list declares."""
    if get_origin(annotation) is not Annotated:
        return ""
    bounds: dict[str, float] = {}
    for mark in get_args(annotation)[1:]:
        for one in getattr(mark, "metadata", [mark]):
            for name in ("ge", "le", "gt", "lt"):
                if getattr(one, name, None) is not None:
                    bounds[name] = getattr(one, name)
    return range_text(**bounds) if bounds else ""


def locate(root: type[Part], location: Sequence[str | int], raw: Any) -> Place:
    """Follow pydantic's location, which names the kind of a union, through schema and input."""
    place = Place((), (), None, root, None, ())
    for step in location:
        parts = parts_in(place.annotation)
        tags = {kind_of(part): part for part in parts}
        if len(parts) > 1 and step in tags:
            place = place._replace(annotation=tags[str(step)], rivals=parts)
        elif step == "[key]":
            break
        else:
            place = _inside(place, parts, step, raw)
            raw = _item(raw, step)
    return place


def _inside(place: Place, parts: tuple[type[Part], ...], step: str | int, raw: Any) -> Place:
    """One step down: into a field of a part, an entry of a table, an element of a list."""
    annotation, steps = bare(place.annotation), (*place.steps, step)
    if len(parts) == 1:
        field = parts[0].model_fields.get(str(step))
        below = None if field is None else field.annotation
        keys = (*place.keys, str(step))
        return Place(keys, steps, field, below, parts[0], place.rivals)
    arguments = get_args(annotation)
    if get_origin(annotation) is dict:
        keys = (*place.keys, str(step))
        return place._replace(keys=keys, steps=steps, annotation=arguments[1], rivals=())
    element = arguments[0] if get_origin(annotation) is tuple else None
    keys = (*place.keys, entry_name(raw, step))
    return place._replace(keys=keys, steps=steps, annotation=element, rivals=())


def entry_name(entries: Any, index: str | int) -> str:
    """Address of an entry of a list: its name, or its number."""
    entry = _item(entries, index)
    name = entry.get("name") if isinstance(entry, dict) else None
    return name if isinstance(name, str) else str(index)


class Positions:
    """Positions of the entries of lists, by name; each list is looked through once."""

    def __init__(self) -> None:
        self._found: dict[int, tuple[list[Any], dict[str, int]]] = {}

    def of(self, entries: list[Any], name: str) -> int | None:
        """Position of the first entry of a name; None where there is none."""
        if id(entries) not in self._found:
            names = [entry_name(entries, index) for index in range(len(entries))]
            found = {word: index for index, word in reversed(list(enumerate(names)))}
            self._found[id(entries)] = (entries, found)  # kept, so that its id stays its own
        return self._found[id(entries)][1].get(name)


def _item(raw: Any, step: str | int) -> Any:
    if isinstance(raw, dict):
        return raw.get(step)
    if isinstance(raw, list | tuple) and isinstance(step, int) and step < len(raw):
        return raw[step]
    return None


class Leaf(NamedTuple):
    """One choice of a scenario: its dotted key, its value, and the field that declares it."""

    key: str
    value: Any
    field: FieldInfo


def leaves(part: Part, prefix: str = "", kinds: tuple[str, ...] = ()) -> Iterator[Leaf]:
    """Every choice below a part, in the order of the file."""
    for name, field in type(part).model_fields.items():
        key, value = f"{prefix}{name}", getattr(part, name)
        if name != "kind":
            yield from _below(key, value, field, field.annotation)
        elif len(kinds) > 1:
            yield Leaf(key, value, choice("which kind", allowed=kind_words(kinds)))


def kind_words(kinds: Sequence[str]) -> str:
    return " or ".join(f'"{kind}"' for kind in kinds)


def _below(key: str, value: Any, field: FieldInfo, annotation: Any) -> Iterator[Leaf]:
    inner = get_args(bare(annotation))
    if isinstance(value, Part):
        yield from leaves(value, f"{key}.", tuple(kind_of(part) for part in parts_in(annotation)))
    elif isinstance(value, dict):
        for name, entry in value.items():
            yield from _below(f"{key}.{name}", entry, field, inner[1])
    elif isinstance(value, tuple) and value and isinstance(value[0], Part):
        for entry in value:
            yield from leaves(entry, f"{key}.{entry.name}.")
    else:
        yield Leaf(key, value, field)


def leaves_of_other_kinds(part: Part, prefix: str = "") -> Iterator[tuple[str, Leaf]]:
    """Every choice that a part would have with another kind, behind that kind, at its default."""
    for name, field in type(part).model_fields.items():
        value = getattr(part, name)
        if not isinstance(value, Part):
            continue
        key, kinds = f"{prefix}{name}.", parts_in(field.annotation)
        shared = type(value).model_fields
        for other in kinds:
            for below, declared in other.model_fields.items():
                if below not in shared:
                    yield from _declared(kind_of(other), f"{key}{below}", declared)
        yield from leaves_of_other_kinds(value, key)


def _declared(kind: str, key: str, field: FieldInfo) -> Iterator[tuple[str, Leaf]]:
    """A choice at its default, behind its kind; of a part every choice of each of its kinds."""
    parts, default = parts_in(field.annotation), field.get_default(call_default_factory=True)
    if not parts:
        yield kind, Leaf(key, default, field)
    if len(parts) > 1:
        allowed = kind_words([kind_of(part) for part in parts])
        yield (
            kind,
            Leaf(f"{key}.kind", kind_of(type(default)), choice("which kind", allowed=allowed)),
        )
    for part in parts:
        for name, below in part.model_fields.items():
            if name != "kind":
                yield from _declared(kind_of(part) or kind, f"{key}.{name}", below)
