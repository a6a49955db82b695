"""The page of a run or a sweep: it says what the tables say, and loads and believes nothing."""

import base64
import hashlib
import html
import re
from dataclasses import replace
from html.parser import HTMLParser

import pytest

from abm.errors import InvalidInput, UnreadableFile
from abm.report import sweep_page
from abm.report.chronicle import chronicle
from abm.report.html import breakable
from abm.report.parameters import compared
from abm.report.run_page import run_report
from abm.report.study import read_study
from abm.report.summary import Told, sections
from abm.report.sweep_page import sweep_report
from abm.scenario import load_scenario
from abm.sweep import load_sweep, pool, sweep
from tests.report import small
from tests.sweep import small as small_sweep
from tests.sweep.conftest import here
from tests.sweep.tables import failing

LOADED = {"src", "href", "srcset", "action", "formaction", "data", "poster", "background", "xlink"}


class Read(HTMLParser):
    """A page as a browser sees it: text, headings, and everything that names another place."""

    def __init__(self, page):
        super().__init__()
        self.text, self.headings, self.places, self.tags, self.alts = [], [], [], [], []
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        if re.fullmatch(r"h[1-6]", tag):
            self.headings.append(int(tag[1]))
        for name, value in attrs:
            if name in LOADED:
                self.places.append(value)
            if name == "alt":
                self.alts.append(value)

    def handle_data(self, data):
        self.text.append(data)

    @property
    def words(self):
        return " ".join(" ".join(self.text).split())


def report(language="en", **changed):
    run = replace(small.run(), **changed)
    figures = {"cascade": small.png(), "network": small.png("black")}
    return run_report(run, figures, folder="mine", language=language)


@pytest.fixture(scope="module")
def page():
    return report()


@pytest.fixture(scope="module")
def swept(tmp_path_factory):
    """A sweep of 12 runs, in this process."""
    folder = tmp_path_factory.mktemp("sweep") / "tiny"
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(pool, "own_processes", here)
        sweep(small_sweep.experiment(name=small.TITLE), folder)
    return folder


@pytest.fixture(scope="module")
def swept_page(swept):
    return sweep_report(swept)


@pytest.mark.parametrize("language", ["en", "ja", "zh"])
def test_every_fact_of_the_summary_is_on_the_page(language):
    run, words = small.run(), Read(report(language)).words
    told = Told(run.scenario, 3, 0, run.days, run.institutions, run.summary, None)
    for section in sections(told, language):
        assert section.heading in words
        assert all(" ".join(fact.split()) in words for fact in section.facts)


def test_the_amounts_of_forced_sales_add_up_to_the_table_of_days(page):
    days, entries = small.run().days, chronicle(small.run().events)
    rows = re.findall(r'<tr class="(?:first|more)">.*?<td class="number">(.*?)</td></tr>', page)
    sold = [row for row, e in zip(rows, entries, strict=True) if e.kind == "forced_sale" and row]
    shown = sum(0.0 if row == "&lt;0.01" else float(row.replace(",", "")) for row in sold)
    total = float(days.filter(regex="^forced_").to_numpy().sum())
    assert shown == pytest.approx(total, abs=0.005 * len(sold))


def test_nothing_is_loaded_from_elsewhere(page, swept_page):
    for made in (page, swept_page):
        read = Read(made)
        assert all(place.startswith(("data:image/png;base64,", "#")) for place in read.places)
        assert not {"script", "link", "iframe", "object", "base", "form"} & set(read.tags)
        style = re.search(r"<style>(.*?)</style>", made, re.DOTALL)[1]
        assert "url(" not in style and "@import" not in style


def test_the_policy_forbids_all_but_our_own_style_and_inline_pictures(page):
    policy = html.unescape(re.search(r'Content-Security-Policy" content="(.*?)"', page)[1])
    style = re.search(r"<style>(.*?)</style>", page, re.DOTALL)[1]
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    assert policy == (
        f"default-src 'none'; img-src data:; style-src 'sha256-{digest}'; "
        "base-uri 'none'; form-action 'none'"
    )
    assert " style=" not in page  # the policy would drop it


def test_what_a_user_wrote_is_text(page, swept_page):
    for made in (page, swept_page):
        assert small.TITLE not in made and html.escape(small.TITLE) in made
        assert small.TITLE in Read(made).words
    assert small.NEWS not in page and small.NEWS in Read(page).words
    assert Read(page).tags.count("img") == 2  # those of the figures


def test_headings_stand_in_order_and_every_picture_is_told(page, swept_page):
    for made in (page, swept_page):
        read = Read(made)
        assert read.headings[0] == 1 and read.headings.count(1) == 1
        steps = zip(read.headings, read.headings[1:], strict=False)
        assert all(deeper <= above + 1 for above, deeper in steps)
        assert read.tags.count("img") == len(read.alts) > 0 and all(read.alts)


def test_the_pictures_are_the_files(page):
    inside = [p.partition(",")[2] for p in Read(page).places if p.startswith("data:")]
    assert [base64.b64decode(one) for one in inside] == [small.png(), small.png("black")]
    assert 'width="100" height="75"' in page  # 120 by 90 dots, five for six


def test_a_language_is_that_of_every_heading_and_its_amounts_are_in_its_unit(page):
    japanese = report("ja")
    assert '<html lang="ja">' in japanese
    assert "要約" in Read(japanese).words and "Summary" not in Read(japanese).words
    cells = [re.findall(r'<td class="number">(.*?)</td>', made) for made in (page, japanese)]
    usd_bn, usd_100mn = (
        [float(c.strip("&lt;").replace(",", "")) for c in made if c] for made in cells
    )
    assert usd_100mn == pytest.approx([10.0 * amount for amount in usd_bn])


