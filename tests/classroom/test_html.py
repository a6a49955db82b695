"""Pieces of the page: what is put into them is text, whoever wrote it."""

import re
from html import unescape

from abm.classroom.html import ROOM, html
from abm.classroom.widgets.facts import facts

EVIL = "<script>alert(1)</script> ' \" & {{ 7 * 7 }}"


def test_whatever_is_put_into_a_piece_is_text():
    for piece in (
        html("notice.html", what=EVIL, reasons=[EVIL]),
        html("play/progress.html", facts=[(EVIL, EVIL)]),
        facts([EVIL], [(EVIL,)]),
    ):
        assert "<script" not in piece and piece.count("&lt;script&gt;") == 2
        assert unescape(piece).count(EVIL) == 2


def test_no_piece_switches_escaping_off():
    # page.html is Bokeh's, whose own script it has
    pieces = [path for path in ROOM.rglob("*.html") if path.name != "page.html"]
    assert len(pieces) > 10
    for path in pieces:
        assert not re.search(r"\bsafe\b|autoescape", path.read_text(encoding="utf-8")), path
