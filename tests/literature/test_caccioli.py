"""Overlapping portfolios: one network by hand, many against plain loops, contagion in draws."""

import json
import math
from pathlib import Path

import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given, settings
from hypothesis import strategies as st

import abm.literature.caccioli as caccioli
from abm.errors import InvalidInput
from abm.literature.caccioli import (
    ALPHA,
    PAPER,
    REFERENCES,
    Networks,
    draw,
    failures,
    networks,
    prices_after,
)

REFERENCE = json.loads((Path(__file__).parents[1] / "reference" / "caccioli.json").read_text())


@pytest.fixture(scope="module")
def findings():
    return PAPER.findings(quick=True)


def network(holdings, asset=0, bank=0) -> Networks:
    return Networks(sp.csr_array(np.array(holdings)), np.array([asset]), np.array([bank]))


def failed_plainly(holdings, equity, push, place):
    """The paper in plain loops: prices from the formula, bank by bank."""
    n, m = len(holdings), len(holdings[0])
    prices = [0.65 if push == "asset" and k == place else 1.0 for k in range(m)]
    failed = {place} if push == "bank" else set()
    while True:
        now = []
        for k in range(m):
            issued = math.fsum(holdings[i][k] for i in range(n))
            sold = math.fsum(holdings[i][k] for i in failed)
            now.append(prices[k] * math.exp(-ALPHA * sold / issued) if issued else prices[k])
        losses = [sum(h * (1 - p) for h, p in zip(row, now, strict=True)) for row in holdings]
        new = {i for i in range(n) if losses[i] > equity * (1 + 1e-12)} - failed
        if not new:
            return sorted(failed)
        failed |= new


def test_the_points_compared_are_those_of_the_independent_program():
    for point, ours in zip(REFERENCE["mc"], REFERENCES, strict=True):
        assert (point["leverage"], point["mu"]) == (ours.leverage, ours.degree)
        for k, push in enumerate(("asset_shock", "bank_shock")):
            assert ours.frequency[k] == pytest.approx(point[push]["freq"], rel=1e-12)
            assert ours.extent[k] == pytest.approx(point[push]["extent"], rel=1e-12)


def test_a_tenth_sold_is_a_tenth_off_the_price():
    after = prices_after(np.array([10.0, 0.0]), np.array([100.0, 50.0]), np.array([1.0, 0.65]))
    assert after[0] == pytest.approx(math.exp(-0.10536), rel=1e-12) and after[1] == 0.65
    assert after[0] == pytest.approx(0.9, abs=1e-4)


def test_one_fall_brings_down_who_holds_one_asset_and_then_who_shares_it():
    """Asset 1 falls by 0.35: bank 1 loses 0.28. It sells two thirds of asset 1, which is then at
    0.65 exp(-0.7024) = 0.322, and bank 2 loses 0.271. Half of asset 2 sold costs bank 3 0.164."""
    drawn = network([[0.8, 0.0, 0.0], [0.4, 0.4, 0.0], [0.0, 0.4, 0.4]])
    assert failures(drawn, 6.2, "asset").tolist() == [True, True, True]  # 1/6.2 = 0.161
    assert failures(drawn, 6.0, "asset").tolist() == [True, True, False]  # 1/6 = 0.167
    assert failures(drawn, 3.6, "asset").tolist() == [True, False, False]  # 1/3.6 = 0.278
    assert failures(drawn, 3.5, "asset").tolist() == [False, False, False]  # 1/3.5 = 0.286


def test_a_loss_of_all_equity_to_the_last_digit_is_no_failure():
    """Seven assets, one of which falls by 0.35: 0.8/7 x 0.35 = 0.04 = 1/25."""
    drawn = network([[0.8 / 7] * 7])
    assert not failures(drawn, 25.0, "asset").any() and failures(drawn, 25.1, "asset").all()


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**32 - 1), st.sampled_from([3.0, 6.0, 10.0, 20.0]))
def test_small_networks_fail_as_plain_loops_say(seed, leverage):
    rng = np.random.default_rng(seed)
    n, m = (int(x) for x in rng.integers(2, 9, 2))
    held = rng.random((n, m)) < 0.4
    holdings = 0.8 * held / np.maximum(held.sum(axis=1), 1)[:, None]
    for push, place in (("asset", int(rng.integers(m))), ("bank", int(rng.integers(n)))):
        drawn = network(holdings, asset=place % m, bank=place % n)
        found = np.flatnonzero(failures(drawn, leverage, push)).tolist()
        assert found == failed_plainly(holdings.tolist(), 1.0 / leverage, push, place)