def test_the_parameters_that_differ_are_those_that_were_changed(page):
    found = compared(small.scenario())
    assert found.base == "hike"
    changed = {d.key for d in found.differences if not d.key.startswith("news")}
    whole = {key for key in small.TINY if isinstance(small.TINY[key], dict)}
    below = {key for key in changed for part in whole if key.startswith(f"{part}.")}
    assert changed - below == set(small.TINY) - whole
    assert {f"{part}.kind" for part in whole} <= below
    shock = next(d for d in found.differences if d.key == "shock.surprise_bp")
    assert (shock.value, shock.base_value, shock.unit) == ("150.0", "25.0", "bp")
    assert all(f"<code>{breakable(d.key)}</code>" in page for d in found.differences)


def test_a_key_breaks_after_its_words_and_is_escaped():
    assert breakable("a.b_c<") == "a.<wbr>b_<wbr>c&lt;"


@pytest.mark.parametrize("name", ["august-2024", "hike"])
def test_a_scenario_as_it_is_shipped_differs_in_nothing_from_itself(name):
    assert compared(load_scenario(name)) == (name, [])


def test_the_same_result_makes_the_same_page(page):
    assert report() == page


def test_a_run_without_counterfactual_runs_has_no_class_and_claims_none():
    words = Read(report(summary=small.cascade().run.summary)).words
    assert "not known: the run was saved without its counterfactual runs" in words
    assert "dam break:" not in words and "without the shock" not in words


def test_a_run_that_its_files_cannot_repeat_says_so_and_shows_no_command_for_it(page):
    words = Read(report(is_repeatable=False)).words
    assert "cannot be repeated from its files alone" in words
    assert "unwind reproduce" not in words and "unwind reproduce mine" in Read(page).words


def test_a_run_in_which_nothing_happens_is_reported_too():
    words = Read(report(events=small.run().events.iloc[:0])).words
    assert "Nothing happened: no announcement" in words


def test_a_run_that_kept_no_events_does_not_claim_that_nothing_happened():
    kept_none = small.scenario().with_changes({"outputs.events": False})
    words = Read(report(scenario=kept_none, events=small.run().events.iloc[:0])).words
    assert "This run kept no events" in words and "Nothing happened" not in words


def test_a_sweep_tells_its_design_and_the_means_of_its_tables(swept):
    words = Read(sweep_report(swept, ["forced_sales_usd_bn"])).words
    assert "grid over 2 factors: 6 points × 2 replicates = 12 runs" in words
    means = load_sweep(swept).groupby("shock.surprise_bp")["forced_sales_usd_bn"].mean()
    for level in (means.idxmin(), means.idxmax()):
        assert re.search(rf"{re.escape(f'{means[level]:.3g}')} \[[^]]*\] {level:g} ", words)
    assert "not complete" not in words and "runs failed" not in words


def test_a_sweep_that_is_not_complete_says_how_far_it_is_and_how_to_go_on(tmp_path, monkeypatch):
    monkeypatch.setattr(pool, "own_processes", here)
    sweep(small_sweep.experiment(), tmp_path / "half", shard="1/2")
    n_done = len(load_sweep(tmp_path / "half"))
    assert 0 < n_done < 12
    words = Read(sweep_report(tmp_path / "half", ["n_failed"])).words
    assert f"not complete: {n_done} of 12 runs are done" in words
    assert "unwind sweep half/experiment.toml --out half" in words


def test_runs_that_failed_are_counted_and_their_errors_told_as_text(swept, monkeypatch):
    study = read_study(swept)
    table = failing(study.table, 3, 4)
    table.loc[table["status"] == "failed", "error"] = "<b>boom</b>"
    monkeypatch.setattr(sweep_page, "read_study", lambda folder: replace(study, table=table))
    made = sweep_report(swept, ["n_failed"])
    assert "2 runs failed." in Read(made).words
    assert "<b>" not in made and "<b>boom</b>" in Read(made).words


def test_a_sweep_whose_file_was_changed_is_refused(tmp_path, monkeypatch):
    import pyarrow as pa
    import pyarrow.parquet as pq

    monkeypatch.setattr(pool, "own_processes", here)
    sweep(small_sweep.experiment(), tmp_path / "tiny")
    path = next((tmp_path / "tiny/runs").glob("rows-*"))
    table = pq.ParquetFile(path).read()
    at = table.column_names.index("n_failed")
    wrong = table.set_column(at, "n_failed", pa.array([99] * len(table)))
    pq.write_table(wrong.replace_schema_metadata(table.schema.metadata), path)
    with pytest.raises(UnreadableFile, match="has changed since it was written"):
        sweep_report(tmp_path / "tiny")


def test_an_outcome_that_no_run_has_is_refused(swept):
    with pytest.raises(InvalidInput, match="no output is called 'n_fail'"):
        sweep_report(swept, ["n_fail"])


def test_the_page_tells_the_shock_before_the_run_each_under_its_heading(page):
    shock = page.index("<h3>Because of the shock: this run less the same run without it</h3>")
    run = page.index("<h3>In the run, whatever caused it</h3>")
    assert page.index("<dt>Class</dt>") < shock < run
    assert page.index("margin calls +") < run < page.index("<dt>Eve of shock</dt>")
