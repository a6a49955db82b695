"""Brunnermeier, Nagel and Pedersen 2008, "Carry trades and currency crashes", NBER Macroeconomics
Annual 23: their regressions on our simulated panel and, beside it, on the ECB's record.

Carry traders are leveraged and their funding is limited: they build up slowly, and a loss or a rise
of volatility makes them sell together. So (i) currencies of high interest rates are negatively
skewed; (ii) carry positions predict that skewness; (iii) when volatility rises the carry trade
loses and (iv) positions shrink.

    (i)    skewness of daily changes within a quarter = a + b (i* - i)      across currencies
    (ii)   skewness of the dollar in yen = a + b short of yen at the end of the quarter before
    (iii)  return of the carry trade, monthly = a + b change of volatility
    (iv)   change of the short of yen, monthly = a + b change of volatility

As in the paper, a currency is quoted in dollars and i* - i is its rate less the dollar's. (i) is
run quarter by quarter in the record and seed by seed in the simulation (Fama and MacBeth); the mean
slope has the standard error over quarters, or seeds. (iii) has Newey and West's error in the record
(3 lags) and that over seeds in the simulation. Volatility is the mean absolute daily change of the
currencies, in units of 10bp a day; the paper has the VIX. Positions of the record (CFTC) are not at
hand, so (ii) and (iv) are simulated only; the short is in shares of its mean.

On our model: `run` of the scenario "calm", whose news is as likely to be good as bad, in quiet
years and nervous ones. Nothing is scripted: a scripted surprise would make the yen jump, and so be
skewed, with or without a crowd. Beside each run is the same seed with hedge funds held to leverage
1 and risk parity's loan in dollars alone. Rates do not choose the crowd's currencies here: what the
funds hold is given, as in 2024, and what is tested is that crowded currencies crash.

What the model does not show is the size of (i): its slope is about a seventh of the record's, and
comes from the yen. The record has surprises, policy and jumps of its own, and calm days have none.

Rates of the record are averages of three-month interbank rates 1999 to 2024, rounded to a whole
per cent, which is as much as is claimed for them. The peso's fixings begin in 2008.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import numpy.typing as npt

from abm.episodes.record import real_path
from abm.figures import style
from abm.figures.panels import panels
from abm.literature.paper import Comparison, Paper, Tick, compare_simulated, silent
from abm.runs import run
from abm.scenario import load_scenario

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from abm.scenario import Scenario

FloatArray = npt.NDArray[np.float64]

#: Average three-month rate 1999-2024, per cent a year, rounded to a whole one.
RATES_PERCENT = {
    "JPY": 0.0, "CHF": 1.0, "EUR": 2.0, "SEK": 2.0, "CAD": 2.0, "GBP": 3.0, "NOK": 3.0,
    "AUD": 4.0, "NZD": 4.0, "ZAR": 8.0, "MXN": 8.0,
}  # fmt: skip
USD_RATE_PERCENT = 2.0
RECORD_START, RECORD_END = "1999-01-04", "2024-12-31"
HELD, OWED = ("AUD", "NZD", "ZAR", "MXN"), ("JPY", "CHF")  # of the record's carry trade
NEWEY_WEST_LAGS = 3

SCENARIO = "calm"
NO_LEVERAGE = {"funds.leverage_cap": 1.0, "risk_parity.yen_share": 0.0}
MODEL_CURRENCIES = ("JPY", "AUD", "MXN")  # the first is owed, the others are held
N_SEEDS, N_SEEDS_QUICK = 120, 60
QUARTER_DAYS, MONTH_DAYS, N_DAYS = 63, 21, 2520
VOLATILITY_UNIT = 0.001  # 10bp a day
_PLAIN = style.TWIN_COLOURS["no shock"]
SIGNIFICANT = 0.05  # p-value below which a sign is taken as shown

RECORD, SIMULATED, UNLEVERED = "record", "simulated", "no leverage"
CRASH, PREDICT, LOSE, SHRINK = (
    "skewness on rate differential",
    "skewness on positions before",
    "carry return on volatility",
    "positions on volatility",
)
UNITS = {
    CRASH: "per percentage point",
    PREDICT: "per mean short",
    LOSE: "log per 10bp",
    SHRINK: "mean shorts per 10bp",
}


class Line(NamedTuple):
    """Slope of one regression, with its standard error."""

    sample: str
    claim: str
    slope: float
    error: float
    n_observations: int


def findings(quick: bool = False, tick: Tick = silent) -> pd.DataFrame:
    """All regressions, skewness by currency, and the lines of regression (i).

    Column `part` says what a row is: "slope" (claim, slope and its standard error in the unit of
    `unit`, n_observations: quarters, months or seeds), "currency" (differential [percentage
    points], skewness and its error), "fit" (differential, skewness on the line and its error).
    `sample` is record, simulated or no leverage.
    """
    import pandas as pd

    n_seeds = N_SEEDS_QUICK if quick else N_SEEDS
    total = 1 + 2 * n_seeds
    tables = [_record()]
    tick(1, total)
    days_alone = {"outputs.feedback_gain_every_days": 0, "outputs.events": False}
    calm = load_scenario(SCENARIO).with_changes({"calendar.days": N_DAYS} | days_alone)
    differentials = model_differentials(calm)
    worlds = {SIMULATED: calm, UNLEVERED: calm.with_changes(NO_LEVERAGE)}
    for number, (sample, scenario) in enumerate(worlds.items()):
        runs = []
        for seed in range(n_seeds):
            runs.append(_read_run(scenario, seed))
            tick(2 + number * n_seeds + seed, total)
        tables.append(_simulated(sample, runs, differentials))
    return pd.concat(tables, ignore_index=True)


def model_differentials(scenario: Scenario) -> FloatArray:
    """Rates of the model's currencies less the dollar's [percentage points]."""
    held = [scenario.instruments[name].yield_per_year for name in MODEL_CURRENCIES[1:]]
    rates = np.array([scenario.rates.funding_per_year, *held])
    result: FloatArray = 100.0 * (rates - scenario.rates.usd_per_year)
    return result


class Panel(NamedTuple):
    """The variables that the regressions read of one run."""

    skewness: FloatArray  # by currency, mean over quarters
    predict: float
    lose: float
    shrink: float


def _read_run(scenario: Scenario, seed: int) -> Panel:
    """Skewness by currency and the slopes (ii) to (iv) of one run."""
    from scipy.stats import skew

    days = run(scenario, rng=seed).days
    quotes = days[[f"log_{name}" for name in MODEL_CURRENCIES]].to_numpy()
    changes = np.diff(quotes, axis=0, prepend=0.0)
    short = days["yen_short_units"].to_numpy() / days["yen_short_units"].mean()
    skewness = skew(changes.reshape(-1, QUARTER_DAYS, len(MODEL_CURRENCIES)), axis=1)
    months = changes.reshape(-1, MONTH_DAYS, len(MODEL_CURRENCIES))
    volatility = np.diff(np.abs(months).mean(axis=(1, 2))) / VOLATILITY_UNIT
    carry = (months[:, :, 1:].mean(axis=2) - months[:, :, 0]).sum(axis=1)
    quarter_ends = short[QUARTER_DAYS - 1 : -1 : QUARTER_DAYS]
    return Panel(
        skewness.mean(axis=0),
        slope_of(quarter_ends, -skewness[1:, 0]),
        slope_of(volatility, carry[1:]),
        slope_of(volatility, np.diff(short[MONTH_DAYS - 1 :: MONTH_DAYS])),
    )


def slope_of(x: FloatArray, y: FloatArray) -> float:
    """Slope of y on x by least squares."""
    centred = x - x.mean()
    return float(centred @ y / (centred @ centred))


def newey_west_error(x: FloatArray, y: FloatArray, lags: int) -> float:
    """Standard error of the slope of y on x, robust to changing variance and `lags` of memory.

    sqrt(S) / sum x^2,  S = sum_t g_t^2 + 2 sum_l (1 - l / (L + 1)) sum_t g_t g_(t-l),  g = x e
    """
    centred = x - x.mean()
    product = centred * (y - y.mean() - slope_of(x, y) * centred)
    total = product @ product
    for lag in range(1, lags + 1):
        total += 2.0 * (1.0 - lag / (lags + 1.0)) * (product[lag:] @ product[:-lag])
    return float(np.sqrt(total) / (centred @ centred))


def _simulated(sample: str, runs: list[Panel], differentials: FloatArray) -> pd.DataFrame:
    """Table of one simulated sample: mean slopes over seeds, errors over seeds."""
    skewness = np.array([panel.skewness for panel in runs])
    lines = []
    for claim, field in ((PREDICT, "predict"), (LOSE, "lose"), (SHRINK, "shrink")):
        slopes = np.array([getattr(panel, field) for panel in runs])
        lines.append(Line(sample, claim, slopes.mean(), _error(slopes), len(slopes)))
    return _table(sample, MODEL_CURRENCIES, differentials, skewness, lines)


def _record() -> pd.DataFrame:
    """Table of the record: regressions (i) and (iii)."""
    import pandas as pd

    logs = {c: np.log(real_path(f"{c}USD", RECORD_START, RECORD_END)) for c in RATES_PERCENT}
    changes = pd.DataFrame(logs).diff().iloc[1:]
    differentials = np.array(list(RATES_PERCENT.values())) - USD_RATE_PERCENT
    skewness = quarterly_skewness(changes).to_numpy()
    by_month = pd.PeriodIndex(changes.index, freq="M")
    held, owed = (changes[list(names)].mean(axis=1) for names in (HELD, OWED))
    carry = (held - owed).groupby(by_month).sum().to_numpy()
    daily = changes.abs().mean(axis=1) / VOLATILITY_UNIT
    volatility = np.diff(daily.groupby(by_month).mean().to_numpy())
    error = newey_west_error(volatility, carry[1:], NEWEY_WEST_LAGS)
    lose = Line(RECORD, LOSE, slope_of(volatility, carry[1:]), error, len(volatility))
    return _table(RECORD, tuple(RATES_PERCENT), differentials, skewness, [lose])


def quarterly_skewness(changes: pd.DataFrame) -> pd.DataFrame:
    """Skewness of daily changes in each calendar quarter; NaN with less than half its days."""
    import pandas as pd

    return changes.groupby(pd.PeriodIndex(changes.index, freq="Q")).agg(_skewness_of_known)


def _skewness_of_known(column: pd.Series) -> float:
    """Skewness m_3 / m_2^(3/2) of the days that have a fixing."""
    known = column.dropna().to_numpy()
    if len(known) < QUARTER_DAYS // 2:
        return np.nan
    away = known - known.mean()
    return float((away**3).mean() / (away**2).mean() ** 1.5)


def _table(
    sample: str,
    currencies: tuple[str, ...],
    differentials: FloatArray,
    skewness: FloatArray,
    lines: list[Line],
) -> pd.DataFrame:
    """Rows of one sample: slopes, currencies, and the line of (i) with its error."""
    import pandas as pd

    fits = np.array([_fit(differentials, row) for row in skewness])
    crash = Line(sample, CRASH, fits[:, 1].mean(), _error(fits[:, 1]), len(fits))
    rows: list[dict[str, object]] = [
        {"part": "slope", **line._asdict(), "unit": UNITS[line.claim]} for line in (crash, *lines)
    ]
    for name, x, column in zip(currencies, differentials, skewness.T, strict=True):
        known = column[np.isfinite(column)]
        place = {"part": "currency", "sample": sample, "currency": name, "differential": x}
        rows.append(place | {"skewness": known.mean(), "error": _error(known)})
    for x in np.linspace(differentials.min(), differentials.max(), 9):
        level = fits @ np.array([1.0, x])
        place = {"part": "fit", "sample": sample, "differential": x}
        rows.append(place | {"skewness": level.mean(), "error": _error(level)})
    return pd.DataFrame(rows)


def _fit(x: FloatArray, y: FloatArray) -> tuple[float, float]:
    """Level at zero and slope of one cross-section, over the currencies that are there."""
    known = np.isfinite(y)
    slope = slope_of(x[known], y[known])
    return float(y[known].mean() - slope * x[known].mean()), slope


def _error(values: FloatArray) -> float:
    """Standard error of a mean."""
    return float(values.std(ddof=1) / np.sqrt(values.size))


def compare(findings: pd.DataFrame) -> list[Comparison]:
    """The paper's signs, by p-value; nothing without leverage; (iii) beside the record."""
    slopes = slope_table(findings)
    lines = [
        _sign_shown(slopes[key])
        for key in (
            (RECORD, CRASH), (SIMULATED, CRASH), (SIMULATED, PREDICT), (RECORD, LOSE),
            (SIMULATED, LOSE), (SIMULATED, SHRINK),
        )
    ]  # fmt: skip
    for claim in (CRASH, PREDICT, LOSE, SHRINK):
        name = f"{UNLEVERED}: {claim} [{UNITS[claim]}]"
        found = slopes[UNLEVERED, claim]
        lines.append(
            compare_simulated(name, (found.slope, found.error), (0.0, 0.0), "no crowd, no crash")
        )
    name = f"simulated: {LOSE} [{UNITS[LOSE]}], beside the record"
    simulated, record = slopes[SIMULATED, LOSE], slopes[RECORD, LOSE]
    pair = (simulated.slope, simulated.error), (record.slope, record.error)
    return [*lines, compare_simulated(name, *pair, "ECB record")]


