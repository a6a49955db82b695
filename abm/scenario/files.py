"""Scenario files: finding them, reading them, and laying one over another."""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from abm.errors import Fault, InvalidInput, ScenarioFaults, UnreadableFile
from abm.files import MOST_OF_SCENARIO, TOO_DEEP, parse_toml, read_bytes
from abm.scenario.checks import nearest
from abm.scenario.faults import validated
from abm.scenario.instruments import additions_in_order
from abm.scenario.lines import lines_of_keys
from abm.scenario.places import Positions, entry_name
from abm.scenario.retired import is_kept, without_retired
from abm.scenario.schema import Scenario
from abm.scenario.writing import WORDS

PACKAGE = Path(__file__).resolve().parents[1]


class ScenarioTitle(NamedTuple):
    """Name and title of a scenario in a list."""

    name: str
    """Its name, as `load_scenario` takes it."""
    title: str
    """One line that says what it is."""


class Layered(NamedTuple):
    """Mappings merged from a file and its bases, and the file and line each key came from."""

    raw: dict[str, Any]
    origins: dict[str, tuple[str, int | None]]


def scenario_folders() -> tuple[Path, ...]:
    """Folders of named scenarios: in the installed package, or configs/ of a checkout."""
    shipped, checkout = PACKAGE / "_configs", PACKAGE.parent
    folders = [shipped]
    if (checkout / "pyproject.toml").is_file():
        folders.insert(0, checkout / "configs")
    return tuple(folder for folder in folders if folder.is_dir())


def list_scenarios() -> list[str]:
    """Names that `load_scenario` knows, in alphabetical order."""
    return sorted({path.stem for folder in scenario_folders() for path in folder.glob("*.toml")})


def describe_scenarios() -> list[ScenarioTitle]:
    """Name and title of each; the title is empty where the file cannot be read."""
    described = []
    for name in list_scenarios():
        try:
            title = read_toml(_named(name))[0].get("title", "")
        except UnreadableFile:
            title = ""
        described.append(ScenarioTitle(name, str(title)))
    return described


def bases_of(name: str) -> tuple[str, ...]:
    """The shipped scenarios that a shipped one stands on, the next one first."""
    base = read_toml(_named(name))[0].get("base")
    return () if base is None else (base, *bases_of(base))


def load_scenario(name_or_path: str | Path) -> Scenario:
    """A scenario by name (see `list_scenarios`) or from a .toml file.

    Parameters
    ----------
    name_or_path
        A name; or a path, which a text with a slash or the ending .toml is taken for. A file may
        name another as its `base` and say only what is different.

    Raises
    ------
    UnreadableFile
        If there is no such scenario (the message names those there are), or the file is not TOML.
    ScenarioFaults
        With every fault of what it says, each with its line.
    InvalidInput
        If it is neither a text nor a path.
    """
    path = _find(name_or_path)
    where = shown(path)
    try:
        raw, origins = _layer(path, ())
        if "design" in raw:
            raise UnreadableFile(
                f"{where} is an experiment, not a scenario: unwind sweep runs it, or give the "
                "scenario that it names"
            )
        raw.setdefault("name", path.stem)
        return validated(Scenario, raw, where, lambda key: origin_of(origins, key, where))
    except RecursionError:
        raise UnreadableFile(f"{where} cannot be read: {TOO_DEEP}") from None


def shown(path: Path) -> str:
    """A path as a person would type it here."""
    try:
        return str(path.relative_to(Path.cwd()))
    except ValueError:
        return str(path)


def _find(name_or_path: Any) -> Path:
    if not isinstance(name_or_path, str | os.PathLike):
        wanted = "must be the name of a scenario or the path of a .toml file"
        raise InvalidInput(f"scenario = {name_or_path!r}, {wanted}")
    text = os.fspath(name_or_path)
    if isinstance(name_or_path, Path) or text.endswith(".toml") or os.sep in text or "/" in text:
        return Path(name_or_path).absolute()
    if os.path.isfile(named := _named(text)):  # unlike Path, no error for impossible names
        return named
    if os.path.exists(text):
        return Path(text).absolute()
    known = list_scenarios()
    hint = nearest(text, known)
    listed = f"there are {', '.join(known)}; or give the path of a .toml file"
    raise UnreadableFile(f"no scenario is called '{text}'; {f'{hint} ' if hint else ''}{listed}")


def _named(name: str) -> Path:
    paths = [folder / f"{name}.toml" for folder in scenario_folders()]
    return next((path for path in paths if os.path.isfile(path)), Path(f"{name}.toml"))


def read_toml(path: Path, most_bytes: int = MOST_OF_SCENARIO) -> tuple[dict[str, Any], str]:
    """Content of a TOML file, and its text; one clear sentence if it cannot be read."""
    where = shown(path)
    try:
        if path.is_dir():
            raise UnreadableFile(f"{where} is a folder; give the .toml file in it")
        text = read_bytes(path, most_bytes).decode("utf-8-sig")
        return parse_toml(text), text
    except FileNotFoundError:
        raise UnreadableFile(f"{where}: there is no such file") from None
    except UnicodeDecodeError as bad:
        line = bad.object[: bad.start].count(b"\n") + 1
        raise UnreadableFile(f"{where} is not UTF-8 text (line {line}); save it as UTF-8") from None
    except tomllib.TOMLDecodeError as bad:
        raise UnreadableFile(f"{where} is not valid TOML: {bad}") from None
    except (OSError, ValueError) as bad:
        reason = bad.strerror if isinstance(bad, OSError) and bad.strerror else str(bad)
        raise UnreadableFile(f"{where} cannot be read: {reason}") from None


