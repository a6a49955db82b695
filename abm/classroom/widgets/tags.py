"""Tags of widgets that page.js reads: which changes show that the server is at work."""

UNASKING = "unasking"  # of a widget whose changes ask the server for nothing
AT_ONCE = "at-once"  # of a slider that is heard while it moves
