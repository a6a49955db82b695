"""Published models and worked examples on the same kernels: `abm.literature`, its quick draws."""

from __future__ import annotations

from functools import partial

from abm.literature import find_papers, papers
from abm.scenario import Scenario
from abm.validation.claims import CALM, Claim, Group, Runs, Sample, at_least
from abm.validation.estimates import Estimate, exact

INDEPENDENT = "independent program"


def compared(name: str, scenario: Scenario, seed: int, replicate: int) -> dict[str, float]:
    """Numbers of a paper that agree, of all; the seeds are the paper's own."""
    (paper,) = find_papers([name])
    lines = paper.compare(paper.findings(quick=True))
    return {
        "agree": float(sum(line.agrees for line in lines)),
        "numbers": float(len(lines)),
        "independent": float(sum(line.basis == INDEPENDENT for line in lines)),
    }


def share_that_agrees(runs: Runs) -> Estimate:
    """Numbers that agree, of all."""
    if runs.table.empty:
        return exact(float("nan"))
    row = runs.table.iloc[0]
    note = f"{row['numbers']:.0f} numbers, {row['independent']:.0f} from an independent program"
    return exact(row["agree"] / row["numbers"], note)


def _claims() -> tuple[Claim, ...]:
    claims = []
    for paper in papers():
        sample = Sample(f"paper {paper.name}", CALM, partial(compared, paper.name), least=1, most=1)
        claims.append(
            Claim(f"{paper.name}: share of its numbers that agree", at_least(1.0), (sample,),
                  share_that_agrees, paper.citation)
        )  # fmt: skip
    return tuple(claims)


GROUP = Group("literature", "Literature and reference cases", "Implementation verification",
              _claims())  # fmt: skip
