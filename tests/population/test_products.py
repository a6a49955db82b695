"""Products of the opening: what the library gives, in an order that no processor changes."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from abm.population.products import cholesky_factor, product, quadratic_form

sizes = st.integers(1, 9)


@given(sizes, sizes, sizes, st.integers(0, 2**32 - 1))
def test_a_product_is_that_of_the_library(n, k, m, seed):
    rng = np.random.default_rng(seed)
    a, b = rng.standard_normal((n, k)), rng.standard_normal((k, m))
    assert product(a, b) == pytest.approx(a @ b, abs=1e-12)
    assert product(a[0], b) == pytest.approx(a[0] @ b, abs=1e-12)


@given(sizes, st.integers(0, 2**32 - 1))
def test_factor_and_form_are_those_of_the_library(k, seed):
    rng = np.random.default_rng(seed)
    root = rng.standard_normal((k, k))
    matrix = root @ root.T + np.eye(k)
    assert cholesky_factor(matrix) == pytest.approx(np.linalg.cholesky(matrix), abs=1e-10)
    columns = rng.standard_normal((k, 3))
    by_column = [column @ matrix @ column for column in columns.T]
    assert quadratic_form(matrix, columns) == pytest.approx(by_column, rel=1e-9)


def test_rows_of_a_product_do_not_depend_on_the_other_rows():
    rng = np.random.default_rng(1)
    a, b = rng.standard_normal((40, 7)), rng.standard_normal((7, 7))
    assert np.array_equal(product(a, b)[3:9], product(a[3:9], b))
