"""Random stressed systems: the solver against direct evaluation, and against the flow itself."""

import math
from dataclasses import replace

import numba
import numpy as np
import pytest

from abm.kernels.markets import impact
from abm.kernels.markets.certify import is_only_rest_point
from abm.kernels.markets.flow import AT_LIMIT, CLEARED
from abm.kernels.markets.impact import (
    ClearingWork,
    allocate_work,
    differentiate_excess,
    evaluate_excess,
    prepare_round,
)
from abm.kernels.markets.orders import allocate_orders, collect_orders, gather_candidates
from abm.market import ClearingProblem, _limits, _liquidity, _order_book, clear_market

N_SYSTEMS = 400


def random_problem(rng: np.random.Generator) -> ClearingProblem:
    """A stressed system: leverage to 25, thin markets, residents, currencies, price limits."""
    n_currencies, n_assets = rng.integers(1, 4), rng.integers(1, 6)
    k, n = int(n_currencies + n_assets), int(rng.integers(2, 16))
    quote = np.full(k, -1)
    quote[n_currencies:] = rng.choice([-1, -1, *range(n_currencies)], n_assets)
    resident = (rng.random(n) < 0.2).astype(float)
    leverage = 1.0 + rng.random(n) ** 2 * np.where(rng.random(n) < 0.15, 24.0, 7.0)
    targets = rng.dirichlet(np.full(k, 0.5), n) * leverage[:, None]
    targets[:, 0] -= rng.random(n) * (leverage - 1.0)
    wealth = rng.lognormal(1.0, 0.8, n)
    start = rng.normal(0, 0.02, k) if rng.random() < 0.5 else rng.normal(0, 1.5, k)
    prices = np.exp(start + np.where(quote >= 0, start[quote], 0.0))
    holdings = targets * wealth[:, None] / prices * rng.normal(1.0, 0.15, (n, k))
    orders = rng.normal(0, 0.2, (n, k)) / prices * (rng.random((n, 1)) < 0.2)
    abroad = np.outer(resident == 1, quote > 0)
    for array in (targets, holdings, orders):
        array[abroad] = 0.0
    cash = wealth - holdings @ prices
    scale = (wealth * leverage**2).sum() / prices
    depth = scale * rng.uniform(0.02, 0.6) * rng.lognormal(0, 0.4, k)
    value_speed = rng.uniform(0.3, 1.0, k)
    move = 0.03 * rng.normal(size=k) * rng.choice([0.3, 1.0, 2.0])
    width = rng.choice([0.05, 0.2, 0.6])
    return ClearingProblem(
        holdings=holdings, cash=cash, targets=targets, orders=orders, resident=resident,
        speed=rng.choice([0.0, 0.2, 0.5, 0.95, 1.0], n), quote=quote, start=start,
        value_held_open=depth * rng.normal(0, 0.01, k), value_held=depth * rng.normal(0, 0.01, k),
        dealer_held=depth * rng.normal(0, 0.003, k), value_depth=depth,
        value_capacity=rng.uniform(0.15, 0.6, k), value_speed=value_speed,
        fundamental=start + move, dealer_depth=depth * rng.uniform(0.02, 0.5, k),
        dealer_reference=start + rng.normal(0, 0.005, k),
        external=depth * rng.normal(0, 0.01, k) * (rng.random(k) < 0.3),
        lower=start - width * rng.uniform(0.5, 1.5, k),
        upper=start + width * rng.uniform(0.5, 1.5, k),
    )  # fmt: skip


def direct_excess(p: ClearingProblem, x: np.ndarray) -> np.ndarray:
    """F(x) institution by institution, as its definition reads; x may be complex."""
    local = np.exp(x)
    prices = local * np.where(p.quote >= 0, local[p.quote.astype(int)], 1.0)
    wealth = p.cash + p.holdings @ prices
    solvent = np.where(wealth.real > 0, wealth, 0.0)
    ordered = p.speed[:, None] * (p.targets * solvent[:, None] / prices - p.holdings) + p.orders
    ordered[p.resident == 1, 0] = p.orders[p.resident == 1, 0]
    total = ordered.sum(axis=0)
    for k in np.flatnonzero(p.quote >= 0):
        total[int(p.quote[k])] += local[k] * ordered[p.resident == 0, k].sum()
    wanted = -p.value_depth * p.value_capacity * np.tanh((x - p.fundamental) / p.value_capacity)
    value = p.value_held_open + p.value_speed * (wanted - p.value_held_open) - p.value_held
    return total + value - p.dealer_depth * (x - p.dealer_reference) - p.dealer_held + p.external


