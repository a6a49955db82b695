"""Leak or dam: the phase diagram of a stored study and the runs behind its cells."""
