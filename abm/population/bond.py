"""Bonds on a yield curve: coupons, the flight to them, and what a rate surprise is worth."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from abm.scenario import Scenario


def bond_rule(scenario: Scenario) -> dict[str, Any]:
    """Fixed coupons and the flight to safety: part of `rules.MarketRule`."""
    names, bonds = scenario.instrument_names, scenario.bonds
    listed = [bonds.get(name) for name in names]
    fled = [names.index(bond.haven_of) if bond and bond.haven_of else -1 for bond in listed]
    return {
        "fixed_coupon": np.array([bond is not None for bond in listed], np.uint8),
        "haven_leader": np.array(fled, np.int64),
        "haven_beta": np.array([bond.haven_beta if bond else 0.0 for bond in listed]),
        "haven_days": np.array([bond.haven_days if bond else 1.0 for bond in listed]),
    }


def curve_exit(scenario: Scenario, rise_bp: float) -> dict[int, float]:
    """Fall of bonds in the funding currency when a cap on their yields goes, by instrument. (M104)

    f_k <- f_k - duration_k rise
    """
    names, quote = scenario.instrument_names, scenario.quote_indices()
    return {
        names.index(name): -bond.duration_years * rise_bp * 1e-4
        for name, bond in scenario.bonds.items()
        if quote[names.index(name)] == 0
    }


def surprise_worth(scenario: Scenario, surprise: float) -> dict[int, float]:
    """Fall of each bond's fundamental at a rate surprise, by instrument [log].            (M88)

        f_k <- f_k - duration_k pass-through_k surprise

    surprise: per year, so that a basis point is 1e-4.
    """
    names = scenario.instrument_names
    return {
        names.index(name): -bond.duration_years * bond.surprise_pass_through * surprise
        for name, bond in scenario.bonds.items()
    }
