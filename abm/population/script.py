"""Inputs from outside on every day: drawn news, and the script of shocks and policies."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from abm.kernels.events import CENTRAL_BANK, SCRIPT
from abm.kernels.inputs import NONE_LEFT, TO_COME, TODAY, Script
from abm.kernels.state import TRADING_DAYS
from abm.population.basis import swapped_currencies
from abm.population.boj import BP, meeting_days, surprise_news
from abm.population.bond import curve_exit
from abm.population.instruments import opening_terms
from abm.population.news_volatility import volatility_multiples
from abm.population.products import cholesky_factor, product
from abm.population.streams import generator
from abm.scenario.calendar import CALENDAR_DAYS

if TYPE_CHECKING:
    from abm.scenario import Scenario

Array = np.ndarray


@lru_cache(maxsize=64)
def write_script(scenario: Scenario, shocked: bool = True) -> Script:
    """Drift, rates, news, policies and shock by day.

    ``shocked=False`` leaves out all news, policy and meetings from the shock day on: the no-shock
    run. What a rule does there follows from its own markets.
    """
    terms = opening_terms(scenario)
    calendar = scenario.calendar
    burn, n_days = calendar.burn_in_days, calendar.burn_in_days + calendar.days
    last = n_days if shocked else burn + scenario.shock_day
    news = np.zeros((n_days, len(terms.names)))
    moves: list[tuple[int, int, int, float]] = []
    rates = np.zeros((n_days, terms.n_currencies + 1))
    rates[:, :-1] = terms.income[: terms.n_currencies]
    rates[:, -1] = terms.usd_rate
    official = np.zeros_like(news)
    swap_line, meeting = np.zeros(n_days, np.uint8), np.zeros(n_days, np.uint8)
    drift = np.array([p.drift_before_start_log for p in scenario.instruments.values()])

    def day(when: object) -> int:
        return burn + scenario.day_index(when)  # type: ignore[arg-type]

    def move_value(at: int, who: int, k: int, log: float) -> None:
        if log:
            news[at, k] += log
            moves.append((at, who, k, log))

    def surprise(at: int, hike_bp: float, surprise_bp: float, log_per_bp: float) -> None:
        if at < last:
            rates[at:, 0] += hike_bp * BP
            for k, log in surprise_news(scenario, surprise_bp, log_per_bp).items():
                move_value(at, CENTRAL_BANK, k, log)

    shock, policy = scenario.shock, scenario.policy
    if shock.kind == "surprise":
        at = burn + scenario.shock_day
        surprise(at, shock.surprise_bp, shock.surprise_bp, shock.news_log_per_bp)
    if policy.boj.kind != "none":
        for move in policy.boj.moves():
            at = day(move.day)
            surprise(at, move.hike_bp, move.surprise_bp, policy.boj.news_log_per_bp)
            if move.ycc_exit_bp and at < last:
                for k, log in curve_exit(scenario, move.ycc_exit_bp).items():
                    move_value(at, CENTRAL_BANK, k, log)
    for at in meeting_days(scenario):
        meeting[: burn + at] = np.maximum(meeting[: burn + at], TO_COME)
        meeting[burn + at] = TODAY
    meeting[last:] = NONE_LEFT
    for act in policy.mof.interventions:
        if day(act.day) < last:
            official[day(act.day), 0] += act.usd_bn
            move_value(day(act.day), CENTRAL_BANK, 0, act.signal_log)
    line = policy.swap_line
    if line.kind in ("line", "facility"):
        swap_line[min(day(line.day), last) : last] = 1
    if line.kind == "facility" and line.until is not None:
        swap_line[day(line.until) :] = 0
    for item in scenario.news:
        if day(item.day) < last:
            for k, log in enumerate(terms.column(item.moves)):
                move_value(day(item.day), SCRIPT, k, float(log))
    if calendar.drift_days and drift.any():
        news[burn - calendar.drift_days : burn] += drift / calendar.drift_days
    accrual = np.array(calendar.accrual_days())
    return Script(
        news, np.array(moves, float).reshape(-1, 4), rates, official, swap_line, meeting, accrual,
        scripted_squeeze(scenario, last), year_ends(scenario),
    )  # fmt: skip


def scripted_squeeze(scenario: Scenario, last: int) -> Array:
    """Dollars hoarded as scripted, over calm demand: from point to point, (T, S).          (M120)

    From `last`, the shock day of a no-shock run, on what it was the day before.
    """
    calendar, basis = scenario.calendar, scenario.funding.basis
    burn, n_days = calendar.burn_in_days, calendar.burn_in_days + calendar.days
    currencies = swapped_currencies(scenario)
    squeeze = np.zeros((n_days, len(currencies)))
    if basis.kind == "market":
        for s, name in enumerate(currencies):
            own = basis.currencies[name].squeeze if s > 0 else basis.squeeze
            if own.kind == "script" and own.points:
                days = [burn + scenario.day_index(point.day) for point in own.points]
                values = [point.squeeze for point in own.points]
                squeeze[:, s] = np.interp(np.arange(n_days), days, values, left=0.0)
        squeeze[last:] = squeeze[last - 1] if last > 0 else 0.0
    return squeeze


def year_ends(scenario: Scenario) -> Array:
    """1 where a swap dealt on a day matures in another year; without dates none does. (T, S)"""
    calendar, basis = scenario.calendar, scenario.funding.basis
    n_days, n = calendar.burn_in_days + calendar.days, len(swapped_currencies(scenario))
    crosses = np.zeros((n_days, n), np.uint8)
    if basis.kind == "market" and calendar.start is not None:
        length = timedelta(days=basis.maturity_days * CALENDAR_DAYS / TRADING_DAYS)
        for at, day in enumerate(calendar.all_dates()):
            crosses[at] = (day + length).year > day.year
    return crosses


def draw_news(
    scenario: Scenario, seed: int, replicate: int, redrawn: Iterable[tuple[int, int]] = ()
) -> np.ndarray:
    """Correlated Gaussian news of every day [log], (T, K): sigma sqrt(dt) L eps.           (M6)

    redrawn: first day and seed of each later stretch that has a seed of its own; the volatility of
    news goes on from where it was.
    """
    rule, calendar = scenario.news_volatility, scenario.calendar
    noise, innovations = draw_innovations(scenario, seed, replicate)
    for first, other in redrawn:
        for mine, theirs in zip(
            (noise, innovations), draw_innovations(scenario, other, replicate), strict=True
        ):
            mine[first:] = theirs[first:]
    news = product(noise, news_factor(scenario).T)
    if rule.kind == "none":
        return news
    median_day = None if calendar.start is None else calendar.burn_in_days
    names = scenario.instrument_names
    return np.asarray(news * volatility_multiples(rule, names, innovations, median_day))


def draw_innovations(scenario: Scenario, seed: int, replicate: int) -> tuple[Array, Array]:
    """Standard normal draws of every day: of news (T, K), and of its volatility (T, 1 + K)."""
    n_days = scenario.calendar.burn_in_days + scenario.calendar.days
    n = len(scenario.instruments)
    noise = generator("news", seed, replicate).standard_normal((n_days, n))
    if scenario.news_volatility.kind == "none":
        return noise, np.zeros((n_days, 1 + n))
    volatility = generator("news volatility", seed, replicate)
    return noise, volatility.standard_normal((n_days, 1 + n))


@lru_cache(maxsize=32)
def news_factor(scenario: Scenario) -> np.ndarray:
    """Cholesky factor of a day's news, (K, K); instruments without news have a zero row."""
    factor = cholesky_factor(scenario.correlation_matrix())
    parts = scenario.instruments.values()
    volatility = np.array([p.volatility_per_year for p in parts]) / np.sqrt(TRADING_DAYS)
    return np.asarray(volatility[:, None] * factor)
