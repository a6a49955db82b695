"""Every public function that takes numbers refuses by name all that is no real number.

A table: each function with arguments that work, and each argument replaced by what no arithmetic
is meant for. NumPy reads True as 1, "5" as 5 and drops imaginary parts.
"""

import datetime
import warnings
from collections.abc import Iterator
from fractions import Fraction

import networkx as nx
import numpy as np
import pytest
import scipy.sparse as sp

from abm import carry
from abm.contagion import clear_interbank, debtrank, debtrank_of_each, threshold_cascade
from abm.errors import InvalidInput
from abm.market import ClearingProblem
from abm.measures import indicators, network, tails, vulnerability
from abm.numbers import is_real, is_whole, real_array, sum_in_turn

OWED = [[0.0, 10.0], [0.0, 0.0]]
NONE, ONE = [[0.0]], [1.0]
BANKS = {
    "assets": [10.0, 10.0],
    "equity": [2.0, 2.0],
    "weights": [[0.5, 0.5], [1.0, 0.0]],
    "impact": [0.1, 0.1],
    "returns": [-0.1, 0.0],
}
TRADE = {"rate_domestic": 0.01, "rate_foreign": 0.05, "years": 0.5}
FUNCTIONS = [
    (clear_interbank, {"liabilities": OWED, "external_assets": [6.0, 1.0],
                       "external_liabilities": [0.0, 8.0], "recovery_external": 0.5,
                       "recovery_interbank": 0.5}),
    (debtrank, {"exposures": OWED, "equity": [5.0, 5.0], "distress": [0.0, 1.0]}),
    (threshold_cascade, {"exposures": OWED, "capital": [4, 4], "interbank_assets": [20, 20],
                         "seeds": [1]}),
    (tails.value_at_risk, {"returns": [-0.1, 0.2, 0.1], "confidence": 0.5}),
    (tails.expected_shortfall, {"returns": [-0.1, 0.2, 0.1], "confidence": 0.5}),
    (tails.hill, {"returns": [-0.1, -0.2, -0.3, 0.1], "n_tail": 2}),
    (tails.max_drawdown, {"returns": [-0.1, 0.2]}),
    (network.portfolio_overlap, {"positions": [[1.0, 2.0], [2.0, 1.0]], "depth": [1.0, 2.0]}),
    (vulnerability.indirect_vulnerability, BANKS),
    (vulnerability.systemicness, BANKS),
    (debtrank_of_each, {"exposures": OWED, "equity": [5.0, 5.0]}),
    (indicators.mean_margin_slack, {"slack": [1.0, 2.0], "wealth": [1.0, 2.0]}),
    (indicators.least_margin_slack, {"slack": [1.0, 2.0]}),
    (indicators.mean_overlap, {"positions": [[1.0, 2.0], [2.0, 1.0]], "depth": [1.0, 2.0],
                               "wealth": [1.0, 2.0]}),
    (indicators.risk_reversal_proxy, {"returns": [-0.1, 0.2]}),
    (indicators.returns_with_yen, {"covariance": [[1.0, 0.5], [0.5, 1.0]]}),
    (indicators.bank_systemicness, {"positions": [[1.0], [2.0]], "assets": [10.0, 10.0],
                                    "equity": [2.0, 2.0], "depth": [5.0], "returns": [-0.1]}),
    (indicators.bank_debtrank, {"exposures": OWED, "equity": [5.0, 5.0]}),
    (ClearingProblem, {
        "holdings": NONE, "targets": NONE, "orders": [[-5.0]], "cash": [10.0], "speed": [0.0],
        "resident": [0.0], "quote": [-1.0], "value_held_open": [0.0], "value_held": [0.0],
        "value_depth": [0.0], "value_capacity": ONE, "value_speed": [0.0], "fundamental": [0.0],
        "dealer_held": [0.0], "dealer_depth": [100.0], "dealer_reference": [0.0],
        "external": [0.0], "lower": [-1.0], "upper": ONE, "start": [0.0]}),
    (carry.interest, {"rate": 0.05, "years": 0.5}),
    (carry.uncovered_return, {**TRADE, "spot": 1.08, "spot_end": 1.1, "cost": 0.002}),
    (carry.covered_forward, {**TRADE, "spot": 1.08, "basis": 0.001}),
    (carry.covered_return, {**TRADE, "basis": 0.001}),
    (carry.breakeven_rate, {**TRADE, "spot": 1.08}),
    (carry.net_carry, {"rate_foreign": 0.05, "rate_domestic": 0.01}),
    (carry.attribute_pnl, {**TRADE, "notional_domestic": 10.0, "spot": 1.08, "spot_end": 1.1}),
    (carry.year_fraction, {"days": 91}),
]  # fmt: skip
# Keyword arguments that not every function needs.
ALWAYS = {carry.year_fraction: {"currency": "JPY"}}
BAD_NUMBERS = ("5", "x", b"5", 1j, np.complex128(1.0), True, np.True_, object(), {}, {1},
               [[1.0], [1.0, 2.0]], 10**400, datetime.date(2024, 7, 31))  # fmt: skip
