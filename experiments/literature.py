"""Every restated paper, in full: its table and figure, and the validation table of the README.

    python -m experiments.literature           computes all, keeps them in results/literature/
    python -m experiments.literature --check   says whether the README shows what is kept

The README's table stands between two markers and is written anew.
"""

from __future__ import annotations

import argparse
import time

import pandas as pd

from abm.literature import Paper, papers
from experiments.keeping import ROOT, keep

README = ROOT / "README.md"
KEPT = ROOT / "results" / "literature"
MARKERS = ("<!-- validation: python -m experiments.literature -->", "<!-- end of validation -->")


def compute(paper: Paper) -> tuple[pd.DataFrame, pd.DataFrame, float]:
    """One paper's findings, its numbers beside those expected, and the seconds it took."""
    start = time.perf_counter()
    findings = paper.findings()
    seconds = time.perf_counter() - start
    lines = pd.DataFrame(
        [line._asdict() | {"agrees": line.agrees} for line in paper.compare(findings)]
    )
    lines.insert(0, "paper", paper.name)
    return findings, lines, seconds


def readme_table(comparisons: pd.DataFrame) -> str:
    """One row a paper: what of it is reproduced, and how many of its numbers agree."""
    rows = ["| paper | what is reproduced | numbers | agree |", "|---|---|---|---|"]
    for paper in papers():
        own = comparisons[comparisons["paper"] == paper.name]
        counts = f"{len(own)} | {int(own['agrees'].sum())}"
        rows.append(f"| {paper.citation} (`{paper.name}`) | {paper.claim} | {counts} |")
    return "\n".join(rows)


def with_table(text: str, table: str) -> str:
    """The README with this table between its markers."""
    before, _, rest = text.partition(MARKERS[0])
    _, _, after = rest.partition(MARKERS[1])
    return f"{before}{MARKERS[0]}\n{table}\n{MARKERS[1]}{after}"


def main() -> None:
    """Compute and keep, or check."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--check", action="store_true")
    if parser.parse_args().check:
        fresh = with_table(
            README.read_text("utf-8"), readme_table(pd.read_csv(KEPT / "comparisons.csv"))
        )
        raise SystemExit(0 if fresh == README.read_text("utf-8") else "README.md is stale")
    tables, figures, lines, seconds = {}, {}, [], {}
    for paper in papers():
        findings, own, seconds[paper.name] = compute(paper)
        tables[paper.name] = findings
        figures[paper.name] = paper.figure(findings)
        lines.append(own)
        agree = f"{own['agrees'].sum()} of {len(own)} agree"
        print(f"{paper.name:<28}{seconds[paper.name]:6.1f} s  {agree}", flush=True)
    comparisons = pd.concat(lines, ignore_index=True)
    about = {
        "sampling": {paper.name: paper.sampling for paper in papers() if paper.sampling},
        "seconds": {name: round(taken, 1) for name, taken in seconds.items()},
    }
    keep(KEPT, tables | {"comparisons": comparisons}, figures, {}, about)
    README.write_text(with_table(README.read_text("utf-8"), readme_table(comparisons)), "utf-8")


if __name__ == "__main__":
    main()
