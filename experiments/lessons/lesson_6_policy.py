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
# # 6. What a policy changes
#
# ## Question
#
# The yen jumps and carry trades come apart. The Ministry of Finance can sell dollars for yen, or
# buy them; the Federal Reserve can open a swap line, so that dollars are to be had. What would
# each change, by how much, and how sure are we? And the ministry did sell dollars in July 2024,
# three weeks before the crash: was August the worse for it, or the better?
#
# You need lesson 4, and to know what a standard error is.

# %%
import numpy as np
import pandas as pd

import abm
from abm.figures.panels import panels, write_header
from abm.figures.style import ACTOR_COLOURS, QUIET, SIMULATED, house_style
from experiments.lessons.frame import check, pick, show

# %% [markdown]
# ## Experiment
#
# ### Four worlds, one field apart
#
# The scenario `hike` is a single BoJ surprise and nothing else; we make it a large
# one, 50bp. What authorities do is part of a scenario, the table `policy`: a *script*, because in
# this model no authority reacts to what it sees. Each world below differs from the first in
# one entry. Every policy comes the day after the hike.
#
# * `policy.mof` is a list of days on which the ministry sells dollars for yen. With `usd_bn`
#   negative it buys dollars.
# * `policy.swap_line` is crude. The model has no market for dollar funding that could dry up, so
#   the line does at once what it is hoped to do: brokers ask no margin above 10%, and dealers
#   keep at least 60% of their calm depth.


# %%
def ministry_sells(usd_bn):
    """The script of a ministry that sells so many dollars on day 1 [USD bn]."""
    day = {"name": "first", "day": 1, "usd_bn": usd_bn}
    return {"policy.mof": {"kind": "script", "interventions": [day]}}


POLICIES = {
    "nothing": {},
    "sells 20bn": ministry_sells(20.0),
    "buys 20bn": ministry_sells(-20.0),
    "swap line": {"policy.swap_line": {"kind": "line", "day": 1}},
}
SEED, N_RUNS = 2024, pick(200, 10)

hike = abm.load_scenario("hike").with_changes({"shock.surprise_bp": 50})


def runs_of(scenario):
    """The same draws for every scenario: replicate 3 of one and of another meet the same news."""
    for k in range(N_RUNS):
        yield abm.run(scenario, rng=SEED, replicate=k)


summaries = {
    name: pd.DataFrame([run.summary for run in runs_of(hike.with_changes(changes))])
    for name, changes in POLICIES.items()
}


def of_all_worlds(number):
    """One number of the summary: a row for each replicate, a column for each world."""
    return pd.DataFrame({name: summary[number] for name, summary in summaries.items()})


sales = of_all_worlds("forced_sales_usd_bn")
peak = 100 * of_all_worlds("largest_yen_rise_log")
means = pd.DataFrame(
    {
        "forced sales, USD bn": sales.mean(),
        "largest rise of the yen, log %": peak.mean(),
        "margin calls": of_all_worlds("n_margin_calls").mean(),
        "failures": of_all_worlds("n_failed").mean(),
    }
)
print(f"Means of {N_RUNS} runs")
print(means.round(1).to_string())

# %% [markdown]
# Selling dollars makes it *worse*. It is the ministry's weapon against a weak yen, and in an
# unwind the yen is too strong: who buys yen then adds to the rush.
#
# ### How sure are we?
#
# Luck differs a great deal between runs: without any policy, forced sales are near nothing in
# some and over USD 200bn in others. But our worlds have their luck in common. So take the
# *difference* within each pair of runs with the same replicate number, and then its mean and its
# standard error, $s/\sqrt{n}$, with $s$ the standard deviation of the differences.

# %%
changes = sales.drop(columns="nothing").sub(sales["nothing"], axis="index")
peak_changes = peak.drop(columns="nothing").sub(peak["nothing"], axis="index")


def in_words(changes, unit):
    """Mean paired difference and its standard error, for each policy."""
    error = changes.std() / np.sqrt(len(changes))
    return {name: f"{changes[name].mean():+.1f} ± {error[name]:.1f}{unit}" for name in changes}


effects = pd.DataFrame({"USD bn sold": in_words(changes, ""), "peak": in_words(peak_changes, "%")})
print(f"Change against doing nothing, {N_RUNS} pairs, mean ± standard error")
print(effects.to_string())


