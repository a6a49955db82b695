// A button with another label is made anew in the browser; who came to it by the keyboard stays.
requestAnimationFrame(() => requestAnimationFrame(() => {
    const view = Bokeh.index.find_one(source);
    if (view && document.activeElement === document.body) view.button_el.focus();
}));
