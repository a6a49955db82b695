"""The folder of a calibration: what it is of, its tables, its manifest."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import pyarrow as pa

from abm import version
from abm.calibration.reading import load_study
from abm.calibration.study import Study
from abm.errors import InvalidInput, OutputRefused, UnreadableFile
from abm.files import MOST_OF_TABLE, read_json, refuse_irregular
from abm.runs.manifest import current_versions, source_commit, table_hash
from abm.scenario import Scenario
from abm.scenario.writing import to_toml
from abm.sweep.experiment import chosen_of
from abm.sweep.plan import changed_entries
from abm.sweep.question import scenario_at
from abm.sweep.store import said_plainly, write_bytes, write_table

if TYPE_CHECKING:
    import pandas as pd

    from abm.calibration.problem import Problem

SCHEMA_VERSION = 1
STUDY, SCENARIO, SEARCH, MANIFEST = "study.toml", "scenario.toml", "search.json", "manifest.json"
TABLES = ("estimates", "moments", "profiles", "accepted", "runs", "recovery")
LABEL = "calibration"
# What may change between two sessions: how far to go, not what is fitted.
FREE = ("name", "recovery")
MOST_DIFFERENCES = 10


class Place(NamedTuple):
    """A folder that holds this study and no other."""

    folder: Path
    identity: dict[str, Any]

    def write_json(self, name: str, content: Mapping[str, Any]) -> None:
        """A JSON file, there whole or not at all."""
        write_bytes(self.folder / name, _json(content, indent=2).encode(), LABEL)

    def write_search(self, content: Mapping[str, Any]) -> None:
        """The state of the search, beside what it is of."""
        self.write_json(SEARCH, {**self.identity, **content})

    def write_csv(self, name: str, table: pd.DataFrame) -> None:
        """A table as text, there whole or not at all."""
        write_bytes(self.folder / f"{name}.csv", table.to_csv(index=False).encode(), LABEL)

    def write(self, name: str, table: pd.DataFrame) -> None:
        """A table, there whole or not at all."""
        whole = pa.Table.from_pandas(table, preserve_index=False)
        write_table(whole, self.folder / f"{name}.parquet", LABEL)


def open_place(folder: Path, study: Study, problem: Problem) -> Place:
    """The folder, made or found to be of the same study. Raises OutputRefused for any other."""
    place = Place(folder, identity_of(study, problem))
    if folder.exists() and not folder.is_dir():
        raise OutputRefused(f"{folder} is a file; give a folder with --out")
    with said_plainly(folder):
        held = sorted(e.name for e in folder.iterdir()) if folder.is_dir() else []
    held = [name for name in held if not name.startswith(".")]
    if SEARCH in held:
        _refuse_other(place)
        return place
    if held:
        raise OutputRefused(
            f"{folder} exists and holds other things ({', '.join(held[:3])}); give another --out"
        )
    with said_plainly(folder):
        folder.mkdir(parents=True, exist_ok=True)
    write_bytes(folder / STUDY, to_toml(chosen_of(study)).encode(), LABEL)
    write_bytes(folder / SCENARIO, study.base.to_toml().encode(), LABEL)
    place.write_search({"generations": []})
    return place


def identity_of(study: Study, problem: Problem) -> dict[str, Any]:
    """The origin of a calibration's numbers, and its hash."""
    chosen = chosen_of(study)
    what = {
        "schema_version": SCHEMA_VERSION,
        "package_version": version.__version__,
        "scenario_hash": study.base.canonical_hash(),
        "scenario_hashes": {n: study.questions[n].base.canonical_hash() for n in study.scenarios},
        "study": {k: v for k, v in chosen.items() if k not in (*FREE, "scenario", "changes")},
        "targets": dict(zip(problem.moments, problem.target.tolist(), strict=True)),
    }
    plain: dict[str, Any] = json.loads(_json(what))
    digest = hashlib.sha256(_json(what).encode()).hexdigest()
    return {"name": study.name, **plain, "hash": digest}


