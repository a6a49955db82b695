"""`unwind indicators`: what early warning is worth, and where a user's own values lie."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from abm.cli.asked import Force, Settings, changes_in, how_many, print_json, whole
from abm.cli.lines import duration, labelled
from abm.cli.progress import CountOnStderr, warn_of_compiling
from abm.cli.terminal import say, tell
from abm.errors import InvalidInput

if TYPE_CHECKING:
    import pandas as pd

    from abm.warning import Progress, Study
    from abm.warning.own import Record

FIGURES = ("scores.png", "panel.png")
# Indicators that the figure of one history has, of those it can have.
DRAWN = ("net_short_share", "carry_to_risk", "leverage", "margin_slack", "combined_all")
CAVEATS = (
    "Shares of simulated days, no forecast: the world is that of summer 2024, with surprises on",
    "random days, as often hawkish as dovish. A row whose AUROC has .5 in its band tells nothing.",
    "Units must be the panel's (abm/ODD.md, Early warning): one day ties net short to the CFTC's,",
    "and a market's risk reversal is not the proxy.",
)


def indicators(
    mine: Annotated[
        Path | None,
        typer.Argument(
            metavar="MINE.csv",
            help="Your own values: a header and one row, or a column date and a row a day",
        ),
    ] = None,
    score: Annotated[
        bool, typer.Option("--score", help="Score your dated values on what your prices did next")
    ] = False,
    study: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Compare with this study, not the shipped one"),
    ] = None,
    scenario: Annotated[
        str | None, typer.Option(metavar="NAME", help="World of a new study; default world-2024")
    ] = None,
    settings: Settings = None,
    seeds: Annotated[
        str | None, typer.Option(metavar="N", help="Histories of ten years; default 200")
    ] = None,
    quick: Annotated[bool, typer.Option("--quick", help="Twenty histories")] = False,
    out: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Folder; default results/early-warning")
    ] = None,
    seed: Annotated[str | None, typer.Option(metavar="N", help="Random seed")] = None,
    workers: Annotated[
        str | None, typer.Option(metavar="N", help="Processes; default one for each core")
    ] = None,
    force: Force = False,
    as_json: Annotated[bool, typer.Option("--json", help="For a program to read")] = False,
) -> None:
    """Score early-warning indicators on simulated unwinds; or set your own values beside them."""
    making = {
        "--scenario": scenario, "--set": settings, "--seeds": seeds, "--quick": quick, "--out": out,
        "--seed": seed, "--workers": workers, "--force": force,
    }  # fmt: skip
    if mine is None:
        _refuse({"--score": score, "--study": study}, "needs MINE.csv, a file of your own values")
        _make(making, as_json)
        return
    _refuse(making, "makes a study, and MINE.csv is compared with one: give one of them")
    _compare(mine, score, study, as_json)


def _refuse(given: dict[str, Any], words: str) -> None:
    named = [option for option, value in given.items() if value]
    if named:
        raise InvalidInput(f"{', '.join(named)}: {words}")


def _make(given: dict[str, Any], as_json: bool) -> None:
    """A study, made or carried on."""
    from abm.warning import running

    numbers = {name: how_many(f"--{name}", given[f"--{name}"]) for name in ("seeds", "workers")}
    seed = given["--seed"]
    warn_of_compiling()
    try:
        with StudyProgress() as progress:
            found = running.study(
                given["--scenario"], changes_in(given["--set"]), **numbers,
                quick=given["--quick"], out=given["--out"] or running.FOLDER,
                seed=running.SEED if seed is None else whole("--seed", seed),
                force=given["--force"], progress=progress,
            )  # fmt: skip
    except KeyboardInterrupt:
        command = ["unwind", "indicators", *sys.argv[2:]]
        say(f"what was finished is kept. To go on: {shlex.join(command)}")
        raise
    draw(found)
    if as_json:
        print_json({"manifest": found.manifest, "scores": found.scores.to_dict("records")})
    else:
        tell(*summary_lines(found))


def draw(found: Study) -> None:
    """The figures, beside the tables."""
    from abm.cli.output import write_file
    from abm.figures.warning import panel_figure, scores_figure
    from abm.report.pictures import png
    from abm.warning.columns import LABELS

    caption = f"{sample_words(found)} Bands: 95%, events and blocks of 60 calm days resampled."
    drawn = {name: LABELS[name] for name in DRAWN if name in found.sample}
    figures = [scores_figure(found.scores, caption)]
    if len(found.sample):
        history = int(found.sample["history"].iloc[0])
        words = (
            f"{found.manifest['scenario']}, seed {found.manifest['seed']}, history {history}. "
            "Shaded: days with an event ahead; line: the day on which the move is complete. Net "
            "short as published, three days late."
        )
        figures.append(panel_figure(found.sample, drawn, words))
    for name, figure in zip(FIGURES, figures, strict=False):
        write_file(found.folder / name, png(figure))


def sample_words(found: Study) -> str:
    """The runs that were scored, in a sentence or two."""
    of = found.manifest
    return (
        f"{of['scenario']}, seed {of['seed']}: {of['seeds']} histories, scored on the odd ones: "
        f"{of['n_events_scored']:,} events, {of['calm_years_scored']:,.0f} calm years; thresholds "
        "and weights chosen on the even ones."
    )


def summary_lines(found: Study) -> list[str]:
    """The scores, a line for each indicator, and the folder."""
    import numpy as np

    telling = found.scores[found.scores["indicator"] != "constant"]
    best = telling.iloc[int(np.argmax(telling["auroc"]))]
    n_told = f"{best['n_events_told']:.0f} of {best['n_events']:.0f} events told"
    return [
        sample_words(found),
        "Event: yen +7% within 20 days, or AUDJPY -8% within 10.",
        "",
        *score_lines(found.scores),
        "",
        labelled("Best", f"{best['label']}: AUROC {_banded(best, 'auroc')}; at a threshold passed "
            f"on 5% of calm days {n_told}"),
        labelled("Kept in", f"{found.folder}: scores, distribution, coefficients, sample (.csv, "
            f".parquet), {', '.join(FIGURES)}, manifest.json"),
        labelled("Try next", "unwind indicators MINE.csv, with values of your own"),
    ]  # fmt: skip


def score_lines(scores: pd.DataFrame) -> list[str]:
    """A table of scores."""
    lines = [
        f"{'':<32}{'AUROC':<18}{'partial':>8}{'useful':>8}{'precision':>11}{'told':>9}"
        f"{'lead':>6}{'false/y':>9}"
    ]
    for row in scores.to_dict("records"):
        if row.get("auroc") is None or row["auroc"] != row["auroc"]:
            lines.append(f"{row['label']:<32}not known on days of both kinds")
            continue
        lines.append(
            f"{row['label']:<32}{_banded(row, 'auroc'):<18}{_n(row['partial_auroc'], '8.2f')}"
            f"{_n(row['usefulness'], '8.2f')}{_n(row['precision'], '11.2f')}"
            f"{row['n_events_told']:>4.0f}/{row['n_events']:<4.0f}{_n(row['lead_days'], '6.0f')}"
            f"{_n(row['false_alarms_per_calm_year'], '9.2f')}"
        )
    return lines


def _compare(mine: Path, score: bool, folder: Path | None, as_json: bool) -> None:
    """A user's file beside a study."""
    from abm.warning import load_study
    from abm.warning.own import beside, read_own, score_own

    own = read_own(mine, for_scores=score)
    found = load_study(folder)
    if score:
        record = score_own(found, own)
        if as_json:
            print_json(
                {
                    "events": [day.isoformat() for day in record.crossing_dates],
                    "n_days": record.n_days,
                    "event_share": record.event_share,
                    "scores": record.scores.to_dict("records"),
                }
            )
        else:
            tell(*record_lines(record))
        return
    table = beside(found, own)
    if table.empty:
        raise InvalidInput(
            f"{mine}: no indicator is known on its last row; prices need 60 days before it, "
            "positions the days until they are published"
        )
    if as_json:
        print_json({"base_share": found.manifest["event_share"], "caveats": " ".join(CAVEATS),
                    "indicators": table.to_dict("records")})  # fmt: skip
    else:
        tell(*beside_lines(found, table, own.dates[-1].isoformat() if own.dates else ""))


