"""Simulated shocks as a stresstest.xml: its structure, and its numbers against the market's."""

import re
from xml.etree import ElementTree

import numpy as np
import pytest

from abm.stress.ore import stress_tests
from tests.stress.toy import AUD, HIKE, NAMES, YEN, market, outcome, portfolio

# Of each group: its entries, their attribute, and their children in order, as the schema of
# OpenSourceRisk/Engine (xsd/stress.xsd, xsd/sensitivity.xsd) has them.
SHIFT, CURVE = ("ShiftType", "ShiftSize"), ("ShiftType", "Shifts", "ShiftTenors")
SCHEMA = {
    "DiscountCurves": ("DiscountCurve", "ccy", CURVE),
    "FxSpots": ("FxSpot", "ccypair", SHIFT),
    "FxVolatilities": ("FxVolatility", "ccypair", ("ShiftType", "Shifts", "ShiftExpiries")),
    "EquitySpots": ("EquitySpot", "equity", SHIFT),
}
IN_SCHEMA = {  # each at most once in a StressTest, in any order
    "ParShifts", "IndexCurves", "YieldCurves", "SwaptionVolatilities", "CapFloorVolatilities",
    "EquityVolatilities", "CommodityCurves", "CommodityVolatilities", "SecuritySpreads",
    "RecoveryRates", "SurvivalProbabilities", *SCHEMA,
}  # fmt: skip
NAMES_OF = {"ccy": r"[A-Z]{3}", "ccypair": r"[A-Z]{6}", "equity": r"\w+"}


def read_back(text):
    """StressTests by id: of each group its entries by name, their values by element."""
    root = ElementTree.fromstring(text)
    assert root.tag == "StressTesting" and {test.tag for test in root} == {"StressTest"}
    found = {}
    for test in root:
        assert set(test.attrib) == {"id"} and test.get("id") not in found
        groups = [group.tag for group in test]
        assert set(groups) <= IN_SCHEMA and len(set(groups)) == len(groups)
        found[test.get("id")] = {group.tag: entries_of(group) for group in test}
    return found


def entries_of(group):
    entry, attribute, children = SCHEMA[group.tag]
    found = {}
    for one in group:
        assert one.tag == entry and set(one.attrib) == {attribute}
        assert re.fullmatch(NAMES_OF[attribute], one.get(attribute))
        assert tuple(child.tag for child in one) == children
        texts = {child.tag: child.text for child in one}
        assert texts.pop("ShiftType") in ("Relative", "Absolute")
        lists = {name: text.split(",") for name, text in texts.items()}
        assert len({len(values) for values in lists.values()}) == 1
        for name in lists.keys() & {"ShiftTenors", "ShiftExpiries"}:
            assert all(re.fullmatch(r"[1-9]\d*[DWMY]", text) for text in lists[name])
        found[one.get(attribute)] = lists
    assert found
    return found


def test_a_path_is_a_stress_test_with_its_own_moves():
    made = market()
    (test,) = read_back(stress_tests({"one": 7}, 4, made)).values()
    assert set(test["FxSpots"]) == {"JPYUSD", "AUDUSD", "MXNUSD"}
    for k, pair in ((YEN, "JPYUSD"), (AUD, "AUDUSD")):
        shift = float(test["FxSpots"][pair]["ShiftSize"][0])
        assert shift == pytest.approx(np.expm1(made.log_prices[7, 4, k]), rel=1e-10)
    assert set(test["EquitySpots"]) == {"SPX", "HY", "EM", "NKY"}
    spx = float(test["EquitySpots"]["SPX"]["ShiftSize"][0])
    assert spx == pytest.approx(np.expm1(made.log_prices[7, 4, NAMES.index("SPX")]))
    assert set(test["DiscountCurves"]) == {"JPY", "USD"}  # those with a bond
    short, long = map(float, test["DiscountCurves"]["JPY"]["Shifts"])
    assert short == pytest.approx(0.005)  # the toy's hike
    assert long == pytest.approx(-made.log_prices[7, 4, NAMES.index("JGB")] / 9.0)
    assert test["DiscountCurves"]["JPY"]["ShiftTenors"] == ["1M", "108M"]


def test_pairs_are_quoted_against_the_currency_of_the_result():
    made = market(base="JPY")
    (test,) = read_back(stress_tests({"one": 0}, 6, made)).values()
    assert set(test["FxSpots"]) == {"USDJPY", "AUDJPY", "MXNJPY"}
    shift = float(test["FxSpots"]["USDJPY"]["ShiftSize"][0])
    assert shift == pytest.approx(np.expm1(-made.log_prices[0, 6, YEN]))


def test_implied_volatility_rises_most_where_it_ends_first():
    made = market()
    made.variance[:, 5] *= 4.0
    (test,) = read_back(stress_tests({"one": 0}, 5, made)).values()
    shifts = list(map(float, test["FxVolatilities"]["JPYUSD"]["Shifts"]))
    assert shifts == sorted(shifts, reverse=True) and shifts[-1] > 0.0


def test_the_worst_five_the_value_at_risk_and_the_median_are_written():
    found = outcome(portfolio({"instrument": "SPX", "market_value": 1e6}), market())
    tests = read_back(found.ore_stress_tests)
    profits = dict(zip(found.market.replicates, found.profits[:, -1], strict=True))
    written = [name.rsplit("-replicate-", 1) for name in tests]
    of = {name: int(rest.removesuffix("-day-6")) for name, rest in written}
    worst = found.worst["replicate"].tolist()
    assert [of.pop(f"worst-{rank}") for rank in range(1, 6)] == worst
    risk = found.risk[(found.risk["horizon"] == 6) & (found.risk["level"] == 0.975)]
    assert -profits[of["var-97.5"]] == risk["var"].item()
    assert profits[of["median"]] == np.sort(found.profits[:, -1])[19]
    assert list(of) == ["var-97.5", "median"]


def test_scenarios_without_a_bond_have_no_curves(monkeypatch):
    monkeypatch.setattr("abm.stress.ore.bonds_in", lambda *_: {})
    (test,) = read_back(stress_tests({"one": 0}, 1, market())).values()
    assert set(test) == {"FxSpots", "FxVolatilities", "EquitySpots"}
    assert HIKE.bonds
