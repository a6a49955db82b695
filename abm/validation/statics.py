"""Comparative statics: one parameter changed, the same seeds and news, the difference of means."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

from abm.validation.claims import (
    ABOVE_ZERO,
    BELOW_ZERO,
    HIKE,
    Bar,
    Changes,
    Claim,
    Group,
    Runs,
    Sample,
)
from abm.validation.estimates import Estimate, difference
from abm.validation.surprises import HAWKISH, QUICKER, surprise

if TYPE_CHECKING:
    from abm.scenario import Scenario

SIZES = (25, 50)
UP, DOWN = ABOVE_ZERO, BELOW_ZERO
PEAK, NIKKEI, SP500 = "peak", "effect NKY 5", "effect SPX 5"
TOLD = {PEAK: "yen's peak", NIKKEI: "Nikkei at day 5", SP500: "S&P at day 5"}


class Static(NamedTuple):
    """A change and the sign that theory gives its effect."""

    name: str
    changes: Changes
    outcome: str
    sign: Bar
    theory: str
    before: Mapping[str, Any] | None = None
    """Where the comparison does not start from the world as it is."""


def more_leverage(scenario: Scenario) -> dict[str, float]:
    """A quarter more leverage of every style at the same loan: E' = E (l - 1) / (1.25 l - 1)."""
    changes = {}
    for name, style in scenario.funds.styles.items():
        higher = 1.25 * style.leverage
        loan = style.equity_usd_bn * (style.leverage - 1.0)
        changes[f"funds.styles.{name}.leverage"] = higher
        changes[f"funds.styles.{name}.equity_usd_bn"] = loan / (higher - 1.0)
    return changes


LATE = {"calendar.shock_day": 15}
EARLY = LATE | {
    "policy.mof": {
        "kind": "script",
        "interventions": [{"name": "early", "day": 0, "usd_bn": 20.0}],
    }
}


STATICS = (
    Static("market depth x 1.25", {"liquidity.depth_multiple": "1.25x"}, PEAK, DOWN,
           "the same sales move a deeper market less"),
    Static("style leverage x 1.25 at the same loan", more_leverage, PEAK, UP,
           "less equity bears the same loss"),
    Static("leverage cap 3 instead of 2", {"funds.leverage_cap": 3.0}, PEAK, UP,
           "where the cap binds, a higher one admits more leverage", {"funds.leverage_cap": 2.0}),
    Static("margin multiple x 1.25", {"margin.volatility_multiple": "1.25x"}, PEAK, UP,
           "higher margins call earlier"),
    Static("anchor of risk x 1.25", {"funds.anchor_share": "1.25x"}, PEAK, DOWN,
           "risk measured through the cycle sells less into a fall"),
    Static("dealers' withdrawal x 1.25", {"liquidity.dealers.volatility_exponent": "1.25x"}, PEAK,
           UP, "depth that leaves with volatility amplifies"),
    Static("trend followers x 1.5", {"trend.equity_usd_bn": "1.5x"}, PEAK, UP,
           "they sell after a fall"),
    Static("volatility targets x 1.5, on shares", {"volatility_target.equity_usd_bn": "1.5x"},
           SP500, DOWN, "they sell shares when volatility rises"),
    Static("volatility targets x 1.5, on the yen", {"volatility_target.equity_usd_bn": "1.5x"},
           PEAK, UP, "through shares, to funds that hold both"),
    Static("risk parity x 1.5, on shares", {"risk_parity.equity_usd_bn": "1.5x"}, SP500, DOWN,
           "it sells shares when volatility rises"),
    Static("risk parity x 1.5, on the yen", {"risk_parity.equity_usd_bn": "1.5x"}, PEAK, UP,
           "through shares, to funds that hold both"),
    Static("retail FX x 1.5", {"retail_fx.notional_usd_bn": "1.5x"}, PEAK, UP,
           "loss cuts sell the dollar into its fall"),
    Static("retail margin longs x 1.5", {"retail_equity.notional_usd_bn": "1.5x"}, NIKKEI, DOWN,
           "they are liquidated into the fall"),
    Static("insurers' hedging x 1.5", {"insurers.hedge_per_yen_rise": "1.5x"}, PEAK, UP,
           "they buy yen when it rises"),
    Static("overlap 1 instead of 0", {"funds.overlap": 1.0}, PEAK, UP,
           "funds that are alike sell the same", {"funds.overlap": 0.0}),
    Static("redemptions x 2", {"funds.flows.sensitivity": "2x"}, PEAK, UP,
           "owners withdraw after losses"),
    Static("USD 20bn of yen bought 15 days before", EARLY, PEAK, DOWN,
           "carry trades are closed in calm markets, before the surprise", LATE),
)  # fmt: skip


def effect(outcome: str, before: Runs, after: Runs) -> Estimate:
    """Mean paired difference of an outcome, and its t."""
    found = difference(after.table, before.table, outcome)
    half = 0.5 * (found.high - found.low)
    t = f"t about {found.value / (half / 1.97):.1f}" if half > 0.0 else "no difference in any run"
    return found._replace(note=t)


def _merged(own: Mapping[str, Any], changes: Changes, scenario: Scenario) -> dict[str, Any]:
    return {**own, **(changes(scenario) if callable(changes) else changes)}


def _sample(name: str, bp: int, changes: Changes) -> Sample:
    own = QUICKER | {"shock.surprise_bp": float(bp)}
    return Sample(f"{name} at {bp}bp", HIKE, surprise, partial(_merged, own, changes))


def _claims() -> Iterator[Claim]:
    for bp in SIZES:
        found: dict[str, Sample] = {}
        for one in STATICS:
            key = one.name.removesuffix(", on the yen").removesuffix(", on shares")
            after = found.setdefault(key, _sample(key, bp, one.changes))
            before = HAWKISH[bp]
            if one.before is not None:
                before = _sample(f"before {key}", bp, one.before)
            told = f"+{bp}bp, {one.name}: {TOLD[one.outcome]}, log"
            yield Claim(told, one.sign, (before, after), partial(effect, one.outcome), one.theory)


GROUP = Group("statics", "Comparative statics", "Model analysis", tuple(_claims()))
