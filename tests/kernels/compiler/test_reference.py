"""State behind a pointer reads and writes like the columns themselves."""

import os
import subprocess
import sys
from typing import NamedTuple

import numba
import numpy as np
import pytest

from abm.kernels.compiler.jit import kernel
from abm.kernels.compiler.reference import by_reference

compiled_only = pytest.mark.skipif(
    numba.config.DISABLE_JIT, reason="plain Python passes the columns themselves"
)


class Inner(NamedTuple):
    level: float
    table: np.ndarray


class Columns(NamedTuple):
    vector: np.ndarray
    small: np.ndarray
    cube: np.ndarray
    rate: float
    count: int
    is_on: bool
    inner: Inner


def columns(**changes):
    given = Columns(
        vector=np.arange(3.0),
        small=np.array([0, 1, 255], np.uint8),
        cube=np.arange(24.0).reshape(2, 3, 4),
        rate=-0.1,
        count=-7,
        is_on=True,
        inner=Inner(2.5, np.arange(6).reshape(2, 3)),
    )
    return given._replace(**changes)


@kernel
def read_all(given, out):
    out[0] = given.vector[2]
    out[1] = given.small[2]
    out[2] = given.cube[1, 2, 3] + 100 * given.cube.size + 10_000 * given.cube.shape[2]
    out[3] = given.rate
    out[4] = given.count
    out[5] = 1.0 if given.is_on else 0.0
    out[6] = given.inner.level
    out[7] = given.inner.table[1, 2]
    out[8] = given.cube[1][2][3]


@kernel
def write_some(given):
    for j in range(given.vector.size):
        given.vector[j] += given.rate
    given.inner.table[0, 0] = given.count


def read(given):
    out = np.empty(9)
    read_all(*by_reference(given), out)
    return out.tolist()


def test_every_kind_of_field_reads_the_same():
    assert read(columns()) == [2.0, 255.0, 42423.0, -0.1, -7.0, 1.0, 2.5, 5.0, 23.0]
    changed = columns(is_on=np.bool_(False), rate=np.float64(np.pi), count=np.int64(2**53))
    assert read(changed)[3:6] == [np.pi, 2.0**53, 0.0]


def test_what_is_written_is_in_the_columns():
    given = columns()
    write_some(*by_reference(given))
    assert given.vector.tolist() == [-0.1, 0.9, 1.9]
    assert given.inner.table[0, 0] == -7


@compiled_only
def test_columns_that_do_not_lie_in_one_piece_are_refused():
    with pytest.raises(TypeError, match="Columns: columns must be C-contiguous"):
        by_reference(columns(vector=np.arange(6.0)[::2]))


@compiled_only
def test_a_caller_kept_by_an_earlier_process_finds_what_it_calls(tmp_path):
    # Loaded from the cache a kernel brings the kernels that it calls along; two processes may
    # fill one cache at once.
    program = (
        "import numpy as np\n"
        "from abm.kernels.compiler.jit import door\n"
        "from abm.kernels.numerics.weights import equal_risk_contributions as solve\n"
        "out = np.empty(2); solve(np.diag([1.0, 4.0]), np.ones(2), out, np.empty(2))\n"
        "print(out.tolist(), sum(door(solve).stats.cache_hits.values()))"
    )
    environment = {**os.environ, "CARRY_UNWIND_CACHE": str(tmp_path)}
    arguments = [sys.executable, "-c", program]
    both = [
        subprocess.Popen(arguments, env=environment, stdout=subprocess.PIPE, text=True)
        for _ in range(2)
    ]
    answers = [process.communicate()[0].split("] ")[0] for process in both]
    later = subprocess.run(arguments, env=environment, capture_output=True, text=True, check=True)
    weights, hits = later.stdout.split("] ")
    assert answers == [weights, weights] and int(hits) == 1


@compiled_only
def test_columns_are_written_down_once_and_again_when_they_are_others():
    given = columns()
    (first,), (again,) = by_reference(given), by_reference(given)
    assert again is first
    assert read(given._replace(rate=3.0))[3] == 3.0
    assert read(given._replace(vector=np.full(3, 9.0)))[0] == 9.0
