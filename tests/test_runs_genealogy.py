"""Generations of a cascade, by hand."""

import numpy as np

from abm.kernels.events import CLEARING, CLOSE_OUT, FORCED_SALE, LIMIT_HIT, MARGIN_CALL, POLICY
from abm.runs.genealogy import generations


def generation_of(*rows):
    """Rows of (kind, cause, clearing)."""
    kind, cause, clearing = (np.array(column) for column in zip(*rows, strict=True))
    return generations(kind, cause, clearing).tolist()


def test_a_call_on_a_price_that_no_forced_sale_made_is_generation_0():
    assert generation_of((CLEARING, -1, -1), (MARGIN_CALL, 0, -1)) == [-1, 0]


def test_a_call_on_a_price_that_forced_sales_made_is_the_next_generation():
    found = generation_of(
        (MARGIN_CALL, -1, -1),
        (FORCED_SALE, 0, 2),
        (CLEARING, -1, -1),
        (MARGIN_CALL, 2, -1),
        (FORCED_SALE, 3, 5),
        (CLEARING, -1, -1),
        (CLOSE_OUT, 5, -1),
    )
    assert found == [0, 0, 0, 1, 1, 1, 2]


def test_the_latest_of_the_calls_that_fed_a_price_counts():
    found = generation_of(
        (MARGIN_CALL, -1, -1),
        (FORCED_SALE, 0, 2),
        (CLEARING, -1, -1),
        (MARGIN_CALL, 2, -1),
        (FORCED_SALE, 3, 6),
        (FORCED_SALE, 0, 6),
        (CLEARING, -1, -1),
        (MARGIN_CALL, 6, -1),
    )
    assert found[6:] == [1, 2]


def test_everything_else_has_the_generation_of_its_parent():
    assert generation_of((POLICY, -1, -1), (CLEARING, -1, -1), (LIMIT_HIT, 1, -1)) == [0, -1, 0]
