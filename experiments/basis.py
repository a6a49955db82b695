"""The cross-currency basis: March 2020 with and without the swap line, and unwinds that need none;
the basis of the franc in January 2015.

    python -m experiments.basis [--replicates 100]

What must hold: in March 2020 the basis goes beyond -200bp from about -40 and comes back inside -110
within 25 days of the line; without the line it is wider; the yen rises, then gives back. In August
2024 the basis stays within 12bp of its July level. A swap line changes nothing in an unwind after a
surprise of 50bp. In January 2015 the franc's goes beyond -150bp and the yen's stays within 20bp of
where it was: the release of hedges that widens the franc's is scripted from the record, so that the
first is no finding. Every scenario meets the same draws.
"""

from __future__ import annotations

import argparse
import time
from datetime import date
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pandas as pd

from abm.population.advance import advance, open_world
from abm.runs.tables import day_columns
from abm.scenario import load_scenario
from experiments.keeping import ROOT, keep, show

if TYPE_CHECKING:
    from abm.scenario import Scenario

SEED = 2020  # not among the seeds that anything was calibrated or chosen on
# Dollars hoarded by (M120) on the record: the VIX's closes, and the dollar against yen, Australian
# dollar and peso (H.10).
HOARDED = [
    {"name": "none", "day": "2020-02-27", "squeeze": 0.0},
    {"name": "fear", "day": "2020-02-28", "squeeze": 0.45},
    {"name": "oil_eve", "day": "2020-03-06", "squeeze": 1.21},
    {"name": "oil", "day": "2020-03-09", "squeeze": 1.9},
    {"name": "pandemic", "day": "2020-03-11", "squeeze": 2.52},
    {"name": "ban", "day": "2020-03-12", "squeeze": 3.66},
    {"name": "emergency", "day": "2020-03-13", "squeeze": 3.76},
    {"name": "zero", "day": "2020-03-16", "squeeze": 4.82},
    {"name": "cash", "day": "2020-03-18", "squeeze": 5.67},
    {"name": "peak", "day": "2020-03-19", "squeeze": 5.75},
    {"name": "package", "day": "2020-03-24", "squeeze": 5.06},
    {"name": "quarter", "day": "2020-03-27", "squeeze": 4.91},
    {"name": "march", "day": "2020-03-31", "squeeze": 4.28},
    {"name": "april", "day": "2020-04-03", "squeeze": 3.47},
    {"name": "lent", "day": "2020-04-09", "squeeze": 2.45},
    {"name": "easter", "day": "2020-04-13", "squeeze": 2.25},
    {"name": "calmer", "day": "2020-04-14", "squeeze": 0.41},
    {"name": "over", "day": "2020-04-15", "squeeze": 0.0},
]
SCRIPTED = {"funding.basis.squeeze": {"kind": "script", "points": HOARDED}}
NO_LINE = {"policy.swap_line": {"kind": "none"}}
BY_RULE = {"policy.swap_line": {"kind": "facility-by-rule"}}
LINE_DAY, WITHIN_DAYS = date(2020, 3, 16), 25
EVE, TURN, END = date(2020, 2, 21), date(2020, 3, 11), date(2020, 3, 24)
WIDE_BP, BACK_BP, NEAR_BP, MOST_T = -200.0, -110.0, 12.0, 2.0
JULY = (date(2024, 7, 1), date(2024, 7, 31))
# Three-month basis on overnight rates, bp, and yen per dollar (Federal Reserve H.10).
RECORD = {
    date(2020, 2, 20): (-38, 111.86), date(2020, 2, 28): (-56, 108.12),
    date(2020, 3, 6): (-83, 105.31), date(2020, 3, 9): (-107, 102.52),
    date(2020, 3, 12): (-107, 105.67), date(2020, 3, 13): (-207, 107.15),
    date(2020, 3, 16): (-226, 105.64), date(2020, 3, 17): (-185, 107.41),
    date(2020, 3, 19): (-246, 110.08), date(2020, 3, 24): (-223, 111.44),
    date(2020, 3, 31): (-140, 107.53), date(2020, 4, 3): (-93, 108.53),
    date(2020, 4, 10): (-106, 108.39),
}  # fmt: skip
FRANC_EVE = date(2015, 1, 14)
FRANC_BP, STAYS_BP = -150.0, 20.0
NO_RELEASE = {"funding.basis.currencies.CHF.squeeze": {"kind": "none"}}
FRANC_RECORD = {  # three-month basis of the franc on overnight rates, bp
    date(2015, 1, 15): -39, date(2015, 1, 16): -60, date(2015, 1, 19): -76,
    date(2015, 1, 20): -108, date(2015, 1, 21): -160, date(2015, 1, 23): -181,
    date(2015, 1, 26): -96, date(2015, 1, 27): -69, date(2015, 1, 30): -95,
}  # fmt: skip


