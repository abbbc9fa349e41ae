/** Writes results as markdown while they come, and remembers what fell short. */
export class Report {
  readonly missed: string[] = [];
  private readonly write: (text: string) => void;
  private readonly status: ((text: string) => void) | undefined;

  /** @param status shows what is under way, where somebody looks on. */
  constructor(write: (text: string) => void, status?: (text: string) => void) {
    this.write = write;
    this.status = status;
  }

  heading(title: string): void {
    this.say(`\n### ${title}\n`);
  }

  say(text: string): void {
    this.status?.('');
    this.write(`${text}\n`);
  }

  /** Begins a table; the first column is text, the others are numbers. */
  table(titles: readonly string[]): void {
    this.row(titles);
    this.row(titles.map((_, i) => (i === 0 ? '---' : '---:')));
  }

  row(cells: readonly string[]): void {
    this.say(`| ${cells.join(' | ')} |`);
  }

  /** The last cell of a row that has a target. */
  verdict(what: string, met: boolean): string {
    if (!met) this.missed.push(what);
    return met ? 'met' : '**missed**';
  }

  progress(what: string, done: number, all: number): void {
    this.status?.(`${what}: ${done} of ${all}`);
  }
}

/** What a run of the bench was asked for. */
export interface BenchRun {
  report: Report;
  seeds: readonly number[];
  quick: boolean;
  /** Whether a case that goes by these names was asked for; all are, where none was named. */
  wanted(...names: string[]): boolean;
}
