"""Real unwinds against the record: every episode in one table, and the taper beside the yen shock.

    python -m experiments.episodes [--runs 200]

Behaviour is that of July 2024; opening books, policy and news were written before any run, by the
rules of section 6 of the ODD. How far do the paths of other years lie from what the model says,
which of them are cascades of the yen, and does a shock of dollar yields look like one of the yen?
"""

from __future__ import annotations

import argparse
import time
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pandas as pd

from abm.episodes.forecast import band_table, run_episode, score_table
from abm.episodes.record import FX_SOURCE, UNWINDS
from abm.figures import style
from abm.figures.panels import panels_in_threes
from abm.kernels.state import KIND_NAMES, TRADING_DAYS
from abm.population.advance import advance
from abm.population.shared import eve_of_shock, fork
from abm.report.episodes import picture
from abm.runs.fast import fast_cascade
from abm.scenario import list_scenarios, load_scenario
from experiments.keeping import ROOT, keep, show

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from abm.population.world import World
    from abm.scenario import Scenario

Array = np.ndarray

SEED = 2024
AFTER = 20  # days from the shock day on
BEYOND = 2.0  # daily standard deviations
QUICK = {"outputs.feedback_gain_every_days": 0, "outputs.events": False}
CLASSES = ("absorbed", "leak", "dam break", "broken before the shock", "de-risking", "build-up")
NO_DEBTS = {"funds.styles.*.yen_share": 0.0, "banks.desk.yen_share": 0.0}
WITHOUT_DEBTS = ("april-2025", "january-2026")
"""Episodes of a small yen short, run without the fifth of yen debts that is assumed, too."""
BY_RATES = {"kind": "differential", "full_per_year": 0.052}
SHOCKS = {
    "yen": ("dam-break", {}, "A surprise of 50bp of the Bank of Japan"),
    "taper": ("taper-2013", {}, "The taper of 2013, yen debts as the CFTC has them"),
    "taper, debts by rates": (
        "taper-2013",
        {"funds.funding": BY_RATES, "trend.carry": BY_RATES, "retail_fx.carry": BY_RATES},
        "The taper of 2013, yen debts by the rate differential: none",
    ),
}
LINES = {
    "JPY": "#D55E00", "UST": "#0072B2", "AUD": "#009E73", "MXN": "#E69F00", "SPX": "#56B4E9",
    "EM": "#CC79A7", "NKY": "#1A1A1A",
}  # fmt: skip


class Effect(NamedTuple):
    """A run less the same run without what happens from its shock day on."""

    prices: Array  # log, (AFTER + 1, K)
    sold_usd_bn: Array  # assets by kind of institution at opening prices, (N_KINDS,)
    yen_bought_usd_bn: Array  # the same of yen
    forced_usd_bn: Array  # forced sales by kind


def cascades(name: str, n_runs: int, changes: dict[str, Any] | None = None) -> dict[str, Any]:
    """Classes of an episode's runs, and the yen because of all that comes from its shock day on."""
    scenario = load_scenario(name).with_changes({**QUICK, **(changes or {})})
    found = pd.DataFrame([fast_cascade(scenario, SEED, n) for n in range(n_runs)])
    share = found["class"].value_counts(normalize=True)
    low, median, high = found["peak_yen_appreciation"].quantile([0.05, 0.5, 0.95])
    return {
        "episode": f"{name}, no yen debts" if changes else name,
        "runs": n_runs,
        **{f"share_{each.replace(' ', '_')}": share.get(each, 0.0) for each in CLASSES},
        "eve_yen_short_usd_bn": found["eve_yen_short_units"].median(),
        "closed_30d": found["unwound_30d"].median(),
        "peak_yen_low": low,
        "peak_yen_median": median,
        "peak_yen_high": high,
        "peak_yen_frozen": found["frozen_yen_appreciation"].median(),
        "forced_sales_usd_bn": found["forced_sales_net_usd_bn"].mean(),
        "funds_failed": found["n_failed_net"].mean(),
        "banks_failed": found["n_banks_failed_net"].mean(),
    }


