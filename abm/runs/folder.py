"""The result folder, written whole or not at all; `abm.runs.loading` reads it back."""

from __future__ import annotations

import errno
import json
import math
import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from abm.errors import OutputRefused
from abm.measures.cascade import by_origin
from abm.runs.columns import arrow_table
from abm.runs.crate import CRATE, ODD, crate_of_run, odd_text
from abm.runs.manifest import manifest_of
from abm.scenario.graph_files import portable
from abm.scenario.writing import to_toml

if TYPE_CHECKING:
    from abm.population.origin import Origin
    from abm.runs.result import RunResult
    from abm.scenario import Scenario

TABLES = ("days", "events", "institutions", "edges")
INDICATORS = "indicators.parquet"  # where they were asked for
PARQUET = tuple(f"{name}.parquet" for name in TABLES)
MANIFEST = "manifest.json"
PARENT = "parent.toml"  # of a branch: the scenario of the run it comes from
FILES = ("scenario.toml", "summary.json", "exposures.graphml")


def save(result: RunResult, folder: Path, *, force: bool, figures: Mapping[str, Any]) -> Path:
    """Write scenario, manifest, tables, graph, summary and figures; return the folder.

    Everything is written under a temporary name beside the folder, or in it where it is there (it
    may be a disk of its own), and then moved into place. A folder that holds other things is
    refused; with `force` files of the same names are replaced and everything else in it is left
    alone. `figures` are matplotlib Figures by name.
    """
    check_free(folder, force)
    with readable_faults(folder):
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
    with readable_faults(folder):
        if folder.exists() and not folder.is_dir():
            raise OutputRefused(f"{folder} is a file, not a folder; choose another name")
        is_taken = folder.is_dir() and any(folder.iterdir())
    if is_taken and not force:
        raise OutputRefused(f"{folder} exists and is not empty; choose another, or force it")


def _write(result: RunResult, folder: Path, figures: Mapping[str, Any]) -> None:
    """All files of the folder, and what an archive must know of them; the manifest last."""
    import networkx as nx
    import pyarrow.parquet as pq

    folder.chmod(0o755)
    _write_scenario(folder / "scenario.toml", result.scenario, _since(result.origin))
    if result.origin is not None:
        _write_scenario(folder / PARENT, result.origin.scenario)
    for name in TABLES:
        pq.write_table(arrow_table(name, getattr(result, name)), folder / f"{name}.parquet")
    if result.kept_indicators is not None:
        pq.write_table(arrow_table("indicators", result.kept_indicators), folder / INDICATORS)
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
    """The day from which the scenario of a branch holds, in words."""
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
    (folder / INDICATORS).unlink(missing_ok=True)  # of the result before; this may have none
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


@contextmanager
def readable_faults(folder: Path) -> Iterator[None]:
    """Refusals of the operating system, in words."""
    try:
        yield
    except OSError as bad:
        if bad.errno == errno.ENOSPC:
            raise OutputRefused(f"{folder}: the disk is full; nothing was written") from None
        raise OutputRefused(f"{folder} cannot be written: {bad.strerror or bad}") from None