def direct_jacobian(p: ClearingProblem, x: np.ndarray) -> np.ndarray:
    """dF/dx to rounding, by complex steps."""
    columns = [direct_excess(p, x + 1e-30j * unit).imag / 1e-30 for unit in np.eye(x.size)]
    return np.array(columns).T


def gross_volume(p: ClearingProblem, x: np.ndarray) -> float:
    """Largest sum of absolute terms in an excess demand, local prices included."""
    prices = np.exp(x + np.where(p.quote >= 0, x[p.quote.astype(int)], 0.0))
    worth = np.abs(p.holdings) @ prices + np.abs(p.cash)
    terms = p.speed[:, None] * (np.abs(p.targets) * worth[:, None] / prices + np.abs(p.holdings))
    volume = (terms + np.abs(p.orders)).sum(axis=0) + p.value_depth + p.dealer_depth
    return float((volume * np.maximum(np.exp(x), 1.0)).max())


def prepared(p: ClearingProblem) -> ClearingWork:
    """The system of one round in the solver's small matrices."""
    quote = p.quote.astype(np.int64)
    prices = np.exp(p.start + np.where(quote >= 0, p.start[quote], 0.0))
    orders, work = allocate_orders(p.n_instruments), allocate_work(p.n_instruments)
    collect_orders(_order_book(p), prices, quote, 0, 2 * p.n_institutions, orders)
    assert prepare_round(orders, _liquidity(p), _limits(p), work)
    return work


def aggregated(p: ClearingProblem, points: list[np.ndarray]):
    """F and J at some points from the small matrices, with the candidates put right."""
    quote, work = p.quote.astype(np.int64), prepared(p)
    prices = np.exp(p.start + np.where(quote >= 0, p.start[quote], 0.0))
    candidates = gather_candidates(_order_book(p), prices, _limits(p))
    for x in points:
        work.vectors[impact.X, : x.size] = x
        evaluate_excess(candidates, work.codes, work.vectors, work.squares)
        differentiate_excess(work.codes, work.vectors, work.squares)
        jacobian = work.squares[impact.JACOBIAN, : x.size, : x.size]
        yield work.vectors[impact.EXCESS, : x.size].copy(), jacobian.copy(), len(candidates)


def test_small_matrices_give_the_excess_demand_of_all_institutions_and_its_slope():
    rng = np.random.default_rng(1)
    n_crossings = 0
    for _ in range(300):
        p = random_problem(rng)
        points = [rng.uniform(p.lower, p.upper) for _ in range(4)] + [p.start]
        for x, (excess, jacobian, n) in zip(points, aggregated(p, points), strict=True):
            volume = gross_volume(p, x)
            assert np.abs(excess - direct_excess(p, x)).max() < 1e-13 * volume
            assert np.abs(jacobian - direct_jacobian(p, x)).max() < 1e-13 * volume
            n_crossings += n
    assert n_crossings > 300  # the case is not idle


def test_without_orders_each_market_is_alone_and_clears_where_its_own_demand_is_zero():
    rng = np.random.default_rng(8)
    n_cleared = 0
    for _ in range(60):
        p = random_problem(rng)
        p = replace(p, speed=np.zeros_like(p.speed), orders=np.zeros_like(p.orders))
        assert prepared(p).codes[impact.IS_PRICED, 0] == 0
        points = [rng.uniform(p.lower, p.upper) for _ in range(4)]
        for x, (excess, jacobian, _) in zip(points, aggregated(p, points), strict=True):
            volume = gross_volume(p, x)
            assert np.abs(excess - direct_excess(p, x)).max() < 1e-13 * volume
            assert np.abs(jacobian - direct_jacobian(p, x)).max() < 1e-13 * volume
        found = clear_market(p)
        depth = p.value_speed * p.value_depth + p.dealer_depth
        move = direct_excess(p, found.log_prices) / depth
        reached = np.clip(found.log_prices + move, p.lower, p.upper)
        assert np.abs(reached - found.log_prices).max() < 1e-10
        n_cleared += found.status == "cleared"
    assert n_cleared > 10  # the case is not idle


