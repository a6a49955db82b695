"""`unwind classroom` with a guard: whatever it asks of another machine ends it with a line.

python served.py [options of unwind classroom]
"""

import os
import sys


def refuse_others(event, arguments):
    """No connection and no name look-up but of this machine."""
    if event == "socket.connect":
        host = arguments[1][0] if isinstance(arguments[1], tuple) else ""
    elif event == "socket.getaddrinfo":
        host = arguments[0]
    else:
        return
    if host not in ("127.0.0.1", "localhost", "::1", "", None):
        os.write(2, f"OUTSIDE {event} {host}\n".encode())
        os._exit(3)


sys.addaudithook(refuse_others)
sys.argv = ["unwind", "classroom", *sys.argv[1:]]

from abm.cli import main  # noqa: E402  (after the guard)

main()