def effect(scenario: Scenario, replicate: int) -> Effect:
    """The first days from the shock day on, with it and without."""
    past = eve_of_shock(scenario, SEED, replicate, with_events=False)
    first, last = past.next_day, past.next_day + AFTER + 1
    with_it, without = (
        advance(fork(past, scenario, shocked=is_so, no_trade=False, with_events=False), first, last)
        for is_so in (True, False)
    )
    held = [_held(world) for world in (with_it, without)]
    n_currencies = len(scenario.currencies)
    change = held[0] - held[1]
    forced = [world.record.forced_usd_bn[first:last].sum(axis=0) for world in (with_it, without)]
    # Foreign currencies are bought as assets are; the funding currency is owed.
    return Effect(
        with_it.record.log_prices[first:last] - without.record.log_prices[first:last],
        -change[1:].sum(axis=0),
        change[0] if n_currencies else np.zeros(len(KIND_NAMES)),
        forced[0] - forced[1],
    )


def _held(world: World) -> Array:
    """Units of each instrument by kind of institution, (K, N_KINDS); one is USD 1bn at first."""
    first = world.rules.mandates.first_row
    n_kinds = len(first) - 1
    parts = [world.books.units[:, first[k] : first[k + 1]].sum(axis=1) for k in range(n_kinds)]
    return np.array(parts).T


def first_days(effects: list[Effect], scenario: Scenario) -> dict[str, float]:
    """First day on which the mean effect on a market is beyond two daily standard deviations."""
    mean = np.mean([one.prices for one in effects], axis=0)
    found = {}
    for k, (name, part) in enumerate(scenario.instruments.items()):
        limit = BEYOND * part.volatility_per_year / np.sqrt(TRADING_DAYS)
        beyond = np.flatnonzero(np.abs(mean[:, k]) > limit)
        found[name] = float(beyond[0]) if beyond.size else np.nan
    return found


def beside(effects: dict[str, list[Effect]], worlds: dict[str, Scenario]) -> pd.DataFrame:
    """Source, direction, who sells, which leg moves first: a column for each shock."""
    columns = {}
    for name, found in effects.items():
        scenario = worlds[name]
        names = scenario.instrument_names
        mean = np.mean([one.prices for one in found], axis=0)
        days = first_days(found, scenario)
        order = sorted((day, each) for each, day in days.items() if np.isfinite(day))
        columns[name] = {
            "what": SHOCKS[name][2],
            "source: largest news on its day": _source(scenario),
            **{
                f"{each} after {AFTER} days, %": f"{100.0 * mean[-1, names.index(each)]:+.1f}"
                for each in LINES
            },
            "first beyond 2 sd (day)": ", ".join(f"{each} {day:.0f}" for day, each in order),
            "sellers of assets, USD bn": _largest([one.sold_usd_bn for one in found]),
            "buyers of yen, USD bn": _largest([one.yen_bought_usd_bn for one in found]),
            "forced sales, USD bn": _largest([one.forced_usd_bn for one in found]),
        }
    return pd.DataFrame(columns).rename_axis("").reset_index()


def _source(scenario: Scenario) -> str:
    """What is announced on the shock day, over the daily volatility of each market's news."""
    if scenario.shock.kind == "surprise":
        size = scenario.shock.surprise_bp * scenario.shock.news_log_per_bp
        moves = {scenario.funding_currency: size}
    else:
        day = scenario.shock_day
        moves = next(item.moves for item in scenario.news if scenario.day_index(item.day) == day)
    daily = {
        name: move / (scenario.instruments[name].volatility_per_year / np.sqrt(TRADING_DAYS))
        for name, move in moves.items()
    }
    largest = sorted(daily, key=lambda name: -abs(daily[name]))[:3]
    return ", ".join(f"{name} {daily[name]:+.1f} sd" for name in largest)


def _largest(by_kind: list[Array]) -> str:
    """The three kinds with the largest means, in words."""
    mean = np.mean(by_kind, axis=0)[: len(KIND_NAMES)]
    order = np.argsort(-mean)[:3]
    return ", ".join(
        f"{style.ACTOR_NAMES[KIND_NAMES[k]]} {mean[k]:.1f}" for k in order if mean[k] >= 0.05
    )


def draw_effects(
    effects: dict[str, list[Effect]], worlds: dict[str, Scenario], caption: str
) -> Any:
    """Above: markets by day; below: assets sold and yen bought by who."""
    labels = {name: SHOCKS[name][2].replace(", ", ",\n", 1) for name in effects}
    bars = {f"{name} flows": "Assets sold, yen bought (hatched)" for name in effects}

    def draw_panel(axes: Axes, name: str) -> None:
        if name.endswith(" flows"):
            _draw_flows(axes, effects[name.removesuffix(" flows")])
        else:
            _draw_lines(axes, effects[name], worlds[name])

    yen = [100.0 * np.mean([one.prices[-1, 0] for one in found]) for found in effects.values()]
    moved = [f"{'gains' if each > 0 else 'loses'} {abs(each):.1f}%" for each in yen]
    title = (
        f"In {AFTER} days the yen {moved[0]} on its own shock: in the taper it {moved[1]} where "
        f"funds owe yen, and {moved[2]} where none does"
    )
    return panels_in_threes(title, caption, labels | bars, draw_panel, below=0.4)


