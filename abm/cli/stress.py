"""`unwind stress`: a portfolio of the user's own through the simulated unwinds."""

from __future__ import annotations

import math
import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NamedTuple

import typer

from abm.cli.answers import DONE
from abm.cli.asked import (
    Force,
    Language,
    Settings,
    chosen_scenario,
    how_many,
    leave,
    print_json,
    whole,
)
from abm.cli.lines import labelled
from abm.cli.output import all_or_nothing, refuse_folder
from abm.cli.progress import warn_of_compiling
from abm.cli.sweep import SweepProgress, told_when_interrupted
from abm.cli.terminal import tell
from abm.words import words

if TYPE_CHECKING:
    from abm.stress import StressResult

MARKET = "market"
MOST_LINES = 5  # of the portfolio, and drivers, that are told
DAYS = "1,5,10,20,60"
LEVEL = 0.975  # of the table


class Asked(NamedTuple):
    """The options of `unwind stress`."""

    portfolio: str
    scenario: str
    settings: tuple[str, ...] = ()
    runs: int = 1000
    horizons: tuple[int, ...] = (1, 5, 10, 20, 60)
    seed: int = 0
    base: str = "USD"
    betas: Path | None = None
    workers: int | None = None
    out: Path | None = None
    force: bool = False
    as_json: bool = False
    language: str = "en"


def stress(
    portfolio: Annotated[
        str, typer.Argument(metavar="PORTFOLIO", help="A CSV file, or a sample: asset-manager")
    ],
    scenario: Annotated[
        str, typer.Option(metavar="NAME", help="A name that `unwind scenarios` lists, or a file")
    ],
    settings: Settings = None,
    runs: Annotated[str, typer.Option(metavar="N", help="Simulated paths")] = "1000",
    horizon: Annotated[
        str, typer.Option(metavar="A,B,…", help="Trading days after the eve of the shock")
    ] = DAYS,
    seed: Annotated[str, typer.Option(metavar="N", help="Random seed of all paths")] = "0",
    base: Annotated[
        str, typer.Option(metavar="CODE", help="Currency of the result, as USD or JPY")
    ] = "USD",
    betas: Annotated[
        Path | None, typer.Option(metavar="FILE", help="A CSV file of betas by proxy")
    ] = None,
    workers: Annotated[
        str | None, typer.Option(metavar="N", help="Processes; default one for each core")
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Folder; default results/stress-PORTFOLIO-SCENARIO"),
    ] = None,
    force: Force = False,
    json: Annotated[bool, typer.Option("--json", help="Print the numbers as JSON")] = False,
    language: Language = "en",
) -> None:
    """Put a portfolio through many paths of a scenario: losses, margin calls, funding."""
    asked = Asked(
        portfolio, scenario, tuple(settings or ()), whole("--runs", runs, least=1),
        _days(horizon), whole("--seed", seed), base, betas, how_many("--workers", workers), out,
        force, json, language,
    )  # fmt: skip
    leave(stress_and_tell(asked))


def _days(text: str) -> tuple[int, ...]:
    return tuple(sorted({whole("--horizon", day.strip(), least=1) for day in text.split(",")}))


def stress_and_tell(asked: Asked) -> int:
    """Simulate what is missing, value the portfolio, keep the tables, and say them; exit code."""
    from abm.files import folder_name
    from abm.stress import read_portfolio, run
    from abm.stress.samples import find_portfolio

    words(asked.language)  # an unknown one is refused before any work
    scenario = chosen_scenario(asked.scenario, list(asked.settings))
    path = find_portfolio(asked.portfolio)
    read_portfolio(path, scenario, asked.betas, asked.base)  # its faults before any folder
    name = folder_name(f"stress-{path.stem}-{scenario.name}")
    folder = asked.out if asked.out is not None else Path("results") / name
    _refuse(folder, asked.force)
    warn_of_compiling()
    with told_when_interrupted(shlex.join(["unwind", *sys.argv[1:]])), SweepProgress() as progress:
        found = run(
            path, scenario, asked.runs, asked.horizons, asked.seed, asked.workers,
            betas=asked.betas, base=asked.base, folder=folder / MARKET, progress=progress,
        )  # fmt: skip
    told = told_paths(found, asked.language)
    with all_or_nothing(folder):
        found.save(folder, told)
    if asked.as_json:
        print_json({"folder": str(folder), **found.summary})
    else:
        tell(*lines(found, folder, asked))
    return DONE


def _refuse(folder: Path, force: bool) -> None:
    """Refuse a folder that holds other things than runs of a market, of which we go on."""
    if folder.is_dir() and {entry.name for entry in folder.iterdir()} == {MARKET}:
        return
    refuse_folder(folder, force)


def told_paths(found: StressResult, language: str) -> dict[str, str]:
    """The chronicles of the worst paths, from the shock on, as texts by name of their file."""
    from abm.report.chronicle import chronicle, chronicle_text

    texts = {}
    for row in found.worst.to_dict("records"):
        run = found.rerun(int(row["replicate"]))
        funding = run.scenario.funding_currency
        entries = chronicle(run.events, language, run.scenario.shock_day, funding)
        texts[f"worst-{row['rank']}.txt"] = chronicle_text(entries) + "\n"
    return texts


