# ---
# jupyter:
#   jupytext:
#     text_representation:
#       extension: .py
#       format_name: percent
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # 5. August 2024, day by day
#
# ## Question
#
# On Monday, 5 August 2024, the Nikkei lost 12% in a day, and the yen was 12% higher in dollars
# than in early July. Four weeks later shares had made good most of it. What happened on which
# day, does the model tell the same story, and where does it not?
#
# You need lesson 4 and some pandas.

# %%
import numpy as np
import pandas as pd

import abm
from abm.episodes.record import key_days_2024, real_path
from abm.figures.cascade import cascade_figure
from abm.figures.panels import panels, write_header
from abm.figures.style import QUIET, REAL, SIMULATED, house_style
from abm.report.chronicle import chronicle, chronicle_text
from experiments.lessons.frame import check, pick, show

# %% [markdown]
# ## Experiment
#
# ### The record
#
# The days of the record. Currencies are noon rates in New York, the Nikkei its close.

# %%
record = key_days_2024()
record.index = pd.DatetimeIndex(record.index)
told = record[record["event"] != ""]
print(told[["usdjpy", "mxnjpy", "nikkei", "vix", "event"]].to_string())

# %% [markdown]
# The scenario `august-2024` knows the first three of these events and the last one as *script*:
# so many dollars sold, a rate move, a surprise worth so much. It does not know 5 August. Whatever
# happens there is the doing of the model's institutions.
#
# ### Two hundred Augusts
#
# A run is one draw of luck: who is how indebted, who banks with whom, what small news comes on
# quiet days. We draw many, all of one seed, told apart by `replicate`. The quote of a day is the
# opening quote times $e^{-x}$, with $x$ the column `log_JPY` of the table `days`.

# %%
SEED, N_RUNS = 2024, pick(200, 20)
FIRST, LAST = "2024-07-01", "2024-08-30"

scenario = abm.load_scenario("august-2024")
runs = [abm.run(scenario, rng=SEED, replicate=k) for k in range(N_RUNS)]
tables = [run.days[:LAST] for run in runs]

opening = scenario.instruments["JPY"].opening_quote
usdjpy = pd.DataFrame([opening * np.exp(-days["log_JPY"]) for days in tables], range(N_RUNS)).T
band = usdjpy.quantile([0.05, 0.5, 0.95], axis="columns").T.set_axis(
    ["low", "median", "high"], axis=1
)
fixing = real_path("USDJPY", FIRST, LAST)

beside = band.loc[record.index].assign(real=record["usdjpy"])
beside["inside"] = beside["real"].between(beside["low"], beside["high"])
beside["event"] = record["event"]
print(f"USDJPY, {N_RUNS} runs, median and 5 to 95%, beside noon rates in New York")
print(beside.round(1).to_string())

# %% [markdown]
# In one picture, with the daily record of the European Central Bank. It fixes its rates at 14:15
# in Frankfurt, before New York has its news of the day: on 11 July the Ministry of Finance came
# hours after the fixing. On that one day the line leaves the band, and the dot of the noon rate
# does not.

# %%
MARKS = {
    "2024-07-11": "11 July: the ministry buys yen",
    "2024-07-31": "31 July: the Bank of Japan hikes",
    "2024-08-02": "2 August: weak US payrolls",
    "2024-08-05": "5 August: the Nikkei loses 12%",
    "2024-08-07": "7 August: Uchida reassures",
}
place = {date: day for day, date in enumerate(band.index)}


def draw_band(axes):
    """Median and band of the runs, the ECB's fixings and New York's noon rates [yen per dollar]."""
    x = list(place.values())
    axes.fill_between(x, band["low"], band["high"], color=SIMULATED, alpha=0.16, linewidth=0)
    axes.plot(x, band["median"], color=SIMULATED, linewidth=1.8, label="median of runs, 5 to 95%")
    axes.plot(
        fixing.index.map(place), fixing, color=REAL, linewidth=0.9, label="ECB, 14:15 in Frankfurt"
    )
    axes.plot(
        record.index.map(place), record["usdjpy"], color=REAL, marker="o", markersize=3.5,
        linewidth=0, label="New York, noon",
    )  # fmt: skip
    for row, (date, label) in enumerate(MARKS.items()):
        height, day = 0.98 - 0.055 * row, place[pd.Timestamp(date)]
        axes.axvline(day, 0.1, height, color=QUIET, linewidth=0.7, linestyle=(0, (3, 2)))
        axes.annotate(
            label, (day + 0.3, height), xycoords=axes.get_xaxis_transform(), va="top",
            fontsize=7, bbox={"facecolor": "white", "linewidth": 0, "pad": 0.8},
        )  # fmt: skip
    weeks = [date for date in band.index if date.day_of_week == 0][::2]
    labels = [f"{date.day} {date:%B}" for date in weeks]
    axes.set_xticks([place[date] for date in weeks], labels=labels)
    axes.set_ylim(129, 177)
    axes.legend(loc="lower left", ncols=3)
    write_header(axes, "USDJPY, yen per dollar (down: the yen gains)")


