"""The Bank of Japan: moves on given days, or a queue of hikes that waits while markets fall."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Annotated, Any, Literal

from pydantic import Field

from abm.scenario.calendar import must_be_traded, must_rise
from abm.scenario.checks import Faults, fault_at, must_be_one_of, needs, unknown_instruments
from abm.scenario.fields import AS_TUPLE, LEAST_SHARE, Logs, Name, Part, When, Whole, choice, number

MOST_NEWS_LOG_PER_BP = 0.02  # 25 times the yen's on 31 July 2024
TRADING_DAY = "a trading day of the run, as index or date"
MOST_WATCHED_DAYS = 60


def news_per_bp(currency: str) -> Any:
    """A field with the news in a surprise of one basis point."""
    return number(
        f"rise of {currency}'s fundamental per basis point of surprise",
        "log per bp",
        "tuned: 25bp is 1.94% on 31 July 2024",
        7.76e-4,
        label="yen move per basis point of surprise",
        ge=0,
        le=MOST_NEWS_LOG_PER_BP,
    )


def curve_exit() -> Any:
    """A field with the rise of yields when the central bank gives up a cap on them."""
    return number(
        "rise of the yield of bonds in the funding currency beside what the surprise moves, as at "
        "the end of yield-curve control",
        "bp",
        "record",
        0.0,
        label="rise of bond yields at a yield-curve-control exit",
        ge=-2000,
        le=2000,
    )


class RateMove(Part):
    """One scripted move of the policy rate."""

    name: Name = choice(
        "name by which this move is addressed", label="name", allowed="letters, digits and _"
    )
    day: When = choice("when", label="day", unit="day", allowed=TRADING_DAY)
    hike_bp: float = number(
        "change of the policy rate", "bp", "record", 0.0, label="BoJ hike", ge=-2000, le=2000
    )
    surprise_bp: float = number(
        "part that is news", "bp", "record", 0.0, label="BoJ surprise", ge=-2000, le=2000
    )
    ycc_exit_bp: float = curve_exit()


class NoBoj(Part):
    """The Bank of Japan does nothing."""

    kind: Literal["none"] = "none"

    def moves(self) -> tuple[RateMove, ...]:
        """Every scripted move: none."""
        return ()


class BojScript(Part):
    """The Bank of Japan moves its rate on given days."""

    kind: Literal["script"] = "script"
    day: When = choice(
        "day of the move", label="day of the BoJ move", unit="day", allowed=TRADING_DAY
    )
    hike_bp: float = number(
        "change of the policy rate", "bp", "record", label="BoJ hike", ge=-2000, le=2000
    )
    surprise_bp: float = number(
        "surprise the announcement was worth, which moves the yen",
        "bp",
        "tuned",
        label="BoJ surprise",
        ge=-2000,
        le=2000,
        usual=(0, 150, 1),
    )
    news_log_per_bp: float = news_per_bp("the yen")
    ycc_exit_bp: float = curve_exit()
    path: Annotated[tuple[RateMove, ...], AS_TUPLE] = choice(
        "further moves",
        label="BoJ moves",
        default=(),
        allowed="a list of tables with name, day, hike_bp, surprise_bp, ycc_exit_bp",
    )

    def moves(self) -> tuple[RateMove, ...]:
        """Every move, the first one included."""
        first = RateMove(
            name="first",
            day=self.day,
            hike_bp=self.hike_bp,
            surprise_bp=self.surprise_bp,
            ycc_exit_bp=self.ycc_exit_bp,
        )
        return (first, *self.path)


class BojRule(Part):
    """The Bank of Japan hikes meeting by meeting, and waits while markets are unstable."""

    kind: Literal["rule"] = "rule"
    n_hikes: Whole = number(
        "hikes that it plans", "hikes", "scenario", 4, label="planned hikes", ge=0, le=1000
    )
    hike_bp: float = number(
        "change of the policy rate at each", "bp", "scenario", 25.0, label="BoJ hike",
        ge=-2000, le=2000,
    )  # fmt: skip
    surprise_bp: float = number(
        "surprise the announcement was worth, which moves the yen",
        "bp",
        "scenario",
        25.0,
        label="BoJ surprise",
        ge=-2000,
        le=2000,
        usual=(0, 150, 1),
    )
    news_log_per_bp: float = news_per_bp("the yen")
    first_meeting: When = choice(
        "first meeting, where none are listed",
        label="first BoJ meeting",
        default=0,
        unit="day",
        allowed=TRADING_DAY,
    )
    meeting_every_days: Whole = number(
        "days from one meeting to the next, where none are listed",
        "days",
        "eight meetings a year",
        31,
        label="days between BoJ meetings",
        ge=1,
        le=1_000_000,
    )
    meetings: Annotated[tuple[When, ...], AS_TUPLE] = choice(
        "days of the meetings, in their order; without any they come at regular intervals",
        label="BoJ meetings",
        default=(),
        unit="days",
        allowed="trading days of the run, as indices or dates",
    )
    trigger_days: Whole = number(
        "days over which markets are watched",
        "days",
        "assumed",
        5,
        label="days over which the BoJ watches markets",
        ge=1,
        le=MOST_WATCHED_DAYS,
    )
    trigger_rise_log: float = number(
        "rise of the funding currency in these days at which hikes wait",
        "log",
        "assumed; the yen rose 4% in the five days to 2 August 2024",
        0.04,
        label="rise of the yen at which hikes wait",
        ge=LEAST_SHARE,
        le=2,
    )
    trigger_asset: Name | None = choice(
        "share index that is watched beside it",
        label="shares that the BoJ watches",
        default=None,
        allowed="an asset of the scenario",
    )
    trigger_fall_log: float = number(
        "fall of that index in these days at which hikes wait",
        "log",
        "assumed; the Nikkei fell 20% in the three days to 5 August 2024",
        0.105,
        label="fall of shares at which hikes wait",
        ge=LEAST_SHARE,
        le=2,
    )
    cool_days: Whole = number(
        "days after the last such move in which hikes wait; 0: they never wait",
        "days",
        "record: 115 from 5 August 2024 to the hike of 24 January 2025",
        115,
        label="days that BoJ hikes wait",
        ge=0,
        le=1_000_000,
    )
    pause: Literal["heard", "silent"] = choice(
        "whether the market is told that hikes wait",
        label="pause of the BoJ",
        default="heard",
        allowed='"heard" or "silent"',
    )
    statement_days: Whole = number(
        "days from the first such move to the statement that hikes wait",
        "days",
        "record: 5 to 7 August 2024",
        2,
        label="days to the BoJ statement",
        ge=1,
        le=MOST_WATCHED_DAYS,
    )
    statement_bp: float = number(
        "surprise that the statement takes back",
        "bp",
        "tuned: the yen fell 1.36% on 7 August 2024",
        17.5,
        label="surprise taken back by the BoJ statement",
        ge=0,
        le=2000,
    )
    statement_moves: Logs = choice(
        "what else the statement moves",
        "record",
        {},
        label="other moves with the BoJ statement",
        unit="log",
        allowed="numbers from -2 to 2, by instrument",
    )
    path: Annotated[tuple[RateMove, ...], AS_TUPLE] = choice(
        "moves on given days beside the queue",
        label="BoJ moves",
        default=(),
        allowed="a list of tables with name, day, hike_bp, surprise_bp, ycc_exit_bp",
    )

    def moves(self) -> tuple[RateMove, ...]:
        """Every scripted move."""
        return self.path


Boj = Annotated[NoBoj | BojScript | BojRule, Field(discriminator="kind")]


@needs("calendar", "policy")
def _boj_moves_on_trading_days(calendar: Any, policy: Any) -> Faults:
    boj = policy.boj
    if boj.kind == "script":
        yield from must_be_traded(calendar, "policy.boj.day", boj.day)
    if boj.kind != "none":
        for move in boj.path:
            yield from must_be_traded(calendar, f"policy.boj.path.{move.name}.day", move.day)
    if boj.kind == "rule":
        if not boj.meetings:
            yield from must_be_traded(calendar, "policy.boj.first_meeting", boj.first_meeting)
        named = [("policy.boj.meetings", day) for day in boj.meetings]
        for key, day in named:
            yield from must_be_traded(calendar, key, day)
        yield from must_rise(calendar, named)


@needs("policy")
def _boj_moves_have_names_of_their_own(policy: Any) -> Faults:
    if policy.boj.kind != "none":
        yield from unique_names("policy.boj.path", policy.boj.path)


@needs("instruments", "bonds", "policy")
def _boj_moves_what_is_there(
    instruments: Mapping[str, Any], bonds: Mapping[str, Any], policy: Any
) -> Faults:
    boj, funding = policy.boj, next(iter(instruments), "")
    owed = [name for name in bonds if getattr(instruments.get(name), "quote", "") == funding]
    if boj.kind == "script" and boj.ycc_exit_bp and not owed:
        yield _no_bond("policy.boj.ycc_exit_bp", boj.ycc_exit_bp, funding)
    for move in boj.path if boj.kind != "none" else ():
        if move.ycc_exit_bp and not owed:
            yield _no_bond(f"policy.boj.path.{move.name}.ycc_exit_bp", move.ycc_exit_bp, funding)
    if boj.kind == "rule":
        yield from unknown_instruments(
            "policy.boj.statement_moves", boj.statement_moves, instruments
        )
        if boj.trigger_asset is not None:
            assets = [name for name, part in instruments.items() if part.kind == "asset"]
            yield from must_be_one_of("policy.boj.trigger_asset", boj.trigger_asset, assets)


def _no_bond(key: str, given: float, funding: str) -> Any:
    return fault_at(key, given, f"needs a bond in {funding}: none is among bonds")


def unique_names(key: str, items: Iterable[Any]) -> Faults:
    """Faults of entries whose name an earlier one has."""
    seen: set[str] = set()
    for item in items:
        if item.name in seen:
            yield fault_at(f"{key}.{item.name}.name", item.name, "is taken by another entry")
        seen.add(item.name)
