"""Shares of channels and of scripted events in a number of the cascade.

>>> import abm.attribution
>>> found = abm.attribution.shapley("august-2024", seeds=4, workers=1)  # doctest: +SKIP
>>> found.table  # doctest: +SKIP

Exact Shapley shares over all coalitions: each channel on or none (`abm.scenario.channels`), each
scripted event there or left out, on the same draws and the same opening books.
"""

from abm.attribution.players import DEFAULT_CHANNELS, channels_at_work
from abm.attribution.result import Attribution
from abm.attribution.running import Progress, shapley

__all__ = ["DEFAULT_CHANNELS", "Attribution", "Progress", "channels_at_work", "shapley"]
