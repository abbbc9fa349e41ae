import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { bitbudget, type ProxyCase } from './cases.ts';

/** How `solve` is asked for an allocation. */
const WAYS = [
  ['--proxy', 'signal-loss'],
  ['--proxy', 'output-noise'],
  ['--preset', 'hawq-v3'],
  ['--preset', 'ompq'],
];

/** The budget flag of a cost that candidates have in common, and how many of its units one of the flag's makes. */
const BUDGETS: Readonly<Record<string, { flag: string; units: number }>> = {
  size: { flag: '--size-budget-kib', units: 1024 },
  bitops: { flag: '--bitops-budget', units: 1 },
  latency: { flag: '--latency-budget-ms', units: 1 },
};

interface Checked {
  fixedBudget: { value: number };
  conditions: { dataset: { name: string; samples?: number } };
  evaluated: { group: string; top1: number }[];
}

/**
 * Where allocations that were solved for stand among random ones of the same cost, by measured accuracy.
 *
 * @param fixed the cost that the random ones have in common.
 * @param out of `proxy check`, with the random ones.
 */
export function percentiles(
  one: ProxyCase,
  schemes: string[],
  { fixed, out, folder, lut }: { fixed: string; out: string; folder: string; lut?: string },
): string[] {
  const { fixedBudget, evaluated }: Checked = JSON.parse(readFileSync(out, 'utf8'));
  const random = evaluated.filter(({ group }) => group === 'atBudget').map(({ top1 }) => top1);
  const { flag, units } = BUDGETS[fixed];
  // random ones may cost 2% more or less
  const budget = [flag, String(fixedBudget.value / units)];
  const lines = [
    `| allocation by | top-1 | percentile among the random ones of equal ${fixed} | their median and best | s |`,
    '|---|---|---|---|---|',
  ];
  const median = [...random].sort((a, b) => a - b)[Math.floor(random.length / 2)];
  for (const way of WAYS) {
    const candidate = join(folder, `${one.name}-${fixed}-${way.at(-1)}.json`);
    const table = lut === undefined ? [] : ['--lut', lut];
    const own = way[0] === '--preset' ? [] : schemes; // a preset chooses its own bits
    const start = performance.now();
    bitbudget('solve', ...one.flags, ...own, ...way, ...table, ...budget, '--out', candidate);
    const seconds = (performance.now() - start) / 1e3;
    const weights = one.flags.indexOf('--weights');
    const learned = weights < 0 ? [] : one.flags.slice(weights, weights + 2);
    const { top1 } = bitbudget('evaluate', '--candidate', candidate, ...learned, ...one.images);
    const below = random.filter((other) => other < top1).length + random.filter((other) => other === top1).length / 2;
    const share = ((100 * below) / random.length).toFixed(0);
    lines.push(
      `| ${way.join(' ')} | ${points(top1)} | ${share} | ${points(median)}, ${points(Math.max(...random))} | ${seconds.toFixed(1)} |`,
    );
  }
  process.stderr.write(`${lines.join('\n')}\n`);
  return lines;
}

function points(share: number): string {
  return `${(100 * share).toFixed(1)}%`;
}
