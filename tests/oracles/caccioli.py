"""Contagion through common assets, bank by bank in plain loops.

python -m tests.oracles.caccioli [draws]
"""

import random
import sys
from math import exp

N_BANKS = N_ASSETS = 200
INVESTED, ALPHA, FALLEN = 0.8, 1.0536, 0.65
POINTS = ((10, 1), (10, 4), (10, 12), (10, 30), (20, 2), (20, 8), (20, 20), (25, 1), (25, 4),
          (25, 12), (25, 30))  # fmt: skip


def portfolios(rng, degree):
    """Assets that each bank holds, all at the same amount."""
    chance = degree / N_ASSETS
    return [[k for k in range(N_ASSETS) if rng.random() < chance] for _ in range(N_BANKS)]


def share_failed(held, leverage, asset=None, bank=None):
    """Share of banks failed once no further one fails; pushed by an asset's fall or a bank."""
    amount = [INVESTED / len(own) if own else 0.0 for own in held]
    issued, sold = [0.0] * N_ASSETS, [0.0] * N_ASSETS
    for own, each in zip(held, amount, strict=True):
        for k in own:
            issued[k] += each
    first = [FALLEN if k == asset else 1.0 for k in range(N_ASSETS)]
    failed, new = set(), set() if bank is None else {bank}
    while True:
        for i in new:
            for k in held[i]:
                sold[k] += amount[i]
        failed |= new
        price = [
            p * exp(-ALPHA * sold[k] / issued[k]) if sold[k] else p for k, p in enumerate(first)
        ]
        limit = (1 + 1e-12) / leverage
        new = {
            i
            for i in range(N_BANKS)
            if i not in failed and sum(amount[i] * (1 - price[k]) for k in held[i]) > limit
        }
        if not new:
            return len(failed) / N_BANKS


def contagion(leverage, degree, n_draws, seed=0):
    """(frequency, extent) of contagion by an asset, and by a bank."""
    rng = random.Random(f"{seed} {leverage} {degree}")
    shares = ([], [])
    for _ in range(n_draws):
        held = portfolios(rng, degree)
        shares[0].append(share_failed(held, leverage, asset=rng.randrange(N_ASSETS)))
        shares[1].append(share_failed(held, leverage, bank=rng.randrange(N_BANKS)))
    found = []
    for drawn in shares:
        large = [share for share in drawn if share > 0.05 + 1e-12]
        found.append((len(large) / n_draws, sum(large) / len(large) if large else 0.0))
    return found


if __name__ == "__main__":
    n = int(sys.argv[1]) if len(sys.argv) > 1 else 300
    for point in POINTS:
        print(*point, *contagion(*point, n))
