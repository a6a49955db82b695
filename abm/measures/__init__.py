"""Numbers read off tables: pure functions, one per published number.

* `abm.measures.cascade`: what a shock set off, read off a run and its counterfactual runs;
* `abm.measures.tails`: losses of one series of returns;
* `abm.measures.network`: crowding;
* `abm.measures.indicators`: how near a carry trade stands to an unwind;
* `abm.measures.vulnerability`: one round of fire sales of leveraged banks.

All of it is front door: for tables, positions and returns of your own, too.
"""
