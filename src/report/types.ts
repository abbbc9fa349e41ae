import { z } from 'zod';
import { BitbudgetError } from '../core/errors.ts';
import { jsonFault } from '../lut/json-fault.ts';

const interval = z.strictObject({ value: z.number(), low: z.number(), high: z.number() });
const accuracy = z.strictObject({ ...interval.shape, samples: z.int().positive(), dataset: z.string() });

/** One network of the report: a candidate of the front, or a uniform baseline. */
const reportNetwork = z.strictObject({
  name: z.string(),
  kind: z.enum(['candidate', 'baseline']),
  /** One scheme a layer, in the order of `layers`. */
  schemes: z.array(z.string()),
  predictedMs: interval,
  /** Absent where the network was not run on this device. */
  measuredMs: interval.optional(),
  energyMj: z.strictObject({ value: z.number(), source: z.enum(['measured', 'model']) }),
  sizeBytes: z.number(),
  ramBytes: z.number(),
  /** The proxy's loss, lower is better; absent for f32. */
  proxyLoss: z.number().optional(),
  /** Measured top-1 in [0, 1]; absent where the network was not evaluated. */
  accuracy: accuracy.optional(),
  /** Whether the measured latency keeps the budget; absent without budget or measurement. */
  budgetVerdict: z.enum(['within', 'within-interval', 'over']).optional(),
  /** The one that the search recommends. */
  best: z.boolean().optional(),
});

const reportFields = z.strictObject({
  title: z.string(),
  network: z.string(),
  /** Names of the layers with weights. */
  layers: z.array(z.string()),
  device: z.strictObject({ id: z.string(), cpu: z.string(), cores: z.int(), os: z.string(), engine: z.string() }),
  conditions: z.record(z.string(), z.union([z.string(), z.number(), z.boolean(), z.null()])),
  /** Label and value of whatever lets a reader make the report again: table, hashes, seed, command, version. */
  provenance: z.array(z.tuple([z.string(), z.string()])),
  proxyName: z.string(),
  latencyBudgetMs: z.number().positive().optional(),
  evaluations: z.int(),
  /** Every evaluated candidate: predicted latency and the proxy's loss. */
  points: z.array(z.strictObject({ latencyMs: z.number(), loss: z.number(), feasible: z.boolean() })),
  networks: z.array(reportNetwork),
  /** Predictions against measurements over all measured networks. */
  verification: z
    .strictObject({
      networks: z.int(),
      medianRelativeError: z.number(),
      p95RelativeError: z.number(),
      bias: z.number(),
      kendallTau: z.number().nullable(),
      /** Of the machine since the table was measured, by the reference kernel; 1 for none. */
      slowdown: z.number().positive().optional(),
    })
    .optional(),
});

/** Everything that a report shows, as it stands in report.json; what was not measured is absent, never 0. */
export const reportDataSchema = reportFields.superRefine(({ layers, networks }, context) => {
  for (const [i, { schemes }] of networks.entries()) {
    if (schemes.length === layers.length) continue;
    const message = `has ${schemes.length} schemes for ${layers.length} layers`;
    context.addIssue({ code: 'custom', path: ['networks', i], message });
  }
});

export type ReportData = z.infer<typeof reportDataSchema>;
export type ReportNetwork = z.infer<typeof reportNetwork>;

/**
 * Reads a run folder's report.json.
 *
 * @throws {BitbudgetError} `damaged-file` naming the first field that is wrong.
 */
export function parseReportData(text: string, sourceName: string): ReportData {
  const remedy = 'Run `bitbudget demo` or `bitbudget search` again.';
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    const fault = jsonFault(text).replace(/^The file is (no JSON: )?/, '');
    throw new BitbudgetError('damaged-file', `${sourceName} is no JSON: ${fault}`, remedy);
  }
  const parsed = reportDataSchema.safeParse(json);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues; // a field's own fault comes before the ones between fields
  throw new BitbudgetError(
    'damaged-file',
    `${sourceName}: ${issue.path.join('.') || 'document'}: ${issue.message}.`,
    remedy,
  );
}
