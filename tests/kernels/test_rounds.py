"""The rounds of a day: how often a market that does not clear is asked."""

from types import SimpleNamespace

import pytest

from abm.kernels import rounds
from abm.kernels.state import CLEARED, FAILED

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
    trade = getattr(rounds.trade_in_rounds, "py_func", rounds.trade_in_rounds)
    trade(0, None, None, None, rules, draws, None)
    assert asked == list(range(n_rounds))
