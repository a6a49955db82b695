"""A run told to a person: what the shock was, how far the yen went, who sold, who failed."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Iterator, Mapping
from datetime import date
from typing import TYPE_CHECKING, Any, NamedTuple

from abm.figures.style import ACTOR_NAMES
from abm.measures.cascade import (
    DAM_BREAK_SHARE,
    HORIZONS_DAYS,
    LEAK_SHARE,
    forced_by_type,
)
from abm.report.script import acts, currency, day_name

if TYPE_CHECKING:
    import pandas as pd

    from abm.scenario import Scenario

WIDTH = 100
LOW_WITHIN_DAYS = 20  # of the shock: later lows have other causes
_LABEL = 16
_N_NAMED = 8  # of those who failed
_MEANING = {
    "dam break": f"{DAM_BREAK_SHARE:.0%} or more of the {{}} short closed within five days",
    "leak": f"{LEAK_SHARE:.0%} or more of the {{}} short closed, but over weeks",
    "absorbed": f"less than {LEAK_SHARE:.0%} of the {{}} short closed because of it",
    "undetermined": "the run ends too soon after the shock to tell",
}


class Told(NamedTuple):
    """What the summary is made from."""

    scenario: Scenario
    seed: int
    replicate: int
    days: pd.DataFrame
    institutions: pd.DataFrame
    measures: Mapping[str, Any]
    real: pd.Series | None


class Fall(NamedTuple):
    """Quotes of a fall, with their days: highest before the shock, eve of it, lowest after."""

    high_day: int
    high: float
    eve: float
    low_day: int
    low: float

    def told(self, scenario: Scenario) -> str:
        shocked = "the shock" if is_shocked(scenario) else "the run"
        down, since = self.low / self.high - 1.0, self.low / self.eve - 1.0
        high = f"{_quote(self.high)} on {day_name(scenario, self.high_day)}, "
        low = f"{_quote(self.low)} on {day_name(scenario, self.low_day)}"
        eve = f"{_quote(self.eve)} on the eve of {shocked}, "
        if self.high_day < 0 or self.high == self.eve:
            return f"{eve}{low} ({_percent(since)})"
        return f"{high}{eve}{low} ({_percent(down)}, of which {_percent(since)} after {shocked})"


def summary_text(told: Told) -> str:
    """The whole summary, one heading and its facts after another."""
    lines = [_title(told.scenario)]
    for heading, facts in (
        ("Run", _run(told)),
        ("Before", _acts(told.scenario, before=True)),
        ("The shock", _acts(told.scenario, before=False)),
        (f"The {currency(told.scenario.funding_currency)}", _price(told)),
        ("Short positions", _unwound(told)),
        ("Forced to sell", _forced(told)),
        ("Failed", _failed(told)),
        ("Class", _class(told)),
        ("The books", _books(told)),
    ):
        lines.extend(_block(heading, facts))
    return "\n".join(lines)


def _block(heading: str, facts: Iterator[str]) -> Iterator[str]:
    """Facts beside their heading, wrapped."""
    for fact in facts:
        first = f"{heading:<{_LABEL}}"
        yield textwrap.fill(
            fact, WIDTH, initial_indent=first, subsequent_indent=" " * _LABEL,
            break_on_hyphens=False,
        )  # fmt: skip
        heading = ""


def _title(scenario: Scenario) -> str:
    return f"{scenario.name}: {scenario.title}" if scenario.title else scenario.name


def _run(told: Told) -> Iterator[str]:
    n_days = len(told.days)
    first, last = (day_name(told.scenario, int(told.days["day"].iloc[i])) for i in (0, -1))
    n = int((told.institutions["kind"] != "bank").sum())
    n_banks = len(told.institutions) - n
    who = f"{n:,} institutions, {n_banks:,} bank{'' if n_banks == 1 else 's'}"
    yield (
        f"seed {told.seed}, replicate {told.replicate}; {who}, "
        f"{n_days:,} trading days, {first} to {last}"
    )


def _acts(scenario: Scenario, before: bool) -> Iterator[str]:
    chosen = [act for act in acts(scenario) if (act.day < scenario.shock_day) == before]
    for act in chosen:
        yield f"{day_name(scenario, act.day)}: {act.what}"
    if not chosen and not before:
        yield "none; ordinary news only"


def is_shocked(scenario: Scenario) -> bool:
    """Whether anything happens from the shock day on."""
    return any(act.day >= scenario.shock_day for act in acts(scenario))


def usd_quotes(scenario: Scenario, days: pd.DataFrame) -> tuple[float, list[float]]:
    """Units of the funding currency per dollar: at the opening, and at every close."""
    name = scenario.funding_currency
    part = scenario.currencies[name]
    opening = part.opening_quote if part.per_usd else 1.0 / part.opening_quote
    return opening, [opening * math.exp(-x) for x in days[f"log_{name}"]]


def fall_around(quotes: Mapping[int, float], shock_day: int) -> Fall | None:
    """The fall in quotes by day, -1 being the eve of the run; None without both sides."""
    before = [day for day in quotes if day < shock_day]
    after = [day for day in quotes if shock_day <= day <= shock_day + LOW_WITHIN_DAYS]
    if not before or not after:
        return None
    high = max(before, key=quotes.__getitem__)
    low = min(after, key=quotes.__getitem__)
    return Fall(high, quotes[high], quotes[max(before)], low, quotes[low])


def simulated_fall(told: Told) -> Fall | None:
    """Of the run's closes."""
    opening, quotes = usd_quotes(told.scenario, told.days)
    days = told.days["day"].tolist()
    return fall_around(
        {-1: opening, **dict(zip(days, quotes, strict=True))}, told.scenario.shock_day
    )


