"""Answers to lesson 4. Try the exercises first."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

import abm
from experiments.lessons.frame import Exercise, Mistake

if TYPE_CHECKING:
    import networkx as nx


def payments_by_hand(
    outside_assets: list[float], debts_to_banks: list[list[float]], deposits: list[float]
) -> Exercise:
    """4.1: clearing vector of three banks, all creditors alike."""
    owed = np.sum(debts_to_banks, axis=1) + deposits
    full = [float(debt) for debt in owed]
    own = [float(x) for x in np.minimum(outside_assets, owed)]
    right = [
        float(x) for x in abm.clear_interbank(debts_to_banks, outside_assets, deposits).payments
    ]
    return Exercise(
        right=right,
        tolerance=0.05,
        why="A falls by itself, B because of A, and C has enough left to stand.",
        hint="Begin with A, which has no claims. What A pays is what B has besides its own.",
        mistakes=(
            Mistake(full, "That is what they owe. Can all of them pay it?"),
            Mistake([right[0], *full[1:]], "A is right. Now: what has B, if A pays only that?"),
            Mistake(own, "That is what they pay if no bank pays them; but A pays something."),
        ),
    )


def multiple_of_ruin(interbank: nx.DiGraph, failed: str, lender: str) -> Exercise:
    """4.2: multiple of the claims at which one of them is as large as the lender's capital."""
    capital = interbank.nodes[lender]["wealth_usd_bn"]
    claim = interbank[lender][failed]["weight"]
    owed = interbank.in_degree(failed, weight="weight")
    return Exercise(
        right=capital / claim,
        tolerance=0.05,
        why="That is where the first line of the right panel leaves zero: the first domino.",
        hint=f"{lender} fails when its claim on {failed}, times the multiple, is all its capital.",
        mistakes=(
            Mistake(claim / capital, "Upside down: that is the share of its capital lost today."),
            Mistake(
                interbank.nodes[failed]["wealth_usd_bn"] / claim,
                f"It is the capital of {lender}, the lender, that bears the loss.",
            ),
            Mistake(capital / owed, f"{lender} loses its own claim, not all that {failed} owes."),
        ),
    )


def most_important(interbank: nx.DiGraph) -> Exercise:
    """4.3: bank of highest DebtRank, weighted by assets."""
    right, largest = _most_important(interbank), _largest(interbank)
    lends_most = max(interbank, key=lambda name: interbank.out_degree(name, weight="weight"))
    others = {
        largest: "That is the largest bank. Look at the other column.",
        lends_most: "That bank has lent most. Who *owes* brings distress to others.",
    }
    return Exercise(
        right=right,
        why="It owes much to banks with little capital, and those owe others in turn.",
        hint="Give `rewired` to `importance_of_each` and look for the highest importance.",
        mistakes=tuple(Mistake(name, hint) for name, hint in others.items() if name != right),
    )


def is_large(interbank: nx.DiGraph, brokers: list[str]) -> Exercise:
    """4.4: whether the most important bank is a prime broker."""
    name = _most_important(interbank)
    right = name in brokers
    share = interbank.nodes[name]["assets_usd_bn"] / sum(_column(interbank, "assets_usd_bn"))
    owed = interbank.in_degree(name, weight="weight")
    return Exercise(
        right=right,
        why=f"{name} has {share:.0%} of all assets; it owes banks {owed:g}bn.",
        hint="Look for the bank of 4.3 in the table of balance sheets.",
        mistakes=(Mistake(not right, "Look for the bank of 4.3 in the table of balance sheets."),),
    )


def _most_important(interbank: nx.DiGraph) -> str:
    assets = np.array(_column(interbank, "assets_usd_bn"))
    capital = _column(interbank, "wealth_usd_bn")
    size = assets / assets.sum()
    ranks = [abm.debtrank(interbank, capital, row, size).value for row in np.eye(size.size)]
    return str(list(interbank)[int(np.argmax(ranks))])


def _largest(interbank: nx.DiGraph) -> str:
    return str(max(interbank, key=lambda name: interbank.nodes[name]["assets_usd_bn"]))


def _column(interbank: nx.DiGraph, name: str) -> list[float]:
    return [node[name] for _, node in interbank.nodes(data=True)]


EXERCISES = {
    "4.1": payments_by_hand,
    "4.2": multiple_of_ruin,
    "4.3": most_important,
    "4.4": is_large,
}
