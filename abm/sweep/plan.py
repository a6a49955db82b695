"""The plan of a sweep: rows and chunks of an experiment, and whether a folder holds the same.

    row = point * replicates + replicate

The replicate, never the row, enters the seed: all points of a design see the same shocks.
"""

from __future__ import annotations

import hashlib
import json
import tomllib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import pyarrow as pa

from abm import version
from abm.errors import InvalidInput, OutputRefused, UnreadableFile, show
from abm.files import MOST_OF_TABLE, refuse_irregular
from abm.runs.crate import CRATE, ODD, Described, crate, odd_text
from abm.runs.described import Entries, PlanDescription
from abm.runs.described import read_description as described_in
from abm.runs.manifest import current_versions, source_commit, table_hash
from abm.scenario import load_scenario, parameter_table
from abm.scenario.graph_files import FOLDER as GRAPHS
from abm.scenario.graph_files import KEYS, copies_of, each_path, hash_of, paths_in
from abm.scenario.patterns import spelled_out
from abm.scenario.writing import to_dict, to_toml
from abm.sweep.designs import design_points
from abm.sweep.experiment import Experiment, base_scenario, load_experiment
from abm.sweep.question import scenario_at
from abm.words import counted

if TYPE_CHECKING:
    import pandas as pd

    from abm.scenario import Scenario

SCHEMA_VERSION = 1
# What rows of one sweep must share; folders of another version are read, and not gone on with.
MEASURES_VERSION = 2  # 2: classes know a dam that broke before; amplification within twenty days
PLAN, EXPERIMENT, SCENARIO, POINTS = (
    "plan.json",
    "experiment.toml",
    "scenario.toml",
    "points.parquet",
)
# What may change between two sessions: it decides when to stop, not what is run.
FREE = ("name", "stop", "scenario", "changes")  # the last two are in the scenario's hash
MOST_DIFFERENCES = 10


class Chunk(NamedTuple):
    """Rows first <= row <= last, run and kept together."""

    first: int
    last: int

    @property
    def n_rows(self) -> int:
        return self.last - self.first + 1


class RowRun(NamedTuple):
    """The run of one row."""

    scenario: Scenario
    """The scenario at its point."""
    seed: int
    """That of the experiment."""
    replicate: int
    """Number of the replicate under it."""
    measure: str
    """The measure that the experiment keeps of it: "cascade" or "run"."""


@dataclass(frozen=True, eq=False)
class Plan:
    """An experiment with its points, ready to be run."""

    experiment: Experiment
    scenario: Scenario
    points: pd.DataFrame
    chunk_rows: int = 1

    @property
    def n_rows(self) -> int:
        return len(self.points) * self.experiment.replicates

    def chunks(self, shard: tuple[int, int] = (1, 1)) -> Iterator[Chunk]:
        """Chunks k with k mod N = K - 1 of the shard K/N, in order."""
        part, n_parts = shard
        step = self.chunk_rows * n_parts
        for first in range((part - 1) * self.chunk_rows, self.n_rows, step):
            yield Chunk(first, min(first + self.chunk_rows, self.n_rows) - 1)

    @cached_property
    def factors(self) -> pa.Table:
        """The points as Arrow columns, as they go into the files."""
        return _as_arrow(self.points)

    def point_of(self, row: int) -> int:
        return row // self.experiment.replicates

    def values_at(self, point: int) -> dict[str, Any]:
        """Value of every factor at a point, as plain Python."""
        return {str(key): _plain(self.points[key].iat[point]) for key in self.points.columns}


def plan_of(experiment: Experiment) -> Plan:
    """The plan of an experiment; every fault is said before anything runs."""
    scenario = base_scenario(experiment)
    plan = Plan(experiment, scenario, design_points(experiment))
    assert plan.factors.num_rows == len(plan.points)  # and each factor holds one kind of value
    scenario_at(experiment, plan.values_at(0))  # what it looks up goes to the workers with it
    return plan


def described(plan: Plan) -> dict[str, Any]:
    """The content of plan.json: what the rows follow from, its hash, and the versions."""
    chosen = _chosen(plan.experiment)
    chosen["design"] = {key: value for key, value in chosen["design"].items() if key != "points"}
    what = {
        "schema_version": SCHEMA_VERSION,
        "package_version": version.__version__,
        "measures_version": MEASURES_VERSION,
        "scenario_hash": plan.scenario.canonical_hash(),
        "points_hash": points_hash(plan.points),
        "experiment": each_path({k: v for k, v in chosen.items() if k not in FREE}, hash_of),
    }
    return {
        "name": plan.experiment.name,
        **what,
        "hash": hashlib.sha256(_json(what).encode()).hexdigest(),
        "n_points": len(plan.points),
        "n_rows": plan.n_rows,
        "chunk_rows": plan.chunk_rows,
        **current_versions(),
        "source_commit": source_commit(),
    }


def points_hash(points: pd.DataFrame) -> str:
    """Hash of a design, in which a graph file counts by what is in it."""
    return table_hash(_with_paths(points, hash_of))


