"""The README shows the numbers that are kept."""

import pandas as pd

from abm.literature import papers
from experiments.literature import KEPT, README, readme_table, with_table


def test_the_readme_shows_the_validation_table_that_is_kept():
    kept = pd.read_csv(KEPT / "comparisons.csv")
    text = README.read_text("utf-8")
    assert with_table(text, readme_table(kept)) == text
    assert list(dict.fromkeys(kept["paper"])) == [paper.name for paper in papers()]


def test_every_number_that_is_kept_agrees_and_has_its_figure():
    kept = pd.read_csv(KEPT / "comparisons.csv")
    assert kept["agrees"].all()
    assert all((KEPT / f"{paper.name}.png").is_file() for paper in papers())
