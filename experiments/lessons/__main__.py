"""Run lessons whole, one after the other, or write them as notebooks.

python -m experiments.lessons [NUMBER ...] [--quick]
python -m experiments.lessons [NUMBER ...] --notebooks FOLDER
"""

from __future__ import annotations

import argparse
import os
import re
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple, NoReturn

from abm.cli.output import all_or_nothing, write_file
from abm.errors import InvalidInput, OutputRefused, UnwindError

FOLDER = Path(__file__).resolve().parent
ROOT = FOLDER.parents[1]


class Outcome(NamedTuple):
    """The outcome of one lesson."""

    seconds: float
    fault: str  # the failing line and its error; empty if it ran to its end


class OneLine(argparse.ArgumentParser):
    """A parser that says what is wrong with a command in one line."""

    def error(self, message: str) -> NoReturn:
        self.exit(2, f"{message}; see python -m experiments.lessons --help\n")


def main(words: Sequence[str] | None = None) -> int:
    """Exit code: 0 if all is well, 1 if a lesson failed, 2 if the command cannot be followed."""
    parser = OneLine(prog="python -m experiments.lessons", description=__doc__.splitlines()[0])
    parser.add_argument(
        "numbers", nargs="*", metavar="NUMBER", help="lessons; all if none is given"
    )
    parser.add_argument("--quick", action="store_true", help="few seeds: only to see that they run")
    parser.add_argument(
        "--notebooks", type=Path, metavar="FOLDER", help="write .ipynb there instead"
    )
    asked = parser.parse_args(words)
    try:
        lessons = find_lessons(asked.numbers)
        if asked.notebooks is not None:
            return write_notebooks(lessons, asked.notebooks)
    except UnwindError as error:
        print(error, file=sys.stderr)
        return 2
    return run_all(lessons, asked.quick)


def find_lessons(numbers: Sequence[str] = ()) -> dict[str, Path]:
    """Files of lessons by number, in order; InvalidInput names every number that is none."""
    known = {path.name.split("_")[1]: path for path in sorted(FOLDER.glob("lesson_*.py"))}
    unknown = [number for number in numbers if number not in known]
    if unknown:
        raise InvalidInput(f"no lesson {', '.join(unknown)}; there are {', '.join(known)}")
    return {number: known[number] for number in dict.fromkeys(numbers)} if numbers else known


def run_all(lessons: dict[str, Path], is_quick: bool) -> int:
    """Run them in order, say how each went, and give the exit code."""
    n_failed = 0
    for place, path in enumerate(lessons.values(), start=1):
        print(f"[{place}/{len(lessons)}] {path.stem:<24}", end="", flush=True)
        outcome = run_lesson(path, is_quick)
        n_failed += bool(outcome.fault)
        print(f"{outcome.seconds:6.1f} s  {outcome.fault or 'ok'}", flush=True)
    return 1 if n_failed else 0


def run_lesson(path: Path, is_quick: bool) -> Outcome:
    """Run one lesson as a script, in a process of its own."""
    paths = [str(ROOT), *os.environ.get("PYTHONPATH", "").split(os.pathsep)]
    environment = os.environ | {
        "LESSON_QUICK": "1" if is_quick else "0",
        "PYTHONPATH": os.pathsep.join(filter(None, paths)),
    }
    start = time.perf_counter()
    done = subprocess.run(
        [sys.executable, str(path)], env=environment, cwd=ROOT, capture_output=True, text=True
    )
    seconds = time.perf_counter() - start
    return Outcome(seconds, failing_line(path, done.stderr) if done.returncode else "")


def failing_line(path: Path, traceback: str) -> str:
    """The last line of a lesson in a traceback, and what was wrong there."""
    error = traceback.strip().splitlines()[-1] if traceback.strip() else "no message"
    places = re.findall(rf'File "{re.escape(str(path))}", line (\d+)', traceback)
    if not places:
        return f"failed: {error}"
    source = path.read_text(encoding="utf-8").splitlines()[int(places[-1]) - 1].strip()
    return f"failed in line {places[-1]}, {source!r}: {error}"


def write_notebooks(lessons: dict[str, Path], folder: Path) -> int:
    """Write each lesson as folder/NAME.ipynb; where one is already, nothing is written."""
    try:
        import jupytext
    except ModuleNotFoundError:
        raise InvalidInput("notebooks need jupytext: pip install -e '.[lessons]'") from None
    notebooks = {folder / f"{path.stem}.ipynb": path for path in lessons.values()}
    there = [target.name for target in notebooks if target.exists()]
    if there:
        raise OutputRefused(f"{folder} holds {', '.join(there)}, maybe with answers; give another")
    with all_or_nothing(folder):
        for target, path in notebooks.items():
            write_file(target, jupytext.writes(jupytext.read(path), fmt="ipynb"))
    print(f"{len(notebooks)} notebooks in {folder}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
