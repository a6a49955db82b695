"""Scenario and seed in, the opening columns of the world out."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from itertools import pairwise
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

import numpy as np

from abm.kernels.authorities.fed import POINTS
from abm.kernels.authorities.memory import NO_DAY
from abm.kernels.authorities.mof import CLOSES
from abm.kernels.behaviours.trend_follower import filter_scale
from abm.kernels.events import EVENT
from abm.kernels.inputs import Chance, Options, Script, UserOrders
from abm.kernels.opening import open_accounts
from abm.kernels.record import DAY, Record
from abm.kernels.rules import Rules
from abm.kernels.scratch import Scratch, allocate_scratch
from abm.kernels.state import (
    ACCOUNT_NAMES,
    CALLED,
    COUNTED_BEYOND_HEDGE,
    CUT,
    FLOW_NAMES,
    LIQUIDATED,
    MARKET_ACCOUNTS,
    N_KINDS,
    NOT_COUNTED,
    Books,
    Graph,
    Mandates,
    Market,
)
from abm.population.bank import opening_books, opening_equity
from abm.population.basis import (
    N_SWAP_SUMS,
    days_of_closes,
    open_swap_books,
    open_swap_market,
    swap_shares,
    swapped_balances,
    swapped_rows,
)
from abm.population.dealer import opening_depth
from abm.population.groups import Group, first_rows, put_together
from abm.population.hedge_fund import fund_styles
from abm.population.institutions import draw_groups
from abm.population.instruments import opening_terms
from abm.population.loans import other_loan_columns
from abm.population.mof import draw_interventions
from abm.population.network import Lending, draw_lending, institution_names
from abm.population.order_anticipator import open_order_flow
from abm.population.repo import (
    open_repo_books,
    open_repo_market,
    pledgeable_bonds,
    repo_bonds,
    repo_shares,
)
from abm.population.rules import make_rules
from abm.population.script import draw_news, write_script
from abm.population.time_limit import compiling_not_counted

if TYPE_CHECKING:
    from abm.scenario import Scenario

NEVER = 2**62
# Rows that are passed stretch by stretch; other rows with a trait from the first to the last.
SUMMED_BY_STRETCH = ("short_rows", "hedged_rows", "called_rows")

Columns = TypeVar("Columns", bound=tuple[np.ndarray, ...])


class World(NamedTuple):
    """Groups of state as ``advance_day`` takes them, and what the rows are called."""

    books: Books
    market: Market
    graph: Graph
    rules: Rules
    chance: Chance
    script: Script
    user_orders: UserOrders
    options: Options
    record: Record
    scratch: Scratch
    names: list[str]
    styles: list[str]
    burn_in: int
    """Days before day 0."""
    instruments: tuple[str, ...] = ()
    label: str = ""
    """The run by scenario, seed and replicate, for messages."""

    @property
    def groups(self) -> tuple[Any, ...]:
        """Arguments of ``advance_day`` after the day."""
        return self[:10]

    @property
    def n_days(self) -> int:
        """Days there are inputs for, burn-in included."""
        return len(self.chance.news)


def build_world(
    scenario: Scenario,
    seed: int,
    replicate: int = 0,
    *,
    shocked: bool = True,
    no_trade: bool = False,
    event_capacity: int = 0,
    custom: list[Group] | None = None,
) -> World:
    """Opening books, exposure graph, rules and inputs of one run.

    ``shocked`` and ``no_trade`` choose the counterfactual runs; ``event_capacity`` is the number
    of events kept (all are counted). Raises ScenarioFaults for a user's graph that does not fit.
    """
    groups = draw_groups(scenario, seed, replicate) + (custom or [])
    lending = draw_lending(scenario, groups, seed, replicate)
    script = write_script(scenario, shocked)
    chance = Chance(
        draw_news(scenario, seed, replicate), draw_interventions(scenario, seed, replicate)
    )
    burn_in = scenario.calendar.burn_in_days
    columns = put_together(groups) | {"swap_share": swap_shares(groups, scenario)}
    of_funds = fund_styles(scenario).other_loans[:, : groups[0].n]
    columns |= other_loan_columns(columns["weights"], of_funds, scenario)
    columns["repo_share"] = repo_shares(groups, scenario)
    mandates = make_mandates(columns, first_rows(groups), lending)
    rules = make_rules(scenario)._replace(mandates=mandates)
    books = open_books(columns, scenario.estimation.opening_multiple)
    swapped = swapped_balances(scenario, books.units, mandates)
    books = books._replace(
        **open_swap_books(scenario, swapped), **open_repo_books(scenario, columns)
    )
    market = to_write_on(opening_market(scenario))
    if len(swapped):
        market = market._replace(**open_swap_market(scenario, swapped, books.swap_sums))
    if len(books.repo_debt):
        pledgeable = pledgeable_bonds(scenario, columns)
        lender = open_repo_market(scenario, pledgeable, books.repo_debt, books.repo_units)
        market = market._replace(**lender)
    graph = open_graph(scenario, lending)
    k, n = books.units.shape
    world = World(
        books=books,
        market=market,
        graph=graph,
        rules=rules,
        chance=chance,
        script=script,
        user_orders=UserOrders(np.zeros((k, sum(g.n for g in groups if g.kind == "custom")))),
        options=Options(
            no_trade_from=burn_in + scenario.shock_day if no_trade else NEVER,
            gain_every=scenario.outputs.feedback_gain_every_days,
            audit=True,
        ),
        record=open_record(books, market, len(chance.news), event_capacity),
        scratch=allocate_scratch(k, n),
        names=institution_names(groups),
        styles=[style for g in groups for style in g.style],
        burn_in=burn_in,
        instruments=scenario.instrument_names,
        label=run_label(scenario, seed, replicate, shocked, no_trade),
    )
    with compiling_not_counted():
        from abm.kernels.day import compile_day

        compile_day(*world.groups)
    open_accounts(books, market, graph, rules)
    scale_audit(books, market, graph, rules)
    world.record.worst_wealth[:] = books.wealth
    return world


def to_write_on(columns: Columns) -> Columns:
    """A copy of columns that are kept for other runs."""
    return type(columns)(*[column.copy() for column in columns])


def run_label(scenario: Scenario, seed: int, replicate: int, shocked: bool, no_trade: bool) -> str:
    """A run as messages call it: "hike, seed 3, replicate 0", and which counterfactual it is."""
    counterfactual = {
        (True, False): "",
        (False, False): ", without its shock",
        (True, True): ", positions frozen",
        (False, True): ", without its shock and positions frozen",
    }[shocked, no_trade]
    return f"{scenario.name}, seed {seed}, replicate {replicate}{counterfactual}"


def make_mandates(
    columns: dict[str, np.ndarray], first_row: np.ndarray, lending: Lending
) -> Mandates:
    """Terms and traits of each institution, of the columns of all groups."""
    terms = {name: columns[name] for name in Mandates._fields if name in columns}
    terms["has_margin_account"] &= np.diff(lending.broker_start) > 0
    return Mandates(
        first_row=first_row,
        kind=np.repeat(np.arange(len(first_row) - 1), np.diff(first_row)),
        opening_wealth=columns["wealth"],
        **terms,
        **rows_with_traits(terms),
    )


def rows_with_traits(columns: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Stretches of rows that the kernels sum over, by the traits that make them."""
    call_rule, carry_short = columns["call_rule"], columns["carry_short"]
    flags = {
        "short_rows": carry_short != NOT_COUNTED,
        "hedged_rows": carry_short == COUNTED_BEYOND_HEDGE,
        "called_rows": call_rule == CALLED,
        "subscriber_rows": columns["takes_subscriptions"] > 0,
        "liquidated_rows": call_rule == LIQUIDATED,
        "retail_rows": call_rule == CUT,
        "desk_rows": columns["owner"] >= 0,
        "repo_rows": columns["repo_share"] > 0.0,
    }
    found = dict(zip(flags, stretches(*flags.values()), strict=True))
    return {
        name: found[name] if name in SUMMED_BY_STRETCH else extent(found[name]) for name in flags
    }


