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
from abm.validation.surprises import COMPARED, HAWKISH, QUICKER, SMALL_EFFECT, surprise

if TYPE_CHECKING:
    from abm.scenario import Scenario

UP, DOWN = ABOVE_ZERO, BELOW_ZERO
PEAK, NIKKEI, SP500 = "peak", "effect NKY 5", "effect SPX 5"
YEN, YEN_LATE, NIKKEI_LATER = "effect JPY 5", "effect JPY 60", "effect NKY 20"
TOLD = {
    PEAK: "yen's peak", NIKKEI: "Nikkei at day 5", SP500: "S&P at day 5", YEN: "yen at day 5",
    YEN_LATE: "yen at day 60", NIKKEI_LATER: "Nikkei at day 20",
}  # fmt: skip


class Static(NamedTuple):
    """A change and the sign that theory gives its effect."""

    name: str
    changes: Changes
    outcome: str
    sign: Bar
    theory: str
    before: Mapping[str, Any] | None = None
    """Where the comparison does not start from the world as it is."""
    if_missed: str = ""
    """Where theory has a second sign, or the effect another day."""
    runs_per_seed: float = 1.0


def more_leverage(scenario: Scenario) -> dict[str, float]:
    """A quarter more leverage of every style at the same loan: E' = E (l - 1) / (1.25 l - 1)."""
    changes = {}
    for name, style in scenario.funds.styles.items():
        higher = 1.25 * style.leverage
        loan = style.equity_usd_bn * (style.leverage - 1.0)
        changes[f"funds.styles.{name}.leverage"] = higher
        changes[f"funds.styles.{name}.equity_usd_bn"] = loan / (higher - 1.0)
    return changes


LATE = {"calendar.shock_day": 15, "calendar.days": 81}
EARLY = LATE | {
    "policy.mof": {
        "kind": "script",
        "interventions": [{"name": "early", "day": 0, "usd_bn": 20.0}],
    }
}
TARGETS = {"volatility_target.equity_usd_bn": "1.5x"}
PARITY = {"risk_parity.equity_usd_bn": "1.5x"}
REBALANCES = (
    "it holds its weights, so that in the first days it buys what fell; it sells once its slow "
    "estimate of volatility has risen, after the yen's peak: the Nikkei at day 20 is a row of its "
    "own"
)
RETAIL = {"retail_fx.notional_usd_bn": "1.5x"}
UPRIGHT = {"retail_fx.contrarian_weight": 0.0}
REDEMPTIONS = {"funds.flows.sensitivity": "2x"}

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
    Static("volatility targets x 1.5, on shares", TARGETS, SP500, DOWN,
           "they sell shares when volatility rises", runs_per_seed=SMALL_EFFECT),
    Static("volatility targets x 1.5, on the yen", TARGETS, PEAK, UP,
           "through shares, to funds that hold both", None,
           "the largest of sixty days is noisy beside an effect through a second market: the same "
           "at day 5 is a row of its own", SMALL_EFFECT),
    Static("volatility targets x 1.5, on the yen", TARGETS, YEN, UP,
           "through shares, to funds that hold both", runs_per_seed=SMALL_EFFECT),
    Static("risk parity x 1.5, on shares", PARITY, SP500, DOWN,
           "it sells shares when volatility rises", None, REBALANCES, SMALL_EFFECT),
    Static("risk parity x 1.5, on shares", PARITY, NIKKEI_LATER, DOWN,
           "it sells shares when volatility rises, on a slow estimate", runs_per_seed=SMALL_EFFECT),
    Static("risk parity x 1.5, on the yen", PARITY, PEAK, UP,
           "through shares, to funds that hold both", None, REBALANCES, SMALL_EFFECT),
    Static("risk parity x 1.5, on the yen", PARITY, YEN, UP,
           "through shares, to funds that hold both", None, REBALANCES, SMALL_EFFECT),
    Static("retail FX x 1.5", RETAIL, PEAK, UP, "loss cuts sell the dollar into its fall", None,
           "theory gives two signs: households lean against a move until they are stopped out; "
           "the two rows that follow have each alone"),
    Static("retail FX x 1.5, leaning against no move", RETAIL | UPRIGHT, PEAK, UP,
           "loss cuts alone: they sell the dollar into its fall", UPRIGHT),
    Static("retail FX leaning against no move", UPRIGHT, PEAK, UP,
           "households that buy the dollar as it falls are missed"),
    Static("retail margin longs x 1.5", {"retail_equity.notional_usd_bn": "1.5x"}, NIKKEI, DOWN,
           "they are liquidated into the fall", None,
           "a small surprise liquidates them in few runs", SMALL_EFFECT),
    Static("insurers' hedging x 1.5", {"insurers.hedge_per_yen_rise": "1.5x"}, PEAK, UP,
           "they buy yen when it rises"),
    Static("overlap 1 instead of 0", {"funds.overlap": 1.0}, PEAK, UP,
           "funds that are alike sell the same", {"funds.overlap": 0.0}),
    Static("redemptions x 2", REDEMPTIONS, PEAK, UP, "owners withdraw after losses", None,
           "the peak comes before the thirty days of notice are over: the same at day 60 is a row "
           "of its own", SMALL_EFFECT),
    Static("redemptions x 2", REDEMPTIONS, YEN_LATE, UP,
           "owners withdraw after losses, with thirty days of notice",
           runs_per_seed=SMALL_EFFECT),
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


def _sample(name: str, bp: int, changes: Changes, runs_per_seed: float = 1.0) -> Sample:
    own = QUICKER | {"shock.surprise_bp": float(bp)}
    given = partial(_merged, own, changes)
    return Sample(f"{name} at {bp}bp", HIKE, surprise, given, runs_per_seed)


def _claims() -> Iterator[Claim]:
    for bp in COMPARED:
        found: dict[str, Sample] = {}
        for one in STATICS:
            key = one.name.removesuffix(", on the yen").removesuffix(", on shares")
            after = found.setdefault(key, _sample(key, bp, one.changes, one.runs_per_seed))
            before = HAWKISH[bp]
            if one.before is not None:
                before = _sample(f"before {key}", bp, one.before)
            told = f"+{bp}bp, {one.name}: {TOLD[one.outcome]}, log"
            figure = partial(effect, one.outcome)
            yield Claim(told, one.sign, (before, after), figure, one.theory, one.if_missed)


GROUP = Group("statics", "Comparative statics", "Model analysis", tuple(_claims()))
