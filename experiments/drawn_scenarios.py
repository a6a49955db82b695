"""Scenarios drawn from the schema: every field over its declared range, or near a shipped one.

Ranges are read from the fields, so a new field is drawn from the day it is declared, and one whose
range is narrowed is drawn within it. What fields demand of one another is met by construction
(shares are drawn together) or by dropping the change that a refusal names.
"""

from __future__ import annotations

import math
from functools import cache
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, get_args, get_origin

import numpy as np

from abm.errors import ScenarioFaults
from abm.scenario import load_scenario
from abm.scenario.auto_borrower import HIGHEST_TARGET
from abm.scenario.places import bare, kind_of, leaves, parts_in

if TYPE_CHECKING:
    from abm.scenario import Scenario
    from abm.scenario.places import Leaf

SHIPPED = ("calm", "hike", "world-2024", "august-2024", "auto-liquidation")
WAYS = ("range", "around")
NEAR, FAR = 0.05, 20.0
"""Around a shipped value: from a twentieth of it to twenty times as much."""
FURTHEST = 1e12
"""Bounds of a field without bounds of its own."""
FINEST = 1e-9
"""Of a range that begins at 0, how far down its decades are drawn, over its upper end."""
REPAIRS = 12
KIND_CHANCE = 0.15
LONG_LIST_CHANCE = 0.1
MOST_CHANGES = 12

# Fields whose size is the length of a run and not its content: the range drawn from.
SIZES: dict[str, tuple[float, float]] = {
    "population.scale": (0.2, 5.0),
    "banks.n_core": (1, 30),
    "banks.n_periphery": (0, 40),
    "calendar.burn_in_days": (0, 60),
    "calendar.drift_days": (0, 60),
    "network.interbank.links": (1, 40),
}
MOST_OF_A_GROUP = 200
MEMBERS = 5
"""Of a group that a scenario does not have, where only its money is drawn."""
# Length and words of a run, and files: not drawn.
LEFT_ALONE = ("calendar.days", "calendar.start", "calendar.holidays", "name", "title", "about")
# The first of two may not be above the second.
ORDERED = (
    ("banks.requirement.least_weight", "banks.requirement.most_weight"),
    ("funding.basis_per_year", "funding.basis.widest_per_year"),
)
# What another kind cannot do without.
NEEDED: dict[tuple[str, str], dict[str, Any]] = {
    ("shock", "surprise"): {"surprise_bp": 25.0},
    ("margin", "fixed"): {"rate": 0.1},
    ("banks.desk", "carry"): {"capital_share": 0.01, "weights": {"AUD": 0.3, "UST": 0.2}},
    ("option_hedgers", "short-gamma"): {"gamma_usd_bn": {"NKY": 30.0, "SPX": 200.0, "JPY": 50.0}},
    ("order_anticipators", "order-flow"): {"share": {"JPY": 0.1, "AUD": 0.1, "NKY": 0.05}},
    ("risk_appetite", "losses"): {"betas": {"NKY": 0.4, "SPX": 0.12, "AUD": 0.1, "UST": -0.12}},
    ("funding.basis.squeeze", "script"): {"points": [{"name": "first", "day": 3, "squeeze": 1.0}]},
    ("policy.boj", "script"): {"day": 5, "hike_bp": 15.0, "surprise_bp": 25.0},
    ("policy.mof", "script"): {
        "interventions": [{"name": "first", "day": 3, "usd_bn": 20.0, "signal_log": 0.004}]
    },
}
Changes = dict[str, Any]


class Bounds(NamedTuple):
    """The range a number is drawn from, and whether its ends belong to it."""

    low: float
    high: float
    has_low: bool
    has_high: bool
    is_whole: bool


class DrawnScenario(NamedTuple):
    """One scenario of the fuzz: where it starts from, and what is changed there."""

    base: str
    way: str
    changes: Changes
    seed: int


def draw(rng: np.random.Generator, short: Changes) -> tuple[DrawnScenario, Scenario]:
    """A scenario that is accepted: `short` (its length) and the changes drawn.

    Raises ScenarioFaults if what is refused cannot be told from what is not.
    """
    base, way = str(rng.choice(SHIPPED)), str(rng.choice(WAYS))
    seed = int(rng.integers(2**31))
    start = _shortened(base, tuple(short.items()))
    scenario, changes = accepted(start, draw_kinds(rng, start))
    drawn = draw_numbers(rng, scenario, way)
    scenario, changes = accepted(start, changes | drawn)
    return DrawnScenario(base, way, {**short, **changes}, seed), scenario


