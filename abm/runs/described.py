"""The JSON of a result folder, manifest.json, plan.json and summary.json: read as data, every entry
checked for its kind before use."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, NoReturn

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from abm.errors import UnreadableFile, show
from abm.files import read_json
from abm.measures.cascade import NO_FROZEN_MOVE, TOO_SHORT, WITHIN_NOISE
from abm.measures.classes import CLASSES

NOT_FINITE = ("nan", "inf", "-inf")  # as JSON has them here: as text
# The texts among the numbers of a run.
WORDS: dict[str, tuple[str, ...]] = {
    "class": CLASSES,
    "price_amplification_reason": ("", NO_FROZEN_MOVE, WITHIN_NOISE, TOO_SHORT),
}
GROUPS = ("run", "shock")  # what happened, and because of the shock
Hash = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
Count = Annotated[int, Field(ge=0)]
Least = Annotated[int, Field(ge=1)]


class Entries(BaseModel):
    """Entries that are read; what a file holds besides is left alone."""

    model_config = ConfigDict(extra="allow", strict=True)
    schema_version: int


class _Versions(Entries):
    """The content of `current_versions`."""

    package_version: str
    python: str
    platform: str
    dependencies: dict[str, str]
    source_commit: str | None = None


class Manifest(_Versions):
    """manifest.json of a run."""

    scenario: str
    scenario_hash: Hash
    seed: Count
    replicate: Count
    n_days: Count
    is_repeatable: bool
    started: str
    wall_seconds: float | Literal["nan", "inf", "-inf"]
    sha256: dict[str, str]
    parent: dict[str, Any] | None = None  # of a branch, as `abm.population.origin` reads it


class AttributionManifest(_Versions):
    """manifest.json of an attribution."""

    scenario_hash: Hash
    target: str
    channels: list[str]
    triggers: list[str]
    seed: Count
    n_seeds: Least
    n_coalitions: Least
    sha256: dict[str, str]


class StressManifest(_Versions):
    """manifest.json of a stress test."""

    scenario_hash: Hash
    portfolio: str
    portfolio_hash: Hash | None = None  # of folders written before it was kept there
    betas: str | None = None
    betas_hash: Hash | None = None
    base: str
    seed: Count
    n_paths: Least
    n_failed: Count
    horizons: list[Least]
    reverse_loss: Annotated[float, Field(gt=0, le=1)] | None = None
    sha256: dict[str, str]


class _Outputs(BaseModel):
    series: list[str]
    events: bool


class _Asked(BaseModel):
    outputs: _Outputs


class PlanDescription(_Versions):
    """plan.json of a sweep."""

    name: str
    hash: Hash
    scenario_hash: Hash
    points_hash: Hash
    experiment: _Asked
    n_points: Least
    n_rows: Least
    chunk_rows: Least


class KeptSummary(dict[str, Any]):
    """The numbers of a kept run by name; one that is wanted and missing is the file's fault."""

    where = ""

    def __missing__(self, name: str) -> NoReturn:
        raise UnreadableFile(f"{self.where} has no number {name}; run the scenario again")


def read_description(
    path: Path,
    shape: type[Entries],
    schema_version: int,
    advice: Callable[[dict[str, Any]], str] = lambda _: "",
) -> dict[str, Any]:
    """A description as it is in the file, if this version reads it and all of it is in order.

    Raises OSError or ValueError for what is no JSON object, UnreadableFile for one of another
    schema version, with `advice` on it, and with every entry that is missing or of another kind.
    """
    content = _object_in(path)
    found = content.get("schema_version")
    if found is None:
        raise ValueError("it has no schema_version")
    if type(found) is not int or found != schema_version:
        words = f"has schema version {show(found)}, this version reads {schema_version}"
        raise UnreadableFile(f"{path} {words}{advice(content)}")
    try:
        shape.model_validate(content)
    except ValidationError as refused:
        faults = map(_told, refused.errors(include_url=False))
        raise UnreadableFile(f"{path} cannot be read:", *faults) from None
    return content


def read_summary(path: Path) -> KeptSummary:
    """The numbers of a summary.json, flat: those of the run, then those of its shock.

    Raises OSError or ValueError for what holds none.
    """
    content = _object_in(path)
    groups: list[Any] = [content.get(name) for name in GROUPS]
    if not all(isinstance(group, dict) for group in groups) or not groups[0]:
        raise ValueError(f"{path.name} must hold two objects of numbers by name, run and shock")
    flat = {name: value for group in groups for name, value in group.items()}
    kept = KeptSummary({name: _scalar(name, value) for name, value in flat.items()})
    kept.where = str(path)
    return kept


def _object_in(path: Path) -> dict[str, Any]:
    content = read_json(path)
    if not isinstance(content, dict):
        found = "a list" if isinstance(content, list) else show(content)
        raise ValueError(f"{path.name} must hold an object, and holds {found}")
    return content


def _scalar(name: str, value: Any) -> Any:
    """A number, true or false, or one of the few texts that a run has."""
    if name in WORDS:
        if value not in WORDS[name]:
            raise ValueError(f"{name} = {show(value)}, must be one of {', '.join(WORDS[name])}")
        return value
    if isinstance(value, str) and value in NOT_FINITE:
        return float(value)
    if isinstance(value, int | float):
        return value
    raise ValueError(f"{name} = {show(value)}, must be a number")


def _told(error: Mapping[str, Any]) -> str:
    place = ".".join(map(str, error["loc"]))
    if error["type"] == "missing":
        return f"  no '{place}' in it"
    return f"  {place} = {show(error['input'])}: {error['msg'].lower()}"