class Paths(NamedTuple):
    """Days of many runs, (runs, days)."""

    basis: np.ndarray  # bp
    line: np.ndarray  # USD bn
    yen: np.ndarray  # log, since the close before day 0
    franc: np.ndarray  # its basis, bp; nothing where it has none
    error: float  # largest of the audits


def scenarios() -> dict[str, Scenario]:
    """Every scenario that is run, by name."""
    march = load_scenario("march-2020")
    hike = load_scenario("hike").with_changes({"shock.surprise_bp": 50.0, "calendar.shock_day": 20})
    line = {"policy.swap_line": {"kind": "facility", "day": 20}}
    return {
        "march-2020": march,
        "march-2020, no line": march.with_changes(NO_LINE),
        "march-2020, line by rule": march.with_changes(BY_RULE),
        "march-2020, scripted": march.with_changes(SCRIPTED),
        "march-2020, no spot orders": march.with_changes({"funding.basis.spot_share": 0.0}),
        "august-2024": load_scenario("august-2024"),
        "50bp": hike,
        "50bp, line": hike.with_changes(line),
        "franc-2015": load_scenario("franc-2015"),
        "franc-2015, no release": load_scenario("franc-2015").with_changes(NO_RELEASE),
    }


def paths_of(scenario: Scenario, n_replicates: int) -> Paths:
    """Days of all replicates."""
    runs = [run(scenario, replicate) for replicate in range(n_replicates)]
    columns = ("basis_bp", "swap_line_usd_bn", f"log_{scenario.funding_currency}")
    basis, line, yen = (np.array([run[name] for run in runs]) for name in columns)
    franc = np.array([run.get("basis_CHF_bp", ()) for run in runs])
    return Paths(basis, line, yen, franc, max(run["conservation_error"].max() for run in runs))


def run(scenario: Scenario, replicate: int) -> dict[str, np.ndarray]:
    """The days of one run."""
    quick = scenario.with_changes({"outputs.feedback_gain_every_days": 0})
    world, opening = open_world(quick, SEED, replicate, with_events=False)
    world = advance(world, world.burn_in, world.n_days)
    return day_columns(world, opening, quick, scenario.calendar.days)


class Claim(NamedTuple):
    """What must hold, one number for each run, and whether it does in each of them."""

    claim: str
    values: np.ndarray
    holds: np.ndarray

    def row(self) -> dict[str, Any]:
        """A row of the table."""
        low, middle, high = np.percentile(self.values, (10, 50, 90))
        return {
            "claim": self.claim, "n": len(self.values), "median": middle, "p10": low, "p90": high,
            "share of runs": self.holds.mean(),
        }  # fmt: skip


