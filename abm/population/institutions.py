"""The seeded draw of institutions: what each one is, and the books it opens with.

Opening books are what each institution's own rule asks for at the opening prices, so that none
trades on the first morning. Rows are sorted by kind in the order of ``KIND_NAMES``.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from abm.population.auto_borrower import draw_auto_borrowers
from abm.population.bank import draw_desks
from abm.population.company import draw_companies
from abm.population.groups import Group, count
from abm.population.hedge_fund import draw_hedge_funds
from abm.population.instruments import Terms, opening_terms
from abm.population.life_insurer import draw_insurers
from abm.population.retail_equity import draw_retail_equity
from abm.population.retail_fx import draw_retail_fx
from abm.population.risk_parity import draw_risk_parity
from abm.population.streams import generator
from abm.population.trader import draw_trader
from abm.population.trend_follower import draw_trend_followers
from abm.population.volatility_target import draw_volatility_targets

if TYPE_CHECKING:
    from abm.scenario import Scenario


class Actor(NamedTuple):
    """A kind of institution: the part of a scenario that describes it, and its draw."""

    kind: str
    part: str
    draw: Callable[[Scenario, Terms, np.random.Generator], Group]


# In the order of their draws; banks' desks are drawn behind the first.
ACTORS = (
    Actor("hedge_fund", "funds", draw_hedge_funds),
    Actor("risk_parity", "risk_parity", lambda scenario, *_: draw_risk_parity(scenario)),
    Actor("volatility_target", "volatility_target", draw_volatility_targets),
    Actor("trend", "trend", lambda scenario, *_: draw_trend_followers(scenario)),
    Actor("retail_fx", "retail_fx", draw_retail_fx),
    Actor("retail_equity", "retail_equity", draw_retail_equity),
    Actor("insurer", "insurers", lambda scenario, *_: draw_insurers(scenario)),
    Actor("auto_borrower", "auto_borrowers", lambda scenario, *_: draw_auto_borrowers(scenario)),
    Actor("company", "companies", lambda scenario, *_: draw_companies(scenario)),
    Actor("trader", "trader", lambda scenario, *_: draw_trader(scenario)),
)


def takes_part(part: Any) -> bool:
    """True for a group that the scenario does not leave out."""
    return getattr(part, "present", True)


def draw_groups(scenario: Scenario, seed: int, replicate: int) -> list[Group]:
    """Every group of the scenario, drawn and with its opening books."""
    rng = generator("institutions", seed, replicate)
    terms = opening_terms(scenario)
    groups = []
    for actor in ACTORS:
        # Left out after the draw: the others are who they would be.
        group = actor.draw(scenario, terms, rng)
        is_here = takes_part(getattr(scenario, actor.part))
        groups.append(group if is_here else Group(actor.kind, 0, len(terms.names)))
    groups.insert(1, draw_desks(scenario))
    return groups


def number_of_institutions(scenario: Scenario) -> int:
    """Rows that `draw_groups` makes of a scenario, counted without making them."""
    parts = (getattr(scenario, actor.part) for actor in ACTORS if actor.part != "trader")
    numbers = [part.n for part in parts if takes_part(part)]
    desks = scenario.banks.n_core if scenario.banks.desk.kind == "carry" else 0
    n_traders = int(scenario.trader.kind == "account")
    return desks + n_traders + sum(count(number, scenario.population.scale) for number in numbers)
