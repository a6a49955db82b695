"""July and August 2024, simulated 200 times, against the record.

    python -m experiments.august [--replicates 200]

How far did the yen crosses, shares and bonds go, who closed the yen short and when, and does the
real path lie where the model says it could have been? The seed was used for no calibration.
"""

from __future__ import annotations

import argparse
import time
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pandas as pd

from abm.episodes.august import CROSSES, FIRST, LAST, PATHS
from abm.episodes.paths import day, paths_of, paths_since
from abm.episodes.record import FX_SOURCE, KEY_DAYS_2024, real_path
from abm.figures import style
from abm.figures.panels import panels_in_threes
from abm.kernels.state import HEDGE_FUND, RETAIL_EQUITY, RETAIL_FX, TRADING_DAYS, TREND
from abm.population.advance import advance, open_world
from abm.scenario import load_scenario
from experiments.keeping import ROOT, keep, show

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from abm.population.world import World
    from abm.scenario import Scenario

SEED = 2024
BEFORE_FIRST = "2024-06-28"
SCENARIO = "august-2024"
BAND = (5.0, 95.0)
# Stops at whose close positions are read: the opening, the CFTC's dates around the unwind, the end.
STOPS = ("2024-07-02", "2024-08-06", LAST)

# Name in the table: what it is (`moments_of`), and the record, where there is one. Sources: closes
# of `KEY_DAYS_2024`; index owners; BIS Bulletin 90 and CFTC for the yen short.
MOMENTS = {
    "USDJPY 10 Jul-5 Aug": ("usd", -0.11646),
    "USDJPY 10-30 Jul": ("usd_pre", -0.050796),
    "USDJPY 11 Jul (intervention)": ("d_mof", -0.019669),
    "USDJPY 31 Jul (hike)": ("d_boj", -0.021967),
    "USDJPY 31 Jul-5 Aug": ("d_3d", -0.043699),
    "USDJPY share retraced in 10 days": ("usd_ret", 0.14608),
    "AUDJPY 10 Jul-5 Aug": ("aud", -0.15561),
    "MXNJPY 10 Jul-5 Aug": ("mxn", -0.20299),
    "Nikkei July peak to trough": ("nky", -0.29432),
    "Nikkei 11-31 Jul": ("nky_pre", -0.07682),
    "Nikkei worst day": ("nky1d", -0.13234),
    "Nikkei share regained in 10 days": ("nky_reb", 0.58677),
    "S&P July peak to trough": ("spx", -0.075),
    "S&P share regained in 10 days": ("spx_reb", 0.75),
    "HY price 31 Jul-5 Aug": ("hy", -0.0238),
    "10-year Treasury price 31 Jul-5 Aug": ("ust", 0.02542),
    "yen short on 2 Jul, USD bn": ("short0", 250),
    "share closed by 6 Aug": ("unw", 0.75),
    "of which before 31 Jul": ("unw_pre", 0.64),
    "trend followers' yen short closed by 6 Aug": ("cta_unw", 0.9),
    "calm volatility USDJPY": ("v_usd", 0.07),
    "calm volatility AUDJPY": ("v_aud", 0.09),
    "calm volatility MXNJPY": ("v_mxn", 0.115),
    "calm volatility S&P": ("v_spx", 0.115),
    "calm volatility Nikkei": ("v_nky", 0.17),
    "forced hedge-fund sales, USD bn": ("forced", np.nan),
    "retail cohorts cut": ("lc", np.nan),
    "funds failed": ("ndef", 0),
    "runs with a day at a price limit": ("lim", np.nan),
    "hedge funds' change of wealth": ("hfret", np.nan),
}


class Simulated(NamedTuple):
    """One run as far as the record goes; day 0 of every path is the close before the first day."""

    paths: dict[str, np.ndarray]  # log change since the close before, (n_days + 1,)
    short: np.ndarray  # yen short, units (n_days + 1,)
    moments: dict[str, float]


