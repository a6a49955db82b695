"""A user's own institution in plain Python: a class with `orders`, and a row like any other's."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from inspect import Parameter, signature
from typing import TYPE_CHECKING, Any, NamedTuple, NoReturn

import numpy as np

from abm.agents.institution import (
    Institution,
    above_zero,
    finite,
    instrument_row,
    refuse_removal,
)
from abm.errors import InvalidInput, show
from abm.numbers import real_array
from abm.population.groups import Group
from abm.population.python_agent import open_python_agents
from abm.scenario.checks import nearest

if TYPE_CHECKING:
    from numpy.typing import ArrayLike
    from typing_extensions import TypeAliasType

    from abm.scenario import Scenario

    # Unlike a plain alias such a type keeps its name in the API pages.
    Orders = TypeAliasType("Orders", Mapping[str, float] | ArrayLike)

Array = np.ndarray


class PythonAgent(Institution):
    """Base of institutions written in Python: override `orders`.

    It is asked once a day, before the market opens, and trades in the first round at the clearing
    price, both legs, like all others. It opens with its wealth in dollars on day 0; spending more
    than it has is borrowing, from its broker where it has one.

    >>> import abm
    >>> class Seller(PythonAgent):
    ...     def orders(self):
    ...         return {"JPY": -0.5} if self.model.log_yen > 0.02 else {}
    >>> asked = [Seller.spec(wealth_usd_bn=5.0, broker="bank-1")]
    >>> model = abm.CarryUnwindModel("hike", rng=7, python_agents=asked)
    >>> model.run()
    >>> model.python_agents[0].name, model.python_agents[0].units["JPY"] < 0.0
    ('custom-seller-1', True)

    A day's purchases, or its sales, of more than `largest_order_multiple` times its wealth are
    refused: as a rule they are yen taken for dollars, or millions for billions, and a broker would
    bear the loss. Orders that close positions do not count.

    A constructor of its own takes model, row and the settings that `spec` does not name, and hands
    model and row on. Longer: `experiments/custom_agent.py`.
    """

    largest_order_multiple: float = 50.0
    """Most that it may buy, and most that it may sell, in one day beyond what closes positions
    [times its wealth]; `inf` for no limit. Set it in the class or in the settings. The default is
    twice the highest leverage of the model, Japan's legal cap of 25 for retail traders."""

    @classmethod
    def spec(cls, /, **settings: Any) -> AgentSpec:
        """One institution of this class, for `python_agents`: a Mesa agent belongs to a model from
        its constructor on, so that no instance can be given before there is one.

        Parameters
        ----------
        wealth_usd_bn
            Its wealth on the morning of day 0, in dollars [USD bn]; needed.
        broker
            Name of the bank that lends to it; left out, it cannot be called.
        largest_order_multiple
            In place of the class's own.
        **settings
            What else the constructor takes.

        All of it is checked by the model, with every other fault of its `python_agents`.
        """
        return AgentSpec(cls, settings)

    def orders(self) -> Orders:
        """Purchases (positive) and sales (negative) of today.

        Returns
        -------
        dict or array (n_instruments,)
            USD bn by instrument, at the last close; an instrument that is left out is not traded.

        Raises
        ------
        InvalidInput
            From the day itself, if an instrument is unknown, an amount is no finite number, or
            they are beyond `largest_order_multiple`.
        """
        raise NotImplementedError(f"{type(self).__name__} must define orders(self)")

    def remove(self) -> NoReturn:
        """Mesa's, refused: its positions would stay. Raises InvalidInput."""
        refuse_removal(
            self.name, "return the opposite of `positions_usd_bn` from `orders`, then nothing"
        )

    def decide(self) -> dict[str, float]:
        """Orders as of now [USD bn by instrument]; none while it is suspended."""
        return dict(zip(self.model.instruments, self.order_column().tolist(), strict=True))

    def order_column(self) -> Array:
        """The orders as a checked column (K,) [USD bn]; zero while it is suspended."""
        names = self.model.instruments
        column = np.zeros(len(names))
        if self.is_out:
            return column
        who = f"{type(self).__name__}.orders"
        for name, amount in amounts_by_instrument(self.orders(), names, who).items():
            column[instrument_row(names, name)] = finite(amount, f"{who}: {name}")
        self._refuse_beyond_wealth(column, who)
        return column

    def _refuse_beyond_wealth(self, orders: Array, who: str) -> None:
        """Orders that no wealth like this one could carry."""
        held = np.array(list(self.positions_usd_bn.values()))
        enlarging = np.maximum(np.abs(held + orders) - np.abs(held), 0.0)
        added = max(enlarging[orders > 0.0].sum(), enlarging[orders < 0.0].sum())
        most = self.largest_order_multiple * max(self.wealth_usd_bn, 0.0)
        if added > most:
            raise InvalidInput(
                f"{who}: orders of {added:.6g} USD bn, must be at most {most:.6g} "
                f"({self.largest_order_multiple:g} times the wealth of {self.name}, "
                f"{self.wealth_usd_bn:.6g}); if they are meant, set largest_order_multiple"
            )


def amounts_by_instrument(given: Any, names: tuple[str, ...], who: str) -> Mapping[str, float]:
    """Return value of a user's `orders` by instrument; the amounts are yet to be checked."""
    if isinstance(given, Mapping):
        return given
    if given is None:
        raise InvalidInput(f"{who} returned None; return {{}} to trade nothing")
    try:
        column = real_array(given)
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