def real_fall(told: Told) -> Fall | None:
    """Of the real path on the same days."""
    dates = told.scenario.calendar.dates()
    if told.real is None or not dates:
        return None
    day_of = {day: index for index, day in enumerate(dates)}
    quotes: dict[int, float] = {}
    for when, quote in told.real.items():
        day = date.fromisoformat(str(when)[:10])
        if day < dates[0] or day in day_of:
            quotes[day_of.get(day, -1)] = float(quote)
    return fall_around(quotes, told.scenario.shock_day)


def _price(told: Told) -> Iterator[str]:
    pair, scenario = f"USD{told.scenario.funding_currency}", told.scenario
    simulated, real = simulated_fall(told), real_fall(told)
    if simulated is not None:
        yield f"{pair} {simulated.told(scenario)}"
    if real is not None:
        yield f"really {real.told(scenario)}: ECB fixings, 14:15 CET"
    if not is_shocked(scenario):
        return
    peak = float(told.measures["peak_yen_appreciation"])
    more = f"up at most {_percent(math.expm1(peak))} on the same days without the shock"
    amplification = float(told.measures["price_amplification"])
    if math.isfinite(amplification):
        more += f"; {amplification:.2f} times as far as with positions frozen"
    yield more


def _unwound(told: Told) -> Iterator[str]:
    if not is_shocked(told.scenario):
        return
    shares = [(h, float(told.measures[f"unwound_{h}d"])) for h in HORIZONS_DAYS]
    said = [f"{share:.0%} within {h}" for h, share in shares if math.isfinite(share)]
    name = currency(told.scenario.funding_currency)
    if said:
        yield f"of the {name} short, closed because of the shock: {', '.join(said)} days"


def _forced(told: Told) -> Iterator[str]:
    amounts = {kind: a for kind, a in forced_by_type(told.days).items() if a >= 0.05}
    if not amounts:
        yield "nobody"
        return
    largest = sorted(amounts, key=lambda kind: -amounts[kind])
    parts = [f"{ACTOR_NAMES.get(kind, kind)} {_short(amounts[kind])}bn" for kind in largest]
    n_calls = int(told.measures["n_margin_calls"])
    calls = f"{n_calls:,} margin call{'' if n_calls == 1 else 's'}"
    yield f"USD {_short(sum(amounts.values()))}bn: {', '.join(parts)}; {calls}"


def _failed(told: Told) -> Iterator[str]:
    table = told.institutions
    rows = table[table["n_failures"] > 0].sort_values("first_failure_day", kind="stable")
    if not len(rows):
        yield "nobody"
        return
    named = [
        f"{name} ({day_name(told.scenario, int(day))})"
        for name, day in zip(rows["name"], rows["first_failure_day"], strict=True)
    ]
    more = len(named) - _N_NAMED
    tail = f" and {more} more, in institutions.parquet" if more > 0 else ""
    yield f"{len(named)}: {', '.join(named[:_N_NAMED])}{tail}"


def _class(told: Told) -> Iterator[str]:
    name = str(told.measures["class"])
    if not is_shocked(told.scenario):
        yield "none, since nothing happened"
        return
    meaning = _MEANING.get(name, "").format(currency(told.scenario.funding_currency))
    yield f"{name}: {meaning}" if meaning else name


def _books(told: Told) -> Iterator[str]:
    error = float(told.measures["max_conservation_error"])
    n = int(told.measures["n_days_failed_to_clear"])
    cleared = "every day cleared" if n == 0 else f"{n} day{'' if n == 1 else 's'} did not clear"
    yield f"conserved to {error:.1e} (relative, worst day); {cleared}"


def _quote(quote: float) -> str:
    return f"{quote:.2f}" if quote >= 20.0 else f"{quote:.4f}"


def _percent(share: float) -> str:
    return f"{100.0 * share:+.1f}%".replace("-", "−")


def _short(amount: float) -> str:
    return f"{amount:,.0f}" if amount >= 9.95 else f"{amount:.1f}"
