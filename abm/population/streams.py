"""Chance has a name: one seed, one stream for every purpose; and what may be given as a seed."""

from typing import Any

import numpy as np

from abm.errors import InvalidInput, show
from abm.numbers import is_whole

# Adding a stream at the end never disturbs another; the order is part of every saved result.
STREAMS = ("news", "institutions", "brokers", "interbank", "news volatility", "policy")
# Of a seed that is drawn or derived: fifteen digits, which the page's address, a double and a
# sweep's column all hold.
SEED_BITS = 49

Rng = int | np.integer[Any] | np.random.SeedSequence | np.random.Generator
"""Values of `rng`: a whole number, a SeedSequence or a Generator (SPEC 7 of Scientific Python)."""


def generator(stream: str, seed: int, replicate: int) -> np.random.Generator:
    """Generator of one purpose for one replicate: SeedSequence(seed, (stream, replicate))."""
    key = (STREAMS.index(stream), replicate)
    return np.random.Generator(np.random.PCG64(np.random.SeedSequence(seed, spawn_key=key)))


def root_seed(rng: Any) -> int:
    """The seed that is stored for what was given as `rng`; as `rng` it gives the same run again.

    A whole number is itself. SeedSequence(n) is n; one that was spawned, or has other entropy or
    another pool than a plain one, is a number of 49 bits that follows from all of these. A
    Generator is drawn from once, for 49 bits, and has moved on. Raises InvalidInput for all else.
    """
    if is_whole(rng) and rng >= 0:
        return int(rng)
    if isinstance(rng, np.random.SeedSequence):
        return _seed_of_sequence(rng)
    if isinstance(rng, np.random.Generator):
        return int(rng.integers(2**SEED_BITS))
    raise InvalidInput(
        f"rng = {show(rng)}, must be a whole number, at least 0, a numpy.random.SeedSequence or a "
        "numpy.random.Generator"
    )


def replicate_number(given: Any) -> int:
    """The replicate under a seed. Raises InvalidInput for all but a whole number from 0."""
    if not is_whole(given) or given < 0:
        raise InvalidInput(f"replicate = {show(given)}, must be a whole number, at least 0")
    return int(given)


def _seed_of_sequence(sequence: np.random.SeedSequence) -> int:
    entropy: Any = sequence.entropy
    plain = np.random.SeedSequence(0)
    if is_whole(entropy) and not sequence.spawn_key and sequence.pool_size == plain.pool_size:
        return int(entropy)
    return int(sequence.generate_state(1, np.uint64)[0]) >> (64 - SEED_BITS)
