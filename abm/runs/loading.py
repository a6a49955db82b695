"""A result folder read back, every file of it compared with the manifest."""

from __future__ import annotations

import os
import shlex
from collections.abc import Mapping
from functools import partial
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

from abm.errors import UnreadableFile, one_line
from abm.files import MOST_OF_GRAPH, MOST_OF_TABLE, read_bytes, read_json, refuse_irregular
from abm.population.origin import Origin, branches_from_json
from abm.population.past import lineage_faults
from abm.runs.columns import table_of_result
from abm.runs.described import Manifest, read_description, read_summary
from abm.runs.folder import FILES, INDICATORS, MANIFEST, PARENT, PARQUET, TABLES
from abm.runs.manifest import SCHEMA_VERSION, hashes_of
from abm.runs.result import RunResult
from abm.scenario import load_scenario

if TYPE_CHECKING:
    import pandas as pd

# What reading may raise where a file is not what its name promises.
UNREADABLE = (
    OSError, ValueError, LookupError, TypeError, AttributeError, ArithmeticError, SyntaxError,
    RecursionError,
)  # fmt: skip


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
    where = Path(folder)
    manifest = read_manifest(where)
    has_indicators = "indicators" in manifest["sha256"]
    parquet = (*PARQUET, INDICATORS) if has_indicators else PARQUET
    missing = [name for name in (*FILES, *parquet) if not os.path.exists(where / name)]
    if missing:
        raise UnreadableFile(f"{where} is not a whole result: there is no {', '.join(missing)}")
    try:
        for name in parquet:
            refuse_irregular(where / name, MOST_OF_TABLE)
        result = RunResult(
            **{name: _read_table(where, name) for name in TABLES},
            exposures=_read_graph(where / "exposures.graphml"),
            summary=read_summary(where / "summary.json"),
            scenario=load_scenario(where / "scenario.toml"),
            seed=int(manifest["seed"]),
            replicate=int(manifest["replicate"]),
            is_repeatable=bool(manifest["is_repeatable"]),
            origin=_origin_in(where, manifest),
            started=str(manifest["started"]),
            wall_seconds=_number(manifest["wall_seconds"]),
            kept_indicators=_read_table(where, "indicators") if has_indicators else None,
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


def _number(value: Any) -> Any:
    return float(value) if value in ("nan", "inf", "-inf") else value


def _reason(bad: BaseException) -> str:
    return getattr(bad, "strerror", None) or str(bad)


def read_manifest(folder: Path) -> dict[str, Any]:
    """The manifest of a result folder, of a schema that this version reads."""
    path = folder / MANIFEST
    other = _other_than_a_run(folder)
    if other:
        raise UnreadableFile(f"{folder} holds {other}")
    try:
        return read_description(path, Manifest, SCHEMA_VERSION, partial(_made_again, folder))
    except FileNotFoundError:
        raise UnreadableFile(f"{folder} holds no result: there is no {MANIFEST}") from None
    except NotADirectoryError:
        raise UnreadableFile(f"{folder} is a file; give the folder of a result") from None
    except UNREADABLE as bad:
        raise UnreadableFile(f"{path} cannot be read: {_reason(bad)}") from None


def _other_than_a_run(folder: Path) -> str:
    """The result that a folder holds in place of a run's, and what to do with it; "" for a run."""
    if holds_attribution(folder):
        return (
            "an attribution, not a run: its shares are in shares.csv, and unwind reproduce plays "
            "it again"
        )
    if holds_stress_test(folder):
        return (
            "a stress test, not a run: its page is report.html, and unwind reproduce makes it again"
        )
    if (folder / "plan.json").is_file():
        return f"a sweep, not a run: unwind run --from {folder} --row 0 makes its first run again"
    if (folder / "search.json").is_file():
        return "a calibration, not a run: in Python, abm.calibration reads it"
    command = _manifest_at(folder).get("command")
    return f"what {one_line(command)} has made, not a run" if isinstance(command, str) else ""


def holds_attribution(folder: Path) -> bool:
    """True for a folder whose manifest is an attribution's."""
    return "n_coalitions" in _manifest_at(folder)


def holds_stress_test(folder: Path) -> bool:
    """True for a folder whose manifest is a stress test's."""
    return "n_paths" in _manifest_at(folder)


def _manifest_at(folder: Path) -> dict[str, Any]:
    try:
        content = read_json(folder / MANIFEST)
    except (OSError, ValueError):
        return {}
    return content if isinstance(content, dict) else {}


def _made_again(folder: Path, manifest: Mapping[str, Any]) -> str:
    """The way to the result of a folder that an earlier version wrote."""
    version, draw = manifest["schema_version"], (manifest.get("seed"), manifest.get("replicate"))
    is_earlier = type(version) is int and version < SCHEMA_VERSION
    if not is_earlier or manifest.get("parent") or not all(type(n) is int for n in draw):
        return ""
    scenario, again = (shlex.quote(str(p)) for p in (folder / "scenario.toml", f"{folder}-again"))
    replicate = f" --replicate {draw[1]}" if draw[1] else ""
    return f"; make it again: unwind run {scenario} --seed {draw[0]}{replicate} --out {again}"


def _read_table(folder: Path, name: str) -> pd.DataFrame:
    import pandas as pd

    return table_of_result(name, pd.read_parquet(folder / f"{name}.parquet"))


def _read_graph(path: Path) -> Any:
    import networkx as nx

    try:
        return nx.read_graphml(BytesIO(read_bytes(path, MOST_OF_GRAPH)))
    except nx.NetworkXException as bad:
        raise ValueError(f"{path.name}: {bad}") from None


def _origin_in(folder: Path, manifest: Mapping[str, Any]) -> Origin | None:
    """The origin of a branch, which must lead to the run at hand."""
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
    """The files that are not as they were saved."""
    found, said = hashes_of(result), manifest["sha256"]
    changed = [name for name in found if found[name] != said.get(name)]
    if result.scenario.canonical_hash() != manifest["scenario_hash"]:
        changed.append("scenario")
    return changed
