"""Thurner, Farmer and Geanakoplos 2012, Quantitative Finance 12(5): leverage makes tails fat.

Noise traders spend xi_t on an asset of N units that is worth V; funds buy when it is cheap:

    log xi_t = rho log xi_{t-1} + (1 - rho) log(V N) + sigma chi_t
    lambda_h = min(beta_h m_t, lambda_max), m_t = V - p_t > 0; otherwise 0
    xi_t / p_t + sum_h lambda_h W_h / p_t = N,    W_h = D_h p_t + M_h

Clients reward a good record, F_h = b (r_h - r_b) W_h. A fund below a tenth of its opening wealth
leaves; its bank bears a wealth below zero; a new one comes after T_reintro steps. A fund at
lambda_max must sell when the price falls: the same rule that calms prices when funds have room
makes crashes where many are at their limit.

On our kernels: a fund is an institution with target share lambda_h and speed 1, the noise traders
one with no units that spends all its money, the float an exogenous sale. The share depends on the
price being found; `thurner_days` finds it by a short sequence of clearings, a few for each step.

Conventions where the paper leaves room: in a step, funds whose time is over come back, the price is
found, funds trade, the ruined leave, clients move money at the price found. The return of a step is
D_h (p - p') / W_h with W_h after the clients of the step before; it enters r_h with weight a. A
ruined fund's units go to the noise traders. A fund stays out for T_reintro whole steps. Where
several prices clear, ours is the one met first from the last price. Tails are those of losses in
steps that open below V, where funds hold the asset, as in the paper.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pandas as pd
from scipy.signal import lfilter

from abm.errors import InvalidInput
from abm.figures import style
from abm.figures.panels import panels
from abm.literature import thurner_days
from abm.literature.paper import Comparison, Paper, Tick, compare_simulated, silent
from abm.literature.thurner_days import Floats, Market, Rules
from abm.market import ClearingProblem, clear_market
from abm.measures.tails import excess_kurtosis, hill

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

RHO = 0.99  # memory of the noise traders' money, per step
SIGMA = 0.035  # its innovation, log per step
FUNDAMENTAL = 1.0  # V
N_UNITS = 1000.0  # N
AGGRESSIVENESS = tuple(5.0 * h for h in range(1, 11))  # beta_h
TAIL_SHARE = 0.05  # of the losses, for the Hill index
LOSS_SHARES = tuple(float(10.0 ** -(0.5 + 0.25 * i)) for i in range(15))  # for the figure

_COLUMNS = ("price", "at_limit", "defaults", "bank_loss", "clearings")
_CHUNK = 2_000  # steps between two ticks
_ROOM = 1.0  # log; limits of a price that `clear_market` finds


class Sampling(NamedTuple):
    """The size of the simulation: every limit meets the same shocks."""

    leverage_limits: tuple[float, ...]
    n_seeds: int
    burn_in: int  # steps
    n_steps: int  # steps measured after it


FULL = Sampling((1.0, 2.0, 4.0, 7.5, 10.0, 15.0), n_seeds=8, burn_in=10_000, n_steps=40_000)
QUICK = Sampling((1.0, 4.0, 10.0), n_seeds=8, burn_in=10_000, n_steps=10_000)


class Measured(NamedTuple):
    """Measures of one path, after the burn-in."""

    volatility: float  # of log returns, per step
    tail_index: float  # Hill, losses of steps that open below V
    excess_kurtosis: float  # of all returns
    clustering: float  # autocorrelation of |return|, successive steps that open below V
    defaults: float  # per fund and 10,000 steps
    bank_loss: float  # per 10,000 steps, money
    at_limit: float  # share of steps that end with a fund at lambda_max


#: By an independent program: means over 8 paths of 100,000 steps after 10,000, and their errors.
_MEASURES = ("volatility", "tail_index", "excess_kurtosis", "clustering", "defaults", "at_limit")
EXPECTED_MEANS = {
    1.0: (0.032214, 5.3364, 0.2267, 0.058211, 0.00875, 0.42926),
    2.0: (0.02973, 3.8535, 0.83301, 0.19563, 0.1075, 0.32004),
    4.0: (0.029279, 3.1186, 1.8753, 0.24694, 2.0187, 0.17975),
    7.5: (0.028964, 2.5369, 9.7533, 0.24227, 5.6525, 0.02589),
    10.0: (0.028811, 2.475, 11.53, 0.24705, 5.7862, 0.0039588),
    15.0: (0.028726, 2.4557, 12.509, 0.25222, 5.6037, 5.875e-05),
}
EXPECTED_ERRORS = {
    1.0: (0.000112, 0.0777, 0.0123, 0.00335, 0.00875, 0.00799),
    2.0: (0.000114, 0.0538, 0.03, 0.00503, 0.00818, 0.00817),
    4.0: (7.93e-05, 0.0403, 0.201, 0.00509, 0.0879, 0.00577),
    7.5: (0.000134, 0.0245, 1.05, 0.00463, 0.188, 0.00136),
    10.0: (0.000127, 0.019, 0.814, 0.0047, 0.189, 0.00024),
    15.0: (0.000184, 0.0202, 1.34, 0.00494, 0.158, 7.18e-06),
}


def expected(leverage_limit: float, name: str) -> tuple[float, float]:
    """Mean and standard error of a measure by the independent program."""
    column = _MEASURES.index(name)
    return EXPECTED_MEANS[leverage_limit][column], EXPECTED_ERRORS[leverage_limit][column]


def paper_rules(leverage_limit: float, flow_sensitivity: float = 0.15) -> Rules:
    """The paper's parameters, for a leverage limit and a sensitivity of clients to the record.

    InvalidInput names every number out of range.
    """
    faults = []
    if not 0.0 < leverage_limit < np.inf:
        faults.append(f"leverage_limit = {leverage_limit!r}: must be above 0, and finite")
    if not 0.0 <= flow_sensitivity < np.inf:
        faults.append(f"flow_sensitivity = {flow_sensitivity!r}: must be at least 0, and finite")
    if faults:
        raise InvalidInput("not a market of leveraged funds:", *(f"  {fault}" for fault in faults))
    return Rules(
        aggressiveness=np.array(AGGRESSIVENESS),
        leverage_limit=float(leverage_limit),
        fundamental=FUNDAMENTAL,
        n_units=N_UNITS,
        opening_wealth=2.0,
        flow_sensitivity=float(flow_sensitivity),
        benchmark_return=0.005,
        averaging=0.1,
        ruin_share=0.1,
        steps_out=100,
    )


def draw_shocks(seed: int, n_steps: int) -> Floats:
    """Standard normal shocks to the noise traders' money, (n_steps,)."""
    generator = np.random.Generator(np.random.PCG64(np.random.SeedSequence(seed)))
    return generator.standard_normal(n_steps)


