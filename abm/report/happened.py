"""What authorities did in a run, as figures mark it: by the script, and by their rules."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

from abm.report.script import Act, acts, basis_points_told, plan_of, short_names

if TYPE_CHECKING:
    import pandas as pd

    from abm.scenario import Scenario

APART_DAYS = 5  # trades of authorities nearer than this are one
_BP = 1e-4
_LEAST_USD_BN = 0.05


class Trade(NamedTuple):
    """Trades of authorities on days near to one another, one way."""

    first_day: int
    last_day: int
    usd_bn: float


def marks(scenario: Scenario, events: pd.DataFrame) -> list[tuple[int, str]]:
    """(day, label) of everything announced, in order: a plan gives way to what became of it.

    Of rules the record of the run is read; without events the plan is all that is known.
    """
    scripted = acts(scenario)
    if not len(events):
        return [(act.day, act.label) for act in scripted]
    plan = plan_of(scenario)
    kept = [act for act in scripted if act != plan]
    found = [(act.day, act.label) for act in kept]
    found += _by_rule(scenario, events, kept)
    return sorted(found, key=lambda mark: mark[0])


def _by_rule(
    scenario: Scenario, events: pd.DataFrame, scripted: list[Act]
) -> Iterator[tuple[int, str]]:
    """What followed from prices: hikes and pauses, statements, cuts, trades, swap lines."""
    policy, bank = scenario.policy, short_names(scenario.funding_currency)
    acted = events[events["institution"] == "central_bank"]
    taken = {act.day for act in scripted}
    rates = acted[(acted["kind"] == "policy") & (acted["counterparty"] == "")]
    if policy.boj.kind == "rule":
        own = rates[rates["instrument"] == scenario.funding_currency]
        moves = dict(zip(own["day"].tolist(), own["amount_usd_bn"].tolist(), strict=True))
        for day, change in moves.items():
            if day not in taken:
                told = basis_points_told(round(change / _BP, 1))
                yield day, f"{bank.central_bank} {told if change else 'waits'}"
        news = acted[acted["kind"] == "news"]["day"].drop_duplicates().tolist()
        for day in news:
            if day not in taken and day not in moves and day not in _cuts(rates):
                yield day, f"{bank.central_bank} statement"
    if policy.fed.kind == "rule":
        for day, change in _cuts(rates).items():
            yield day, f"Fed {basis_points_told(round(change / _BP, 1))}"
    if policy.mof.kind == "rule":
        for trade in _trades(scenario, acted, taken):
            verb = "sell" if trade.usd_bn > 0.0 else "buy"
            label = f"{bank.authorities} {verb}{bank.ending} USD {abs(trade.usd_bn):.3g}bn"
            yield trade.first_day, label
    if policy.swap_line.kind not in ("line", "facility"):
        turns = acted.loc[acted["kind"] == "swap_line", ["day", "amount_usd_bn"]]
        for day, is_open in turns.itertuples(index=False):
            yield int(day), "swap line" if is_open > 0.0 else "swap line closes"


def _cuts(rates: pd.DataFrame) -> dict[int, float]:
    """Changes of the dollar's rate by day: their instrument is empty, as the dollar is none."""
    own = rates[rates["instrument"] == ""]
    return dict(zip(own["day"].tolist(), own["amount_usd_bn"].tolist(), strict=True))


def _trades(scenario: Scenario, acted: pd.DataFrame, taken: set[int]) -> list[Trade]:
    """Dollars that authorities sold for the funding currency, less those they bought."""
    rows = acted[(acted["kind"] == "policy") & (acted["counterparty"] == "market")]
    rows = rows[(rows["instrument"] == scenario.funding_currency) & ~rows["day"].isin(taken)]
    found: list[Trade] = []
    for day, usd_bn in zip(rows["day"].tolist(), rows["amount_usd_bn"].tolist(), strict=True):
        last = found[-1] if found else None
        if last and day - last.last_day <= APART_DAYS and usd_bn * last.usd_bn > 0.0:
            found[-1] = last._replace(last_day=day, usd_bn=last.usd_bn + usd_bn)
        else:
            found.append(Trade(day, day, usd_bn))
    return [trade for trade in found if abs(trade.usd_bn) >= _LEAST_USD_BN]
