"""Risk appetite: it falls with what funds and banks' desks have lost, and comes back."""

import math

from abm.kernels.compiler.jit import inlined, kernel
from abm.kernels.numerics.columns import chunk_sum
from abm.kernels.state import HEDGE_FUND, RISK_PARITY

NOW, YESTERDAY, MORNING = 0, 1, 2  # memory of losses now and last night; wealth this morning
MOST_LOSS = 1.0  # log: beyond it nothing more is asked for risk
LEAST_SHARE = 1e-6  # of the morning's wealth: less is counted as that


@inlined
def remembered_losses(before, loss, rule):
    """Losses that funds remember: R_t = clip(d R_{t-1} + loss, -most gain, 1).            (M86)"""
    return min(max(rule.decay * before + loss, -rule.most_gain), MOST_LOSS)


@inlined
def loss_since(morning, wealth):
    """Log loss since the morning: ln(W_morning / W), 0 without wealth in the morning.     (M86)"""
    return math.log(morning / max(wealth, LEAST_SHARE * morning)) if morning > 0.0 else 0.0


@kernel
def speculators_wealth(books, rules):
    """Wealth of hedge funds and banks' desks together [USD bn]."""
    first = rules.mandates.first_row
    return chunk_sum(books.wealth[first[HEDGE_FUND] : first[RISK_PARITY]])


@kernel
def recall_losses(books, market, rules):
    """Appetite of the morning: what is left of the losses of the days before.             (M86)"""
    if rules.appetite.is_on:
        market.appetite[YESTERDAY] = market.appetite[NOW]
        market.appetite[MORNING] = speculators_wealth(books, rules)
        market.appetite[NOW] = remembered_losses(market.appetite[NOW], 0.0, rules.appetite)


@kernel
def count_losses(books, market, rules):
    """Appetite after a round: with the loss of the day so far.                            (M86)"""
    if rules.appetite.is_on and rules.channels.losses_are_remembered:
        loss = loss_since(market.appetite[MORNING], speculators_wealth(books, rules))
        market.appetite[NOW] = remembered_losses(market.appetite[YESTERDAY], loss, rules.appetite)
