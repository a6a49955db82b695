"""Changes of a branch that would alter what has already happened."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from abm.errors import NOT_GIVEN, show
from abm.population.boj import meeting_days
from abm.population.script import write_script
from abm.scenario.places import leaves

if TYPE_CHECKING:
    from abm.population.origin import Origin
    from abm.scenario import Scenario

# Choices of the opening: they decide how the world was built, and nothing that happens later.
OPENING = (
    "calendar.start", "calendar.burn_in_days", "calendar.drift_days", "population.*",
    "instruments.*.kind", "instruments.*.quote", "instruments.*.per_usd",
    "instruments.*.opening_quote", "instruments.*.drift_before_start_log",
    "estimation.opening_multiple", "*.present", "*.n", "*.equity_usd_bn", "*.notional_usd_bn",
    "insurers.assets_usd_bn", "companies.debt_usd_bn", "companies.assets_per_debt",
    "trader.kind", "trader.account_usd", "trader.leverage", "trader.holds", "trader.open_day",
    "funds.styles.*.share_of_number", "funds.size_dispersion",
    "funds.opening_cap_share", "trend.opening_signal.*", "retail_fx.leverage",
    "retail_fx.leverage_dispersion", "retail_fx.opening_leverage_cap", "retail_equity.leverage",
    "retail_equity.leverage_dispersion", "retail_equity.opening_cut_share", "retail_equity.asset",
    "banks.n_core", "banks.n_periphery", "banks.core_capital_usd_bn", "banks.core_capital_factors",
    "banks.periphery_capital_usd_bn", "banks.opening_utilisation", "banks.desk.kind",
    "banks.trading_book.*", "banks.funding_run.reserve_share",
    "network.*", "funding.basis.kind", "funding.basis.maturity_days",
)  # fmt: skip
RECORD = ("outputs.events", "outputs.feedback_gain_every_days")
_OPENED = "shapes the opening, which is past"
_RECORDED = "says what is recorded, and days have been recorded without it"
_FIRST_MOVE = tuple(
    f"policy.boj.{name}"
    for name in ("kind", "day", "hike_bp", "surprise_bp", "ycc_exit_bp", "news_log_per_bp")
)
_MEETINGS = tuple(
    f"policy.boj.{name}" for name in ("kind", "first_meeting", "meeting_every_days", "meetings")
)
_TRADED = "day {day} has been traded"


class Act(NamedTuple):
    """Something scripted: what its keys begin with, when, and what."""

    keys: tuple[str, ...]
    day: int
    what: tuple[Any, ...]


def past_faults(before: Scenario, after: Scenario, day: int) -> list[str]:
    """Changes that a branch after `day` traded days may not make, one line for each key."""
    changed = _changed(before, after)
    faults = {key: _OPENED for key in changed if _is(key, OPENING)}
    faults |= {key: _RECORDED for key in changed if _is(key, RECORD)}
    faults |= dict(_calendar_faults(before, after, changed, day))
    faults |= dict(_script_faults(before, after, changed, day))
    lines = [f"{key}{_given(changed.get(key))}: {reason}" for key, reason in faults.items()]
    if not lines and not _is_same_past(before, after, day):
        lines = [f"{', '.join(changed)}: would alter days that have been traded"]
    return lines


def lineage_faults(origin: Origin, scenario: Scenario) -> list[str]:
    """Faults of the origin that a branch claims: it must lead to `scenario`, day by
    day and without changing a past."""
    days = [branch.day for branch in origin.branches]
    if days != sorted(days):
        return ["its branches are not in the order of their days"]
    before = origin.scenario
    for branch in origin.branches:
        after = before.with_changes(branch.changes)
        faults = past_faults(before, after, branch.day)
        if faults:
            return faults
        before = after
    is_led_to = before.canonical_hash() == scenario.canonical_hash()
    return [] if is_led_to else ["its branches do not lead to its scenario"]


def _changed(before: Scenario, after: Scenario) -> dict[str, Any]:
    """Every choice that is not as it was, with its new value; NOT_GIVEN where it is gone."""
    old, new = ({leaf.key: leaf.value for leaf in leaves(part)} for part in (before, after))
    keys = [key for key in (new | old) if key not in new or key not in old or new[key] != old[key]]
    return {key: new.get(key, NOT_GIVEN) for key in keys}


def _given(value: Any) -> str:
    return "" if value is None or value is NOT_GIVEN else f" = {show(value)}"


def _is(key: str, patterns: tuple[str, ...]) -> bool:
    return any(fnmatchcase(key, pattern) for pattern in patterns)


def _calendar_faults(
    before: Scenario, after: Scenario, changed: Mapping[str, Any], day: int
) -> Iterator[tuple[str, str]]:
    if after.calendar.days < day:
        yield "calendar.days", f"the saved state is of day {day}"
    if "calendar.shock_day" in changed and after.shock_day < day:
        yield "calendar.shock_day", _TRADED.format(day=after.shock_day)
    was, is_now = (scenario.calendar.dates()[:day] for scenario in (before, after))
    if "calendar.holidays" in changed and was[: len(is_now)] != is_now[: len(was)]:
        yield "calendar.holidays", "days that have been traded would have other dates"


def _script_faults(
    before: Scenario, after: Scenario, changed: Mapping[str, Any], day: int
) -> Iterator[tuple[str, str]]:
    """Scripted acts that happened, or would have, and are not what they were."""
    old, new = acts_of(before, day), acts_of(after, day)
    for name in old | new:
        was, is_now = old.get(name), new.get(name)
        if was == is_now:
            continue
        acts = [act for act in (was, is_now) if act is not None]
        first = min(act.day for act in acts)
        if first >= day:
            continue
        prefixes = tuple(key for act in acts for key in act.keys)
        keys = [key for key in changed if key.startswith(prefixes)] or [name]
        for key in keys:
            yield key, _TRADED.format(day=first)


def acts_of(scenario: Scenario, day: int) -> dict[str, Act]:
    """Everything scripted, by the table that says so; of a swap line its first day alone, of
    meetings those before `day`: what a rule has done at them stands in the state."""
    policy = scenario.policy
    acts: dict[str, Act] = {}

    def add(name: str, when: Any, what: tuple[Any, ...], keys: tuple[str, ...] = ()) -> None:
        acts[name] = Act((f"{name}.", *keys), scenario.day_index(when), what)

    if scenario.shock.kind == "surprise":
        shock = scenario.shock
        worth = (shock.surprise_bp, shock.news_log_per_bp)
        add("shock", scenario.shock_day, worth, ("calendar.shock_day",))
    boj = policy.boj
    if boj.kind == "script":
        when, what = boj.day, (boj.hike_bp, boj.surprise_bp, boj.ycc_exit_bp, boj.news_log_per_bp)
        acts["policy.boj"] = Act(_FIRST_MOVE, scenario.day_index(when), what)
    if boj.kind != "none":
        for move in boj.path:
            what = (move.hike_bp, move.surprise_bp, move.ycc_exit_bp, boj.news_log_per_bp)
            add(f"policy.boj.path.{move.name}", move.day, what, ("policy.boj.news_log_per_bp",))
    met = tuple(at for at in meeting_days(scenario) if at < day)
    if met:
        acts["policy.boj.meetings"] = Act(_MEETINGS, met[0], met)
    for act in policy.mof.interventions:
        name = f"policy.mof.interventions.{act.name}"
        add(name, act.day, (act.usd_bn, act.signal_log), ("policy.mof.kind",))
    for item in scenario.news:
        add(f"news.{item.name}", item.day, (item.title, tuple(sorted(item.moves.items()))))
    if policy.swap_line.kind in ("line", "facility"):
        opened = min(scenario.day_index(policy.swap_line.day), day)
        acts["policy.swap_line"] = Act(
            ("policy.swap_line.day", "policy.swap_line.kind"), opened, (opened,)
        )
    return acts


def _is_same_past(before: Scenario, after: Scenario, day: int) -> bool:
    """True where the script of all days traded, burn-in included, is what it was."""
    old, new = write_script(before), write_script(after)
    end = before.calendar.burn_in_days + day
    return all(
        np.array_equal(getattr(old, name)[:end], getattr(new, name)[:end])
        for name in ("news", "official_usd_bn", "swap_line", "accrual_days", "squeeze")
    )
