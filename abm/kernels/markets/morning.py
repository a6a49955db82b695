"""The other side of the market in the morning: what it holds before the first round."""

from abm.kernels.compiler.jit import kernel
from abm.kernels.contracts.renewal import pay_value_owners
from abm.kernels.numerics.columns import copy


@kernel
def open_markets(market, rules):
    """Hand over what trade and owners take, and note what value investors open with.      (M35)"""
    pay_value_owners(market, rules)
    copy(market.value_held, market.value_held_open)
