"""The seeded draw of institutions: what each one is, and the books it opens with.

Opening books are what each institution's own rule asks for at the opening prices, so that none
trades on the first morning. Rows are sorted by kind in the order of ``KIND_NAMES``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from abm.population.bank import draw_desks
from abm.population.groups import Group, count
from abm.population.hedge_fund import draw_hedge_funds
from abm.population.instruments import opening_terms
from abm.population.life_insurer import draw_insurers
from abm.population.retail_equity import draw_retail_equity
from abm.population.retail_fx import draw_retail_fx
from abm.population.risk_parity import draw_risk_parity
from abm.population.streams import generator
from abm.population.trend_follower import draw_trend_followers
from abm.population.volatility_target import draw_volatility_targets

if TYPE_CHECKING:
    from abm.scenario import Scenario


# Groups that a scenario may leave out, and the part of it that says so.
CHOICE_OF_KIND = {
    "risk_parity": "risk_parity",
    "volatility_target": "volatility_target",
    "trend": "trend",
    "retail_fx": "retail_fx",
    "retail_equity": "retail_equity",
    "insurer": "insurers",
}


def draw_groups(scenario: Scenario, seed: int, replicate: int) -> list[Group]:
    """Every group of the scenario, drawn and with its opening books."""
    rng = generator("institutions", seed, replicate)
    terms = opening_terms(scenario)
    groups = [
        draw_hedge_funds(scenario, terms, rng),
        draw_desks(scenario),
        draw_risk_parity(scenario),
        draw_volatility_targets(scenario, terms, rng),
        draw_trend_followers(scenario),
        draw_retail_fx(scenario, terms, rng),
        draw_retail_equity(scenario, terms, rng),
        draw_insurers(scenario),
    ]
    # Left out after the draw: the others are who they would be.
    absent = [kind for kind, key in CHOICE_OF_KIND.items() if not getattr(scenario, key).present]
    return [Group(g.kind, 0, len(terms.names)) if g.kind in absent else g for g in groups]


def number_of_institutions(scenario: Scenario) -> int:
    """Rows that `draw_groups` makes of a scenario, counted without making them."""
    kinds = {kind: getattr(scenario, key) for kind, key in CHOICE_OF_KIND.items()}
    numbers = [scenario.funds.n, *(part.n for part in kinds.values() if part.present)]
    desks = scenario.banks.n_core if scenario.banks.desk.kind == "carry" else 0
    return desks + sum(count(number, scenario.population.scale) for number in numbers)