def march_claims(found: dict[str, Paths], day: dict[date, int]) -> list[Claim]:
    """What March 2020 must show."""
    with_line, without = found["march-2020"], found["march-2020, no line"]
    eve, opened, until = day[EVE], day[LINE_DAY], day[LINE_DAY] + WITHIN_DAYS
    before, widest = with_line.basis[:, eve], with_line.basis.min(axis=1)
    back = np.array([days_to_come_back(path, opened) for path in with_line.basis])
    apart = without.basis[:, opened:until].mean(axis=1) - with_line.basis[:, opened:until].mean(
        axis=1
    )
    rise, given_back = turn(with_line.yen, day)
    _, without_orders = turn(found["march-2020, no spot orders"].yen, day)
    by_rule = found["march-2020, line by rule"].line
    first = np.array([int(np.argmax(path > 0.0)) if path.any() else -1 for path in by_rule])
    scripted = found["march-2020, scripted"].basis.min(axis=1)
    return [
        Claim("basis on 21 February, bp: about -40", before, np.abs(before + 40.0) < 10.0),
        Claim(f"widest basis, bp: beyond {WIDE_BP:g}", widest, widest < WIDE_BP),
        Claim(
            f"trading days from the line to a basis inside {BACK_BP:g}bp: at most {WITHIN_DAYS}",
            back, back <= WITHIN_DAYS,
        ),
        Claim("basis without the line less basis with it, mean of 25 days, bp", apart, apart < 0.0),
        Claim("line drawn at most, USD bn (record 449)", with_line.line.max(axis=1),
              with_line.line.max(axis=1) < 449.0),
        Claim("yen, highest from 21 February to 11 March, log (record .087)", rise, rise > 0.0),
        Claim("of it given back by its lowest close to 24 March, share (record .96)",
              given_back, given_back > 0.0),
        Claim("the same without dollars bought in spot", without_orders, without_orders > 0.0),
        Claim("opening of the line by rule, trading days after 9 March (record 5)",
              first - day[date(2020, 3, 9)], first == opened),
        Claim("widest basis with dollars hoarded as by the record's VIX and dollar, bp",
              scripted, scripted < WIDE_BP),
    ]  # fmt: skip


def days_to_come_back(path: np.ndarray, opened: int) -> int:
    """Trading days from a day to the first after the widest with a basis inside the level."""
    widest = int(np.argmin(path))
    inside = np.flatnonzero(path[widest:] > BACK_BP)
    return int(widest + inside[0] - opened) if len(inside) else len(path)


def turn(yen: np.ndarray, day: dict[date, int]) -> tuple[np.ndarray, np.ndarray]:
    """Rise of the yen to its highest close up to the turn; share of it that is lost to the end."""
    eve, turned, end = day[EVE], day[TURN], day[END]
    highest = yen[:, eve : turned + 1].max(axis=1)
    lowest = yen[:, turned : end + 1].min(axis=1)
    rise = highest - yen[:, eve]
    return rise, (highest - lowest) / rise


def other_claims(found: dict[str, Paths], august_days: tuple[date, ...]) -> list[Claim]:
    """What unwinds without a shortage must show."""
    august = found["august-2024"].basis
    july = [i for i, one in enumerate(august_days) if JULY[0] <= one <= JULY[1]]
    later = [i for i, one in enumerate(august_days) if JULY[1] < one <= date(2024, 8, 30)]
    moved = august[:, later] - np.median(august[:, july], axis=1, keepdims=True)
    farthest = np.abs(moved).max(axis=1)
    widened = moved.min(axis=1)
    plain, line = found["50bp"], found["50bp, line"]
    yen = line.yen[:, 20:].max(axis=1) - plain.yen[:, 20:].max(axis=1)
    error = yen.std(ddof=1) / np.sqrt(len(yen))
    t = yen.mean() / error if error > 0.0 else 0.0
    return [
        Claim(f"August 2024, farthest from its July level, bp: at most {NEAR_BP:g}",
              farthest, farthest <= NEAR_BP),
        Claim("August 2024, widening beyond its July level, bp (record -8)", widened, widened < 0),
        Claim(f"50bp: peak of the yen with the line less without, log; t = {t:.2f}",
              yen, np.full(len(yen), abs(t) < MOST_T)),
        Claim("50bp: widest basis, bp (the line costs -100)", plain.basis.min(axis=1),
              plain.basis.min(axis=1) > -100.0),
        Claim("50bp: line drawn at most, USD bn", line.line.max(axis=1),
              line.line.max(axis=1) == 0.0),
    ]  # fmt: skip


