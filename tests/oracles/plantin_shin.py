"""Threshold of the carry game: the indifference condition, integrated in time by Simpson's rule."""

from math import exp

#: Strength c, revision lambda, discount r, share x in the carry.
CASES = (
    (0.04, 2.0, 0.5, 0.0),
    (0.04, 2.0, 0.5, 0.5),
    (0.04, 2.0, 0.5, 1.0),
    (0.10, 1.0, 0.2, 0.25),
    (0.10, 1.0, 0.2, 0.75),
)


def threshold(strength, revision, discount, share, years=60.0, n=60_000):
    """Fundamental at which a trader who turns at `share` gains nothing [per year]."""

    def pressure(t):
        """Expected pressure after t years: the share rises with chance 1 - x, falls with x."""
        left = exp(-revision * t)
        rising, falling = 1 - (1 - share) * left, share * left
        return strength * ((1 - share) * rising + share * falling - 0.5)

    step, total, weight = years / n, 0.0, 0.0
    for i in range(n + 1):
        t = i * step
        simpson = 1 if i in (0, n) else 4 if i % 2 else 2
        discounted = simpson * exp(-(revision + discount) * t)
        total += discounted * pressure(t)
        weight += discounted
    return -total / weight


if __name__ == "__main__":
    for case in CASES:
        print(case, threshold(*case))