def fall(path):
    """Fall between 10 July and 5 August, as a share."""
    return 1 - path.loc["2024-08-05"] / path.loc["2024-07-10"]


title = (
    f"From 10 July to 5 August USDJPY fell {fall(record['usdjpy']):.0%};"
    f" in the median of {N_RUNS} runs it falls {fall(usdjpy).median():.0%}"
)
caption = (
    f"Scenario august-2024, seed {SEED}, replicates 0 to {N_RUNS - 1}: median and 5 to 95% of runs,"
    " day by day. Black line: ECB reference rates; dots: Federal Reserve H.10."
)
with house_style():
    figure, (axes,) = panels(title, caption, ((0.06, 0.92),), height_inches=3.4)
    draw_band(axes)
show(figure)

# %% [markdown]
# The real path lies inside the band nearly every day. Before you are impressed: the band is wide.
# It would also hold an August in which the yen gained less than half as much. The model says what
# *could* have happened; it does not say that it had to.
#
# ### What the model does on those days
#
# Means over all runs: the yen short on 1 July is some USD 244bn, *calls* are margin calls, *cuts*
# cohorts of retail traders whose broker closes their position, and forced sales are in USD bn. The
# last column is the share of runs in which USD 1bn or more are sold by force on that day.

# %%
mean_days = pd.concat(tables).groupby(level=0).mean(numeric_only=True)
forced = mean_days.filter(regex="^forced_")
forced.columns = forced.columns.str.removeprefix("forced_").str.removesuffix("_usd_bn")
forced_of_runs = pd.concat(
    [days.filter(regex="^forced_").sum(axis="columns") for days in tables], axis=1
)
shown = mean_days[["yen_short_units", "leverage", "margin_rate"]].assign(
    calls=mean_days["n_margin_calls"],
    cuts=mean_days["n_loss_cuts"],
    forced_sales=forced.sum(axis=1),
    runs_forced=forced_of_runs.ge(1.0).mean(axis=1),
)
july = pd.DatetimeIndex(["2024-07-10", "2024-07-12", "2024-07-15", "2024-07-16"])
shown_days = july.append(shown.loc["2024-07-30":"2024-08-08"].index)
print(shown.loc[shown_days].round(2).to_string())

# %% [markdown]
# * **11 and 12 July.** The ministry sells 35 billion dollars. Hedge funds, whose margins and
#   limits tighten, and trend followers buy back yen: a third of the short is gone by the
#   end of the month. Most do so of their own will: in eight runs of ten hardly anything is sold by
#   force on the Monday after, but in a few very much is.
# * **31 July, 1 August.** The hike moves the yen by 2% and forces almost no sales: the funds'
#   margins still hold. Tokyo's shares, which take in the news a day later, lose 5%.
# * **2 August.** Payrolls. In four runs of ten sales are forced now: margin calls, and the
#   stop-outs of retail traders.
# * **5 August.** No news in the script at all. The Nikkei takes in New York's Friday and loses 7%
#   in the mean; funds called on Friday sell, and households long of Japanese shares are stopped
#   out.
# * **6 August.** Monday's prices bring more calls than Friday's. The Nikkei has turned, by 1%; the
#   real one by 10%.
# * **7 August.** The vice-governor speaks, the last households sell, and the day after it is over.
#
# ### Where the model misses
#
# Changes in per cent (logs), from 10 July to 5 August and in the ten days after.

# %%
PATHS = {
    "USDJPY": ("usdjpy", "JPY", -1),
    "Nikkei": ("nikkei", "NKY", 1),
    "S&P": ("sp500", "SPX", 1),
}
WINDOWS = {"fall": ("2024-07-10", "2024-08-05"), "after": ("2024-08-05", "2024-08-15")}

misses = []
for path, (column, instrument, sign) in PATHS.items():
    logs = pd.DataFrame([sign * days[f"log_{instrument}"] for days in tables], range(N_RUNS)).T
    real_logs = np.log(record[column])
    for window, (start, end) in WINDOWS.items():
        change = 100 * (logs.loc[end] - logs.loc[start])
        real_change = 100 * (real_logs[end] - real_logs[start])
        low, median, high = change.quantile([0.05, 0.5, 0.95])
        misses.append((path, window, low, median, high, real_change, (change < real_change).mean()))
