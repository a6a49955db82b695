"""Options that several commands share, and the reading of their text."""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, ParamSpec, TypeVar

import typer

import abm
from abm.cli.terminal import tell
from abm.errors import Fault, InvalidInput, ScenarioFaults, UnreadableFile, UnwindError
from abm.words import LANGUAGES

if TYPE_CHECKING:
    from abm.runs import RunResult
    from abm.scenario import Scenario

Given = ParamSpec("Given")
Answer = TypeVar("Answer")

LONGEST_SEED = 18  # digits: fits a 64-bit integer, in a table or in JSON

Settings = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        metavar="KEY=VALUE",
        help="Change a value, as funds.leverage_cap=5; repeatable. A * is any part of a key, 1.2x "
        "is 1.2 times what the scenario has: 'funds.styles.*.leverage=1.2x' is for every style",
    ),
]
Timeout = Annotated[
    str | None,
    typer.Option(metavar="SECONDS", help="Time limit of one run, counterfactual runs included"),
]
Language = Annotated[str, typer.Option(metavar="CODE", help=f"One of {', '.join(LANGUAGES)}")]
Force = Annotated[bool, typer.Option("--force", help="Overwrite what is there")]


def typed(context: typer.Context, shown: Mapping[str, str]) -> list[str]:
    """Those of some options that the user typed, if only their default, as they are `shown`."""
    sources = {name: context.get_parameter_source(name) for name in shown}
    return [shown[n] for n, source in sources.items() if source and source.name == "COMMANDLINE"]


def chosen_scenario(name: str, settings: list[str] | None) -> Scenario:
    """The scenario by name or file, with what was set on the command line."""
    from abm.scenario import load_scenario

    chosen = load_scenario(name)
    return chosen.with_changes(changes_in(settings), where="--set") if settings else chosen


def changes_in(settings: list[str] | None, option: str = "--set") -> dict[str, Any]:
    """The values set on the command line by key; none twice."""
    from abm.scenario import parse_setting

    pairs = [parse_setting(setting) for setting in settings or []]
    keys = [key for key, _ in pairs]
    twice = {key: value for key, value in pairs if keys.count(key) > 1}
    if twice:
        words = "is set more than once"
        raise ScenarioFaults([Fault(option, key, twice[key], words) for key in twice])
    return dict(pairs)


def result_in(folder: Path) -> RunResult:
    """The result that `unwind run` wrote into a folder."""
    if not os.path.isdir(folder):
        what = "is not a folder" if os.path.lexists(folder) else "there is no such folder"
        raise UnreadableFile(f"{folder}: {what}; give one that unwind run wrote")
    return abm.load_result(folder)


class Refusals:
    """What is wrong with the options of a command, all of it told at once."""

    def __init__(self) -> None:
        self._told: list[str] = []

    def of(
        self, call: Callable[Given, Answer], *given: Given.args, **named: Given.kwargs
    ) -> Answer | None:
        """The answer of a call; None where it refuses what it is given, which is kept."""
        try:
            return call(*given, **named)
        except UnwindError as refused:
            self._told += str(refused).split("\n")
            return None

    def tell(self) -> None:
        """Raise what was kept."""
        if self._told:
            raise InvalidInput(*self._told)


def leave(code: int) -> None:
    """End with this code, if it is not that all is well."""
    if code:
        raise typer.Exit(code)


def whole(option: str, text: str, least: int = 0) -> int:
    """The number that an option is given; seeds are counted from 0."""
    is_whole = text.isdecimal() and text.isascii() and len(text) <= LONGEST_SEED
    if not is_whole or int(text) < least:
        allowed = f"must be a whole number from {least}, of at most {LONGEST_SEED} digits"
        raise InvalidInput(f"{option} = {text[:40]}, {allowed}")
    return int(text)


def how_many(option: str, text: str | None) -> int | None:
    """The number of runs or processes that an option asks for; None where it was not given."""
    return None if text is None else whole(option, text, least=1)


def seconds(option: str, text: str | None) -> float | None:
    """The time that an option allows, in seconds above 0; None where it was not given."""
    from abm.population.time_limit import seconds_allowed

    if text is None:
        return None
    try:
        return seconds_allowed(float(text), option)
    except ValueError:  # which InvalidInput is too
        raise InvalidInput(f"{option} = {text[:40]}, must be a number of seconds above 0") from None


def print_json(measures: Any) -> None:
    """Scalars, or tables of them, as JSON; what is not a number there is null."""
    import json

    def plain(value: Any) -> Any:
        if isinstance(value, dict | list):
            pairs = value.items() if isinstance(value, dict) else enumerate(value)
            made = {key: plain(entry) for key, entry in pairs}
            return made if isinstance(value, dict) else list(made.values())
        value = value.item() if hasattr(value, "item") else value
        return None if isinstance(value, float) and not math.isfinite(value) else value

    content = plain(dict(measures) if hasattr(measures, "keys") else measures)
    tell(*json.dumps(content, indent=2).split("\n"))
