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
# # 1. What carry earns and what it risks
#
# ## Question
#
# In 2024 a yen cost 0.1% interest a year and a dollar earned 5.3%. Why not borrow yen, buy dollars
# and keep the difference? What does a year of that trade earn, what does one bad week cost, and
# what does borrowing more change?
#
# You need: percentages, and Python as far as `print`.

# %%
import pandas as pd

import abm
from abm.carry import attribute_pnl, covered_forward, covered_return, net_carry, uncovered_return
from abm.episodes.record import real_path
from abm.figures.panels import panels, write_header
from abm.figures.style import QUIET, house_style
from experiments.lessons.frame import check, show

# %% [markdown]
# ## Experiment
#
# ### The rates
#
# We take the interest rates of the scenario `august-2024`, the one you get with
# `unwind run august-2024`. All are shares per year: 0.053 is 5.3%.

# %%
scenario = abm.load_scenario("august-2024")
rate_yen = scenario.rates.funding_per_year
rate_dollar = scenario.rates.usd_per_year
rate_peso = scenario.instruments["MXN"].yield_per_year

for name, rate in (("dollar", rate_dollar), ("peso", rate_peso)):
    carry = net_carry(rate, rate_yen)
    print(f"{name}: earns {rate:.1%} a year, the yen costs {rate_yen:.1%}, net carry {carry:.1%}")

# %% [markdown]
# ### A year, and what it was made of
#
# An investor in Tokyo borrows JPY 100bn on 10 July 2023 and buys dollars, or pesos, at the exchange
# rate of that day. A year later the dollars are sold and the loan is paid back. Quotes are the
# European Central Bank's of 14:15: USDJPY is yen per dollar, so that a *fall* means the yen has
# *appreciated*, and the trade loses.
#
# `attribute_pnl` splits the profit into the interest (at an unchanged exchange rate), the move of
# the exchange rate on the sum borrowed, and its move on the interest earned. The parts add up
# to the profit exactly.

# %%
NOTIONAL_JPY_BN = 100.0
START, YEAR_END = "2023-07-10", "2024-07-10"

paths = {pair: real_path(pair, START, "2024-08-30") for pair in ("USDJPY", "MXNJPY")}
rates = {"USDJPY": rate_dollar, "MXNJPY": rate_peso}


def profit_jpy_bn(pair, first_day, last_day):
    """The profit of the position between two days, by source [JPY bn]."""
    path = paths[pair]
    years = (pd.Timestamp(last_day) - pd.Timestamp(first_day)).days / 365
    spot, spot_end = path[first_day], path[last_day]
    parts = attribute_pnl(NOTIONAL_JPY_BN, rate_yen, rates[pair], years, spot, spot_end)
    return {"pair": pair, "spot": spot, "spot at end": spot_end} | parts._asdict()


year = pd.DataFrame([profit_jpy_bn(pair, START, YEAR_END) for pair in paths])
print(f"JPY {NOTIONAL_JPY_BN:g}bn for a year from {START}, profit in JPY bn")
print(year.round(2).to_string(index=False))

# %% [markdown]
# Three quarters of the gain in dollars, and half of that in pesos, came from the exchange rate. The
# interest is the sure part. The rest could have gone the other way.
#
# ### One bad week
#
# The same position in the five trading days in which the yen rose most.

# %%
week_end = str(paths["USDJPY"].pct_change(5).idxmin().date())
before_week = paths["USDJPY"].index.get_loc(week_end) - 5
week_start = str(paths["USDJPY"].index[before_week].date())

week = pd.DataFrame([profit_jpy_bn(pair, week_start, week_end) for pair in paths])
print(f"JPY {NOTIONAL_JPY_BN:g}bn from {week_start} to {week_end}, profit in JPY bn")
print(week.round(2).to_string(index=False))

# %% [markdown]
# A week of interest is a tenth or two of a billion. The exchange rate took some seventy times as
# much: more than a year of carry, in five days. Small steady gains, rare large losses: traders call
# it picking up pennies in front of a steamroller.
#
# ### Could one have insured the exchange rate?
#
# A *forward* fixes today the rate at which one will sell the dollars in a year. There is no free
# lunch: the forward is below the spot by just the interest difference. Sold through it, the trade
# earns nothing. The carry trade is the bet that the spot does *not* follow its forward.

# %%
path = paths["USDJPY"]
forward = covered_forward(path[START], rate_yen, rate_dollar, years=1.0)
hedged = covered_return(rate_yen, rate_dollar, years=1.0)
unhedged = uncovered_return(rate_yen, rate_dollar, 1.0, path[START], path[YEAR_END])
print(f"{START}: spot {path[START]:.2f}, one-year forward {forward:.2f} yen per dollar")
print(f"{YEAR_END}: spot {path[YEAR_END]:.2f} yen per dollar")
print(f"return on the position in that year: hedged {hedged:.1%}, unhedged {unhedged:.1%}")

