"""Clearing against systems whose prices were found by following the flow in small steps."""

import json
import math
from pathlib import Path

import pytest

from abm.market import ClearingProblem, clear_market

REFERENCE = Path(__file__).parents[2] / "reference"
MANY = json.loads((REFERENCE / "clearing.json").read_text())
ONE = json.loads((REFERENCE / "clearing_one_asset.json").read_text())
CASES = {case["name"]: case for case in MANY["cases"] + ONE["cases"]}
FOLDS = ONE["critical_shock"]["values"]
FIELDS = tuple(ClearingProblem.__dataclass_fields__)[:-2]


def problem_of(case: dict, **changes) -> ClearingProblem:
    """The clearing problem of a reference case, some fields replaced."""
    return ClearingProblem(**{name: case[name] for name in FIELDS} | changes)


@pytest.mark.parametrize("name", CASES)
def test_a_reference_system_clears_where_the_flow_comes_to_rest(name):
    expected = CASES[name]["expected"]
    found = clear_market(problem_of(CASES[name]))
    assert found.status == expected["status"]
    assert found.log_prices == pytest.approx(expected["log_prices"], rel=0, abs=1e-8)
    if expected["feedback_gain"] is None:
        assert math.isnan(found.feedback_gain)
    else:
        assert found.feedback_gain == pytest.approx(expected["feedback_gain"], abs=1e-6)


@pytest.mark.parametrize("name", [c["name"] for c in MANY["cases"] if c["kind"] == "limit"])
def test_what_cannot_trade_at_a_limit_is_the_reference_excess(name):
    expected = CASES[name]["expected"]
    found = clear_market(problem_of(CASES[name]))
    assert found.excess == pytest.approx(expected["excess"], rel=1e-8, abs=1e-7)


def one_asset(depth: float, fundamental: float) -> float:
    """Price of the one leveraged fund of the reference file, from the opening price."""
    case = CASES["balance_at_rest_depth_1000"]
    found = clear_market(problem_of(case, value_depth=[depth], fundamental=[fundamental]))
    assert found.status == "cleared"
    return float(found.log_prices[0])


@pytest.mark.parametrize("fold", FOLDS, ids=lambda fold: str(fold["value_depth"]))
def test_the_market_breaks_at_the_critical_shock_of_theory(fold):
    """f* = 1 - 400/Lam + log(400/Lam): short of it the price holds, beyond it it falls."""
    depth, shock = fold["value_depth"], fold["critical_fundamental"]
    inside = one_asset(depth, shock * (1 - 1e-3))
    beyond = one_asset(depth, shock * (1 + 1e-3))
    # Next to a fold the price lies a root of the distance away from it.
    curvature_bound = 3 * math.sqrt(1e-3 * abs(shock))
    assert abs(inside - fold["fold_log_price"]) < curvature_bound
    assert inside > fold["fold_log_price"]
    assert beyond == pytest.approx(shock * (1 + 1e-3) - 100.0 / depth, abs=1e-8)


def test_beyond_ten_millionths_of_the_fold_the_side_is_still_right():
    depth, shock = FOLDS[5]["value_depth"], FOLDS[5]["critical_fundamental"]
    assert one_asset(depth, shock * (1 - 1e-5)) > FOLDS[5]["fold_log_price"]
    assert one_asset(depth, shock * (1 + 1e-5)) < -0.2
