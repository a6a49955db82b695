"""Tables of events made by hand, and small runs to hold them against."""

from functools import cache

import numpy as np
import pandas as pd

import abm
from abm.measures.classes import BROKEN_BEFORE
from abm.runs import fast_cascade
from tests.engine.worlds import BANKS_BY_SIZE

SMALL = {
    "calendar.days": 12, "calendar.burn_in_days": 6, "calendar.drift_days": 5,
    "population.scale": 0.2,
}  # fmt: skip
EARLY_CRASH = {"funds.leverage_cap": 5, "liquidity.depth_multiple": 0.5}
BLANK = {
    "date": "", "round": 0, "counterparty": "", "instrument": "", "amount_usd_bn": np.nan,
    "side": "", "cause": -1, "share_of_flow": np.nan, "clearing": -1, "generation": 0,
}  # fmt: skip


def table(*rows):
    """A table `events`: (day, kind, institution, other columns) a row."""
    named = [
        {**BLANK, "event": number, "day": day, "kind": kind, "institution": who, **columns}
        for number, (day, kind, who, columns) in enumerate(rows)
    ]
    return pd.DataFrame(named, columns=["event", "day", "kind", "institution", *BLANK])


def call(day, who, amount, cause, instrument="JPY", kind="margin_call", broker="bank-1", **columns):
    about = {"counterparty": broker, "instrument": instrument, "amount_usd_bn": amount}
    return day, kind, who, {**about, "cause": cause, **columns}


def sale(day, who, instrument, amount, cause, clearing, share, **columns):
    """Of yen a purchase, unless the side says otherwise."""
    about = {"counterparty": "market", "instrument": instrument, "amount_usd_bn": amount,
             "side": "bought" if instrument == "JPY" else "sold"}  # fmt: skip
    fed = {"cause": cause, "clearing": clearing, "share_of_flow": share}
    return day, "forced_sale", who, {**about, **fed, **columns}


def clearing(day, instrument, amount, generation=-1, **columns):
    about = {"instrument": instrument, "amount_usd_bn": amount, "generation": generation}
    return day, "clearing", "market", {**about, **columns}


def spiral():
    """News, two calls and their sales, and in the next round one call that these sales made."""
    news = {"instrument": "JPY", "amount_usd_bn": np.log(1.02)}
    again = {"round": 1, "generation": 1}
    return table(
        (0, "news", "payrolls are weak", {"counterparty": "market", **news}),
        clearing(0, "JPY", 10.0),
        call(1, "hedge-fund-fxm-1", 3.0, cause=1, broker="bank-2"),
        call(1, "hedge-fund-fxm-2", 1.0, cause=1),
        sale(1, "hedge-fund-fxm-1", "JPY", 4.0, cause=2, clearing=8, share=0.4),
        sale(1, "hedge-fund-fxm-1", "AUD", 3.0, cause=2, clearing=9, share=0.6),
        sale(1, "hedge-fund-fxm-2", "JPY", 2.0, cause=3, clearing=8, share=0.2),
        sale(1, "hedge-fund-fxm-2", "MXN", 2.0, cause=3, clearing=10, share=1.0),
        clearing(1, "JPY", 10.0, 0),
        clearing(1, "AUD", 5.0, 0),
        clearing(1, "MXN", 2.0, 0),
        call(1, "retail-fx-7", 1.5, cause=8, kind="loss_cut", broker="bank-6", **again),
        sale(1, "retail-fx-7", "JPY", 3.0, cause=11, clearing=14, share=1.0, **again),
        sale(1, "retail-fx-7", "AUD", 1.5, cause=11, clearing=15, share=1.0, **again),
        clearing(1, "JPY", 3.0, 1, round=1),
        clearing(1, "AUD", 1.5, 1, round=1),
        (1, "default", "retail-fx-7", {"amount_usd_bn": 0.25, "cause": 11, "generation": 1}),
        (1, "loss", "retail-fx-7", {"counterparty": "bank-6", "amount_usd_bn": 0.2, "cause": 16,
                                    "generation": 1}),
        (1, "loss", "retail-fx-7", {"counterparty": "bank-5", "amount_usd_bn": 0.05, "cause": 16,
                                    "generation": 1}),
    )  # fmt: skip


@cache
def run_of(name="hike", seed=1, **changes):
    """A small run; in `changes` two underscores stand for a dot."""
    dotted = {key.replace("__", "."): value for key, value in changes.items()}
    return abm.run(abm.load_scenario(name).with_changes({**SMALL, **dotted}), rng=seed)


@cache
def broken_in_burn_in():
    """A seed, and the thin market in which its dam breaks in the burn-in and funds are left."""
    thin = {"liquidity.depth_multiple": 0.5, "shock.surprise_bp": 60}
    scenario = abm.load_scenario("hike").with_changes(thin)

    def breaks(seed):
        found = fast_cascade(scenario, seed)
        is_broken = found["class"] == BROKEN_BEFORE and found["n_failures_burn_in"] > 0
        return is_broken and 1.0 < found["eve_leverage"] < 1.5

    return next(seed for seed in range(200) if breaks(seed)), scenario


@cache
def broken_before_the_shock():
    """A seed of August 2024 under `EARLY_CRASH`: the dollar rises, and all failures are of July."""
    scenario = abm.load_scenario("august-2024").with_changes(EARLY_CRASH)

    def breaks(seed):
        found = fast_cascade(scenario, seed)
        is_whole = found["n_failures_burn_in"] == 0
        is_over = found["n_failed"] == found["n_failed_before"] > 0
        is_levered = 1.0 < found["eve_leverage"] < 1.5
        return found["class"] == BROKEN_BEFORE and is_whole and is_over and is_levered

    def rises(seed):
        yen = abm.run(scenario, rng=seed).days["log_JPY"]
        return (yen[: scenario.shock_day] < 0).any()

    return next(seed for seed in range(200) if breaks(seed) and rises(seed))


@cache
def ruin():
    """Everything happens in it: calls, limits, defaults, recalls, failures of banks."""
    thin = {"banks.core_capital_usd_bn": 2.0, "banks.periphery_capital_usd_bn": 1.0}
    bare = {**BANKS_BY_SIZE, "funding.basis": {"kind": "constant"}, "shock.surprise_bp": 300}
    return abm.run(abm.load_scenario("hike").with_changes({**SMALL, **thin, **bare}), rng=1)