def franc_claims(found: dict[str, Paths], day: dict[date, int]) -> list[Claim]:
    """What January 2015 must show; from the eve of the break to the end of the run."""
    made, without = found["franc-2015"], found["franc-2015, no release"]
    eve, after = day[FRANC_EVE], slice(day[FRANC_EVE] + 1, None)
    widest, unscripted = (one.franc[:, after].min(axis=1) for one in (made, without))
    moved = np.abs(made.basis[:, after] - made.basis[:, [eve]]).max(axis=1)
    carried = np.abs(made.basis - without.basis).max(axis=1)
    return [
        Claim(f"January 2015: widest basis of the franc, bp: beyond {FRANC_BP:g} (scripted)",
              widest, widest < FRANC_BP),
        Claim(f"the same without the release of hedges: inside {FRANC_BP:g}",
              unscripted, unscripted > FRANC_BP),
        Claim(f"yen's basis, farthest from 14 January, bp: at most {STAYS_BP:g} (record 13)",
              moved, moved <= STAYS_BP),
        Claim("of it because of the release, bp", carried, carried <= STAYS_BP),
    ]  # fmt: skip


def franc_against_record(found: dict[str, Paths], day: dict[date, int]) -> pd.DataFrame:
    """Bases of the franc and of the yen on the days of the record, medians."""
    lines = []
    for when, basis in FRANC_RECORD.items():
        line: dict[str, Any] = {"date": when, "record franc bp": basis}
        for name in ("franc-2015", "franc-2015, no release"):
            line[f"{name} franc bp"] = np.median(found[name].franc[:, day[when]])
        line["franc-2015 yen bp"] = np.median(found["franc-2015"].basis[:, day[when]])
        lines.append(line)
    return pd.DataFrame(lines)


def against_record(found: dict[str, Paths], day: dict[date, int]) -> pd.DataFrame:
    """Basis and yen of the model on the days of the record, medians."""
    eve, quote = day[date(2020, 2, 20)], RECORD[date(2020, 2, 20)][1]
    lines = []
    for when, (basis, usdjpy) in RECORD.items():
        at = day[when]
        line: dict[str, Any] = {"date": when, "record bp": basis}
        for name in ("march-2020", "march-2020, no line", "march-2020, scripted"):
            line[f"{name} bp"] = np.median(found[name].basis[:, at])
        line["record yen log"] = np.log(quote / usdjpy)
        yen = found["march-2020"].yen
        line["model yen log"] = np.median(yen[:, at] - yen[:, eve])
        line["line USD bn"] = np.median(found["march-2020"].line[:, at])
        lines.append(line)
    return pd.DataFrame(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--replicates", type=int, default=100)
    asked = parser.parse_args()
    start, chosen = time.perf_counter(), scenarios()
    found = {name: paths_of(one, asked.replicates) for name, one in chosen.items()}
    day = {when: i for i, when in enumerate(chosen["march-2020"].calendar.dates())}
    franc_day = {when: i for i, when in enumerate(chosen["franc-2015"].calendar.dates())}
    august = chosen["august-2024"].calendar.dates()
    claims = [*march_claims(found, day), *other_claims(found, august)]
    claims += franc_claims(found, franc_day)
    franc = franc_against_record(found, franc_day)
    table = pd.DataFrame([claim.row() for claim in claims])
    record = against_record(found, day)
    gap = record["march-2020 bp"] - record["record bp"]
    show(table, "What must hold")
    show(
        record,
        f"March 2020 and the record; root mean square error {np.sqrt((gap**2).mean()):.0f}bp",
    )
    show(franc, "January 2015 and the record of the franc")
    keep(
        ROOT / "results" / "basis",
        {"claims": table, "march_2020": record, "franc_2015": franc},
        {},
        chosen,
        {"seed": SEED, "replicates": asked.replicates}
        | {"max_conservation_error": max(paths.error for paths in found.values())}
        | {"wall_seconds": round(time.perf_counter() - start, 1)},
    )


if __name__ == "__main__":
    main()
