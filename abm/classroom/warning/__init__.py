"""Early warning: where a run's day lies among simulated days, and what such values were worth."""
