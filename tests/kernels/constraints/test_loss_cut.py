"""Retail accounts: those that cannot be cut are left out of the test."""

import numpy as np
import pytest

from abm.kernels.constraints.loss_cut import is_uncut


@pytest.mark.parametrize(
    ("wealth", "call_day", "expected"),
    [(3.0, -1, True), (2.9, -1, False), (3.0, 5, False)],
    ids=["three-of-a-hundred", "less", "called"],
)
def test_an_account_with_its_share_of_all_assets_is_left_alone_unless_called(
    wealth, call_day, expected
):
    # It owes 97: its assets are 100 with a wealth of 3, and notional is no more than that.
    others = (np.array([50.0, wealth]), np.array([10.0, 97.0]), np.array([0.03, 0.03]))
    assert is_uncut(*others, np.array([-1, call_day])) is expected
