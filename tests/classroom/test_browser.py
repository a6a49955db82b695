"""The page in a real browser, with clicks: what a class would do, and what goes wrong there."""

import csv
import io
import re
from pathlib import Path

import pytest
from PIL import Image
from playwright.sync_api import expect

import abm
from abm.classroom.choice import TABS, read_link
from tests.classroom.settling import settle

pytestmark = pytest.mark.browser
HIKE = {"scenario": "hike", "shock__surprise_bp": 60, "seed": 7}


def progress(page):
    """The line that says where the run stands."""
    return page.locator(".progress").first.inner_text()


def day(page):
    """Days traded so far."""
    found = re.search(r"(\d+) / \d+", progress(page))
    return int(found[1]) if found else 0


def wait_for_day(page, least):
    script = """(least) => {
        const find = (root) => {
            const own = root.querySelector('.progress');
            if (own) return own;
            for (const one of root.querySelectorAll('*'))
                if (one.shadowRoot) { const found = find(one.shadowRoot); if (found) return found; }
            return null;
        };
        const said = find(document);
        const text = said ? said.innerText.match(/(\\d+) \\/ \\d+/) : null;
        return text && Number(text[1]) >= least;
    }"""
    page.wait_for_function(script, arg=least)


def press(page, name):
    page.get_by_role("button", name=name, exact=True).click()


def to_the_end(page):
    if page.locator(".verdict").count() == 0:
        press(page, "Run to end")
    page.locator(".verdict").wait_for()


def shown_numbers(page):
    """Measures of the verdict, with every digit."""
    cells = page.locator(".verdict b[data-key]").all()
    return {c.get_attribute("data-key"): c.get_attribute("data-value") for c in cells}


def saved_csv(page, number=0):
    with page.expect_download() as saved:
        page.get_by_role("button", name="CSV", exact=True).nth(number).click()
    text = Path(saved.value.path()).read_text(encoding="utf-8")
    return saved.value.suggested_filename, list(csv.DictReader(io.StringIO(text)))


def knob_box(page, number):
    """The box to type a knob's value in, from the top."""
    return page.locator(".knob input[type=text]:visible").nth(number)


def assert_no_wider(page, width, what=""):
    """The page stands, charts and all, and is no wider than its window."""
    settle(page)  # the tab before is gone; what this one computes first may still be to come
    page.locator(".card:visible canvas").first.wait_for()
    settle(page)
    assert page.evaluate("document.documentElement.scrollWidth") <= width, what


@pytest.mark.parametrize("tab", TABS)
def test_each_tab_opens_and_shows_something_to_look_at(visit, photograph, tab):
    page = visit(tab=tab, **HIKE)
    for width, height in ((1280, 900), (1920, 1080)):
        page.set_viewport_size({"width": width, "height": height})
        assert_no_wider(page, width)
        photograph(page, f"{tab}-{width}")


def test_a_page_equals_the_command_to_the_last_digit(visit, photograph):
    page = visit(**HIKE)
    to_the_end(page)
    scenario = abm.load_scenario("hike").with_changes({"shock.surprise_bp": 60})
    found = abm.cascade(scenario, rng=7)
    numbers = shown_numbers(page)
    assert len(numbers) == 15  # ten because of the shock, five of the run
    assert numbers == {key: repr(found[key]) for key in numbers}
    file, rows = saved_csv(page, 1)
    assert file == "hike-seed-7-leverage.csv"
    days = found.run.days
    assert [float(row["leverage"]) for row in rows] == days["leverage"].tolist()
    assert [float(row["margin_rate"]) for row in rows] == days["margin_rate"].tolist()
    photograph(page, "end")


def test_play_moves_days_and_pause_stops_them(visit):
    page = visit(width=1600, height=1000, motion="no-preference", **HIKE)
    press(page, "▶ Play")
    wait_for_day(page, 4)
    press(page, "❚❚ Pause")
    page.get_by_role("button", name="▶ Play", exact=True).wait_for()
    stopped = day(page)
    assert stopped >= 4
    for n_more in (1, 2, 3):  # each answered by the server after whatever was still to be drawn
        press(page, "One day")
        wait_for_day(page, stopped + n_more)
        assert day(page) == stopped + n_more


