"""Plantin and Shin 2018, "Exchange rates and monetary spillovers", Theoretical Economics 13;
first "Carry trades, monetary policy and speculative dynamics", 2011.

A continuum of traders either holds the carry trade or does not; x is the share that does. Each may
change its mind only now and then, at rate lambda, and discounts at r. Inflows appreciate the target
currency, and that pays those who are in:

    flow payoff      Delta(w, x) = w + c (x - 1/2)             w: carry fundamental [per year]
    inflow, outflow  dx/dt = lambda (1 - x)  or  -lambda x

Without noise both "all in" and "all out" feed themselves. With a little noise in w there is one
equilibrium (Burdzy, Frankel and Pauzner 2001, Econometrica 69): enter where w > Z(x). On the
threshold x turns up with probability 1 - x and down with probability x, and a trader there is
indifferent:

    E int exp(-(r + lambda) t) Delta(Z(x), x_t) dt = 0
    Z(x) = -c (2x - 1) r / (2 (2 lambda + r))

Z falls in x: a crowded trade bears worse news before it turns (hysteresis), and what turns runs on
to the other side. The currency goes up by the stairs and comes down in the lift.

On our kernels: price pressure is a clearing. The crowd's orders, N (x - 1/2), meet value
investors of finite depth with a linear law; the log price that `clear_market` finds is the
pressure, so c = N / depth. The threshold is the indifference condition integrated over that
pressure (Gauss and Jacobi's nodes, weight u^(r/lambda) with u = exp(-lambda t)).

Conventions: payoffs are flows per year, and one log point of pressure pays one point a year; the
paper derives the flow from monetary policy that does not offset inflows. w here reverts to its
mean, and its noise is small, not vanishing. With a mean of zero the two sides mirror each other:
stairs and lift need a currency that pays on average, which is mostly held and so mostly sold.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import numpy.typing as npt

from abm.errors import InvalidInput
from abm.figures import style
from abm.literature.paper import Comparison, Paper, Tick, compare_simulated, silent
from abm.market import ClearingProblem, clear_market

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

FloatArray = npt.NDArray[np.float64]

TOLERANCE = 1e-9
SIGNIFICANT = 0.05  # p-value below which a sign is taken as shown
N_NODES = 8
LARGEST_RATIO = 1000.0  # of r to lambda, which the weights of the nodes can hold
GRID = np.linspace(0.0, 1.0, 11)


class Economy(NamedTuple):
    """Traders of a carry trade and the market of its target currency."""

    crowd_usd_bn: float  # what all traders together would hold
    depth_usd_bn: float  # of value investors, per log
    revision_per_year: float  # lambda
    discount_per_year: float  # r


class Fundamental(NamedTuple):
    """The carry fundamental w: reverts to its mean, with Gaussian noise [per year]."""

    mean: float
    spread: float  # standard deviation in the long run
    reversion_per_year: float


MAIN = Economy(40.0, 1000.0, 2.0, 0.5)  # c = 0.04
FAST = Economy(100.0, 1000.0, 1.0, 0.2)  # c = 0.10
#: Economy, share in the carry, and Z by an independent program.
CASES = (
    (MAIN, 0.0, 0.0022222222222222222),
    (MAIN, 0.5, 0.0),
    (MAIN, 1.0, -0.0022222222222222222),
    (FAST, 0.25, 0.002272727272727273),
    (FAST, 0.75, -0.002272727272727273),
)

MEANS = (-0.02, -0.01, 0.0, 0.01, 0.02)  # of the carry fundamental, per year
SHOWN_MEAN = 0.01
SPREAD, REVERSION = 0.012, 0.5  # so that a carry of 1% turns negative every few years
N_SEEDS, N_SEEDS_QUICK = 200, 40
DAYS_PER_YEAR, N_YEARS, BURN_IN_YEARS = 250, 40, 5
MONTH_DAYS, WEEK_DAYS = 21, 5
SHOWN_SEED, SHOWN_YEARS = 3, 20
_FALL = style.CLASS_COLOURS["dam break"]


def price_pressure(economy: Economy, share: float) -> float:
    """Log price of the target currency with a share of the crowd in the carry."""
    none, unheld = np.zeros(1), np.zeros((1, 1))
    clearing = clear_market(
        ClearingProblem(
            holdings=unheld, cash=none, targets=unheld, speed=none, resident=none,
            orders=np.array([[economy.crowd_usd_bn * (share - 0.5)]]), quote=np.array([-1.0]),
            value_held_open=none, value_held=none, dealer_held=none,
            value_depth=np.array([economy.depth_usd_bn]), value_capacity=np.ones(1),
            value_speed=np.ones(1), fundamental=none, dealer_depth=none, dealer_reference=none,
            external=none, lower=np.array([-10.0]), upper=np.array([10.0]), start=none,
            law="linear",
        )
    )  # fmt: skip
    return float(clearing.log_prices[0])


def expected_pressure(economy: Economy, share: float) -> float:
    """Pressure that a trader who turns at the threshold expects, discounted, while locked in.

    (r + lambda) E int exp(-(r + lambda) t) p(x_t) dt,     x_t on either branch
    """
    from scipy.special import roots_jacobi

    _check(economy, share)
    power = economy.discount_per_year / economy.revision_per_year
    nodes, weights = roots_jacobi(N_NODES, 0.0, power)
    left = 0.5 * (1.0 + nodes)  # exp(-lambda t): who has not yet revised
    rising = np.array([price_pressure(economy, 1.0 - (1.0 - share) * u) for u in left])
    falling = np.array([price_pressure(economy, share * u) for u in left])
    expected = (1.0 - share) * rising + share * falling
    return float(weights @ expected / weights.sum())


def threshold(economy: Economy, share: float) -> float:
    """Z(x), the fundamental at which a trader is indifferent, from our market [per year]."""
    return -expected_pressure(economy, share)


def closed_form(economy: Economy, share: float) -> float:
    """Z(x) = -c (2x - 1) r / (2 (2 lambda + r)) [per year]."""
    strength = economy.crowd_usd_bn / economy.depth_usd_bn
    discount = economy.discount_per_year
    scale = discount / (2.0 * (2.0 * economy.revision_per_year + discount))
    return -strength * (2.0 * share - 1.0) * scale


def simulate(
    economy: Economy, fundamental: Fundamental, noise: FloatArray, curve: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Paths of w and x, one column per draw of `noise` (n_days, n_draws), from the mean and 1/2.

    `curve` is Z on `GRID`. Each day x moves for a day towards the side that pays.
    """
    memory = np.exp(-fundamental.reversion_per_year / DAYS_PER_YEAR)
    step = fundamental.spread * np.sqrt(1.0 - memory**2)
    stay = np.exp(-economy.revision_per_year / DAYS_PER_YEAR)
    carry, share = np.empty_like(noise), np.empty_like(noise)
    w, x = np.full(noise.shape[1], fundamental.mean), np.full(noise.shape[1], 0.5)
    for day, shock in enumerate(noise):
        w = fundamental.mean + memory * (w - fundamental.mean) + step * shock
        x = np.where(w > np.interp(x, GRID, curve), 1.0 - (1.0 - x) * stay, x * stay)
        carry[day], share[day] = w, x
    return carry, share


