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
# # 7. Your own agent in twenty lines of Python
#
# ## Question
#
# When many must buy yen, the yen rises above its fundamental value. A trader with cool blood and
# money of its own could sell yen into the rush and buy them back when it is over: that should
# pay, and it should calm the market. Does it?
#
# You need lessons 3 and 6, and to have written a class in Python before.

# %%
import numpy as np
import pandas as pd

import abm
from abm.agents import PythonAgent
from abm.figures.panels import panels, write_header
from abm.figures.style import ACTOR_COLOURS, QUIET, house_style
from experiments.lessons.frame import check, pick, show

# %% [markdown]
# ## Experiment
#
# ### A trader
#
# A trader of your own is a class with a method `orders`. It is asked every morning, before the
# market opens, and says what to buy (positive) and sell (negative) today, in billions of dollars
# by instrument; `{}` is nothing. The instruments are three currencies, `"JPY"`, `"AUD"` and
# `"MXN"`, bonds, `"UST"`, `"HY"`, `"EM"` and `"JGB"`, and shares, `"SPX"` and `"NKY"`. Everything
# it may know is on `self`:
#
# | | |
# |---|---|
# | `self.wealth_usd_bn` | assets less debts |
# | `self.positions_usd_bn["JPY"]` | holding of an instrument; negative: a short |
# | `self.leverage`, `self.maintenance_leverage` | leverage (1 + debt / wealth), and its limit |
# | `self.model.log_yen` | rise of the yen since the close before the first day, log |
# | `self.model.day` | days traded so far |
# | `self.model.quotes["JPY"]` | the quote as markets write it: yen per dollar |
#
# Above `self.maintenance_leverage` (infinite on the first morning) the broker calls: the trader
# must pay back at any price, or is closed out. Who sells yen short owes them, and a rise of the yen
# is a larger debt.
#
# An order of day $d$ is filled on day $d$, at a price that is not known yet: on that morning
# `self.model.log_yen` shows the close of day $d - 1$, row $d - 1$ of `days["log_JPY"]` in the table
# that a run leaves.
#
# Here is one that leans against the rush. It sells yen for half its wealth after a day on which
# the yen rose by more than 2%, and buys them back bit by bit on quiet days. A class that is to
# remember something needs an `__init__`; `model` and `row`, its place in the books, only have to
# be handed on.


# %%
class Leaner(PythonAgent):
    """Sells yen into a sharp rise, and buys them back bit by bit on quiet days."""

    def __init__(self, model, row):
        super().__init__(model, row)
        self.yesterday = 0.0

    def orders(self):
        rise = self.model.log_yen - self.yesterday
        self.yesterday = self.model.log_yen
        held = self.positions_usd_bn["JPY"]
        if rise > 0.02:
            return {"JPY": -0.5 * self.wealth_usd_bn - held}
        if abs(rise) < 0.005:
            return {"JPY": -0.2 * held}
        return {}


# %% [markdown]
# And one that does nothing, to compare with. Its dollars earn interest.


# %%
class Idler(PythonAgent):
    """Keeps its dollars."""

    def orders(self):
        return {}


# %% [markdown]
# ### In the market
#
# It joins the model with money of its own and a broker, and trades at the same prices as all
# others. The scenario is a surprise of 50bp on day 0 at a leverage cap of 10, after which the dam
# breaks in more than eight draws of ten. (Lesson 3 looked at a cap of 4, where it takes a larger
# surprise to break it in half of them.)

# %%
SEED, FEW_DRAWS = 2024, 5
hike = abm.load_scenario("hike").with_changes({"shock.surprise_bp": 50})


def run_with(kind, wealth_usd_bn, replicate):
    """The model after its last day, with one trader of a kind in it."""
    trader = kind.spec(wealth_usd_bn=wealth_usd_bn, broker="bank-1")
    model = abm.CarryUnwindModel(hike, rng=SEED, replicate=replicate, python_agents=[trader])
    model.run()
    return model


def try_out(kind, wealth_usd_bn=20.0, n_draws=FEW_DRAWS):
    """The result of a trader and its effect on the yen, a row for each draw."""
    rows = []
    for replicate in range(n_draws):
        model = run_with(kind, wealth_usd_bn, replicate)
        if model.was_written_to:
            raise ValueError("it wrote to its own books: money from nowhere does not count")
        summary, trader = model.result().summary, model.python_agents[0]
        made = trader.wealth_usd_bn / wealth_usd_bn - 1
        rows.append(
            {
                "made": 100 * made,
                "peak": 100 * summary["largest_yen_rise_log"],
                "sales": summary["forced_sales_usd_bn"],
                "failed": trader.n_failures,
            }
        )
    return pd.DataFrame(rows)


print("Made in % of wealth, the yen's largest rise in log %, all forced sales in USD bn, and how")
print("often its broker closed it out")
for kind in (Idler, Leaner):
    print(f"\n{kind.__name__} with USD 20bn, {FEW_DRAWS} draws")
    print(try_out(kind).round(1).to_string())

# %% [markdown]
# The five draws differ a good deal. But `Leaner` and `Idler` met the same five, so compare row by
# row (lesson 6 says why): in all five it takes a little off the peak, and in four it would have
# done better to do nothing.
#
# ### More money, more draws
#
# A trader with 5bn is a drop in this market; one with 80bn is larger than any fund in it.

# %%
SIZES_USD_BN = pick((5, 10, 20, 40, 80), (20, 80))  # whole, quick
N_DRAWS = pick(40, 3)

