"""Numbers read off tables: tails, cascades, networks. Pure functions, one per published number."""
