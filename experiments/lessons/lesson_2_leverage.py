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
# # 2. Leverage and the margin spiral
#
# ## Question
#
# Leveraged investors must sell when prices fall, and selling makes prices fall further. When does
# that end, and how much larger is the fall by then? And if leverage is so dangerous, why do
# markets of leveraged investors look so calm on most days?
#
# You need lesson 1.

# %%
import numpy as np
import pandas as pd

import abm
from abm.figures.panels import panels, write_header
from abm.figures.phase import LEVERAGE_CAP, SURPRISE, draw_amplification, quantiles
from abm.figures.style import QUIET, SIMULATED, TWIN_COLOURS, house_style
from abm.literature import brunnermeier_pedersen as spirals
from abm.literature import thurner as funds
from abm.runs import fast_cascade
from experiments.lessons.frame import QUICK, check, pick, show

# %% [markdown]
# ## Experiment
#
# ### One book
#
# A fund with USD 10bn of its own has bought for USD 40bn: it owes 30bn, and its leverage, here
# assets over own money, is 4. Let the price fall. The debt stays: the loss is all the fund's own.


# %%
def leverage_after(leverage, fall):
    """Leverage of a book after a fall of the price [assets over own money]."""
    return leverage * (1 - fall) / (1 - leverage * fall)


before = pd.Index([2.0, 4.0, 8.0], name="leverage before")
falls = (0.02, 0.04, 0.08)
book = pd.DataFrame(
    {f"fall of {fall:.0%}": leverage_after(before, fall) for fall in falls}, index=before
)
print("Leverage after a fall of the price, assets over own money")
print(book.round(2).to_string())

# %% [markdown]
# A fall makes every borrower *more* leveraged, and those who borrowed most, most of all. Now
# the broker who lent the money asks that own money be at least 10% of assets: that is the *margin
# rate* $m$, and it allows a leverage of up to $1/m = 10$. Who is above gets a *margin call* and has
# to sell. At an unchanged price a sale pays back debt and leaves own money $E$ alone, so assets $A$
# have to shrink to $E/m$: the sale is $A - E/m$.
#
# ### Many books in one market
#
# One fund that sells does not matter; all at once do. Brunnermeier and Pedersen (2009) put
# speculators who hold $x$ units at a margin of $m$ a unit opposite customers who buy $c$ units more
# for every unit of money that the price falls. Suppose the speculators lose 1 unit of money:
#
# * they can carry $1/m$ units less; the customers take them after a fall of $1/(cm)$;
# * on that fall the speculators lose $x/(cm) = k$ on what they hold, and the round begins anew with
#   $k$ in place of 1; then $k^2$, $k^3$ ... This is the *loss spiral*;
# * if, besides, the broker raises the margin by $\theta$ for every unit of money that the price
#   falls, each round also takes $\theta x$: $k = (x + \theta x)/(cm)$. This is the *margin spiral*.
#
# All rounds together make $1 + k + k^2 + \dots = 1/(1-k)$ times the first fall, as long as $k < 1$.
# Here are the first rounds, each one a clearing of the simulator's own market.

# %%
FIRST_LOSS = 1e-4  # of money, where speculators own 0.6
rounds = {}
for name, market in spirals.MARKETS.items():
    prices = spirals.follow_spiral(market, -FIRST_LOSS, most_turns=5)
    prices += prices[-1:] * (6 - len(prices))
    rounds[name] = [(prices[0] - price) / FIRST_LOSS for price in prices]
print("Fall of the price after each round, per unit of money lost at first")
print(pd.DataFrame(rounds).rename_axis("round").round(3).to_string())

market = spirals.MARKETS["loss spiral"]
k = market.position / (market.customer_slope * market.margin)
print(f"\nloss spiral: x = {market.position:g}, c = {market.customer_slope:g},", end=" ")
print(f"m = {market.margin:g}, k = {k:g}: all rounds together make {1 / (1 - k):g} times the first")

# %% [markdown]
# `unwind literature brunnermeier-pedersen` makes this picture and checks its numbers:

# %%
show(spirals.PAPER.figure(spirals.findings(quick=QUICK)))

# %% [markdown]
# Where $k$ reaches 1 (the lines of the middle panel go straight up) the spiral has no end nearby:
# on the right the orange price drops at once, by 0.05, after the smallest of losses. A little more
# lent against the same thing is the difference between a ripple and a crash.
#
# ### Many days
#
# Then why does all look well for so long? Because on most days those who borrow *calm* the market:
# they buy what gets cheap, and with borrowed money they buy more. Thurner, Farmer and Geanakoplos
# (2012) let ten such funds trade for a long time with noise traders. The same
# noise traders come below into a market where funds may not borrow (limit 1), and into two where
# they may hold 4 and 10 times their wealth.

