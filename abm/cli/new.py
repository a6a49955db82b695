"""`unwind new`: a scenario to start from."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from abm.cli.asked import Force
from abm.cli.output import refuse_file, write_file
from abm.cli.terminal import tell


def new(
    name: Annotated[str, typer.Argument(metavar="NAME", help="Writes NAME.toml here")],
    base: Annotated[str, typer.Option(help="The scenario it starts from")] = "hike",
    force: Force = False,
) -> None:
    """Write a commented scenario to start from."""
    from abm.scenario import commented_template

    path = Path(f"{name.removesuffix('.toml')}.toml")
    text = commented_template(path.stem if path.name == str(path) else str(path), base)
    refuse_file(path, force)
    write_file(path, text)
    tell(f"wrote {path}; change it, then: unwind run {path}")
