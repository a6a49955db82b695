"""Work in a thread: its last word counts, what is no longer waited for ends, a fault is told."""

import threading
from types import SimpleNamespace

import pytest

from abm.classroom.background import InBackground
from abm.errors import InvalidInput

PATIENCE_S = 10.0


class FakePage:
    """A page with a browser, that does at once what it is asked to go on with."""

    def __init__(self):
        self.document = SimpleNamespace(session_context=object())
        self.refused, self.has_refused = [], threading.Event()

    def go_on(self, do):
        try:
            do()
        except InvalidInput as bad:
            self.refused.append(str(bad))
            self.has_refused.set()


@pytest.fixture
def told():
    return []


@pytest.fixture
def work(told):
    return InBackground(FakePage(), told.append, lambda: told.append("ended"))


def test_the_page_goes_on_while_work_goes_on_and_only_what_was_asked_last_is_shown(work, told):
    begun, free, shown, n_steps = threading.Event(), threading.Event(), threading.Event(), []

    def first(tell):
        begun.set()
        assert free.wait(PATIENCE_S)
        n_steps.append(1)
        tell(1)  # nobody waits for it any more
        n_steps.append(2)

    def later(found):
        told.append(found)
        shown.set()

    work.start(first, told.append)
    assert begun.wait(PATIENCE_S) and told == [0], "started, and this thread is free"
    work.start(lambda tell: "second", later)
    free.set()
    assert shown.wait(PATIENCE_S)
    assert n_steps == [1], "dropped at its next word"
    assert told[-1] == "second" and told.count("second") == 1
    assert "ended" not in told


def test_two_pages_take_turns_and_the_one_that_waits_is_told(work, told):
    begun, free, shown = threading.Event(), threading.Event(), threading.Event()
    other = InBackground(FakePage(), lambda how_far: None, lambda: None)

    def busy(tell):
        begun.set()
        assert free.wait(PATIENCE_S)

    other.start(busy, lambda found: None)
    assert begun.wait(PATIENCE_S)
    work.start(lambda tell: "mine", lambda found: shown.set())
    assert not shown.wait(0.05)
    assert told == [None]
    free.set()
    assert shown.wait(PATIENCE_S)


def test_a_fault_is_told_and_the_work_has_ended(work, told):
    def refused(tell):
        raise InvalidInput("no")

    work.start(refused, told.append)
    assert work.page.has_refused.wait(PATIENCE_S)
    assert work.page.refused == ["no"] and told == [0, "ended"]