# %%
LIMITS = (1, 4, 10)
BURN_IN, N_STEPS, N_PATHS = 2_000, pick(20_000, 3_000), pick(6, 1)  # whole, quick

prices, losses, measured = {}, {limit: [] for limit in LIMITS}, []
for limit in LIMITS:
    for seed in range(N_PATHS):
        shocks = funds.draw_shocks(seed, BURN_IN + N_STEPS)
        path = funds.simulate(funds.paper_rules(limit), shocks)
        numbers, lost = funds.measure(path, BURN_IN)
        prices[limit, seed] = path["price"].to_numpy()[BURN_IN:]
        losses[limit] = np.sort([*losses[limit], *lost])
        measured.append({"limit": limit, "largest_loss": lost.max()} | numbers._asdict())

columns = ["volatility", "tail_index", "largest_loss", "defaults"]
print(f"Means of {N_PATHS} paths of {N_STEPS:,} steps, by leverage limit: volatility (log a step),")
print("tail index of losses (Hill: smaller is heavier), largest loss (log), defaults per fund in")
print("10,000 steps")
print(pd.DataFrame(measured).groupby("limit")[columns].mean().round(3).to_string())

# %% [markdown]
# Leverage lowers the volatility and makes the tail of losses heavy. In one picture: the price about
# the largest fall of a path, and how rare a loss of each size is.

# %%
COLOURS = {1: QUIET, 4: "#E69F00", 10: "#D55E00"}
N_BEFORE, N_AFTER = 300, 100

falls = {seed: np.diff(np.log(prices[10, seed])) for seed in range(N_PATHS)}
worst_seed = min(falls, key=lambda seed: falls[seed].min())
crash = int(falls[worst_seed].argmin())

title = (
    "Funds that may borrow ten times their wealth keep the price near its worth,"
    f" until it falls by {-np.expm1(falls[worst_seed][crash]):.0%} in one step"
)
caption = (
    "Thurner, Farmer and Geanakoplos (2012) on the clearing kernel: ten value funds, the same noise"
    f" traders at every leverage limit. {N_PATHS} paths of {N_STEPS:,} steps; left, the one with"
    f" the largest fall (seed {worst_seed}). Losses: in steps that open below the worth."
)
with house_style():
    figure, (left, right) = panels(title, caption, ((0.06, 0.47), (0.63, 0.35)))
    shown = slice(max(0, crash - N_BEFORE), crash + N_AFTER)
    for limit in (1, 10):
        price = prices[limit, worst_seed][shown]
        steps = np.arange(shown.start, shown.start + len(price)) - crash
        left.plot(steps, price, color=COLOURS[limit], label=f"limit {limit}")
    left.axhline(funds.FUNDAMENTAL, color=QUIET, linewidth=0.8, linestyle=(0, (3, 2)))
    left.set_xlabel("steps before and after the fall")
    left.legend(loc="lower left")
    write_header(left, "Price of what is worth 1")
    for limit in LIMITS:
        rarer = 1 - np.arange(len(losses[limit])) / len(losses[limit])
        right.loglog(100 * losses[limit], rarer, color=COLOURS[limit], label=f"limit {limit}")
    right.set_xticks([1, 2, 5, 10, 20, 50], labels=["1", "2", "5", "10", "20", "50"])
    rare = {1e-4: "1 in 10,000", 1e-3: "1 in 1,000", 1e-2: "1 in 100", 1e-1: "1 in 10"}
    right.set_yticks(list(rare), labels=rare.values())
    right.minorticks_off()
    right.set(xlim=(1, 80), ylim=(0.5e-4, 0.5), xlabel="loss in one step, log %")
    right.legend(loc="lower left")
    write_header(right, "Share of losses that are larger")
show(figure)

# %% [markdown]
# ### In the simulator
#
# Now the whole world of carry trades: a surprise of 50 basis points by the Bank of Japan (scenario
# `hike`), met at eight caps on the leverage of hedge funds. `fast_cascade` runs the world with and
# without the shock, and both again with all positions frozen. *Amplification* is how many times
# further the yen rises within 20 trading days than it would have with positions frozen.

# %%
CAPS = pick((1, 1.5, 2, 3, 4, 5, 7, 10), (1, 10))
SURPRISE_BP, SEED, N_RUNS = 50, 2, pick(40, 3)

