"""A market that no simulation made: three paths or more, a few days, known numbers."""

from dataclasses import replace

import numpy as np
import pandas as pd

import abm
from abm.stress.contracts import contracts_of
from abm.stress.exposures import exposures_of
from abm.stress.funding import carry_through
from abm.stress.loans import AS_IT_IS
from abm.stress.paths import Market
from abm.stress.portfolio import read_portfolio
from abm.stress.running import stressed

HIKE = abm.load_scenario("hike")
NAMES = HIKE.instrument_names
YEN, AUD, MXN, DOLLAR = range(4)
RATES = np.array([0.001, 0.0435, 0.108, 0.053])

# Half of dealers' calm depth in each market [USD bn per log].
DEPTH = np.array([part.dealer_depth_usd_bn for part in HIKE.instruments.values()]) / 2.0


def market(n=40, days=6, seed=1, base="USD", **changed) -> Market:
    """Random prices; rates that move on one day; margins and depth that worsen."""
    generator = np.random.Generator(np.random.PCG64(seed))
    steps = 0.03 * generator.standard_normal((n, days + 1, len(NAMES)))
    steps[:, 0] = 0.0
    prices = np.cumsum(steps, axis=1)
    rates = np.broadcast_to(RATES, (1, days + 1, 4)).copy()
    rates[:, days // 2 :, YEN] += 0.005
    calm = np.diag(HIKE.correlation_matrix()) * 0.01
    made = Market(
        scenario=HIKE,
        base=[*HIKE.currencies, "USD"].index(base),
        seed=seed,
        replicates=np.arange(n),
        n_failed=0,
        log_prices=prices,
        rates=rates,
        nights=np.array([0.0, *([1.0, 1.0, 3.0, 1.0, 1.0, 1.0] * days)[:days]]),
        basis=basis(-0.003, days),
        margin_rate=np.full((n, days + 1), 0.1),
        depth_share=np.full((n, days + 1), 0.5),
        depth=np.broadcast_to(DEPTH, prices.shape).copy(),
        variance=np.broadcast_to(calm, prices.shape).copy(),
        state={
            name: np.zeros((n, days + 1))
            for name in ("n_margin_calls", "forced_hedge_fund_usd_bn", "yen_short_units")
        },
    )
    return replace(made, **changed)


def basis(yen, days):
    """A constant basis on the yen alone."""
    found = np.zeros((1, days + 1, 4))
    found[:, :, YEN] = yen
    return found


def still(n=3, days=6, base="USD", **changed) -> Market:
    """A market in which no price moves and no rate changes."""
    made = market(n, days, base=base)
    rates = np.broadcast_to(RATES, (1, days + 1, 4)).copy()
    return replace(made, log_prices=np.zeros_like(made.log_prices), rates=rates, **changed)


def table(*lines: dict) -> pd.DataFrame:
    """A portfolio: of each line what is not usual."""
    usual = {"currency": "USD", "market_value": None}
    named = [{"name": f"line {at}"} | usual | line for at, line in enumerate(lines)]
    return pd.DataFrame(named)


def portfolio(*lines: dict, base="USD", betas=None):
    return read_portfolio(table(*lines), HIKE, betas, base)


def carried(book, made, terms=AS_IT_IS):
    return carry_through(exposures_of(book, made), contracts_of(book, made, (1,)), made, terms)


def outcome(book, made, horizons=(1, 3, 6)):
    return stressed(book, made, horizons)


MIXED = (
    {"instrument": "UST", "market_value": 4e7},
    {"instrument": "NKY", "currency": "JPY", "market_value": 1.5e9, "hedge_share": 0.5},
    {"instrument": "AUD", "currency": "AUD", "market_value": 8e6},
    {"instrument": "USD", "market_value": 5e6},
    {"instrument": "JPY", "currency": "JPY", "market_value": -1e9},
    {"instrument": "SPX", "market_value": -3e6},
    {"proxy": "HY", "currency": "AUD", "market_value": 2e6, "hedge_share": 1.0},
    {"instrument": "JPY", "quantity": 1e9, "kind": "call", "strike": 155, "expiry": "40d"},
    {"instrument": "JPY", "quantity": -1e9, "kind": "put", "strike": 170, "expiry": "4d"},
    {"instrument": "AUD", "currency": "JPY", "quantity": 1e6, "kind": "forward", "expiry": "30d"},
)
LEVERED = (
    {"instrument": "UST", "market_value": 1.6e8, "funding_currency": "JPY", "leverage": 6.0},
    {"instrument": "AUD", "currency": "AUD", "market_value": 6e7, "funding_currency": "JPY",
     "leverage": 8.0},
    {"instrument": "MXN", "currency": "MXN", "market_value": 5e8, "leverage": 5.0,
     "margin_rate": 0.15},
    {"instrument": "USD", "market_value": 2e6},
    {"instrument": "JPY", "currency": "JPY", "market_value": 1e8},
)  # fmt: skip