def slope_table(findings: pd.DataFrame) -> dict[tuple[str, str], Line]:
    """Every slope by sample and claim."""
    rows = findings[findings["part"] == "slope"].astype({"n_observations": int})
    columns = [rows[name].tolist() for name in Line._fields]
    lines = [Line(*row) for row in zip(*columns, strict=True)]
    return {(line.sample, line.claim): line for line in lines}


def _sign_shown(line: Line) -> Comparison:
    """p-value of a slope that is not negative, against none."""
    from scipy.stats import t

    chance = float(t.cdf(line.slope / line.error, line.n_observations - 1.0))
    name = f"{line.sample}: p-value, {line.claim} falls"
    return Comparison(name, chance, 0.0, SIGNIFICANT, "paper's sign")


def figure(findings: pd.DataFrame) -> Figure:
    """Skewness against the rate differential, record and model; all regressions by t-statistic."""
    slopes = slope_table(findings)
    record, simulated, plain = (slopes[s, CRASH].slope for s in (RECORD, SIMULATED, UNLEVERED))
    title = (
        f"A percentage point of carry changes a currency's skewness by {record:.3f} in the record, "
        f"{simulated:.3f} in calm simulated days, {plain:.3f} without leverage"
    )
    n_seeds, n_quarters = slopes[SIMULATED, CRASH].n_observations, slopes[RECORD, CRASH][-1]
    caption = (
        "Brunnermeier, Nagel and Pedersen (2008). Skewness of daily changes against the dollar "
        f"within quarters. Record: ECB reference rates 1999-2024, {n_quarters} quarters. Model: "
        f"scenario calm, seeds 0-{n_seeds - 1}, ten years each; funds with and without leverage. "
        "Bars and bands are two standard errors."
    )
    with style.house_style():
        boxes = [(0.055, 0.26), (0.38, 0.26), (0.79, 0.19)]
        drawing, axes = panels(title, caption, boxes)
        _draw_skewness(axes[0], findings, RECORD, style.REAL)
        _draw_skewness(axes[1], findings, UNLEVERED, _PLAIN)
        _draw_skewness(axes[1], findings, SIMULATED, style.SIMULATED)
        axes[0].set_title("Skewness, record", loc="left")
        axes[1].set_title("Skewness, model (note the scale);\ngrey: no leverage", loc="left")
        _draw_statistics(axes[2], slopes)
    return drawing


