// The browser moves the dashes, eight steps a second, as long as there are flows; for a reader who
// asked for less motion they rest.
if (window.matchMedia('(prefers-reduced-motion: reduce)').matches) return;
window.unwind_moving ??= new Set();
if (window.unwind_moving.has(flows.id) || !flows.data.x0.length) return;
window.unwind_moving.add(flows.id);
let offset = 0, last = 0;
const move = (now) => {
    if (!flows.document || !flows.data.x0.length) {
        window.unwind_moving.delete(flows.id);
        return;
    }
    if (now - last > 120) {
        last = now;
        offset = (offset + 22) % 24;
        glyph.line_dash_offset = {value: offset};
    }
    requestAnimationFrame(move);
};
requestAnimationFrame(move);
