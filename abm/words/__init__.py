"""Texts for people: one file for each language, all with the same keys.

A text has values in braces: `words("en")("day.dated", day=31, month="Jul", year=2024)`. Where a
number decides between singular and plural, the key holds `one` and `other`, and the value `n`
chooses. Sentences with more cases than that are templates, see `abm.words.templates`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from abm.errors import InvalidInput

LINE_LETTERS = 100  # of a line on a terminal
LABEL_LETTERS = 16  # of what stands before the words of a line
LANGUAGES: dict[str, str] = {"en": "English", "ja": "日本語", "zh": "中文"}


@dataclass(frozen=True, eq=False)
class Words:
    """All texts of one language by dotted key."""

    language: str
    texts: Mapping[str, str]

    def __call__(self, key: str, /, **values: Any) -> str:
        """The text of a key, with values put in their places."""
        if key not in self.texts:
            key = f"{key}.one" if values.get("n") == 1 else f"{key}.other"
        return self.texts[key].format(**values)

    def has(self, key: str) -> bool:
        return key in self.texts or f"{key}.other" in self.texts

    @property
    def per_bn(self) -> int:
        """Units in which the language counts amounts, in a billion: 10 where they are of 10^8."""
        return int(self.texts["chronicle.amount.units_per_bn"])

    def decimals(self, of_bn: int) -> int:
        """Decimals of an amount in that unit that has so many of them in billions."""
        return max(0, of_bn - len(str(self.per_bn)) + 1)

    def amount(self, usd_bn: float, decimals: int) -> str:
        """An amount in that unit, without its name; `decimals` as of billions."""
        return f"{usd_bn * self.per_bn:,.{self.decimals(decimals)}f}"

    def group(self, prefix: str) -> dict[str, str]:
        """The texts below a key, by the rest of theirs."""
        start = f"{prefix}."
        return {k.removeprefix(start): t for k, t in self.texts.items() if k.startswith(start)}


def counted(number: float, noun: str, form: str = ",") -> str:
    """A number with its English noun, singular where 1 is shown: "1 run", "0 runs", "1,024 runs".

    `form` is how the number is shown, as in a format string.
    """
    shown = format(number, form)
    return f"{shown} {noun}{'' if shown == '1' else 's'}"


def is_or_are(number: int) -> str:
    """The verb after a number of things: 1 is, 0 and 2 are."""
    return "is" if number == 1 else "are"


def key_of(name: str) -> str:
    """A name as keys spell it: "dam break" is dam_break, "build-up" build_up."""
    return name.replace(" ", "_").replace("-", "_")


@cache
def words(language: str = "en") -> Words:
    """The texts of a language. Raises InvalidInput for one that is not in LANGUAGES."""
    import tomllib  # `unwind --help` names the languages and reads none

    if language not in LANGUAGES:
        known = ", ".join(LANGUAGES)
        raise InvalidInput(f"language = {language!r}, must be one of {known}")
    raw = (Path(__file__).parent / f"{language}.toml").read_text(encoding="utf-8")
    return Words(language, dict(_flat(tomllib.loads(raw))))


def _flat(table: Mapping[str, Any], prefix: str = "") -> list[tuple[str, str]]:
    """Nested tables as pairs of dotted key and text."""
    pairs: list[tuple[str, str]] = []
    for name, value in table.items():
        key = f"{prefix}{name}"
        pairs += _flat(value, f"{key}.") if isinstance(value, dict) else [(key, str(value))]
    return pairs