def accepted(base: Scenario, changes: Changes) -> tuple[Scenario, Changes]:
    """The scenario and those of the changes that go together."""
    kept = dict(changes)
    for _ in range(REPAIRS):
        try:
            return base.with_changes(kept), kept
        except ScenarioFaults as refused:
            named = {key for fault in refused.faults for key in kept if _touches(key, fault.key)}
            named = named or set(list(kept)[::2])  # a demand of one change on what is not changed
            if not named:
                raise
            kept = {key: value for key, value in kept.items() if key not in named}
    return base, {}


def draw_kinds(rng: np.random.Generator, scenario: Scenario) -> Changes:
    """Other kinds for a few of the parts that have kinds, with what these need."""
    changes: Changes = {}
    for key, kinds in kinds_of_parts(scenario):
        if rng.random() < KIND_CHANCE and kinds:
            kind = str(rng.choice(kinds))
            changes[f"{key}.kind"] = kind
            needed = NEEDED.get((key, kind), {})
            changes |= {f"{key}.{name}": value for name, value in needed.items()}
    return changes


@cache
def kinds_of_parts(scenario: Scenario) -> tuple[tuple[str, list[str]], ...]:
    """Key of every part that is one of several kinds, and the kinds that need no file."""
    found = []
    for leaf in leaves(scenario):
        *path, last = leaf.key.split(".")
        if last == "kind" and path[0] != "instruments":
            annotation: Any = type(scenario)
            for step in path:
                annotation = _annotation_at(annotation, step)
            kinds = [kind_of(part) for part in parts_in(annotation)]
            found.append((".".join(path), [kind for kind in kinds if kind != "file"]))
    return tuple(found)


def _annotation_at(annotation: Any, step: str) -> Any:
    """The annotation under a name, in whichever of the kinds has it."""
    fields = (part.model_fields for part in parts_in(annotation))
    return next(known[step].annotation for known in fields if step in known)


def draw_numbers(rng: np.random.Generator, scenario: Scenario, way: str) -> Changes:
    """New values for some of the fields: few as a rule, every one now and then."""
    singles, tables = fields_drawn(scenario)
    names = [*singles, *tables]
    n = int(rng.integers(1, MOST_CHANGES + 1))
    if rng.random() < LONG_LIST_CHANCE:
        n = int(rng.integers(1, len(names) + 1))
    changes: Changes = {}
    for name in (names[i] for i in rng.permutation(len(names))[:n]):
        if name in tables:
            changes |= draw_table(rng, name, tables[name], way)
        else:
            found = draw_value(rng, singles[name], scenario, way)
            changes |= {} if found is None else {name: found}
    return _whole_groups(changes, scenario)


def fields_drawn(scenario: Scenario) -> tuple[dict[str, Leaf], dict[str, dict[str, float]]]:
    """Fields that stand alone by key, and tables of numbers by theirs."""
    singles: dict[str, Leaf] = {}
    tables: dict[str, dict[str, float]] = {}
    for leaf in leaves(scenario):
        if leaf.key.startswith(LEFT_ALONE) or leaf.key.endswith((".kind", ".name", ".path")):
            continue
        if get_origin(bare(leaf.field.annotation)) is dict and isinstance(leaf.value, float):
            table, _, entry = leaf.key.rpartition(".")
            tables.setdefault(table, {})[entry] = leaf.value
        elif leaf.key.endswith(".share_of_number"):
            tables.setdefault("share_of_number", {})[leaf.key] = leaf.value
        else:
            singles[leaf.key] = leaf
    return singles, tables


def draw_table(rng: np.random.Generator, key: str, now: dict[str, float], way: str) -> Changes:
    """Entries of a table drawn together: shares keep their sum, correlations stay a matrix."""
    names = list(now)
    if key == "correlations":
        return {key: _correlations(rng, names)}
    values = np.array(list(now.values()))
    total = values.sum()
    if key == "share_of_number" or ("weights" in key and 0.0 < total <= 1.0 + 1e-12):
        spread = 10.0 ** rng.uniform(-1.5, 2.0)
        drawn = rng.dirichlet(np.full(len(names), spread)) if len(names) > 1 else np.ones(1)
        exact = 1.0 if abs(total - 1.0) < 1e-9 else total * rng.uniform(0.05, 1.0)
        values = drawn * exact
    elif way == "around":
        values = np.clip(values * _factor(rng, len(names)), -1.0, 1.0)
    elif "tilt" in key:
        values = 10.0 ** rng.uniform(-6.0, 6.0, len(names))
    else:
        values = rng.uniform(-1.0 if (values < 0).any() else 0.0, 1.0, len(names))
    entries = dict(zip(names, (float(value) for value in values), strict=True))
    if key == "share_of_number":
        return entries
    return {f"{key}.{name}": value for name, value in entries.items()}


