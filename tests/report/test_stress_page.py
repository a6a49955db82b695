"""The report of a stress test: its numbers are the tables', and it believes nothing it is given."""

from dataclasses import replace
from html.parser import HTMLParser
from types import SimpleNamespace

import pytest

from abm.report import stress_words
from abm.report.stress_page import StressReport
from tests.report import small
from tests.stress import toy

SCRIPT, FORMULA = "<script>alert(1)</script>", "=cmd|' /C calc'!A0"


class Read(HTMLParser):
    """Text and cells of a page, and its tags."""

    def __init__(self, page):
        super().__init__()
        self.rows, self.tags, self.words, self.is_cell = [], [], [], False
        self.feed(page)
        self.text = " ".join(" ".join(self.words).split())

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        if tag == "tr":
            self.rows.append([])
        self.is_cell = tag in ("td", "th")
        if self.is_cell:
            self.rows[-1].append("")

    def handle_endtag(self, tag):
        self.is_cell = False

    def handle_data(self, data):
        self.words.append(data)
        if self.is_cell:
            self.rows[-1][-1] += data


def report(*lines, language="en", **changed):
    found = toy.outcome(toy.portfolio(*lines), toy.market(200))
    made = StressReport(replace(found, **changed), language)
    run = small.run()  # in place of the worst paths of a market that nothing simulated
    made.run = lambda rank: run
    return made


def whole(amount):
    return f"{amount:,.0f}".replace("-", "−")


@pytest.fixture(scope="module")
def levered():
    names = (SCRIPT, FORMULA, "c", "d", "e")
    named = [line | {"name": name} for line, name in zip(toy.LEVERED, names, strict=True)]
    return report(*named)


@pytest.fixture(scope="module")
def read(levered):
    return Read(levered.page("mine"))


def test_numbers_are_those_of_the_tables(levered, read):
    found = levered.found
    for row in found.risk.query("level == 0.975").to_dict("records"):
        assert any(
            cells[0] == str(row["horizon"]) and cells[3] == whole(row["var"])
            and cells[4].startswith(whole(row["es"])) for cells in read.rows if len(cells) == 5
        )  # fmt: skip
    es = found.risk.query("level == 0.975 and horizon == 6")["es"].item()
    lines = found.lines.query("horizon == 6")
    assert lines["component_es"].sum() == pytest.approx(es)
    names = lines["name"].replace(FORMULA, f"'{FORMULA}")
    told = {cells[0]: cells[3] for cells in read.rows if len(cells) == 4}
    assert {name: told[name] for name in names} == dict(
        zip(names, lines["component_es"].map(whole), strict=True)
    )
    assert f"a loss of {whole(es)} USD" in read.text
    for currency in found.funding["currency"].unique():
        last = found.funding[found.funding["currency"] == currency].iloc[-1]
        needed = f"With {whole(last['need_q95'])} {currency} of ready money"
        little = "on 95% of the paths nothing has to be paid in"
        assert (needed if last["need_q95"] > 0.0 else little) in read.text
    (total,) = (cells for cells in read.rows if len(cells) == 3 and cells[0] == "profit")
    assert total[1:] == [whole(found.profits[:, -1].mean()), whole(-es)]
    ratios = found.variants_table.query("horizon == 6").set_index("variant")["sharpe"]
    for name in ("constant funding", "as it is"):
        assert f"{ratios[name]:.2f}".replace("-", "−") in levered.content("mine")["sharpe"]


def test_names_are_escaped_and_a_formula_is_none_when_it_is_copied(levered, read):
    page = levered.page("mine")
    assert "script" not in read.tags and "<script" not in page
    first_cells = [cells[0] for cells in read.rows if cells]
    assert SCRIPT in first_cells and f"'{FORMULA}" in first_cells
    assert "http" not in page.split("</style>")[1] and 'src="data:image/png' in page


def test_the_same_result_is_the_same_bytes_whenever_it_is_made(levered):
    again = report(*toy.LEVERED, started="2030-01-01T00:00:00")
    later = report(*toy.LEVERED, started="2031-01-01T00:00:00")
    assert again.files("mine") == later.files("mine")
    assert set(again.files("mine")) == {
        "report.html", "losses.png", "funding.png", "sources.png", "worst.png",
        *(f"worst-{rank}.txt" for rank in range(1, 6)),
    }  # fmt: skip


@pytest.mark.parametrize("language", ["ja", "zh"])
def test_without_loans_nothing_must_be_paid_in_any_language(language):
    made = report({"instrument": "SPX", "market_value": 1e6}, language=language)
    page = made.page("mine")
    assert "funding" not in made.images
    assert made.say("stress.page.paid_nothing") in page
    assert "What was asked" not in page and "stress.page" not in page


@pytest.mark.parametrize(("n_paths", "is_told"), [(1, True), (40, True), (41, False)])
def test_a_tail_of_one_path_is_told_to_be_one(levered, n_paths, is_told):
    market = SimpleNamespace(n=n_paths)
    found = SimpleNamespace(portfolio=levered.found.portfolio, market=market)
    said = stress_words.remarks(found, "en")
    assert any("no more than the worst one" in sentence for sentence in said) is is_told
