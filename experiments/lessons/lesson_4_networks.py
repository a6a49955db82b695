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
# # 4. Networks: who fails when a prime broker fails
#
# ## Question
#
# Hedge funds borrow from a few banks, their *prime brokers*, and banks owe one another. If one
# broker fails, who loses, and who fails with it? Is the largest bank the one to be afraid of?
#
# You need to know what a balance sheet is. A little NetworkX does not hurt.

# %%
import networkx as nx
import numpy as np
import pandas as pd

import abm
from abm.figures.network import network_figure
from abm.figures.panels import panels, write_header
from abm.figures.style import QUIET, house_style
from experiments.lessons.frame import check, pick, show

# %% [markdown]
# ## Experiment
#
# ### The graph
#
# `CarryUnwindModel` is the simulator, day by day. Before its first step it stands on the eve of the
# surprise. `exposures` is a NetworkX graph: an edge runs from who has lent to who has borrowed, and
# its `weight` is the amount in USD bn.

# %%
SEED = 0
model = abm.CarryUnwindModel("hike", rng=SEED)
graph = model.exposures


def names_of(kind):
    """Names of all institutions of a kind."""
    return [name for name, node in graph.nodes(data=True) if node["kind"] == kind]


funds, bank_names = names_of("hedge_fund"), names_of("bank")
rows = []
for bank in bank_names:
    clients = [name for name in graph[bank] if name not in bank_names]
    served = [name for name in clients if name in funds]
    row = {
        "bank": bank,
        "loans USD bn": sum(graph[bank][name]["weight"] for name in clients),
        "funds": len(served),
        "of these with no other": sum(graph.in_degree(name) == 1 for name in served),
        "households": len(clients) - len(served),
    }
    rows.append(row)
print("Who borrows from whom (a household here stands for many)")
print(pd.DataFrame(rows).round(1).to_string(index=False))

# %%
title = (
    f"{len(funds)} hedge funds share four prime brokers: households borrow from eight small banks"
)
caption = f"Scenario hike, seed {SEED}, on the eve of the surprise."
show(network_figure(graph, title, caption))

# %% [markdown]
# If a prime broker fails, its funds must find another one. In the model a part of the lending moves
# to other brokers, and the rest is recalled: the funds have to sell. That is one way in which a
# failure spreads.

# %%
moves = model.given_scenario.banks.portable_share
print(f"{moves:.0%} of a failed bank's lending moves, {1 - moves:.0%} is recalled")

# %% [markdown]
# The other way is that banks owe one another.
#
# ### What banks owe one another
#
# We keep the banks alone, and read their balance sheets off the graph. What a bank has besides its
# claims on banks we call *outside assets*; what it owes besides its debts to banks, *deposits*.

# %%
interbank = graph.copy()
interbank.remove_nodes_from([name for name in graph if name not in bank_names])
claims = nx.to_numpy_array(interbank)  # row: lender, column: borrower

nodes = interbank.nodes(data=True)
banks = pd.DataFrame(
    {
        "assets": {name: node["assets_usd_bn"] for name, node in nodes},
        "capital": {name: node["wealth_usd_bn"] for name, node in nodes},
        "lent to banks": dict(interbank.out_degree(weight="weight")),
        "owes banks": dict(interbank.in_degree(weight="weight")),
    }
)
print("Balance sheets of the banks, USD bn")
print(banks.round(1).to_string())

# %% [markdown]
# Let one bank lose all its outside assets, and let deposits be paid before debts to banks (in many
# countries that is the law). `clear_interbank` then finds who can still pay what: the *clearing
# vector* of Eisenberg and Noe (2001). Who can, pays in full; who cannot, pays what there is; that
# may bring down others, and so on until no further bank falls.
#
# `multiple` makes all interbank claims so many times larger, in case the banks grow closer.


# %%
def clear_after_failure(failed, multiple=1.0):
    """Clearing once a bank has lost its outside assets, with claims so many times as large."""
    outside = banks["assets"] - multiple * banks["lent to banks"]
    deposits = banks["assets"] - banks["capital"] - multiple * banks["owes banks"]
    outside[failed] = 0.0
    debts = multiple * claims.T  # row: who owes, column: to whom
    return abm.clear_interbank(debts, outside, deposits, external_seniority="senior")


losses = pd.DataFrame(
    {
        failed: banks["capital"] - clear_after_failure(failed).equity
        for failed in ("bank-1", "bank-2", "bank-3", "bank-4")
    }
)
print("Capital that each bank (row) loses when a broker (column) fails, USD bn")
print((losses.round(1) + 0.0).to_string())  # no minus before a zero

# %% [markdown]
# Each creditor loses its claim on the failed broker, and *no other bank fails*: claims of 8bn, or
# 2bn from a small bank, stand opposite capital of 45bn or 12bn. How much closer would the banks
# have to be for one failure to become many?

# %%
MULTIPLES = np.arange(1.0, 10.01, pick(0.25, 1.0))
dominoes = pd.DataFrame(
    {
        broker: [clear_after_failure(broker, m).defaulted.sum() - 1 for m in MULTIPLES]
        for broker in losses
    },
    index=pd.Index(MULTIPLES, name="multiple"),
)
print("Other banks that fail with the broker, by size of interbank claims (times those of today)")
print(dominoes.loc[[1.0, 4.0, 6.0, 7.0, 10.0]].to_string())

