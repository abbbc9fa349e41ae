import { z } from 'zod';

/** Layers of one problem at most; the bounds of this file keep a hostile one from exhausting memory. */
const MOST_LAYERS = 4096;
/** Choices of one layer at most. */
const MOST_CHOICES = 4096;

const value = z.number();
const layer = z.int().nonnegative();
const row = z.array(value).min(1).max(MOST_CHOICES);
const table = z.array(row).min(1).max(MOST_LAYERS);

const pairs = z.array(z.object({ i: layer, j: layer, table: z.array(row).min(1).max(MOST_CHOICES) })).max(100_000);

const metricName = z.string().regex(/^[A-Za-z][A-Za-z0-9]*$/, 'Invalid metric: expected letters and digits');

const budget = z.object({
  name: z.string().min(1),
  limits: z.record(metricName, value).describe('upper bound of each metric named'),
});

/**
 * The problem file, format `mpa-1`: layers × choices with their metrics, and budgets. Facts that no arithmetic needs
 * (shapes, notes, known optima) may stand beside these fields and are ignored.
 */
export const AllocationSchema = z.looseObject({
  format: z.literal('mpa-1').optional(),
  name: z.string().optional(),
  kind: z.enum(['additive', 'nonadditive', 'chain']).optional(),
  tables: z
    .record(metricName, table)
    .refine((tables) => 'loss' in tables, 'The table "loss" is missing')
    .describe('tables[metric][layer][choice]; a metric is the sum over the layers'),
  chain_tables: z
    .record(metricName, z.array(z.array(row).min(1).max(MOST_CHOICES)).min(1).max(MOST_LAYERS))
    .optional()
    .describe(
      'chain_tables[metric][layer][p][choice]; p is the choice of the layer before, modulo the rows; the last row for the first layer',
    ),
  loss_blocks: z
    .array(z.object({ layers: z.array(layer).min(1).max(MOST_LAYERS), cap: z.number().positive() }))
    .max(MOST_LAYERS)
    .optional()
    .describe('a block of losses summing to s counts as cap·s/(cap + s)'),
  loss_pairs: pairs.optional().describe('added to the loss: table[choice of i][choice of j]'),
  latency_pairs: pairs.optional().describe('added to the latency; any other metric may have its own `<metric>_pairs`'),
  ties: z.array(z.array(layer).min(2).max(MOST_LAYERS)).max(MOST_LAYERS).optional().describe('layers with one choice'),
  bounds: z
    .record(metricName, z.tuple([value, value]))
    .optional()
    .describe('least and greatest value of each metric, for hypervolumes'),
  budgets: z.array(budget).max(10_000).optional(),
});

/** Terms between two layers, by the metric that they are added to. */
export const PairsSchema = pairs;

export type AllocationProblem = z.input<typeof AllocationSchema>;
export type AllocationBudget = z.infer<typeof budget>;
export type PairTerm = z.infer<typeof pairs>[number];

/**
 * The JSON Schema of the problem file, published as `docs/schema/problem.schema.json`.
 *
 * @example allocationJsonSchema().title // => 'bitbudget allocation problem'
 */
export function allocationJsonSchema(): Record<string, unknown> {
  const { $schema, ...schema } = z.toJSONSchema(AllocationSchema, { io: 'input' }) as Record<string, unknown>;
  return { $schema, title: 'bitbudget allocation problem', ...schema };
}
