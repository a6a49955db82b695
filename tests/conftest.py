"""Shared parts of all tests: two processes for the whole suite, which compile the kernels of a day
once; how much Hypothesis searches; a sign of life where no person watches."""

import os
import signal
import subprocess
import sys
import time
from functools import cache
from typing import Any

import pytest
import typer.testing
from hypothesis import settings
from xdist.scheduler import LoadFileScheduling

# The first call of a kernel compiles it: a deadline would measure the compiler.
settings.register_profile("here", deadline=None, max_examples=40)
settings.register_profile("ci", deadline=None, max_examples=40, derandomize=True)
settings.load_profile("ci" if os.environ.get("CI") else "here")

# Without bytecode each process would prepare all tests and sources anew, ten seconds at each start.
sys.dont_write_bytecode = False
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)

LINE_EVERY_SECONDS = 30.0

# Files and folders that begin, in this order: first those that need no compiled kernel, then those
# that take longest, so that both processes end at about the same time.
FIRST = (
    "scenario", "words", "test_files.py", "test_odd.py", "test_imports.py", "test_bad_numbers.py",
    "classroom", "sweep", "warning",
)  # fmt: skip
# Files that one process takes together: they share what takes long to make.
TOGETHER = {
    "a server and a browser": (
        "test_browser.py",
        "test_access.py",
        "test_door.py",
        "test_many_runs.py",
    ),
    "lessons, run": ("test_lessons.py", "test_lessons_5_to_7.py"),
    "quick findings": ("test_every_paper.py", "test_brunnermeier_nagel_pedersen.py"),
}
ONE_DAY = """
import abm
tiny = {"calendar.days": 8, "calendar.burn_in_days": 6, "calendar.drift_days": 5}
abm.run(abm.load_scenario("hike").with_changes(tiny), rng=1)
"""

# A shell ignores Ctrl-C for what it starts in the background; the tests of Ctrl-C need it.
if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


# Typer makes all commands anew at every call, a twentieth of a second; here they are made once.
typer.testing._get_command = cache(typer.testing._get_command)


class WarmUp:
    """Kernels of a day, compiled once beside the first tests; who needs them meanwhile waits."""

    def pytest_sessionstart(self, session: pytest.Session) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", ONE_DAY], cwd=session.config.rootpath
        )

    def pytest_sessionfinish(self) -> None:
        self.process.terminate()
        self.process.wait()


class ProgressLine:
    """One line every half minute: how many tests are done, how many have failed."""

    def __init__(self, config: pytest.Config) -> None:
        self.reporter = config.pluginmanager.get_plugin("terminalreporter")
        self.n_tests = self.n_done = self.n_failed = 0
        self.start = self.last = time.monotonic()

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        self.n_tests = len(session.items)

    @pytest.hookimpl(optionalhook=True)
    def pytest_xdist_node_collection_finished(self, ids: list[str]) -> None:
        self.n_tests = len(ids)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        self.n_failed += report.failed
        self.n_done += report.when == "teardown"
        now = time.monotonic()
        if now - self.last >= LINE_EVERY_SECONDS:
            self.last = now
            self.reporter.write_line(
                f"\n{self.n_done} of {self.n_tests} tests, {self.n_failed} failed, "
                f"{now - self.start:.0f} s"
            )


def pytest_xdist_auto_num_workers(config: pytest.Config) -> int:
    """Two processes where everything is run, on two cores; none for files that are singled out."""
    is_whole = config.args_source is pytest.Config.ArgsSource.TESTPATHS
    return 2 if is_whole and (os.cpu_count() or 1) > 1 else 0


class Together(LoadFileScheduling):
    """Whole files to either process, and those that share something to the same."""

    def _split_scope(self, nodeid: str) -> str:
        file: str = super()._split_scope(nodeid)
        name = file.rpartition("/")[2]
        return next((shared for shared, files in TOGETHER.items() if name in files), file)


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Together:
    return Together(config, log)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Files in the order of FIRST, then the others as they lie."""

    def turn(item: pytest.Item) -> int:
        return next((n for n, name in enumerate(FIRST) if name in item.path.parts), len(FIRST))

    items.sort(key=turn)


@pytest.hookimpl(trylast=True)  # after the reporter, whose lines it writes among
def pytest_configure(config: pytest.Config) -> None:
    """Terminals show percentages already; logs and pipes get the line. One process warms up."""
    if config.getoption("numprocesses"):  # of the two processes, neither has it
        config.pluginmanager.register(WarmUp(), "warm-up")
    if not sys.stdout.isatty() and config.pluginmanager.has_plugin("terminalreporter"):
        config.pluginmanager.register(ProgressLine(config), "progress-line")