columns = ["path", "window", "5%", "median", "95%", "real", "share of runs below real"]
print(pd.DataFrame(misses, columns=columns).round(2).to_string(index=False))

# %% [markdown]
# The model is *too mild*: the yen goes nearly as far as it did, but shares fall less than the real
# ones did, in all but a few runs of a hundred. And it is *too slow to turn*: ten days after 5
# August the real Nikkei had more than half of its fall back, the median run had less than half of
# a smaller one, and one run of a hundred comes as far. Part of the rebound was news that is not
# scripted; part is that in the model those who could buy back are slow to do so. A model that
# explains how the dam broke need not explain how it was mended.
#
# ### One of them
#
# A mean of many runs is not a path that happened. Take the runs whose USDJPY comes nearest to New
# York's noon rates on the days of the record. Is their cascade the same?

# %%
gap = np.log(usdjpy.loc[record.index]).sub(np.log(record["usdjpy"]), axis="index")
nearest = (gap**2).mean().pow(0.5).nsmallest(pick(10, 3)).index
august = slice("2024-07-31", "2024-08-12")
in_august = [tables[k].filter(regex="^forced_")[august].to_numpy().sum() for k in nearest]
alike = pd.DataFrame(
    {
        "distance": (gap[nearest] ** 2).mean() ** 0.5,
        "forced": [runs[k].summary["forced_sales_usd_bn"] for k in nearest],
        "in August": in_august,
        "calls": [runs[k].summary["n_margin_calls"] for k in nearest],
        "cuts": [runs[k].days["n_loss_cuts"].sum() for k in nearest],
        "failures": [runs[k].summary["n_failed"] for k in nearest],
    },
    index=nearest.rename("replicate"),
)
print("Distance from the record (log), forced sales in USD bn: in all, from 31 July to 12 August")
print(alike.round(3).to_string())

# %% [markdown]
# It is not: the same yen comes with USD 2bn sold by force in August or with 28bn, with most of it
# in July or none, with ten margin calls and no stop-out or with one call and three. A path of
# prices does not tell who was forced. And whoever shows you *the* simulated August has chosen one.
# So do we: of these, the one with most forced sales in August, because there is most to see in it.

# %%
chosen = int(alike["in August"].idxmax())
run, sold = runs[chosen], alike.loc[chosen, "in August"]
title = (
    f"One run: USDJPY falls {fall(usdjpy[chosen]):.0%} by 5 August,"
    f" and USD {sold:.0f}bn are sold by force after the hike"
)
caption = (
    f"Scenario august-2024, seed {SEED}, replicate {chosen}: of the {len(nearest)} runs of {N_RUNS}"
    " nearest to New York's noon rates, the one with most forced sales in August."
)
show(
    cascade_figure(
        run.days[:LAST],
        run.events,
        title,
        real=real_path("USDJPY", FIRST, LAST),
        caption=caption,
        opening_quote=opening,
        marks=[(place[pd.Timestamp(date)], label) for date, label in MARKS.items()],
    )
)

# %% [markdown]
# Its worst day in August in words. The chronicle is made of the table `events`, in which every
# row has its `cause`: the number of the row that brought it about.

# %%
worst = tables[chosen].filter(regex="^forced_").sum(axis="columns")[august].idxmax()
print(
    chronicle_text([entry for entry in chronicle(run.events) if entry.date == f"{worst:%Y-%m-%d}"])
)

# %% [markdown]
# ## Exercise
#
# **5.1** Speculators on the Chicago exchange closed 64% of what they closed between 2 July and 6
# August *before* the hike of 31 July. What does the model say? Take the closes of 2 July, 30 July
# and 6 August in the column `yen_short_units` of each of `tables`; for each run compute the share
# of what it closed between the first and the last that it had closed by the second; answer with
# the median over runs, a share, to two digits behind the point (0.12, not 12).

# %%
answer = ...
check("5.1", answer, tables=tables)

# %% [markdown]
# **5.2** On which day are the forced sales of all types together largest, in the mean over runs?
# Use `forced`, and answer with a date such as "2024-07-11".

# %%
answer = ...
check("5.2", answer, forced=forced)

# %% [markdown]
# **5.3** And whose are most of them on that day? A name of a column of `forced`, in quotes.

# %%
answer = ...
check("5.3", answer, forced=forced)

# %% [markdown]
# **5.4** Is the real path inside the band at the ECB's fixing of 5 August? Compare `fixing` with
# `band` on that day, and answer True or False.

# %%
answer = ...
check("5.4", answer, fixing=fixing, band=band)