def noise_money(shocks: Floats) -> Floats:
    """xi: money that noise traders spend on the asset in each step, (n_steps,).

    log(xi_t / (V N)) = rho log(xi_{t-1} / (V N)) + sigma chi_t, from its mean.
    """
    deviation = lfilter([SIGMA], [1.0, -RHO], shocks)
    return np.asarray(FUNDAMENTAL * N_UNITS * np.exp(deviation), dtype=np.float64)


def simulate(rules: Rules, shocks: Any, tick: Tick = silent) -> pd.DataFrame:
    """One path: a row for each shock, with price, defaults, bank loss and clearings.

    Columns: price; at_limit (1 if a fund ended the step at lambda_max); defaults (funds);
    bank_loss (money); clearings (of our kernel that the price took). InvalidInput if the shocks
    are not one series of finite numbers.
    """
    given = np.asarray(shocks, dtype=np.float64)
    if given.ndim != 1 or not np.isfinite(given).all():
        raise InvalidInput(f"shocks of shape {given.shape}: must be one series of finite numbers")
    market, money = thurner_days.open_market(rules), noise_money(given)
    steps = np.zeros((money.size, thurner_days.N_COLUMNS))
    for first in range(0, money.size, _CHUNK):
        last = min(first + _CHUNK, money.size)
        failed = thurner_days.follow_days(first, last, money, rules, market, steps)
        assert failed < 0, f"no price in step {failed}"
        tick(last, money.size)
    return pd.DataFrame(steps, columns=list(_COLUMNS))


