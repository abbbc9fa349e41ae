/**
 * TypeScript source with the content of comments, and optionally of strings, replaced by spaces; positions and line
 * breaks are kept. TypeScript 7 has no programming interface, so the tidy checks read code with this scanner.
 */
export function blankComments(text: string, options: { strings: boolean }): string {
  const out = text.split('');
  const blank = (from: number, to: number) => {
    for (let i = from; i < to && i < out.length; i++) if (out[i] !== '\n') out[i] = ' ';
  };
  scanCode(text, 0, false, (kind, from, to) => {
    if (kind === 'comment') blank(from, to);
    else if (options.strings) blank(from + 1, to - 1);
  });
  return out.join('');
}

type OnToken = (kind: 'comment' | 'string', from: number, to: number) => void;

/** Scans code from `start`; inside a template's `${` it ends at the matching brace. Returns the position after the end. */
function scanCode(text: string, start: number, insideTemplate: boolean, onToken: OnToken): number {
  let depth = 0;
  let i = start;
  while (i < text.length) {
    const c = text[i];
    if (text.startsWith('//', i)) i = report('comment', i, endOrLast(text, '\n', i), onToken);
    else if (text.startsWith('/*', i)) i = report('comment', i, endOrLast(text, '*/', i + 2) + 2, onToken);
    else if (c === "'" || c === '"') i = report('string', i, endOfQuoted(text, i), onToken);
    else if (c === '`') i = scanTemplate(text, i, onToken);
    else if (c === '/' && startsRegex(text, i)) i = report('string', i, endOfRegex(text, i), onToken);
    else if (c === '}' && insideTemplate && depth === 0) return i + 1;
    else {
      if (c === '{') depth++;
      if (c === '}') depth--;
      i++;
    }
  }
  return i;
}

function scanTemplate(text: string, start: number, onToken: OnToken): number {
  let from = start;
  let i = start + 1;
  while (i < text.length) {
    if (text[i] === '\\') i += 2;
    else if (text[i] === '`') return report('string', from, i + 1, onToken);
    else if (text.startsWith('${', i)) {
      onToken('string', from, i + 2);
      i = scanCode(text, i + 2, true, onToken);
      from = i - 1;
    } else i++;
  }
  return i;
}

function report(kind: 'comment' | 'string', from: number, to: number, onToken: OnToken): number {
  onToken(kind, from, to);
  return to;
}

function endOrLast(text: string, mark: string, from: number): number {
  const end = text.indexOf(mark, from);
  return end < 0 ? text.length : end;
}

function endOfQuoted(text: string, start: number): number {
  let i = start + 1;
  while (i < text.length && text[i] !== text[start] && text[i] !== '\n') i += text[i] === '\\' ? 2 : 1;
  return i + 1;
}

/** A slash opens a regular expression where a value may begin, that is after an operator, a bracket or a keyword. */
function startsRegex(text: string, at: number): boolean {
  const before = text.slice(Math.max(0, at - 40), at).trimEnd();
  return before === '' || /[=(,:;!&|?{}[+\-*%<>~^]$|\b(?:return|typeof|case|in|of|await)$/.test(before);
}

function endOfRegex(text: string, start: number): number {
  let inClass = false;
  let i = start + 1;
  for (; i < text.length && text[i] !== '\n'; i++) {
    if (text[i] === '\\') i++;
    else if (text[i] === '[') inClass = true;
    else if (text[i] === ']') inClass = false;
    else if (text[i] === '/' && !inClass) return i + 1;
  }
  return i;
}

/** The line, counted from 1, of a position in a text. */
export function lineAt(text: string, position: number): number {
  return text.slice(0, position).split('\n').length;
}
