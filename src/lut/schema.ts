import { z } from 'zod';
import type { Workload } from '../network/workload.ts';
import type { Scheme } from '../quant/scheme.ts';

/** The only version of the file format so far. */
export const LUT_SCHEMA_VERSION = 1;

const text = z.string().min(1);
const count = z.int().positive();
const bytes = z.int().nonnegative();
const ratio = z.number().nonnegative();
const sha256 = z.string().regex(/^[0-9a-f]{64}$/, 'Invalid SHA-256: expected 64 lower-case hexadecimal digits');
const pair = z.tuple([count, count]);
const padding = z.tuple([bytes, bytes, bytes, bytes]);

/** Where an energy figure comes from: a meter of this kind, or the power model of `devices/*.json`. */
export const EnergyMeterSchema = z.enum(['rapl', 'pmic', 'hwmon', 'battery', 'usb-meter', 'model']);

/** How far an entry may be trusted; `stable` is the only verdict that `--strict` accepts. */
export const TrustSchema = z.enum(['stable', 'noisy', 'throttled', 'interpolated', 'imported']);

const schemeSchema = z
  .string()
  .regex(/^(w[1-8]a[1-8]|f32|u8)$/, 'Invalid scheme: expected f32, u8 or wXaY with X and Y in 1..8')
  .describe('wXaY, f32, or u8 for integer layers without weights') as unknown as z.ZodType<Scheme>;

const workloadSchema: z.ZodType<Workload> = z.strictObject({
  op: z.enum([
    'conv2d',
    'dense',
    'averagePool',
    'maxPool',
    'globalAveragePool',
    'add',
    'concat',
    'activation',
    'subsample',
    'softmax',
  ]),
  batch: z.literal(1),
  height: count.describe('input rows'),
  width: count.describe('input columns'),
  inChannels: count,
  outChannels: count,
  kernel: pair.describe('[height, width]'),
  stride: pair.describe('[height, width]'),
  padding: padding.describe('[top, right, bottom, left]'),
  dilation: pair.describe('[height, width]'),
  groups: count,
  activation: z.enum(['none', 'relu', 'relu6', 'hardSwish', 'sigmoid']),
  residual: z.boolean(),
  input: z.enum(['u8', 'shared', 'f32']),
  output: z.enum(['u8', 'f32']),
});

const latencySchema = z.strictObject({
  median: z.number().positive().describe('µs'),
  low: z.number().positive().describe('µs; lower end of the 95% interval of the median'),
  high: z.number().positive().describe('µs; upper end of the 95% interval of the median'),
  p95: z.number().positive().describe('µs; 95th percentile of the samples'),
  count: count.describe('samples'),
});

const unconditionalSchema = z.strictObject({
  variant: text,
  variantSha256: sha256.optional(),
  latencyUs: latencySchema,
  scratchBytes: bytes.optional().describe('that of the entry where absent'),
});

export const LutEntrySchema = z.strictObject({
  key: text.describe('workload key, a slash, the scheme'),
  workload: workloadSchema,
  scheme: schemeSchema,
  variant: text.describe('kernel variant that was fastest'),
  variantSha256: sha256,
  latencyUs: latencySchema,
  unconditional: unconditionalSchema
    .optional()
    .describe('fastest variant that runs whatever the weights are, where `variant` needs a check of the weights'),
  scratchBytes: bytes,
  packedBytes: bytes.describe('weights in the layout of the kernel'),
  energyUj: z
    .strictObject({
      value: z.number().nonnegative(),
      low: z.number().nonnegative().optional().describe('lower end of the 95% interval of the measurement'),
      high: z.number().nonnegative().optional(),
      source: EnergyMeterSchema,
    })
    .optional()
    .describe('energy of one run above idle, µJ'),
  trust: TrustSchema,
  heldOut: z
    .literal(true)
    .optional()
    .describe('measured to show the error of interpolated entries, and not learnt from'),
});

const deviceSchema = z.strictObject({
  id: text,
  vendor: z.string(),
  model: z.string(),
  cpu: z.string(),
  cores: count,
  os: z.string(),
  arch: text,
});

const engineSchema = z.strictObject({
  name: text.describe('node, chromium, firefox, …'),
  version: text,
  features: z.array(text).describe('instruction sets and abilities, such as simd'),
});

const conditionsSchema = z.strictObject({
  governor: z.string().nullable().describe('CPU frequency governor; null where unknown'),
  tempC: z.number().nullable().describe('hottest thermal zone, °C'),
  throttled: z.boolean().nullable(),
  load: z.number().nonnegative().nullable().describe('one-minute load average before measuring'),
});

