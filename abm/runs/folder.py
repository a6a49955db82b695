"""The result folder: written whole or not at all, read back with its hashes checked."""

from __future__ import annotations

import errno
import json
import math
import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

from abm.errors import OutputRefused, UnreadableFile
from abm.files import MOST_OF_GRAPH, MOST_OF_TABLE, read_bytes, refuse_irregular
from abm.measures.cascade import by_origin
from abm.population.origin import Origin, branches_from_json
from abm.population.past import lineage_faults
from abm.runs.crate import CRATE, ODD, crate_of_run, odd_text
from abm.runs.described import Manifest, read_description, read_summary
from abm.runs.manifest import SCHEMA_VERSION, hashes_of, manifest_of
from abm.scenario.graph_files import portable
from abm.scenario.writing import to_toml

if TYPE_CHECKING:
    from abm.runs.result import RunResult
    from abm.scenario import Scenario

TABLES = ("days", "events", "institutions")
PARQUET = tuple(f"{name}.parquet" for name in TABLES)
MANIFEST = "manifest.json"
PARENT = "parent.toml"  # of a branch: the scenario of the run it comes from
FILES = ("scenario.toml", "summary.json", "exposures.graphml")
# What reading may raise where a file is not what its name promises.
UNREADABLE = (
    OSError, ValueError, LookupError, TypeError, AttributeError, ArithmeticError, SyntaxError,
    RecursionError,
)  # fmt: skip


def save(result: RunResult, folder: Path, *, force: bool, figures: Mapping[str, Any]) -> Path:
    """Write scenario, manifest, tables, graph, summary and figures; return the folder.

    Everything is written under a temporary name beside the folder, or in it where it is there (it
    may be a disk of its own), and then moved into place. A folder that holds other things is
    refused; with `force` files of the same names are replaced and everything else in it is left
    alone. `figures` are matplotlib Figures by name.
    """
    check_free(folder, force)
    with _readable_faults(folder):
        folder.parent.mkdir(parents=True, exist_ok=True)
        stage = folder if folder.is_dir() else folder.parent
        made = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=stage))
        try:
            _write(result, made, figures)
            _move(made, folder)
        finally:
            shutil.rmtree(made, ignore_errors=True)
    return folder


def check_free(folder: Path, force: bool = False) -> None:
    """Raise OutputRefused where a result must not be written; to be asked before a long run."""
    with _readable_faults(folder):
        if folder.exists() and not folder.is_dir():
            raise OutputRefused(f"{folder} is a file, not a folder; choose another name")
        is_taken = folder.is_dir() and any(folder.iterdir())
    if is_taken and not force:
        raise OutputRefused(f"{folder} exists and is not empty; choose another, or force it")


def load_result(folder: str | Path) -> RunResult:
    """A result as `RunResult.save` or the command `unwind run` wrote it.

    Parameters
    ----------
    folder
        The folder with its `manifest.json`.

    Raises
    ------
    UnreadableFile
        If there is none, a file is missing, a table, the graph or the scenario has changed since
        (SHA-256 differs from the manifest), or it is of another version of the schema.
    """
    import pandas as pd

    from abm.runs.result import RunResult
    from abm.scenario import load_scenario

    where = Path(folder)
    manifest = read_manifest(where)
    missing = [name for name in (*FILES, *PARQUET) if not os.path.exists(where / name)]
    if missing:
        raise UnreadableFile(f"{where} is not a whole result: there is no {', '.join(missing)}")
    try:
        for name in PARQUET:
            refuse_irregular(where / name, MOST_OF_TABLE)
        result = RunResult(
            **{name: pd.read_parquet(where / f"{name}.parquet") for name in TABLES},
            exposures=_read_graph(where / "exposures.graphml"),
            summary=read_summary(where / "summary.json"),
            scenario=load_scenario(where / "scenario.toml"),
            seed=int(manifest["seed"]),
            replicate=int(manifest["replicate"]),
            is_repeatable=bool(manifest["is_repeatable"]),
            origin=_origin_in(where, manifest),
            started=str(manifest["started"]),
            wall_seconds=_number(manifest["wall_seconds"]),
        )
        changed = _changed(result, manifest)
    except KeyError as bad:
        raise UnreadableFile(f"{where} is not a whole result: no {bad} in it") from None
    except UNREADABLE as bad:
        first, *more = _reason(bad).splitlines() or [type(bad).__name__]
        raise UnreadableFile(f"{where} is not a whole result: {first}", *more) from None
    if changed:
        raise UnreadableFile(
            f"{where}: {', '.join(changed)} changed since it was saved "
            "(SHA-256 differs from the manifest)"
        )
    return result


