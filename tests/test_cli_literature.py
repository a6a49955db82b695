"""`unwind literature` as it is typed."""

import json

import pytest
from typer.testing import CliRunner

from abm import literature
from abm.cli.commands import app
from abm.literature import papers


@pytest.fixture
def unwind(tmp_path, monkeypatch):
    """Call the command in an empty folder."""
    monkeypatch.chdir(tmp_path)
    return lambda *words: CliRunner().invoke(app, ["literature", *words])


def test_without_a_name_every_paper_is_listed_and_nothing_written(unwind, tmp_path):
    result = unwind()
    assert result.exit_code == 0
    assert all(
        paper.name in result.stdout and paper.citation in result.stdout for paper in papers()
    )
    assert list(tmp_path.iterdir()) == []


def test_a_paper_is_told_computed_beside_expected_and_kept(unwind, tmp_path):
    result = unwind("eisenberg-noe", "--quick")
    assert result.exit_code == 0, result.output
    assert "computed" in result.stdout and "expected" in result.stdout
    assert "numbers agree." in result.stdout
    names = sorted(path.name for path in (tmp_path / "results/literature").iterdir())
    assert names == ["eisenberg-noe-quick.csv", "eisenberg-noe-quick.png"]


def test_a_program_can_read_the_numbers(unwind):
    answer = json.loads(unwind("greenwood", "--quick", "--json").stdout)
    assert [paper["paper"] for paper in answer] == ["greenwood-landier-thesmar"]
    assert {"quantity", "computed", "expected", "tolerance", "agrees"} <= set(
        answer[0]["numbers"][0]
    )


def test_unknown_papers_are_all_named_at_once(unwind, tmp_path):
    result = unwind("eisenburg-noe", "nobody")
    assert result.exit_code == 2
    assert "did you mean eisenberg-noe?" in result.stderr and "'nobody'" in result.stderr
    assert list(tmp_path.iterdir()) == []


def test_a_number_that_differs_is_our_fault_and_is_marked(unwind, monkeypatch):
    paper = next(paper for paper in papers() if paper.name.startswith("greenwood"))
    monkeypatch.setattr(paper.__class__, "__setattr__", object.__setattr__)
    monkeypatch.setattr(
        paper, "compare", lambda _: [literature.Comparison("a number", 1.0, 2.0, 0.5, "by hand")]
    )
    result = unwind("greenwood", "--quick")
    assert result.exit_code == 1
    assert "DIFFERS" in result.stdout and "0 of 1 numbers agree." in result.stdout
