"""Leveraged value investors among noise traders, step by step; prices by a scan and bisection.

python -m tests.oracles.thurner [steps] [paths]
"""

import random
import sys
from math import exp, log, sqrt

RHO, SIGMA, VALUE, UNITS = 0.99, 0.035, 1.0, 1000.0
BETAS = [5.0 * h for h in range(1, 11)]
WEALTH, FLOW, BENCHMARK, MEMORY, RUIN, STEPS_OUT = 2.0, 0.15, 0.005, 0.1, 0.1, 100
STRIDE = 1e-3  # log; of the scan for the first price at which demand meets supply


def leverage(beta, price, most):
    return min(beta * (VALUE - price), most) if price < VALUE else 0.0


def excess(price, money, funds, most):
    """Money that is asked for the asset less its value at this price."""
    wanted = money - UNITS * price
    for beta, fund in zip(BETAS, funds, strict=True):
        if fund["out"] == 0:
            wealth = fund["units"] * price + fund["cash"]
            wanted += leverage(beta, price, most) * max(wealth, 0.0)
    return wanted


def first_price(last, money, funds, most):
    """Price met first from the last one, in the direction in which demand pulls."""
    up = excess(last, money, funds, most) > 0
    near = x = log(last)
    while (excess(exp(x), money, funds, most) > 0) == up:
        near, x = x, x + (STRIDE if up else -STRIDE)
    for _ in range(40):
        middle = 0.5 * (near + x)
        if (excess(exp(middle), money, funds, most) > 0) == up:
            near = middle
        else:
            x = middle
    return exp(x)


def path(most, shocks, burn_in=0):
    """Steps after the burn-in, as (log return, price before, price, is a fund at its limit);
    and the number of defaults among them. A standard normal shock for each step.
    """
    funds = [{"units": 0.0, "cash": WEALTH, "record": 0.0, "out": 0, "wealth": WEALTH}
             for _ in BETAS]  # fmt: skip
    price, deviation, rows, n_defaults = VALUE, 0.0, [], 0
    for step, shock in enumerate(shocks):
        deviation = RHO * deviation + SIGMA * shock
        for fund in funds:
            if fund["out"] == 1:
                fund.update(units=0.0, cash=WEALTH, record=0.0, wealth=WEALTH)
            fund["out"] = max(fund["out"] - 1, 0)
        new = first_price(price, VALUE * UNITS * exp(deviation), funds, most)
        at_limit = False
        for beta, fund in zip(BETAS, funds, strict=True):
            if fund["out"] > 0:
                continue
            gain = fund["units"] * (new - price) / fund["wealth"]
            fund["record"] += MEMORY * (gain - fund["record"])
            wealth = fund["units"] * new + fund["cash"]
            fund["units"] = leverage(beta, new, most) * max(wealth, 0.0) / new
            fund["cash"] = wealth - fund["units"] * new
            if wealth < RUIN * WEALTH:
                fund.update(units=0.0, cash=0.0, out=STEPS_OUT + 1)
                n_defaults += step >= burn_in
                continue
            at_limit |= leverage(beta, new, most) == most
            flow = max(FLOW * (fund["record"] - BENCHMARK), -1.0) * wealth
            fund["cash"] += flow
            fund["wealth"] = wealth + flow
        if step >= burn_in:
            rows.append((log(new / price), price, new, at_limit))
        price = new
    return rows, n_defaults


def measures(rows, n_defaults):
    """Volatility, Hill index of the worst 5% of losses below V, defaults, share at the limit."""
    returns = [row[0] for row in rows]
    mean = sum(returns) / len(returns)
    losses = sorted((-r for r, price, _, _ in rows if price < VALUE and r < 0), reverse=True)
    n = max(int(0.05 * len(losses)), 2)
    hill = n / sum(log(loss / losses[n]) for loss in losses[:n])
    return {
        "volatility": sqrt(sum((r - mean) ** 2 for r in returns) / len(returns)),
        "tail_index": hill,
        "defaults": n_defaults / len(BETAS) / len(rows) * 10_000,
        "at_limit": sum(row[3] for row in rows) / len(rows),
    }


if __name__ == "__main__":
    steps = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000
    paths = int(sys.argv[2]) if len(sys.argv) > 2 else 8
    for most in (1.0, 2.0, 4.0, 7.5, 10.0, 15.0):
        drawn = []
        for seed in range(paths):
            rng = random.Random(seed)
            shocks = [rng.gauss(0, 1) for _ in range(10_000 + steps)]
            drawn.append(measures(*path(most, shocks, 10_000)))
        for name in drawn[0]:
            values = [each[name] for each in drawn]
            mean = sum(values) / paths
            error = sqrt(sum((v - mean) ** 2 for v in values) / (paths - 1) / paths)
            print(most, name, mean, error)
