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
# # 3. Leak or dam
#
# ## Question
#
# The Bank of Japan surprises the market. Sometimes nothing happens, sometimes investors close their
# yen shorts over weeks (a *leak*), sometimes nearly all at once (the *dam* breaks). How large must
# a surprise be to break the dam, and how sure can one be of the answer?
#
# You need lesson 2, and what a share of $n$ draws is.

# %%
from pathlib import Path

import numpy as np
import pandas as pd

import abm
from abm.figures.panels import panels, write_header
from abm.figures.phase import LEVERAGE_CAP, SURPRISE, class_shares, draw_class_shares
from abm.figures.style import INK, QUIET, SIMULATED, house_style
from abm.measures.cascade import DAM_BREAK_SHARE, LEAK_SHARE
from abm.runs import fast_cascade
from abm.sweep.intervals import wilson
from experiments.lessons.frame import check, pick, show

# %% [markdown]
# ## Experiment
#
# ### One seed
#
# `abm.cascade` runs a scenario on one draw of chance (`rng`) beside the run without the
# surprise, and says how much of the yen short (all yen owed) was closed *because of it* after 5,
# 30 and 60 days. That decides the class of the run. (Where as much had been closed within five days
# before the surprise came, and not been rebuilt, the dam was *broken before the shock*: what was
# left cannot tell what a surprise does. Such runs are counted, and are a class of their own.)

# %%
print(f"dam break: {DAM_BREAK_SHARE:.0%} or more of the yen short closed within 5 days")
print(f"leak: not that, but {LEAK_SHARE:.0%} or more closed within 30 or 60 days; else absorbed")

hike = abm.load_scenario("hike").with_changes({SURPRISE: 40, LEVERAGE_CAP: 4})
one = abm.cascade(hike, rng=0)
print(f"class {one['class']}: closed {one['unwound_5d']:.0%} of the yen short in 5 days,", end=" ")
print(f"{one['unwound_30d']:.0%} in 30; the yen rose {one['peak_yen_appreciation']:.1%} (log)")

# %% [markdown]
# *Closed* is the difference from the no-shock run, as a share of the short before the surprise.
#
# So 40 basis points at a leverage cap of 4 do *that*: the dam breaks. Or do they?
# Nine more seeds, nothing else changed. (`fast_cascade` gives the same numbers without the tables.)

# %%
for seed in range(pick(10, 3)):  # whole, quick
    run = fast_cascade(hike, seed)
    print(f"seed {seed}: {run['class']:9}  closed in 5 days {run['unwound_5d']:4.0%}", end="  ")
    print(f"yen up {run['peak_yen_appreciation']:5.1%}")

# %% [markdown]
# The surprise was the same ten times. What differs is everything else that happened before and
# after: other news, who had borrowed how much of whom. Five of the ten dams broke: here the class
# of one run is the toss of a coin. The question has to be: with what *probability* does the dam
# break?
#
# ### Many seeds
#
# The same at several surprises, many replicates each. A replicate is a numbered draw from one seed:
# a hundred replicates of seed 3 are as independent as a hundred seeds. All surprises meet the same
# replicates (the same draws of everything else), so that what differs between them is the surprise
# alone.

# %%
CAP, SEED = 4, 3
SURPRISES_BP = pick((20, 25, 30, 35, 40, 45, 50, 60), (20, 40, 60))
N_RUNS = pick(100, 15)

runs = []
for surprise in SURPRISES_BP:
    scenario = abm.load_scenario("hike").with_changes({SURPRISE: surprise, LEVERAGE_CAP: CAP})
    for replicate in range(N_RUNS):
        runs.append({SURPRISE: surprise} | fast_cascade(scenario, SEED, replicate))
runs = pd.DataFrame(runs)

n_broken = (runs["class"] == "dam break").groupby(runs[SURPRISE]).sum()
print(f"Share of {N_RUNS} runs in each class, by surprise in bp (leverage cap {CAP})")
print(class_shares(runs).round(2).to_string())

# %% [markdown]
# A share of $n$ runs is not the probability itself: other seeds would have given another share. The
# bars below are 95% intervals (Wilson's): of a hundred such bars about 95 hold the true
# probability. If the stored study of 20,000 runs (`experiments/leak-or-dam.toml`, other seeds) lies
# in the `results` folder, its points stand beside ours. You need not read the next two cells: they
# pick the runs at our cap out of that study, and draw.

# %%
STORED = Path(abm.__file__).resolve().parents[1] / "results" / "leak-or-dam"