def simulate(scenario: Scenario, replicate: int) -> Simulated:
    """One run, stopped on the days whose positions are read."""
    world, opening = open_world(scenario, SEED, replicate, with_events=False)
    burn, wealth = world.burn_in, hedge_fund_wealth(world)
    trend_short, done = [], burn
    for stop in STOPS:
        last = burn + day(scenario, stop) + 1
        world, done = advance(world, done, last), last
        trend_short.append(trend_yen_short(world))
    paths = paths_since(world, opening, scenario, done - burn, PATHS)
    short = world.record.days["yen_short_units"][burn - 1 : done].copy()
    moments = moments_of(paths, short, scenario) | calm_volatilities(world, scenario)
    moments |= {
        "cta_unw": 1.0 - trend_short[1] / trend_short[0] if trend_short[0] > 0.0 else np.nan,
        "hfret": hedge_fund_wealth(world) / wealth - 1.0,
        **counts_of(world, burn, done),
    }
    return Simulated(paths, short, moments)


def moments_of(
    paths: dict[str, np.ndarray], short: np.ndarray, scenario: Scenario
) -> dict[str, float]:
    """Changes between the dates of the record, log; shares of the yen short closed."""

    def at(date: str) -> int:
        return day(scenario, date) + 1

    def change(name: str, start: str, end: str) -> float:
        return paths[name][at(end)] - paths[name][at(start)]

    usd, before, trough = paths["USDJPY"], at("2024-07-10"), at("2024-08-05")
    start, eve, end = short[at("2024-07-02")], short[at("2024-07-30")], short[at("2024-08-06")]
    nikkei, sp500 = (fall_and_rebound(paths[name], scenario) for name in ("NKY", "SPX"))
    return {
        "usd": change("USDJPY", "2024-07-10", "2024-08-05"),
        "usd_pre": change("USDJPY", "2024-07-10", "2024-07-30"),
        "d_mof": change("USDJPY", "2024-07-10", "2024-07-11"),
        "d_boj": change("USDJPY", "2024-07-30", "2024-07-31"),
        "d_3d": change("USDJPY", "2024-07-31", "2024-08-05"),
        "usd_ret": (usd[trough + 10] - usd[trough]) / (usd[before] - usd[trough]),
        "aud": change("AUDJPY", "2024-07-10", "2024-08-05"),
        "mxn": change("MXNJPY", "2024-07-10", "2024-08-05"),
        "nky": nikkei[0],
        "nky_reb": nikkei[1],
        "nky_pre": change("NKY", "2024-07-11", "2024-07-31"),
        "nky1d": np.diff(paths["NKY"][before : trough + 6]).min(),
        "spx": sp500[0],
        "spx_reb": sp500[1],
        "hy": change("HY", "2024-07-31", "2024-08-05"),
        "ust": change("UST", "2024-07-31", "2024-08-05"),
        "short0": start,
        "unw": 1.0 - end / start,
        "unw_pre": (start - eve) / (start - end),
    }


def fall_and_rebound(path: np.ndarray, scenario: Scenario) -> tuple[float, float]:
    """From the peak of 11-16 July to the trough by 12 August [log]; share regained 10 days on."""
    first, last = day(scenario, "2024-07-11") + 1, day(scenario, "2024-07-16") + 1
    peak = first + int(path[first : last + 1].argmax())
    end = day(scenario, "2024-08-12") + 1
    trough = peak + int(path[peak : end + 1].argmin())
    fall = path[trough] - path[peak]
    return fall, (path[trough + 10] - path[trough]) / -fall if fall < 0.0 else np.nan


def calm_volatilities(world: World, scenario: Scenario) -> dict[str, float]:
    """Standard deviation of daily returns in the burn-in, per year."""
    quotes = world.record.log_prices[: world.burn_in]
    paths = paths_of(quotes, scenario, PATHS)
    keys = ("v_usd", "v_aud", "v_mxn", "v_nky", "v_spx")
    names, scale = (*CROSSES, "NKY", "SPX"), np.sqrt(TRADING_DAYS)
    return {
        key: float(np.diff(paths[name]).std() * scale)
        for key, name in zip(keys, names, strict=True)
    }


