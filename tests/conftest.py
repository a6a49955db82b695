"""Shared parts of all tests: two processes for the whole suite, how much Hypothesis searches, and a
sign of life where no person watches."""

import os
import signal
import sys
import time

import pytest
from hypothesis import settings

# The first call of a kernel compiles it: a deadline would measure the compiler.
settings.register_profile("here", deadline=None, max_examples=40)
settings.register_profile("ci", deadline=None, max_examples=40, derandomize=True)
settings.load_profile("ci" if os.environ.get("CI") else "here")

LINE_EVERY_SECONDS = 30.0

# A shell ignores Ctrl-C for what it starts in the background; the tests of Ctrl-C need it.
if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


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


@pytest.hookimpl(trylast=True)  # after the reporter, whose lines it writes among
def pytest_configure(config: pytest.Config) -> None:
    """Terminals show percentages already; logs and pipes get the line."""
    if not sys.stdout.isatty() and config.pluginmanager.has_plugin("terminalreporter"):
        config.pluginmanager.register(ProgressLine(config), "progress-line")