def beside_lines(found: Study, table: pd.DataFrame, day: str) -> list[str]:
    """Where each value lies, what followed how often, and what that is worth."""
    base = found.manifest["event_share"]
    lines = [
        f"{'of ' + day + ', ' if day else ''}among {found.manifest['n_days']:,} simulated days, of "
        f"which {base:.1%} had an unwind within 20 days ahead",
        "",
        f"{'':<32}{'value':>10}{'percentile':>13}   {'followed by an unwind':<24}AUROC",
    ]
    for row in table.to_dict("records"):
        place = "outside" if row["is_beyond"] else f"{row['percentile']:.0f}"
        low, high = row["event_share_low"], row["event_share_high"]
        share = f"{row['event_share']:.1%} [{low:.1%}, {high:.1%}]"
        value = f"{row['value']:>10.3g}"
        auroc = _banded(row, "auroc")
        lines.append(f"{row['label']:<32}{value}{place:>13}   {share:<24}{auroc}")
    return [*lines, "", *CAVEATS]


def record_lines(record: Record) -> list[str]:
    """Scores of a user's file, its events counted."""
    days = ", ".join(day.isoformat() for day in record.crossing_dates)
    return [
        f"{len(record.crossing_dates)} events on {record.n_days:,} scored days, "
        f"{record.event_share:.1%} of them with one ahead: {days or 'none'}",
        "Weights and thresholds are the simulation's; nothing is fitted on this file.",
        "",
        *score_lines(record.scores),
    ]


def _banded(row: Any, key: str) -> str:
    return f"{row[key]:.2f} [{row[f'{key}_low']:.2f}, {row[f'{key}_high']:.2f}]"


def _n(value: float, form: str) -> str:
    """A number, or a dash of its width."""
    width = int(form.partition(".")[0])
    return f"{'–':>{width}}" if value is None or value != value else format(value + 0.0, form)


class StudyProgress(CountOnStderr):
    """Progress of a study: a bar on a terminal, elsewhere a line a minute."""

    def __call__(self, progress: Progress) -> None:
        self.show(progress.n_done, progress.n_planned, told(progress))


def told(progress: Progress) -> str:
    """Histories that are done, and the time they took."""
    return f"histories: {progress.n_done:,} of {progress.n_planned:,}, {duration(progress.seconds)}"