def stored_shares():
    """Number of runs and share of broken dams by surprise in the stored study, or None."""
    if not STORED.is_dir():
        print("No stored study here: `unwind sweep experiments/leak-or-dam.toml` makes it.")
        return None
    study = abm.load_sweep(STORED)
    here = study[
        (study[LEVERAGE_CAP] == CAP)
        & (study["liquidity.depth_multiple"] == hike.liquidity.depth_multiple)
        & (study["funds.overlap"] == hike.funds.overlap)
    ]
    broken = (here["class"] == "dam break").groupby(here[SURPRISE])
    return pd.DataFrame({"share": broken.mean(), "n": broken.size()})


stored = stored_shares()
if stored is not None:
    print(f"Share of broken dams in the stored study, {stored['n'].min()} runs a surprise")
    print(stored["share"].to_string())


# %%
def draw_probability(axes, shares, n, label, shift_bp=0.0, **look):
    """Shares with their 95% intervals against the surprise, in per cent."""
    low, high = wilson(shares, n)
    bars = 100 * np.array([shares - low, high - shares])
    axes.errorbar(
        shares.index + shift_bp,
        100 * shares,
        bars,
        label=label,
        marker="o",
        markersize=4,
        elinewidth=0.9,
        **look,
    )


shares = n_broken / N_RUNS
title = (
    f"At a leverage cap of {CAP} a surprise of 20bp breaks the dam in {shares[20]:.0%} of runs,"
    f" one of 60bp in {shares[60]:.0%}"
)
caption = (
    f"Scenario hike, leverage cap {CAP}, seed {SEED}, {N_RUNS} replicates a surprise, the same at"
    " all surprises. Bars: 95% intervals (Wilson). Stored study: seed 1, 25 replicates a surprise,"
    " same depth and overlap, drawn 0.6bp to the right."
)
with house_style():
    figure, (left, right) = panels(title, caption, ((0.07, 0.42), (0.56, 0.42)))
    draw_class_shares(left, runs)
    write_header(left, "Class of run, share of runs\n ")
    draw_probability(right, shares, N_RUNS, f"{N_RUNS} runs each", color=SIMULATED)
    if stored is not None:
        look = {"color": INK, "linestyle": "", "shift_bp": 0.6}  # beside our bars, not on them
        draw_probability(right, stored["share"], stored["n"], "stored study", **look)
    right.axhline(50, color=QUIET, linewidth=0.8, linestyle=(0, (3, 2)))
    right.set(xlim=(min(SURPRISES_BP) - 3, max(SURPRISES_BP) + 3), ylim=(-3, 103))
    right.set_xlabel("BoJ surprise, bp")
    right.legend(loc="upper left")
    write_header(right, "Share of runs in which the dam breaks, %\n ")
show(figure)

# %% [markdown]
# One dam breaks at once; the *probability* does not. It climbs all the way from 20 basis points,
# which break three dams of a hundred, to 60, which break all but four, and on the way, at 30, a
# leak is what comes most often: no size of surprise is safe below and deadly above. Nor is it the
# surprise alone: with `CAP = 10` some 31 basis points break the dam in half of the runs (try it).
#
# ## Exercise
#
# **3.1** At which surprise do half of the runs break the dam at a leverage cap of 4? Draw a
# straight line between the two `shares` on either side of one half. In bp, as precisely as the
# number of runs allows.

# %%
answer = ...
check("3.1", answer, n_broken=n_broken, n_runs=N_RUNS)

# %% [markdown]
# **3.2** Toss a coin $n$ times that shows heads with probability $p$: the share of heads strays
# from $p$ by the *standard error* $\sqrt{p(1-p)/n}$. What is the standard error of a share of one
# half seen in 100 runs? As a share, to three digits after the point.

# %%
answer = ...
check("3.2", answer, share=0.5, n=100)

# %% [markdown]
# **3.3** How many runs does it take to bring the standard error of a share of one half down to
# 0.01, one in a hundred?

# %%
answer = ...
check("3.3", answer, share=0.5, error=0.01)

# %% [markdown]
# **3.4** A newspaper ran this simulator ten times at some surprise, saw the dam break 3 times, and
# prints: "the dam breaks with a probability of 30%". You have run the same surprise 10,000 times:
# the probability is 50%. Is their result so odd that they must have made a mistake? Say `True` if
# it is more than two standard errors (of ten runs at 50%) away from the truth, `False` if not.

# %%
answer = ...
check("3.4", answer, seen=0.3, share=0.5, n=10)