def _write(result: RunResult, folder: Path, figures: Mapping[str, Any]) -> None:
    """All files of the folder, and what an archive must know of them; the manifest last."""
    import networkx as nx

    folder.chmod(0o755)
    _write_scenario(folder / "scenario.toml", result.scenario, _since(result.origin))
    if result.origin is not None:
        _write_scenario(folder / PARENT, result.origin.scenario)
    for name in TABLES:
        getattr(result, name).to_parquet(folder / f"{name}.parquet", index=False)
    nx.write_graphml_xml(result.exposures, folder / "exposures.graphml")
    _write_json(folder / "summary.json", by_origin(result.summary))
    if figures:
        (folder / "figures").mkdir()
    for name, figure in figures.items():
        figure.savefig(folder / "figures" / f"{name}.png")
    (folder / ODD).write_text(odd_text(), encoding="utf-8")
    manifest = manifest_of(result)
    written = sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*.*"))
    _write_json(folder / CRATE, crate_of_run(manifest, [*written, MANIFEST]))
    _write_json(folder / MANIFEST, manifest)


def _since(origin: Origin | None) -> str:
    """What the scenario of a branch must be told with: since when it holds."""
    if origin is None:
        return ""
    day = origin.branches[-1].day
    return (
        f"# A branch: these choices hold from day {day} on, when the run of {PARENT} was left.\n"
        f"# `unwind reproduce` makes both again; this file alone does not.\n\n"
    )


def _write_scenario(path: Path, scenario: Scenario, comment: str = "") -> None:
    """The scenario, and beside it the graph files that it names: the folder stands alone."""
    raw, files = portable(scenario)
    path.write_text(comment + to_toml(raw), encoding="utf-8")
    for name, content in files.items():
        (path.parent / name).parent.mkdir(exist_ok=True)
        (path.parent / name).write_bytes(content)


def _move(made: Path, folder: Path) -> None:
    """Put a finished folder in its place; over another one file by file, the manifest last."""
    if not folder.exists():
        os.replace(made, folder)
        return
    targets = {path: folder / path.relative_to(made) for path in sorted(made.rglob("*"))}
    for path, target in targets.items():
        if target.exists() and target.is_dir() != path.is_dir():
            kinds = ("a file", "a folder") if path.is_dir() else ("a folder", "a file")
            raise OutputRefused(f"{target} is {kinds[0]}; {kinds[1]} of that name must go there")
    (folder / MANIFEST).unlink(missing_ok=True)  # half a result must not look like one
    files = [path for path in targets if path.is_file()]
    for path in sorted(files, key=lambda path: path.name == MANIFEST):
        targets[path].parent.mkdir(exist_ok=True)
        os.replace(path, targets[path])


def _write_json(path: Path, content: Mapping[str, Any]) -> None:
    """JSON that any program can read: what is not finite as text."""
    text = json.dumps(_spelt(content), indent=2, allow_nan=False)
    path.write_text(text + "\n", encoding="utf-8")


def _spelt(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {name: _spelt(entry) for name, entry in value.items()}
    return str(value) if isinstance(value, float) and not math.isfinite(value) else value


def _number(value: Any) -> Any:
    return float(value) if value in ("nan", "inf", "-inf") else value


def _reason(bad: BaseException) -> str:
    return getattr(bad, "strerror", None) or str(bad)


def read_manifest(folder: Path) -> dict[str, Any]:
    """What a result folder says of itself, of a schema that this version reads."""
    path = folder / MANIFEST
    try:
        return read_description(path, Manifest, SCHEMA_VERSION)
    except FileNotFoundError:
        raise UnreadableFile(f"{folder} holds no result: there is no {MANIFEST}") from None
    except NotADirectoryError:
        raise UnreadableFile(f"{folder} is a file; give the folder of a result") from None
    except UNREADABLE as bad:
        raise UnreadableFile(f"{path} cannot be read: {_reason(bad)}") from None


def _read_graph(path: Path) -> Any:
    import networkx as nx

    try:
        return nx.read_graphml(BytesIO(read_bytes(path, MOST_OF_GRAPH)))
    except nx.NetworkXException as bad:
        raise ValueError(f"{path.name}: {bad}") from None


def _origin_in(folder: Path, manifest: Mapping[str, Any]) -> Origin | None:
    """Where a branch comes from, which must lead to what was run."""
    from abm.scenario import load_scenario

    parent = manifest.get("parent")
    if parent is None:
        return None
    first = load_scenario(folder / PARENT)
    if first.canonical_hash() != parent["scenario_hash"]:
        raise ValueError(f"{PARENT} changed since it was saved")
    origin = Origin(first, branches_from_json(manifest["branches"]))
    for fault in lineage_faults(origin, load_scenario(folder / "scenario.toml")):
        raise ValueError(f"{PARENT} and branches: {fault}")
    return origin


def _changed(result: RunResult, manifest: Mapping[str, Any]) -> list[str]:
    """What is not as it was saved."""
    found, said = hashes_of(result), manifest["sha256"]
    changed = [name for name in found if found[name] != said.get(name)]
    if result.scenario.canonical_hash() != manifest["scenario_hash"]:
        changed.append("scenario")
    return changed


@contextmanager
def _readable_faults(folder: Path) -> Iterator[None]:
    """What the operating system refuses, in words."""
    try:
        yield
    except OSError as bad:
        if bad.errno == errno.ENOSPC:
            raise OutputRefused(f"{folder}: the disk is full; nothing was written") from None
        raise OutputRefused(f"{folder} cannot be written: {bad.strerror or bad}") from None
