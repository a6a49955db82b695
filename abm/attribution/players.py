"""The players of a game: channels that are on or none, triggers that are there or left out."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from abm.errors import Nearest, show
from abm.measures.shapley import MOST_PLAYERS
from abm.population.past import acts_of
from abm.scenario.channels import CHANNELS

if TYPE_CHECKING:
    from abm.scenario import Scenario

DEFAULT_CHANNELS = (
    "haircuts", "margin_rounds", "volatility_targets", "trend_followers", "retail_stop_outs",
    "insurers_hedging", "dealers_withdrawal", "bank_capital", "interbank_losses",
)  # fmt: skip
"""Channels that are attributed where none are named."""
CHANNEL, TRIGGER = "channel", "trigger"


class Players(NamedTuple):
    """Channels and triggers, by name; a coalition has those that are on, or there."""

    channels: tuple[str, ...]
    triggers: tuple[str, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """In the order of the bits of a coalition."""
        return (*self.triggers, *self.channels)

    def shut_in(self, coalition: int) -> tuple[str, ...]:
        """Channels that a coalition lacks."""
        first = len(self.triggers)
        return tuple(
            name for i, name in enumerate(self.channels) if not coalition >> (first + i) & 1
        )

    def left_out_of(self, coalition: int) -> tuple[str, ...]:
        """Triggers that a coalition lacks."""
        return tuple(name for i, name in enumerate(self.triggers) if not coalition >> i & 1)


def channels_at_work(scenario: Scenario) -> tuple[str, ...]:
    """Channels that are on and have something to pass on in a scenario."""
    idle = set(scenario.channels.shut)
    idle |= set() if scenario.funding.basis.kind == "market" else {"basis"}
    idle |= set() if scenario.repo.kind == "risk" else {"repo_haircuts"}
    idle |= set() if scenario.companies.n and scenario.companies.present else {"company_hedging"}
    return tuple(name for name in CHANNELS if name not in idle)


def triggers_of(scenario: Scenario) -> tuple[str, ...]:
    """Everything a scenario scripts, by key: what may be left out of it."""
    return tuple(acts_of(scenario, scenario.calendar.days))


def first_day(scenario: Scenario, triggers: Sequence[str]) -> int:
    """The day before which these triggers do nothing, at the latest the shock day."""
    acts = acts_of(scenario, scenario.calendar.days)
    return min((scenario.shock_day, *(acts[name].day for name in triggers)))


def chosen_players(
    scenario: Scenario, channels: Sequence[str] | None, triggers: bool | Sequence[str]
) -> Players:
    """The players that are asked for; by default the channels of `DEFAULT_CHANNELS` that are on.

    With triggers alone there are no channels but those named.
    """
    named = triggers_of(scenario) if triggers is True else tuple(triggers or ())
    if channels is not None:
        return Players(tuple(channels), named)
    shut = scenario.channels.shut
    usual = tuple(name for name in DEFAULT_CHANNELS if name not in shut)
    return Players(() if triggers else usual, named)


def faults_of(scenario: Scenario, players: Players, triggers: bool | Sequence[str]) -> list[str]:
    """Everything wrong with the players, a line each."""
    return [*_faults(scenario, players, triggers)]


def _faults(scenario: Scenario, players: Players, triggers: bool | Sequence[str]) -> Iterator[str]:
    for what, names, known in (
        (CHANNEL, players.channels, CHANNELS),
        (TRIGGER, players.triggers, triggers_of(scenario)),
    ):
        unknown = [name for name in dict.fromkeys(names) if name not in known]
        for name in unknown:
            near = str(Nearest(name, known))
            has = f"{scenario.name} has no such trigger" if what == TRIGGER else "unknown"
            told = f"{has}; {near}" if near else has
            if name == unknown[-1]:  # once, under the last of them
                others = f"there are {', '.join(known)}" if known else "there are none"
                told += f"{' ' if near else '; '}{others}"
            yield f"{what} {show(name)}: {told}"
        for name in dict.fromkeys(names):
            if names.count(name) > 1:
                yield f"{what} {show(name)}: is given more than once"
            if what == CHANNEL and name in scenario.channels.shut:
                yield f"{what} {show(name)}: is none in {scenario.name}, and cannot be turned off"
    if triggers and not players.triggers:
        yield f"triggers: {scenario.name} scripts nothing"
    elif not players.names:
        yield "channels: there are none, must be at least one channel or trigger"
    n = len(set(players.names))
    if n > MOST_PLAYERS:
        most = f"{MOST_PLAYERS} channels and triggers"
        yield f"a coalition of {n}: must be of at most {most}, whose coalitions are {2**16:,}"


def without_triggers(scenario: Scenario, left_out: Sequence[str]) -> Scenario:
    """The scenario without these of its scripted events; its shock day stays where it is."""
    if not left_out:
        return scenario
    raw, idle = scenario.to_dict(), {"kind": "none"}
    policy = raw["policy"]
    for name in left_out:
        table, _, entry = name.rpartition(".")
        if name == "shock":
            raw["shock"] = idle
        elif name == "policy.boj":
            policy["boj"] |= {"hike_bp": 0.0, "surprise_bp": 0.0}
        elif name == "policy.boj.meetings":
            policy["boj"]["n_hikes"] = 0
        elif name == "policy.swap_line":
            policy["swap_line"] = idle
        elif table == "policy.boj.path":
            policy["boj"]["path"] = _without(policy["boj"]["path"], entry)
        elif table == "news":
            raw["news"] = _without(raw["news"], entry)
        else:  # policy.mof.interventions
            rest = _without(policy["mof"]["interventions"], entry)
            is_left = rest or policy["mof"]["kind"] == "rule"
            policy["mof"] = {**policy["mof"], "interventions": rest} if is_left else idle
    return type(scenario).from_dict(raw)


def _without(entries: list[dict[str, Any]], name: str) -> list[dict[str, Any]]:
    return [entry for entry in entries if entry["name"] != name]
