"""`unwind reproduce`: a result made again, and whether it is the same."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from abm.cli.asked import how_many
from abm.cli.progress import Progress
from abm.cli.terminal import tell
from abm.errors import one_line

if TYPE_CHECKING:
    from abm.runs.reproduce import Gap, Reproduction


def reproduce(
    folder: Annotated[
        Path,
        typer.Argument(
            metavar="DIR", help="A folder of a run, a sweep, an attribution or a stress test"
        ),
    ],
    rows: Annotated[
        str, typer.Option("--rows", metavar="N", help="Of a sweep: how many runs, or all")
    ] = "20",
) -> None:
    """Run a result again from its manifest and compare the bytes of every table."""
    n_rows = None if rows == "all" else how_many("--rows", rows)
    outcome = reproduced(folder, n_rows)
    tell(*told(folder, outcome).split("\n"))
    if not outcome.agrees:
        raise typer.Exit(1)


def reproduced(folder: Path, n_rows: int | None) -> Reproduction:
    """A run, some runs of a sweep, an attribution or a stress test, made again with a bar."""
    from abm.runs.loading import holds_attribution, holds_stress_test
    from abm.sweep.plan import PLAN

    with Progress(1) as progress:
        if (folder / PLAN).is_file():
            from abm.sweep.reproduce import reproduce_sweep

            return progress.do(
                "running rows again", lambda: reproduce_sweep(folder, n_rows, progress.tick)
            )
        if holds_attribution(folder):
            from abm.attribution.reproduce import reproduce_attribution

            return progress.do(
                "playing all coalitions again", lambda: reproduce_attribution(folder, progress.tick)
            )
        if holds_stress_test(folder):
            from abm.stress.reproducing import reproduce_stress_test

            return progress.do(
                "all paths again", lambda: reproduce_stress_test(folder, progress.tick)
            )
        from abm.runs.reproduce import reproduce

        return progress.do("running it again", lambda: reproduce(folder))


def told(folder: Path, outcome: Reproduction) -> str:
    """The answer of a comparison: the same or not, where it differs, and what has changed since."""
    if outcome.is_same:
        lines = [f"{folder}: the same bytes again ({', '.join(outcome.same)})."]
    else:
        verdict = "the same to 1e-9" if outcome.agrees else "NOT the same"
        lines = [f"{folder}: {verdict}.", *map(_place, outcome.gaps)]
        if outcome.same:
            lines.append(f"  the same bytes: {', '.join(outcome.same)}")
        if not outcome.changed:
            lines.append("  on the same versions and platform it should be")
    lines += [f"  {change}" for change in outcome.changed]
    return "\n".join(map(one_line, lines))


def _place(gap: Gap) -> str:
    """One table and where it is farthest."""
    if gap.table.startswith("state "):
        return f"  {gap.table}: the branch left another one than its parent reaches"
    if not gap.column:
        return f"  {gap.table}: other rows, columns or edges"
    return f"  {gap.table}: {gap.column} is apart by {gap.relative:.2g} of its largest number"