MAY_BE_EMPTY = {"seeds", "differential_per_year", "fast_volatility_per_year"}
MAY_BE_LONG = {"window_days"}  # than the series: then there is no full window yet
MAY_BE_FLAGS = {"exposures", "resident"}  # who lent to whom, who is one: yes or no


def bad_values(name: str, good: object) -> Iterator[object]:
    yield from BAD_NUMBERS if name in MAY_BE_EMPTY else (*BAD_NUMBERS, [])
    if isinstance(good, list):
        array = np.array(good)
        yield from (array.astype(complex), array.astype(str), array.astype(object) * 1j)
        yield array.astype("datetime64[s]")
        if name not in MAY_BE_FLAGS:
            yield from (array.astype(bool), array.astype(bool).tolist())
            mixed = array.astype(object)
            mixed.flat[-1] = True
            yield from (mixed, mixed.tolist())


def rows() -> Iterator[tuple]:
    for function, good in FUNCTIONS:
        for name in good:
            for bad in bad_values(name, good[name]):
                if name in MAY_BE_LONG and isinstance(bad, int) and bad > 1:
                    continue
                told = f"{function.__name__}-{name}-{type(bad).__name__}"
                yield pytest.param(function, good, name, bad, id=told)


@pytest.mark.parametrize(("function", "good"), FUNCTIONS)
def test_the_arguments_of_the_table_work(function, good):
    function(**good, **ALWAYS.get(function, {}))


@pytest.mark.parametrize(("function", "good", "name", "bad"), list(rows()))
def test_what_is_no_number_is_refused_by_name(function, good, name, bad):
    with warnings.catch_warnings(), pytest.raises(InvalidInput) as refused:
        warnings.simplefilter("error")
        function(**{**good, **ALWAYS.get(function, {}), name: bad})
    words = name.removesuffix("_per_year").replace("_", " ")
    told = str(refused.value).replace("_", " ")
    assert any(
        word in told for word in (words, words.split()[-1], "rate", "liabilities", "holdings")
    )


def test_networks_of_other_kinds_hold_numbers_too():
    graph = nx.DiGraph()
    for weight in (1j, True, "5"):
        graph.add_edge("a", "b", weight=weight)
        with pytest.raises(InvalidInput, match="liabilities") as refused:
            clear_interbank(graph, [1.0, 1.0])
        assert "external_assets" not in str(refused.value)  # which fits
    for dtype in (complex, bool):
        for kind in (sp.csr_array, np.array, np.ndarray.tolist):
            network = kind(np.array(OWED, dtype=dtype))
            with pytest.raises(InvalidInput, match="liabilities") as refused:
                clear_interbank(network, [1.0, 1.0])
            assert "external_assets" not in str(refused.value)


def test_whole_numbers_fractions_and_numpy_scalars_are_numbers():
    assert real_array([1, Fraction(1, 2), np.float32(0.5)]).tolist() == [1.0, 0.5, 0.5]
    assert is_real(np.int8(3)) and is_real(np.array(2.0)) and not is_real(None)
    assert is_whole(np.int64(3)) and not is_whole(3.0) and not is_whole(True)


def test_who_lent_to_whom_may_be_told_by_yes_and_no():
    lent = np.array(OWED, dtype=bool)
    assert threshold_cascade(lent, [4, 4], 20, [1]).failed.tolist() == [True, True]


def test_a_sum_in_turn_is_the_same_under_any_python():
    # 1e16 + 1 is 1e16: from left to right nothing is left; `sum` of Python 3.12 gives 1
    assert sum_in_turn([1e16, 1.0, -1e16]) == 0.0
    assert sum_in_turn(iter([0.1, 0.2, 0.3])) == 0.1 + 0.2 + 0.3
    assert sum_in_turn([]) == 0.0