def _draw_lines(axes: Axes, found: list[Effect], scenario: Scenario) -> None:
    mean = 100.0 * np.mean([one.prices for one in found], axis=0)
    names = scenario.instrument_names
    for name, colour in LINES.items():
        axes.plot(mean[:, names.index(name)], color=colour, linewidth=1.4)
    ends = [(mean[-1, names.index(name)], name, colour) for name, colour in LINES.items()]
    style.label_line_ends(axes, ends, x=0.87, gap=0.085)
    axes.set_xlim(0, 1.18 * AFTER)
    axes.set_xticks(range(0, AFTER + 1, 5))


def _draw_flows(axes: Axes, found: list[Effect]) -> None:
    sold = np.mean([one.sold_usd_bn for one in found], axis=0)
    bought = np.mean([one.yen_bought_usd_bn for one in found], axis=0)
    kinds = [k for k in range(len(KIND_NAMES)) if max(abs(sold[k]), abs(bought[k])) >= 0.5]
    for place, k in enumerate(reversed(kinds)):
        colour = style.ACTOR_COLOURS[KIND_NAMES[k]]
        axes.barh(place, sold[k], height=0.22, color=colour)
        axes.barh(
            place - 0.25, bought[k], height=0.22, facecolor="none", edgecolor=colour, hatch="////"
        )
        axes.text(
            0.99, place + 0.12, style.ACTOR_NAMES[KIND_NAMES[k]], ha="right", va="bottom",
            transform=axes.get_yaxis_transform(), fontsize=6.8, color=style.QUIET,
        )  # fmt: skip
    axes.axvline(0.0, color=style.QUIET, linewidth=0.6)
    axes.set_yticks([])
    axes.grid(visible=True, axis="x")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--runs", type=int, default=200)
    asked, start = parser.parse_args(), time.perf_counter()
    shipped = list_scenarios()
    unwinds = [each for each in UNWINDS if each.name in shipped]
    tables, figures = [], {}
    for each in unwinds:
        episode = run_episode(each, asked.runs, SEED)
        scores = score_table(episode)
        figures[each.name] = picture(episode, band_table(episode), scores)
        tables.append(scores.assign(episode=each.name))
        print(f"{each.name}: {time.perf_counter() - start:.0f} s")
    scores = pd.concat(tables, ignore_index=True)
    scores.insert(0, "episode", scores.pop("episode"))
    classes = [cascades(each.name, asked.runs // 2) for each in unwinds]
    classes += [cascades(name, asked.runs // 2, NO_DEBTS) for name in WITHOUT_DEBTS]
    worlds = {
        name: load_scenario(base).with_changes({**changes, **QUICK})
        for name, (base, changes, _) in SHOCKS.items()
    }
    effects = {
        name: [effect(world, n) for n in range(asked.runs // 2)] for name, world in worlds.items()
    }
    taper = beside(effects, worlds)
    caption = (
        f"Mean of {asked.runs // 2} runs less the same runs without what happens from the shock "
        f"day on, seed {SEED}. Above: log changes, %, by days after the shock (currencies in "
        f"dollars: the yen up when it gains). Below: change of holdings after {AFTER} days, "
        "USD bn at opening prices."
    )
    figures["taper-beside-yen"] = draw_effects(effects, worlds, caption)
    show(scores, f"Episodes and the record ({FX_SOURCE})")
    show(pd.DataFrame(classes), "Classes")
    show(taper.set_index("").T.reset_index(), "The taper beside the yen shock")
    keep(
        ROOT / "results" / "episodes",
        {"episodes": scores, "classes": pd.DataFrame(classes), "taper-beside-yen": taper},
        figures,
        {each.name: load_scenario(each.name) for each in unwinds},
        {"seed": SEED, "runs": asked.runs, "runs_of_classes": asked.runs // 2}
        | {"wall_seconds": round(time.perf_counter() - start, 1)},
    )


if __name__ == "__main__":
    main()
