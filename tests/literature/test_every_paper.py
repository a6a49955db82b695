"""Claims on every restated paper: its numbers, its figure, and its grounds."""

from importlib import import_module

import pytest

from abm.errors import InvalidInput
from abm.literature import find_papers, papers
from tests.literature.quick import findings_and_ticks

PAPERS = papers()
FEW_RUNS = {"brunnermeier-nagel-pedersen": ("N_SEEDS_QUICK", 3)}
by_name = pytest.mark.parametrize("paper", PAPERS, ids=lambda paper: paper.name)


def quick_findings(paper):
    return findings_and_ticks(paper.name)[0]


def module_of(paper):
    return import_module(paper.findings.__module__)


@by_name
def test_every_number_is_as_expected(paper):
    lines = paper.compare(quick_findings(paper))
    assert lines
    assert [line for line in lines if not line.agrees] == []


@by_name
def test_the_same_seed_gives_the_same_table(paper, monkeypatch):
    if paper.name in FEW_RUNS:  # of a paper whose runs are long, the first ones twice
        monkeypatch.setattr(module_of(paper), *FEW_RUNS[paper.name])
        first = paper.findings(quick=True)
    else:
        first = quick_findings(paper)
    again = paper.findings(quick=True)
    assert again.to_csv() == first.to_csv()


@by_name
def test_the_figure_is_drawn_from_the_table_alone(paper, monkeypatch):
    findings = quick_findings(paper)
    refuse(paper, monkeypatch)
    figure = paper.figure(findings)
    assert figure.axes
    assert figure.get_size_inches()[0] * figure.dpi == pytest.approx(1200)


@by_name
def test_without_our_kernel_there_is_no_paper(paper, monkeypatch):
    refuse(paper, monkeypatch)
    with pytest.raises(KernelGone):
        paper.findings(quick=True)


@by_name
def test_a_paper_says_what_it_claims_and_where_it_is_from(paper):
    assert paper.claim.endswith(".")
    assert paper.citation
    assert paper.through
    assert module_of(paper).__doc__


def test_the_beginning_of_a_name_will_do():
    names = [paper.name for paper in find_papers(["thurner", "gai-kapadia", "thurner-f"])]
    assert names == ["thurner-farmer-geanakoplos", "gai-kapadia"]


def test_unknown_and_doubtful_names_are_refused_together():
    with pytest.raises(InvalidInput) as refused:
        find_papers(["eisenburg-noe", "b", "xyz"])
    first, second, third = str(refused.value).splitlines()
    assert first == "no paper 'eisenburg-noe'; did you mean eisenberg-noe?"
    assert second.startswith("'b' could be brunnermeier-pedersen or ")
    assert third.startswith("no paper 'xyz'; known are worked-examples, ")


class KernelGone(Exception):
    """Raised in place of a kernel."""


def refuse(paper, monkeypatch):
    """Replace what a paper stands on by what raises."""

    def gone(*args, **options):
        raise KernelGone

    for path in paper.through:
        monkeypatch.setattr(module_of(paper), path.rpartition(".")[2], gone)
