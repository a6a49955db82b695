"""Numbers above zero have a least value that means something, and every number an end."""

import pytest

import abm
from abm.errors import ScenarioFaults
from abm.scenario import json_schema

HIKE = abm.load_scenario("hike")


def numbers(node, key=""):
    """Every number of the schema with the dotted place it stands at."""
    if isinstance(node, dict):
        if node.get("type") in ("number", "integer"):
            yield key, node
        for name, part in node.items():
            yield from numbers(part, f"{key}.{name}")
    elif isinstance(node, list):
        for part in node:
            yield from numbers(part, key)


def test_no_number_is_merely_above_zero_and_every_one_has_an_end():
    for key, about in numbers(json_schema()):
        is_day = key.endswith(".anyOf")  # an index, which the calendar ends, or a date
        if is_day or "enum" in about or key.endswith(".DrawnBrokers.properties.numbers.items"):
            continue  # the last are at most the number of banks
        assert "exclusiveMinimum" not in about, key
        assert "minimum" in about, key
        assert {"maximum", "exclusiveMaximum"} & set(about), key


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("banks.periphery_capital_usd_bn", 1e-300),
        ("banks.core_capital_usd_bn", 1e-300),
        ("instruments.JPY.value_depth_usd_bn", 1e-12),
        ("instruments.JPY.dealer_depth_usd_bn", 1e-12),
        ("liquidity.depth_multiple", 1e-300),
        ("liquidity.dealers.depth_floor", 1e-300),
        ("instruments.JPY.daily_limit_log", 1e-9),
        ("estimation.long_run_multiple", 1e-9),
        ("funds.var_limit", 1e-9),
        ("margin.rate_floor", 1e-9),
        ("trend.fast_days", 1e308),
        ("population.scale", 1e-300),
    ],
)
def test_what_divides_is_never_next_to_nothing(key, value):
    with pytest.raises(ScenarioFaults, match=r"must be from [0-9.e-]+ to [0-9.]+"):
        HIKE.with_changes({key: value})


def test_factors_of_capital_and_of_weights_are_numbers_of_this_world():
    for factor in (1e-300, 1e300):
        with pytest.raises(ScenarioFaults):
            HIKE.with_changes({"banks.core_capital_factors": [factor, 1.0, 1.0, 1.0]})
        with pytest.raises(ScenarioFaults):
            HIKE.with_changes({"risk_parity.tilt": {"UST": factor}})
