"""Limit cases: nothing happens, no fund borrows, only the market makers trade."""

import numpy as np
import pytest

from abm.kernels.state import HEDGE_FUND, TREND, VOLATILITY_TARGET
from abm.population.world import build_world
from tests.engine.worlds import (
    JPY,
    held_estimates,
    pass_days,
    quiet,
    rows_of,
    scenario,
)

DESK = {
    "kind": "carry",
    "capital_share": 0.02,
    "leverage": 4.0,
    "yen_share": 1.0,
    "weights": {"AUD": 0.3, "UST": 0.3},
}
NO_YIELDS = {
    f"instruments__{k}__yield_per_year": 0.0
    for k in ["AUD", "MXN", "UST", "SPX", "HY", "EM", "NKY", "JGB"]
}
NO_YIELDS |= {"rates__funding_per_year": 0.0, "rates__usd_per_year": 0.0}
NO_YIELDS |= {"funding__basis_per_year": 0.0, "banks__spread_per_year": 0.0}


@pytest.mark.parametrize("base", ["calm", "august-2024"])
@pytest.mark.parametrize("seed", [0, 1])
def test_at_the_opening_books_no_institution_wants_to_trade(base, seed):
    # every group holds what its own rule asks for: excess demand is zero in every market
    desk = {"banks__desk": DESK} if base == "calm" else {}
    world = quiet(build_world(scenario(base, population__scale=1.0, **desk), seed))
    before = world.books.units.copy()
    pass_days(world, 1)
    assert abs(world.market.log_price).max() < 1e-12
    assert world.record.days["volume_usd_bn"][0] < 1e-9
    np.testing.assert_allclose(world.books.units, before, atol=1e-10)


@pytest.mark.parametrize("yields", [NO_YIELDS, {}], ids=["no yields", "yields"])
def test_without_noise_and_with_estimates_held_no_order_is_ever_sent(yields):
    # trend filters open at zero, as nothing moves that could hold them elsewhere
    change = {"trend__opening_signal": {}, "calendar__days": 50}
    world = build_world(scenario("calm", banks__desk=DESK, **change | yields), 2)
    world = held_estimates(quiet(world, interest=bool(yields)))
    pass_days(world, 50)
    assert world.record.days["volume_usd_bn"].max() < 1e-9
    assert abs(world.record.log_prices).max() < 1e-12


def unlevered(**changes):
    """Every group at leverage 1, hedges and trend off; retail FX, short of yen by trade, is out."""
    return scenario(
        "hike", "funds risk_parity volatility_target retail_equity insurers",
        funds__leverage_cap=1.0,
        risk_parity__leverage_cap=1.0, risk_parity__tilt={"UST": 1.3, "SPX": 1.0, "HY": 0.8},
        risk_parity__yen_share=0.5,
        volatility_target__leverage_cap=1.0, volatility_target__weights={"SPX": 1.0},
        retail_equity__leverage=1.0,
        retail_equity__leverage_dispersion=0.0, insurers__hedge_share=0.0,
        insurers__hedge_per_yen_rise=0.0, calendar__days=60,
        **changes,
    )  # fmt: skip


@pytest.mark.parametrize("surprise_bp", [0.0, 50.0, 150.0])
def test_no_leverage_means_no_yen_loan_and_no_cascade(surprise_bp):
    world = build_world(unlevered(shock__surprise_bp=surprise_bp), 3)
    for day in range(60):
        pass_days(world, 1, day)
        assert world.books.units[JPY].min() > -1e-9
    days = world.record.days
    assert days["n_margin_calls"].sum() == days["n_loss_cuts"].sum() == 0.0
    assert world.record.forced_usd_bn.sum() == 0.0


def test_leverage_is_what_makes_the_cascade():
    # the same shock, the only change the cap on hedge funds
    falls = [
        pass_days(build_world(scenario(shock__surprise_bp=150.0, funds__leverage_cap=cap), 3), 12)
        .record.forced_usd_bn[:, HEDGE_FUND]
        .sum()
        for cap in (1.0, 10.0)
    ]
    assert falls[0] == 0.0 and falls[1] > 10.0


@pytest.mark.parametrize("base", ["hike", "august-2024"])
def test_when_all_are_silent_prices_move_by_the_news_and_there_are_no_trades(base):
    change = {"policy__mof": {"kind": "none"}} if base == "august-2024" else {}
    # bonds follow shares, appetite losses; hedgers are in the market like dealers
    change |= {"bonds": {}, "risk_appetite": {"kind": "none"}, "option_hedgers": {"kind": "none"}}
    world = build_world(scenario(base, calendar__shock_day=0, **change), 6, no_trade=True)
    units = world.books.units.copy()
    script = world.script._replace(accrual_days=0.0 * world.script.accrual_days)
    world = world._replace(script=script)
    n_days = world.n_days
    pass_days(world, n_days)
    news = (world.chance.news + script.news).cumsum(axis=0)
    own = [k for k in range(9) if k != 7]  # the Nikkei follows others
    np.testing.assert_allclose(world.record.log_prices[:, own], news[:, own], rtol=0, atol=1e-6)
    np.testing.assert_allclose(world.record.log_prices, world.record.fundamentals, atol=1e-6)
    assert (world.books.units == units).all() and abs(news[:, JPY]).max() > 0.002
    assert world.record.days["volume_usd_bn"].max() == 0.0


def test_the_frozen_run_goes_on_from_the_same_morning():
    # before the shock day the run with positions frozen is the run itself, after it no fund trades
    change = {"calendar__shock_day": 5, "shock__surprise_bp": 80.0}
    run, frozen = (build_world(scenario(**change), 6, no_trade=s) for s in (False, True))
    pass_days(run, 12), pass_days(frozen, 12)
    assert (run.record.log_prices[:5] == frozen.record.log_prices[:5]).all()
    assert (frozen.record.days["volume_usd_bn"][5:] == 0.0).all()
    assert run.record.log_prices[-1, JPY] > frozen.record.log_prices[-1, JPY] + 0.01


def test_rule_followers_hold_no_naked_currency():
    # what volatility targets and trend followers owe in yen is what they own of yen assets
    world = build_world(scenario("calm"), 1)
    for i in (*rows_of(world, VOLATILITY_TARGET), *rows_of(world, TREND)):
        hedge = -world.books.units[7, i]
        if i in rows_of(world, VOLATILITY_TARGET):
            assert world.books.units[JPY, i] == pytest.approx(hedge)
        else:
            assert world.books.units[JPY, i] < hedge  # short of yen by its signal, on top


def test_one_number_deepens_every_market():
    plain, deep = (
        build_world(scenario("hike", liquidity__depth_multiple=m), 1) for m in (1.0, 2.5)
    )
    for who in ("value_investors", "dealers"):
        depths = [getattr(world.rules, who).depth for world in (plain, deep)]
        assert depths[1] == pytest.approx(2.5 * depths[0], rel=1e-15)
    assert deep.market.dealer_depth == pytest.approx(2.5 * plain.market.dealer_depth, rel=1e-15)
