"""Chance has a name: one seed, one stream for every purpose."""

import numpy as np

# Adding a stream at the end never disturbs another; the order is part of every saved result.
STREAMS = ("news", "institutions", "brokers", "interbank")


def generator(stream: str, seed: int, replicate: int) -> np.random.Generator:
    """Generator of one purpose for one replicate: SeedSequence(seed, (stream, replicate))."""
    key = (STREAMS.index(stream), replicate)
    return np.random.Generator(np.random.PCG64(np.random.SeedSequence(seed, spawn_key=key)))
