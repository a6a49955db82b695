"""Order, splitting, the size of the currency unit and who runs it do not matter."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from abm.kernels.record import DAY_COLUMNS
from abm.kernels.state import RETAIL_FX
from abm.population.world import build_world
from abm.scenario.places import leaves
from tests.engine.worlds import pass_days, rearranged, same_fate, scenario

DESK = {
    "kind": "carry",
    "capital_share": 0.02,
    "leverage": 4.0,
    "yen_share": 1.0,
    "weights": {"AUD": 0.3, "UST": 0.3},
}
N_DAYS = 12


def shaken(seed=3, surprise_bp=80.0, **changes):
    """A world with every kind of institution, in a shock that calls some of them."""
    yen_books = {"risk_parity__yen_share": 0.3, "banks__desk": DESK, "population__scale": 0.5}
    yen_books |= {"companies__n": 8, "companies__debt_usd_bn": 60.0, "companies__rise_days": 5}
    yen_books |= {"trader": {"kind": "account", "leverage": 25.0}}
    changes = yen_books | {"shock__surprise_bp": surprise_bp} | changes
    return build_world(scenario(**changes), seed)


def shuffled_within_kinds(world, seed):
    """Rows in another order, kind by kind."""
    rng, first = np.random.default_rng(seed), world.rules.mandates.first_row
    kinds = [rng.permutation(np.arange(a, b)) for a, b in pairwise(first)]
    return np.concatenate(kinds)


@settings(max_examples=10)
@given(st.integers(0, 1000), st.sampled_from([30.0, 80.0, 150.0]))
def test_the_order_of_institutions_does_not_matter(seed, surprise_bp):
    usual = pass_days(shaken(seed, surprise_bp), N_DAYS)
    rows = shuffled_within_kinds(usual, seed)
    shuffled = pass_days(rearranged(shaken(seed, surprise_bp), rows), N_DAYS)
    same_fate(usual, shuffled)
    np.testing.assert_allclose(shuffled.books.wealth, usual.books.wealth[rows], rtol=1e-7)
    assert (shuffled.record.n_calls == usual.record.n_calls[rows]).all()


@pytest.mark.parametrize("surprise_bp", [0.0, 80.0, 150.0])
def test_two_identical_institutions_are_one_of_double_size(surprise_bp):
    # A bank has one desk, sized by its capital: two would be another bank.
    whole = shaken(surprise_bp=surprise_bp, banks__desk={"kind": "none"})
    halves = rearranged(whole, np.repeat(np.arange(len(whole.names)), 2), 0.5)
    same_fate(pass_days(whole, N_DAYS), pass_days(halves, N_DAYS))
    assert halves.record.n_calls.sum() == 2 * whole.record.n_calls.sum()
    short = whole.record.days["yen_short_units"]
    np.testing.assert_allclose(halves.record.days["yen_short_units"], short, rtol=1e-8)


def in_other_money(base, scale):
    """A scenario with every amount of money in it times a number."""
    small = scenario(base, calendar__days=45, banks__desk=DESK, risk_parity__yen_share=0.3)
    amounts = {leaf.key: scale * leaf.value for leaf in leaves(small) if "usd_bn" in leaf.key}
    return small.with_changes(amounts)


def test_all_money_times_ten_changes_no_price():
    # August 2024, its interventions and its shock included
    small, large = (build_world(in_other_money("august-2024", c), 5) for c in (1.0, 10.0))
    pass_days(small, 45), pass_days(large, 45)
    same_fate(small, large)
    for name in DAY_COLUMNS:
        if name.endswith("usd_bn"):
            one, ten = small.record.days[name], large.record.days[name]
            np.testing.assert_allclose(ten, 10.0 * one, rtol=1e-6, atol=1e-6)
    one, ten = small.record.forced_usd_bn, large.record.forced_usd_bn
    np.testing.assert_allclose(ten, 10.0 * one, rtol=1e-6, atol=1e-6)
    assert (large.record.n_calls == small.record.n_calls).all() and small.record.n_calls.sum() > 0
    assert small.record.forced_usd_bn[:, :RETAIL_FX].sum() > 1.0


def test_the_same_seed_gives_the_same_bytes_and_another_replicate_others():
    def path(seed, replicate):
        world = build_world(scenario(shock__surprise_bp=80.0), seed, replicate)
        return pass_days(world, N_DAYS).record.log_prices

    assert path(4, 0).tobytes() == path(4, 0).tobytes()
    assert abs(path(4, 1) - path(4, 0)).max() > 1e-3 < abs(path(5, 0) - path(4, 0)).max()


def test_a_market_is_cleared_as_closely_as_the_scenario_asks():
    rough = pass_days(build_world(scenario(clearing__tolerance=1e-5), 3), 12)
    fine = pass_days(build_world(scenario(clearing__tolerance=1e-12), 3), 12)
    assert fine.record.days["residual"].max() < 1e-12
    assert 1e-12 < rough.record.days["residual"].max() < 1e-5
    np.testing.assert_allclose(rough.record.log_prices, fine.record.log_prices, atol=1e-4)
    assert (rough.record.log_prices != fine.record.log_prices).any()
