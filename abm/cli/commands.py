"""The commands of `unwind`. Each is in the file of its name: its options, its answer.

These files stay light, for all are read whatever is asked: what a command needs of other rooms is
imported where it is used. What is heavy or shared is in files named for what they hold.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from abm.cli import (
    analyse,
    attribute,
    calibrate,
    check,
    classroom,
    compare,
    episodes,
    explain,
    export,
    indicators,
    literature,
    new,
    plot,
    report,
    reproduce,
    run,
    scenarios,
    schema,
    status,
    stress,
    sweep,
    validate,
)
from abm.cli.answers import answered
from abm.cli.terminal import tell
from abm.errors import one_line
from abm.version import __version__

LONGEST_REFUSAL = 500  # characters
# Typer's base of all that is wrong with an option; where it lies is Typer's own affair.
_REFUSED: type[Exception] = next(
    kind for kind in typer.BadParameter.__mro__ if kind.__name__ == "ClickException"
)


@contextmanager
def _quoted_on_one_line() -> Iterator[None]:
    """Typer's own refusals quote what was typed: they spell it as all other messages do."""
    try:
        yield
    except _REFUSED as bad:
        bad.message = one_line(bad.message, LONGEST_REFUSAL)  # type: ignore[attr-defined]
        raise


class Commands(TyperGroup):
    """The commands of `unwind`, with refusals that a terminal shows and does not obey."""

    def make_context(self, *args: Any, **kwargs: Any) -> Any:
        """Read the options of `unwind` itself."""
        with _quoted_on_one_line():
            return super().make_context(*args, **kwargs)

    def invoke(self, ctx: Any) -> Any:
        """Read the options of a command, and do it."""
        with _quoted_on_one_line():
            return super().invoke(ctx)


app = typer.Typer(
    cls=Commands,
    help="Simulate what happens when yen carry trades are unwound.",
    epilog="Start with: unwind run august-2024",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)

# In the order of the help.
COMMANDS = (
    scenarios.scenarios,
    check.check,
    run.run,
    compare.compare,
    attribute.attribute,
    sweep.sweep,
    status.status,
    analyse.analyse,
    calibrate.calibrate,
    plot.plot,
    export.export,
    explain.explain,
    report.report,
    classroom.classroom,
    reproduce.reproduce,
    literature.literature,
    episodes.episodes,
    indicators.indicators,
    stress.stress,
    validate.validate,
    new.new,
    schema.schema,
)
for command in COMMANDS:
    app.command()(answered(command))


def _print_version(asked: bool) -> None:
    if asked:
        tell(f"unwind {__version__}")
        raise typer.Exit


@app.callback()
def unwind(
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Say which")
    ] = False,
) -> None:
    """Simulate what happens when yen carry trades are unwound."""