def counts_of(world: World, first: int, last: int) -> dict[str, float]:
    """Forced sales, cuts, failures and limit days between two days."""
    days, start = world.record.days[first:last], world.rules.mandates.first_row
    failed = world.record.n_failures
    wiped_out = failed[start[RETAIL_FX] : start[RETAIL_EQUITY + 1]].sum()
    return {
        "forced": world.record.forced_usd_bn[first:last, HEDGE_FUND].sum(),
        "lc": days["n_loss_cuts"].sum() + wiped_out,
        "ndef": float(failed[: start[RETAIL_FX]].sum()),
        "lim": float(days["n_at_limit"].any()),
    }


def hedge_fund_wealth(world: World) -> float:
    """Wealth of all hedge funds, payouts and subscriptions included [USD bn]."""
    rows = world.rules.mandates.first_row[HEDGE_FUND : HEDGE_FUND + 2]
    return float(world.books.wealth[slice(*rows)].sum())


def trend_yen_short(world: World) -> float:
    """Yen that trend followers are short, net [units]."""
    rows = world.rules.mandates.first_row[TREND : TREND + 2]
    return -float(world.books.units[0, slice(*rows)].sum())


def against_record(moments: pd.DataFrame) -> pd.DataFrame:
    """Every moment beside the record."""
    lines = []
    for name, (key, real) in MOMENTS.items():
        found = moments[key].dropna()
        low, middle, high = found.quantile([0.05, 0.5, 0.95])
        known = np.isfinite(real)
        lines.append(
            {
                "moment": name,
                "low": low,
                "median": middle,
                "high": high,
                "real": real,
                "share_of_runs_below_real": (found < real).mean() if known else np.nan,
                "inside": low <= real <= high if known else None,
            }
        )
    return pd.DataFrame(lines)


def fans(runs: list[Simulated], scenario: Scenario) -> pd.DataFrame:
    """By day: 5%, median and 95% of each path, and the real one where there is a daily record."""
    dates = [BEFORE_FIRST, *(d.isoformat() for d in scenario.calendar.dates())]
    table: dict[str, Any] = {"date": dates[: len(runs[0].short)]}
    for name in runs[0].paths:
        low, middle, high = np.percentile([r.paths[name] for r in runs], [BAND[0], 50, BAND[1]], 0)
        table |= {f"{name}_low": low, f"{name}_median": middle, f"{name}_high": high}
        if name in CROSSES:
            path = np.log(real_path(name, BEFORE_FIRST, LAST))
            path.index = path.index.strftime("%Y-%m-%d")
            table[f"{name}_real"] = (path - path.iloc[0]).reindex(table["date"]).to_numpy()
    low, middle, high = np.percentile([r.short for r in runs], [BAND[0], 50, BAND[1]], 0)
    return pd.DataFrame(table | {"short_low": low, "short_median": middle, "short_high": high})


def coverage(fan: pd.DataFrame) -> pd.DataFrame:
    """Share of days on which the real path lies inside the band, and its distance from the median.

    Two records: the ECB's fixings of every day, and the closes of the key days (New York noon for
    currencies), rebased to 1 July as the record has them.
    """
    lines = []
    for name in CROSSES:
        known = fan[fan["date"] >= FIRST].dropna(subset=f"{name}_real")
        lines.append(_covered(name, "ECB, 14:15 CET", known, known[f"{name}_real"]))
    key_days = pd.DataFrame(KEY_DAYS_2024).set_index("date")
    columns = dict(zip(CROSSES, ("usdjpy", "audjpy", "mxnjpy"), strict=True))
    first = fan.set_index("date").loc[FIRST]
    for name, column in (columns | {"NKY": "nikkei", "SPX": "sp500"}).items():
        known = fan[fan["date"].isin(key_days.index[1:])]
        change = np.log(key_days[column] / key_days[column].iloc[0])
        real = change.loc[known["date"]].to_numpy() + first[f"{name}_median"]
        hour = "key days, noon New York" if name in CROSSES else "key days, closes"
        lines.append(_covered(name, hour, known, real))
    return pd.DataFrame(lines)


def _covered(name: str, record: str, known: pd.DataFrame, real: Any) -> dict[str, Any]:
    inside = (known[f"{name}_low"] <= real) & (real <= known[f"{name}_high"])
    gap = known[f"{name}_median"] - real
    return {
        "path": name,
        "record": record,
        "n_days": len(known),
        "share_inside": inside.mean(),
        "rms_from_median": float(np.sqrt((gap**2).mean())),
        "days_outside": " ".join(known.loc[~inside, "date"]),
    }


