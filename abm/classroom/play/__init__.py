"""Play: one run live, its charts, its network, its progress and its chronicle."""
