import { parse } from 'yaml';
import { z } from 'zod';
import { BitbudgetError } from '../core/errors.ts';
import type { Scheme } from '../quant/scheme.ts';

const scheme = z
  .string()
  .regex(
    /^(w[1-8]a[1-8]|f32)$/,
    'is no scheme of a layer with weights, such as w4a8 or f32',
  ) as unknown as z.ZodType<Scheme>;
const width = z.int().min(1).max(8);
const pattern = z.string().min(1).max(200).describe('a layer, or several with `*`, such as stage1.*');
const patterns = z.array(pattern).min(1).max(1000);

const bitsSchema = z
  .strictObject({
    only: patterns
      .optional()
      .describe('the layers that this part is about; all that no earlier part took unless given'),
    schemes: z.array(scheme).min(1).max(65).optional().describe('one gene chooses both widths'),
    weights: z.array(width).min(1).max(8).optional().describe('with `activations`: a gene for each'),
    activations: z.array(width).min(1).max(8).optional(),
    per: z.enum(['layer', 'block', 'network']).default('layer').describe('which layers share a gene'),
    tied: z.boolean().default(false).describe('layers whose outputs are added share a gene'),
  })
  .refine(
    ({ schemes, weights, activations }) => (schemes ? !weights && !activations : weights && activations),
    'needs either schemes, or weights and activations',
  );

const keepSchema = z.strictObject({
  only: patterns.optional(),
  ratios: z.array(z.number().gt(0).max(1)).min(1).max(64).optional().describe('shares of the channels that stay'),
  atLeast: z.number().gt(0).max(1).optional().describe('instead: every count from this share up'),
  multipleOf: z.int().min(1).max(1024).default(1).describe('counts are rounded to multiples of it'),
  rank: z
    .enum(['norm', 'position'])
    .default('norm')
    .describe('which channels stay: of the largest weights, or the first'),
});

const maskSchema = z.strictObject({ only: patterns.optional() });

export const spaceConfigSchema = z
  .strictObject({
    name: z
      .string()
      .regex(/^[\w.-]{1,80}$/, 'is no plain name')
      .optional(),
    network: z.string().min(1).max(400).optional(),
    scheme: scheme.default('w8a8').describe('of layers that no bits gene is about'),
    fixed: z
      .record(pattern, scheme)
      .optional()
      .describe('layers that keep a scheme; the first and the last by default'),
    bits: z.union([bitsSchema, z.array(bitsSchema).min(1).max(32)]).optional(),
    keep: z.union([keepSchema, z.array(keepSchema).min(1).max(32)]).optional(),
    masks: maskSchema.optional().describe('a gene for every channel'),
    pickAt: patterns.optional().describe('additions whose sides may keep different channels'),
    windows: z
      .strictObject({
        only: patterns.optional(),
        sizes: z.array(z.int().min(1).max(31)).min(1).max(8),
        needBits: z
          .record(z.string().regex(/^\d+$/), width)
          .optional()
          .describe('the fewest activation bits that a window of this size may have; below, the next smaller is taken'),
      })
      .optional(),
    drop: z
      .strictObject({ only: patterns.optional(), blocks: z.array(z.int().min(0).max(100)).min(1).max(32) })
      .optional()
      .describe('how many of the last residual blocks of a stage are left out'),
  })
  .refine(({ bits, keep, masks, windows, drop }) => bits || keep || masks || windows || drop, 'has no gene');

/** What a space is composed of, as files hold it. */
export type SpaceConfig = z.infer<typeof spaceConfigSchema>;
/** The same before defaults are filled in. */
export type SpaceConfigInput = z.input<typeof spaceConfigSchema>;
export type BitsConfig = z.infer<typeof bitsSchema>;
export type KeepConfig = z.infer<typeof keepSchema>;

const LONGEST_FILE = 1 << 20;

/**
 * Reads a space from YAML or JSON.
 *
 * @param text of such a file, or of the config.json of a run, whose space is taken.
 * @param sourceName what to call the file in an error.
 * @throws {BitbudgetError} `damaged-file` naming the first field that is wrong.
 * @example parseSpaceConfig('drop: { blocks: [0, 1] }', 'space.yaml').drop // => { blocks: [0, 1] }
 */
export function parseSpaceConfig(text: string, sourceName: string): SpaceConfig {
  const remedy = 'Fields are explained in docs/spaces.md.';
  if (text.length > LONGEST_FILE) {
    throw new BitbudgetError('damaged-file', `${sourceName} is ${text.length} characters long.`, remedy);
  }
  let document: unknown;
  try {
    document = parse(text);
  } catch (error) {
    const [sentence] = (error as Error).message.split('\n');
    throw new BitbudgetError('damaged-file', `${sourceName} is neither YAML nor JSON: ${sentence}`, 'Mend the line.');
  }
  return checkSpaceConfig(spaceOfRun(document) ?? document, sourceName, 'damaged-file');
}

/** The space that the config.json of a run tells of. */
function spaceOfRun(document: unknown): unknown {
  const { space, network, weightsSha256 } = (document ?? {}) as Record<string, unknown>;
  if (typeof space !== 'object' || space === null || weightsSha256 === undefined) return undefined;
  return { network, ...space };
}

/**
 * A configuration with its defaults filled in.
 *
 * @throws {BitbudgetError} of the given kind, naming the first field that is wrong.
 * @example checkSpaceConfig({ windows: { sizes: [3, 5] } }, 'the space', 'usage').scheme // => 'w8a8'
 */
export function checkSpaceConfig(document: unknown, sourceName: string, kind: 'damaged-file' | 'usage'): SpaceConfig {
  const parsed = spaceConfigSchema.safeParse(document);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  const place = issue.path.join('.');
  throw new BitbudgetError(
    kind,
    `${sourceName} is no search space: ${place ? `${place}: ` : ''}${issue.message}.`,
    'Fields are explained in docs/spaces.md.',
  );
}

/**
 * Whether a layer's name fits one of the patterns; `*` stands for any characters.
 *
 * @example matchesAny(['stage1.*'], 'stage1.block1.conv1') // => true
 */
export function matchesAny(patterns: readonly string[], name: string): boolean {
  return patterns.some((pattern) => matches(pattern.split('*'), name));
}

/** The pieces between the stars, in order; without a regular expression no pattern can take long. */
function matches(pieces: readonly string[], name: string): boolean {
  const first = pieces[0];
  const last = pieces[pieces.length - 1];
  if (pieces.length === 1) return name === first;
  if (!name.startsWith(first) || !name.endsWith(last) || name.length < first.length + last.length) return false;
  let at = first.length;
  for (const piece of pieces.slice(1, -1)) {
    const found = name.indexOf(piece, at);
    if (found < 0 || found + piece.length > name.length - last.length) return false;
    at = found + piece.length;
  }
  return true;
}

/**
 * The names that patterns choose.
 *
 * @throws {BitbudgetError} `usage` for a pattern that fits nothing.
 */
export function chosen(patterns: readonly string[] | undefined, names: readonly string[], what: string): string[] {
  if (!patterns) return [...names];
  const stranger = patterns.find((pattern) => !names.some((name) => matchesAny([pattern], name)));
  if (stranger === undefined) return names.filter((name) => matchesAny(patterns, name));
  const listed = names.length > 12 ? `${names.slice(0, 12).join(', ')}, …` : names.join(', ');
  throw new BitbudgetError(
    'usage',
    `The space names ${what} "${stranger}", which there is none of.`,
    `There are ${listed}.`,
  );
}