# %%
def draw_changes(axes, changes, unit):
    """Each pair's difference as a dot; beside them mean and twice its standard error."""
    axes.axhline(0, color=QUIET, linewidth=0.8)
    for place, name in enumerate(changes):
        of_pairs = changes[name].sort_values()
        spread = place + 0.4 * (0.618 * np.arange(len(of_pairs)) % 1)  # side by side, no chance
        axes.plot(spread, of_pairs, "o", color=SIMULATED, alpha=0.25, markersize=2.5, mew=0)
        mean, error = of_pairs.mean(), of_pairs.std() / np.sqrt(len(of_pairs))
        axes.errorbar(place + 0.47, mean, 2 * error, color="black", marker="o", markersize=3)
        label = f"{mean:+.1f}{unit}".replace("-", "−")
        axes.text(place + 0.52, mean, label, va="center", fontsize=7.5, fontweight="bold")
    labels = [f"ministry\n{name}" if "20bn" in name else name for name in changes]
    axes.set_xticks(np.arange(len(labels)) + 0.2, labels=labels)
    axes.set_xlim(-0.2, len(labels) + 0.15)


title = (
    f"To sell USD 20bn after the hike adds {changes['sells 20bn'].mean():.0f}bn to forced sales,"
    f" to buy as many saves {-changes['buys 20bn'].mean():.0f}bn"
)
caption = (
    f"Scenario hike at 50bp, seed {SEED}, replicates 0 to {N_RUNS - 1}; policies on the day after"
    " the hike. Dots: the difference of a pair of runs with the same draws. Bars: mean and twice"
    " its standard error."
)
with house_style():
    figure, (left, right) = panels(title, caption, ((0.06, 0.41), (0.55, 0.41)), 3.2)
    draw_changes(left, changes, "bn")
    write_header(left, "Change of forced sales, USD bn")
    draw_changes(right, peak_changes, "%")
    write_header(right, "Change of the yen's largest rise, % (log)")
show(figure)

# %% [markdown]
# The swap line takes all forced sales of hedge funds away. That is no discovery: margins that may
# not rise call no fund. What the model adds is what is *left*. Households are still stopped out of
# their shares. And the yen still gains ten per cent, because those who are not forced to sell
# leave as well. Think of the line's effect as the most that cheap dollars could do.
#
# A mean is not a promise. Look at the dots: for all that the mean is known to 2bn, in single runs
# the ministry changes next to nothing, or 100bn.
#
# ### The July that did not happen
#
# On 11 and 12 July 2024 the ministry sold USD 35bn, and the yen rose by 2% in a day. Did that
# help to bring about August? One field less, same draws:

# %%
august = abm.load_scenario("august-2024")
worlds = {
    "as it was": august,
    "no intervention": august.with_changes({"policy.mof": {"kind": "none"}}),
}
tables = {name: [run.days for run in runs_of(world)] for name, world in worlds.items()}
dates = [date.isoformat() for date in august.calendar.dates()]


def measure(table):
    """Measures of one August: the yen in per cent (logs), amounts in USD bn."""
    yen, forced = 100 * table["log_JPY"], table.filter(regex="^forced_").sum(axis="columns")
    return {
        "yen short on 30 July": table["yen_short_units"]["2024-07-30"],
        "yen, 10 to 30 July": yen["2024-07-30"] - yen["2024-07-10"],
        "yen, 30 July to 5 August": yen["2024-08-05"] - yen["2024-07-30"],
        "yen, 10 July to 5 August": yen["2024-08-05"] - yen["2024-07-10"],
        "forced sales before 31 July": forced[:"2024-07-30"].sum(),
        "forced sales 31 July to 12 August": forced["2024-07-31":"2024-08-12"].sum(),
        "forced sales by the end of October": forced.sum(),
    }


found = {name: pd.DataFrame(map(measure, tables[name])) for name in worlds}
gap = found["no intervention"] - found["as it was"]
table = pd.DataFrame(
    {
        "as it was": found["as it was"].mean(),
        "no intervention": found["no intervention"].mean(),
        "difference": gap.mean(),
        "standard error": gap.std() / np.sqrt(N_RUNS),
        "5%": gap.quantile(0.05),
        "95%": gap.quantile(0.95),
        "larger without": (gap > 0).mean(),
    }
)
print(f"Means of {N_RUNS} pairs; 5%, 95% and the share in which it is larger: of single pairs")
print(table.round(2).to_string())


# %%
COLOURS = {"as it was": SIMULATED, "no intervention": ACTOR_COLOURS["hedge_fund"]}
LAST = dates.index("2024-08-30")


