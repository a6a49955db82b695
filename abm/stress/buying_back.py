"""Options that are written, and bought back by force where no money covers their margin.

The broker closes what asks for margin: at every close as large a share of all options written in a
currency as brings their margin down to the money behind them (`abm.stress.option_margin`). They are
bought at the model's value, and what that costs besides is what dealing their whole underlying
would cost. Bought options ask for nothing and stay.
"""

from __future__ import annotations

import numpy as np

from abm.stress.contracts import Written
from abm.stress.loans import LIQUIDATION, MARGIN_COST, PARTS, Loan
from abm.stress.option_margin import Behind, Purse, share_of
from abm.stress.paths import Market
from abm.stress.selling import cost_of_all, sale_share, turning

Array = np.ndarray


class Writer:
    """The options written in one currency, carried day by day."""

    def __init__(self, currency: int, written: Written, loan: Loan, market: Market) -> None:
        self.currency, self.written, self.loan, self.market = currency, written, loan, market
        shape = written.margin.shape
        self.left_open = np.ones(shape)  # not bought back by the end of the day
        self.missing = np.zeros(shape)  # of their margin, at the close [base]
        self.value = np.zeros(shape)  # of what is owed for those bought back [base]
        self.parts = np.zeros((shape[1], len(PARTS), shape[0]))  # of the day
        self.balance = np.zeros(shape[0])  # that is owed [its currency]
        self.gains = np.zeros(shape[0])  # of what hedges it [base]

    def margin(self, day: int) -> Array:
        """Margin at the close of those that are still open [base]."""
        margin: Array = self._open_before(day) * self.written.margin[:, day] * self._spot(day)
        return margin

    def pass_night(self, day: int) -> None:
        """Interest on what is owed."""
        self.gains += self.loan.hedge_gain(day, self.balance)
        self.balance = self.balance + self.loan.night(day, self.balance, self.parts[day])

    def cover(self, day: int, behind: Behind, money: dict[int, Purse], spreads: Array) -> None:
        """Buy back what the money behind them does not cover; on the eve only say what is missing.

        F b - C s - c1 s - c2 s^2 = M b (1 - s)                                           (M193)

        A share s is bought: M is their margin, C their value, F the money behind them, of which a
        unit brings b in their currency. Without enough all are bought, and the rest is owed.
        """
        self.missing[:, day] = behind.missing
        self.left_open[:, day] = self._open_before(day)
        if day and behind.missing.any():
            self._buy_back(day, behind, money, spreads)
        self.value[:, day] = self.gains - self.balance * self.loan.spot[:, day]

    def _buy_back(self, day: int, behind: Behind, money: dict[int, Purse], spreads: Array) -> None:
        before, market = self._open_before(day), self.market
        margin, worth = self.margin(day), before * self._worth(day) * self._spot(day)
        prices = {c: 1.0 + turning(c, self.currency, day, spreads, market) for c in behind.money}
        there = sum(behind.money.values(), np.zeros_like(margin))
        turned = sum((x / prices[c] for c, x in behind.money.items()), np.zeros_like(margin))
        brings = np.where(there > 0.0, share_of(turned, there), 1.0)
        amounts = before[:, None] * self.written.dealt[:, day]
        by_spread, by_size = cost_of_all(amounts, day, spreads, market)
        share = sale_share(behind.missing * brings, margin * brings - worth, by_spread, by_size)
        cost = by_spread * share + by_size * share**2
        due = share * worth + cost
        paid = np.minimum(due / brings, there)
        for c, purse in money.items():
            purse.pay_pledged(day, share_of(paid, there) * behind.money[c])
        self.parts[day, MARGIN_COST] = -paid * (1.0 - brings)
        self.parts[day, LIQUIDATION] = -cost
        self.balance = self.balance + (due - paid * brings) / self.loan.spot[:, day]
        self.left_open[:, day] = before * (1.0 - share)

    def _open_before(self, day: int) -> Array:
        before: Array = self.left_open[:, max(day - 1, 0)]
        return before

    def _spot(self, day: int) -> Array:
        spot: Array = self.market.fx[self.currency][:, day]
        return spot

    def _worth(self, day: int) -> Array:
        """Value of all options not yet paid out, with none bought back [currency]."""
        none = np.zeros(len(self.missing))
        still = (marks for last, marks in self.written.marks.items() if last > day)
        worth: Array = -sum((marks.value[:, day] for marks in still), none)
        return worth


def held_of(left_open: Array, last: int) -> Array:
    """Share, after each day, of options that are paid out on a day: what was open then stays."""
    held = left_open.copy()
    held[:, last:] = left_open[:, last - 1 : last]
    return held