def _refuse_other(place: Place) -> None:
    try:
        there = read_json(place.folder / SEARCH)
        if not isinstance(there, dict):
            raise ValueError("no table")
    except (OSError, ValueError):
        raise UnreadableFile(f"{place.folder / SEARCH} is not whole: no calibration") from None
    if there.get("hash") == place.identity["hash"]:
        return
    lines = [f"  {line}" for line in _differences(there, place.identity)]
    more = len(lines) - MOST_DIFFERENCES
    lines = lines[:MOST_DIFFERENCES] + ([f"  and {more} more"] if more > 0 else [])
    raise OutputRefused(
        f"{place.folder} holds another calibration ({there.get('name')}); give another --out, or "
        "take back what is different:",
        *lines,
    )


def _differences(there: Mapping[str, Any], here: Mapping[str, Any]) -> Iterator[str]:
    for name in ("package_version", "study", "targets"):
        yield from changed_entries(there.get(name), here[name], name if name != "study" else "")
    if there.get("scenario_hash") != here["scenario_hash"]:
        yield "scenario: another one"
    for name, found in here["scenario_hashes"].items():
        if there.get("scenario_hashes", {}).get(name, found) != found:
            yield f"scenarios.{name}: another one"


def write_manifest(place: Place, study: Study, about: Mapping[str, Any]) -> None:
    """Origin, versions, seeds and hashes of the tables."""
    tables = {
        name: table for name in TABLES if (table := find_table(place.folder, name)) is not None
    }
    place.write_json(
        MANIFEST,
        {
            "schema_version": SCHEMA_VERSION,
            "calibration": study.name,
            "hash": place.identity["hash"],
            "scenario_hash": place.identity["scenario_hash"],
            "seeds": chosen_of(study.seeds),
            **current_versions(),
            "source_commit": source_commit(),
            **about,
            "sha256": {name: table_hash(table) for name, table in tables.items()},
        },
    )


def find_table(folder: Path, name: str) -> pd.DataFrame | None:
    """A table of a calibration; None where it has none."""
    import pyarrow.parquet as pq

    path = folder / f"{name}.parquet"
    try:
        refuse_irregular(path, MOST_OF_TABLE)
        found: pd.DataFrame = pq.read_table(path).to_pandas(ignore_metadata=True)
    except FileNotFoundError:
        return None
    except (OSError, ValueError, pa.ArrowException):
        raise UnreadableFile(f"{path} is not whole; unwind calibrate writes it again") from None
    return found


def study_in(folder: str | Path) -> Study:
    """The study of a folder, with the scenario that lies in it."""
    where = Path(folder)
    if not (where / STUDY).is_file():
        raise UnreadableFile(f"{folder} holds no calibration; unwind calibrate FILE makes one")
    study = load_study(where / STUDY)
    return study.model_copy(update={"scenario": str(where / SCENARIO), "changes": {}})


def accepted_scenarios(folder: str | Path) -> list[Scenario]:
    """The scenario at each accepted point of a calibration, best fit first.

    A band over these, each with seeds of its own, holds the uncertainty of the parameters beside
    that of chance.

    Raises
    ------
    UnreadableFile
        If the folder holds no calibration, or one that has not come so far.
    InvalidInput
        If no point was accepted.
    """
    study = study_in(folder)
    table = find_table(Path(folder), "accepted")
    if table is None:
        raise UnreadableFile(f"{folder} has no accepted set yet; unwind calibrate goes on with it")
    if table.empty:
        raise InvalidInput(
            f"{folder}: the accepted set is empty; the fit is outside sampling error"
        )
    points = table[list(study.parameters)].to_dict("records")
    return [scenario_at(study.question, {str(k): v for k, v in p.items()}) for p in points]


def estimated_scenario(folder: str | Path) -> Scenario:
    """The scenario at the estimate of a calibration. Raises UnreadableFile where there is none."""
    study, table = study_in(folder), find_table(Path(folder), "estimates")
    if table is None:
        raise UnreadableFile(f"{folder} has no estimate yet; unwind calibrate goes on with it")
    return scenario_at(study.question, dict(zip(table["parameter"], table["value"], strict=True)))


def _json(what: Any, indent: int | None = None) -> str:
    return json.dumps(what, indent=indent, sort_keys=indent is None, default=str)
