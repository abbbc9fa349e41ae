import { BitbudgetError } from '../../core/errors.ts';
import { AllocationModel, type Pair } from './model.ts';
import { type AllocationProblem, AllocationSchema, PairsSchema } from './schema.ts';

/**
 * Checks a problem and makes it ready to be evaluated.
 *
 * @param problem the content of a problem file, format `mpa-1`.
 * @param origin names it in errors, such as its path.
 * @throws {BitbudgetError} `damaged-file` for what is no problem, naming the first place that is wrong.
 * @example parseAllocation({ tables: { loss: [[3, 1], [2, 0]] } }).evaluate([0, 1]) // => [3]
 */
export function parseAllocation(problem: unknown, origin = 'The problem'): AllocationModel {
  const parsed = AllocationSchema.safeParse(problem);
  if (!parsed.success) {
    const [{ path, message }] = parsed.error.issues;
    throw damaged(origin, `${path.join('.') || 'the document'}: ${message}`);
  }
  const fields = parsed.data;
  const { loss, ...others } = fields.tables;
  const fail = (what: string): never => {
    throw damaged(origin, what);
  };
  const metrics = ['loss', ...Object.keys({ ...others, ...fields.chain_tables }).filter((name) => name !== 'loss')];
  const tables = metrics.map((name) => fields.tables[name]);
  const chains = metrics.map((name) => fields.chain_tables?.[name]);
  const counts = loss.map((row) => row.length);
  metrics.forEach((name, metric) => {
    checkTable(`tables.${name}`, tables[metric], counts, fail);
    checkChain(`chain_tables.${name}`, chains[metric], counts, fail);
  });
  const ties = checkTies(fields.ties ?? [], counts, fail);
  const pairs = metrics.flatMap((name, metric) => checkPairs(`${name}_pairs`, fields, metric, counts, fail));
  const stray = Object.keys(fields).find((key) => key.endsWith('_pairs') && !metrics.includes(key.slice(0, -6)));
  if (stray) fail(`${stray}: there is no table of that metric`);
  const blocks = fields.loss_blocks ?? [];
  checkBlocks(blocks, loss, fail);
  const budgets = fields.budgets ?? [];
  checkBudgets(budgets, metrics, fail);
  const { name = 'problem', bounds = {} } = fields;
  return new AllocationModel({ name, metrics, tables, chains, pairs, blocks, ties, budgets, bounds });
}

type Fail = (what: string) => never;

function checkTable(
  name: string,
  table: readonly (readonly number[])[] | undefined,
  counts: readonly number[],
  fail: Fail,
) {
  if (!table) return;
  if (table.length !== counts.length) fail(`${name}: ${table.length} layers, and ${counts.length} in tables.loss`);
  const wrong = table.findIndex((row, layer) => row.length !== counts[layer]);
  if (wrong >= 0) {
    fail(`${name}.${wrong}: ${table[wrong].length} choices, and ${counts[wrong]} in tables.loss`);
  }
}

function checkChain(
  name: string,
  chain: readonly (readonly (readonly number[])[])[] | undefined,
  counts: readonly number[],
  fail: Fail,
) {
  if (!chain) return;
  if (chain.length !== counts.length) fail(`${name}: ${chain.length} layers, and ${counts.length} in tables.loss`);
  chain.forEach((rows, layer) => {
    const wrong = rows.findIndex((row) => row.length !== counts[layer]);
    if (wrong >= 0) {
      fail(`${name}.${layer}.${wrong}: ${rows[wrong].length} choices, and ${counts[layer]} in tables.loss`);
    }
  });
}

function checkPairs(
  name: string,
  fields: AllocationProblem,
  metric: number,
  counts: readonly number[],
  fail: Fail,
): Pair[] {
  if (fields[name] === undefined) return [];
  const parsed = PairsSchema.safeParse(fields[name]);
  if (!parsed.success)
    return fail(`${name}.${parsed.error.issues[0].path.join('.')}: ${parsed.error.issues[0].message}`);
  return parsed.data.map(({ i, j, table }, at) => {
    if (i >= counts.length || j >= counts.length || i === j) fail(`${name}.${at}: no two layers ${i} and ${j}`);
    if (table.length !== counts[i] || table.some((row) => row.length !== counts[j])) {
      fail(`${name}.${at}.table: not ${counts[i]} rows of ${counts[j]} values`);
    }
    if (i < j) return { metric, i, j, table };
    return { metric, i: j, j: i, table: table[0].map((_, column) => table.map((row) => row[column])) };
  });
}

/** Overlapping groups are one group; each comes out ascending. */
function checkTies(ties: readonly (readonly number[])[], counts: readonly number[], fail: Fail): number[][] {
  const representative = counts.map((_, layer) => layer);
  const find = (layer: number): number => {
    let root = layer;
    while (representative[root] !== root) root = representative[root];
    return root;
  };
  ties.forEach((tie, at) => {
    const stranger = tie.find((layer) => layer >= counts.length);
    if (stranger !== undefined) fail(`ties.${at}: there is no layer ${stranger}`);
    const unlike = tie.find((layer) => counts[layer] !== counts[tie[0]]);
    if (unlike !== undefined) {
      fail(`ties.${at}: layers ${tie[0]} and ${unlike} have ${counts[tie[0]]} and ${counts[unlike]} choices`);
    }
    for (const layer of tie) {
      const [a, b] = [find(tie[0]), find(layer)];
      representative[Math.max(a, b)] = Math.min(a, b);
    }
  });
  const groups = new Map<number, number[]>();
  counts.forEach((_, layer) => {
    const root = find(layer);
    groups.set(root, [...(groups.get(root) ?? []), layer]);
  });
  return [...groups.values()].filter((group) => group.length > 1);
}

function checkBlocks(
  blocks: readonly { layers: readonly number[] }[],
  loss: readonly (readonly number[])[],
  fail: Fail,
): void {
  if (blocks.length === 0) return;
  const seen = new Set<number>();
  for (const layer of blocks.flatMap(({ layers }) => layers)) {
    if (layer >= loss.length || seen.has(layer)) fail(`loss_blocks: layer ${layer} is unknown or in two blocks`);
    seen.add(layer);
    if (loss[layer].some((value) => value < 0)) fail(`tables.loss.${layer}: a block saturates, so no loss is below 0`);
  }
  if (seen.size !== loss.length) fail('loss_blocks: every layer must be in a block, if any is');
}

function checkBudgets(
  budgets: readonly { name: string; limits: Record<string, number> }[],
  metrics: readonly string[],
  fail: Fail,
): void {
  const names = new Set<string>();
  for (const { name, limits } of budgets) {
    if (names.has(name)) fail(`budgets: two are named "${name}"`);
    names.add(name);
    const stranger = Object.keys(limits).find((metric) => !metrics.includes(metric));
    if (stranger) fail(`budgets: "${name}" limits ${stranger}, and there is no table of it`);
  }
}

function damaged(origin: string, what: string): BitbudgetError {
  return new BitbudgetError(
    'damaged-file',
    `${origin} is no allocation problem: ${what}.`,
    'The format is mpa-1: see docs/solve-or-search.md and docs/schema/problem.schema.json.',
  );
}
