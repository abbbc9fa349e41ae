import { z } from 'zod';

/** Bounds of the file, which keep a hostile one from exhausting memory. */
const MOST_GENES = 4096;
const MOST_CHOICES = 256;
const MOST_UNITS = 4096;
const MOST_PAIRS = 100_000;

const text = z.string().min(1).max(400);
const choice = z
  .int()
  .min(0)
  .max(MOST_CHOICES - 1);
const positive = z.number().positive();

const geneSchema = z.strictObject({
  kind: z.string().regex(/^[a-z]{1,40}$/),
  name: text,
  choices: z
    .array(z.union([z.string().max(80), z.number()]))
    .min(1)
    .max(MOST_CHOICES),
  prior: z
    .array(z.number().min(0))
    .min(1)
    .max(MOST_CHOICES)
    .optional()
    .describe('what each choice alone adds to a proxy'),
});

const layerSchema = z.strictObject({
  weights: z.base64().describe('[inputs][outputs], little-endian f32'),
  bias: z.base64().describe('[outputs], little-endian f32'),
});

const kernelSchema = z.strictObject({
  sum: positive,
  sumReach: positive,
  profile: positive,
  profileReach: positive,
  local: z.number().min(0),
  localLevel: positive,
  localReach: positive,
  additive: positive,
  joint: positive,
  jointReach: positive,
  noise: positive,
  seen: z.number().min(0).default(0),
  seenReach: positive.default(1),
});

const pairsSchema = z.strictObject({
  genomes: z.array(z.array(choice).min(1).max(MOST_GENES)).min(1).max(MOST_PAIRS),
  losses: z.array(z.number()).min(1).max(MOST_PAIRS),
});

/** The predictor file: everything that predicting takes, and what it was learned from. */
export const PredictorSchema = z.strictObject({
  schemaVersion: z.literal(1),
  network: text,
  weightsSha256: z.string().regex(/^[0-9a-f]{64}$/),
  calibration: z.record(z.string(), z.unknown()).describe('how the candidates were quantized'),
  space: z.record(z.string(), z.unknown()).describe('as the config.json of a run holds it'),
  proxy: z.string().max(80).nullable().describe('whose priors the genes have'),
  genes: z.array(geneSchema).min(1).max(MOST_GENES),
  scale: z
    .strictObject({ mean: z.number(), deviation: positive })
    .describe('of the losses; the ensemble predicts in these units'),
  blend: z.number().min(0).max(1).describe("the ensemble's share of a prediction; the rest is the process's"),
  stretch: positive.describe('factor of all standard deviations'),
  ensemble: z.strictObject({
    sizes: z.array(z.int().min(1).max(MOST_UNITS)).min(2).max(10),
    members: z.array(z.array(layerSchema).min(1).max(9)).min(1).max(64),
  }),
  kernel: kernelSchema,
  lowFidelity: z
    .strictObject({ kernel: kernelSchema, levelKernel: kernelSchema, pairs: pairsSchema })
    .optional()
    .describe('candidates that were run on calibration images alone, and their signal losses'),
  looks: z
    .array(z.number().min(0).max(1))
    .min(1)
    .max(MOST_PAIRS)
    .optional()
    .describe(
      'share of answers on calibration images by which each evaluated candidate is thought to differ from the network in f32; candidates that are predicted are looked at too',
    ),
  pairs: pairsSchema.describe('evaluated candidates that it learned from'),
  heldOut: z
    .strictObject({ ensemble: z.number(), process: z.number(), blend: z.number() })
    .describe('mean absolute errors on pairs that were not learned from'),
  fullPrecisionPairs: z
    .int()
    .min(1)
    .max(MOST_PAIRS)
    .optional()
    .describe('candidates in full precision that the networks learned from first'),
  sha256: z
    .string()
    .regex(/^[0-9a-f]{64}$/)
    .describe('of the canonical JSON without this field'),
});

export type PredictorDocument = z.infer<typeof PredictorSchema>;

/**
 * The JSON Schema of the predictor file, published as `docs/schema/predictor.schema.json`.
 *
 * @example predictorJsonSchema().title // => 'bitbudget accuracy predictor'
 */
export function predictorJsonSchema(): Record<string, unknown> {
  const { $schema, ...schema } = z.toJSONSchema(PredictorSchema) as Record<string, unknown>;
  return { $schema, title: 'bitbudget accuracy predictor', ...schema };
}