def test_a_double_click_on_play_plays_once(visit):
    page = visit(**HIKE)
    start = page.evaluate("performance.now()")
    play = page.get_by_role("button", name="▶ Play", exact=True)
    play.dblclick(delay=450)  # a slow one: the server has answered the first click by the second
    wait_for_day(page, 2)
    page.get_by_role("button", name="❚❚ Pause", exact=True).wait_for()
    wait_for_day(page, day(page) + 9)
    played, elapsed_ms = day(page), page.evaluate("performance.now()") - start
    assert played <= 1 + 6 * elapsed_ms / 1000  # six days a second, not twelve


def test_a_slider_moved_by_the_keyboard_is_another_run(visit):
    page = visit(**HIKE)
    to_the_end(page)
    before = shown_numbers(page)
    handle = page.locator(".noUi-handle:visible").first
    handle.focus()
    for _ in range(5):
        handle.press("ArrowLeft")
    page.wait_for_url("**shock.surprise_bp=55**")
    page.locator(".verdict").wait_for(state="detached")
    assert day(page) == 0
    to_the_end(page)
    after = shown_numbers(page)
    assert float(after["peak_yen_appreciation"]) < float(before["peak_yen_appreciation"])


def test_the_whole_deck_can_be_worked_from_the_keyboard(visit):
    page = visit(**HIKE)
    play = page.get_by_role("button", name="▶ Play", exact=True)
    play.focus()
    page.keyboard.press("Space")
    wait_for_day(page, 2)
    expect(page.get_by_role("button", name="❚❚ Pause")).to_be_focused()
    page.keyboard.press("Space")
    expect(play).to_be_focused()  # a button made anew each time, with its focus
    for _ in range(3):
        page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.locator(".verdict").wait_for()


def test_the_next_event_is_a_day_on_which_something_happened(visit, photograph):
    page = visit(width=1600, height=1040, scenario="august-2024", seed=11)
    press(page, "To the next event")
    wait_for_day(page, 9)
    assert day(page) == 9
    assert page.locator(".chronicle li").first.inner_text().startswith("11 Jul 2024 The auth")
    before = day(page)
    while before < 25:  # in the crash
        press(page, "To the next event")
        wait_for_day(page, before + 1)
        before = day(page)
    assert 25 <= day(page) <= 28
    photograph(page, "playing")


def test_a_run_that_is_over_shows_who_forced_whom_and_every_chart_can_be_kept(visit, photograph):
    page = visit(width=1600, height=1000, scenario="august-2024", seed=11)
    to_the_end(page)
    press(page, "Who forced whom")
    page.locator(".mechanism img").wait_for()
    photograph(page, "mechanism")
    with page.expect_download() as saved:
        page.get_by_role("button", name="PNG", exact=True).first.click()
    assert saved.value.suggested_filename == "august-2024-seed-11-quote.png"
    with Image.open(saved.value.path()) as picture:
        assert picture.format == "PNG" and picture.width > 300 and picture.height > 230


def test_a_link_restores_what_it_was_copied_from(visit):
    page = visit(**HIKE)
    knob_box(page, 1).fill("4")
    knob_box(page, 1).press("Enter")
    page.wait_for_url("**funds.leverage_cap=4**")
    page.get_by_label("retail FX").uncheck()
    page.wait_for_url("**retail_fx.present=false**")
    to_the_end(page)
    numbers = shown_numbers(page)
    again = visit(**dict(pair.split("=") for pair in page.url.partition("?")[2].split("&")))
    assert knob_box(again, 1).input_value() == "4"
    assert not again.get_by_label("retail FX").is_checked()
    to_the_end(again)
    assert shown_numbers(again) == numbers


def test_a_switch_leaves_the_borrowers_that_are_liquidated_out(visit):
    page = visit(scenario="auto-liquidation")
    page.get_by_label("DeFi borrowers").uncheck()
    page.wait_for_url("**auto_borrowers.present=false**")
    assert visit(**HIKE).get_by_label("DeFi borrowers").count() == 0