idle = try_out(Idler, n_draws=N_DRAWS)
tried = {wealth: try_out(Leaner, wealth, N_DRAWS) for wealth in SIZES_USD_BN}
gained = {wealth: table - idle for wealth, table in tried.items()}  # row by row: the same draws


def mean_and_error(table):
    """Mean and standard error of what it makes, of the peak and of the sales, in words."""
    errors = table.std() / np.sqrt(len(table))
    columns = ("made", "peak", "sales")
    return {name: f"{table[name].mean():+.2f} ± {errors[name]:.2f}" for name in columns}


print(f"Leaner against Idler: mean difference ± standard error of {N_DRAWS} pairs")
print(pd.DataFrame({f"{w}bn": mean_and_error(gained[w]) for w in SIZES_USD_BN}).T.to_string())


# %%
def draw_gain(axes, column, label):
    """Differences by the trader's wealth: a dot for each draw, mean and twice its error."""
    axes.axhline(0, color=QUIET, linewidth=0.8)
    for place, table in enumerate(gained.values()):
        values = table[column].sort_values()
        spread = place + 0.4 * (0.618 * np.arange(len(values)) % 1)  # side by side, no chance
        axes.plot(spread, values, "o", color=ACTOR_COLOURS["custom"], alpha=0.35, ms=3, mew=0)
        error = 2 * values.std() / np.sqrt(len(values))
        axes.errorbar(place + 0.5, values.mean(), error, color="black", marker="o", markersize=3.5)
    axes.set_xticks(np.arange(len(gained)) + 0.25, labels=[f"{wealth}bn" for wealth in gained])
    axes.set_xlim(-0.25, len(gained) - 0.25)
    axes.set_xlabel("its wealth, USD")
    write_header(axes, label)


most = max(SIZES_USD_BN)
title = (
    f"Leaning with USD {most}bn takes {-gained[most]['peak'].mean():.1f} points off the yen's peak"
    f" of {idle['peak'].mean():.0f} and costs {-gained[most]['made'].mean():.1f}% of wealth"
)
caption = (
    f"Scenario hike at 50bp and a leverage cap of {hike.funds.leverage_cap:g}, seed {SEED},"
    f" replicates 0 to {N_DRAWS - 1}. Each dot: the run with Leaner less that with one that does"
    " nothing, same draws. Black: mean and twice its standard error. Points: log %."
)
with house_style():
    figure, (left, right) = panels(title, caption, ((0.06, 0.42), (0.55, 0.42)))
    draw_gain(left, "made", "What it makes more than Idler, % of its wealth")
    draw_gain(right, "peak", "Change of the yen's largest rise, points")
show(figure)

# %% [markdown]
# It helps all others but itself, and it is early twice: it begins to sell yen after the first day
# of the rush, and to buy them back on the first quiet day. Which of the two costs it so much? Let
# one sell as it does, and buy nothing back before day 40.


# %%
class LateBuyer(Leaner):
    """Sells yen as Leaner does, and buys none back before day 40."""

    def orders(self):
        wanted = super().orders()
        is_buying = wanted.get("JPY", 0.0) > 0.0
        return {} if is_buying and self.model.day < 40 else wanted


late = try_out(LateBuyer, n_draws=N_DRAWS) - idle
print("Made more than Idler with USD 20bn, % of wealth: mean difference ± standard error")
print(f"Leaner {mean_and_error(gained[20])['made']}, LateBuyer {mean_and_error(late)['made']}")

# %% [markdown]
# The buying back. To hold what it sold saves most of the loss: it had bought back on the first
# quiet day, and more of the rise was still to be given back. What the selling costs (the yen had
# further to rise) cannot be told from nothing in 40 pairs. More money does not help: the larger it
# is, the more it moves the price against itself. The ministry that bought dollars in lesson 6 was
# such a trader. It had other reasons.
#
# But that is *this* trader. Is there a better one?
#
# ## Exercise
#
# **7.1** How much more does `Leaner` with 20bn make than `Idler`, in the mean over all `N_DRAWS`
# draws, in % of his wealth? Minus if it is less. Use `gained` or `tried` and `idle`; to a tenth of
# a per cent.

# %%
answer = ...
check("7.1", answer, leaner=tried[20], idle=idle, n_few=FEW_DRAWS)

# %% [markdown]
# **7.2** Write a trader that ends *richer than Idler*, in the mean over the five draws of
# `try_out(YourTrader)`, by at least a tenth of a per cent of its 20bn. You may change everything
# in `orders`, except what it owns: money from outside does not count. Look at a path of `log_yen`
# first, `run_with(Idler, 20.0, 0).result().days["log_JPY"]`: when is the yen expensive, and when
# is it cheap? Then write the name of your class, without quotes and without brackets, in place of
# the three dots: the check runs it.


# %%
class YourTrader(PythonAgent):
    """Yours. So far it does nothing."""

    def orders(self):
        return {}


answer = ...
check("7.2", answer, try_out=try_out, idler=Idler, leaner=Leaner)

# %% [markdown]
# **7.3** Write one that takes more off the yen's peak than `Leaner` does, by at least half a point
# (of log %), in the mean over the same five draws and with the same 20bn. What does it cost?


# %%
class YourCalmer(PythonAgent):
    """Yours. So far it does nothing."""

    def orders(self):
        return {}


answer = ...
check("7.3", answer, try_out=try_out, idler=Idler, leaner=Leaner)

# %% [markdown]
# No check for this one: is there a trader that passes both? Economists have argued since Milton
# Friedman (1953) whether speculators who make money must make prices steadier. You have a
# laboratory now. Before you trust it: in this model the news comes on day 0, and value investors
# pull the price back to what it is worth. Who waits is rewarded by construction. In the world,
# there is no signal that the news is over.