def extent(found: np.ndarray) -> np.ndarray:
    """From the start of the first stretch to the end of the last; twice 0 without any. (2,)"""
    return np.array([found[0, 0], found[-1, 1]] if len(found) else [0, 0], np.int64)


def stretches(*flags: np.ndarray) -> list[np.ndarray]:
    """Start and end of every stretch of rows that are flagged, (n, 2), for each of some flags."""
    inside = np.zeros((len(flags), len(flags[0]) + 2), np.bool_)
    for line, flag in zip(inside, flags, strict=True):
        line[1:-1] = flag
    edges = inside[:, 1:] != inside[:, :-1]
    n = edges.shape[1]
    found = np.flatnonzero(edges)
    ends = found.searchsorted(n * np.arange(len(flags) + 1)).tolist()
    rows = (found % n).reshape(-1, 2)
    return [rows[start // 2 : end // 2] for start, end in pairwise(ends)]


def borrowers(broker_start: np.ndarray) -> dict[str, np.ndarray]:
    """Row that borrows by each edge, (E,), and stretches of rows that have a broker, (n, 2)."""
    n_edges = np.diff(broker_start)
    return {
        "borrower": np.repeat(np.arange(len(n_edges)), n_edges),
        "lent_rows": stretches(n_edges > 0)[0],
    }


def open_books(opening: dict[str, np.ndarray], opening_risk: float) -> Books:
    """Opening balances of all institutions; those who size by own losses see `opening_risk`."""
    units = opening["units"]
    n = units.shape[1]
    columns: dict[str, Any] = {name: np.zeros(n) for name in Books._fields}
    columns |= {name: np.zeros(n, np.uint8) for name in ("closing", "verdict", "forced")}
    return Books(
        **columns
        | {
            "units": units,
            "cash": opening["cash"],
            "maintenance_leverage": np.full(n, np.inf),
            "call_day": np.full(n, -1, np.int64),
            "suspended_days": np.zeros(n, np.int64),
            "stopped_days": np.zeros(n, np.int64),
            "sizing_risk": np.full(n, opening_risk),
            "intent": np.zeros_like(units),
        }
    )


@lru_cache(maxsize=32)
def opening_market(scenario: Scenario) -> Market:
    """Prices at their opening, market makers without positions, estimates at their calm level.

    Swap market and repo lender as they are without an institution.
    """
    terms, rules = opening_terms(scenario), make_rules(scenario)
    n, n_c = len(terms.names), terms.n_currencies
    opening = scenario.estimation.opening_multiple * terms.covariance
    calm = np.sqrt(np.diag(terms.covariance))
    spans = rules.estimate.trend_days
    trend = np.zeros((3, n))
    signal = terms.column(scenario.trend.opening_signal)
    for row in (1, 2):
        trend[row] = signal * calm / filter_scale(spans[row])
    policy, held = rules.policy, rules.retail_fx.contrarian_days
    hedged = (rules.insurers.rise_days, rules.companies.rise_days)
    watched = (held, *hedged, policy.boj.trigger_days, 1)  # 1: for repo
    kept = max(*watched, days_of_closes(rules.basis)) + 1
    arrays: dict[str, Any] = {name: np.zeros(n) for name in Market._fields}
    arrays |= {
        "quote": terms.quote,
        "local_price": np.ones(n),
        "usd_price": np.ones(n),
        "rates": np.zeros(n_c + 1),
        "policy_rates": np.zeros(n_c + 1),
        "rate_moves": np.zeros(n_c + 1),
        "rates_moved": np.zeros(n_c + 1),
        "boj": np.array([0, NO_DAY, NO_DAY, 0], np.int64),
        "spent_usd_bn": np.zeros(2),
        "last_act": np.full(2, NO_DAY, np.int64),
        "funding_closes": np.zeros(CLOSES),
        "fear_gauge": np.full(1, POINTS * np.sqrt(opening[policy.fed.asset, policy.fed.asset])),
        "covariance": opening,
        "covariance_fast": opening,
        "trend": trend,
        "risk_fast": np.zeros((n, n)),
        "close": np.zeros((kept, n)),
        "outside": np.zeros((len(ACCOUNT_NAMES), n_c + 1)),
        "trend_size": np.zeros((3, n)),
        "dealer_depth": opening_depth(scenario),
        "value_depth": rules.value_investors.depth,
        "value_speed": rules.value_investors.speed,
        "appetite": np.zeros(3),
        "order_flow": open_order_flow(calm, rules.anticipators),
        "funding_share": np.ones(1 + len(rules.funds.owed)),
        "margin_ceiling": np.full(1, np.inf),
        "depth_floor": np.zeros(1),
    }
    for who in MARKET_ACCOUNTS:
        arrays[f"{who}_cash"] = np.zeros(n_c + 1)
    arrays["anticipator_cash"][-1] = rules.anticipators.capital
    for name in ("totals", "gross_totals"):
        arrays[name] = np.zeros(n + 1)
    n_swapped = len(swapped_rows(scenario))
    no_sums = np.zeros((n_swapped, N_SWAP_SUMS, 0))
    arrays |= open_swap_market(scenario, np.zeros((n_swapped, 0)), no_sums)
    no_bonds = np.zeros((len(repo_bonds(scenario)), 0))
    arrays |= open_repo_market(scenario, no_bonds, no_bonds, no_bonds)
    return Market(**arrays)


@lru_cache(maxsize=4)
def opening_banks(scenario: Scenario) -> Graph:
    """Banks with their capital before any loan; other assets are filled in once these are known."""
    rule, equity = scenario.banks, opening_equity(scenario)
    n = len(equity)
    columns: dict[str, Any] = {name: np.zeros(n) for name in Graph._fields}
    columns |= {
        "equity": equity,
        "opening_equity": equity,
        "leverage_max": np.full(n, rule.leverage_limit),
        "is_core": (np.arange(n) < rule.n_core).astype(np.uint8),
        "failed": np.zeros(n, np.uint8),
        "book": opening_books(scenario, equity),
        "written_down": np.zeros((2, n)),
        "opening_room": np.zeros(1),
        "flows": np.zeros((len(FLOW_NAMES), n)),
        "counter": np.zeros(2),
        "estate": np.zeros(5),
    }
    return Graph(**columns)


def open_graph(scenario: Scenario, lending: Lending) -> Graph:
    """Banks, and who lends to whom."""
    of_edges = borrowers(lending.broker_start)
    return to_write_on(opening_banks(scenario))._replace(**lending._asdict(), **of_edges)


def scale_audit(books: Books, market: Market, graph: Graph, rules: Rules) -> None:
    """Gross opening positions, by which the audit scales its errors.

    What hardly any institution holds is scaled by what trading it could amount to: at least by a
    unit; by what market makers, who open without positions, trade for a basis point; a currency by
    the largest market that pays its coupons and settles in it. (Unlevered holders of shares worth
    trillions of yen may own no yen at all.)
    """
    basis_point = 1e-4 * (rules.value_investors.depth + rules.dealers.depth)
    held = np.abs(books.units).sum(axis=1)
    held[: len(graph.book)] += np.abs(graph.book).sum(axis=1)
    gross = np.maximum(np.maximum(held, basis_point), 1.0)
    cash = max(np.abs(books.cash).sum() + graph.equity.sum(), 1.0)
    totals = np.array([*gross, cash])
    for k, currency in enumerate(market.quote.tolist()):  # -1, the dollar, is the last
        totals[currency] = max(totals[currency], gross[k])
    market.gross_totals[:] = totals


def open_record(books: Books, market: Market, n_days: int, event_capacity: int) -> Record:
    """Empty tables."""
    k, n = books.units.shape
    return Record(
        now=np.zeros(2, np.int64),
        days=np.zeros(n_days, DAY),
        forced_usd_bn=np.zeros((n_days, N_KINDS)),
        log_prices=np.zeros((n_days, k)),
        fundamentals=np.zeros((n_days, k)),
        depth_usd_bn=np.zeros((n_days, k)),
        other_basis_bp=np.zeros((n_days, max(len(market.swapped) - 1, 0))),
        events=np.zeros(event_capacity, EVENT),
        n_events=np.zeros(1, np.int64),
        cause=np.full(n, -1, np.int64),
        clearing_event=np.full(k, -1, np.int64),
        when=np.full(2, -1, np.int64),
        gross=np.zeros(k),
        mark=market.usd_price.copy(),
        n_calls=np.zeros(n, np.int64),
        forced_sales=np.zeros(n),
        n_failures=np.zeros(n, np.int64),
        first_failure_day=np.full(n, -1, np.int64),
        peak_leverage=np.ones(n),
        worst_wealth=np.zeros(n),
    )
