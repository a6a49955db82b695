"""Sentences that numbers decide: a folder of templates for each language, with the same names.

A template is a text with values in their places, and the cases between which a number, a side or a
kind decides. Each line of it is a sentence, or a clause of one; the language says what stands
between them. A value is never read as a template, whatever a user wrote into it.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from jinja2 import Environment

FOLDER = Path(__file__).parent
ENGLISH = "english"  # the folder of what is told in English alone: figures, the analysis of a sweep


def templates(folder: str) -> Environment:
    """The templates of a language, or of ENGLISH, without the filters that write amounts and names.

    They make plain text, for terminals and figures: a page escapes it as any other value.
    """
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    return Environment(
        loader=FileSystemLoader(FOLDER / folder),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
