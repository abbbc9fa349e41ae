/**
 * Where and how a text stops being JSON, in words that are the same on every engine (the messages of `JSON.parse` are
 * not). Call it for texts that `JSON.parse` refuses.
 *
 * @example jsonFault('[1, 2') // => 'The file is cut off at line 1, column 6.'
 */
export function jsonFault(text: string): string {
  if (text.trim() === '') return 'The file is empty.';
  const at = new Scanner(text).faultOffset();
  const before = text.slice(0, at);
  const line = before.split('\n').length;
  const column = at - before.lastIndexOf('\n');
  const place = `line ${line}, column ${column}`;
  if (at >= text.trimEnd().length) return `The file is cut off at ${place}.`;
  return `The file is no JSON: unexpected ${JSON.stringify(text[at])} at ${place}.`;
}

/** Strings (unrolled, so that a missing quote costs linear time), numbers, names, punctuation. */
const TOKEN =
  /"[^"\\\p{Cc}]*(?:(?:[\x7f-\x9f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))[^"\\\p{Cc}]*)*"|-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null|[[\]{},:]/uy;

/** A JSON syntax check that remembers how far it got; nesting is kept in an array, so depth is bounded by memory alone. */
class Scanner {
  private readonly text: string;
  private offset = 0;

  constructor(text: string) {
    this.text = text;
  }

  faultOffset(): number {
    const open: ('{' | '[')[] = [];
    let expected: 'value' | 'valueOrEnd' | 'key' | 'keyOrEnd' | 'colon' | 'commaOrEnd' = 'value';
    for (;;) {
      const start = this.skipSpace();
      const token = this.next();
      if (token === undefined) return this.partialTokenEnd(start);
      const kind = token[0];
      const container = open.at(-1);
      const closes = (kind === '}' && container === '{') || (kind === ']' && container === '[');
      if (closes && (expected === 'commaOrEnd' || expected === (kind === '}' ? 'keyOrEnd' : 'valueOrEnd'))) {
        open.pop();
        expected = 'commaOrEnd';
      } else if (expected === 'commaOrEnd' && kind === ',' && container) {
        expected = container === '{' ? 'key' : 'value';
      } else if (expected === 'colon' && kind === ':') {
        expected = 'value';
      } else if ((expected === 'key' || expected === 'keyOrEnd') && kind === '"') {
        expected = 'colon';
      } else if ((expected === 'value' || expected === 'valueOrEnd') && !']},:'.includes(kind)) {
        if (kind === '{' || kind === '[') open.push(kind);
        expected = kind === '{' ? 'keyOrEnd' : kind === '[' ? 'valueOrEnd' : 'commaOrEnd';
      } else {
        return start;
      }
    }
  }

  private skipSpace(): number {
    while (this.offset < this.text.length && '\t\n\r '.includes(this.text[this.offset])) this.offset++;
    return this.offset;
  }

  private next(): string | undefined {
    TOKEN.lastIndex = this.offset;
    const match = TOKEN.exec(this.text);
    if (!match) return undefined;
    this.offset = TOKEN.lastIndex;
    return match[0];
  }

  /** A token that could go on behind the end of the text counts as cut off; any other is wrong where it starts. */
  private partialTokenEnd(start: number): number {
    const rest = this.text.slice(start);
    const partial = /^("[^"\n]*|-?[\d.eE+-]*|t|tr|tru|f|fa|fal|fals|n|nu|nul)$/.test(rest.trimEnd());
    return partial ? this.text.trimEnd().length : start;
  }
}
