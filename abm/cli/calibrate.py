"""`unwind calibrate`: parameters fitted to moments, told while it runs and afterwards."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from abm.cli.answers import CHANGE_SOMETHING, DONE
from abm.cli.asked import how_many, leave
from abm.cli.lines import duration, labelled
from abm.cli.progress import CountOnStderr, warn_of_compiling
from abm.cli.terminal import say, tell
from abm.words import counted

if TYPE_CHECKING:
    from abm.calibration import Calibration, Progress


def calibrate(
    study: Annotated[str, typer.Argument(metavar="FILE", help="A study's file.toml")],
    out: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Folder; default results/<name>")
    ] = None,
    workers: Annotated[
        str | None, typer.Option(metavar="N", help="Processes; default one for each core")
    ] = None,
    recover: Annotated[
        str | None,
        typer.Option(metavar="N", help="Find planted parameters again in N synthetic records"),
    ] = None,
) -> None:
    """Fit parameters to moments of the record; the same command goes on where it was stopped."""
    from abm.calibration import calibrate as fit
    from abm.calibration import load_study

    numbers = {
        name: how_many(f"--{name}", text)
        for name, text in (("workers", workers), ("recover", recover))
    }
    chosen = load_study(study)
    warn_of_compiling()
    command = ["unwind", "calibrate", study, *(["--out", str(out)] if out else [])]
    try:
        with CalibrationProgress() as progress:
            found = fit(chosen, out, **numbers, progress=progress)
    except KeyboardInterrupt:
        say(f"what was finished is kept. To go on: {shlex.join(command)}")
        raise
    drawn = draw(found)
    tell(*summary_lines(found, drawn))
    leave(CHANGE_SOMETHING if found.accepted.empty else DONE)


def draw(found: Calibration) -> list[str]:
    """The figures of a calibration, kept beside its tables; their names."""
    import pandas as pd

    from abm.cli.output import write_file
    from abm.figures.calibration import fit_figure, profiles_figure
    from abm.report.pictures import png

    made = {
        "fit": fit_figure(found.moments, found.folder.name),
        "profiles": profiles_figure(
            pd.read_parquet(found.folder / "profiles.parquet"), found.estimates, found.folder.name
        ),
    }
    for name, figure in made.items():
        write_file(found.folder / "figures" / f"{name}.png", png(figure))
    return [f"figures/{name}.png" for name in made]


def summary_lines(found: Calibration, drawn: list[str]) -> list[str]:
    """Estimates, fit, the accepted set, the folder, and the next command."""
    width = max(len(name) for name in found.estimates["parameter"])
    lines = [f"{'':<{width}}  {'value':>10}  {'se':>9}  class"]
    for one in found.estimates.to_dict("records"):
        times = "x" if one["is_multiple"] else ""
        value = f"{one['value']:.4g}{times}"
        lines.append(f"{one['parameter']:<{width}}  {value:>10}  {one['se']:>9.2g}  {one['class']}")
    width = max(len(name) for name in found.moments["moment"])
    lines += ["", f"{'':<{width}}  {'target':>9}  {'model':>9}  {'t':>6}"]
    for one in found.moments.to_dict("records"):
        numbers = f"{one['target']:>9.4g}  {one['model']:>9.4g}  {one['t']:>6.1f}"
        lines.append(f"{one['moment']:<{width}}  {numbers}")
    test = found.test
    verdict = "rejected" if test.objective > test.critical else "not rejected"
    lines += [
        "",
        labelled("J test", f"J = {test.objective:.3g}, {verdict}: critical value "
            f"{test.critical:.3g}, p = {test.p_value:.2g}, "
            f"{counted(test.degrees, 'degree')} of freedom"),
        labelled("Accepted", accepted_line(found)),
    ]  # fmt: skip
    if found.n_failed_runs:
        failed = counted(found.n_failed_runs, "run")
        lines.append(labelled("Failed", f"{failed}: see n_failed and error in evaluations.parquet"))
    tables = "estimates, moments, profiles, accepted"
    folder = str(found.folder)
    lines += [
        labelled("Kept in", f"{folder}: {tables} (.parquet), {', '.join(drawn)}"),
        labelled("Try next", f"in Python, abm.calibration.accepted_scenarios({folder!r})"),
    ]
    return lines


def accepted_line(found: Calibration) -> str:
    """Number of points that fit within sampling error; of none, the moment farthest off."""
    if not found.accepted.empty:
        critical = found.accepted["critical"].iloc[0]
        points = counted(len(found.accepted), "point")
        return f"{points} with J at most {critical:.3g}, critical where no parameter is fitted"
    worst = max(found.moments.to_dict("records"), key=lambda one: abs(one["t"]))
    return (
        "none: no point fits within sampling error; the moment farthest off is "
        f"{worst['moment']} (t = {worst['t']:.1f}): widen ranges, or look at its target and model"
    )


class CalibrationProgress(CountOnStderr):
    """Progress of a calibration: a bar on a terminal, elsewhere a line a minute."""

    def __call__(self, progress: Progress) -> None:
        self.show(progress.n_done, progress.n_planned, told(progress))


def told(progress: Progress) -> str:
    """The stage, points so far, the best of them, failed runs and the pace."""
    failed = f", {counted(progress.n_failed_runs, 'run')} failed" if progress.n_failed_runs else ""
    left = ""
    if progress.stage == "search" and progress.n_new and progress.n_done < progress.n_planned:
        seconds = progress.seconds / progress.n_new * (progress.n_planned - progress.n_done)
        left = f", {duration(seconds)} of search left"
    return (
        f"{progress.stage}: {counted(progress.n_done, 'point')}, best J {progress.best:.4g}"
        f"{failed}{left}"
    )
