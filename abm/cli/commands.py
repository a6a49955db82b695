"""What `unwind` can be asked. Each command loads what it needs when it is given."""

from __future__ import annotations

from typing import Annotated

import typer

from abm.cli import making, showing
from abm.cli.answers import answered

app = typer.Typer(
    help="Simulate what happens when yen carry trades are unwound.",
    epilog="Start with: unwind run august-2024",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)

# In the order of the help.
COMMANDS = (
    making.scenarios,
    making.check,
    making.run,
    making.sweep,
    showing.status,
    showing.analyse,
    showing.plot,
    showing.explain,
    showing.report,
    showing.classroom,
    showing.reproduce,
    showing.literature,
    making.new,
    making.schema,
)
for command in COMMANDS:
    app.command()(answered(command))


def _print_version(asked: bool) -> None:
    if asked:
        import abm

        print(f"unwind {abm.__version__}")
        raise typer.Exit


@app.callback()
def unwind(
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Say which")
    ] = False,
) -> None:
    """Simulate what happens when yen carry trades are unwound."""
