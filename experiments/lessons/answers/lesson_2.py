"""Answers to lesson 2. Try the exercises first."""

from __future__ import annotations

from typing import TYPE_CHECKING

from experiments.lessons.frame import Exercise, Mistake

if TYPE_CHECKING:
    import pandas as pd

    from abm.literature.brunnermeier_pedersen import Spiral

_ONE_DIGIT, _TWO_DIGITS = 0.05, 0.01


def leverage_called(margin_rate: float, fall: float) -> Exercise:
    """2.1: leverage at which a fall leaves just the margin: 1 - L f = m L (1 - f)."""
    return Exercise(
        right=1.0 / (fall + margin_rate * (1.0 - fall)),
        tolerance=_TWO_DIGITS,
        why="Own money falls by leverage times the fall, assets fall too: their ratio meets 1/m.",
        hint="Set the leverage after the fall equal to the largest that the margin rate allows.",
        mistakes=(
            Mistake(1.0 / margin_rate, "There the call comes at once, without any fall."),
            Mistake(
                1.0 / fall, "There the fall takes all own money; the broker calls long before."
            ),
            Mistake(
                1.0 / (margin_rate + fall),
                "Close: the margin is a share of what the assets are worth after the fall.",
            ),
            Mistake(
                (1.0 - fall) / margin_rate,
                "The debt stays as it was: only own money bears the loss.",
            ),
        ),
    )


def sale(own_usd_bn: float, assets_usd_bn: float, margin_rate: float, fall: float) -> Exercise:
    """2.2: sale that brings a book back to its margin after a fall [USD bn]."""
    loss = fall * assets_usd_bn
    assets, own = assets_usd_bn - loss, own_usd_bn - loss
    return Exercise(
        right=assets - own / margin_rate,
        tolerance=_TWO_DIGITS,
        why=f"A loss of {loss:g}bn forces a sale several times as large.",
        hint="After the fall: how much are the assets, how much is own money, what may it carry?",
        mistakes=(
            Mistake(
                assets_usd_bn - own / margin_rate,
                "What is held is worth less after the fall, too.",
            ),
            Mistake(
                assets - own_usd_bn / margin_rate,
                "Own money has borne the whole loss: there is less of it after the fall.",
            ),
            Mistake(own / margin_rate, "That is what it may keep, not what it must sell."),
            Mistake(loss, "That is the loss. Selling for as much does not restore the margin."),
            Mistake(own / margin_rate - assets, "A sale is a positive number here."),
        ),
    )


def multiplier(market: Spiral) -> Exercise:
    """2.3: all rounds of the spiral over the first, 1 / (1 - k)."""
    room = market.customer_slope * market.margin
    share = (1.0 + market.margin_sensitivity) * market.position / room
    loss_only = market.position / room
    return Exercise(
        right=1.0 / (1.0 - share),
        tolerance=_ONE_DIGIT,
        why="A margin that rises a little where k is already high makes the spiral much longer.",
        hint="Each round is k times the one before, with k = (x + theta x) / (c m); add them all.",
        mistakes=(
            Mistake(share, "That is k, the second round over the first. Add all rounds."),
            Mistake(1.0 + share, "That is the first two rounds. There are more."),
            Mistake(1.0 / (1.0 - loss_only), "That is the loss spiral alone; margins rise too."),
            Mistake(
                1.0 / (1.0 - loss_only - market.margin_sensitivity),
                "Margins rise on every unit held: it is theta times x, over c m.",
            ),
        ),
    )


def forced_without_borrowing(forced_usd_bn: pd.Series) -> Exercise:
    """2.4: kind of trader forced to sell most where funds may not borrow."""
    others = {
        "hedge funds": "They may not borrow here, so that hardly one is called.",
        "retail FX": "Their leverage is highest, but look at the table once more.",
        "retail equity": "They are stopped out sometimes, but look at the table once more.",
    }
    right = str(forced_usd_bn.idxmax())
    return Exercise(
        right=right,
        why="The cap is on hedge funds alone; households trade on margin of their own.",
        hint=f"One of: {', '.join(forced_usd_bn.index)}.",
        mistakes=tuple(Mistake(name, hint) for name, hint in others.items() if name != right),
    )


EXERCISES = {
    "2.1": leverage_called,
    "2.2": sale,
    "2.3": multiplier,
    "2.4": forced_without_borrowing,
}
