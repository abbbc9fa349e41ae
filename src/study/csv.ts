/**
 * Rows as CSV (RFC 4180, with plain line feeds so that files differ line by line): fields with a comma, a quote or a
 * line break are quoted. Numbers are written as JavaScript writes them: the shortest digits that read back the same.
 *
 * @example formatCsv([['a', 'b'], [1, 'x,"y"']]) // => 'a,b\n1,"x,""y"""\n'
 */
export function formatCsv(rows: readonly (readonly (string | number | boolean)[])[]): string {
  return rows.map((row) => `${row.map((field) => quoted(String(field))).join(',')}\n`).join('');
}

function quoted(field: string): string {
  return /[",\r\n]/.test(field) ? `"${field.replaceAll('"', '""')}"` : field;
}

/**
 * The fields of a CSV text, row by row.
 *
 * @example parseCsv('a,"b,""c"""\n1,\n') // => [['a', 'b,"c"'], ['1', '']]
 */
export function parseCsv(text: string): string[][] {
  const rows: string[][] = [];
  let row: string[] = [];
  const field = /(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|\r?\n|$)/gy;
  while (field.lastIndex < text.length) {
    const match = field.exec(text);
    if (!match) break;
    row.push(match[1] === undefined ? match[2] : match[1].replaceAll('""', '"'));
    if (match[3] !== ',') {
      rows.push(row);
      row = [];
    } else if (field.lastIndex === text.length) {
      row.push('');
    }
  }
  if (row.length > 0) rows.push(row);
  return rows;
}