def test_compare_calls_a_difference_an_effect_only_of_one_change(visit, photograph):
    page = visit(tab="compare", **HIKE)
    page.get_by_text("Nothing is changed").wait_for()
    knob_box(page, 1).fill("4")
    knob_box(page, 1).press("Enter")
    page.get_by_text("One field differs: Leverage cap (funds.leverage_cap) is 10 in").wait_for()
    press(page, "Over 20 seeds")
    page.get_by_text("over 20 seeds: mean ± standard error").wait_for()
    cells = page.locator("td[data-key=peak_yen_appreciation]").all()
    left, right, gap = (float(cell.get_attribute("title")) for cell in cells[:3])
    assert gap == right - left < 0.0
    photograph(page, "compare-one")
    knob_box(page, 3).fill("2")
    knob_box(page, 3).press("Enter")
    page.get_by_text("2 fields differ").wait_for()
    expect(page.get_by_role("button", name="Over 20 seeds")).to_be_disabled()
    expect(page.locator("th", has_text="effect")).to_have_count(0)


def test_another_replicate_is_typed_and_another_seed_begins_with_its_first(visit):
    page = visit(**HIKE)
    replicate = page.get_by_role("textbox", name="Replicate")
    replicate.fill("3")
    replicate.press("Enter")
    page.wait_for_url("**replicate=3**")
    to_the_end(page)
    assert saved_csv(page)[0] == "hike-seed-7-replicate-3-quote.csv"
    replicate.fill("-1")
    replicate.press("Enter")
    page.get_by_text("Replicate -1 must be a whole number").wait_for()
    expect(replicate).to_have_value("3")
    press(page, "Next seed")
    page.wait_for_url("**seed=8")
    expect(replicate).to_have_value("0")


def test_the_phase_diagram_opens_the_run_that_was_chosen(visit, photograph):
    page = visit(tab="phase")
    page.locator(".card canvas").first.wait_for()
    page.get_by_text("overlap 0.5, seed 1: replicate").wait_for()
    run = page.get_by_role("button", name=re.compile(r"^#\d+: ")).first
    replicate = re.match(r"#(\d+)", run.inner_text()).group(1)
    run.click()
    page.wait_for_url(f"**replicate={replicate}**")
    expect(page.get_by_role("textbox", name="Seed")).to_have_value("1")
    expect(page.get_by_role("textbox", name="Replicate")).to_have_value(replicate)
    to_the_end(page)
    chosen, _ = read_link(page.url.partition("?")[2])
    run = chosen.base.with_changes(chosen.changes)
    found = abm.cascade(run, rng=1, replicate=int(replicate))
    assert page.locator(".verdict").inner_text().lower().startswith(found["class"])


def test_a_language_is_one_click_away_and_keeps_the_run(visit, photograph):
    page = visit(**HIKE)
    for language, word in (("ja", "何が起きたか"), ("zh", "发生了什么")):
        page.locator(f"a[hreflang={language}]").click()
        page.get_by_text(word).wait_for()
        assert f"lang={language}" in page.url and "shock.surprise_bp=60" in page.url
        photograph(page, f"play-{language}")


def test_a_tampered_link_is_refused_whole_and_every_fault_is_said(visit, photograph):
    evil = {"funds__leverage_cap": "999", "network__brokers__path": "/etc/passwd",
            "scenario": "../../secret", "seed": "<script>alert(1)</script>"}  # fmt: skip
    page = visit(**evil)
    notice = page.locator(".notice")
    notice.wait_for()
    said = notice.inner_text()
    assert "scenario = '../../secret', must be one of april-2025" in said
    assert "network.brokers.path" in said and "<script>alert(1)</script>" in said
    assert page.locator("script", has_text="alert(1)").count() == 0
    assert day(page) == 0
    photograph(page, "tampered")