def _correlations(rng: np.random.Generator, pairs: list[str]) -> dict[str, float]:
    """Correlations of random loadings on two factors: a sound matrix whatever is left out of it."""
    loads: dict[str, np.ndarray] = {}
    width = rng.uniform(0.0, 1.5)
    for name in dict.fromkeys(name for pair in pairs for name in pair.split("-")):
        loads[name] = width * rng.standard_normal(2)
    found = {}
    for pair in pairs:
        one, other = (loads[name] for name in pair.split("-"))
        found[pair] = float(one @ other / np.sqrt((1.0 + one @ one) * (1.0 + other @ other)))
    return found


def draw_value(rng: np.random.Generator, leaf: Leaf, scenario: Scenario, way: str) -> Any:
    """A value for one field; None where it has nothing to draw."""
    value, words = leaf.value, bare(leaf.field.annotation)
    if isinstance(value, bool):
        return bool(rng.random() < 0.5)
    if get_origin(words) is Literal:
        options = get_args(words)
        return options[int(rng.integers(len(options)))]
    if leaf.key.rpartition(".")[2] in ("day", "shock_day"):
        return int(rng.integers(scenario.calendar.days))
    if isinstance(value, str):
        return _named(rng, leaf.key, scenario)
    if isinstance(value, int | float):
        limits = bounds_of(leaf)
        return _around(rng, float(value), limits) if way == "around" else _over(rng, limits)
    if leaf.key.endswith(("factors", "first_share_range")) and value:
        return sorted(float(min(1.0, 10.0 ** rng.uniform(-3, 0))) for _ in value)
    return None


def _named(rng: np.random.Generator, key: str, scenario: Scenario) -> str | None:
    """The name of an instrument, where one is wanted."""
    if key.endswith(".quote"):
        book = scenario.banks.trading_book
        if book.kind == "held" and key.split(".")[1] in book.weights:
            return None  # banks hold assets in dollars
        return str(rng.choice(["USD", *scenario.currencies]))
    if key.endswith((".leader", ".asset")):
        return str(rng.choice(list(scenario.instruments)))
    return None


def bounds_of(leaf: Leaf) -> Bounds:
    """The declared range of a number, cut to what a short run can carry."""
    declared: dict[str, float] = {}
    for mark in leaf.field.metadata:
        for name in ("ge", "gt", "le", "lt"):
            if getattr(mark, name, None) is not None:
                declared[name] = getattr(mark, name)
    low = declared.get("ge", declared.get("gt", -FURTHEST))
    high = declared.get("le", declared.get("lt", FURTHEST))
    has_low, has_high = "ge" in declared, "le" in declared
    is_whole = isinstance(leaf.value, int)
    if leaf.key in SIZES:
        low, high = SIZES[leaf.key]
        has_low = has_high = True
    elif is_whole and leaf.key.endswith(".n"):
        high = MOST_OF_A_GROUP
    return Bounds(low, high, has_low, has_high, is_whole)


def _around(rng: np.random.Generator, value: float, limits: Bounds) -> float | int:
    """A twentieth to twenty times of a value; a little of the range where it is 0."""
    if value == 0.0:
        scale = min(abs(limits.high), 1.0)
        return _fit(float(rng.uniform(max(limits.low, -0.05 * scale), 0.05 * scale)), limits)
    return _fit(value * float(_factor(rng, 1)[0]), limits)


def _factor(rng: np.random.Generator, n: int) -> np.ndarray:
    return np.exp(rng.uniform(math.log(NEAR), math.log(FAR), n))


def _over(rng: np.random.Generator, limits: Bounds) -> float | int:
    """The whole range: its ends often, its decades where it has many, evenly otherwise."""
    low, high = limits.low, limits.high
    chance = rng.random()
    if chance < 0.07:
        return _fit(low, limits)
    if chance < 0.14:
        return _fit(high, limits)
    if low >= 0.0 and (chance < 0.5 or high > 100.0):
        least = low if low > 0.0 else high * FINEST
        return _fit(math.exp(rng.uniform(math.log(least), math.log(high))), limits)
    if low < 0.0 and high > 100.0:
        size = 10.0 ** rng.uniform(-3.0, math.log10(high))
        return _fit(size if rng.random() < 0.5 else -size, limits)
    return _fit(float(rng.uniform(low, high)), limits)


def _fit(value: float, limits: Bounds) -> float | int:
    """The nearest number that the range allows."""
    low, high = limits.low, limits.high
    value = min(max(value, low), high)
    if limits.is_whole:
        return round(value)
    if value == low and not limits.has_low:
        return math.nextafter(low, math.inf) if low else 1e-300
    if value == high and not limits.has_high:
        return math.nextafter(high, -math.inf)
    return value