def findings(quick: bool = False, tick: Tick = silent) -> pd.DataFrame:
    """Threshold by case and along x, skewness by mean carry, and one path.

    Column `part` says what a row is: "case" and "curve" (x, threshold [per year], residual of
    indifference at the closed form [per year], pressure [log]); "skewness" (mean_carry [per year],
    skewness of monthly price changes and its standard error over n_draws); "path" (years, w [per
    year], x, pressure [log], weekly). Other columns are NaN.
    """
    import pandas as pd

    n_seeds = N_SEEDS_QUICK if quick else N_SEEDS
    n_steps = len(MEANS) + 1
    rows = [
        {"part": "case", "case": number, **_threshold_row(economy, share)}
        for number, (economy, share, _) in enumerate(CASES)
    ]
    curve = [{"part": "curve", **_threshold_row(MAIN, share)} for share in GRID]
    rows += curve
    levels = np.array([row["threshold"] for row in curve])
    pressure = np.array([row["pressure"] for row in curve])
    tick(1, n_steps)
    for number, mean in enumerate(MEANS):
        carry, share = simulate(
            MAIN, Fundamental(mean, SPREAD, REVERSION), _noise(n_seeds, number), levels
        )
        price = np.interp(share, GRID, pressure)
        rows.append({"part": "skewness", "mean_carry": mean, **_skewness(price)})
        if mean == SHOWN_MEAN:
            path = _path(carry[:, SHOWN_SEED], share[:, SHOWN_SEED], price[:, SHOWN_SEED])
        tick(number + 2, n_steps)
    return pd.concat([pd.DataFrame(rows), path], ignore_index=True)


def _threshold_row(economy: Economy, share: float) -> dict[str, float]:
    """Threshold from our market, and what is left of indifference at the closed form."""
    level = threshold(economy, share)
    return {
        "x": float(share),
        "threshold": level,
        "residual": closed_form(economy, share) - level,
        "pressure": price_pressure(economy, share),
    }


def _noise(n_seeds: int, stream: int) -> FloatArray:
    """Gaussian draws (n_days, n_seeds), one generator for each seed and stream."""
    n_days = DAYS_PER_YEAR * N_YEARS
    columns = [
        np.random.Generator(np.random.PCG64(np.random.SeedSequence([seed, stream])))
        .standard_normal(n_days)
        for seed in range(n_seeds)
    ]  # fmt: skip
    return np.column_stack(columns)