def _layer(path: Path, above: tuple[Path, ...]) -> Layered:
    """A file laid over its base, and that over its own."""
    raw, text = read_toml(path)
    where, lines = shown(path), lines_of_keys(text, raw)
    if is_kept(path):
        raw = without_retired(raw)
    _resolve_graphs(raw, path.parent)
    origins: dict[str, tuple[str, int | None]] = {key: (where, line) for key, line in lines.items()}
    base, without = raw.pop("base", None), raw.pop("without", [])
    problems = _problems(where, lines, base, without)
    if problems:
        raise ScenarioFaults(problems)
    if base is None:
        return Layered(raw, origins)
    chain = (*above, path.resolve())
    below = _base_path(base, path)
    if not os.path.isfile(below):  # also a name that no file can have
        hint = nearest(base, list_scenarios())
        missing = "must be the name of a scenario or a .toml file beside this one"
        raise ScenarioFaults([Fault(where, "base", base, missing, hint, lines.get("base"))])
    if below.resolve() in chain:
        names = " -> ".join(step.stem for step in (*chain, below))
        circle = Fault(
            where, "base", base, f"goes round in a circle: {names}", "", lines.get("base")
        )
        raise ScenarioFaults([circle])
    lower = _layer(below, chain)
    merged = {key: value for key, value in lower.raw.items() if key not in WORDS}
    _drop(merged, without, where, lines.get("without"))
    below_instruments = merged.get("instruments")
    merged = merge(merged, raw)
    if "instruments" in merged:
        merged["instruments"] = additions_in_order(below_instruments, merged["instruments"])
    positions = Positions()
    kept = {key: at for key, at in lower.origins.items() if _is_in(merged, key, positions)}
    return Layered(merged, {**kept, **origins})


def _problems(where: str, lines: Mapping[str, int], base: Any, without: Any) -> list[Fault]:
    problems = []
    if base is not None and not isinstance(base, str):
        wanted = "must be the name of a scenario, or a .toml file"
        problems.append(Fault(where, "base", base, wanted, "", lines.get("base")))
    if not isinstance(without, list) or not all(isinstance(key, str) for key in without):
        wanted = 'must be a list of dotted keys, as ["news"]'
        problems.append(Fault(where, "without", without, wanted, "", lines.get("without")))
    elif without and base is None:
        wanted = "only takes away from a base, and there is none"
        problems.append(Fault(where, "without", without, wanted, "", lines.get("without")))
    return problems


def _base_path(base: str, path: Path) -> Path:
    if base.endswith(".toml"):
        return path.parent / base
    named = _named(base)
    return named if os.path.isfile(named) else path.parent / f"{base}.toml"


def _drop(raw: dict[str, Any], without: list[str], where: str, line: int | None) -> None:
    """Take away what a scenario does not want of its base."""
    faults = []
    for key in without:
        *path, last = key.split(".")
        node: Any = raw
        for step in path:
            node = _child(node, step, Positions())
        if isinstance(node, dict) and last in node:
            del node[last]
        elif isinstance(node, list) and last in _names(node):
            del node[_names(node).index(last)]
        else:
            known = list(node) if isinstance(node, dict) else _names(node)
            hint = nearest(last, known)
            faults.append(Fault(where, "without", key, "is not in the base", hint, line))
    if faults:
        raise ScenarioFaults(faults)


def _child(node: Any, step: str, positions: Positions) -> Any:
    if isinstance(node, dict):
        return node.get(step)
    place = positions.of(node, step) if isinstance(node, list) else None
    return None if place is None else node[place]


def _is_in(raw: Any, key: str, positions: Positions) -> bool:
    for step in key.split("."):
        raw = _child(raw, step, positions)
    return raw is not None


def _names(entries: Any) -> list[str]:
    if not isinstance(entries, list):
        return []
    return [entry_name(entries, index) for index in range(len(entries))]


def merge(lower: dict[str, Any], upper: Mapping[str, Any]) -> dict[str, Any]:
    """`upper` laid over `lower`: tables key by key, lists of named tables entry by entry, all else
    replaced. A table of another kind replaces the one below; an empty table says nothing."""
    merged = dict(lower)
    for key, value in upper.items():
        under = merged.get(key, {})
        if isinstance(value, dict) and isinstance(under, dict):
            other_kind = "kind" in value and value["kind"] != under.get("kind", value["kind"])
            merged[key] = value if other_kind else merge(under, value)
        elif _are_named(value) and _are_named(under):
            by_name = {entry["name"]: entry for entry in under}
            for entry in value:
                by_name[entry["name"]] = merge(by_name.get(entry["name"], {}), entry)
            merged[key] = list(by_name.values())
        else:
            merged[key] = value
    return merged


def _are_named(entries: Any) -> bool:
    """A list of tables whose names are all there and all different."""
    if not isinstance(entries, list) or not entries:
        return False
    names = [entry.get("name") if isinstance(entry, dict) else None for entry in entries]
    return all(isinstance(name, str) for name in names) and len(set(names)) == len(names)


def origin_of(
    origins: Mapping[str, tuple[str, int | None]], key: str, where: str
) -> tuple[str, int | None]:
    """File and line of a key, or of the nearest table above it."""
    while key:
        if key in origins:
            return origins[key]
        key = key.rpartition(".")[0]
    return where, None


def _resolve_graphs(raw: Mapping[str, Any], folder: Path) -> None:
    """A graph file lies where the scenario that names it lies."""
    network = raw.get("network")
    for end in network.values() if isinstance(network, dict) else ():
        if isinstance(end, dict) and end.get("kind") == "file" and isinstance(end.get("path"), str):
            end["path"] = str((folder / end["path"]).absolute())
