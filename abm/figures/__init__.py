"""Tables in, matplotlib Figures out. Nothing here saves a file or needs a display."""