const validationSchema = z.strictObject({
  networks: count.describe('held-out whole networks'),
  medianRelativeError: ratio,
  p95RelativeError: ratio,
  bias: z.number().describe('median of (predicted − measured) / measured'),
  kendallTau: z.number().min(-1).max(1).nullable().describe('null where fewer than two networks were compared'),
});

const lengthCorrectionSchema = z.strictObject({
  network: text.describe('the only one that it is for'),
  slope: z.number().min(-0.5).max(0.5).describe('µs for each µs by which the sum of entries exceeds meanUs'),
  meanUs: z.number().positive(),
  lowUs: z.number().positive().describe('smallest sum that it was fitted on'),
  highUs: z.number().positive().describe('greatest sum'),
});

const interpolationSchema = z.strictObject({
  measured: z.int().nonnegative().describe('entries that interpolation learnt from'),
  interpolated: z.int().nonnegative(),
  missing: z.int().nonnegative().describe('entries of the space that nothing measured is near enough to'),
  heldOut: z
    .strictObject({
      entries: count,
      medianRelativeError: ratio,
      p95RelativeError: ratio,
      bias: z.number().describe('median of (predicted − measured) / measured'),
      how: z
        .enum(['random', 'left out in turn'])
        .describe('entries drawn at random and never learnt from, or shapes left out one after the other'),
    })
    .nullable()
    .describe('interpolated against measured; null: too few entries to hold any out'),
});

const scalarOrList = z.union([
  z.string(),
  z.number(),
  z.boolean(),
  z.null(),
  z.array(z.union([z.string(), z.number()])),
]);

/** The lookup table's file, section 5 of the design. Unknown fields are refused everywhere but in `protocol`. */
export const LutSchema = z.strictObject({
  schemaVersion: z.literal(LUT_SCHEMA_VERSION),
  device: deviceSchema,
  engine: engineSchema,
  threads: count,
  measuredAt: z.iso.datetime().optional().describe('UTC, when the measuring ended'),
  clock: z.strictObject({
    stepNs: z.number().positive().describe('smallest step of the clock, ns'),
    crossOriginIsolated: z.boolean().nullable().describe('null outside browsers'),
  }),
  conditions: conditionsSchema,
  protocol: z.object({ name: text.describe('in-context, isolated, imported, …') }).catchall(scalarOrList),
  scalar: z.number().positive().describe('untimed whole network / sum of its entries'),
  lengthCorrection: lengthCorrectionSchema
    .optional()
    .describe('where long networks take a greater multiple of their sum than short ones, as where caches overflow'),
  energySource: EnergyMeterSchema,
  validation: validationSchema.nullable().describe('Σ entries against whole networks; null: not validated'),
  interpolation: interpolationSchema.optional().describe('of the last profile of a search space'),
  disabled: z.array(z.strictObject({ variant: text, reason: text })).describe('variants that failed their self-test'),
  entries: z.array(LutEntrySchema).describe('sorted by key'),
  sha256: sha256.describe('of the canonical JSON (sorted keys, no white space) without this field'),
});

export type Lut = z.infer<typeof LutSchema>;
/** A table before its hash is known; {@link serializeLut} computes it. */
export type LutContent = Omit<Lut, 'sha256'>;
export type LutEntry = z.infer<typeof LutEntrySchema>;
/** Microseconds, with the 95% interval of the median. */
export type LutLatency = z.infer<typeof latencySchema>;
export type LutDevice = z.infer<typeof deviceSchema>;
export type LutEngine = z.infer<typeof engineSchema>;
export type LutConditions = z.infer<typeof conditionsSchema>;
export type LutValidation = z.infer<typeof validationSchema>;
export type LutInterpolation = z.infer<typeof interpolationSchema>;
/** How wrong interpolated entries are, by entries that were held out. */
export type HeldOutError = NonNullable<LutInterpolation['heldOut']>;
export type Trust = z.infer<typeof TrustSchema>;
export type EnergyMeter = z.infer<typeof EnergyMeterSchema>;

/**
 * The JSON Schema of the file, published as `docs/schema/lut.schema.json`.
 *
 * @example lutJsonSchema().title // => 'bitbudget lookup table'
 */
export function lutJsonSchema(): Record<string, unknown> {
  const { $schema, ...schema } = z.toJSONSchema(LutSchema) as Record<string, unknown>;
  return { $schema, title: 'bitbudget lookup table', ...schema };
}