@dataclass(frozen=True)
class AgentSpec:
    """A Python agent to be made, as `PythonAgent.spec` gives it; may be used many times."""

    kind: type[PythonAgent]
    """Its class."""
    settings: Mapping[str, Any]
    """Arguments of `PythonAgent.spec`, yet to be checked."""


class AgentRequest(NamedTuple):
    """A Python agent that is wanted, before its world exists."""

    kind: type[PythonAgent]
    wealth_usd_bn: float
    broker: str
    settings: dict[str, Any]  # of its constructor
    largest_order_multiple: float | None  # None: as the class says


def agent_requests(given: Any, bank_names: list[str]) -> list[AgentRequest]:
    """Specs as a user gave them; every fault of them at once as InvalidInput."""
    faults: list[str] = []
    found = []
    for entry in _entries(given):
        if not isinstance(entry, AgentSpec):
            faults.append(_no_spec(entry))
        else:
            found += _request(entry.kind, dict(entry.settings), bank_names, faults)
    if faults:
        raise InvalidInput("python_agents:", *(f"  {fault}" for fault in faults))
    return found


def _entries(given: Any) -> list[Any]:
    """The specs, of whatever goes through them one by one."""
    if given is None:
        return []
    is_one = isinstance(given, str | bytes | Mapping | type)
    if is_one or not isinstance(given, Iterable):
        raise InvalidInput(
            f"python_agents = {show(given)}, must be a list of specs: [{_example(given)}]"
        )
    is_pair = isinstance(given, tuple) and len(given) == 2 and isinstance(given[1], Mapping)
    return [given] if is_pair else list(given)


def _no_spec(entry: Any) -> str:
    """Fault of an entry that is no spec, and how it is written."""
    if isinstance(entry, tuple | list) and len(entry) == 2:
        return f"a pair (class, settings) is written {_example(entry[0])}"
    if isinstance(entry, PythonAgent):
        return f"an instance belongs to the model it was made with; write {_example(entry)}"
    return f"{show(entry)} is no spec; write {_example(entry)}"


def _example(given: Any) -> str:
    """A spec as a user would write it, of the class that was meant where it can be told."""
    return f"{_class_of(given).__name__}.spec(wealth_usd_bn=5.0)"


def _class_of(given: Any) -> type[PythonAgent]:
    """The class of Python agents that something is, or is one of; PythonAgent for all else."""
    if isinstance(given, AgentSpec):
        return given.kind
    kind = given if isinstance(given, type) else type(given)
    return kind if issubclass(kind, PythonAgent) else PythonAgent


def _request(
    kind: type[PythonAgent], settings: dict[str, Any], bank_names: list[str], faults: list[str]
) -> list[AgentRequest]:
    """One wanted agent, in a list; an empty one where something is wrong with its settings."""
    name, n_before = kind.__name__, len(faults)

    def checked(check: Callable[[float, str], float], key: str, default: Any = None) -> float:
        value = settings.pop(key, default)
        if value is None:
            faults.append(f"{name} needs {key}")
            return 1.0
        try:
            return check(value, f"{name}: {key}")
        except InvalidInput as refused:
            faults.append(str(refused))
            return 1.0

    wealth = checked(_amount, "wealth_usd_bn")
    is_own = "largest_order_multiple" in settings
    multiple = checked(above_zero, "largest_order_multiple", kind.largest_order_multiple)
    broker = settings.pop("broker", None)
    if broker is not None and broker != "" and broker not in bank_names:
        hint = nearest(str(broker), bank_names) or f"there are {', '.join(bank_names)}"
        faults.append(f"{name}: broker = {show(broker)} is no bank; {hint}")
    faults += _settings_faults(kind, settings)
    if len(faults) > n_before:
        return []
    return [AgentRequest(kind, wealth, broker or "", settings, multiple if is_own else None)]


def _amount(value: float, name: str) -> float:
    return above_zero(finite(value, name), name)


def _settings_faults(kind: type[PythonAgent], settings: dict[str, Any]) -> list[str]:
    """Settings that the constructor does not know, and those that it cannot do without."""
    taken = list(signature(kind).parameters.values())[2:]  # after model and row
    if any(each.kind is Parameter.VAR_KEYWORD for each in taken):
        return []
    names = [each.name for each in taken]
    listed = ", ".join(("wealth_usd_bn", "broker", "largest_order_multiple", *names))
    faults = []
    for name in settings:
        if name not in names:
            hint = nearest(name, [*names, "wealth_usd_bn", "broker", "largest_order_multiple"])
            faults.append(f"{kind.__name__}: unknown setting {show(name)}; {hint or listed}")
    needed = [
        each.name
        for each in taken
        if each.kind is not Parameter.VAR_POSITIONAL
        and each.default is Parameter.empty
        and each.name not in settings
    ]
    return faults + [f"{kind.__name__} needs {name}" for name in needed]


def group_of(asked: list[AgentRequest], scenario: Scenario) -> Group:
    """The rows of all Python agents, each with its wealth in dollars."""
    names = [request.kind.__name__.lower() for request in asked]
    return open_python_agents(scenario, names, [request.wealth_usd_bn for request in asked])
