"""Fire sales in rounds: the impact of sales, the rule that forces them, and the cascade."""

import json
import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import abm.literature.cont_schaanning as cont_schaanning
from abm.errors import InvalidInput
from abm.literature.cont_schaanning import (
    MARKET,
    PAPER,
    THREE_BANKS,
    TWO_BANKS,
    Banks,
    Market,
    first_to_sell,
    hit,
    market_depth,
    prices_after,
    sell_in_rounds,
    share_to_sell,
)

REFERENCE = json.loads((Path(__file__).parents[1] / "reference/cont_schaanning.json").read_text())
ONE = Market(np.array([2000.0]), 0.5)


@pytest.fixture(scope="module")
def findings():
    return PAPER.findings(quick=True)


def read(given) -> tuple[Banks, Market]:
    """Banks and market of a case of the independent program."""
    arrays = (np.array(given[name], float) for name in ("Theta", "Pi", "C"))
    banks = Banks(*arrays, given["lam_max"], given["lam_b"])
    return banks, Market(np.array(given["D"], float), given["Bf"])


@pytest.mark.parametrize("case", REFERENCE["cases"], ids=lambda c: c["name"])
def test_an_independent_program_finds_the_same_rounds(case):
    given, expected = case["inputs"], case["expected"]
    banks, market = read(given)
    rounds = sell_in_rounds(hit(banks, given["eps_ill"]), market)
    assert len(rounds) == expected["n_rounds"]
    for found, round_ in zip(rounds, expected["rounds"], strict=True):
        names = {"capital": "equity"} | {n: n for n in ("gamma", "volume", "psi", "price", "loss")}
        for name, theirs in {**names, "marketable": "marketable"}.items():
            assert getattr(found, name) == pytest.approx(np.array(round_[theirs]), rel=1e-10), name
    lost = sum(r.loss.sum() for r in rounds)
    assert lost == pytest.approx(expected["fire_sale_loss"], rel=1e-10, abs=0.0)


@pytest.mark.parametrize("point", REFERENCE["impact_function"]["points"], ids=lambda p: str(p["q"]))
def test_sales_move_the_price_as_an_independent_program_says(point):
    after = prices_after(np.array([float(point["q"])]), np.array([1.0]), ONE)
    assert 1.0 - after[0] == pytest.approx(point["psi"], rel=1e-10, abs=1e-14)


def test_depth_grows_with_the_root_of_the_days_one_has():
    example = REFERENCE["depth_example"]
    found = market_depth(example["ADV"], example["sigma_daily"], example["tau_days"], example["c"])
    assert found == pytest.approx(example["D"], rel=1e-14)
    assert market_depth(10.0, 0.1, 4.0, 1.0) == pytest.approx(200.0)  # by hand


def psi(volume: float, price: float, depth: float, floor: float) -> float:
    """The formula of the paper."""
    return (1 - floor / price) * (1 - math.exp(-volume / (depth * (1 - floor))))


volumes, floors = st.floats(0.0, 2e4), st.floats(0.05, 0.95)


@given(volumes, st.floats(10.0, 1e4), floors, st.floats(1e-3, 1.0))
def test_the_market_inverts_the_formula_of_the_paper(volume, depth, floor, room):
    price = floor + room * (1.0 - floor)
    after = prices_after(np.array([volume]), np.array([price]), Market(np.array([depth]), floor))
    assert 1.0 - after[0] / price == pytest.approx(psi(volume, price, depth, floor), abs=2e-8)
    assert floor <= after[0] <= price * (1.0 + 1e-15)  # to rounding


@given(st.floats(0.1, 4e3), st.floats(0.0, 1.0))
def test_selling_in_two_steps_is_selling_at_once(volume, share):
    first = prices_after(np.array([share * volume]), np.array([1.0]), ONE)
    second = prices_after(np.array([(1.0 - share) * volume]), first, ONE)
    assert second == pytest.approx(prices_after(np.array([volume]), np.array([1.0]), ONE), abs=1e-9)


