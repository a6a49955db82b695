"""The rounds of a day: how often a market that does not clear is asked."""

import math
from types import SimpleNamespace

import pytest

from abm.kernels import day as one_day
from abm.kernels.day import clear_and_settle, clear_intraday_rounds
from abm.kernels.markets import rounds
from abm.kernels.markets.clearing import ClearingReport
from abm.kernels.markets.flow import CLEARED, FAILED
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

    def force_two(*given):
        given[-1].n_forced[0] = 2

    for name in ("write_from", "call_margins", "update_linked_fundamentals", "build_orders",
                 "count_losses", "cancel_round", "fail_unmet_calls"):  # fmt: skip
        monkeypatch.setattr(one_day, name, do_nothing)
    monkeypatch.setattr(one_day, "force_sales", force_two)
    monkeypatch.setattr(one_day, "clear_and_settle", clear)
    over = getattr(one_day.is_over, "py_func", one_day.is_over)
    monkeypatch.setattr(one_day, "is_over", over)
    no_appetite = SimpleNamespace(is_on=False)
    rules = SimpleNamespace(market=SimpleNamespace(rounds=MOST), appetite=no_appetite)
    options, scratch = SimpleNamespace(no_trade_from=10), SimpleNamespace(n_forced=[0])
    trade = getattr(clear_intraday_rounds, "py_func", clear_intraday_rounds)
    trade(0, None, None, None, rules, options, None, scratch)
    assert asked == list(range(n_rounds))


def test_a_round_that_failed_is_audited_too(monkeypatch):
    """It moves nothing; what is missing all the same is found on the day."""
    world = still("funds")
    books, prices = world.books, world.market.log_price.copy()
    books.cash[0] += 100.0
    report = ClearingReport(FAILED, 0, math.inf, math.nan)
    monkeypatch.setattr(rounds, "clear_round", lambda *_: report)
    find = getattr(rounds.find_prices, "py_func", rounds.find_prices)
    monkeypatch.setattr(one_day, "find_prices", find)
    clear = getattr(clear_and_settle, "py_func", clear_and_settle)
    groups = world.books, world.market, world.graph, world.rules
    assert clear(0, 0, *groups, world.options, world.record, world.scratch) == FAILED
    error = world.record.days["conservation_error"][0]
    assert error == pytest.approx(100.0 / world.market.gross_totals[-1])
    assert world.market.log_price.tolist() == prices.tolist()
