"""Price, position and multiplier of the funding spiral, by bisection and by differences.

Speculators hold x = Z - c (v - p) and fund it:

    m(p) x = W + x0 (p - p0),    m(p) = m0 + theta (p0 - p)
"""

CASES = {  # m0, theta, c, v, Z, W, x0, p0
    "constant margin": (0.2, 0.0, 20.0, 1.0, 4.0, 0.55, 1.5, 0.95),
    "rising margin": (0.2, 0.2, 20.0, 1.0, 4.0, 0.55, 1.5, 0.95),
}


def shortfall(price, loss, m0, theta, c, v, supply, wealth, x0, p0):
    """Margin that the position takes, less the wealth there is."""
    position = supply - c * (v - price)
    return (m0 + theta * (p0 - price)) * position - (wealth - loss + x0 * (price - p0))


def price_at_rest(loss, case):
    """Root below the last price p0, nearest to it."""
    high = case[-1]
    low = high
    sign = shortfall(high, loss, *case) > 0
    while (shortfall(low, loss, *case) > 0) == sign:
        low -= 1e-4
    for _ in range(200):
        middle = 0.5 * (low + high)
        if (shortfall(middle, loss, *case) > 0) == sign:
            high = middle
        else:
            low = middle
    return 0.5 * (low + high)


def numbers(case):
    """Price, position, margin, response to funding, response without spirals, multiplier."""
    m0, theta, c, v, supply, _, _, p0 = case
    price, step = price_at_rest(0.0, case), 1e-6
    response = (price_at_rest(-step, case) - price_at_rest(step, case)) / (2 * step)
    margin = m0 + theta * (p0 - price)
    alone = 1 / (c * margin)
    return price, supply - c * (v - price), margin, response, alone, response / alone


if __name__ == "__main__":
    for name, case in CASES.items():
        print(name, *numbers(case))