@pytest.mark.parametrize(
    ("column", "is_priced"),
    [
        ("wealth_terms", 1),  # a share of wealth, which moves with every price
        ("wealth_terms_nonresident", 1),
        ("frozen_nonresident", 1),  # units of a foreign asset: their currency is paid at its price
        ("frozen", 0),  # units of what is quoted in dollars
        (None, 0),
    ],
)
def test_an_order_that_moves_with_prices_is_seen(column, is_priced):
    p = random_problem(np.random.default_rng(8))
    orders, work = allocate_orders(p.n_instruments), allocate_work(p.n_instruments)
    if column is not None:
        getattr(orders, column)[..., -1] = 0.5
    assert prepare_round(orders, _liquidity(p), _limits(p), work)
    assert work.codes[impact.IS_PRICED, 0] == is_priced


def largest_proved_move(p: ClearingProblem, direction: np.ndarray) -> np.ndarray | None:
    """Furthest point in a direction from the start that is proved to be the only rest point."""
    work, k = prepared(p), p.n_instruments
    work.vectors[impact.KEPT, :k] = p.start
    for distance in np.geomspace(0.095, 1e-4, 40):
        x = p.start + distance * direction
        work.vectors[impact.X, :k] = x
        evaluate_excess(work.no_candidates, work.codes, work.vectors, work.squares)
        if is_only_rest_point(0.2, work.codes, work.vectors, work.squares):
            return x
    return None


def test_where_newton_goes_straight_the_flow_can_only_shrink_the_distance():
    # The proof covers a whole box; here the largest proved box is sampled, corners first, by direct
    # differentiation. Narrow capacities make the value investors' slope matter.
    rng = np.random.default_rng(2)
    n_proved = 0
    for _ in range(200):
        p = random_problem(rng)
        thick = rng.choice([1.0, 5.0, 20.0, 60.0], p.n_instruments)
        p = replace(
            p, value_depth=thick * p.value_depth, dealer_depth=0.2 * thick * p.dealer_depth,
            value_capacity=rng.choice([0.05, 1.0]) * p.value_capacity,
            lower=p.start - 0.6, upper=p.start + 0.6,
        )  # fmt: skip
        direction = rng.uniform(-1, 1, p.n_instruments)
        x = largest_proved_move(p, direction / np.abs(direction).max())
        if x is None:
            continue
        n_proved += 1
        reach = np.abs(x - p.start).max()
        corners = rng.choice([-1.0, 1.0], (24, p.n_instruments))
        for y in x + reach * corners:
            assert (row_sums(direct_jacobian(p, y)) < 0).all()
    assert n_proved > 40  # the case is not idle


def row_sums(jacobian: np.ndarray) -> np.ndarray:
    """Diagonal plus the sizes of the other entries, by row."""
    diagonal = np.diag(jacobian)
    return diagonal + np.abs(jacobian).sum(axis=1) - np.abs(diagonal)


def test_no_row_grows_beyond_its_bound_and_currency_legs_are_in_it():
    # No institution wants the currency itself: all its row has comes from assets quoted in it.
    rng = np.random.default_rng(4)
    n_grown = 0
    for _ in range(200):
        p = random_problem(rng)
        wanted = p.targets.copy()
        wanted[:, p.quote == -1] = 0.0
        p = replace(p, targets=wanted, resident=np.zeros_like(p.resident))
        work, k, distance = prepared(p), p.n_instruments, 0.02
        work.vectors[impact.X, :k] = p.start
        evaluate_excess(work.no_candidates, work.codes, work.vectors, work.squares)
        differentiate_excess(work.codes, work.vectors, work.squares)
        at_point = row_sums(work.squares[impact.JACOBIAN, :k, :k].copy())
        impact.bound_growth(distance, work.codes, work.vectors, work.squares)
        bound = work.vectors[impact.STEP, :k].copy()
        quoting = np.unique(p.quote[p.quote >= 0]).astype(int)
        for corner in rng.choice([-1.0, 1.0], (16, k)):
            growth = row_sums(direct_jacobian(p, p.start + distance * corner)) - at_point
            assert (growth <= bound + 1e-12 * np.abs(at_point).max()).all()
            n_grown += (growth[quoting] > 0.0).sum()
    assert n_grown > 300  # the case is not idle


