"""One round of clearing on plain arrays: what must hold in any market."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from abm.errors import InvalidInput, UnwindError
from abm.market import ClearingProblem, clear_apart, clear_market


def fund(**changes) -> ClearingProblem:
    """A fund that holds 100 units of one asset on wealth 20, at rest; some fields replaced."""
    plain = {
        "holdings": [[100.0]], "cash": [-80.0], "targets": [[5.0]], "speed": [1.0],
        "orders": [[0.0]], "resident": [0], "quote": [-1], "value_held_open": [0.0],
        "value_held": [0.0], "dealer_held": [0.0], "value_depth": [1000.0],
        "value_capacity": [0.5], "value_speed": [1.0], "fundamental": [0.0],
        "dealer_depth": [0.0], "dealer_reference": [0.0], "external": [0.0],
        "lower": [-0.3], "upper": [0.3], "start": [0.0],
    }  # fmt: skip
    return ClearingProblem(**plain | changes)


def two_currencies(rng: np.random.Generator, n: int = 6) -> dict:
    """Arrays of a market of two currencies and two assets, one of them quoted in a currency."""
    k = 4
    return {
        "holdings": rng.normal(2, 1, (n, k)), "cash": rng.uniform(1, 10, n),
        "targets": rng.normal(0.4, 0.4, (n, k)), "speed": rng.uniform(0, 1, n),
        "orders": rng.normal(0, 0.3, (n, k)), "resident": np.zeros(n), "quote": [-1, -1, -1, 0],
        "value_held_open": np.zeros(k), "value_held": np.zeros(k), "dealer_held": np.zeros(k),
        "value_depth": rng.uniform(80, 200, k), "value_capacity": np.full(k, 0.3),
        "value_speed": np.full(k, 0.7), "fundamental": rng.normal(0, 0.02, k),
        "dealer_depth": rng.uniform(5, 50, k), "dealer_reference": np.zeros(k),
        "external": rng.normal(0, 2, k), "lower": np.full(k, -0.2), "upper": np.full(k, 0.2),
        "start": np.zeros(k),
    }  # fmt: skip


def test_a_market_at_rest_stays():
    found = clear_market(fund())
    assert found.log_prices[0] == 0.0 and found.status == "cleared"
    assert found.feedback_gain == pytest.approx(0.4)  # 5 x 4 x 20 / 1000


def test_without_leverage_a_sale_moves_the_price_by_itself_over_depth():
    found = clear_market(fund(targets=[[1.0]], cash=[0.0], external=[-30.0], law="linear"))
    assert found.log_prices[0] == pytest.approx(-0.03, abs=1e-12)


def test_frozen_orders_do_not_feed_back():
    """At start = 0.01 the fund wants 5 W/X - 100 = 5 (100 - 80 e^-0.01) - 100 units more."""
    frozen = clear_market(fund(start=[0.01], law="linear", impact_mode="frozen"))
    order = 5 * (100 - 80 * math.exp(-0.01)) - 100
    assert frozen.log_prices[0] == pytest.approx(order / 1000, abs=1e-12)
    assert frozen.feedback_gain == pytest.approx(0.0, abs=1e-12)


def test_a_thin_leveraged_market_falls_to_its_limit():
    found = clear_market(fund(value_depth=[300.0], fundamental=[-0.01]))
    assert found.status == "limit" and found.log_prices[0] == -0.3
    assert found.excess[0] < 0 and math.isnan(found.feedback_gain)


@given(
    leverage=st.floats(1, 10),
    order=st.floats(-40, 40),
    depth=st.floats(50, 2000),
    deeper=st.floats(1, 3),
    law=st.sampled_from(["tanh", "linear", "cont-schaanning", "square-root"]),
)
def test_a_deeper_market_never_moves_further(leverage, order, depth, deeper, law):
    def move(value_depth: float) -> float:
        found = clear_market(
            fund(
                cash=[100.0 / leverage - 100.0], targets=[[leverage]], value_depth=[value_depth],
                external=[order], law=law, dealer_depth=[1.0],
            )
        )  # fmt: skip
        assert found.status != "failed"
        return abs(float(found.log_prices[0]))

    assert move(deeper * depth) <= move(depth) + 1e-9


def test_the_order_of_institutions_does_not_matter():
    rng = np.random.default_rng(0)
    for _ in range(20):
        arrays = two_currencies(rng)
        shuffled = rng.permutation(6)
        mixed = {
            name: np.asarray(array)[shuffled] if len(array) == 6 else array
            for name, array in arrays.items()
        }
        one, other = (clear_market(ClearingProblem(**x)) for x in (arrays, mixed))
        assert one.log_prices == pytest.approx(other.log_prices, rel=0, abs=1e-9)


def test_two_equal_halves_equal_the_whole():
    arrays = two_currencies(np.random.default_rng(1))
    halves = dict(arrays)
    for name in ("holdings", "cash", "orders"):
        halves[name] = np.concatenate([arrays[name] / 2, arrays[name] / 2])
    for name in ("targets", "speed", "resident"):
        halves[name] = np.concatenate([arrays[name], arrays[name]])
    one, other = (clear_market(ClearingProblem(**x)) for x in (arrays, halves))
    assert one.log_prices == pytest.approx(other.log_prices, rel=0, abs=1e-9)


def test_all_money_times_a_thousand_changes_no_price():
    arrays = two_currencies(np.random.default_rng(2))
    money = ("holdings", "cash", "orders", "value_depth", "dealer_depth", "external")
    rich = arrays | {name: arrays[name] * 1000.0 for name in money}
    one, other = (clear_market(ClearingProblem(**x)) for x in (arrays, rich))
    assert one.log_prices == pytest.approx(other.log_prices, rel=0, abs=1e-9)


def test_buying_a_foreign_asset_buys_its_currency():
    """An order for 10 units at a local price of 1 needs 10 units of the currency, at depth 500."""
    arrays = two_currencies(np.random.default_rng(3), n=1)
    quiet = {name: np.zeros_like(arrays[name]) for name in ("speed", "fundamental", "external")}
    arrays |= quiet | {"orders": np.array([[0.0, 0.0, 0.0, 10.0]]), "value_speed": np.ones(4)}
    arrays |= {"value_depth": np.full(4, 500.0), "dealer_depth": np.zeros(4), "law": "linear"}
    asset = clear_market(ClearingProblem(**arrays)).log_prices
    assert asset[3] == pytest.approx(10 / 500)
    assert asset[0] == pytest.approx(10 * math.exp(10 / 500) / 500)
    at_home = clear_market(ClearingProblem(**arrays | {"resident": [1]})).log_prices
    assert at_home[0] == 0.0 and at_home[3] == pytest.approx(10 / 500)


def test_laws_may_differ_by_instrument_and_none_leaves_the_dealers():
    arrays = two_currencies(np.random.default_rng(4))
    laws = ["tanh", "linear", "none", "square-root"]
    arrays |= {"lower": np.full(4, -1.0), "upper": np.full(4, 1.0)}
    found = clear_market(ClearingProblem(**arrays, law=laws))
    assert found.status == "cleared" and np.abs(found.excess).max() < 1e-6
    alone = fund(targets=[[1.0]], cash=[0.0], external=[-3.0], law="none", dealer_depth=[100.0])
    assert clear_market(alone).log_prices[0] == pytest.approx(-0.03)


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"cash": [math.nan]}, "cash"),
        ({"holdings": [[1.0, 2.0]]}, "holdings"),
        ({"holdings": "many"}, "holdings"),
        ({"value_capacity": [0.0]}, "value_capacity"),
        ({"value_depth": [0.0]}, "some depth is needed"),
        ({"value_depth": [1.0], "law": "none"}, "some depth is needed"),
        ({"lower": [0.1]}, "start"),
        ({"quote": [0]}, "quote"),
        ({"quote": [-1.5]}, "quote"),
        ({"speed": [1.5]}, "speed"),
        ({"speed": [10**400]}, "speed must be an array of numbers"),
        ({"law": "cubic"}, "law"),
        ({"law": ["tanh", "tanh"]}, "law"),
        ({"impact_mode": "later"}, "impact_mode"),
    ],
)
def test_what_is_no_market_is_refused_by_name(changes, named):
    with pytest.raises(InvalidInput, match=named) as refusal:
        fund(**changes)
    assert isinstance(refusal.value, UnwindError) and isinstance(refusal.value, ValueError)


def test_all_faults_are_told_at_once():
    with pytest.raises(InvalidInput) as refusal:
        fund(speed=[2.0], value_capacity=[-1.0], quote=[7])
    assert all(word in str(refusal.value) for word in ("speed", "value_capacity", "quote"))


def test_residents_with_assets_abroad_are_refused():
    arrays = two_currencies(np.random.default_rng(5)) | {"quote": [-1, -1, -1, 1]}
    with pytest.raises(InvalidInput, match="residents"):
        ClearingProblem(**arrays | {"resident": [1, 0, 0, 0, 0, 0]})


def test_a_problem_keeps_its_own_copy():
    cash = np.array([-80.0])
    problem = fund(cash=cash)
    cash[0] = 1e9
    assert problem.cash[0] == -80.0
    with pytest.raises(ValueError, match="read-only"):
        problem.cash[0] = 0.0


LAWS = ("tanh", "linear", "cont-schaanning", "square-root")


def sales(rng: np.random.Generator, n: int = 12) -> dict:
    """Arrays of a market of n assets in which three institutions order units."""
    arrays = two_currencies(rng, n=3)
    apart = {name: np.resize(arrays[name], n) for name, array in arrays.items() if len(array) == 4}
    by_holding = {name: np.resize(arrays[name], (3, n)) for name in ("holdings", "targets")}
    orders = {"orders": rng.normal(0.0, 5.0, (3, n)), "speed": np.zeros(3)}
    laws = {"law": list(np.resize(LAWS, n)), "quote": np.full(n, -1.0)}
    return arrays | apart | by_holding | orders | laws


@pytest.mark.parametrize("seed", range(5))
def test_assets_that_share_no_price_clear_one_by_one_as_together(seed):
    problem = ClearingProblem(**sales(np.random.default_rng(seed)))
    one_by_one, together = clear_apart(problem), clear_market(problem)
    assert one_by_one.log_prices == pytest.approx(together.log_prices, rel=0, abs=1e-9)
    assert one_by_one.feedback_gain == pytest.approx(together.feedback_gain, abs=1e-6)
    assert one_by_one.status == together.status


def test_one_asset_at_its_limit_is_told_and_leaves_the_others_alone():
    arrays = sales(np.random.default_rng(0))
    pushed = np.array(arrays["external"])
    pushed[7] = -1e6
    found = clear_apart(ClearingProblem(**arrays | {"external": pushed}))
    before = clear_apart(ClearingProblem(**arrays))
    assert found.status == "limit" and found.log_prices[7] == -0.2 and found.excess[7] < 0.0
    others = np.arange(12) != 7
    assert (found.log_prices[others] == before.log_prices[others]).all()


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"speed": [0.5, 0.0, 0.0]}, "speed must be 0, up to 0.5"),
        ({"quote": [-1] * 11 + [0]}, "quote"),
    ],
)
def test_assets_that_share_a_price_are_not_cleared_one_by_one(changes, named):
    problem = ClearingProblem(**sales(np.random.default_rng(0)) | changes)
    with pytest.raises(InvalidInput, match=named):
        clear_apart(problem)


@pytest.mark.parametrize("beside", [0.0, -30.0])
@pytest.mark.parametrize(
    ("depth", "capacity", "dealer_depth", "order"),
    [(4e6, 1e-4, 180.0, -140.0), (1e5, 1e-3, 0.1, -30.02), (1e5, 1e-3, 1.0, -30.2)],
)
def test_a_price_beyond_used_up_value_capital_is_found(
    depth, capacity, dealer_depth, order, beside
):
    """Value investors take at most speed x depth x capacity; dealers alone take what is left.

    Prices creep there at a millionth of the distance a step, and an ordinary market beside it
    forbids longer ones: 100,000 steps did not do.
    """
    none, speed = [0.0, 0.0], [0.3, 0.3]
    problem = ClearingProblem(
        holdings=[none], targets=[none], orders=[[order, beside]], cash=[1e6], speed=[0.0],
        resident=[0], quote=[-1, -1], value_held_open=none, value_held=none,
        value_depth=[depth, 1e3], value_capacity=[capacity, 0.5], value_speed=speed,
        fundamental=none, dealer_held=none, dealer_depth=[dealer_depth, 300.0],
        dealer_reference=none, external=none, lower=[-0.5, -0.5], upper=[0.5, 0.5], start=none,
    )  # fmt: skip
    cleared = clear_market(problem)
    left = order + speed[0] * depth * capacity
    assert cleared.status == "cleared" and cleared.iterations < 20_000
    assert cleared.log_prices[0] == pytest.approx(left / dealer_depth, abs=1e-4)
    x = cleared.log_prices[1]
    assert beside == pytest.approx(300.0 * x + 0.3 * 1e3 * 0.5 * math.tanh(x / 0.5), abs=1e-6)
