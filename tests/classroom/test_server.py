"""The command says plainly why it cannot serve."""

import socket
import subprocess
import sys

import pytest

from abm.classroom import server as serving
from abm.classroom.server import ADDRESS, asked_port, free_port
from abm.cli import classroom
from abm.errors import InvalidInput, OutputRefused
from tests.classroom.clients import outcome_of


def test_a_free_port_can_be_listened_on():
    assert asked_port(free_port()) > 0


def test_a_port_that_is_taken_is_said():
    with socket.socket() as other:
        other.bind((ADDRESS, 0))
        other.listen()
        port = other.getsockname()[1]
        with pytest.raises(OutputRefused, match=f"port {port} is taken; give another"):
            asked_port(port)


def test_another_page_that_takes_the_port_in_between_sends_this_one_elsewhere(monkeypatch):
    """Two classrooms are opened at once: both find the usual port free, one is quicker."""
    with socket.socket() as quicker:
        quicker.bind((ADDRESS, 0))
        quicker.listen()
        port = quicker.getsockname()[1]
        monkeypatch.setattr(serving, "USUAL_PORT", port)
        monkeypatch.setattr(serving, "asked_port", lambda number: number)

        async def opened(asked):
            made = serving.make_server(asked)
            made.stop()
            return made.port

        assert outcome_of(opened(None)) != port
        with pytest.raises(OutputRefused, match=f"port {port} is taken; give another"):
            outcome_of(opened(port))


@pytest.mark.parametrize("port", [0, 65_536])
def test_a_port_that_is_none_is_said(port):
    with pytest.raises(InvalidInput, match="must be a whole number from 1 to 65535"):
        asked_port(port)


def test_without_its_extra_the_command_says_what_to_install(monkeypatch):
    monkeypatch.setattr(classroom, "find_spec", lambda name: None)
    with pytest.raises(InvalidInput, match=r"pip install 'carry-unwind\[classroom\]'"):
        classroom.serve(None, show=False)


def test_the_front_door_does_not_need_the_page():
    code = "import abm, abm.cli.commands, sys; assert not {'panel', 'bokeh'} & set(sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
