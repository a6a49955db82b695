"""Channels set to none: the rules from day 0 on, on the books that the burn-in has left."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING

from abm.kernels.rules import RunRule
from abm.population.loans import opening_loans
from abm.population.margin import opening_margin_rate

if TYPE_CHECKING:
    from abm.kernels.rules import BandRule, Rules
    from abm.population.world import World
    from abm.scenario import Scenario


def from_day_0(world: World, scenario: Scenario, shut: tuple[str, ...] | None = None) -> World:
    """The world of a morning from day 0 on with channels shut, by default the scenario's.  (M94)

    Nothing that anyone holds, owes or is owed changes. Where all channels are open it is the same
    world; called again, it changes nothing more.
    """
    shut = scenario.channels.shut if shut is None else shut
    if not shut:
        return world
    if "haircuts" in shut and world.burn_in == 0:  # no rate has been asked yet
        mandates = world.rules.mandates
        loans = opening_loans(mandates, scenario)
        world.books.margin_rate[:] = opening_margin_rate(mandates, loans, scenario)
    if "bank_capital" in shut:  # what last night's lines would ask of this morning
        world.graph.utilisation[:] = world.graph.cut[:] = 0.0
        world.books.recalled[:] = 0.0
    if "order_anticipators" in shut:
        world.market.anticipator_gamma[:] = 0.0
        world.market.anticipator_open[:] = world.market.anticipator_held
    return world._replace(rules=without(world.rules, shut))


def without(rules: Rules, shut: tuple[str, ...]) -> Rules:
    """Rules in which these channels carry nothing.                                        (M94)"""
    for name in shut:
        rules = _SHUT[name](rules)
    return rules


def _haircuts(rules: Rules) -> Rules:
    return rules._replace(channels=rules.channels._replace(margins_follow_risk=False))


def _margin_rounds(rules: Rules) -> Rules:
    return rules._replace(market=rules.market._replace(rounds=1))


def _volatility_targets(rules: Rules) -> Rules:
    risk_parity = rules.risk_parity._replace(band=_still(rules.risk_parity.band))
    return rules._replace(
        risk_parity=risk_parity, volatility_target=_still(rules.volatility_target)
    )


def _still(band: BandRule) -> BandRule:
    return band._replace(speed_down=0.0, speed_up=0.0)


def _trend_followers(rules: Rules) -> Rules:
    return rules._replace(trend=rules.trend._replace(speed=0.0))


def _retail_stop_outs(rules: Rules) -> Rules:
    return rules._replace(channels=rules.channels._replace(retail_stop_outs=False))


def _insurers_hedging(rules: Rules) -> Rules:
    return rules._replace(insurers=rules.insurers._replace(speed=0.0))


def _dealers_withdrawal(rules: Rules) -> Rules:
    return rules._replace(channels=rules.channels._replace(dealers_withdraw=False))


def _bank_capital(rules: Rules) -> Rules:
    """Neither depth, loans nor funding follow capital; clients of a failed bank move on."""
    return rules._replace(
        dealers=rules.dealers._replace(capital_exponent=0.0),
        banks=rules.banks._replace(max_line_cut=0.0, ported_share=1.0, run=RunRule()),
        margin=rules.margin._replace(utilisation_threshold=math.inf),
    )


def _interbank_losses(rules: Rules) -> Rules:
    return rules._replace(
        channels=rules.channels._replace(interbank_losses=False),
        banks=rules.banks._replace(marks_claims=False),
    )


def _stops_and_redemptions(rules: Rules) -> Rules:
    flows = rules.funds.flows._replace(sensitivity=0.0)
    return rules._replace(funds=rules.funds._replace(stop_drawdown=math.inf, flows=flows))


def _order_anticipators(rules: Rules) -> Rules:
    return rules._replace(anticipators=rules.anticipators._replace(is_on=False))


def _option_hedgers(rules: Rules) -> Rules:
    nothing = 0.0 * rules.hedgers.gamma
    return rules._replace(hedgers=rules.hedgers._replace(gamma=nothing, expiry=0.0))


def _risk_appetite(rules: Rules) -> Rules:
    return rules._replace(channels=rules.channels._replace(losses_are_remembered=False))


def _retail_fx(rules: Rules) -> Rules:
    return rules._replace(retail_fx=rules.retail_fx._replace(speed=0.0))


def _basis(rules: Rules) -> Rules:
    """The basis stays, no line is drawn, and no dollars go to spot instead."""
    return rules._replace(
        basis=rules.basis._replace(spot_limit=0.0),
        channels=rules.channels._replace(basis_moves=False),
    )


def _company_hedging(rules: Rules) -> Rules:
    return rules._replace(companies=rules.companies._replace(speed_up=0.0, speed_down=0.0))


def _repo_haircuts(rules: Rules) -> Rules:
    return rules._replace(channels=rules.channels._replace(repo_haircuts_follow_risk=False))


_SHUT: dict[str, Callable[[Rules], Rules]] = {
    "haircuts": _haircuts,
    "margin_rounds": _margin_rounds,
    "volatility_targets": _volatility_targets,
    "trend_followers": _trend_followers,
    "retail_stop_outs": _retail_stop_outs,
    "insurers_hedging": _insurers_hedging,
    "dealers_withdrawal": _dealers_withdrawal,
    "bank_capital": _bank_capital,
    "interbank_losses": _interbank_losses,
    "stops_and_redemptions": _stops_and_redemptions,
    "order_anticipators": _order_anticipators,
    "option_hedgers": _option_hedgers,
    "risk_appetite": _risk_appetite,
    "retail_fx": _retail_fx,
    "basis": _basis,
    "company_hedging": _company_hedging,
    "repo_haircuts": _repo_haircuts,
}
