"""The rounds of a day: how often a market that does not clear is asked."""

import math
from types import SimpleNamespace

import pytest

from abm.kernels.markets import rounds
from abm.kernels.markets.clearing import ClearingReport
from abm.kernels.markets.rounds import clear_and_settle, trade_in_rounds
from abm.kernels.record import DAY_CONSERVATION
from abm.kernels.state import CLEARED, FAILED
from tests.engine.worlds import still

MOST = 100


@pytest.mark.parametrize(
    ("statuses", "n_rounds"),
    [
        ([CLEARED] * MOST, MOST),
        ([FAILED, CLEARED, CLEARED, FAILED], 4),  # round 0 carries other orders than round 1
        ([FAILED, FAILED], 2),
        ([CLEARED, FAILED], 2),
    ],
)
def test_a_forced_round_that_failed_is_not_tried_again(monkeypatch, statuses, n_rounds):
    """Nothing moved: a hundred rounds would look for the same prices a hundred times."""
    asked = []

    def clear(day, round_, *_):
        asked.append(round_)
        return statuses[round_]

    def do_nothing(*_):
        pass

    for name in ("test_margins", "follow_links", "build_orders", "withdraw_orders",
                 "fail_unmet_calls"):  # fmt: skip
        monkeypatch.setattr(rounds, name, do_nothing)
    monkeypatch.setattr(rounds, "force_orders", lambda *_: 2)
    monkeypatch.setattr(rounds, "clear_and_settle", clear)
    rules = SimpleNamespace(market=SimpleNamespace(rounds=MOST))
    draws = SimpleNamespace(silent_from=10)
    trade = getattr(trade_in_rounds, "py_func", trade_in_rounds)
    trade(0, None, None, None, rules, draws, None)
    assert asked == list(range(n_rounds))


def test_a_round_that_failed_is_audited_too(monkeypatch):
    """It moves nothing; what is missing all the same is found on the day."""
    world = still("funds")
    books, prices = world.books, world.market.log_price.copy()
    books.cash[0] += 100.0
    report = ClearingReport(FAILED, 0, math.inf, math.nan)
    monkeypatch.setattr(rounds, "clear_round", lambda *_: report)
    clear = getattr(clear_and_settle, "py_func", clear_and_settle)
    assert clear(0, 0, *world[:6]) == FAILED
    error = world.diary.days[0, DAY_CONSERVATION]
    assert error == pytest.approx(100.0 / world.market.gross_totals[-1])
    assert world.market.log_price.tolist() == prices.tolist()