def test_a_value_out_of_range_is_said_and_put_back(visit):
    page = visit(**HIKE)
    knob_box(page, 1).fill("1000")
    knob_box(page, 1).press("Enter")
    page.get_by_text("from 1 to 100").last.wait_for()
    assert "1000" in page.locator(".notice").inner_text()
    expect(knob_box(page, 1)).to_have_value("10")
    knob_box(page, 1).fill("five")
    knob_box(page, 1).press("Enter")
    expect(knob_box(page, 1)).to_have_value("10")


def test_a_tab_closed_in_mid_run_leaves_the_server_to_the_others(visit, server):
    page = visit(**HIKE)
    press(page, "▶ Play")
    wait_for_day(page, 2)
    page.close()
    other = visit(**HIKE)
    to_the_end(other)
    assert server.process.poll() is None


def test_two_tabs_of_one_browser_do_not_mix(visit):
    sizes = (10, 100)
    pages = [visit(scenario="hike", shock__surprise_bp=bp, seed=bp) for bp in sizes]
    for page in pages:
        press(page, "One day")
    for page in pages:
        wait_for_day(page, 1)
        to_the_end(page)
    base = abm.load_scenario("hike")
    for bp, page in zip(sizes, pages, strict=True):
        found = abm.cascade(base.with_changes({"shock.surprise_bp": bp}), rng=bp)
        assert shown_numbers(page)["forced_sales_usd_bn"] == repr(found["forced_sales_usd_bn"])


def test_the_verdict_tells_the_shock_and_the_run_apart(visit, photograph):
    early = {"scenario": "august-2024", "seed": 49, "funds__leverage_cap": 5}
    page = visit(**early, liquidity__depth_multiple=0.5)
    to_the_end(page)
    told = page.locator(".verdict")
    assert told.locator("h3").inner_text().startswith("Broken before the shock")
    assert told.locator("h4").all_inner_texts() == [
        "Because of the shock: this run less the same run without it",
        "In the run, whatever caused it",
    ]
    assert "hedge funds unlevered or inactive" in told.inner_text()
    shock, run = told.locator("p:has(b)").all_inner_texts()
    changes = {"funds.leverage_cap": 5, "liquidity.depth_multiple": 0.5}
    found = abm.cascade(abm.load_scenario("august-2024").with_changes(changes), rng=49)
    failed = found["n_failed_net"]
    assert f"institutions failed {f'{failed:+d}'.replace('-', '−') if failed else '±0'}" in shock
    assert f"institutions failed {found['n_failed']}" in run
    before = found["forced_sales_before_usd_bn"]
    assert f"before the shock: forced sales, USD bn {before:.1f}" in run
    photograph(page, "broken-before")


def test_a_run_without_a_shock_has_no_second_group(visit, photograph):
    page = visit(scenario="calm")
    to_the_end(page)
    told = page.locator(".verdict")
    assert (
        told.locator("h3").inner_text() == "No shock in this run, so nothing is attributed to one"
    )
    assert told.locator("h4").all_inner_texts() == ["In the run, whatever caused it"]
    drawdown = abm.run(abm.load_scenario("calm"), rng=0).summary["usdjpy_max_drawdown"]
    assert f"USDJPY, peak to trough −{abs(100.0 * drawdown):.1f}%" in told.inner_text()
    assert "appreciation" not in told.inner_text()
    photograph(page, "calm-verdict")


def test_the_basis_and_the_banks_are_on_the_page_of_those_who_have_them(visit, photograph):
    page = visit(scenario="prime-broker-failure", seed=3)
    banks = page.get_by_role("heading", name="Banks: capital over what is required")
    expect(banks).to_be_hidden()
    press(page, "One day")
    to_the_end(page)
    expect(banks).to_be_visible()
    expect(page.get_by_text("failed: bank-1 (day 3)")).to_be_visible()
    photograph(page, "banks")
    page.get_by_label("Scenario").first.select_option(label="March 2020: the dash for dollars")
    expect(page.get_by_role("heading", name="Cross-currency basis")).to_be_visible()
    expect(banks).to_be_hidden()
    to_the_end(page)
    file, rows = saved_csv(page, 5)
    assert file == "march-2020-seed-3-basis.csv"
    assert min(float(row["basis_bp"]) for row in rows) < -150.0