def _draw_skewness(axes: Axes, findings: pd.DataFrame, sample: str, colour: str) -> None:
    """Currencies of one sample with the line of regression (i)."""
    chosen = findings[findings["sample"] == sample]
    line, places = chosen[chosen["part"] == "fit"], chosen[chosen["part"] == "currency"]
    x, level, band = line["differential"], line["skewness"], 2.0 * line["error"]
    axes.axhline(0.0, color=style.QUIET, linewidth=0.6)
    axes.fill_between(x, level - band, level + band, color=colour, alpha=0.13, linewidth=0)
    axes.plot(x, level, color=colour, linewidth=1.6)
    axes.errorbar(
        places["differential"], places["skewness"], yerr=2.0 * places["error"], fmt="o",
        color=colour, markersize=4.0, elinewidth=0.6, alpha=0.9,
    )  # fmt: skip
    if sample != UNLEVERED:
        _name_currencies(axes, places, colour)
        axes.set_xlim(x.min() - 1.5, x.max() + 1.5)
    axes.set_xlabel("rate less the dollar's, percentage points")


def _name_currencies(axes: Axes, places: pd.DataFrame, colour: str) -> None:
    """Names beside the dots: sides alternate, apart where two currencies share a differential."""
    low, high = axes.get_ylim()
    for number, (x, group) in enumerate(places.groupby("differential")):
        heights = style.spread_apart(group["skewness"].tolist(), 0.05 * (high - low), low, high)
        side, away = ("left", 4) if number % 2 else ("right", -4)
        for name, height in zip(group["currency"], heights, strict=True):
            axes.annotate(name, (x, height), (away, 1), textcoords="offset points", ha=side,
                          va="center", fontsize=6.8, color=colour)  # fmt: skip