def lines(found: StressResult, folder: Path, asked: Asked) -> list[str]:
    """Lines for the terminal."""
    text, last = words(asked.language), found.horizons[-1]
    summary = found.summary
    head = text(
        "stress.head", lines=len(found.portfolio.names), paths=f"{found.market.n:,}",
        scenario=found.scenario.name, own=_money(found.own_money), currency=found.currency,
    )  # fmt: skip
    told = [head, "", *_losses(found, asked.language), "", *_parts(found, asked.language), ""]
    told += _accounts(found, asked.language)
    told += [*_variants(found, asked.language), ""]
    rise = found.breakeven["rise_log"].iloc[-1]
    if not math.isnan(rise):
        key = "stress.breakeven_up" if rise >= 0.0 else "stress.breakeven_down"
        quote = f"{found.breakeven['quote'].iloc[-1]:,.4g}"
        move = f"{abs(math.expm1(rise)):.1%}"
        told.append(text(key, days=last, move=move, quote=quote))
    at_last = found.lines[found.lines["horizon"] == last].nlargest(MOST_LINES, "component_es")
    shares = [f"{row['name']} {_money(row['component_es'])}" for row in at_last.to_dict("records")]
    told.append(text("stress.worst_lines", lines=", ".join(shares)))
    if summary["n_paths"] > 1:
        best = found.drivers.head(3).to_dict("records")
        drivers = ", ".join(
            f"{_driver(row['driver'], asked.language)} ({row['auroc']:.2f})" for row in best
        )
        told.append(text("stress.drivers", drivers=drivers, n=int(found.is_breach.sum())))
    for remark in found.portfolio.remarks:
        names = ", ".join(remark.names[:MOST_LINES])
        more = len(remark.names) - MOST_LINES
        names += f" (+{more})" if more > 0 else ""
        told.append(text(f"stress.remark.{remark.key}", names=names))
    told += [text("stress.today"), ""]
    files = f"{folder}: risk, split, funding, lines, paths … (.csv, .parquet), worst-1.txt …"
    worst = ["unwind", "run", asked.scenario, "--seed", str(asked.seed)]
    worst += ["--replicate", str(summary["worst_paths"][0])]
    worst += [word for setting in asked.settings for word in ("--set", setting)]
    worst += ["--out", f"{folder}-worst"]
    return [*told, labelled("Kept in", files), labelled("Try next", shlex.join(worst))]


def _driver(name: str, language: str) -> str:
    """Words for a driver; an instrument without any keeps its name."""
    text = words(language)
    key, _, instrument = name.rpartition("_")
    if key != "largest_move":
        return text(f"stress.drivers_of.{name}")
    label = f"instruments.{instrument}"
    return text(
        "stress.drivers_of.largest_move", name=text(label) if text.has(label) else instrument
    )


def _losses(found: StressResult, language: str) -> list[str]:
    """Profit, value at risk and expected shortfall by horizon."""
    text, risk = words(language), found.risk[found.risk["level"] == LEVEL]
    names = ("days", "mean", "p_loss", "var", "es")
    rows = [tuple(text(f"stress.{name}") for name in names)]
    for profit, loss in zip(
        found.distribution.to_dict("records"), risk.to_dict("records"), strict=True
    ):
        bounds = f"{_money(loss['es_low'])} – {_money(loss['es_high'])}"
        rows.append(
            (f"{profit['horizon']}", _money(profit["mean"]), f"{profit['p_loss']:.0%}",
             _money(loss["var"]), f"{_money(loss['es'])} ({bounds})")
        )  # fmt: skip
    return _aligned(rows)


def _parts(found: StressResult, language: str) -> list[str]:
    """Profit by source at the last horizon, on average and in the tail, without empty rows."""
    text = words(language)
    rows: list[tuple[str, ...]] = [tuple(text(f"stress.{n}") for n in ("part", "mean", "tail"))]
    for row in found.split[found.split["horizon"] == found.horizons[-1]].to_dict("records"):
        label = text(f"stress.parts.{row['part']}")
        if row["mean"] or row["tail"]:
            rows.append((label, _money(row["mean"]), _money(row["tail"])))
    return _aligned(rows)


def _accounts(found: StressResult, language: str) -> list[str]:
    """Margin calls, forced sales and the need for funding, a line for each currency."""
    text, last = words(language), found.market.n_days
    told = []
    for row in found.accounts.to_dict("records"):
        of_day = found.funding[
            (found.funding["day"] == last) & (found.funding["currency"] == row["currency"])
        ]
        first = row["first_sale_day"]
        when = "" if math.isnan(first) else text("stress.first_sale", day=f"{first:.0f}")
        told.append(
            text("stress.account", currency=row["currency"], called=f"{row['p_called']:.0%}",
                 sold=f"{row['p_sold']:.0%}", when=when,
                 need=_money(of_day["need_q95"].item()))
        )  # fmt: skip
    return [*told, ""] if told else []


def _variants(found: StressResult, language: str) -> list[str]:
    """The same portfolio otherwise, at the last horizon; what changes nothing is left out."""
    import numpy as np

    text, table = words(language), found.variants_table
    names = ("variant", "mean", "es", "p_sold", "sharpe")
    rows = [tuple(text(f"stress.{name}") for name in names)]
    for row in table[table["horizon"] == found.horizons[-1]].to_dict("records"):
        is_other = row["variant"] != next(iter(found.variants))
        if is_other and np.array_equal(found.variants[row["variant"]].pnl, found.carried.pnl):
            continue
        label = text(f"stress.variants.{row['variant'].replace(' ', '_')}")
        sharpe = "-" if math.isnan(row["sharpe"]) else f"{row['sharpe']:.2f}"
        cells = (_money(row["mean"]), _money(row["es"]), f"{row['p_sold']:.0%}", sharpe)
        rows.append((label, *cells))
    return _aligned(rows)


def _aligned(rows: list[tuple[str, ...]]) -> list[str]:
    from abm.report.findings import aligned

    return aligned(rows)


def _money(amount: float) -> str:
    """An amount of money in whole units."""
    return f"{amount:,.0f}".replace("-", "−") if round(amount) else "0"
