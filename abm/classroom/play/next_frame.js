// The browser asks for the next frame when it has drawn the last: a slow machine gets fewer frames,
// each of several days, and a page that was closed asks for none. The server asks with a positive
// number and is answered with its negative.
if (source.value <= 0) return;
const wait = Math.max(0, least_ms - (performance.now() - (window.unwind_asked || 0)));
requestAnimationFrame(() => setTimeout(() => {
    window.unwind_asked = performance.now();
    source.value = -source.value;
}, wait));
