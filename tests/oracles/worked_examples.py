"""The founding notes' three trades, worked through line by line; fractions where they are exact."""

from fractions import Fraction as F
from math import sqrt


def yen_into_aud():
    """100m yen at 0.1% for a year in Australian dollars at 3.5%, from 100 to 1/0.0095."""
    loan, spot, end = F(100_000_000), F(100), 1 / F("0.0095")
    yen_rate, aud_rate = F("0.001"), F("0.035")
    aud = loan / spot
    interest = aud * aud_rate * spot
    carry = interest - loan * yen_rate
    fx_principal = aud * (end - spot)
    fx_interest = aud * aud_rate * (end - spot)
    profit = aud * (1 + aud_rate) * end - loan * (1 + yen_rate)
    even = spot * (1 + yen_rate) / (1 + aud_rate)
    costs = F("0.003") + F("0.002")
    return {
        "net carry a year": aud_rate - yen_rate - costs,
        "interest at the opening spot": interest,
        "carry": carry,
        "fx on principal": fx_principal,
        "fx on interest": fx_interest,
        "fx, both parts": fx_principal + fx_interest,
        "profit": profit,
        "profit after costs": profit - loan * costs,
        "break-even spot": even,
        "break-even fall": 1 - even / spot,
    }


def five_into_three():
    """Half a year from a currency at 5% into one at 3%, from 1.08 to 1.10, at a cost of 0.2%."""
    spot, end, cost = 1.08, 1.10, 0.002
    own, other = sqrt(1.05), sqrt(1.03)  # growth of half a year, compounded once a year
    ratio = end / spot * other / own
    return {
        "growth ratio times spot ratio": ratio,
        "excess return, compound": ratio - 1 - cost,
        "excess return, simple": end / spot * 1.015 / 1.025 - 1 - cost,
        "profit per unit, before cost": end / spot * other - own,
        "break-even spot": spot * own / other,
        "forward": spot * own / other,
    }


def usd_into_nzd():
    """A million dollars at 1% for a quarter in New Zealand dollars at 5%."""
    loan, own, other = F(1_000_000), F("0.01") / 4, F("0.05") / 4

    def profit(fall):
        return loan * (1 - fall) * (1 + other) - loan * (1 + own)

    return {
        "interest on the loan": loan * own,
        "profit at an unchanged spot": profit(F(0)),
        "loss on principal, fall of 0.5%": loan * F("0.005"),
        "profit, fall of 0.5%": profit(F("0.005")),
        "loss on principal, fall of 4%": loan * F("0.04"),
        "profit, fall of 4%": profit(F("0.04")),
        "break-even fall": 1 - (1 + own) / (1 + other),
    }


if __name__ == "__main__":
    for trade in (yen_into_aud, five_into_three, usd_into_nzd):
        for name, value in trade().items():
            print(trade.__name__, name, float(value))