def distance_to_clear_market(rules: Rules, shocks: Floats) -> float:
    """Largest distance of a compiled price from that of `clear_market` for the step [log].

    Every step by itself, from the books and the price at its opening; demand is stated as at the
    compiled price. At most T_reintro steps: until then no fund comes back between two steps.
    """
    market, money = thurner_days.open_market(rules), noise_money(shocks[: rules.steps_out])
    steps = np.zeros((money.size, thurner_days.N_COLUMNS))
    largest = 0.0
    for step in range(money.size):
        opening = thurner_days.open_market(rules)
        for name in ("units", "cash", "speed", "price"):
            getattr(opening, name)[:] = getattr(market, name)
        thurner_days.follow_days(step, step + 1, money, rules, market, steps)
        log_price = float(np.log(market.price[0]))
        thurner_days.state_demand(log_price, money[step], rules, opening)
        cleared = clear_market(_as_problem(opening))
        largest = max(largest, abs(float(cleared.log_prices[0]) - log_price))
    return largest


def _as_problem(market: Market) -> ClearingProblem:
    """Demand as stated in `market`, cleared from its price."""
    start = np.log(market.price)
    no_part = ("law", "hedger_gamma", "hedger_order")  # linear, and no option hedgers
    liquidity = {n: v for n, v in market.liquidity._asdict().items() if n not in no_part}
    return ClearingProblem(
        holdings=market.units.T,
        cash=market.cash,
        targets=market.intent.T,
        speed=market.speed,
        orders=np.zeros_like(market.units.T),
        resident=market.resident.astype(np.float64),
        quote=market.quote.astype(np.float64),
        lower=start - _ROOM,
        upper=start + _ROOM,
        start=start,
        law="linear",
        **liquidity,
    )


def measure(path: pd.DataFrame, burn_in: int) -> tuple[Measured, Floats]:
    """Measures of one path after the burn-in; and its losses in steps that open below V [log]."""
    opening = np.append(FUNDAMENTAL, path["price"].to_numpy()[:-1])
    returns = np.log(path["price"].to_numpy() / opening)[burn_in:]
    cheap = returns[opening[burn_in:] < FUNDAMENTAL]
    size = np.abs(cheap)
    rest = path.iloc[burn_in:]
    per_10_000 = 10_000.0 / len(rest)
    measured = Measured(
        volatility=float(returns.std()),
        tail_index=hill(cheap, tail_share=TAIL_SHARE).tail_index,
        excess_kurtosis=excess_kurtosis(returns),
        clustering=float(np.corrcoef(size[1:], size[:-1])[0, 1]),
        defaults=float(rest["defaults"].sum()) * per_10_000 / len(AGGRESSIVENESS),
        bank_loss=float(rest["bank_loss"].sum()) * per_10_000,
        at_limit=float(rest["at_limit"].mean()),
    )
    return measured, -cheap[cheap < 0.0]


def findings(quick: bool = False, tick: Tick = silent) -> pd.DataFrame:
    """Measures by leverage limit, each with its standard error over the seeds.

    Index leverage_limit (times wealth). Columns: those of `Measured` and the same with _error;
    n_seeds, n_steps; off_clear_market (log, see `distance_to_clear_market`); loss_beyond_q (log):
    the loss exceeded in a share q of the losing steps that open below V, all seeds together.
    """
    sampling = QUICK if quick else FULL
    n_steps = sampling.burn_in + sampling.n_steps
    shocks = [draw_shocks(seed, n_steps) for seed in range(sampling.n_seeds)]
    n_paths = sampling.n_seeds * len(sampling.leverage_limits)
    rows, n_done = {}, 0
    for limit in sampling.leverage_limits:
        rules, paths, losses = paper_rules(limit), [], []
        off_clear_market = distance_to_clear_market(rules, shocks[0])
        for shock in shocks:
            told = _shifted(tick, n_done * n_steps, n_paths * n_steps)
            measured, lost = measure(simulate(rules, shock, told), sampling.burn_in)
            paths.append(measured)
            losses.append(lost)
            n_done += 1
        rows[limit] = _summary(paths, np.concatenate(losses)) | {
            "n_seeds": sampling.n_seeds,
            "n_steps": sampling.n_steps,
            "off_clear_market": off_clear_market,
        }
    return pd.DataFrame.from_dict(rows, orient="index").rename_axis("leverage_limit")


