"""An attribution: shares, their standard errors, the worth of every coalition; and its folder."""

from __future__ import annotations

import io
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from abm.attribution.players import CHANNEL, TRIGGER, Players
from abm.files import write_folder
from abm.measures.shapley import first_in, last_out, over_draws, shapley_values
from abm.runs.folder import MANIFEST, check_free, readable_faults
from abm.runs.manifest import current_versions, source_commit, table_hash
from abm.scenario.graph_files import portable
from abm.scenario.writing import to_toml

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    from abm.attribution.unfinished import Unfinished
    from abm.scenario import Scenario

SCHEMA_VERSION = 1
TABLES = ("shares", "worths")
"""Tables that are kept as Parquet, and hashed."""
NOTHING, EVERYTHING = "nothing", "everything"
"""Parts of the table beside the players: none of them on, and all of them."""


@dataclass(frozen=True, eq=False)
class Attribution:
    """Shares of channels and triggers in a number of the cascade."""

    scenario: Scenario
    """The scenario, all players on."""
    target: str
    """The number that is attributed."""
    players: Players
    """Channels and triggers; `names` are in the order of the bits of a coalition."""
    seed: int
    """Random seed of all draws."""
    worths: NDArray[np.float64]
    """Worth of every coalition on every draw, (n_seeds, 2^n); bit i of its number is player i."""
    unfinished: Unfinished | None = None
    """Where worths are kept until this is saved."""
    started: str = field(default_factory=lambda: datetime.now(UTC).isoformat(timespec="seconds"))
    """The time it was made, UTC, ISO 8601."""

    @cached_property
    def is_known(self) -> NDArray[np.bool_]:
        """True for draws on which every coalition has the number, (n_seeds,)."""
        return np.asarray(np.isfinite(self.worths).all(axis=1))

    @cached_property
    def shares(self) -> NDArray[np.float64]:
        """Shapley share of each player on each draw of `is_known`, (n_known, n)."""
        return shapley_values(self.worths[self.is_known])

    @cached_property
    def table(self) -> pd.DataFrame:
        """A row for none of the players on, one for each, one for all.

        Columns `part`, `kind`; `share`, a mean over draws, and `se`, its standard error; `first_in`
        and `last_out`, what the player adds to none of the others and to all of them. The shares
        add up: nothing + every player = everything.
        """
        import pandas as pd

        known = self.worths[self.is_known]
        kinds = {TRIGGER: self.players.triggers, CHANNEL: self.players.channels}
        columns = {"first_in": first_in(known), "last_out": last_out(known)}
        rows: list[dict[str, Any]] = [_row(NOTHING, "", known[:, 0])]
        names = [(name, kind) for kind, those in kinds.items() for name in those]
        for i, (name, kind) in enumerate(names):
            ends = {key: over_draws(each[:, i]).mean for key, each in columns.items()}
            rows.append(_row(name, kind, self.shares[:, i]) | ends)
        rows.append(_row(EVERYTHING, "", known[:, -1]))
        return pd.DataFrame(rows, columns=["part", "kind", "share", "se", "first_in", "last_out"])

    @cached_property
    def by_draw(self) -> pd.DataFrame:
        """The worth of every coalition on every draw, a row each: who is on, by name."""
        import pandas as pd

        n_seeds, n = self.worths.shape
        coalition = np.tile(np.arange(n), n_seeds)
        columns: dict[str, Any] = {"replicate": np.repeat(np.arange(n_seeds), n)}
        columns |= {
            name: (coalition >> i & 1).astype(bool) for i, name in enumerate(self.players.names)
        }
        return pd.DataFrame(columns | {"worth": self.worths.ravel()})

    def save(
        self, folder: str | Path, force: bool = False, figures: Mapping[str, Any] | None = None
    ) -> Path:
        """Write the result folder, whole or not at all, and return it.

        It holds scenario.toml, shares.csv and shares.parquet (`table`), worths.parquet (`by_draw`),
        manifest.json and the figures.

        Parameters
        ----------
        folder
            Where; made if it is not there.
        force
            Whether files of the same names are replaced; everything else in it is left alone.
        figures
            Matplotlib figures by name, kept as PNG.

        Raises
        ------
        OutputRefused
            If the folder holds anything (without `force`) or cannot be written.
        """
        place = Path(folder)
        check_free(place, force)
        with readable_faults(place):
            write_folder(place, self._files(figures or {}))
        if self.unfinished is not None:
            self.unfinished.discard()
        return place

    def _files(self, figures: Mapping[str, Any]) -> dict[str, bytes]:
        raw, graphs = portable(self.scenario)
        return {
            **{f"{name}.png": _png(figure) for name, figure in figures.items()},
            **graphs,
            "scenario.toml": to_toml(raw).encode(),
            "shares.csv": csv_of(self.table).encode(),
            "shares.parquet": _parquet(self.table),
            "worths.parquet": _parquet(self.by_draw),
            MANIFEST: (json.dumps(self._manifest(), indent=2) + "\n").encode(),
        }

    def _manifest(self) -> dict[str, Any]:
        return {
            "schema_version": SCHEMA_VERSION,
            "scenario": self.scenario.name,
            "scenario_hash": self.scenario.canonical_hash(),
            "target": self.target,
            "channels": self.players.channels,
            "triggers": self.players.triggers,
            "seed": self.seed,
            "n_seeds": len(self.worths),
            "n_left_out": int((~self.is_known).sum()),
            "n_coalitions": self.worths.shape[1],
            **current_versions(),
            "source_commit": source_commit(),
            "started": self.started,
            "sha256": {"shares": table_hash(self.table), "worths": table_hash(self.by_draw)},
        }


def csv_of(shares: pd.DataFrame) -> str:
    """The table of shares as shares.csv has it."""
    text: str = shares.to_csv(index=False, float_format="%.10g", lineterminator="\n")
    return text


def _row(part: str, kind: str, values: NDArray[np.float64]) -> dict[str, Any]:
    mean, se = over_draws(values)
    return {"part": part, "kind": kind, "share": mean, "se": se}


def _parquet(table: pd.DataFrame) -> bytes:
    sink = io.BytesIO()
    table.to_parquet(sink, index=False)
    return sink.getvalue()


def _png(figure: Any) -> bytes:
    sink = io.BytesIO()
    figure.savefig(sink, format="png", metadata={"Software": None})
    return sink.getvalue()
