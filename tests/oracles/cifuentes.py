"""Prices, payments and sales of banks that keep a capital ratio, by plain iteration from above."""

from math import exp

THREE = ([100, 100, 100], [2, 3, 4], [[0, 10, 0], [0, 0, 10], [10, 0, 0]], [94.5, 93, 92])
TWO = ([100, 100], [20, 20], [[0, 10], [10, 0]], [90, 90])
RATIO = 0.08
CASES = {"sound": (TWO, 0.002), "mild": (THREE, 0.0001), "illiquid": (THREE, 0.002)}


def payments(price, illiquid, liquid, debts, outside):
    """Payments of each bank: all it owes, or all it has, in proportion."""
    n = len(illiquid)
    owed = [sum(debts[i]) + outside[i] for i in range(n)]
    paid = list(owed)
    for _ in range(20_000):
        received = [sum(paid[i] * debts[i][j] / owed[i] for i in range(n)) for j in range(n)]
        new = [min(owed[j], price * illiquid[j] + liquid[j] + received[j]) for j in range(n)]
        if max(abs(a - b) for a, b in zip(new, paid, strict=True)) < 1e-15:
            break
        paid = new
    received = [sum(paid[i] * debts[i][j] / owed[i] for i in range(n)) for j in range(n)]
    equity = [max(0.0, price * illiquid[j] + liquid[j] + received[j] - owed[j]) for j in range(n)]
    return paid, received, equity


def outcome(banks, impact):
    """Price, payments, sales, equity: the largest price that agrees with them."""
    price = 1.0
    illiquid = banks[0]
    for _ in range(200_000):
        paid, received, equity = payments(price, *banks)
        sales = [
            min(e, max(0.0, e - (w / RATIO - r) / price))
            for e, w, r in zip(illiquid, equity, received, strict=True)
        ]
        new = exp(-impact * sum(sales))
        if abs(new - price) < 1e-16:
            break
        price = new
    return price, paid, sales, equity


if __name__ == "__main__":
    for name, (banks, impact) in CASES.items():
        print(name, *outcome(banks, impact))
