"""Life insurers: foreign assets, in part hedged."""

from __future__ import annotations

from abm.agents.institution import Institution, cell


class LifeInsurer(Institution):
    """Raises its currency hedge after the yen has risen."""

    @property
    def foreign_assets_usd_bn(self) -> float:
        """Dollar assets its hedge is measured against."""
        return cell(self.world.rules.mandates.size_usd_bn, self.row)
