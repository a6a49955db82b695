"""The record of real unwinds: facts with their sources, real FX series."""
