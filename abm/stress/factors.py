"""What of a scenario moves a user's lines."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from abm.scenario import Scenario


def bonds_in(currency: str, scenario: Scenario) -> dict[str, float]:
    """Durations of the scenario's government bonds in a currency, the shortest first [years]."""
    found = {
        name: bond.duration_years
        for name, bond in scenario.bonds.items()
        if getattr(scenario.instruments[name], "quote", "") == currency
    }
    return dict(sorted(found.items(), key=lambda item: item[1]))