def _draw_statistics(axes: Axes, slopes: dict[tuple[str, str], Line]) -> None:
    """Slope over its standard error, for each regression and sample."""
    claims, samples = list(UNITS), {RECORD: style.REAL, SIMULATED: style.SIMULATED}
    for number, (sample, colour) in enumerate((samples | {UNLEVERED: _PLAIN}).items()):
        known = [(i, slopes[sample, c]) for i, c in enumerate(claims) if (sample, c) in slopes]
        axes.plot(
            [line.slope / line.error for _, line in known],
            [i + 0.2 * (number - 1) for i, _ in known],
            "o", color=colour, markersize=5.0,
        )  # fmt: skip
    axes.axvspan(-2.0, 2.0, color=style.QUIET, alpha=0.13, linewidth=0)
    axes.axvline(0.0, color=style.QUIET, linewidth=0.8)
    axes.set_yticks(range(len(claims)), labels=[c.replace(" on ", "\non ") for c in claims])
    axes.set_ylim(len(claims) - 0.4, -0.5)
    axes.grid(axis="y", visible=False)
    axes.set_title("Black record, blue model,\ngrey no leverage", loc="left")
    axes.set_xlabel("t-statistic")


PAPER = Paper(
    name="brunnermeier-nagel-pedersen",
    citation="Brunnermeier, Nagel and Pedersen 2008, NBER Macroeconomics Annual 23",
    claim="High-interest currencies crash, more so after carry positions have built up, "
    "and the carry trade loses and shrinks when volatility rises; in the model the skewness is a "
    "seventh of the record's, and without leverage there is none.",
    through=("abm.runs.run", "abm.episodes.record.real_path"),
    findings=findings,
    compare=compare,
    figure=figure,
    sampling="seeds 0-119, 120 runs of ten years with and without leverage (quick: 60); ECB "
    "fixings 1999-2024",
)