def files_of(plan: Plan) -> dict[str, bytes]:
    """The files beside the results, by name; plan.json last, it makes them a sweep.

    Graph files that the scenario, the changes or the points name are copied into the folder, and
    what lies there names the copies.
    """
    experiment = tomllib.loads(plan.experiment.to_toml()) | {"scenario": SCENARIO}
    if plan.experiment.changes:
        experiment["changes"] = _absolute(experiment["changes"], plan.experiment.scenario)
    scenario = plan.scenario.to_dict()
    named = {key: list(plan.points[key].dropna()) for key in plan.points.columns if key in KEYS}
    copies = list(copies_of(paths_in([experiment, scenario, named])))
    name_of = {path: name for path, name, _ in copies}
    sink = pa.BufferOutputStream()
    _write_parquet(_as_arrow(_with_paths(plan.points, name_of.__getitem__)), sink)
    return {
        **{name: content for _, name, content in copies},
        SCENARIO: to_toml(each_path(scenario, name_of.__getitem__)).encode(),
        EXPERIMENT: to_toml(each_path(experiment, name_of.__getitem__)).encode(),
        POINTS: sink.getvalue().to_pybytes(),
        ODD: odd_text().encode(),
        CRATE: (_json(_crate(plan, bool(copies)), indent=2) + "\n").encode(),
        PLAN: (_json(described(plan), indent=2) + "\n").encode(),
    }


def _absolute(changes: Mapping[str, Any], scenario: str) -> dict[str, Any]:
    """Changes that give the same scenario when they are made again: no multiple, no pattern."""
    values = {row.key: row.value for row in parameter_table(load_scenario(scenario))}
    return spelled_out(changes, values)[0]


def _with_paths(points: pd.DataFrame, change: Callable[[str], str]) -> pd.DataFrame:
    """A design with the paths of its graph files changed."""
    paths = [key for key in points.columns if key in KEYS]
    if not paths:
        return points
    return points.assign(
        **{key: [p if p is None or p != p else change(p) for p in points[key]] for key in paths}
    )


def _crate(plan: Plan, has_graphs: bool) -> dict[str, Any]:
    """The description of a sweep for an archive."""
    experiment, now = plan.experiment, datetime.now(UTC).isoformat(timespec="seconds")
    about = Described(
        name=f"Simulated unwinds of yen carry trades: {experiment.name}",
        description=f"{counted(plan.n_rows, 'run', 'd')} of the scenario {plan.scenario.name} at "
        f"{counted(len(plan.points), 'point', 'd')}, simulated with carry-unwind; "
        "experiment.toml says of what, plan.json with which versions, ODD.md how.",
        published=now,
        package_version=current_versions()["package_version"],
        made_from=EXPERIMENT,
    )
    graphs = [f"{GRAPHS}/"] if has_graphs else []
    return crate(about, [SCENARIO, EXPERIMENT, POINTS, *graphs, ODD, PLAN, "runs/"])


def read_description(folder: Path, shape: type[Entries] = PlanDescription) -> dict[str, Any]:
    """plan.json of a folder, with the entries of `shape` at least."""
    path = folder / PLAN
    try:
        return described_in(path, shape, SCHEMA_VERSION)
    except FileNotFoundError:
        raise UnreadableFile(f"{folder} holds no sweep: there is no {PLAN}") from None
    except NotADirectoryError:
        raise UnreadableFile(f"{folder} is a file; give the folder of a sweep") from None
    except (OSError, ValueError) as bad:
        reason = getattr(bad, "strerror", None) or str(bad)
        raise UnreadableFile(f"{path} cannot be read: {reason}") from None


def read_points(folder: Path) -> pd.DataFrame:
    """The design of a folder, one row per point."""
    import pyarrow.parquet as pq

    try:
        refuse_irregular(folder / POINTS, MOST_OF_TABLE)
        points: pd.DataFrame = pq.ParquetFile(folder / POINTS).read().to_pandas()
    except (OSError, ValueError, pa.ArrowException) as bad:
        reason = getattr(bad, "strerror", None) or str(bad)
        raise UnreadableFile(f"{folder / POINTS} cannot be read: {reason}") from None
    return points


def read_plan(folder: str | Path) -> Plan:
    """The plan that a folder was made with; raises UnreadableFile where it has changed since."""
    where = Path(folder)
    description = read_description(where)
    experiment = load_experiment(where / EXPERIMENT, is_checked=True)
    points = _with_paths(read_points(where), lambda path: str((where / path).absolute()))
    plan = Plan(experiment, base_scenario(experiment), points, description["chunk_rows"])
    changed = [
        name
        for name, is_same in (
            (SCENARIO, plan.scenario.canonical_hash() == description["scenario_hash"]),
            (POINTS, points_hash(plan.points) == description["points_hash"]),
            (EXPERIMENT, plan.n_rows == description["n_rows"]),
        )
        if not is_same
    ]
    if changed:
        words = f"changed since the sweep began (the hash in {PLAN} differs)"
        raise UnreadableFile(f"{where}: {', '.join(changed)} {words}")
    return plan


