// The title stands on the page above the chart; its picture has it drawn on top.
const view = Bokeh.index.find_one(chart);
view.export('png', true).to_blob().then((blob) => createImageBitmap(blob)).then((drawn) => {
    const scale = drawn.width / view.el.clientWidth, top = 34 * scale;
    const canvas = document.createElement('canvas');
    canvas.width = drawn.width;
    canvas.height = drawn.height + top;
    const pen = canvas.getContext('2d');
    pen.fillStyle = '#ffffff';
    pen.fillRect(0, 0, canvas.width, canvas.height);
    pen.fillStyle = '#1a1a1a';
    pen.font = `600 ${13 * scale}px sans-serif`;
    pen.fillText(title, 8 * scale, 15 * scale);
    pen.font = `${11 * scale}px sans-serif`;
    pen.fillText(file, 8 * scale, 29 * scale);
    pen.drawImage(drawn, 0, top);
    canvas.toBlob((whole) => {
        const link = document.createElement('a');
        link.href = URL.createObjectURL(whole);
        link.download = file + '.png';
        link.click();
        setTimeout(() => URL.revokeObjectURL(link.href), 10000);
    });
});
