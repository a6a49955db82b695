"""Portfolios that come with the package, by name."""

from __future__ import annotations

from pathlib import Path

from abm.errors import Nearest, UnreadableFile
from abm.files import exists
from abm.scenario.files import scenario_folders

FOLDER = "portfolios"


def list_samples() -> list[str]:
    """Names of the samples, in alphabetical order."""
    found = (path.stem for folder in scenario_folders() for path in (folder / FOLDER).glob("*.csv"))
    return sorted(set(found))


def find_portfolio(name: str) -> Path:
    """The file of a portfolio: a path, or the name of a sample.

    A path that is not there and ends as a sample's does in the repository,
    configs/portfolios/NAME.csv, is that sample: so that what is written works in any folder.
    Raises UnreadableFile for what is neither.
    """
    path = Path(name)
    is_sample = path.name == name or path.parent.parts[-2:] == ("configs", FOLDER)
    if exists(path) and not path.is_dir():
        return path
    if is_sample:
        for folder in scenario_folders():
            sample = folder / FOLDER / f"{path.name.removesuffix('.csv')}.csv"
            if exists(sample):
                return sample
    near = Nearest(path.stem, list_samples(), f"samples are {', '.join(list_samples())}")
    raise UnreadableFile(f"{name}: there is no such portfolio; {near}")