def draw(fan: pd.DataFrame, moments: pd.DataFrame, covered: pd.DataFrame, caption: str) -> Figure:
    """Fans of the crosses, the Nikkei, the S&P and the yen short, with the record on top."""
    daily = covered[covered["record"].str.startswith("ECB")].set_index("path")["share_inside"]
    usd, closed = moments["usd"].median(), moments["unw"].median()
    title = (
        f"USDJPY falls {-100 * usd:.0f}% by 5 August in the median run (record 12%); the real path "
        f"stays inside the band on {daily['USDJPY']:.0%} of days"
    )
    panels = {
        "USDJPY": "USDJPY", "AUDJPY": "AUDJPY", "MXNJPY": "MXNJPY", "NKY": "Nikkei 225",
        "SPX": "S&P 500", "short": f"Yen short, USD bn ({closed:.0%} closed by 6 Aug)",
    }  # fmt: skip
    return panels_in_threes(title, caption, panels, lambda axes, name: draw_fan(axes, fan, name))


def draw_fan(axes: Axes, fan: pd.DataFrame, name: str) -> None:
    """Median and 5-95% band by day; ECB fixings as a line, closes of the key days as dots."""
    scale = 1.0 if name == "short" else 100.0
    x = np.arange(len(fan)) - 1
    low, middle, high = (scale * fan[f"{name}_{which}"] for which in ("low", "median", "high"))
    axes.fill_between(x, low, high, color=style.SIMULATED, alpha=0.16, linewidth=0)
    axes.plot(x, middle, color=style.SIMULATED, linewidth=1.8)
    if f"{name}_real" in fan:
        axes.plot(x, scale * fan[f"{name}_real"], color=style.REAL, linewidth=1.0)
    columns = {"NKY": "nikkei", "SPX": "sp500"}
    if name in columns:
        levels = pd.DataFrame(KEY_DAYS_2024).set_index("date")[columns[name]]
        start = fan.set_index("date")[f"{name}_median"].loc[FIRST]
        place = [fan["date"].tolist().index(date) - 1 for date in levels.index]
        real = 100.0 * (np.log(levels / levels.iloc[0]) + start)
        axes.plot(place, real, color=style.REAL, linewidth=0.6, marker="o", markersize=2.5)
    ticks = ["2024-07-01", "2024-07-11", "2024-07-31", "2024-08-15", LAST]
    axes.set_xticks(
        [fan["date"].tolist().index(date) - 1 for date in ticks],
        labels=["1 Jul", "11 Jul", "31 Jul", "15 Aug", "30 Aug"],
    )
    axes.set_ylim(bottom=0.0 if name == "short" else None)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--replicates", type=int, default=200)
    asked = parser.parse_args()
    start = time.perf_counter()
    scenario = load_scenario(SCENARIO).with_changes({"outputs.feedback_gain_every_days": 0})
    runs = [simulate(scenario, replicate) for replicate in range(asked.replicates)]
    moments = pd.DataFrame([run.moments for run in runs])
    record, fan = against_record(moments), fans(runs, scenario)
    covered = coverage(fan)
    known = record.dropna(subset="real")
    show(record, f"Record inside the band: {int(known['inside'].sum())} of {len(known)} moments")
    show(covered, f"Real paths and the band ({FX_SOURCE}; before New York's news of the day)")
    caption = (
        f"Log change since 28 June 2024, %. {SCENARIO}, seed {SEED}, {asked.replicates} "
        "runs: median and 5 to 95%. Black: ECB fixings of 14:15 CET (payrolls of 2 August and the "
        "intervention of 11 July came later in the day); dots: closes of key days, from the "
        "median of 1 July."
    )
    keep(
        ROOT / "results" / f"{SCENARIO}-record",
        {"moments": record, "coverage": covered, "paths": fan},
        {"paths": draw(fan, moments, covered, caption)},
        {SCENARIO: load_scenario(SCENARIO)},
        {"seed": SEED, "replicates": asked.replicates}
        | {"wall_seconds": round(time.perf_counter() - start, 1)},
    )


if __name__ == "__main__":
    main()
