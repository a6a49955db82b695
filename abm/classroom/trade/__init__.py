"""Your trade: one carry trade through the simulated crash."""