# %% [markdown]
# Up to five times today's claims nothing happens; at seven times half of the banks or more are
# gone. Networks are robust, yet fragile: the step has no warning in it.
#
# ### Distress without failure
#
# A bank that has lost half of its capital has not failed, but those who lent to it worry.
# *DebtRank* (Battiston and others 2012) lets distress travel: a lender loses the share (claim / its
# capital) of what its borrower has lost, and passes that on once. The sum over all other banks,
# weighted by their size, says how much of the system one failure puts into distress: how
# *important* a bank is.


# %%
def importance_of_each(interbank):
    """Size and DebtRank of each bank when it alone fails [share of all banks' assets]."""
    assets = np.array([node["assets_usd_bn"] for _, node in interbank.nodes(data=True)])
    capital = [node["wealth_usd_bn"] for _, node in interbank.nodes(data=True)]
    size = assets / assets.sum()
    alone = np.eye(len(size))  # row i: bank i has lost all its capital, the others nothing
    importance = [abm.debtrank(interbank, capital, row, size).value for row in alone]
    return pd.DataFrame({"size": size, "importance": importance}, index=list(interbank))


importance = importance_of_each(interbank)
print("Size and DebtRank of each bank, shares of all banks' assets")
print(importance.round(3).to_string())

# %%
BROKERS = list(losses)
SHOWN = {"bank-1": "#D55E00", "bank-4": "#0072B2"}

first, last = importance.loc["bank-1"], importance.loc["bank-4"]
title = (
    f"bank-1 is {first['size'] / last['size']:.1f} times as large as bank-4, but only"
    f" {first['importance'] / last['importance']:.2f} times as important: they owe banks the same"
)
caption = (
    f"Scenario hike, seed {SEED}, eve of the surprise; twelve banks, four of them prime brokers."
    " Left: DebtRank when the bank alone fails, weighted by assets. Right: Eisenberg-Noe clearing,"
    " deposits first, the broker's outside assets gone."
)
with house_style():
    figure, (left, right) = panels(title, caption, ((0.07, 0.4), (0.57, 0.4)))
    left.scatter(100 * importance["size"], 100 * importance["importance"], s=28, color=QUIET)
    for broker, colour in SHOWN.items():
        place = 100 * importance.loc[broker]
        left.scatter(*place, s=34, color=colour)
        left.text(place["size"], place["importance"] + 0.6, broker, color=colour, ha="center")
    left.text(18, 12.2, "bank-3, bank-2", color=QUIET, ha="center")
    left.text(5, 2, "eight small banks", color=QUIET, va="center")
    left.set(xlim=(0, 27), ylim=(0, 16), xlabel="size, % of all banks' assets")
    write_header(left, "Importance (DebtRank),\n% of all banks' assets in distress")
    for broker, colour in SHOWN.items():
        label = f"{broker} fails first"
        right.step(MULTIPLES, dominoes[broker], where="post", color=colour, label=label)
    right.set(xlim=(1, 10), ylim=(0, 11), xlabel="interbank claims, times today's")
    right.legend(loc="upper left")
    write_header(right, "Other banks that fail,\nof eleven")
show(figure)

# %% [markdown]
# Importance is not size. Here the four brokers owe other banks the same, 32bn each, and so hurt
# them much alike, though the largest is two thirds larger than the smallest.
#
# ## Exercise
#
# **4.1** By hand: bank A has outside assets of 3 and owes B 10. B has outside assets of 0.5, owes C
# 8 and depositors 2, who rank alike. C has outside assets of 2 and owes depositors 4. Who pays how
# much in all? Answer with three numbers: `[A, B, C]`.

# %%
outside_assets = [3.0, 0.5, 2.0]
debts_to_banks = [[0, 10, 0], [0, 0, 8], [0, 0, 0]]  # row: who owes, column: to whom
deposits = [0.0, 2.0, 4.0]
answer = ...
check(
    "4.1",
    answer,
    outside_assets=outside_assets,
    debts_to_banks=debts_to_banks,
    deposits=deposits,
)

# %% [markdown]
# **4.2** bank-1 fails. How many times larger would all interbank claims have to be for bank-4 to
# lose just all its capital on its claim on bank-1? (`banks`, `interbank["bank-4"]["bank-1"]`; no
# other bank fails before.) To one digit after the point.

# %%
answer = ...
check("4.2", answer, interbank=interbank, failed="bank-1", lender="bank-4")

# %% [markdown]
# **4.3** Below, the same banks lend to one another at random (`network.interbank.kind`). Which is
# now the most important bank by `importance_of_each`? Its name, in quotation marks.

# %%
rewired_model = abm.CarryUnwindModel("hike", rng=SEED, network__interbank__kind="erdos-renyi")
rewired = rewired_model.exposures
rewired.remove_nodes_from([name for name in rewired if name not in bank_names])
answer = ...
check("4.3", answer, interbank=rewired)

# %% [markdown]
# **4.4** Is that bank one of the four prime brokers? `True` or `False`. And what has it more of
# than others: capital, assets, or debts to banks?

# %%
answer = ...
check("4.4", answer, interbank=rewired, brokers=BROKERS)
