"""The page for who listens, and for who waits: names of everything, an answer to every click."""

from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import expect

from abm.classroom.choice import TABS
from abm.words import LANGUAGES, words
from tests.classroom.test_browser import (
    HIKE,
    assert_no_wider,
    day,
    press,
    to_the_end,
    wait_for_day,
)

pytestmark = pytest.mark.browser
NAMED = {
    "slider", "textbox", "searchbox", "spinbutton", "combobox", "listbox", "button", "checkbox",
    "radio", "switch", "image", "img", "Canvas", "link", "option", "tab",
}  # fmt: skip
# When the browser heard the click, when the page showed that it works, when the result was there.
WATCH = """() => {
    const seen = window.seen = {};
    const now = (name) => { seen[name] ??= performance.now(); };
    document.addEventListener('click', () => now('clicked'), true);
    new MutationObserver(() => {
        now(document.documentElement.hasAttribute('data-working') ? 'working' : 'done');
    }).observe(document.documentElement, {attributes: true, attributeFilter: ['data-working']});
    const find = (root) => root.querySelector('.verdict')
        || [...root.querySelectorAll('*')].some((one) => one.shadowRoot && find(one.shadowRoot));
    const look = () => find(document) ? now('result') : setTimeout(look, 5);
    look();
}"""


def accessible(page):
    """Role and name of everything that Chromium tells a screen reader of."""
    session = page.context.new_cdp_session(page)
    nodes = session.send("Accessibility.getFullAXTree")["nodes"]
    return [
        (node["role"]["value"], node.get("name", {}).get("value", "").strip())
        for node in nodes
        if not node.get("ignored")
    ]


def in_link(url):
    """The tab that a link opens: the first one is not written."""
    return parse_qs(urlsplit(url).query).get("tab", TABS[:1])[0]


# Every tab in English, whose words are the longest, and in one of the other languages; and back.
TOURS = {"en": (*TABS[1:], TABS[0]), "ja": (*TABS[1::2], TABS[0]), "zh": (*TABS[2::2], TABS[0])}


@pytest.mark.parametrize("language", LANGUAGES)
def test_on_every_tab_all_is_named_and_nothing_wider_than_a_narrow_screen(visit, language):
    say, page = words(language), visit(width=1024, height=768, lang=language, **HIKE)
    press(page, say("play.step"))
    wait_for_day(page, 1)
    for tab in TOURS[language]:
        press(page, say(f"{tab}.tab"))
        page.wait_for_url(lambda url, here=tab: here == in_link(url))
        assert_no_wider(page, 1024, tab)
        found = [(role, name) for role, name in accessible(page) if role in NAMED]
        assert [role for role, name in found if not name] == [], tab
        roles = {role for role, _ in found}
        assert "image" in roles and "button" in roles, tab
        assert tab == "phase" or "slider" in roles, tab
    assert day(page) == 1  # Play is as it was left


def test_a_slider_is_named_after_it_has_been_moved_and_drawn_anew(visit):
    page = visit(**HIKE)
    box = page.get_by_role("textbox", name="Leverage cap")
    box.fill("40")  # beyond the slider's end, which moves
    box.press("Enter")
    page.wait_for_url("**funds.leverage_cap=40**")
    expect(page.get_by_role("slider", name="Leverage cap")).to_have_attribute(
        "aria-valuenow", "40.0"
    )


def test_a_click_is_answered_within_a_tenth_of_a_second_and_before_its_result(visit):
    page = visit(**HIKE)
    page.evaluate(WATCH)
    to_the_end(page)
    page.wait_for_function("window.seen.result && window.seen.done")
    seen = page.evaluate("window.seen")
    assert seen["working"] - seen["clicked"] < 100.0
    assert seen["working"] < seen["result"]
    assert page.get_by_text("Working…").is_hidden()


def test_every_kind_of_control_says_that_it_works_and_when_it_is_done(visit):
    page = visit(**HIKE)
    working = page.locator("html[data-working]")
    page.evaluate("""() => { window.turns = 0; new MutationObserver(() => window.turns++)
        .observe(document.documentElement, {attributeFilter: ['data-working']}); }""")

    def answered(do):
        before = page.evaluate("window.turns")
        do()
        page.wait_for_function("(before) => window.turns >= before + 2", arg=before)
        expect(working).to_have_count(0)

    answered(lambda: page.get_by_role("slider", name="Leverage cap").press("ArrowLeft"))
    answered(lambda: page.get_by_label("retail FX").uncheck())
    answered(lambda: press(page, "Next seed"))
    answered(lambda: page.get_by_label("Scenario", exact=True).select_option(index=1))
    answered(lambda: press(page, "Leak or dam"))
    answered(lambda: page.get_by_role("combobox", name="Leverage cap").select_option("4"))
    answered(lambda: press(page, "August 2024"))
    answered(lambda: page.get_by_role("slider", name="Day").press("ArrowLeft"))
    press(page, "Your trade")
    box = page.get_by_role("textbox", name="Leverage")
    was = box.input_value()
    for text in (f"0{was}", f"{was}.0"):  # the same number: the server writes it anew
        box.fill(text)
        answered(lambda: box.press("Enter"))
        expect(box).to_have_value(was)
        expect(working).to_have_count(0)
    turns = page.evaluate("window.turns")
    answered(lambda: press(page, "Play"))
    page.get_by_role("combobox", name="Speed").select_option("fast")  # asks for nothing
    expect(working).to_have_count(0)
    assert page.evaluate("window.turns") == turns + 2
