"""Are the numbers of this checkout, byte for byte, those of another?

    python -m experiments.same_bytes --write FILE      what this checkout computes, as hashes
    python -m experiments.same_bytes --against FILE    compares this checkout with it

Seventy-four runs over every shipped scenario and over what none of them has, and a small sweep.
Hashed are the canonical bytes that a manifest holds, column by column: a column that only one side
has, or a table or a scenario that only this checkout has, is named apart and proves nothing, one
that both have must be the same. Of exposures a column is an attribute of nodes or edges. Exit code
1 where something differs or is no longer there.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import networkx as nx

import abm
from abm.errors import InvalidInput, UnwindError
from abm.model import CarryUnwindModel
from abm.runs.folder import TABLES
from abm.runs.manifest import current_versions, graph_hash, table_hash
from abm.scenario import Scenario, list_scenarios, load_scenario
from abm.sweep import load_sweep, sweep
from abm.sweep.experiment import Experiment
from abm.sweep.store import TIMES
from experiments.custom_agent import YenSeller

if TYPE_CHECKING:
    import pandas as pd

    from abm.runs import RunResult

Hashes = dict[str, dict[str, str]]
"""By table, then by column."""
ALL = "all of it, in this order"
SHOWN = 6
SEEDS_OF_SHIPPED = range(1, 11)
SEEDS_OF_OTHERS = range(1, 5)
FAILING_BANKS: dict[str, Any] = {
    "shock.surprise_bp": 400.0,
    "funds.styles.FXM.leverage": 9.0,
    "funds.leverage_cap": 15.0,
    "retail_fx.leverage": 20.0,
    "banks.periphery_capital_usd_bn": 1.0,
    "calendar.burn_in_days": 0,
    "calendar.drift_days": 0,
} | {f"instruments.{k}.drift_before_start_log": 0.0 for k in ("JPY", "AUD", "SPX", "NKY")}
OTHERS: dict[str, tuple[str, dict[str, Any]]] = {
    "equal risk": ("august-2024", {"risk_parity.weighting": "equal-risk"}),
    "frozen orders": ("hike", {"liquidity.mode": "frozen", "shock.surprise_bp": 50.0}),
    "400 institutions": ("hike", {"population.scale": 4.0, "shock.surprise_bp": 50.0}),
    "banks that fail": ("hike", FAILING_BANKS),
}
CLAIMS = "lender,borrower,weight\nbank-2,bank-1,4\nbank-1,bank-3,2\nbank-3,bank-2,1.5\n"
SELLER = YenSeller.spec(wealth_usd_bn=20.0, broker="bank-1", after_rise_log=0.02)
SWEEP: dict[str, Any] = {
    "name": "same-bytes",
    "scenario": "hike",
    "replicates": 3,
    "seed": 1,
    "changes": {"calendar.days": 30, "population.scale": 0.3},
    "design": {
        "kind": "grid",
        "factors": {"shock.surprise_bp": [5, 50, 150], "funds.leverage_cap": [2.0, 10.0]},
    },
}


class Work(NamedTuple):
    """Something to compute and what it is called on both sides."""

    name: str
    hashes: Callable[[], Hashes]


class Differences(NamedTuple):
    """Differences of two sides, as lines to print."""

    unequal: list[str]
    """Columns of other bytes, and what one side did not compute."""
    one_side: list[str]
    """Columns that only one side has."""


def main(words: list[str] | None = None) -> int:
    """Write, or compare."""
    asked = _asked(words)
    try:
        before = read(asked.against) if asked.against else {}
        with tempfile.TemporaryDirectory() as scratch:
            now = {"versions": versions(), "runs": computed(works(Path(scratch)))}
    except (UnwindError, OSError) as refused:
        print(refused, file=sys.stderr)
        return 2
    if asked.write:
        asked.write.write_text(json.dumps(now, indent=1) + "\n", encoding="utf-8")
        print(f"{len(now['runs'])} results in {asked.write}")
        return 0
    return told(before, now)


def _asked(words: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    one = parser.add_mutually_exclusive_group(required=True)
    one.add_argument("--write", type=Path, metavar="FILE", help="keep the hashes of this checkout")
    one.add_argument("--against", type=Path, metavar="FILE", help="compare with hashes kept before")
    return parser.parse_args(words)


def works(scratch: Path) -> list[Work]:
    """All that is compared; a scenario is loaded when its turn comes."""
    shipped = [
        Work(f"{name}, seed {seed}", partial(_of_scenario, name, {}, seed))
        for name in list_scenarios()
        for seed in SEEDS_OF_SHIPPED
    ]
    others = [
        Work(f"{name}, seed {seed}", partial(_of_scenario, base, changes, seed))
        for name, (base, changes) in OTHERS.items()
        for seed in SEEDS_OF_OTHERS
    ]
    of_users = [
        Work(f"{name}, seed {seed}", partial(hashes, seed))
        for name, hashes in (
            ("Python agents", _with_python_agents),
            ("a user's graph", partial(_with_own_graph, scratch)),
        )
        for seed in SEEDS_OF_OTHERS
    ]
    return [*shipped, *others, *of_users, Work("rows of a sweep", partial(_of_sweep, scratch))]


def _of_scenario(base: str, changes: dict[str, Any], seed: int) -> Hashes:
    return hashes_of_run(abm.run(_changed(base, changes), seed))


def _changed(base: str, changes: dict[str, Any]) -> Scenario:
    return load_scenario(base).with_changes(changes)


def _with_python_agents(seed: int) -> Hashes:
    scenario = _changed("hike", {"shock.surprise_bp": 50.0})
    model = CarryUnwindModel(scenario, rng=seed, python_agents=[SELLER])
    model.run()
    return hashes_of_run(model.result())


def _with_own_graph(scratch: Path, seed: int) -> Hashes:
    (scratch / "claims.csv").write_text(CLAIMS, encoding="utf-8")
    file = scratch / "own-graph.toml"
    file.write_text(
        'base = "hike"\n[shock]\nsurprise_bp = 50\n[network.interbank]\n'
        'kind = "file"\npath = "claims.csv"\n',
        encoding="utf-8",
    )
    return hashes_of_run(abm.run(file, seed))


def _of_sweep(scratch: Path) -> Hashes:
    folder = scratch / "sweep"
    sweep(Experiment.model_validate(SWEEP), folder, workers=1)
    return {"rows": hashes_of_table(load_sweep(folder).drop(columns=list(TIMES)))}


def hashes_of_run(result: RunResult) -> Hashes:
    """Of every table of a run."""
    tables = {name: getattr(result, name) for name in TABLES}
    hashes = {name: hashes_of_table(table) for name, table in tables.items()}
    return hashes | {"exposures": hashes_of_graph(result.exposures)}


def hashes_of_table(table: pd.DataFrame) -> dict[str, str]:
    """Of each column, and of the whole as a manifest has it."""
    columns = {name: table_hash(table[[name]]) for name in table.columns}
    return {ALL: table_hash(table)} | columns


def hashes_of_graph(graph: nx.DiGraph) -> dict[str, str]:
    """Of who owes whom, of each attribute, and of the whole as a manifest has it."""
    bare = nx.DiGraph()
    bare.add_nodes_from(graph.nodes)
    bare.add_edges_from(graph.edges)
    hashes = {ALL: graph_hash(graph), "who owes whom": graph_hash(bare)}
    for name in sorted({key for _, has in graph.nodes(data=True) for key in has}):
        one = bare.copy()
        nx.set_node_attributes(one, nx.get_node_attributes(graph, name), name)
        hashes[f"{name} of nodes"] = graph_hash(one)
    for name in sorted({key for *_, has in graph.edges(data=True) for key in has}):
        one = bare.copy()
        nx.set_edge_attributes(one, nx.get_edge_attributes(graph, name), name)
        hashes[f"{name} of edges"] = graph_hash(one)
    return hashes


def computed(todo: list[Work]) -> dict[str, Hashes]:
    """Hashes by what was run, one after the other; says how far it is."""
    start = time.monotonic()
    hashes = {}
    for n, work in enumerate(todo, start=1):
        hashes[work.name] = work.hashes()
        print(f"{n:3} of {len(todo)}, {time.monotonic() - start:4.0f} s: {work.name}", flush=True)
    return hashes


def versions() -> dict[str, Any]:
    """Versions that the bytes may depend on beside the code."""
    return {key: value for key, value in current_versions().items() if key != "package_version"}


def read(file: Path) -> dict[str, Any]:
    """The content that `--write` wrote. Raises InvalidInput for another content, OSError where it
    cannot be read."""
    try:
        said = json.loads(file.read_text(encoding="utf-8"))
        are_hashes = all(
            isinstance(digest, str)
            for tables in said["runs"].values()
            for columns in tables.values()
            for digest in columns.values()
        )
        is_ours = are_hashes and isinstance(said["versions"], dict)
    except (ValueError, LookupError, TypeError, AttributeError):
        is_ours = False
    if not is_ours:
        raise InvalidInput(f"{file} is not a table of hashes that --write wrote")
    found: dict[str, Any] = said
    return found


def told(before: dict[str, Any], now: dict[str, Any]) -> int:
    """Print what differs; 1 where something does."""
    if before["versions"] != now["versions"]:
        print("\nNot the same machine or versions, of which the last digits depend:")
        print(f"  before: {before['versions']}\n  now:    {now['versions']}")
    found = differences(before["runs"], now["runs"])
    if found.one_side:
        print("\nOnly on one side, hence not compared:")
        print("\n".join(f"  {line}" for line in found.one_side))
    if found.unequal:
        print("\nDIFFERENT:")
        print("\n".join(f"  {line}" for line in found.unequal))
        return 1
    print(f"\nThe same bytes in all {len(now['runs'].keys() & before['runs'].keys())} results.")
    return 0


def differences(before: dict[str, Hashes], now: dict[str, Hashes]) -> Differences:
    """Run by run and table by table."""
    found = Differences([], [])
    apart: dict[str, list[str]] = {}
    for run in {**before, **now}:
        if run not in now:
            found.unequal.append(f"{run}: computed only before")
            continue
        if run not in before:
            apart.setdefault("computed only now", []).append(run)
            continue
        for table in {**before[run], **now[run]}:
            then, today = before[run].get(table, {}), now[run].get(table, {})
            if not then:
                apart.setdefault(f"{table}: all of it only now", []).append(run)
                continue
            found.unequal.extend(f"{run}: {table}: {what}" for what in _unequal(then, today))
            for what in _one_side(then, today):
                apart.setdefault(f"{table}: {what}", []).append(run)
    found.one_side.extend(
        f"{what}, in {len(runs)} results from {runs[0]} on" for what, runs in apart.items()
    )
    return found


def _unequal(before: dict[str, str], now: dict[str, str]) -> Iterator[str]:
    """The fault of a table, in at most one line."""
    shared = [column for column in before if column in now and column != ALL]
    other = [column for column in shared if before[column] != now[column]]
    if not shared:
        yield "not one column in common" if now else "only before"
    elif other:
        more = f" and {len(other) - SHOWN} more" if len(other) > SHOWN else ""
        yield f"{', '.join(other[:SHOWN])}{more} ({len(other)} of {len(shared)} columns)"
    elif before.keys() == now.keys() and before[ALL] != now[ALL]:
        yield "the order of its columns"


def _one_side(before: dict[str, str], now: dict[str, str]) -> Iterator[str]:
    """Columns that a table has on one side, where it is on both."""
    if before and now:
        for column in {**before, **now}:
            if column not in before or column not in now:
                yield f"{column} only {_side(column in now)}"


def _side(is_now: bool) -> str:
    return "now" if is_now else "before"


if __name__ == "__main__":
    sys.exit(main())
