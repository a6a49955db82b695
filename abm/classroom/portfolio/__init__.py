"""Your portfolio: a file of the reader's own, or a sample, through many simulated unwinds."""
