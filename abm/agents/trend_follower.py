"""Trend followers: long what rises, short what falls."""

from __future__ import annotations

from abm.agents.institution import Institution


class TrendFollower(Institution):
    """Follows the trend in every market, both ways, with a fast or a slow filter."""

    @property
    def uses_slow_filter(self) -> bool:
        """Looks at the slow moving average."""
        return bool(self.world.rules.mandates.uses_slow_filter[self.row])
