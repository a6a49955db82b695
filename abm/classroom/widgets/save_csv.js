// The columns of a chart's data as a CSV file.
const columns = names.filter((name) => name in source.data);
const cell = (v) => v === null || v === undefined || Number.isNaN(v) ? '' :
    typeof v === 'string' && /[",\n]/.test(v) ? '"' + v.replaceAll('"', '""') + '"' : String(v);
const n = columns.length ? source.data[columns[0]].length : 0;
const lines = [columns.join(',')];
for (let i = 0; i < n; i++) lines.push(columns.map((c) => cell(source.data[c][i])).join(','));
const link = document.createElement('a');
link.href = URL.createObjectURL(new Blob([lines.join('\n') + '\n'], {type: 'text/csv'}));
link.download = file + '.csv';
link.click();
setTimeout(() => URL.revokeObjectURL(link.href), 10000);
