import { z } from 'zod';
import { canonicalJson } from '../core/canonical-json.ts';
import { BitbudgetError } from '../core/errors.ts';
import { sha256Hex } from '../core/sha256.ts';
import { CALIBRATION_METHODS } from './calibration.ts';
import { POST_TRAINING_METHODS } from './post-training/methods.ts';
import type { QuantizedNetwork } from './quantize.ts';
import type { Scheme } from './scheme.ts';

const scheme = z
  .string()
  .regex(/^(w[1-8]a[1-8]|f32|u8)$/, 'is no scheme such as w4a8 or f32') as unknown as z.ZodType<Scheme>;
const interval = { value: z.number(), low: z.number(), high: z.number() };
const energy = z.strictObject({ ...interval, source: z.enum(['measured', 'model']) });
const accuracy = z.strictObject({ value: z.number(), kind: z.string() });
const side = z.int().positive().max(8192);
const images = z.strictObject({
  resize: z.union([side, z.tuple([side, side])]).optional(),
  crop: z.tuple([side, side]).optional(),
  colour: z.enum(['rgb', 'grey']).optional(),
});

/** A concrete network of a search space with what is predicted and measured of it; runnable as it stands. */
export const candidateSchema = z.strictObject({
  /** Zoo name or path of the model file. */
  network: z.string().min(1),
  weightsSha256: z.string().length(64),
  /** How raw pixels become the input, where that is not as the network itself says. */
  preprocessing: z.strictObject({ mean: z.array(z.number()), std: z.array(z.number().positive()) }).optional(),
  /** Name of the search space that the genome is of. */
  space: z.string(),
  genome: z.array(z.int().nonnegative()),
  layers: z.array(
    z.strictObject({
      name: z.string(),
      scheme,
      outChannels: z.int().positive(),
      /** Which of the whole network's output channels these are, where some were removed. */
      keptChannels: z.array(z.int().nonnegative()).optional(),
      /** Side of the window, where it was cropped. */
      kernel: z.int().positive().optional(),
    }),
  ),
  quantization: z.strictObject({
    method: z.enum(CALIBRATION_METHODS as ['minmax', 'percentile', 'mse']),
    dataset: z.string(),
    samples: z.int().positive(),
    seed: z.int(),
    /** What was done beyond choosing ranges. */
    methods: z.array(z.enum(POST_TRAINING_METHODS as ['equalise', 'adaround', 'batch-norm', 'bias'])).optional(),
    /** How images were brought to the network's size and colours. */
    images: images.optional(),
    /** Of the formats of all tensors and the integer constants, see `quantizationSha256`. */
    sha256: z.string().length(64),
  }),
  predicted: z.strictObject({
    latencyMs: z.strictObject(interval),
    energyMj: energy,
    sizeBytes: z.number(),
    ramBytes: z.number(),
    macs: z.number(),
    bitOps: z.number(),
    accuracy,
  }),
  measured: z
    .strictObject({
      latencyMs: z.strictObject(interval).optional(),
      energyMj: energy.optional(),
      accuracy: z.strictObject({ ...interval, samples: z.int(), dataset: z.string() }).optional(),
    })
    .optional(),
});

export type Candidate = z.infer<typeof candidateSchema>;

/**
 * Reads a candidate file.
 *
 * @throws {BitbudgetError} `damaged-file` naming the first field that is wrong.
 */
export function parseCandidate(text: string, sourceName: string): Candidate {
  const remedy = 'Write it anew with `bitbudget search`.';
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (error) {
    throw new BitbudgetError('damaged-file', `${sourceName} is no JSON: ${(error as Error).message}.`, remedy);
  }
  const parsed = candidateSchema.safeParse(json);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  const place = issue.path.join('.') || 'the document';
  throw new BitbudgetError('damaged-file', `${sourceName} is no candidate: ${place}: ${issue.message}.`, remedy);
}

/** The scheme of each layer with weights, as `quantizeNetwork` takes it. */
export function candidateSchemes(candidate: Pick<Candidate, 'layers'>): Map<string, Scheme> {
  return new Map(candidate.layers.map((layer) => [layer.name, layer.scheme]));
}

/** Fingerprint of everything that quantization fixed besides the weights: two equal ones run to the same bits. */
export function quantizationSha256(network: QuantizedNetwork): string {
  const layers = network.layers.map(
    ({ name, scheme, rescale, clampLow, clampHigh, bias, multiplier, residualMultiplier }) => ({
      name,
      scheme,
      rescale,
      clampLow: String(clampLow),
      clampHigh: String(clampHigh),
      bias: bias && [...bias],
      multiplier: multiplier && [...multiplier],
      residualMultiplier,
    }),
  );
  return sha256Hex(canonicalJson({ formats: Object.fromEntries(network.formats), layers }));
}
