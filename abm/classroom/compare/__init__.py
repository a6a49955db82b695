"""Compare: two runs on one seed, and the same pair on twenty."""
