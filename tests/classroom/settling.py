"""When a page in a browser stands as it will stand: for assertions, and for pictures."""

# Nothing is asked of the server, every view is drawn, and the browser has painted it.
SETTLED = """() => {
    const drawn = [...Bokeh.index.roots];
    if (document.documentElement.hasAttribute('data-working')) return false;
    if (!drawn.length || !drawn.every((view) => view.has_finished())) return false;
    const painted = (done) => requestAnimationFrame(() => requestAnimationFrame(done));
    return new Promise((done) => painted(() => done(true)));
}"""


def settle(page):
    """Wait until a page stands as it will stand."""
    page.wait_for_function(SETTLED)
