"""Simulated shocks as stress tests of the Open Source Risk Engine (ORE): its file stresstest.xml.

One StressTest is one path up to one day, as a shock to today's market: what other currencies are
worth in the base currency, assets, yields, and the implied volatility of exchange rates. Names are
ours: equities are the scenario's assets that are no government bonds, by their names there. Only
the structure of ORE's own schema (OpenSourceRisk/Engine, xsd/stress.xsd) is followed here.
"""

from __future__ import annotations

from collections.abc import Mapping
from xml.etree import ElementTree
from xml.etree.ElementTree import Element, SubElement

import numpy as np

from abm.stress.contracts import YEAR_DAYS, implied_deviation, pair_variance
from abm.stress.curves import yield_rise
from abm.stress.factors import bonds_in
from abm.stress.paths import Market

Array = np.ndarray

MONTHS = 12.0
EXPIRIES = {"1M": 30.0, "3M": 91.0, "6M": 182.0, "1Y": 365.0}  # calendar days
RELATIVE, ABSOLUTE = "Relative", "Absolute"


def stress_tests(paths: Mapping[str, int], day: int, market: Market) -> bytes:
    """A stresstest.xml: a StressTest of each path, by its id, up to the day."""
    root = Element("StressTesting")
    for name, path in paths.items():
        test = SubElement(root, "StressTest", id=name)
        _add_curves(test, path, day, market)
        _add_currencies(test, path, day, market)
        _add_volatilities(test, path, day, market)
        _add_assets(test, path, day, market)
    ElementTree.indent(root)
    text = ElementTree.tostring(root, encoding="unicode")
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{text}\n'.encode()


def _add_curves(test: Element, path: int, day: int, market: Market) -> None:
    """Zero yields at the overnight end and at the duration of each government bond."""
    group = Element("DiscountCurves")
    for c, name in enumerate(market.currencies):
        years = [0.0, *bonds_in(name, market.scenario).values()]
        if len(years) == 1:
            continue  # without a bond nothing is known of the curve
        rises = [yield_rise(at, c, market)[path, day] for at in years]
        curve = SubElement(group, "DiscountCurve", ccy=name)
        tenors = [f"{max(round(MONTHS * at), 1)}M" for at in years]
        _add(curve, ABSOLUTE, Shifts=_listed(rises), ShiftTenors=",".join(tenors))
    _append(test, group)


def _add_currencies(test: Element, path: int, day: int, market: Market) -> None:
    group = Element("FxSpots")
    for c, pair in _pairs(market).items():
        spot = market.fx[c][path]
        shift = spot[day] / spot[0] - 1.0
        _add(SubElement(group, "FxSpot", ccypair=pair), RELATIVE, ShiftSize=_told(shift))
    _append(test, group)


def _add_volatilities(test: Element, path: int, day: int, market: Market) -> None:
    group = Element("FxVolatilities")
    decay = market.scenario.estimation.fast_decay
    days = np.array(list(EXPIRIES.values()))
    for c, pair in _pairs(market).items():
        fast, calm = pair_variance(c, market.base, market)
        then, today = (
            implied_deviation(fast[path, at], calm, decay, days) / np.sqrt(days / YEAR_DAYS)
            for at in (day, 0)
        )
        _add(
            SubElement(group, "FxVolatility", ccypair=pair), ABSOLUTE,
            Shifts=_listed(then - today), ShiftExpiries=",".join(EXPIRIES),
        )  # fmt: skip
    _append(test, group)


def _add_assets(test: Element, path: int, day: int, market: Market) -> None:
    scenario = market.scenario
    group = Element("EquitySpots")
    for k, name in enumerate(scenario.instrument_names):
        if name in scenario.currencies or name in scenario.bonds:
            continue
        shift = float(np.expm1(market.log_prices[path, day, k]))
        _add(SubElement(group, "EquitySpot", equity=name), RELATIVE, ShiftSize=_told(shift))
    _append(test, group)


def _pairs(market: Market) -> dict[int, str]:
    """Other currencies against that of the result: units of the second for one of the first."""
    base = market.currencies[market.base]
    return {c: f"{name}{base}" for c, name in enumerate(market.currencies) if c != market.base}


def _add(entry: Element, shift_type: str, **told: str) -> None:
    """Children of an entry in the order of the schema."""
    for name, text in {"ShiftType": shift_type, **told}.items():
        SubElement(entry, name).text = text


def _append(test: Element, group: Element) -> None:
    if len(group):
        test.append(group)


def _listed(values: Array | list[float]) -> str:
    return ",".join(map(_told, values))


def _told(value: float) -> str:
    return f"{float(value):.12g}"
