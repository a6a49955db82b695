"""The description by which an archive reads a result folder: RO-Crate 1.1, as JSON-LD."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

CRATE = "ro-crate-metadata.json"
ODD = "ODD.md"
_SPECIFICATION = "https://w3id.org/ro/crate/1.1"
_LICENCE = "https://spdx.org/licenses/Apache-2.0"
_SOFTWARE = "#carry-unwind"

_ABOUT = {
    "days.parquet": ("Market and cascade by trading day", "application/vnd.apache.parquet"),
    "events.parquet": (
        "Genealogy of the cascade, one row an event",
        "application/vnd.apache.parquet",
    ),
    "institutions.parquet": (
        "Outcome of every institution and bank",
        "application/vnd.apache.parquet",
    ),
    "edges.parquet": (
        "Who borrows from which broker before day 0, by share",
        "application/vnd.apache.parquet",
    ),
    "indicators.parquet": (
        "How near the carry trade stood to an unwind, by trading day",
        "application/vnd.apache.parquet",
    ),
    "exposures.graphml": (
        "Who lends to whom, lender to borrower, USD bn",
        "application/graphml+xml",
    ),
    "scenario.toml": ("The scenario, every value spelt out", "application/toml"),
    "parent.toml": ("The scenario of the run it branched from", "application/toml"),
    "graphs/": ("Graph files that the scenario names", ""),
    "summary.json": ("Numbers of the run", "application/json"),
    "manifest.json": ("Seed, versions, platform and hashes", "application/json"),
    ODD: ("The model by the ODD protocol", "text/markdown"),
    "experiment.toml": ("The experiment: factors, design, replicates", "application/toml"),
    "plan.json": ("Hash, versions and platform of the plan", "application/json"),
    "points.parquet": ("The points of the design", "application/vnd.apache.parquet"),
    "runs/": ("One row per run, as Parquet; days and events where wanted", ""),
}


def odd_text() -> str:
    """The ODD protocol of this version."""
    return (Path(__file__).parents[1] / ODD).read_text(encoding="utf-8")


class Described(NamedTuple):
    """The description of a folder for an archive."""

    name: str
    description: str
    published: str  # ISO 8601
    package_version: str
    made_from: str  # the file that says what was run


def crate_of_run(manifest: Mapping[str, Any], names: list[str]) -> dict[str, Any]:
    """RO-Crate metadata of the folder of a run, from its manifest and the names of its files."""
    run = f"{manifest['scenario']}, seed {manifest['seed']}, replicate {manifest['replicate']}"
    about = Described(
        name=f"Simulated unwind of yen carry trades: {run}",
        description=f"{manifest['n_days']} trading days of the scenario {manifest['scenario']}, "
        "simulated with carry-unwind; manifest.json says with which versions, ODD.md how.",
        published=manifest["started"],
        package_version=manifest["package_version"],
        made_from="scenario.toml",
    )
    return crate(about, names)


def crate(about: Described, names: list[str]) -> dict[str, Any]:
    """RO-Crate 1.1 metadata: the folder, its files, and what made them from what.

    A name that ends in "/" is a folder within it.
    """
    parts = [{"@id": name} for name in names]
    root = {
        "@id": "./",
        "@type": "Dataset",
        "name": about.name,
        "description": about.description,
        "datePublished": about.published,
        "license": {"@id": _LICENCE},
        "hasPart": parts,
        "mentions": {"@id": "#run"},
    }
    software = {
        "@id": _SOFTWARE,
        "@type": "SoftwareApplication",
        "name": "carry-unwind",
        "version": about.package_version,
        "author": {"@id": "#authors"},
        "license": {"@id": _LICENCE},
    }
    action = {
        "@id": "#run",
        "@type": "CreateAction",
        "name": about.name,
        "instrument": {"@id": _SOFTWARE},
        "object": {"@id": about.made_from},
        "result": parts,
        "endTime": about.published,
    }
    graph: list[dict[str, Any]] = [
        {
            "@id": CRATE,
            "@type": "CreativeWork",
            "about": {"@id": "./"},
            "conformsTo": {"@id": _SPECIFICATION},
        },
        root,
        *map(_file, names),
        action,
        software,
        {"@id": "#authors", "@type": "Organization", "name": "The carry-unwind authors"},
        {"@id": _LICENCE, "@type": "CreativeWork", "name": "Apache License 2.0"},
    ]
    return {"@context": f"{_SPECIFICATION}/context", "@graph": graph}


def _file(name: str) -> dict[str, Any]:
    """One file of the folder: what it is, and in which format."""
    title, kind = _ABOUT.get(name) or _about_other(name)
    if name.endswith("/"):
        return {"@id": name, "@type": "Dataset", "name": title}
    return {"@id": name, "@type": "File", "name": title, "encodingFormat": kind}


def _about_other(name: str) -> tuple[str, str]:
    """The description of a file of which there may be several."""
    stem, suffix = Path(name).stem, Path(name).suffix
    if name.startswith("graphs/"):
        return f"Graph file {stem}", "text/csv" if suffix == ".csv" else "application/graphml+xml"
    return f"Figure {stem}", "image/png"
