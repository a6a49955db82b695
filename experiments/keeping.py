"""The folder of a result: tables as CSV, figures as PNG, and what they were made with."""

from __future__ import annotations

import hashlib
import json
import platform
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import abm
from abm.runs import manifest

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

    from abm.scenario import Scenario

ROOT = Path(__file__).resolve().parents[1]


def sources_sha256() -> str:
    """Hash of the package's sources and scenarios as they lie on disk, committed or not."""
    paths = [*(ROOT / "abm").glob("**/*.py"), *(ROOT / "configs").glob("*.toml")]
    return _hash(b"".join(path.read_bytes() for path in sorted(paths)))


def _hash(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


SOURCES_AT_START = sources_sha256()
COMMIT_AT_START = manifest.source_commit()


def keep(
    folder: Path,
    tables: dict[str, pd.DataFrame],
    figures: dict[str, Figure],
    scenarios: dict[str, Scenario],
    about: dict[str, Any],
) -> None:
    """Write tables, figures and manifest.json; `about` says seeds, replicates and the like.

    Nothing is written if the sources changed meanwhile: the numbers could be of neither.
    """
    if sources_sha256() != SOURCES_AT_START:
        raise SystemExit("abm/ or configs/ changed during the run: nothing kept, run again")
    folder.mkdir(parents=True, exist_ok=True)
    for name, table in tables.items():
        table.to_csv(folder / f"{name}.csv", index=False, float_format="%.6g", lineterminator="\n")
    for name, figure in figures.items():
        figure.savefig(folder / f"{name}.png", metadata={"Software": None})
    record = {
        "command": command_line(),
        **about,
        "scenario_hashes": {name: s.canonical_hash() for name, s in scenarios.items()},
        **versions(),
        "tables_sha256": {n: _hash((folder / f"{n}.csv").read_bytes()) for n in tables},
    }
    (folder / "manifest.json").write_text(json.dumps(record, indent=2) + "\n", encoding="utf-8")
    print(f"\nkept in {folder}")


def command_line() -> str:
    """The command as typed from the root of the checkout."""
    spec = getattr(sys.modules["__main__"], "__spec__", None)
    name = f"-m {spec.name}" if spec else sys.argv[0]
    return " ".join(["python", name, *sys.argv[1:]])


def versions() -> dict[str, Any]:
    """Package, Python and dependencies; the sources by their own hash, committed or not."""
    return {
        "package_version": abm.__version__,
        "source_commit": COMMIT_AT_START,
        "sources_sha256": SOURCES_AT_START,
        "python": platform.python_version(),
        "dependencies": {name: _version(name) for name in manifest.PACKAGES},
        "platform": manifest.platform_tag(),
        "written": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
    }


def show(table: pd.DataFrame, title: str) -> None:
    """A table on the terminal, numbers to three digits."""
    print(f"\n{title}\n{table.to_string(index=False, float_format=lambda x: f'{x:.3g}')}")


def _version(name: str) -> str:
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version(name)
    except PackageNotFoundError:
        return "unknown"
