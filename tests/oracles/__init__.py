"""Independent programs: the papers' numbers once more, in plain Python, from the papers' equations.

None of them imports the simulator. What they give stands as expected values in `abm/literature/`;
`tests/literature/test_oracles.py` runs them and compares. Each prints its numbers:

    python -m tests.oracles.gai_kapadia
"""
