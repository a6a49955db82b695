"""`unwind status`: how a sweep stands."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from abm.cli.answers import CHANGE_SOMETHING, DONE, OUR_FAULT
from abm.cli.asked import leave
from abm.cli.lines import duration, labelled
from abm.cli.terminal import say, tell
from abm.words import counted

if TYPE_CHECKING:
    from abm.sweep.status import Status


def status(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="A folder that a sweep wrote")],
    verify: Annotated[
        bool, typer.Option("--verify", help="Read every file; set aside what is damaged")
    ] = False,
    json: Annotated[bool, typer.Option("--json", help="Print it as JSON")] = False,
) -> None:
    """Show how much of a sweep is done, what failed, and how long the rest will take."""
    leave(tell_status(folder, verify, json))


def tell_status(folder: Path, verified: bool = False, as_json: bool = False) -> int:
    """Say how a sweep stands; the exit code: 1 where a run failed, 2 where a file is damaged."""
    from abm.sweep.status import status as standing_of
    from abm.sweep.status import verify

    found = verify(folder) if verified else []
    now = standing_of(folder)
    if as_json:
        _print_json(now, found)
    else:
        tell(*status_lines(now, folder))
        if verified:
            tell(labelled("Verified", "every file is as it was written" if not found else ""))
    for fault in (*found, *(f"{name} is not whole" for name in now.damaged)):
        say(f"{fault}; its runs count as missing, unwind sweep runs them again")
    if found or now.damaged:
        return CHANGE_SOMETHING
    return OUR_FAULT if now.n_failed else DONE


def status_lines(now: Status, folder: Path) -> list[str]:
    """The state of a sweep, in words."""
    share = now.n_done / now.n_rows if now.n_rows else 1.0
    lines = [
        labelled("Sweep", f"{now.name}, in {folder}"),
        labelled("Done", f"{now.n_done:,} of {counted(now.n_rows, 'run')} ({share:.1%})"),
        labelled("Failed", f"{now.n_failed:,}"),
    ]
    if now.n_done:
        lines.append(labelled("One run", f"{now.seconds_per_run:.3g} s on one core"))
    if now.runners:
        left = "" if math.isnan(now.seconds_left) else f", {duration(now.seconds_left)} left"
        rate = "" if math.isnan(now.rows_per_second) else f": {now.rows_per_second:,.3g} a second"
        lines.append(labelled("At work", f"{', '.join(now.runners)}{rate}{left}"))
    elif now.n_missing:
        left = (
            f", {duration(now.seconds_per_run * now.n_missing)} on one core" if now.n_done else ""
        )
        lines.append(
            labelled("At work", f"no process; unwind sweep goes on where it stopped{left}")
        )
    lines += _level_lines(now)
    lines += [labelled(counted(n, "time"), error) for error, n in now.errors.items()]
    return lines


def _level_lines(now: Status) -> list[str]:
    """Done and failed by value, one line a factor."""
    lines: list[str] = []
    for factor in dict.fromkeys(level.factor for level in now.levels):
        said = [
            f"{level.value}: {level.n_done:,}/{level.n_rows:,}"
            + (f" ({level.n_failed:,} failed)" if level.n_failed else "")
            for level in now.levels
            if level.factor == factor
        ]
        lines.append(labelled(factor, ", ".join(said)))
    return lines


def _print_json(now: Status, found: list[str]) -> None:
    import json

    def plain(value: Any) -> Any:
        if isinstance(value, float) and not math.isfinite(value):
            return None
        return value.item() if hasattr(value, "item") else value

    content = {name: plain(value) for name, value in now._asdict().items()}
    content["levels"] = [
        {name: plain(value) for name, value in level._asdict().items()} for level in now.levels
    ]
    content["seconds_left"] = plain(now.seconds_left)
    tell(*json.dumps(content | {"set_aside": found}, indent=2, default=str).split("\n"))
