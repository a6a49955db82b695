"""The web page: a run to play with, to compare, and to explain, on 127.0.0.1."""

from abm.classroom.server import open_classroom

__all__ = ["open_classroom"]
