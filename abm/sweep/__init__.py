"""Many runs: designs of experiments, the runner and the store."""