def _skewness(price: FloatArray) -> dict[str, float]:
    """Skewness of monthly changes, all draws pooled; error by leaving out one draw at a time."""
    monthly = price[BURN_IN_YEARS * DAYS_PER_YEAR :: MONTH_DAYS]
    change = np.diff(monthly, axis=0)
    second, third = [((change - change.mean()) ** power).mean(axis=0) for power in (2, 3)]
    n = change.shape[1]
    without = [(moment.sum() - moment) / (n - 1) for moment in (second, third)]
    jackknife = without[1] / without[0] ** 1.5
    error = np.sqrt((n - 1) * jackknife.var())
    return {"skewness": third.mean() / second.mean() ** 1.5, "error": error, "n_draws": n}


def _path(carry: FloatArray, share: FloatArray, price: FloatArray) -> pd.DataFrame:
    """The years of one draw that the figure shows, weekly."""
    import pandas as pd

    first = BURN_IN_YEARS * DAYS_PER_YEAR
    days = slice(first, first + SHOWN_YEARS * DAYS_PER_YEAR, WEEK_DAYS)
    years = np.arange(len(carry))[days] / DAYS_PER_YEAR - BURN_IN_YEARS
    columns = {"years": years, "w": carry[days], "x": share[days], "pressure": price[days]}
    return pd.DataFrame({"part": "path", **columns})


def _check(economy: Economy, share: float) -> None:
    """InvalidInput names every number that no economy can have."""
    faults = [
        f"{name} = {value}: must be above 0 and finite"
        for name, value in economy._asdict().items()
        if not (value > 0.0 and np.isfinite(value))
    ]
    if not 0.0 <= share <= 1.0:
        faults.append(f"share = {share}: must be from 0 to 1")
    if not faults and economy.discount_per_year > LARGEST_RATIO * economy.revision_per_year:
        faults.append(f"discount over revision must be at most {LARGEST_RATIO:g}: {economy}")
    if faults:
        raise InvalidInput("; ".join(faults))


