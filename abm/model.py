"""The Mesa model: one trading day in order, on the same compiled engine as every run."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import mesa
import numpy as np
from mesa.datacollection import DataCollector

from abm.agents import (
    VIEW_OF_KIND,
    Bank,
    CentralBank,
    Dealers,
    Institution,
    OptionHedgers,
    OrderAnticipators,
    PythonAgent,
    ValueInvestors,
)
from abm.agents.institution import refuse_books_without_numbers
from abm.agents.python_agent import AgentRequest, agent_requests, group_of
from abm.errors import FailedRun, InvalidInput
from abm.kernels.state import CUSTOM, KIND_NAMES
from abm.measures.network import portfolio_overlap
from abm.population.advance import InitialState, advance, begin_record, open_world
from abm.population.branching import Stop, carried_on
from abm.population.exposures import (
    OVERLAP_LEAST,
    bank_names_of,
    depth_of_market,
    exposure_graph,
    kinds_of,
    overlap_graph,
    positions_usd_bn,
)
from abm.population.network import bank_names
from abm.population.origin import Branch, Origin
from abm.population.past import past_faults
from abm.population.saved import Saved, arrays_of, read_state, state_hash, write_state
from abm.population.streams import Rng, replicate_number, root_seed
from abm.population.world import World, borrowers
from abm.runs.branches import cascade_of
from abm.runs.running import result_of
from abm.scenario import Scenario, load_scenario

if TYPE_CHECKING:
    import networkx as nx

    from abm.runs.result import Cascade, RunResult

REPORTED = ("log_yen", "yen_short_units", "leverage", "n_margin_calls", "n_failures")


class CarryUnwindModel(mesa.Model):
    """A yen carry-trade world as a Mesa model.

    Parameters
    ----------
    scenario
        A Scenario, the name of one, or the path of a .toml file.
    rng
        Seed: as in `abm.run` a whole number at least 0, a numpy.random.SeedSequence or a
        numpy.random.Generator, which is drawn from once. None draws one. A page's text of digits
        is a number. `seed` is the whole number that gives this model again.
    replicate
        Which independent repetition under the seed, as in a row of a sweep.
    python_agents
        Institutions written in Python, each as `PythonAgent.spec` of its class gives it:
        `[MyFund.spec(wealth_usd_bn=5.0, broker="bank-1")]`.
    seed
        Refused: the seed is `rng`. Mesa 3.5's `batch_run` writes to an argument of this name
        where there is one, and over `rng` where there is none.
    **changes
        Values of the scenario, `__` for the dot: `shock__surprise_bp=25`.

    Raises
    ------
    UnreadableFile
        If there is no such scenario.
    ScenarioFaults
        If the scenario, the changes or a graph file of the scenario are not possible.
    InvalidInput
        If the seed, the replicate or a Python agent is not.

    Notes
    -----
    The burn-in is over when the model is made: the first `step()` is day 0 of the tables. Agents
    are views of rows, made on first use. The data collector sees the days that are stepped, and
    none that `run()` passes in one compiled call. `steps` and `time`, Mesa's counter and clock, are
    `day` after both. Events scheduled with Mesa 3.5 take place on the days that are stepped, none
    during `run()`. A refused order ends that schedule, as all that raises does there: `step()` goes
    on, without events.

    Mesa's `batch_run` hands every iteration the same arguments: with one `rng` and several
    iterations all give the same draw. Give `replicate` (or `rng`) as a list instead, as
    `{"rng": 1, "replicate": range(20)}`; `experiments/mesa_batch.py` does, with agent reporters.
    A subclass with an `__init__` of its own names `seed` in it too.
    An agent is a view of a row and is not removed: `agent.remove()` says what to do instead.
    """

    seed: int
    """Random seed."""
    replicate: int
    """Number of the replicate under the seed."""
    given_scenario: Scenario
    """The scenario, changes included."""
    instruments: tuple[str, ...]
    """Names of the instruments, currencies first; the first one funds."""
    bank_names: list[str]
    """Names of the banks, in the order of their rows."""
    kinds: list[str]
    """Kind of each institution, in the order of their rows."""
    python_agents: list[PythonAgent]
    """Institutions written in Python, in the order in which they were given."""
    day: int
    """Days traded: index of the next one."""
    running: bool
    """Mesa's: whether a day is left."""
    time: float
    """Mesa's from 3.5: days traded, as `day`."""
    was_written_to: bool
    """True if a user wrote to a book: scenario and seed alone do not give this run again."""
    origin: Origin | None
    """The run a branch left, and every turn since; None for a run from its opening."""
    datacollector: DataCollector
    """Mesa's, with one row per day that was stepped: `log_yen`, `yen_short_units`, `leverage`,
    `n_margin_calls`, `n_failures`."""

    def __init__(
        self,
        scenario: Scenario | str | Path = "august-2024",
        *,
        rng: Rng | str | None = None,
        replicate: int | str = 0,
        python_agents: Any = (),
        seed: None = None,
        **changes: Any,
    ) -> None:
        """A world on the morning of day 0."""
        self.seed = root_seed(secrets.randbits(32) if _is_left_out(rng) else _typed(rng))
        super().__init__(rng=self.seed)
        if seed is not None:
            raise InvalidInput(
                f"seed = {seed!r}: give the seed as rng, to Mesa's batch_run among its parameters"
            )
        chosen = scenario if isinstance(scenario, Scenario) else load_scenario(scenario)
        if changes:
            chosen = chosen.with_changes({k.replace("__", "."): v for k, v in changes.items()})
        self.given_scenario = chosen
        self.replicate = replicate_number(_typed(replicate))
        self.instruments = chosen.instrument_names
        self.bank_names = bank_names(chosen)
        self.day, self.time = 0, 0.0
        self._has_views = False
        self.was_written_to = False
        self.origin = None
        asked = agent_requests(python_agents, self.bank_names)
        self.world, self.opening = self._open(asked)
        self.kinds = kinds_of(self.world.rules.mandates)
        self.python_agents = self._admit(asked)
        self.datacollector = DataCollector(model_reporters={name: name for name in REPORTED})

    # Mesa 3.5 keeps a scenario class of its own under this name, and its page refuses others:
    # ours is `given_scenario`.
    @property
    def scenario(self) -> None:
        """Always None: Mesa's own is not used, ours is `given_scenario`."""
        return None

    @scenario.setter
    def scenario(self, _: object) -> None:
        """Mesa's own is not used."""

    @property
    def steps(self) -> int:
        """Mesa's counter: days traded, as `day`."""
        return self.day

    @steps.setter
    def steps(self, _: int) -> None:
        """Mesa 3.5 counts calls of its schedule, those after the last day and refused ones too."""

    def step(self) -> None:
        """One trading day. After the last one nothing happens; `running` says so."""
        if self.next_day >= self.n_days:
            return
        try:
            self._write_orders()
            self._pass_days(self.next_day + 1)
        except BaseException:
            # Mesa 3.5 drops from its schedule what raised: its wrapper would do nothing any more.
            self.__dict__.pop("step", None)
            raise
        self.datacollector.collect(self)

    def run(self) -> None:
        """All days that are left, in one compiled call unless `steps_in_python`."""
        if self.steps_in_python:
            while self.next_day < self.n_days:
                self.step()
            return
        self._pass_days(self.n_days)

    @property
    def steps_in_python(self) -> bool:
        """True if `run()` goes day by day: there are Python agents, or `step` is overridden."""
        return bool(self.python_agents) or type(self).step is not CarryUnwindModel.step

    @property
    def next_day(self) -> int:
        """Row of the next day in what the kernels write, burn-in first: burn-in + `day`."""
        return self.world.burn_in + self.day

    @property
    def n_days(self) -> int:
        """Rows of days that the kernels write, burn-in included."""
        return self.world.n_days

    @property
    def exposures(self) -> nx.DiGraph:
        """The exposure graph of now, lender to borrower, weights in USD bn."""
        return exposure_graph(self.world)

    @property
    def overlap(self) -> nx.Graph:
        """Institutions joined where their positions overlap much now, weight Omega, up to 1.

        Omega: `abm.measures.network.portfolio_overlap` (Cont and Schaanning 2019).
        """
        positions = positions_usd_bn(self.world)
        share = portfolio_overlap(positions, depth_of_market(self.world))
        return overlap_graph(positions, self.world.names, self.kinds, share, OVERLAP_LEAST)

    @property
    def quotes(self) -> dict[str, float]:
        """Quotes by instrument as the market writes them (JPY: yen per dollar)."""
        moves = self.world.market.log_price - self.opening.log_prices
        quotes = {}
        for move, (name, part) in zip(moves, self.given_scenario.instruments.items(), strict=True):
            quotes[name] = float(part.quote_at(move))
        return quotes

    @property
    def log_yen(self) -> float:
        """Rise of the funding currency since the close before day 0 [log]."""
        return float(self.world.market.log_price[0] - self.opening.log_prices[0])

    @property
    def yen_short_units(self) -> float:
        """Yen owed to fund positions elsewhere, net, at the last close (M54) [units]."""
        return self._last("yen_short_units")

    @property
    def leverage(self) -> float:
        """Leverage of the hedge funds together, at the last close."""
        return self._last("leverage")

    @property
    def n_margin_calls(self) -> int:
        """Margin calls of the last day."""
        return int(self._last("n_margin_calls")) if self.next_day else 0

    @property
    def n_failures(self) -> int:
        """Institutions that failed on the last day."""
        return int(self._last("n_failures")) if self.next_day else 0

    def result(self) -> RunResult:
        """The days so far as tables, as `abm.run` gives them.

        Raises InvalidInput before the first day, FailedRun where these days cannot be trusted.
        """
        return result_of(self)

    def save_state(self, path: str | Path) -> Path:
        """Write all that later days depend on, and the record so far, to one file; its path.

        Raises InvalidInput with Python agents, whose own memory no file of ours can hold, and
        OutputRefused where it cannot be written.
        """
        if self.python_agents:
            raise InvalidInput("a model with Python agents cannot be saved: keep it in memory")
        state = Saved(
            scenario_toml=self.given_scenario.to_toml(),
            seed=self.seed,
            replicate=self.replicate,
            day=self.day,
            was_written_to=self.was_written_to,
            origin=self.origin,
            arrays=arrays_of(self.world, self.opening, self.next_day),
        )
        write_state(Path(path), state)
        return Path(path)

    def cascade(self) -> Cascade:
        """Effects of the shock still to come: the days that are left, beside counterfactuals.

        As `abm.cascade`, from where this model stands: on day 0 the numbers are the same. The
        three counterfactual runs share every day so far. The model itself stays where it is. Raises
        InvalidInput where calendar.shock_day has been traded, or with Python agents, of whom there
        is only one.
        """
        return cascade_of(self)

    @classmethod
    def load_state(
        cls,
        path: str | Path,
        changes: Mapping[str, Any] | None = None,
        rng: Rng | str | None = None,
    ) -> CarryUnwindModel:
        """The model as it was saved; with `changes` or `rng`, a branch from here on.

        Parameters
        ----------
        path
            What `save_state` wrote. It is checked and never trusted. Graph files that its scenario
            names must lie where they lay.
        changes
            Values by dotted key that hold from this day on. Books, prices and estimates are those
            of the file; script, policies, rules and mandates those of the changed scenario.
        rng
            Seed of the news of the days to come, as `rng` of the model: one past, many futures.
            Without it the news is what it would have been.

        Raises
        ------
        UnreadableFile
            If the file is no sound state: the message says which array and why.
        ScenarioFaults
            If the changes are not possible.
        InvalidInput
            If they lie in the past (an act on a day that has been traded, whatever shaped the
            opening), each by its key; or if `rng` is no seed.

        Notes
        -----
        Without changes and seed the days to come have the same bytes as in an unbroken run. A
        branch's results name the run, the state and the day they left, and `unwind reproduce`
        makes both again.
        """
        state, saved, before = read_state(Path(path))
        futures = None if _is_left_out(rng) else root_seed(_typed(rng))
        chosen = dict(changes or {})
        scenario = saved.with_changes(chosen)
        faults = past_faults(saved, scenario, state.day)
        if faults:
            said = f"{path} is of day {state.day}; a branch cannot change what has happened:"
            raise InvalidInput(said, *(f"  {fault}" for fault in faults))
        begun = state.origin or Origin(saved, ())
        # Opened as the run at the beginning was: no burn-in ever saw the changes.
        model = cls(begun.scenario, rng=state.seed, replicate=state.replicate)
        model.given_scenario = scenario
        model.origin = state.origin
        if chosen or futures is not None:
            branch = Branch(state.day, chosen, futures, state_hash(state.arrays))
            model.origin = begun._replace(branches=(*begun.branches, branch))
        model.world, model.opening = carried_on(model.stop_at(state.arrays), before)
        model.was_written_to = state.was_written_to
        model._reach(state.day)
        return model

    def stop_at(self, arrays: Mapping[str, np.ndarray] | None = None) -> Stop:
        """This run on this morning, or with this state, to be carried on elsewhere."""
        if arrays is None:
            arrays = arrays_of(self.world, self.opening, self.next_day)
        branches = () if self.origin is None else self.origin.branches
        return Stop(self.given_scenario, self.seed, self.replicate, branches, arrays)

    @property
    def agents(self) -> Any:
        """All agents as Mesa's AgentSet (`abm.agents`); made on first use."""
        self._make_views()
        return super().agents

    @agents.setter
    def agents(self, agents: Any) -> None:
        raise AttributeError("agents is Mesa's: choose another name for what you keep")

    @property
    def agents_by_type(self) -> Any:
        """Agents by class; made on first use."""
        self._make_views()
        return super().agents_by_type

    @property
    def agent_types(self) -> list[type]:
        """Classes of the agents; made on first use."""
        self._make_views()
        return list(super().agent_types)

    def close(self) -> None:
        """Let go of all agents, so that Mesa 3.3 lets go of the model."""
        for agent in list(super().agents):
            self.deregister_agent(agent)
        getattr(mesa.Agent, "_ids", {}).pop(self, None)

    def __getstate__(self) -> dict[str, Any]:
        """The events that are written, and of the empty rows behind them one (none: keep none)."""
        state = self.__dict__.copy()
        record = self.world.record
        written = record.events[: int(record.n_events[0]) + 1].copy()
        state["world"] = self.world._replace(record=record._replace(events=written))
        return state

    def _pass_days(self, last: int) -> None:
        """All days before `last`; a run that failed does not go on."""
        refuse_books_without_numbers(self.world)
        day = last - self.world.burn_in
        try:
            self.world = advance(self.world, self.next_day, last)
        except FailedRun:
            self._reach(day)
            self.running = False
            raise
        self._reach(day)

    def _reach(self, day: int) -> None:
        """Stand on the morning of this day."""
        self.day, self.time = day, float(day)
        self.running = self.next_day < self.n_days

    def _open(self, asked: list[AgentRequest]) -> tuple[World, InitialState]:
        """The world on the morning of day 0, with rows for all Python agents."""
        custom = [group_of(asked, self.given_scenario)] if asked else None
        world, opening = open_world(self.given_scenario, self.seed, self.replicate, custom=custom)
        return (_with_brokers(world, asked), opening) if asked else (world, opening)

    def _admit(self, asked: list[AgentRequest]) -> list[PythonAgent]:
        """Python agents, each with the wealth it was given, on the morning of day 0."""
        first = int(self.world.rules.mandates.first_row[CUSTOM])
        admitted = []
        for number, request in enumerate(asked):
            agent = request.kind(self, first + number, **request.settings)
            agent.wealth_usd_bn = request.wealth_usd_bn
            if request.largest_order_multiple is not None:
                agent.largest_order_multiple = request.largest_order_multiple
            self.world.books.entry_wealth[agent.row] = request.wealth_usd_bn
            admitted.append(agent)
        self.was_written_to = False
        if admitted:
            self.opening = begin_record(self.world)
        return admitted

    def _write_orders(self) -> None:
        """Write the orders of Python agents for today, all at the same opening prices."""
        columns = [agent.order_column() for agent in self.python_agents]
        for number, column in enumerate(columns):
            self.world.user_orders.usd_bn[:, number] = column

    def _make_views(self) -> None:
        """One agent for every row and account, once."""
        if self._has_views:
            return
        self._has_views = True
        for row, kind in enumerate(self.kinds):
            if kind != KIND_NAMES[CUSTOM]:
                VIEW_OF_KIND.get(kind, Institution)(self, row)
        for row in range(len(self.bank_names)):
            Bank(self, row)
        for account in (ValueInvestors, Dealers, CentralBank):
            account(self)
        if self.given_scenario.option_hedgers.kind != "none":
            OptionHedgers(self)
        if self.given_scenario.order_anticipators.kind != "none":
            OrderAnticipators(self)

    def _last(self, column: str) -> float:
        """A column of the last day's row; NaN before there is one."""
        return float(self.world.record.days[column][self.next_day - 1]) if self.next_day else np.nan


def _with_brokers(world: World, asked: list[AgentRequest]) -> World:
    """Broker edges of Python agents, whose rows are the last."""
    graph, mandates = world.graph, world.rules.mandates
    banks = bank_names_of(graph)
    first = int(mandates.first_row[CUSTOM])
    lenders = [banks.index(request.broker) for request in asked if request.broker]
    has_broker = np.array([bool(request.broker) for request in asked])
    start = graph.broker_start.copy()
    start[first + 1 :] += np.cumsum(has_broker)
    mandates.has_margin_account[first:] = has_broker
    return world._replace(
        graph=graph._replace(
            broker_start=start,
            broker=np.append(graph.broker, np.array(lenders, np.int64)),
            broker_share=np.append(graph.broker_share, np.ones(len(lenders))),
            **borrowers(start),
        )
    )


def _is_left_out(rng: Any) -> bool:
    """True if no seed was given; a page hands on an empty box."""
    return rng is None or (isinstance(rng, str) and not rng)


def _typed(given: Any) -> Any:
    """A seed or replicate typed into a page is a number; all else is left as it is."""
    try:
        return int(given) if isinstance(given, str) else given
    except ValueError:
        return given
