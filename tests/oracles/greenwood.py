"""One round of sales by banks that restore their leverage, written out in sums."""

CASES = {  # assets, equity, shares by bank and asset, impact, returns of the shock
    "common portfolio": (
        [100, 50], [10, 5], [[0.5, 0.5], [0.5, 0.5]], [0.001, 0.001], [-0.02, 0.0],
    ),
    "partial overlap": (
        [100, 60], [10, 10], [[0.8, 0.2], [0.3, 0.7]], [0.0005, 0.002], [-0.05, -0.01],
    ),
}  # fmt: skip


def losses_by_seller(assets, equity, shares, impact, returns):
    """[i][j]: what bank j's sales cost bank i; and the direct losses."""
    banks, kinds = range(len(assets)), range(len(impact))
    direct = [-assets[i] * sum(shares[i][k] * returns[k] for k in kinds) for i in banks]
    sold = [
        [shares[j][k] * (assets[j] - equity[j]) / equity[j] * direct[j] for k in kinds]
        for j in banks
    ]
    caused = [
        [sum(assets[i] * shares[i][k] * impact[k] * sold[j][k] for k in kinds) for j in banks]
        for i in banks
    ]
    return caused, direct


def numbers(case):
    """Quantity and bank -> number."""
    equity = case[1]
    caused, direct = losses_by_seller(*case)
    banks, total = range(len(equity)), sum(map(sum, caused))
    found = {("aggregate vulnerability", ""): total / sum(equity)}
    for j in banks:
        found["systemicness", f"bank {j + 1}"] = sum(caused[i][j] for i in banks) / sum(equity)
    for i in banks:
        found["indirect vulnerability", f"bank {i + 1}"] = sum(caused[i]) / equity[i]
    found["total over direct loss", ""] = 1 + total / sum(direct)
    return found


if __name__ == "__main__":
    for name, case in CASES.items():
        print(name, numbers(case))