def test_a_bank_sells_what_brings_it_back_to_its_buffer():
    # 582 + 360 on capital 22: sells (942 - 31.35 x 22)/360 of what it can sell
    gamma = share_to_sell(hit(THREE_BANKS, 0.03))
    assert gamma[0] == pytest.approx((942 - 31.35 * 22) / 360, rel=1e-14)
    spent = THREE_BANKS._replace(capital=np.array([0.0, -1.0, 1.0]))
    assert share_to_sell(spent).tolist() == [1.0, 1.0, 1.0]  # without capital, or with too little


def test_no_bank_sells_up_to_the_threshold_by_hand_and_one_does_just_above():
    # bank 1: 960 - 600 e = 33 (40 - 600 e), the largest loss that leaves leverage at 33
    edge = first_to_sell(THREE_BANKS)
    assert edge == pytest.approx(360 / (32 * 600))
    assert sell_in_rounds(hit(THREE_BANKS, edge * (1 - 1e-9)), MARKET) == []
    assert share_to_sell(hit(THREE_BANKS, edge * (1 + 1e-9))).max() > 0.0


@given(st.floats(0.0, 0.06), st.floats(1.0, 5.0))
def test_a_deeper_market_never_loses_more(shock, deeper):
    def lost(market):
        return sum(float(r.loss.sum()) for r in sell_in_rounds(hit(TWO_BANKS, shock), market))

    assert lost(MARKET._replace(depth=deeper * MARKET.depth)) <= lost(MARKET) + 1e-6


def test_what_banks_lose_is_what_their_sales_take_off_the_price():
    """Of what is kept all of the fall, of what is sold half of it; by bank and by asset."""
    banks = hit(THREE_BANKS, 0.03)
    first = sell_in_rounds(banks, MARKET)[0]
    falls = (banks.marketable.sum(axis=0) - 0.5 * first.volume) @ first.psi
    assert first.loss.sum() == pytest.approx(falls)


@pytest.mark.parametrize(
    ("volume", "market", "message"),
    [
        ([-1.0], ONE, "volume must not be negative"),
        ([math.nan], ONE, "volume must not be negative"),
        ([1.0], ONE._replace(depth=np.array([0.0])), "depth must be positive"),
        ([1.0], ONE._replace(floor=1.0), "floor must be between 0 and 1, 1.0 given"),
        ([-1.0], ONE._replace(floor=0.0), "volume .* floor"),
    ],
)
def test_what_is_no_sale_is_refused(volume, market, message):
    with pytest.raises(InvalidInput, match=message):
        prices_after(np.array(volume), np.array([1.0]), market)


def test_what_are_no_banks_is_refused_all_faults_at_once():
    with pytest.raises(InvalidInput, match=r"illiquid.*capital.*leverage_buffer = 40"):
        sell_in_rounds(
            TWO_BANKS._replace(
                illiquid=np.array([-1.0, 1.0]), capital=np.array([np.nan, 1.0]), leverage_buffer=40
            ),
            MARKET,
        )
    with pytest.raises(InvalidInput, match="a row for each of 2 banks"):
        sell_in_rounds(TWO_BANKS._replace(illiquid=np.array([1.0])), MARKET)


def test_what_is_no_depth_is_refused_all_faults_at_once():
    with pytest.raises(InvalidInput, match=r"volatility = 0.0.*days = -1"):
        market_depth(1e10, 0.0, -1, 0.25)


def test_every_number_of_the_paper_agrees(findings):
    lines = PAPER.compare(findings)
    assert [line.quantity for line in lines if not line.agrees] == [] and 4 <= len(lines) <= 25


def test_without_the_market_there_is_nothing_to_find(monkeypatch):
    def closed(problem):
        raise RuntimeError("closed")

    monkeypatch.setattr(cont_schaanning, "clear_market", closed)
    with pytest.raises(RuntimeError, match="closed"):
        PAPER.findings(quick=True)


def test_the_figure_says_what_was_found(findings):
    assert "4.2 times" in PAPER.figure(findings).texts[0].get_text()