@numba.njit
def flow_to_rest(h, cash, a, c, s, q, res, quote, liq, lower, upper, x, n_steps):
    """Explicit projected flow dx/dtau = F/D in steps of h; returns whether it came to rest."""
    K, N = x.size, cash.size
    open_, held, depth, cap, sv, f, M, ref, g, ext = liq
    D = sv * depth + M
    X, F = np.empty(K), np.empty(K)
    for _ in range(n_steps):
        for k in range(K):
            X[k] = math.exp(x[k] + (x[quote[k]] if quote[k] >= 0 else 0.0))
            u = -depth[k] * cap[k] * math.tanh((x[k] - f[k]) / cap[k])
            F[k] = open_[k] + sv[k] * (u - open_[k]) - held[k] - M[k] * (x[k] - ref[k])
            F[k] += ext[k] - g[k]
        for i in range(N):
            W = cash[i]
            for k in range(K):
                W += a[i, k] * X[k]
            W = max(W, 0.0)
            for k in range(K):
                d = q[i, k]
                if not (res[i] == 1 and k == 0):
                    d += s[i] * (c[i, k] * W / X[k] - a[i, k])
                F[k] += d
                if quote[k] >= 0 and res[i] == 0:
                    F[quote[k]] += math.exp(x[k]) * d
        rest, fast = 0.0, 1e-12
        for k in range(K):
            v = F[k] / D[k]
            rest = max(rest, abs(min(max(x[k] + v, lower[k]), upper[k]) - x[k]))
            outward = (x[k] <= lower[k] and v < 0.0) or (x[k] >= upper[k] and v > 0.0)
            fast = max(fast, 0.0 if outward else abs(v))
        if rest < 1e-11:
            return True
        dt = min(h, 0.1 * h / fast)
        for k in range(K):
            x[k] = min(max(x[k] + dt * F[k] / D[k], lower[k]), upper[k])
    return False


def follow(p: ClearingProblem, h: float, tau: float = 4000.0) -> np.ndarray | None:
    """Where the flow from `start` in steps of h rests; None if it has not come to rest by tau."""
    no_part = ("law", "hedger_gamma", "hedger_order")  # tanh, and no option hedgers
    given = _liquidity(p)._asdict().items()
    liquidity = tuple(np.array(array) for name, array in given if name not in no_part)
    x = p.start.copy()
    arrays = [np.array(y) for y in (p.cash, p.holdings, p.targets, p.speed, p.orders, p.resident)]
    done = flow_to_rest(
        h, *arrays, p.quote.astype(np.int64), liquidity, p.lower.copy(), p.upper.copy(), x,
        int(tau / h),
    )  # fmt: skip
    return x if done else None


def settled_flow(p: ClearingProblem) -> np.ndarray | None:
    """The rest point once halving the step no longer moves it.

    None for knife-edge systems: at the finest steps of 1/160 and 1/320 the flow still ends at
    different points, or does not come to rest.
    """
    coarse = follow(p, 1 / 40)
    for n in (80, 160, 320):
        fine = follow(p, 1 / n)
        if coarse is not None and fine is not None and np.abs(fine - coarse).max() < 1e-7:
            return fine
        coarse = fine
    return None


def test_four_hundred_stressed_markets_clear_where_the_flow_rests():
    rng = np.random.default_rng(2)
    n_knife, n_limit, n_far = 0, 0, 0
    for number in range(N_SYSTEMS):
        p = random_problem(rng)
        expected = settled_flow(p)
        if expected is None:
            n_knife += 1
            continue
        found = clear_market(p)
        assert found.status in ("cleared", "limit"), number
        assert found.log_prices == pytest.approx(expected, rel=0, abs=1e-7), number
        n_limit += found.status == "limit"
        n_far += np.abs(expected - p.start).max() > 0.1
    assert n_knife <= 0.02 * N_SYSTEMS
    assert n_limit > 40 and n_far > 40  # stressed indeed


def test_status_words_are_the_kernels_numbers():
    assert (CLEARED, AT_LIMIT) == (0, 1)
