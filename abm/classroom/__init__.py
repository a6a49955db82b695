"""The web page: a run to play with, to compare, and to explain, on 127.0.0.1.

* `server.py`, `door.py`, `page.py`: the process, the requests it takes, one reader's page;
* `choice.py`, `knobs.py`, `terms.py`: what a page shows, and the link that holds it;
* `live.py`, `verdict.py`, `quotes.py`: a run, and what the page says of it;
* `play/`, `compare/`, `phase/`, `august/`, `trade/`, `portfolio/`, `warning/`: a folder a tab,
  `tab.py` the tab itself;
* `pieces.py`, `background.py`: work that takes long, a piece at a time or in a thread;
* `widgets/`: charts, knobs and tables that several tabs use;
* `html.py`: fills the pieces of HTML, `*.html`; they and the scripts, `*.js`, lie beside their use.
"""

from abm.classroom.server import open_classroom

__all__ = ["open_classroom"]