def _shifted(tick: Tick, done_before: int, total: int) -> Tick:
    """Progress of one path told as progress of all."""
    return lambda done, _: tick(done_before + done, total)


def _summary(paths: list[Measured], losses: Floats) -> dict[str, float]:
    """Means over the paths with standard errors, and quantiles of all losses."""
    row = {}
    for name in Measured._fields:
        values = np.array([getattr(path, name) for path in paths])
        row[name] = float(values.mean())
        row[f"{name}_error"] = float(values.std(ddof=1) / np.sqrt(values.size))
    quantiles = np.quantile(losses, [1.0 - share for share in LOSS_SHARES])
    return row | {_loss_column(q): float(x) for q, x in zip(LOSS_SHARES, quantiles, strict=True)}


def _loss_column(share: float) -> str:
    return f"loss_beyond_{share:.3g}"


def compare(findings: pd.DataFrame) -> list[Comparison]:
    """Tails, defaults and funds at their limit beside those of an independent program."""
    lines = []
    for limit in findings.index:
        lines += [
            _simulated_line(findings, limit, "tail_index", "Hill index of losses"),
            _simulated_line(findings, limit, "defaults", "defaults per fund in 10,000 steps"),
        ]
        if limit <= 10.0:  # beyond it hardly a fund is ever at its limit
            words = "share of steps with a fund at its limit"
            lines.append(_simulated_line(findings, limit, "at_limit", words))
        if limit in (1.0, 10.0):
            lines += _shape_lines(findings, limit)
    worst = float(findings["off_clear_market"].max())
    lines.append(Comparison("distance from clear_market, log", worst, 0.0, 1e-9, "clear_market"))
    kurtosis = findings["excess_kurtosis"].to_numpy()[findings.index <= 10.0]
    n_falls = float((np.diff(kurtosis) <= 0.0).sum())
    words = "falls of the kurtosis as leverage rises to 10"
    return [*lines, Comparison(words, n_falls, 0.0, 0.0, "independent program")]


def _simulated_line(findings: pd.DataFrame, limit: float, name: str, words: str) -> Comparison:
    """One simulated measure beside the independent program's."""
    value, error = findings.loc[limit, [name, f"{name}_error"]].to_numpy(dtype=float)
    words = f"leverage up to {limit:g}: {words}"
    return compare_simulated(words, (float(value), float(error)), expected(limit, name))


def _shape_lines(findings: pd.DataFrame, limit: float) -> list[Comparison]:
    """Volatility and clustering; kurtosis within a factor of two: its own error has heavy tails."""
    computed = findings["excess_kurtosis"].loc[limit]
    powers = np.log2([computed, expected(limit, "excess_kurtosis")[0]]).tolist()
    quantity = f"leverage up to {limit:g}: excess kurtosis, powers of 2"
    return [
        _simulated_line(findings, limit, "volatility", "volatility of returns, log per step"),
        _simulated_line(findings, limit, "clustering", "autocorrelation of absolute returns"),
        Comparison(quantity, powers[0], powers[1], 1.0, "independent program"),
    ]


