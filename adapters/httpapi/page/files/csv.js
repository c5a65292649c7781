// Reads CSV as the server writes it.

// parseRecords returns the records of a text, each a list of cells and with a line end.
export function parseRecords(text) {
  const records = [];
  let record = [];
  let cell = '';
  let quoted = false;
  const endCell = () => {
    record.push(cell);
    cell = '';
  };
  for (let i = 0; i < text.length; i++) {
    const c = text[i];
    if (quoted) {
      if (c !== '"') cell += c;
      else if (text[i + 1] === '"') cell += text[++i];
      else quoted = false;
    } else if (c === '"') {
      quoted = true;
    } else if (c === ',') {
      endCell();
    } else if (c === '\n') {
      endCell();
      records.push(record);
      record = [];
    } else if (c !== '\r' || text[i + 1] !== '\n') {
      cell += c;
    }
  }
  return records;
}
