"""Answers to lesson 1. Try the exercises first."""

from __future__ import annotations

from typing import TYPE_CHECKING

from abm.carry import breakeven_rate, net_carry
from experiments.lessons.frame import Exercise, Mistake

if TYPE_CHECKING:
    import pandas as pd

CALENDAR_DAYS, TRADING_DAYS = 365, 252  # of a year
_TENTH_OF_A_YEN = 0.1


def break_even(spot: float, rate_yen: float, rate_dollar: float, leverage: float) -> Exercise:
    """1.1: USDJPY at which what was borrowed earns nothing in a year, whatever the leverage."""
    carry = net_carry(rate_dollar, rate_yen)
    return Exercise(
        right=breakeven_rate(rate_yen, rate_dollar, 1.0, spot),
        tolerance=_TENTH_OF_A_YEN,
        why="It is the forward, and leverage is of no account: five times nothing is nothing.",
        hint="Set what a dollar's worth of yen owes after a year equal to what the dollar brings.",
        mistakes=(
            Mistake(
                spot * (1.0 + rate_dollar) / (1.0 + rate_yen),
                "That is above the spot: does the trade lose when the dollar appreciates?",
            ),
            Mistake(
                spot * (1.0 - carry),
                "Close, but that takes the difference of the rates; the interest on the dollars"
                " is sold at the new rate too. Divide the growth factors.",
            ),
            Mistake(
                spot * (1.0 - leverage * carry),
                "Leverage multiplies the carry, but it multiplies the loss on the dollar as well.",
            ),
            Mistake(
                spot * (1.0 - carry / leverage),
                "Leverage multiplies the loss on the dollar, but it multiplies the carry as well.",
            ),
            Mistake(spot, "At an unchanged rate the trade has earned its carry."),
        ),
    )


def ruin(spot: float, rate_yen: float, rate_dollar: float, leverage: float) -> Exercise:
    """1.2: USDJPY at which the position is worth what is owed."""
    growth_yen, growth_dollar = 1.0 + rate_yen, 1.0 + rate_dollar
    return Exercise(
        right=spot * (1.0 - 1.0 / leverage) * growth_yen / growth_dollar,
        tolerance=_TENTH_OF_A_YEN,
        why=f"A loss of 1/{leverage:g} of the position is all the own money; carry gave some room.",
        hint=f"Own money is 1/{leverage:g} of the position: which return takes all of it?",
        mistakes=(
            Mistake(
                spot * (1.0 - 1.0 / leverage),
                "That leaves out a year of interest, earned and paid.",
            ),
            Mistake(
                spot * (1.0 - 1.0 / leverage) * growth_dollar / growth_yen,
                "Which of the two currencies is owed with interest, and which one earns it?",
            ),
            Mistake(
                spot * growth_yen / growth_dollar,
                "There the fund has earned nothing; it has not lost anything yet.",
            ),
        ),
    )


def days_of_carry(
    path: pd.Series, rate_yen: float, rate_foreign: float, leverage: float
) -> Exercise:
    """1.3: calendar days of net carry that the worst day of a path took."""
    loss = -float(path.pct_change().min())
    years = loss / net_carry(rate_foreign, rate_yen)
    right = CALENDAR_DAYS * years
    return Exercise(
        right=right,
        tolerance=0.03 * right,
        why=f"One day took {loss:.1%} of the position; leverage multiplies that and the carry.",
        hint="Divide the loss of the day by what the position earns in a day; both as shares.",
        mistakes=(
            Mistake(-right, "A number of days is positive: the loss of the day, not its return."),
            Mistake(100.0 * right, "One of the two is in per cent, the other a share."),
            Mistake(right / 100.0, "One of the two is in per cent, the other a share."),
            Mistake(
                TRADING_DAYS * years,
                "Interest accrues on every calendar day, weekends included.",
            ),
            Mistake(years, "That is in years."),
            Mistake(leverage * right, "Leverage multiplies the carry as well as the loss."),
            Mistake(right / leverage, "Leverage multiplies the loss as well as the carry."),
        ),
    )


EXERCISES = {"1.1": break_even, "1.2": ruin, "1.3": days_of_carry}
