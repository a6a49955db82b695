"""Scenario and seed in, the opening columns of the world out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from abm.kernels.behaviours.dealer import dealer_depth
from abm.kernels.events import N_EVENT_COLUMNS
from abm.kernels.inputs import Draws
from abm.kernels.markets.impact import allocate_work
from abm.kernels.markets.orders import allocate_orders
from abm.kernels.opening import open_accounts
from abm.kernels.record import N_DAY_COLUMNS, Diary
from abm.kernels.rules import Rules
from abm.kernels.state import ACCOUNT_NAMES, CHUNK, TRADING_DAYS, Books, Graph, Mandates, Market
from abm.population.bank import opening_equity
from abm.population.groups import Group, first_rows, stack
from abm.population.institutions import draw_groups
from abm.population.instruments import opening_terms
from abm.population.network import Lending, draw_lending, institution_names
from abm.population.rules import make_rules
from abm.population.script import make_draws

if TYPE_CHECKING:
    from abm.scenario import Scenario

MARGINED = ("hedge_fund", "risk_parity", "custom")  # where they have brokers


class World(NamedTuple):
    """The arguments of ``advance_day``, in its order, and what the rows are called."""

    books: Books
    market: Market
    graph: Graph
    rules: Rules
    draws: Draws
    diary: Diary
    names: list[str]
    styles: list[str]
    instruments: tuple[str, ...] = ()
    label: str = ""
    """The run by scenario, seed and replicate, for messages."""


def build_world(
    scenario: Scenario,
    seed: int,
    replicate: int = 0,
    *,
    shocked: bool = True,
    silent: bool = False,
    event_capacity: int = 0,
    custom: list[Group] | None = None,
) -> World:
    """Opening books, exposure graph, rules and draws of one run.

    ``shocked`` and ``silent`` choose the twins of model measures; ``event_capacity`` is the number
    of events kept (all are counted). Raises ScenarioFaults for a user's graph that does not fit.
    """
    groups = draw_groups(scenario, seed, replicate) + (custom or [])
    lending = draw_lending(scenario, groups, seed, replicate)
    n_custom = sum(g.n for g in groups if g.kind == "custom")
    draws = make_draws(scenario, seed, replicate, shocked=shocked, silent=silent, n_custom=n_custom)
    rules = make_rules(scenario)._replace(mandates=make_mandates(groups, lending))
    books = open_books(groups)
    market = open_market(scenario, rules)
    graph = open_graph(scenario, lending, groups)
    diary = open_diary(books, market, len(draws.news), event_capacity)
    open_accounts(books, market, graph, rules, scenario.banks.opening_utilisation)
    scale_audit(books, market, graph, rules)
    diary.worst_wealth[:] = books.wealth
    styles = [style for g in groups for style in g.style]
    names, label = institution_names(groups), run_label(scenario, seed, replicate, shocked, silent)
    return World(
        books, market, graph, rules, draws, diary, names, styles, scenario.instrument_names, label
    )


def run_label(scenario: Scenario, seed: int, replicate: int, shocked: bool, silent: bool) -> str:
    """A run as messages call it: "hike, seed 3, replicate 0", and which twin it is."""
    twin = {
        (True, False): "",
        (False, False): ", without its shock",
        (True, True): ", positions frozen",
        (False, True): ", without its shock and positions frozen",
    }[shocked, silent]
    return f"{scenario.name}, seed {seed}, replicate {replicate}{twin}"


def make_mandates(groups: list[Group], lending: Lending) -> Mandates:
    """What each institution is, as columns."""
    has_broker = np.diff(lending.broker_start) > 0
    is_fund = np.repeat([g.kind in MARGINED for g in groups], [g.n for g in groups])
    return Mandates(
        first_row=first_rows(groups),
        resident=stack(groups, "resident"),
        weights=stack(groups, "weights"),
        risk_aversion=stack(groups, "risk_aversion"),
        long_run_variance=stack(groups, "long_run_variance"),
        concentration=stack(groups, "concentration"),
        size_usd_bn=stack(groups, "size_usd_bn"),
        target_volatility=stack(groups, "target_volatility"),
        leverage_cap=stack(groups, "leverage_cap"),
        is_slow=stack(groups, "is_slow"),
        loss_cut=stack(groups, "loss_cut"),
        opening_wealth=stack(groups, "wealth"),
        margined=(has_broker & is_fund).astype(np.uint8),
        owner=stack(groups, "owner"),
    )


def open_books(groups: list[Group]) -> Books:
    """Opening balances of all institutions."""
    units = stack(groups, "units")
    n = units.shape[1]

    def zeros() -> np.ndarray:
        return np.zeros(n)

    return Books(
        units=units,
        cash=stack(groups, "cash"),
        wealth=zeros(),
        borrowing=zeros(),
        margin_rate=zeros(),
        leverage_limit=np.full(n, np.inf),
        wanted_leverage=zeros(),
        high_water=zeros(),
        entry_wealth=zeros(),
        call_day=np.full(n, -1, np.int64),
        days_out=np.zeros(n, np.int64),
        closing=np.zeros(n, np.uint8),
        line_cut=zeros(),
        intent=np.zeros_like(units),
        speed=zeros(),
        forced=np.zeros(n, np.uint8),
    )


def open_market(scenario: Scenario, rules: Rules) -> Market:
    """Prices at their opening, market makers without positions, estimates at their calm level."""
    terms = opening_terms(scenario)
    n, n_c = len(terms.names), terms.n_currencies
    opening = scenario.estimation.opening_multiple * terms.covariance
    calm = np.sqrt(np.diag(terms.covariance))
    spans = rules.estimate.trend_days
    trend = np.zeros((3, n))
    signal = terms.column(scenario.trend.opening_signal)
    for row in (1, 2):
        trend[row] = signal * calm / np.sqrt(TRADING_DAYS * (2.0 * spans[row] - 1.0))
    kept = max(rules.households.contrarian_days, rules.households.insurer_rise_days) + 1
    arrays: dict[str, Any] = {name: np.zeros(n) for name in Market._fields}
    arrays |= {
        "quote": terms.quote.copy(),
        "usd_price": np.ones(n),
        "rates": np.zeros(n_c + 1),
        "covariance": opening.copy(),
        "covariance_fast": opening.copy(),
        "trend": trend,
        "risk_slow": np.zeros((n, n)),
        "risk_fast": np.zeros((n, n)),
        "close": np.zeros((kept, n)),
        "outside": np.zeros((len(ACCOUNT_NAMES), n_c + 1)),
        "held": np.zeros(n, np.int64),
        "trend_size": np.zeros((3, n)),
        "work": np.zeros((6, n)),
    }
    for name in ("value_cash", "dealer_cash", "official_cash"):
        arrays[name] = np.zeros(n_c + 1)
    for name in ("totals", "gross_totals", "audit"):
        arrays[name] = np.zeros(n + 1)
    for k in range(n):
        arrays["dealer_depth"][k] = dealer_depth(
            rules.market.dealer_depth[k], calm[k], np.sqrt(opening[k, k]), 1.0, rules.market, 0
        )
    return Market(**arrays | {"orders": allocate_orders(n), "solver": allocate_work(n)})


def open_graph(scenario: Scenario, lending: Lending, groups: list[Group]) -> Graph:
    """Banks with their capital; other assets are filled in once loans are known."""
    rule = scenario.banks
    equity = opening_equity(scenario, groups)
    n = len(equity)
    return Graph(
        broker_start=lending.broker_start,
        broker=lending.broker,
        broker_share=lending.broker_share,
        equity=equity,
        opening_equity=equity.copy(),
        other_assets=np.zeros(n),
        leverage_max=np.full(n, rule.leverage_limit),
        is_core=(np.arange(n) < rule.n_core).astype(np.uint8),
        failed=np.zeros(n, np.uint8),
        liabilities=lending.liabilities,
        loans=np.zeros(n),
        desk_assets=np.zeros(n),
        utilisation=np.zeros(n),
        cut=np.zeros(n),
        clearing=np.zeros((5, n)),
    )


def scale_audit(books: Books, market: Market, graph: Graph, rules: Rules) -> None:
    """Gross opening positions, by which the audit scales its errors.

    What hardly any institution holds is scaled by what trading it could amount to: at least by a
    unit; by what market makers, who open without positions, trade for a basis point; a currency by
    the largest market that pays its coupons and settles in it. (Unlevered holders of shares worth
    trillions of yen may own no yen at all.)
    """
    basis_point = 1e-4 * (rules.market.value_depth + rules.market.dealer_depth)
    gross = np.maximum(np.maximum(np.abs(books.units).sum(axis=1), basis_point), 1.0)
    cash = max(np.abs(books.cash).sum() + graph.equity.sum(), 1.0)
    totals = np.append(gross, cash)
    for k, currency in enumerate(market.quote):  # -1, the dollar, is the last
        totals[currency] = max(totals[currency], gross[k])
    market.gross_totals[:] = totals


def open_diary(books: Books, market: Market, n_days: int, event_capacity: int) -> Diary:
    """Empty tables and scratch columns."""
    k, n = books.units.shape
    return Diary(
        days=np.zeros((n_days, N_DAY_COLUMNS)),
        log_prices=np.zeros((n_days, k)),
        fundamentals=np.zeros((n_days, k)),
        events=np.zeros((event_capacity, N_EVENT_COLUMNS)),
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
        rows=np.zeros(n, np.int64),
        lanes=np.zeros((k + 4, CHUNK)),
        is_traded=np.zeros(k, np.uint8),
        flows=np.zeros((5, k)),
        before=np.zeros(k),
        fill=np.ones(k),
        side=np.zeros(k),
    )