def run_of_row(folder: str | Path, row: int) -> RowRun:
    """The run of one row of a sweep, for `abm.run(scenario, seed, replicate)` or `abm.cascade`.

    Raises UnreadableFile for a folder that holds no sweep, InvalidInput for a row beyond the last.
    """
    plan = read_plan(folder)
    if not 0 <= row < plan.n_rows:
        raise InvalidInput(f"row = {row}, must be a row of {folder}: 0 to {plan.n_rows - 1}")
    experiment = plan.experiment
    point, replicate = divmod(row, experiment.replicates)
    scenario = scenario_at(experiment, plan.values_at(point), replicate)
    return RowRun(scenario, experiment.seed, replicate, experiment.outputs.measure)


def refuse_other_plan(plan: Plan, folder: Path) -> dict[str, Any]:
    """Raise OutputRefused where a folder was made from another plan, with what is different.

    Returns the folder's own description."""
    there, here = read_description(folder), described(plan)
    if there.get("hash") == here["hash"]:
        return there
    differences = list(_differences(there, here, plan, folder))
    more = len(differences) - MOST_DIFFERENCES
    lines = [f"  {line}" for line in differences[:MOST_DIFFERENCES]]
    lines += [f"  and {more} more"] if more > 0 else []
    raise OutputRefused(
        f"{folder} holds another sweep; give another --out, or take back what is different:",
        *lines,
    )


def _differences(
    there: Mapping[str, Any], here: Mapping[str, Any], plan: Plan, folder: Path
) -> Iterator[str]:
    """One line for each thing in which two plans differ."""
    if there["package_version"] != here["package_version"]:
        yield f"package version: {there['package_version']} there, {here['package_version']} now"
    old, new = there.get("measures_version", 1), here["measures_version"]
    if old != new:
        yield f"measures: defined as of version {old} there, of version {new} now"
    chosen = json.loads(_json(here["experiment"]))
    changed = list(changed_entries(there["experiment"], chosen))
    yield from changed
    if there["scenario_hash"] != here["scenario_hash"]:
        yield from _scenario_differences(plan, folder)
    if there["points_hash"] != here["points_hash"] and not changed:
        yield from _point_differences(read_points(folder), plan.points)


def changed_entries(there: Any, here: Any, key: str = "") -> Iterator[str]:
    """One line for each entry of nested mappings that is not the same."""
    if isinstance(there, dict) and isinstance(here, dict):
        for name in dict.fromkeys((*there, *here)):
            step = f'"{name}"' if "." in name else name
            yield from changed_entries(there.get(name), here.get(name), f"{key}.{step}".lstrip("."))
    elif there != here:
        said = ["not given" if value is None else show(value) for value in (there, here)]
        yield f"{key}: {said[0]} there, {said[1]} now"


def _scenario_differences(plan: Plan, folder: Path) -> Iterator[str]:
    kept = load_scenario(folder / SCENARIO).to_dict()
    found = list(changed_entries(kept, plan.scenario.to_dict(), "scenario"))
    yield from found or ["scenario: another one"]


def _point_differences(there: pd.DataFrame, here: pd.DataFrame) -> Iterator[str]:
    """The first value that is not the same; the numbers of points."""
    if list(there.columns) != list(here.columns):
        yield f"factors: {', '.join(there.columns)} there, {', '.join(here.columns)} now"
        return
    if len(there) != len(here):
        yield f"points: {len(there):,} there, {len(here):,} now"
        return
    for factor in here.columns:
        same = (there[factor] == here[factor]) | (there[factor].isna() & here[factor].isna())
        if not same.all():
            at = int((~same).to_numpy().argmax())
            old, new = (_plain(table[factor].iat[at]) for table in (there, here))
            yield f"point {at}, {factor}: {show(old)} there, {show(new)} now"


def _as_arrow(points: pd.DataFrame) -> pa.Table:
    """The design as Arrow columns, which hold one kind of value each."""
    for factor in points.columns:
        try:
            pa.array(points[factor], from_pandas=True)
        except pa.ArrowException:
            raise InvalidInput(
                f"factor {factor} mixes kinds of values (as numbers and text); give one kind"
            ) from None
    return pa.Table.from_pandas(points, preserve_index=False)


def _write_parquet(table: pa.Table, sink: Any) -> None:
    import pyarrow.parquet as pq

    pq.write_table(table, sink)


def _chosen(experiment: Experiment) -> dict[str, Any]:
    """The choices of an experiment's file, with defaults where they are read later."""
    chosen = tomllib.loads(experiment.to_toml())
    return chosen | {"seed": experiment.seed, "outputs": to_dict(experiment.outputs)}


def _json(what: Any, indent: int | None = None) -> str:
    return json.dumps(what, indent=indent, sort_keys=indent is None, default=str)


def _plain(value: Any) -> Any:
    return value.tolist() if type(value).__module__ == "numpy" else value
