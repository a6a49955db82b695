"""The description by which an archive reads a result folder: RO-Crate 1.1, as JSON-LD."""

from __future__ import annotations

from pathlib import Path
from typing import Any

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
        "Fate of every institution and bank",
        "application/vnd.apache.parquet",
    ),
    "exposures.graphml": (
        "Who lends to whom, lender to borrower, USD bn",
        "application/graphml+xml",
    ),
    "scenario.toml": ("The scenario, every value spelt out", "application/toml"),
    "summary.json": ("Numbers of the run", "application/json"),
    "manifest.json": ("Seed, versions, platform and hashes", "application/json"),
    ODD: ("The model by the ODD protocol", "text/markdown"),
}


def odd_text() -> str:
    """The ODD protocol of this version."""
    return (Path(__file__).parents[1] / ODD).read_text(encoding="utf-8")


def crate_of(manifest: dict[str, Any], names: list[str]) -> dict[str, Any]:
    """RO-Crate metadata of a result folder with these files, from its manifest."""
    run = f"{manifest['scenario']}, seed {manifest['seed']}, replicate {manifest['replicate']}"
    files = [{"@id": name} for name in names]
    root = {
        "@id": "./",
        "@type": "Dataset",
        "name": f"Simulated unwind of yen carry trades: {run}",
        "description": f"{manifest['n_days']} trading days of the scenario {manifest['scenario']}, "
        "simulated with carry-unwind; manifest.json says with which versions, ODD.md how.",
        "datePublished": manifest["started"],
        "license": {"@id": _LICENCE},
        "hasPart": files,
        "mentions": {"@id": "#run"},
    }
    software = {
        "@id": _SOFTWARE,
        "@type": "SoftwareApplication",
        "name": "carry-unwind",
        "version": manifest["package_version"],
        "author": {"@id": "#authors"},
        "license": {"@id": _LICENCE},
    }
    action = {
        "@id": "#run",
        "@type": "CreateAction",
        "name": run,
        "instrument": {"@id": _SOFTWARE},
        "object": {"@id": "scenario.toml"},
        "result": files,
        "endTime": manifest["started"],
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
    title, kind = _ABOUT.get(name, (f"Figure {Path(name).stem}", "image/png"))
    return {"@id": name, "@type": "File", "name": title, "encodingFormat": kind}
