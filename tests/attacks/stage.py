"""Where attacks are made: a folder of odd things, and the command in this process."""

import contextlib
import os
from pathlib import Path
from typing import NamedTuple

from typer.testing import CliRunner

from abm.cli.commands import app

LARGEST_ANSWER = 20_000  # characters
# What no terminal may be sent, whatever was read: controls, directions, formats, surrogates.
RAW = set(map(chr, (*range(0x20), 0x7F, *range(0x80, 0xA0), 0xAD, 0x61C, *range(0x200B, 0x2010))))
RAW |= set(map(chr, (*range(0x2028, 0x202F), *range(0x2060, 0x2070), 0xFEFF))) - set("\n")
RAW |= set(map(chr, range(0xD800, 0xE000)))
RAW -= set("\n")
BASED = 'base = "hike"\n'
EXPERIMENT = 'scenario = "hike"\nreplicates = 1\n[design]\nkind = "grid"\n[design.factors]\n'


class Answer(NamedTuple):
    """Output of the command, on both streams, and its exit code."""

    code: int
    text: str


def set_up(place: Path) -> None:
    """The odd things: each row of the tables meets the same."""
    files = {
        "file.txt": "hello\n",
        "full/kept.txt": "mine\n",
        "there.toml": BASED,
        "empty.toml": "",
        "deep.toml": "a = " + "[" * 200,
        "small.toml": f'{EXPERIMENT}"funds.n" = [20, 40]\n',
        "loop.toml": 'base = "loop.toml"\n',
    }
    for name, text in files.items():
        (place / name).parent.mkdir(exist_ok=True)
        (place / name).write_text(text)
    (place / "latin.toml").write_bytes('a = 1\nb = "é"\n'.encode("latin-1"))
    (place / "bin.toml").write_bytes(bytes(range(256)))
    (place / "folder.toml").mkdir()
    os.mkfifo(place / "pipe")
    os.mkfifo(place / "pipe.toml")
    (place / "zero.toml").symlink_to("/dev/zero")
    (place / "gone.toml").symlink_to("nowhere")
    with open(place / "big.toml", "wb") as file:
        file.truncate(10_000_000_000)


def ask(words: list[str]) -> Answer:
    """The command with these words."""
    result = CliRunner().invoke(app, words)
    escaped = result.exception is not None and not isinstance(result.exception, SystemExit)
    text = f"{result.output}\nTraceback: {result.exception!r}" if escaped else result.output
    return Answer(result.exit_code, text)


def contents(place: Path) -> dict[str, tuple[int, int]]:
    """Everything below a folder, with its size and when it was written."""
    found = {}
    for folder, names, files in os.walk(place):
        for name in (*names, *files):
            path = os.path.join(folder, name)
            with contextlib.suppress(OSError):
                seen = os.lstat(path)
                found[path] = (seen.st_size, seen.st_mtime_ns if name in files else 0)
    return found


def faults_of(answer: Answer, expected: str) -> list[str]:
    """Fault of an answer to bad input."""
    text = answer.text
    flat = " ".join(text.replace("│", " ").split())
    return [
        words
        for words, is_so in (
            (f"exit code {answer.code}", answer.code != 2),
            ("a traceback", "Traceback" in text),
            ("called an internal error", "our fault" in text or "internal error" in text),
            ("raw characters", bool(RAW & set(text))),
            (f"{len(text):,} characters", len(text) > LARGEST_ANSWER),
            (f"does not say {expected!r}", " ".join(expected.split()) not in flat),
        )
        if is_so
    ]