# %% [markdown]
# ### Leverage multiplies both
#
# A fund with JPY 20bn of its own borrows another 80bn and holds a position of 100bn. Its
# *leverage*, position over own money, is 5: 1 + borrowing over own money, as everywhere in the
# model and on its web page. Each per cent on the position is then five per cent of its own money.
# Below is what became of 1 of own money put up on the first day, at three leverages, with nothing
# bought or sold on the way; leverage 1 borrows nothing. (A fund that buys more as it gets richer,
# to keep its leverage at 5, has more to lose in the end.)

# %%
LEVERAGES = {1: QUIET, 3: "#E69F00", 5: "#D55E00"}


def wealth_path(pair, leverage):
    """Growth of 1 unit of own money, by day [times the first]."""
    path = paths[pair]
    years = (path.index - path.index[0]).days.to_numpy() / 365
    position = leverage * (path.to_numpy() / path.iloc[0]) * (1.0 + rates[pair] * years)
    loan = (leverage - 1.0) * (1.0 + rate_yen * years)
    return position - loan


def draw_wealth(axes, pair, currency):
    """Draw own money in one pair, a line for each leverage."""
    for leverage, colour in LEVERAGES.items():
        label = f"leverage {leverage}"
        axes.plot(paths[pair].index, wealth_path(pair, leverage), color=colour, label=label)
    axes.axvspan(pd.Timestamp(week_start), pd.Timestamp(week_end), color="#DDDDDD", zorder=0)
    axes.axhline(1.0, color=QUIET, linewidth=0.8, linestyle=(0, (3, 2)))
    axes.set_ylim(0.0, 2.5)
    ticks = pd.to_datetime(["2023-07-10", "2024-01-01", "2024-07-10"])
    axes.set_xticks(ticks, labels=["10 July 2023", "1 Jan 2024", "10 July 2024"])
    axes.legend(loc="upper left")
    write_header(axes, f"Own money, yen borrowed for {currency},\ntimes that of the first day")


most, crash = max(LEVERAGES), pd.Timestamp(week_end)
peso = pd.Series(wealth_path("MXNJPY", most), paths["MXNJPY"].index)
title = (
    f"Yen borrowed for pesos, leverage {most}: own money of 1 became {peso.max():.1f}"
    f" by {peso.idxmax():%B %Y} and {peso[crash]:.1f} by {crash.day} {crash:%B %Y}"
)
caption = (
    "Wealth per unit of own money put up on 10 July 2023; units of currency held fixed, simple"
    f" interest ({rate_yen:.1%} paid; {rate_dollar:.1%} earned on dollars, {rate_peso:.1%} on"
    f" pesos). Grey: {week_start} to {week_end}. Quotes: ECB reference rates."
)
with house_style():
    figure, (left, right) = panels(title, caption, ((0.06, 0.42), (0.55, 0.42)))
    draw_wealth(left, "USDJPY", "dollars")
    draw_wealth(right, "MXNJPY", "pesos")
show(figure)

# %% [markdown]
# The three lines of a panel have met the same prices; they differ by borrowed money alone. At
# leverage 5 a fall of 20% takes all there is. Long before that the broker asks for more margin,
# which is lesson 2.
#
# ## Exercise
#
# **1.1** On 10 July 2024 a fund with leverage 5 borrows yen and buys dollars for a year, at the
# rates `rate_yen` and `rate_dollar` and the exchange rate `spot` below. At which USDJPY a year
# later has what it *borrowed* earned exactly nothing? Yen per dollar, to a tenth of a yen.

# %%
spot = paths["USDJPY"][YEAR_END]
answer = ...
check("1.1", answer, spot=spot, rate_yen=rate_yen, rate_dollar=rate_dollar, leverage=5)

# %% [markdown]
# **1.2** And at which USDJPY a year later has it lost *all* its own money?
# Yen per dollar, to a tenth of a yen.

# %%
answer = ...
check("1.2", answer, spot=spot, rate_yen=rate_yen, rate_dollar=rate_dollar, leverage=5)

# %% [markdown]
# **1.3** Find the worst single day of `paths["MXNJPY"]` (`pct_change` is your friend). For how many
# calendar days must a fund with leverage 5 in pesos collect its net carry to earn back what that
# one day took? Days, to within 3%.

# %%
answer = ...
check("1.3", answer, path=paths["MXNJPY"], rate_yen=rate_yen, rate_foreign=rate_peso, leverage=5)
