"""Fire sales by the rule of Cont and Schaanning, bank by bank and asset by asset."""

from math import exp, sqrt

FLOOR = 0.5  # B, with a price of 1 at first
DEPTH = (2000.0, 1000.0)  # D
LEVERAGE_MAX, LEVERAGE_BUFFER = 33.0, 31.35
ILLIQUID = (600.0, 300.0, 250.0)
MARKETABLE = ((200.0, 160.0), (100.0, 80.0), (40.0, 110.0))
CAPITAL = (40.0, 20.0, 17.0)
CASES = {"mild": (2, 0.005), "cascade": (3, 0.03)}  # number of banks, share of illiquid assets lost


def price_fall(volume, depth, price=1.0):
    """Psi: relative fall after sales of a volume, with the floor below."""
    return (1 - FLOOR / price) * (1 - exp(-volume / (depth * (1 - FLOOR))))


def depth(volume_a_day, volatility_a_day, days, c):
    return c * volume_a_day / volatility_a_day * sqrt(days)


def share_sold(illiquid, held, capital):
    if capital <= 0:
        return 1.0
    if (illiquid + held) / capital <= LEVERAGE_MAX:
        return 0.0
    return min(1.0, (illiquid + held - LEVERAGE_BUFFER * capital) / held)


def cascade(n_banks, shock):
    """Rounds until none sells, each as shares sold, volumes, prices, capital; and the totals."""
    illiquid = [(1 - shock) * x for x in ILLIQUID[:n_banks]]
    initial = shock * sum(ILLIQUID[:n_banks])
    capital = [c - shock * x for c, x in zip(CAPITAL, ILLIQUID, strict=True)][:n_banks]
    held = [list(row) for row in MARKETABLE[:n_banks]]
    price, rounds, lost = [1.0, 1.0], [], 0.0
    while True:
        gamma = [
            share_sold(illiquid[i], sum(held[i]), capital[i]) if sum(held[i]) > 0 else 0.0
            for i in range(n_banks)
        ]
        if not any(gamma):
            break
        volume = [sum(gamma[i] * held[i][k] for i in range(n_banks)) for k in range(2)]
        psi = [price_fall(volume[k], DEPTH[k], price[k]) for k in range(2)]
        for i in range(n_banks):
            loss = sum((1 - gamma[i] / 2) * held[i][k] * psi[k] for k in range(2))
            capital[i] -= loss
            lost += loss
            held[i] = [(1 - gamma[i]) * held[i][k] * (1 - psi[k]) for k in range(2)]
        price = [price[k] * (1 - psi[k]) for k in range(2)]
        rounds.append((gamma, volume, list(price), list(capital)))
    totals = {
        "initial loss": initial,
        "fire-sale loss": lost,
        "amplification": (initial + lost) / initial,
        "rounds": float(len(rounds)),
    }
    return rounds, totals


if __name__ == "__main__":
    for name, case in CASES.items():
        print(name, *cascade(*case))
    for volume in (10.0, 100.0, 500.0, 1e4, 1e9):
        print("price fall", volume, price_fall(volume, DEPTH[0]))
    print("depth", depth(1e10, 0.01, 20.0, 0.25))
