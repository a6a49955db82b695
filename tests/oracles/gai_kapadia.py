"""Default cascades on random networks, failure by failure, and the window of the condition.

python -m tests.oracles.gai_kapadia [draws]
"""

import random
import sys
from math import exp, log

N_BANKS, CAPITAL, INTERBANK = 1000, 4, 20  # per cent of the balance sheet
TIES = ("survives", "fails")


def network(rng, degree):
    """Lenders of each bank, and the number of borrowers of each.

    Each ordered pair is a claim with the same chance: gaps between claims are geometric.
    """
    lenders, n_borrowers = [[] for _ in range(N_BANKS)], [0] * N_BANKS
    scale = log(1 - degree / (N_BANKS - 1))
    pair = -1
    while True:
        pair += 1 + int(log(1 - rng.random()) / scale)
        if pair >= N_BANKS * (N_BANKS - 1):
            return lenders, n_borrowers
        lender, other = divmod(pair, N_BANKS - 1)
        lenders[other + (other >= lender)].append(lender)
        n_borrowers[lender] += 1


def share_failed(lenders, n_borrowers, first, tie):
    """Share of banks failed once the failures that one has set off are over."""
    failed, lost, queue = {first}, [0] * N_BANKS, [first]
    while queue:
        for lender in lenders[queue.pop()]:
            lost[lender] += 1
            loss, limit = INTERBANK * lost[lender], CAPITAL * n_borrowers[lender]
            if lender not in failed and (loss > limit or (tie == "fails" and loss == limit)):
                failed.add(lender)
                queue.append(lender)
    return len(failed) / N_BANKS


def contagion(degree, n_draws, seed=0):
    """For each tie: share of draws with contagion, and the mean share of banks failed in them."""
    rng = random.Random(f"{seed} {degree}")
    shares = {tie: [] for tie in TIES}
    for _ in range(n_draws):
        lenders, n_borrowers = network(rng, degree)
        first = rng.randrange(N_BANKS)
        for tie in TIES:
            shares[tie].append(share_failed(lenders, n_borrowers, first, tie))
    found = {}
    for tie, drawn in shares.items():
        large = [share for share in drawn if share > 0.05]
        found[tie] = len(large) / n_draws, sum(large) / len(large) if large else 0.0
    return found


def window(most_borrowers):
    """Mean degrees z between which z P(Poisson(z) <= most - 1) exceeds 1, by bisection."""

    def excess(z):
        term = total = exp(-z)
        for k in range(1, most_borrowers):
            term *= z / k
            total += term
        return z * total - 1

    def root(low, high):
        rises = excess(high) > 0
        for _ in range(200):
            middle = 0.5 * (low + high)
            if (excess(middle) > 0) == rises:
                high = middle
            else:
                low = middle
        return 0.5 * (low + high)

    return root(0.5, 3.0), root(3.0, 12.0)


if __name__ == "__main__":
    n = int(sys.argv[1]) if len(sys.argv) > 1 else 2000
    print("windows", window(4), window(5))
    for z in (0.5, 1.5, 3, 5, 7, 9):
        print(z, contagion(z, n))
