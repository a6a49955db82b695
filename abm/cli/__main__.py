"""`python -m abm.cli` is `unwind`."""

from abm.cli import main

main()
