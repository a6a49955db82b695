"""`unwind schema`: what a scenario file may hold, for editors."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from abm.cli.asked import Force
from abm.cli.output import refuse_file, write_file
from abm.cli.terminal import tell


def schema(
    out: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write it there instead of printing it")
    ] = None,
    force: Force = False,
) -> None:
    """The JSON Schema of a scenario file, for editors."""
    import json

    from abm.scenario import json_schema

    text = json.dumps(json_schema(), indent=2, ensure_ascii=False)
    if out is None:
        tell(*text.split("\n"))
        return
    refuse_file(out, force)
    write_file(out, text + "\n")
    tell(f"wrote {out}")