runs = []
for cap in CAPS:
    hike = abm.load_scenario("hike").with_changes({LEVERAGE_CAP: cap, SURPRISE: SURPRISE_BP})
    for replicate in range(N_RUNS):
        runs.append({LEVERAGE_CAP: cap} | fast_cascade(hike, SEED, replicate))
runs = pd.DataFrame(runs)

sold = ["forced_hedge_fund_usd_bn", "forced_retail_fx_usd_bn", "forced_retail_equity_usd_bn"]
by_cap = runs.groupby(LEVERAGE_CAP)[["n_margin_calls", *sold, "n_failed"]].mean()
by_cap.columns = ["margin calls", "hedge funds", "retail FX", "retail equity", "failed"]
print(f"Means of {N_RUNS} runs: calls, forced sales of three kinds of trader in USD bn, failures")
print(by_cap.round(2).to_string())

# %%
peaks = {
    "frozen": ("frozen_yen_appreciation", TWIN_COLOURS["frozen"]),
    "simulated": ("peak_yen_appreciation", SIMULATED),
}
middle = quantiles(runs, LEVERAGE_CAP, "price_amplification")["median"]
title = (
    f"A surprise of {SURPRISE_BP}bp moves the yen {middle[1]:.1f} times as far as its news alone"
    f" where funds may not borrow, {middle[10]:.1f} times at a leverage cap of 10"
)
caption = (
    f"Scenario hike, surprise of {SURPRISE_BP}bp, seed {SEED}, replicates 0 to {N_RUNS - 1}, the"
    " same at every cap. Lines: medians; bands: 5 to 95% of runs. Frozen: no fund trades from the"
    " day of the surprise on."
)
with house_style():
    figure, (left, right) = panels(title, caption, ((0.06, 0.4), (0.56, 0.41)))
    for name, (column, colour) in peaks.items():
        rise = 100 * quantiles(runs, LEVERAGE_CAP, column)
        band = (rise["low"], rise["high"])
        left.fill_between(rise.index, *band, color=colour, alpha=0.16, linewidth=0)
        left.plot(rise.index, rise["median"], color=colour, label=name)
    left.set(ylim=(0.0, None), xlabel="leverage cap, times wealth")
    left.legend(loc="upper left")
    write_header(left, "Largest rise of the yen, log %")
    draw_amplification(right, runs)
    write_header(right, "Amplification within 20 days, times")
show(figure)

# %% [markdown]
# Up to a cap of 1.5 hardly any fund gets a margin call, and the rise is hardly amplified. At 2 it
# is amplified by more than a third, though only USD 1bn is sold by force: funds close because the
# trade has become riskier, not because they must. From 3 on the forced sales add to that, and
# funds fail. Then the band is wide: at a cap of 5 one run makes one and a half times of its
# news, and another five times. Beyond 7 the cap hardly makes a difference: the funds do not want
# more, by their own limits on risk.
#
# ## Exercise
#
# **2.1** A broker asks for a margin rate of 10%. At which leverage does a fall of the price by 5%
# lead exactly to a margin call? Assets over own money, to two digits after the point.

# %%
MARGIN_RATE, FALL = 0.10, 0.05
answer = ...
check("2.1", answer, margin_rate=MARGIN_RATE, fall=FALL)

# %% [markdown]
# **2.2** A fund with USD 10bn of its own holds assets of 80bn when the price falls by 5%. How much
# must it sell, at the new price, to get back to what the margin rate allows? USD bn, to two digits
# after the point.

# %%
OWN_USD_BN, ASSETS_USD_BN = 10.0, 80.0
answer = ...
check(
    "2.2",
    answer,
    own_usd_bn=OWN_USD_BN,
    assets_usd_bn=ASSETS_USD_BN,
    margin_rate=MARGIN_RATE,
    fall=FALL,
)

# %% [markdown]
# **2.3** In the market `spirals.AT_REST`, brokers begin to raise the margin by 0.1 for every unit
# of money that the price falls (`margin_sensitivity` is $\theta$). How many times the first fall do
# all rounds together make? To one digit after the point. You can also measure it:
# `spirals.follow_spiral(market, -FIRST_LOSS)` gives the prices round by round.

# %%
market = spirals.AT_REST._replace(margin_sensitivity=0.1)
print(market)
answer = ...
check("2.3", answer, market=market)

# %% [markdown]
# **2.4** At a cap of 1 no hedge fund may borrow, and yet there are forced sales. Who
# is forced to sell most? Answer with the name of a column of `by_cap`, in quotation marks.

# %%
answer = ...
check("2.4", answer, forced_usd_bn=by_cap.loc[1, ["hedge funds", "retail FX", "retail equity"]])
