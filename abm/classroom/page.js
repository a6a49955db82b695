// Runs once Bokeh is loaded and before the page is drawn.

document.documentElement.lang = new URLSearchParams(location.search).get("lang") || "en";
window.addEventListener("popstate", () => location.reload());

// A slider's handle is what is focused and read aloud: it says the slider's title and value.
const Slider = Bokeh.Models.get("Slider").prototype.default_view.prototype;
const rendered = Slider.render;
Slider.render = function () {
  rendered.call(this);
  const tell = () => {
    for (const handle of this.shadow_el.querySelectorAll(".noUi-handle"))
      handle.setAttribute("aria-label", this.model.title ?? "");
  };
  tell();
  this.connect(this.model.properties.title.change, tell);
};

// Play and Pause are one button, and a double click on it is one click. Only the browser knows which
// clicks belong together: by the time the server hears the second it may be busy with the first.
window.addEventListener("click", (event) => {
  const is_play = event.composedPath().some((element) => element.matches?.(".play"));
  if (is_play && event.detail > 1) event.stopImmediatePropagation();
}, true);

// A chart is one picture with a name; the canvases that it is painted on are none.
const Canvas = Bokeh.Models.get("Canvas").prototype.default_view.prototype;
const painted = Canvas.render;
Canvas.render = function () {
  painted.call(this);
  this.el.setAttribute("aria-hidden", "true");
};

// A file that is too large for the page is sent up to one byte more than it takes, and refused there.
const FileInput = Bokeh.Models.get("FileInput").prototype.default_view.prototype;
const loaded = FileInput.load_files;
FileInput.load_files = function (files) {
  const most = this.model.tags.find(Number.isInteger) ?? 0;
  const cut = (file) => file.size > most ? new File([file.slice(0, most + 1)], file.name) : file;
  return loaded.call(this, [...files].map(cut));
};

// From the moment at which the browser asks the server for something until the server says that it
// is done, the page shows that it is working: before any answer, however long the work takes.
const ASKING = ["value", "value_throttled", "active", "indices"];
const asks = (event) => {
  if (!event.sync) return false; // the server's own change, which has come here
  if (event.kind === "MessageSent")
    return ["button_click", "tap"].includes(event.msg_data?.event_name);
  if (event.kind !== "ModelChanged" || event.model.tags?.includes("unasking")) return false;
  if (event.model.type?.endsWith("Slider") && event.attr === "value")
    return event.model.tags?.includes("at-once") ?? false;
  return ASKING.includes(event.attr);
};
window.unwind_is_working = (is_working) => {
  document.documentElement.toggleAttribute("data-working", is_working);
  document.querySelector("main")?.setAttribute("aria-busy", String(is_working));
};
const listen = () => {
  const pages = Bokeh.documents;
  if (!pages.length) return setTimeout(listen, 30);
  pages[0].on_change((event) => { if (asks(event)) window.unwind_is_working(true); });
};
listen();
