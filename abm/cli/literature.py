"""`unwind literature`: published models on our own kernels, computed beside expected."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple

import typer

from abm.cli import output
from abm.cli.asked import print_json
from abm.cli.lines import labelled
from abm.cli.progress import Progress
from abm.cli.terminal import tell
from abm.words import LINE_LETTERS

if TYPE_CHECKING:
    import pandas as pd

    from abm.literature import Comparison, Paper

HEADINGS = ("", "computed", "expected", "within", "expected from")


class Reproduction(NamedTuple):
    """One paper as computed here."""

    paper: Paper
    lines: list[Comparison]
    findings: pd.DataFrame
    figure: bytes  # PNG

    @property
    def agrees(self) -> bool:
        """True if every number is as expected."""
        return all(line.agrees for line in self.lines)


def literature(
    names: Annotated[
        list[str] | None,
        typer.Argument(metavar="[NAME]...", help="Papers; without one, lists them"),
    ] = None,
    every: Annotated[bool, typer.Option("--all", help="All of them")] = False,
    quick: Annotated[bool, typer.Option("--quick", help="Fewer draws: seconds each")] = False,
    out: Annotated[
        Path, typer.Option(metavar="DIR", help="Folder of the tables and figures")
    ] = Path("results/literature"),
    json: Annotated[bool, typer.Option("--json", help="Print the numbers as JSON")] = False,
) -> None:
    """Published models on our own kernels: each number computed beside what it should be."""
    from abm.literature import find_papers, papers

    chosen = papers() if every else find_papers(names or [])
    if not chosen:
        tell(*listing().split("\n"))
        tell("", "Run one: unwind literature eisenberg-noe, or all: unwind literature --all")
        return
    done = computed(chosen, quick)
    written = write(done, out, quick)
    if json:
        print_json([plain(one) for one in done])
    else:
        tell(*"\n\n".join(map(told, done)).split("\n"))
        tell("", labelled("Written", f"{out}: {', '.join(written)}"))
    if not all(one.agrees for one in done):
        raise typer.Exit(1)


def listing() -> str:
    """Every paper with its name and what it claims."""
    from abm.literature import papers

    known = papers()
    width = max(len(paper.name) for paper in known)
    blocks = []
    for paper in known:
        first, *rest = textwrap.wrap(paper.claim, LINE_LETTERS - width - 2)
        lines = [f"{paper.name:<{width}}  {paper.citation}"]
        blocks.append("\n".join(lines + [f"{'':<{width}}  {part}" for part in (first, *rest)]))
    return "\n".join(blocks)


def computed(chosen: Sequence[Paper], quick: bool) -> list[Reproduction]:
    """Compute every paper, compare it, and draw its figure; a bar says how far it is."""
    from abm.report import pictures

    done = []
    with Progress(len(chosen)) as progress:
        for paper in chosen:
            findings = progress.do(paper.name, partial(paper.findings, quick, progress.tick))
            figure = pictures.png(paper.figure(findings))
            done.append(Reproduction(paper, paper.compare(findings), findings, figure))
    return done


def write(done: Sequence[Reproduction], folder: Path, quick: bool) -> list[str]:
    """Write each paper's table and figure; the names of the files."""
    written = []
    suffix = "-quick" if quick else ""
    for one in done:
        stem = one.paper.name + suffix
        table = one.findings.to_csv(index=False, lineterminator="\n")
        for name, content in ((f"{stem}.csv", table), (f"{stem}.png", one.figure)):
            output.write_file(folder / name, content)
            written.append(name)
    return written


def told(one: Reproduction) -> str:
    """One paper as a reader sees it: what it says, and its numbers beside ours."""
    paper = one.paper
    notes = [f"Through {', '.join(paper.through)}."]
    if paper.sampling:
        notes.append(f"{paper.sampling[0].upper()}{paper.sampling[1:]}.")
    n_agree = sum(line.agrees for line in one.lines)
    return "\n".join(
        [
            paper.citation,
            *textwrap.wrap(paper.claim, LINE_LETTERS),
            *textwrap.wrap(" ".join(notes), LINE_LETTERS),
            "",
            *_table(one.lines),
            "",
            f"{n_agree} of {len(one.lines)} numbers agree.",
        ]
    )


def plain(one: Reproduction) -> dict[str, Any]:
    """One paper as a program reads it."""
    return {
        "paper": one.paper.name,
        "citation": one.paper.citation,
        "agrees": one.agrees,
        "numbers": [{**line._asdict(), "agrees": line.agrees} for line in one.lines],
    }


def _table(lines: Sequence[Comparison]) -> list[str]:
    """Aligned rows; the one that does not agree says so."""
    rows = [
        (
            line.quantity,
            f"{line.computed:.6g}",
            f"{line.expected:.6g}",
            f"{line.tolerance:.2g}",
            line.basis if line.agrees else f"{line.basis}  DIFFERS",
        )
        for line in lines
    ]
    widths = [max(len(row[i]) for row in [HEADINGS, *rows]) for i in range(len(HEADINGS))]
    signs = ("<", ">", ">", ">", "<")
    return [
        "  ".join(
            f"{cell:{sign}{width}}" for cell, sign, width in zip(row, signs, widths, strict=True)
        ).rstrip()
        for row in [HEADINGS, *rows]
    ]
