"""The Bank of Japan: its scripted moves, its meetings, and its queue as the kernels read them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from abm.kernels.rules import QueueRule
from abm.population.bond import surprise_worth

if TYPE_CHECKING:
    from abm.scenario import Scenario

Array = np.ndarray

BP = 1e-4


def surprise_news(scenario: Scenario, surprise_bp: float, log_per_bp: float) -> dict[int, float]:
    """What a surprise moves, by instrument [log]: the funding currency, and bonds.    (M6, M88)"""
    return {0: surprise_bp * log_per_bp} | surprise_worth(scenario, surprise_bp * BP)


def meeting_days(scenario: Scenario) -> list[int]:
    """Days of the run on which the queue may move on; none without a queue."""
    boj = scenario.policy.boj
    if boj.kind != "rule":
        return []
    if boj.meetings:
        return [scenario.day_index(day) for day in boj.meetings]
    first = scenario.day_index(boj.first_meeting)
    return list(range(first, scenario.calendar.days, boj.meeting_every_days))


def queue_rule(scenario: Scenario) -> QueueRule:
    """The queue of hikes, and what each hike and the statement tell.               (M98 to M100)"""
    boj, names = scenario.policy.boj, scenario.instrument_names
    if boj.kind != "rule":
        return QueueRule(False, np.zeros(len(names)), np.zeros(len(names)))
    hike_news, statement_news = np.zeros(len(names)), np.zeros(len(names))
    for k, log in surprise_news(scenario, boj.surprise_bp, boj.news_log_per_bp).items():
        hike_news[k] = log
    for k, log in surprise_news(scenario, -boj.statement_bp, boj.news_log_per_bp).items():
        statement_news[k] = log
    for name, log in boj.statement_moves.items():
        statement_news[names.index(name)] += log
    return QueueRule(
        is_on=True,
        hike_news=hike_news,
        statement_news=statement_news,
        first_day=scenario.calendar.burn_in_days,
        n_hikes=boj.n_hikes,
        hike=boj.hike_bp * BP,
        trigger_days=boj.trigger_days,
        trigger_rise=boj.trigger_rise_log,
        trigger_asset=-1 if boj.trigger_asset is None else names.index(boj.trigger_asset),
        trigger_fall=boj.trigger_fall_log,
        cool_days=boj.cool_days,
        is_heard=boj.pause == "heard",
        statement_days=boj.statement_days,
    )
