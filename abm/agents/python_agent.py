"""A user's own institution in plain Python: a class with `orders`, and a row like any other's."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple, NoReturn

import numpy as np

from abm.agents.institution import Institution, finite, instrument_row, refuse_removal
from abm.errors import InvalidInput, show
from abm.population.groups import Group
from abm.scenario.checks import nearest

if TYPE_CHECKING:
    from numpy.typing import ArrayLike
    from typing_extensions import TypeAliasType

    # Unlike a plain alias such a type keeps its name in the API pages.
    Orders = TypeAliasType("Orders", Mapping[str, float] | ArrayLike)

Array = np.ndarray


class PythonAgent(Institution):
    """Base of institutions written in Python: override `orders`.

    It is asked once a day, before the market opens, and trades in the first round at the clearing
    price, both legs, like everybody. It opens with its wealth in dollars on day 0; spending more
    than it has is borrowing, from its broker where it has one.

    >>> import abm
    >>> class Seller(PythonAgent):
    ...     def orders(self):
    ...         return {"JPY": -0.5} if self.model.log_yen > 0.02 else {}
    >>> asked = [(Seller, {"wealth_usd_bn": 5.0, "broker": "bank-1"})]
    >>> model = abm.CarryUnwindModel("hike", rng=7, python_agents=asked)
    >>> model.run()
    >>> model.python_agents[0].name, model.python_agents[0].units["JPY"] < 0.0
    ('custom-seller-1', True)

    A constructor of its own takes model, row and the settings other than "wealth_usd_bn" and
    "broker", and hands model and row on. Longer: `experiments/custom_agent.py`.
    """

    def orders(self) -> Orders:
        """What to buy (positive) and sell (negative) today.

        Returns
        -------
        dict or array (n_instruments,)
            USD bn by instrument, at the last close; an instrument that is left out is not traded.

        Raises
        ------
        InvalidInput
            From the day itself, if an instrument is unknown or an amount not finite.
        """
        raise NotImplementedError(f"{type(self).__name__} must define orders(self)")

    def remove(self) -> NoReturn:
        """Mesa's, refused: its positions would stay. Raises InvalidInput."""
        refuse_removal(
            self.name, "return the opposite of `positions_usd_bn` from `orders`, then nothing"
        )

    def decide(self) -> dict[str, float]:
        """What `orders` says now [USD bn by instrument]; nothing while it is out."""
        return dict(zip(self.model.instruments, self.order_column().tolist(), strict=True))

    def order_column(self) -> Array:
        """The orders as a checked column (K,) [USD bn]; nought while it is out."""
        names = self.model.instruments
        column = np.zeros(len(names))
        if self.is_out:
            return column
        who = f"{type(self).__name__}.orders"
        for name, amount in amounts_by_instrument(self.orders(), names, who).items():
            column[instrument_row(names, name)] = finite(amount, f"{who}: {name}")
        return column


def amounts_by_instrument(given: Any, names: tuple[str, ...], who: str) -> Mapping[str, float]:
    """What a user's `orders` returned, by instrument; the amounts are yet to be checked."""
    if isinstance(given, Mapping):
        return given
    if given is None:
        raise InvalidInput(f"{who} returned None; return {{}} to trade nothing")
    try:
        column = np.asarray(given, dtype=np.float64)
    except (TypeError, ValueError, OverflowError):
        column = None
    # Else numpy would spread a single number over all instruments.
    if column is None or column.shape != (len(names),):
        shown = " ".join(show(given).split())
        raise InvalidInput(
            f"{who} returned {shown}; must return USD bn by instrument, a dict or {len(names)}"
            " numbers"
        )
    return dict(zip(names, column.tolist(), strict=True))


class Newcomer(NamedTuple):
    """A Python agent that has been asked for, before its world exists."""

    kind: type[PythonAgent]
    wealth_usd_bn: float
    broker: str
    settings: dict[str, Any]


def newcomers(given: Any, bank_names: list[str]) -> list[Newcomer]:
    """Pairs (class, settings) as a user gave them, checked."""
    found = []
    for entry in given or ():
        kind, settings = entry if isinstance(entry, tuple | list) else (entry, {})
        if not (isinstance(kind, type) and issubclass(kind, PythonAgent)):
            raise InvalidInput(f"python_agents: {kind!r} is no subclass of PythonAgent")
        rest = dict(settings)
        if "wealth_usd_bn" not in rest:
            raise InvalidInput(f"python_agents: {kind.__name__} needs wealth_usd_bn")
        wealth = finite(rest.pop("wealth_usd_bn"), f"{kind.__name__}: wealth_usd_bn")
        if wealth <= 0.0:
            raise InvalidInput(f"{kind.__name__}: wealth_usd_bn = {wealth}, must be above 0")
        broker = rest.pop("broker", None) or ""
        if broker and broker not in bank_names:
            hint = nearest(str(broker), bank_names)
            raise InvalidInput(f"{kind.__name__}: broker = {broker!r} is no bank; {hint}")
        found.append(Newcomer(kind, wealth, broker, rest))
    return found


def group_of(asked: list[Newcomer], n_instruments: int) -> Group:
    """The rows of all Python agents, each with its wealth in dollars."""
    names = [newcomer.kind.__name__.lower() for newcomer in asked]
    group = Group("custom", len(asked), n_instruments, style=names)
    group.wealth[:] = [newcomer.wealth_usd_bn for newcomer in asked]
    group.cash[:] = group.wealth
    return group