def compare(findings: pd.DataFrame) -> list[Comparison]:
    """Thresholds beside the independent program's and the closed form; skewness beside symmetry."""
    cases = findings[findings["part"] == "case"]
    lines = []
    for (economy, share, expected), level in zip(CASES, cases["threshold"], strict=True):
        strength = economy.crowd_usd_bn / economy.depth_usd_bn
        name = f"threshold Z at x = {share:g}, c = {strength:g} [per year]"
        lines.append(Comparison(name, level, expected, TOLERANCE, "independent program"))
    curve = findings[findings["part"] == "curve"]
    worst = float(curve["residual"].abs().max())
    lines.append(
        Comparison("indifference at Z, worst of 11 x [per year]", worst, 0.0, TOLERANCE,
                   "closed form")
    )  # fmt: skip
    band = curve["threshold"].iloc[0] - curve["threshold"].iloc[-1]
    width = closed_form(MAIN, 0.0) - closed_form(MAIN, 1.0)
    lines.append(
        Comparison("hysteresis, Z(0) - Z(1) [per year]", band, width, TOLERANCE, "closed form")
    )
    drawn = findings[findings["part"] == "skewness"].set_index("mean_carry")
    skewness = {mean: (drawn["skewness"][mean], drawn["error"][mean]) for mean in MEANS}
    for mean in MEANS[len(MEANS) // 2 :]:
        mirrored, error = skewness[-mean]
        name = f"skewness of monthly changes at a mean carry of {100 * mean:g}%"
        name += f": minus that at {-100 * mean:g}%" if mean else ": none"
        mirror = (-mirrored, error) if mean else (0.0, 0.0)
        lines.append(compare_simulated(name, skewness[mean], mirror, "symmetry"))
    chance = _chance_not_negative(*skewness[SHOWN_MEAN])
    name = f"p-value of no negative skewness at a mean carry of {100 * SHOWN_MEAN:g}%"
    return [*lines, Comparison(name, chance, 0.0, SIGNIFICANT, "paper")]


def _chance_not_negative(mean: float, error: float) -> float:
    """One-sided p-value of a mean at or above zero."""
    from scipy.stats import norm

    return float(norm.sf(-mean / error))


def figure(findings: pd.DataFrame) -> Figure:
    """One path in time, the same path beside the threshold, and skewness by mean carry."""
    drawn = findings[findings["part"] == "skewness"]
    shown = drawn[drawn["mean_carry"] == SHOWN_MEAN].iloc[0]
    title = (
        "Up by the stairs, down in the lift: a currency that pays "
        f"{100 * SHOWN_MEAN:g}% is skewed by {shown['skewness']:.2f}, one that pays nothing is not"
    )
    caption = (
        f"Plantin and Shin (2018) with price pressure from our market: c = 4%, revision "
        f"{MAIN.revision_per_year:g} and discount {MAIN.discount_per_year:g} a year; w reverts to "
        f"its mean at {REVERSION:g} a year, standard deviation {100 * SPREAD:g}%. Path: mean 1%, "
        f"seed {SHOWN_SEED}, weekly. Skewness: seeds 0-{int(shown['n_draws']) - 1}, "
        f"{N_YEARS - BURN_IN_YEARS} years each, pooled; bars are two standard errors."
    )
    with style.house_style():
        top, bottom = style.title_height(title) + 0.35, style.caption_height(caption) + 0.45
        height = top + 4.1 + bottom
        drawing = style.new_figure(height)
        inner = 4.1 / height
        low = bottom / height
        boxes = [
            (0.07, low + 0.56 * inner, 0.52, 0.44 * inner),
            (0.07, low, 0.52, 0.42 * inner),
            (0.68, low + 0.59 * inner, 0.3, 0.41 * inner),
            (0.68, low, 0.3, 0.37 * inner),
        ]
        panels = [drawing.add_axes(box) for box in boxes]
        path = findings[findings["part"] == "path"]
        curve = findings[findings["part"] == "curve"]
        _draw_path(panels[:2], path, curve)
        _draw_plane(panels[2], path, curve)
        _draw_skewness(panels[3], drawn)
        style.write_title(drawing, title)
        style.write_caption(drawing, caption)
    return drawing


def _draw_path(panels: list[Axes], path: pd.DataFrame, curve: pd.DataFrame) -> None:
    """Price above; below, the fundamental beside the threshold that the crowd sets it."""
    price, carry = panels
    level = np.interp(path["x"], curve["x"], curve["threshold"])
    price.plot(path["years"], 100.0 * path["pressure"], color=style.SIMULATED, linewidth=1.4)
    price.set_title("Price pressure of the crowd on the target currency, log %", loc="left")
    price.tick_params(labelbottom=False)
    carry.plot(path["years"], 100.0 * path["w"], color=style.QUIET, linewidth=0.7)
    carry.plot(path["years"], 100.0 * level, color=_FALL, linewidth=1.4)
    leaves = (path["w"] < level).to_numpy()
    for axes in panels:
        axes.fill_between(
            path["years"], 0.0, 1.0, where=leaves, transform=axes.get_xaxis_transform(),
            color=_FALL, alpha=0.12, linewidth=0,
        )  # fmt: skip
        axes.set_xlim(0.0, SHOWN_YEARS)
        axes.set_xticks(range(0, SHOWN_YEARS + 1, 5))
    carry.set_title(
        "Carry w (grey), threshold Z(x) (red), % a year; shaded: the crowd leaves",
        loc="left",
    )
    carry.set_xlabel("years")


def _draw_plane(axes: Axes, path: pd.DataFrame, curve: pd.DataFrame) -> None:
    """The path in the plane of fundamental and crowd: it circles through the threshold."""
    axes.plot(100.0 * path["w"], 100.0 * path["x"], color=style.SIMULATED, linewidth=0.5, alpha=0.7)
    axes.plot(100.0 * curve["threshold"], 100.0 * curve["x"], color=_FALL, linewidth=2.0)
    axes.set_title("The same path; red: Z(x)", loc="left")
    axes.set_ylabel("crowd in the carry, %")
    axes.set_xlabel("carry w, % a year")


def _draw_skewness(axes: Axes, drawn: pd.DataFrame) -> None:
    """Skewness of monthly price changes against the mean carry."""
    means, error = 100.0 * drawn["mean_carry"], 2.0 * drawn["error"]
    axes.axhline(0.0, color=style.QUIET, linewidth=0.8)
    axes.errorbar(
        means, drawn["skewness"], yerr=error, color=style.SIMULATED, marker="o", markersize=4.5,
        linewidth=1.4, capsize=2.5,
    )  # fmt: skip
    axes.set_title("Skewness of monthly price changes", loc="left")
    axes.set_xlabel("mean carry, % a year")
    axes.set_xticks(means.tolist())


PAPER = Paper(
    name="plantin-shin",
    citation="Plantin and Shin 2018, Theoretical Economics 13",
    claim="A crowded carry trade bears worse news before it turns, and once it turns it runs to "
    "the other side: the target currency goes up by the stairs and down in the lift.",
    through=("abm.market.clear_market",),
    findings=findings,
    compare=compare,
    figure=figure,
    sampling="seeds 0-199, 200 draws of 35 years a mean carry (quick: 40)",
)
