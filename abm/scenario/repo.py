"""Repo: what a user may choose of loans on bonds, and of the haircut."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import Field

from abm.scenario.checks import Faults, fault_at, needs
from abm.scenario.fields import Name, Part, choice, number


class NoRepo(Part):
    """No repo lender."""

    kind: Literal["none"] = "none"


class _RepoLender(Part):
    asset: Name = choice(
        "bonds that the repo lender takes",
        label="bonds in repo",
        default="UST",
        allowed="an asset of the scenario, quoted in dollars",
    )
    spread_per_year: float = number(
        "spread over the dollar rate",
        "per year",
        "assumed",
        0.0005,
        label="repo spread",
        ge=0,
        le=0.1,
    )
    capacity_share: float = number(
        "most that the lender lends at the opening's haircut, over the bonds that funds of all "
        "styles would pledge at the opening",
        "1",
        "assumed",
        1.2,
        label="repo lender's capacity",
        ge=0,
        le=1000,
    )
    capacity_per_haircut: float = number(
        "share of this capacity that is gone per unit by which the haircut has risen",
        "1",
        "assumed",
        4.0,
        label="repo capacity lost per unit of haircut",
        ge=0,
        le=1000,
    )


class FixedHaircut(_RepoLender):
    """A lender with one haircut, permanently."""

    kind: Literal["fixed"] = "fixed"
    haircut: float = number(
        "haircut",
        "share of the price",
        "assumed; 74% of bilateral Treasury repo has none, tri-party repo about .02",
        0.02,
        label="repo haircut",
        ge=0,
        le=1,
    )


class RiskHaircut(_RepoLender):
    """A lender whose haircut covers the worst recent loss of the bond; a gain never raises it."""

    kind: Literal["risk"] = "risk"
    volatility_multiple: float = number(
        "haircut as a multiple of the bond's 10-day volatility at its worst recent loss",
        "-",
        "99% quantile of the normal law",
        2.33,
        label="repo haircut over 10-day volatility",
        ge=0,
        le=100,
    )
    haircut_floor: float = number(
        "least haircut",
        "share of the price",
        "74% of bilateral Treasury repo has none",
        0.0,
        label="least repo haircut",
        ge=0,
        le=1,
    )
    haircut_cap: float = number(
        "largest haircut",
        "share of the price",
        "assumed",
        0.5,
        label="largest repo haircut",
        ge=0,
        le=1,
    )
    loss_threshold: float = number(
        "squared loss of a day, over its calm variance, at which the haircut is that of calm "
        "volatility",
        "-",
        "as for margins, margin.loss_threshold",
        5.6,
        label="squared loss that leaves the haircut calm",
        ge=0.01,
        le=1000,
    )
    loss_decay: float = number(
        "decay of the worst loss per day",
        "-",
        "as for margins, margin.loss_decay",
        0.941,
        label="decay of a bond's worst loss",
        ge=0,
        lt=1,
    )


Repo = Annotated[NoRepo | FixedHaircut | RiskHaircut, Field(discriminator="kind")]


@needs("instruments", "repo")
def _the_lender_takes_an_asset_in_dollars(instruments: Mapping[str, Any], repo: Any) -> Faults:
    if repo.kind == "none":
        return
    fit = [name for name, part in instruments.items() if getattr(part, "quote", "") == "USD"]
    if repo.asset not in fit:
        words = f"must be an asset of the scenario, quoted in dollars ({', '.join(fit)})"
        yield fault_at("repo.asset", repo.asset, words)


@needs("repo")
def _haircut_floor_is_below_its_cap(repo: Any) -> Faults:
    if repo.kind == "risk" and repo.haircut_floor > repo.haircut_cap:
        words = f"must be at most repo.haircut_cap ({repo.haircut_cap:g})"
        yield fault_at("repo.haircut_floor", repo.haircut_floor, words)


@needs("funds", "repo")
def _who_pledges_bonds_has_some_and_a_lender(funds: Any, repo: Any) -> Faults:
    for name, style in funds.styles.items():
        if style.repo_share == 0.0:
            continue
        key = f"funds.styles.{name}.repo_share"
        if repo.kind == "none":
            words = 'needs a lender: repo.kind must be "fixed" or "risk"'
            yield fault_at(key, style.repo_share, words)
        elif not style.weights.get(repo.asset, 0.0):
            words = f"must be 0: the style holds no {repo.asset}, the bonds that repo.asset names"
            yield fault_at(key, style.repo_share, words)
