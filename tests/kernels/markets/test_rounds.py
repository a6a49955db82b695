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

    def force_two(*given):
        given[-1].n_forced[0] = 2
        return True

    monkeypatch.setattr(one_day, "clear_and_settle", clear)
    monkeypatch.setattr(one_day, "force_sales", force_two)
    pass_rounds(monkeypatch, appetite=False)
    assert asked == list(range(n_rounds))


@pytest.mark.parametrize(
    ("called_in", "over_limit_in", "pending_after", "looked_in"),
    [
        ([], [], [], [0]),
        ([1], [], [], [0, 1]),
        ([], [1], [], [0, 1]),
        ([], [], [0], [0, 1]),  # in the grace of its call: due tomorrow, if it is not met before
    ],
)
def test_who_must_trade_is_looked_for_while_somebody_may_have_to(
    monkeypatch, called_in, over_limit_in, pending_after, looked_in
):
    """In the first round for what is closing, called or recalled since yesterday; later only after
    a verdict, at a loan above its limit, or while there was somebody in the round before.
    """
    round_, looked = [-1], []

    def call(*_):
        round_[0] += 1
        return round_[0] in called_in

    def force(*_):
        looked.append(round_[0])
        return round_[0] in pending_after

    monkeypatch.setattr(one_day, "clear_and_settle", lambda *_: CLEARED)
    monkeypatch.setattr(one_day, "force_sales", force)
    pass_rounds(
        monkeypatch, appetite=True, call_margins=call,
        is_any_over_limit=lambda *_: round_[0] in over_limit_in,
    )  # fmt: skip
    assert looked == looked_in


def pass_rounds(monkeypatch, *, appetite, **phases):
    """The rounds of a day whose phases do nothing but those given."""
    for name in ("write_from", "call_margins", "is_any_over_limit", "update_linked_fundamentals",
                 "build_orders", "count_losses", "cancel_round", "fail_unmet_calls"):  # fmt: skip
        monkeypatch.setattr(one_day, name, phases.get(name, lambda *_: False))
    over = getattr(one_day.is_over, "py_func", one_day.is_over)
    monkeypatch.setattr(one_day, "is_over", over)
    rules = SimpleNamespace(
        market=SimpleNamespace(rounds=MOST), appetite=SimpleNamespace(is_on=appetite), mandates=None
    )
    books, options = SimpleNamespace(), SimpleNamespace(no_trade_from=10)
    trade = getattr(clear_intraday_rounds, "py_func", clear_intraday_rounds)
    trade(0, books, None, None, rules, options, None, SimpleNamespace(n_forced=[0]))


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