def draw_quotes(axes):
    """Median USDJPY of both worlds, and 5 to 95% of runs."""
    opening = august.instruments["JPY"].opening_quote
    for name in worlds:
        quotes = [opening * np.exp(-days["log_JPY"][: LAST + 1]) for days in tables[name]]
        low, median, high = np.quantile(quotes, [0.05, 0.5, 0.95], axis=0)
        axes.fill_between(range(LAST + 1), low, high, color=COLOURS[name], alpha=0.13, linewidth=0)
        axes.plot(median, color=COLOURS[name], linewidth=1.8, label=name)
    ticks = {"2024-07-01": "1 July", "2024-07-11": "11 July", "2024-07-31": "31 July"}
    ticks |= {"2024-08-15": "15 August", "2024-08-30": "30 August"}
    axes.set_xticks([dates.index(date) for date in ticks], labels=ticks.values())
    axes.legend(loc="lower left")
    write_header(axes, "USDJPY, yen per dollar, median and 5 to 95%")


def draw_pairs(axes):
    """Forced sales after the hike in each pair of runs [USD bn]."""
    pair = [found[name]["forced sales 31 July to 12 August"] for name in COLOURS]
    most = 1.05 * max(column.max() for column in pair)
    axes.plot([0, most], [0, most], color=QUIET, linewidth=0.8, linestyle=(0, (3, 2)))
    axes.plot(*pair, "o", color=SIMULATED, alpha=0.4, markersize=3.5, mew=0)
    axes.text(0.06 * most, 0.97 * most, "worse without", color=QUIET, va="top")
    axes.text(0.97 * most, 0.06 * most, "worse with", color=QUIET, ha="right")
    axes.set_xlabel("as it was")
    axes.set_ylabel("no intervention")
    write_header(axes, "Forced sales 31 July to 12 August, USD bn, by pair")


july, more = gap["yen, 10 to 30 July"], gap["forced sales 31 July to 12 August"]
title = (
    f"Without the intervention the yen rises {-july.mean():.1f}% less in July, and forced sales"
    f" after the hike are USD {more.mean():.0f}bn larger"
)
caption = (
    f"Scenario august-2024 and the same without policy.mof, seed {SEED}, replicates 0 to"
    f" {N_RUNS - 1}. In {(more > 0).mean():.0%} of pairs forced sales from 31 July to 12 August are"
    " larger without the intervention."
)
with house_style():
    figure, (left, right) = panels(title, caption, ((0.06, 0.41), (0.57, 0.41)), 3.2)
    draw_quotes(left)
    draw_pairs(right)
show(figure)

# %% [markdown]
# In this model the intervention made July worse and August *better*. It drove out carry traders
# while nothing else was wrong: by 30 July their yen short is 84bn smaller than it would have
# been, so that the hike and the payrolls met fewer who had to sell. Both months together, less is
# sold by force with it than without. A small fire that leaves less to burn.
#
# Now what is *not* shown. Read the table again before you quote it:
#
# * By 5 August the yen has risen *less* without the intervention, not more. What is worse is the
#   speed and who is forced, not the distance.
# * The band of single pairs reaches below zero: in nearly one pair of four August was no worse
#   without it.
# * Of the 4.5% in July 0.4 come from `signal_log`, what the ministry's appearance told the market;
#   the rest is its purchase and those whom it drove out. How far a purchase moves the yen is tuned
#   to that July, not measured apart from it.
# * The Bank of Japan follows its script. A real one, with the yen at 161 and not at 154, might
#   have hiked more, or earlier.
#
# ## Exercise
#
# **6.1** What does it change in forced sales if the ministry *buys* 20bn of dollars the day after
# the hike? Mean change against doing nothing, in USD bn, minus if they become fewer. All numbers
# are in `sales`: a row for each replicate, a column for each world.

# %%
answer = ...
check("6.1", answer, sales=sales)

# %% [markdown]
# **6.2** The standard error of this change, from the differences within pairs [USD bn].

# %%
answer = ...
check("6.2", answer, sales=sales)

# %% [markdown]
# **6.3** And had the two worlds *not* had their luck in common? Then the two means err
# independently: $\sqrt{s_1^2/n + s_2^2/n}$, with $s_1$ and $s_2$ the standard deviations of the
# two columns [USD bn].

# %%
answer = ...
check("6.3", answer, sales=sales)

# %% [markdown]
# **6.4** With pairs you needed `N_RUNS` runs of each world. How many runs of each would you need
# without pairs, to know the change as well?

# %%
answer = ...
check("6.4", answer, sales=sales)

# %% [markdown]
# **6.5** Now the same for the *swap line*: the standard error with pairs divided by that without.
# Why is it so different from what you got for the ministry?

# %%
answer = ...
check("6.5", answer, sales=sales)