def _whole_groups(changes: Changes, scenario: Scenario) -> Changes:
    """A group that loses its money or its members loses both."""
    for name, part in scenario:
        if not hasattr(part, "present"):
            continue
        money = next(key for key in type(part).model_fields if key.endswith("_usd_bn"))
        n, usd_bn = f"{name}.n", f"{name}.{money}"
        if changes.get(n) == 0 or changes.get(usd_bn) == 0.0:
            changes |= {n: 0, usd_bn: 0.0}
        elif part.n == 0 and (n in changes or usd_bn in changes):
            last, has_weights = list(scenario.instruments)[-1], hasattr(part, "weights")
            held = {f"{name}.weights": {last: 1.0}} if has_weights else {}
            changes = {n: MEMBERS, usd_bn: 1.0} | held | changes
    changes |= _loans_of(changes, scenario) | _hedges_of(changes, scenario)
    floor = changes.get("margin.rate_floor")
    if floor is not None and "margin.rate_ceiling" in changes:
        changes["margin.rate_ceiling"] = max(floor, changes["margin.rate_ceiling"])
    burn_in = changes.get("calendar.burn_in_days", scenario.calendar.burn_in_days)
    if {"calendar.burn_in_days", "calendar.drift_days"} & set(changes):
        drift = changes.get("calendar.drift_days", burn_in)
        changes["calendar.burn_in_days"] = max(1, burn_in)
        changes["calendar.drift_days"] = min(max(1, drift), max(1, burn_in))
    changes |= _in_order(changes, scenario)
    return changes | _banks_of(changes, scenario)


def _in_order(changes: Changes, scenario: Scenario) -> Changes:
    """Of two fields that one may not exceed the other, both in their order."""
    now = {leaf.key: leaf.value for leaf in leaves(scenario)} | changes
    lower = {low: high for low, high in ORDERED if low in now and high in now}
    drawn = {low: high for low, high in lower.items() if changes.keys() & {low, high}}
    return {high: max(now[low], now[high]) for low, high in drawn.items()}


def _loans_of(changes: Changes, scenario: Scenario) -> Changes:
    """Targets of automatic loans below both limits, and a penalty that leaves them lower."""
    now = scenario.auto_borrowers
    names = ("loan_to_value_limit", "loan_to_value_spread", "loan_to_value", "liquidation_penalty")
    keys = {name: f"auto_borrowers.{name}" for name in names}
    if not changes.keys() & set(keys.values()):
        return {}
    limit, spread, target, penalty = (
        changes.get(key, getattr(now, name)) for name, key in keys.items()
    )
    spread = min(spread, 0.5 * limit)
    target = min(target, 0.99 * (limit - spread), HIGHEST_TARGET - spread)
    penalty = min(penalty, 0.99 * (1.0 / limit - 1.0))
    return dict(zip(keys.values(), (limit, spread, target, penalty), strict=True))


def _hedges_of(changes: Changes, scenario: Scenario) -> Changes:
    """Hedges of companies no lower after a rise of the yen than in calm."""
    usual, late = "companies.opening_hedge_share", "companies.hedge_share"
    if not changes.keys() & {usual, late}:
        return {}
    now = scenario.companies
    least = changes.get(usual, now.opening_hedge_share)
    return {late: max(least, changes.get(late, now.hedge_share))}


def _banks_of(changes: Changes, scenario: Scenario) -> Changes:
    """Another number of core banks: what there is one of for each of them is left to defaults."""
    n = changes.get("banks.n_core")
    if n is None:
        return {}
    brokers = {"numbers": [1, min(3, n)], "bank_probabilities": [], "number_probabilities": []}
    brokers["concentrated_on"] = min(n, changes.get("network.brokers.concentrated_on", n))
    held = scenario.banks.trading_book.kind == "held"
    return {
        **({"banks.trading_book.factors": []} if held else {}),
        "banks.core_capital_factors": [],
        **{f"network.brokers.{name}": value for name, value in brokers.items()},
    }


def _touches(key: str, fault: str) -> bool:
    """True if a change lies where a fault was found, or what was found lies within it."""
    one, other = key.split("."), fault.split(".")
    n = min(len(one), len(other))
    return all(a == b or "*" in (a, b) for a, b in zip(one[:n], other[:n], strict=True))


@cache
def _shortened(base: str, short: tuple[tuple[str, Any], ...]) -> Scenario:
    return load_scenario(base).with_changes(dict(short))
