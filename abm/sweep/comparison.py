"""`abm.compare`: two scenarios on the same draws, as a sweep of two points.

Point 0 is the first scenario and the base of the sweep, point 1 the second: both have the fields in
which they differ as factors. So the folder is that of a sweep, for `unwind status`, `analyse`,
`reproduce` and `run --from`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from abm.errors import InvalidInput, ScenarioFaults, show
from abm.files import folder_name, write_whole
from abm.measures.classes import CLASSES, DAM_BREAK
from abm.numbers import is_whole
from abm.scenario import Scenario, load_scenario
from abm.scenario.patterns import named_by
from abm.scenario.places import Leaf, leaves
from abm.scenario.writing import WORDS
from abm.sweep import runner, store
from abm.sweep.differences import LIST, paired
from abm.sweep.experiment import Experiment
from abm.sweep.outcomes import outputs_of, panel
from abm.sweep.plan import read_plan
from abm.sweep.work import FAILED

if TYPE_CHECKING:
    import pandas as pd

    from abm.population.streams import Rng
    from abm.sweep.session import Progress

N_RUNS = 100
TABLE = "comparison.csv"  # in the folder of the sweep
ALWAYS = ("absorbed", "leak", DAM_BREAK)  # classes told even where no run is of them
NUMBERS = (
    "peak_yen_appreciation",
    "unwound_5d",
    "unwound_30d",
    "unwound_60d",
    "forced_sales_net_usd_bn",
    "forced_sales_usd_bn",
    "n_margin_calls_net",
    "n_margin_calls",
    "n_failed_net",
    "n_failed",
)

Fields = dict[str, tuple[Any, Any]]


class _Absent:
    """Stands for the value of a field that a scenario does not have."""


ABSENT = _Absent()


class Comparison(NamedTuple):
    """Two scenarios on the same draws."""

    folder: Path
    """Folder of the sweep; `comparison.csv` in it is the table."""
    fields: Mapping[str, tuple[Any, Any]]
    """Values of the first and of the second scenario by dotted key, where they differ."""
    n_runs: int
    """Runs of each scenario."""
    n_failed: tuple[int, int]
    """Runs of each that failed: they are in no pair."""
    table: pd.DataFrame
    """One row per output, a class as the share of runs that are of it.

    Columns `output`, `mean_a`, `mean_b` (over the pairs), `difference` (second less first),
    `se_paired`, `low` and `high` (its standard error and 95% Student interval; of a share that no
    pair moves as wide as Wilson's of none), `n_pairs`, and `n_left_out`: draws of which a run
    failed or has no such number. In the units of the output; NaN where there are too few pairs.
    """


def compare(
    a: Scenario | str | Path,
    b: Scenario | str | Path,
    *,
    runs: int = N_RUNS,
    rng: Rng = 0,
    out: str | Path | None = None,
    workers: int | None = None,
    force: bool = False,
    progress: Callable[[Progress], None] | None = None,
) -> Comparison:
    """Run two scenarios on the same draws, and take the difference draw by draw.

    Calling it again goes on where it was stopped; the rows are the same whatever the number of
    workers. Each run is a cascade, beside its counterfactual runs (`abm.cascade`).

    Parameters
    ----------
    a, b
        Scenarios, their names or .toml files. Exactly one field may differ; an object that is of
        another kind, with all that belongs to it, is one. Name, title and text do not count.
    runs
        Draws: runs of each scenario.
    rng
        Seed of both: a whole number, a numpy.random.SeedSequence or a numpy.random.Generator.
    out
        Folder of the results; by default `results/` and what is compared.
    workers
        Processes on this machine, by default one for each core.
    force
        Also compare scenarios that differ in several fields.
    progress
        Called about twice a second with a Progress.

    Returns
    -------
    Comparison
        Means, paired differences with standard errors and intervals, and what failed.

    Raises
    ------
    UnreadableFile, ScenarioFaults
        If a scenario is not there or not sound.
    InvalidInput
        If the scenarios are the same, differ in several fields without `force`, or in what is not
        a single value; or an argument is out of range.
    OutputRefused
        If the folder holds other things or another sweep, or the disk refuses.
    SweepInterrupted
        On Ctrl-C (a KeyboardInterrupt); what was finished is kept.
    """
    if not is_whole(runs) or runs < 1:
        raise InvalidInput(f"runs = {show(runs)}, must be a whole number, at least 1")
    first, second = (s if isinstance(s, Scenario) else load_scenario(s) for s in (a, b))
    fields = differing_fields(first, second)
    _refuse(first, second, fields, force)
    design = _two_points(first, second, fields)
    with TemporaryDirectory() as place:  # the first scenario, as the file that an experiment names
        (Path(place) / "first.toml").write_text(first.to_toml(), encoding="utf-8")
        asked = {"scenario": "first.toml", "replicates": int(runs), "design": design}
        experiment = Experiment.from_dict({**asked, "name": _name(first, second, fields)}, place)
        folder = runner.sweep(experiment, out, rng=rng, workers=workers, progress=progress).folder
    return _compared(folder, fields)


def differing_fields(a: Scenario, b: Scenario) -> Fields:
    """Values of both by dotted key, where they differ; `ABSENT` where a scenario has no such key.

    What belongs to an object of another kind is part of that choice: its `kind` stands for it.
    """
    ours = {key: leaf.value for key, leaf in _leaves(a).items()}
    theirs = {named_by(key, ours): leaf.value for key, leaf in _leaves(b).items()}
    both = {key: (ours.get(key, ABSENT), theirs.get(key, ABSENT)) for key in ours | theirs}
    apart = {key: (x, y) for key, (x, y) in both.items() if x != y}
    return {
        key: pair for key, pair in apart.items() if ABSENT not in pair or not _kind_over(key, apart)
    }


def _leaves(scenario: Scenario) -> dict[str, Leaf]:
    return {leaf.key: leaf for leaf in leaves(scenario) if leaf.key not in WORDS}


def _kind_over(key: str, fields: Fields) -> str:
    """The differing kind of the object that a key belongs to; empty where there is none."""
    steps = key.split(".")
    above = (".".join([*steps[:n], "kind"]) for n in range(len(steps) - 1, 0, -1))
    return next((kind for kind in above if kind in fields and ABSENT not in fields[kind]), "")


def _refuse(a: Scenario, b: Scenario, fields: Fields, force: bool) -> None:
    """Raise InvalidInput for the same scenario twice, or for more than one field."""
    if a.canonical_hash() == b.canonical_hash():
        raise InvalidInput(f"{_both(a, b)} are the same scenario: change one field of the second")
    if len(fields) > 1 and not force:
        raise InvalidInput(
            f"{_both(a, b)} differ in {len(fields)} fields, must differ in one: "
            f"{', '.join(fields)}; force (--force) compares them all the same"
        )


def _both(a: Scenario, b: Scenario) -> str:
    return f"{a.name} and {b.name if b.name != a.name else 'the second'}"


def _two_points(a: Scenario, b: Scenario, fields: Fields) -> dict[str, Any]:
    """The design whose points are both scenarios, on the base of the first.

    An object of another kind starts from its defaults, so that whatever else it has is set too.
    """
    first, second = ({key: pair[at] for key, pair in fields.items()} for at in (0, 1))
    ours, links = _leaves(a), {}
    for key, leaf in _leaves(b).items():
        kind = _kind_over(key, fields)
        if not kind or key in fields or leaf.value == leaf.field.default:
            continue
        second[key] = leaf.value
        if key in ours:
            first[key] = ours[key].value
        else:
            links[key] = {"when": {kind: second[kind]}}
    points = (first, second)
    odd = [key for key in first | second if not all(_is_single(p.get(key, 0)) for p in points)]
    if odd or not _is_reached(a, second, b):
        raise InvalidInput(
            f"{_both(a, b)} differ in {', '.join(odd or fields)}: must be single values on both "
            "sides, not a list, an entry or nothing"
        )
    return {"kind": LIST, "points": [first, second], "factors": links}


def _is_reached(a: Scenario, changes: Mapping[str, Any], b: Scenario) -> bool:
    """True if these changes make the second scenario of the first."""
    try:
        return a.with_changes(changes).canonical_hash() == b.canonical_hash()
    except ScenarioFaults:  # an entry that cannot be begun by its values
        return False


def _is_single(value: Any) -> bool:
    return isinstance(value, bool | int | float | str | date)


def _name(a: Scenario, b: Scenario, fields: Fields) -> str:
    """A name, and the folder's: both scenarios, or of one what changes and to what."""
    changed = [
        f"{key} {value}".removesuffix(".0") if _is_single(value) else key
        for key, (_, value) in fields.items()
    ]
    other = b.name if b.name != a.name else " ".join(changed)
    return folder_name(f"{a.name}-or-{other}")


def _compared(folder: Path, fields: Fields) -> Comparison:
    """Read the runs of a folder, pair them, and keep the table beside them."""
    plan, runs = read_plan(folder), store.load_sweep(folder)
    n_runs = plan.experiment.replicates
    failed = runs[runs["status"] == FAILED]
    table = _table(runs, plan.points, n_runs)
    text = table.to_csv(index=False, float_format="%.10g", lineterminator="\n")
    with store.said_plainly(folder):
        write_whole(folder / TABLE, text.encode())
    n_failed = (int((failed["point"] == 0).sum()), int((failed["point"] == 1).sum()))
    return Comparison(folder, fields, n_runs, n_failed, table)


def _table(runs: pd.DataFrame, points: pd.DataFrame, n_runs: int) -> pd.DataFrame:
    """A row for each output that the runs have, as `Comparison.table` says."""
    import pandas as pd

    have = outputs_of(runs)
    seen = set(runs["class"]) if "class" in have else set()
    classes = [f"class={name}" for name in CLASSES if seen and (name in ALWAYS or name in seen)]
    first, second, one_setting = np.array([0]), np.array([1]), np.zeros(2, dtype=np.int64)
    lines = []
    for name in (*classes, *(number for number in NUMBERS if number in have)):
        whole = panel(runs, name, points, n_runs)
        found = paired(whole, first, second, one_setting)
        assert found is not None, "both points are of the one setting"
        both = whole.known.all(axis=0)
        means = whole.values[:, both].mean(axis=1) if both.any() else np.full(2, np.nan)
        kept = found._asdict()
        del kept["n_settings"], kept["se_unpaired"]
        left_out = {"n_left_out": n_runs - found.n_pairs}
        lines.append({"output": name, "mean_a": means[0], "mean_b": means[1], **kept, **left_out})
    names = ("output", "mean_a", "mean_b", "difference", "se_paired", "low", "high")
    return pd.DataFrame(lines, columns=[*names, "n_pairs", "n_left_out"])