def test_networks_side_by_side_fail_as_each_alone():
    draws = [draw(seed) for seed in range(4)]
    for push in ("asset", "bank"):
        together = failures(networks(draws, 3.0), 10.0, push).reshape(4, -1)
        alone = [failures(networks([each], 3.0), 10.0, push) for each in draws]
        assert (together == np.array(alone)).all()


def test_more_leverage_never_saves_a_bank():
    drawn = networks([draw(seed) for seed in range(5)], 3.0)
    for push in ("asset", "bank"):
        few, many = failures(drawn, 10.0, push), failures(drawn, 15.0, push)
        assert (few <= many).all()


def test_portfolios_are_four_fifths_of_assets_in_equal_parts_and_of_the_degree_drawn():
    drawn = networks([draw(seed) for seed in range(10)], 6.0)
    n_held = np.diff(drawn.holdings.indptr)
    assert n_held.mean() == pytest.approx(6.0, abs=4 * math.sqrt(6.0 / 2000))
    invested = drawn.holdings.sum(axis=1)
    assert invested[n_held > 0] == pytest.approx(0.8) and (invested[n_held == 0] == 0.0).all()


def test_without_holdings_only_the_bank_pushed_fails():
    drawn = networks([draw(0)], 0.0)
    assert failures(drawn, 25.0, "bank").sum() == 1 and failures(drawn, 25.0, "asset").sum() == 0


def test_contagion_is_more_than_a_twentieth_and_its_extent_the_mean_where_it_came():
    found = caccioli._frequency_and_extent(np.array([0.0, 0.05, 0.055, 1.0]))
    assert found[:3] == (4, 2, 0.5) and found[3] == pytest.approx(0.5275)
    assert found[4] == pytest.approx(0.945 / math.sqrt(2.0))
    assert caccioli._frequency_and_extent(np.array([0.05]))[1:] == (0, 0.0, 0.0, 0.0)


def test_chance_has_a_seed():
    one, same, other = draw(3), draw(3), draw(4)
    assert (one.links == same.links).all() and one[1:] == same[1:]
    assert (one.links != other.links).any()


def test_every_number_of_the_paper_agrees(findings):
    lines = PAPER.compare(findings)
    assert [line.quantity for line in lines if not line.agrees] == [] and len(lines) > 12


def test_contagion_has_a_window_and_leverage_widens_it(findings):
    table = findings[findings["push"] == "asset"].set_index(["leverage", "degree"])["frequency"]
    assert table[20, 1] < table[20, 2] > table[20, 20]
    assert (table[25] >= table[20].reindex(table[25].index, fill_value=0.0)).all()


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: networks([draw(0)], -1.0), "degree = -1.0, must be from 0 to 200"),
        (lambda: networks([draw(0)], math.nan), "degree = nan"),
        (lambda: networks([], 1.0), "no draws"),
        (lambda: failures(network([[0.8]]), 0.5, "asset"), "leverage = 0.5"),
        (lambda: failures(network([[0.8]]), 10.0, "rumour"), "push = 'rumour'.*asset, bank"),
    ],
)
def test_bad_input_is_refused_with_what_was_given(call, message):
    with pytest.raises(InvalidInput, match=message):
        call()


def test_without_the_market_there_is_nothing_to_find(monkeypatch):
    def closed(problem):
        raise RuntimeError("closed")

    monkeypatch.setattr(caccioli, "clear_apart", closed)
    with pytest.raises(RuntimeError, match="closed"):
        PAPER.findings(quick=True)


def test_the_figure_says_how_many_draws(findings):
    assert "seeds 0 to 39, 40 draws" in PAPER.figure(findings).texts[1].get_text()