def figure(findings: pd.DataFrame) -> Figure:
    """Losses by how rare they are; the Hill index and the defaults against the leverage limit."""
    low, high = findings.loc[1.0], findings.loc[10.0]
    title = (
        "Leverage calms ordinary steps and fattens the tail: the Hill index of losses falls from "
        f"{low['tail_index']:.1f} without borrowing to {high['tail_index']:.1f} at leverage 10"
    )
    caption = (
        "Thurner, Farmer and Geanakoplos (2012) on the clearing kernel. Ten funds, one asset, "
        f"clients who reward a good record. Seeds 0 to {low['n_seeds'] - 1:.0f}, "
        f"{low['n_steps']:,.0f} steps each after {FULL.burn_in:,}; every limit meets the same "
        "shocks. Losses: steps that open below the fundamental; Hill index of the largest 5% of "
        "them. Bands are two standard errors over seeds; rings, an independent program."
    )
    with style.house_style():
        boxes = ((0.09, 0.35), (0.51, 0.205), (0.775, 0.205))
        drawn, axes = panels(title, caption, boxes, height_inches=3.0)
        _draw_losses(axes[0], findings)
        _draw_measure(axes[1], findings, "tail_index")
        axes[1].set_title("Hill index of losses\n(smaller is heavier)", loc="left")
        _draw_measure(axes[2], findings, "defaults")
        axes[2].set_title("Defaults per fund\nin 10,000 steps", loc="left")
    return drawn


def _draw_losses(axes: Axes, findings: pd.DataFrame) -> None:
    """Share of losing steps with a larger loss, both axes logarithmic."""
    for limit, colour, name, align, shift in (
        (1.0, style.QUIET, "no borrowing", "right", 10),
        (4.0, "#E69F00", "limit 4", "right", 5),
        (10.0, style.ACTOR_COLOURS["hedge_fund"], "limit 10", "left", -8),
    ):
        losses = findings.loc[limit, [_loss_column(share) for share in LOSS_SHARES]]
        sizes = 100.0 * losses.to_numpy(dtype=float)
        axes.loglog(sizes, LOSS_SHARES, color=colour, linewidth=1.8)
        axes.annotate(
            name, (sizes[-1], LOSS_SHARES[-1]), (shift, -4), textcoords="offset points",
            ha=align, va="top", color=colour, fontsize=7.5,
        )  # fmt: skip
    axes.set_xticks([1, 2, 5, 10, 20, 50], labels=["1", "2", "5", "10", "20", "50"])
    labels = ["1 in 10", "1 in 100", "1 in 1,000", "1 in 10,000"]
    axes.set_yticks([0.1, 0.01, 0.001, 0.0001], labels=labels)
    axes.minorticks_off()
    axes.set(xlim=(1.0, 70.0), ylim=(0.5e-4, 0.5), xlabel="loss in one step, log %")
    axes.set_title("Share of losses that are larger\n(at the leverage limit named)", loc="left")


def _draw_measure(axes: Axes, findings: pd.DataFrame, name: str) -> None:
    """One measure against the leverage limit, with its band and the independent program's."""
    limits = findings.index.to_numpy(dtype=float)
    value, error = findings[name].to_numpy(), 2.0 * findings[f"{name}_error"].to_numpy()
    band = (value - error, value + error)
    axes.fill_between(limits, *band, color=style.SIMULATED, alpha=0.16, linewidth=0)
    axes.plot(limits, value, color=style.SIMULATED, linewidth=1.8, marker="o", markersize=3.5)
    others = [expected(limit, name)[0] for limit in limits]
    axes.plot(
        limits, others, linestyle="", marker="o", markersize=7.5, markerfacecolor="none",
        markeredgecolor=style.INK, markeredgewidth=0.8,
    )  # fmt: skip
    axes.set_ylim(bottom=0.0)
    axes.set_xticks([1, 4, 7.5, 10, 15], labels=["1", "4", "7.5", "10", "15"])
    axes.set_xlim(0.0, limits[-1] + 1.0)
    axes.set_xlabel("leverage limit, times wealth")


PAPER = Paper(
    name="thurner-farmer-geanakoplos",
    citation="Thurner, Farmer and Geanakoplos 2012, Quantitative Finance 12(5)",
    claim="Leverage of value investors calms ordinary days and makes the tails of losses fat.",
    through=("abm.market.clear_market",),  # and, compiled, the kernel under it: see thurner_days
    findings=findings,
    compare=compare,
    figure=figure,
    sampling="seeds 0-7, 40,000 steps after 10,000, six limits (quick: 10,000 steps, three limits)",
)
