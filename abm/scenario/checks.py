"""What one part of a scenario demands of another: names that exist, shares that sum, days that
are traded.

A check reads the parts it names and yields faults with dotted keys. It is run whenever those parts
are sound by themselves, so that a fault in one corner of a file does not hide one in another.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from abm.errors import NOT_GIVEN, Fault, Nearest
from abm.scenario.world import Asset, Currency

if TYPE_CHECKING:
    import numpy as np

SUM_TOLERANCE = 1e-9
Faults = Iterator[Fault]


class Check(NamedTuple):
    needs: tuple[str, ...]
    look: Callable[..., Faults]


class Disagreement(ValueError):
    """Parts of a scenario do not fit one another."""

    def __init__(self, faults: tuple[Fault, ...]):
        self.faults = faults
        super().__init__(faults)


CHECKS: list[Check] = []


def needs(*parts: str) -> Callable[[Callable[..., Faults]], Callable[..., Faults]]:
    """Run a check only where these parts are sound, and hand them over in this order."""

    def register(look: Callable[..., Faults]) -> Callable[..., Faults]:
        CHECKS.append(Check(parts, look))
        return look

    return register


def disagreements(parts: Mapping[str, Any]) -> tuple[Fault, ...]:
    """Every fault between the parts that are there."""
    return tuple(
        fault
        for check in CHECKS
        if all(name in parts for name in check.needs)
        for fault in check.look(*(parts[name] for name in check.needs))
    )


def refuse_disagreement(parts: Mapping[str, Any]) -> None:
    faults = disagreements(parts)
    if faults:
        raise Disagreement(faults)


def nearest(word: str, known: Iterable[str]) -> str:
    """ "did you mean …?" where something known is close; otherwise nothing."""
    return str(Nearest(word, known))


def correlation_matrix(names: tuple[str, ...], pairs: Mapping[str, float]) -> np.ndarray:
    """Symmetric matrix with ones on its diagonal; pairs that are not named are 0."""
    import numpy as np

    matrix = np.eye(len(names))
    for pair, value in pairs.items():
        i, j = (names.index(name) for name in pair.split("-"))
        matrix[i, j] = matrix[j, i] = value
    return matrix


def fault_at(key: str, given: object, allowed: str, hint: str | Nearest = "") -> Fault:
    return Fault("", key, given, allowed, hint)


def unknown_instruments(key: str, names: Iterable[str], known: Iterable[str]) -> Faults:
    known = list(known)
    for name in names:
        if name not in known:
            listed = f"is not an instrument of the scenario ({', '.join(known)})"
            yield fault_at(f"{key}.{name}", NOT_GIVEN, listed, Nearest(name, known))


def must_sum_to_one(key: str, shares: Iterable[float], at_most: bool = False) -> Faults:
    total = sum(shares)
    if total > 1 + SUM_TOLERANCE or (not at_most and total < 1 - SUM_TOLERANCE):
        words = "must sum to at most 1" if at_most else "must sum to 1"
        yield fault_at(key, NOT_GIVEN, f"{words}; they sum to {total:.12g}")


def same_length(key: str, given: tuple[Any, ...], wanted: int, of: str) -> Faults:
    if given and len(given) != wanted:
        yield fault_at(key, list(given), f"must be {wanted} numbers, one for each {of}")


@needs("instruments")
def _instruments_are_in_order(instruments: Mapping[str, Any]) -> Faults:
    if not instruments:
        yield fault_at("instruments", NOT_GIVEN, "is empty: at least one currency is needed")
        return
    if "USD" in instruments:
        yield fault_at("instruments.USD", NOT_GIVEN, "all is counted in dollars: leave it out")
    seen_asset = ""
    for name, part in instruments.items():
        if isinstance(part, Asset):
            seen_asset = name
        elif seen_asset:
            order = f"currencies come before assets: move it above {seen_asset}"
            yield fault_at(f"instruments.{name}", NOT_GIVEN, order)
    first, part = next(iter(instruments.items()))
    if isinstance(part, Asset):
        yield fault_at(f"instruments.{first}.kind", "asset", 'must be "currency": it funds')
    elif part.yield_per_year != 0:
        rate = "must be 0: the funding currency's rate is rates.funding_per_year"
        yield fault_at(f"instruments.{first}.yield_per_year", part.yield_per_year, rate)


@needs("instruments")
def _quote_currencies_exist(instruments: Mapping[str, Any]) -> Faults:
    known = ["USD", *(name for name, part in instruments.items() if isinstance(part, Currency))]
    for name, part in instruments.items():
        if isinstance(part, Asset) and part.quote not in known:
            wanted = f"must be one of {', '.join(known)}"
            hint = Nearest(part.quote, known)
            yield fault_at(f"instruments.{name}.quote", part.quote, wanted, hint)


@needs("instruments", "correlations")
def _correlations_are_a_matrix(
    instruments: Mapping[str, Any], correlations: Mapping[str, float]
) -> Faults:
    names, seen, sound = tuple(instruments), set(), True
    for pair, value in correlations.items():
        ends = pair.split("-")
        key = f"correlations.{pair}"
        if len(ends) != 2 or ends[0] == ends[1]:
            sound = False
            yield fault_at(key, value, 'must name two different instruments, as "JPY-AUD"')
            continue
        unknown = list(unknown_instruments("correlations", ends, names))
        for fault in unknown:
            yield fault_at(
                key, value, f"{fault.key.removeprefix('correlations.')} {fault.allowed}", fault.hint
            )
        if frozenset(ends) in seen:
            yield fault_at(key, value, "names a pair that was named before")
        seen.add(frozenset(ends))
        sound = sound and not unknown
    if sound:
        yield from _positive_definite(names, correlations)


def _positive_definite(names: tuple[str, ...], correlations: Mapping[str, float]) -> Faults:
    import numpy as np

    values, vectors = np.linalg.eigh(correlation_matrix(names, correlations))
    if len(values) and values[0] <= 1e-10:
        loads = np.abs(vectors[:, 0])
        worst = ", ".join(names[k] for k in np.argsort(-loads, kind="stable")[:3] if loads[k] > 0.1)
        reason = f"not positive definite: smallest eigenvalue {values[0]:.3g}, mostly in {worst}"
        yield fault_at("correlations", NOT_GIVEN, f"the matrix is {reason}", "pull these towards 0")


@needs("calendar")
def _calendar_is_possible(calendar: Any) -> Faults:
    if calendar.start is not None and not calendar.is_trading_date(calendar.start):
        yield fault_at(
            "calendar.start", calendar.start, "must be a trading day, not a weekend or holiday"
        )
    yield from _day(calendar, "calendar.shock_day", calendar.shock_day)


@needs("calendar", "instruments")
def _drift_fits_the_burn_in(calendar: Any, instruments: Mapping[str, Any]) -> Faults:
    drifts = any(part.drift_before_start_log for part in instruments.values())
    if drifts and not 1 <= calendar.drift_days <= calendar.burn_in_days:
        room = f"must be from 1 to calendar.burn_in_days ({calendar.burn_in_days})"
        yield fault_at("calendar.drift_days", calendar.drift_days, room)


def _day(calendar: Any, key: str, when: Any) -> Faults:
    if calendar.day_index(when) is not None:
        return
    dates = calendar.dates()
    if isinstance(when, int):
        yield fault_at(key, when, f"must be from 0 to {calendar.days - 1} (day of the run)")
    elif not dates:
        yield fault_at(key, when, "must be a day index: the scenario has no calendar.start")
    else:
        span = f"must be a trading day from {dates[0]} to {dates[-1]}"
        closed = dates[0] <= when <= dates[-1]
        yield fault_at(key, when, span, "it is a weekend or holiday" if closed else "")


@needs("calendar", "policy")
def _authorities_act_on_trading_days(calendar: Any, policy: Any) -> Faults:
    if policy.boj.kind == "script":
        yield from _day(calendar, "policy.boj.day", policy.boj.day)
        for move in policy.boj.path:
            yield from _day(calendar, f"policy.boj.path.{move.name}.day", move.day)
    if policy.mof.kind == "script":
        for act in policy.mof.interventions:
            yield from _day(calendar, f"policy.mof.interventions.{act.name}.day", act.day)
    if policy.swap_line.kind == "line":
        yield from _day(calendar, "policy.swap_line.day", policy.swap_line.day)


@needs("calendar", "news")
def _news_comes_on_trading_days(calendar: Any, news: Any) -> Faults:
    for item in news:
        yield from _day(calendar, f"news.{item.name}.day", item.day)


@needs("policy")
def _policy_names_are_unique(policy: Any) -> Faults:
    if policy.boj.kind == "script":
        yield from _unique("policy.boj.path", policy.boj.path)
    if policy.mof.kind == "script":
        yield from _unique("policy.mof.interventions", policy.mof.interventions)


@needs("news")
def _news_names_are_unique(news: Any) -> Faults:
    yield from _unique("news", news)


def _unique(key: str, items: Iterable[Any]) -> Faults:
    seen: set[str] = set()
    for item in items:
        if item.name in seen:
            yield fault_at(f"{key}.{item.name}.name", item.name, "is taken by another entry")
        seen.add(item.name)


@needs("instruments", "news")
def _news_moves_known_instruments(instruments: Mapping[str, Any], news: Any) -> Faults:
    for item in news:
        yield from unknown_instruments(f"news.{item.name}.moves", item.moves, instruments)


@needs("instruments", "liquidity")
def _links_join_known_instruments(instruments: Mapping[str, Any], liquidity: Any) -> Faults:
    yield from unknown_instruments("liquidity.links", liquidity.links, instruments)
    for name, link in liquidity.links.items():
        key = f"liquidity.links.{name}"
        if link.leader is not None and (link.leader == name or link.leader not in instruments):
            others = [k for k in instruments if k != name]
            wanted = f"must be one of {', '.join(others)}"
            yield fault_at(f"{key}.leader", link.leader, wanted, Nearest(link.leader, others))
        part = instruments.get(name)
        if link.currency_beta and part is not None and getattr(part, "quote", "USD") == "USD":
            wanted = f"must be 0: {name} is not quoted in a foreign currency"
            yield fault_at(f"{key}.currency_beta", link.currency_beta, wanted)
