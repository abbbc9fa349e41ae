import { canonicalJson } from '../../core/canonical-json.ts';
import { assert, BitbudgetError } from '../../core/errors.ts';
import type { Files } from '../../core/ports.ts';
import { sha256Hex } from '../../core/sha256.ts';
import { Encoding } from './encoding.ts';
import type { MlpParameters } from './mlp.ts';
import type { HeldOutErrors, PredictorModel } from './predictor.ts';
import { type PredictorDocument, PredictorSchema } from './schema.ts';

/** What a predictor is of. */
export interface PredictorProvenance {
  network: string;
  weightsSha256: string;
  calibration: Record<string, unknown>;
  space: Record<string, unknown>;
  proxy: string | null;
  heldOut: HeldOutErrors;
  /** Candidates in full precision that the networks learned from first; absent without transfer. */
  fullPrecisionPairs?: number;
}

/** A predictor as it was read from a file. */
export interface StoredPredictor extends PredictorProvenance {
  /** Of the file it was read from. */
  sha256?: string;
  model: PredictorModel;
}

/** Characters of a file at most. */
const LONGEST_FILE = 1 << 27;
const REMEDY = 'Restore the file, or make it anew with `bitbudget predictor fit`.';

/**
 * The bytes of a predictor's file: the same predictor gives the same bytes.
 */
export function serializePredictor({ model, sha256: _, ...provenance }: StoredPredictor): string {
  const { ensemble, pairs, genes, ...rest } = model;
  const content = {
    schemaVersion: 1,
    ...provenance,
    ...rest,
    genes,
    pairs,
    ensemble: {
      sizes: ensemble.sizes,
      members: ensemble.members.map((layers) =>
        layers.map(({ weights, bias }) => ({ weights: toBase64(weights), bias: toBase64(bias) })),
      ),
    },
  };
  const plain = JSON.parse(JSON.stringify(content)) as Record<string, unknown>;
  return `${canonicalJson({ ...plain, sha256: sha256Hex(canonicalJson(plain)) })}\n`;
}

/**
 * Reads a predictor's file.
 *
 * @param sourceName what to call it in an error.
 * @throws {BitbudgetError} `damaged-file` for anything but what {@link serializePredictor} wrote.
 */
export function parsePredictor(text: string, sourceName: string): StoredPredictor {
  const damaged = (fault: string) => new BitbudgetError('damaged-file', `${sourceName} ${fault}.`, REMEDY);
  if (text.length > LONGEST_FILE) throw damaged(`is ${text.length} characters long`);
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (error) {
    throw damaged(`is no JSON: ${(error as Error).message}`);
  }
  const result = PredictorSchema.safeParse(json);
  if (!result.success) {
    const [{ path, message }] = result.error.issues;
    throw damaged(`is no predictor: ${path.join('.') || 'the file'}: ${message}`);
  }
  const { sha256, ...content } = json as PredictorDocument;
  if (sha256Hex(canonicalJson(content)) !== sha256) throw damaged('was changed since it was written');
  const fault = faultOf(result.data);
  if (fault) throw damaged(fault);
  const read = stored(result.data);
  const numbers = read.model.ensemble.members.flatMap((layers) =>
    layers.flatMap(({ weights, bias }) => [weights, bias]),
  );
  if (!numbers.every((values) => values.every(Number.isFinite))) throw damaged('has a weight that is no number');
  return read;
}

/** Reads a predictor's file. @throws {BitbudgetError} `input` where there is none, `damaged-file`. */
export async function readPredictor(files: Files, path: string): Promise<StoredPredictor> {
  if (await files.exists(path)) return parsePredictor(await files.readText(path), path);
  const remedy = 'Check the path, or make one with `bitbudget predictor fit`.';
  throw new BitbudgetError('input', `There is no predictor at ${path}.`, remedy);
}

/** Writes a predictor's file, after reading it back: a damaged one never replaces a sound one. */
export async function writePredictor(files: Files, path: string, predictor: StoredPredictor): Promise<void> {
  const text = serializePredictor(predictor);
  assert(serializePredictor(parsePredictor(text, path)) === text, 'a predictor read back is written differently');
  await files.writeAtomic(path, text);
}

/** What no schema tells: that the parts fit each other. */
function faultOf({ genes, ensemble, pairs, lowFidelity, looks }: PredictorDocument): string | undefined {
  const { sizes, members } = ensemble;
  const wrong = genes.find(({ prior, choices }) => prior && prior.length !== choices.length);
  if (wrong) return `has ${wrong.prior!.length} priors for ${wrong.choices.length} choices of ${wrong.name}`;
  let size: number;
  try {
    size = new Encoding(genes, lowFidelity && (() => 0), looks && (() => 0)).size;
  } catch (error) {
    return `has a gene that cannot be: ${(error as Error).message.replace(/\.$/, '')}`;
  }
  if (sizes[0] !== size) return `has networks of ${sizes[0]} inputs for genes of ${size}`;
  if (sizes[sizes.length - 1] !== 1) return 'has networks of more than one output';
  const fits = (text: string, count: number) => text.length === 4 * Math.ceil((4 * count) / 3);
  for (const layers of members) {
    const sound =
      layers.length === sizes.length - 1 &&
      layers.every(({ weights, bias }, i) => fits(weights, sizes[i] * sizes[i + 1]) && fits(bias, sizes[i + 1]));
    if (!sound) return 'has networks of another shape than it says';
  }
  const all = [pairs, ...(lowFidelity ? [lowFidelity.pairs] : [])];
  if (all.some(({ genomes, losses }) => genomes.length !== losses.length)) return 'has not one loss for each genome';
  if (looks && looks.length !== pairs.genomes.length) return 'has not one look for each genome';
  if (lowFidelity?.pairs.losses.some((loss) => loss < 0)) return 'has a signal loss below 0';
  const strange = all
    .flatMap(({ genomes }) => genomes)
    .find(
      (genome) => genome.length !== genes.length || genome.some((choice, gene) => choice >= genes[gene].choices.length),
    );
  return strange && `has the genome ${strange.slice(0, 20).join('-')}, which its genes do not know`;
}

function stored(document: PredictorDocument): StoredPredictor {
  const { network, weightsSha256, calibration, space, proxy, heldOut, sha256, fullPrecisionPairs } = document;
  const { genes, scale, blend, stretch, ensemble, kernel, pairs, lowFidelity, looks } = document;
  const members = ensemble.members.map(
    (layers): MlpParameters =>
      layers.map(({ weights, bias }) => ({ weights: fromBase64(weights), bias: fromBase64(bias) })),
  );
  return {
    ...{ network, weightsSha256, calibration, space, proxy, heldOut, sha256 },
    ...(fullPrecisionPairs !== undefined && { fullPrecisionPairs }),
    model: {
      ...{ genes, scale, blend, stretch, kernel, pairs, ensemble: { sizes: ensemble.sizes, members } },
      ...(lowFidelity && { lowFidelity }),
      ...(looks && { looks }),
    },
  };
}

const CHUNK = 8192;

/** Little-endian, whatever the machine. */
function toBase64(values: Float32Array): string {
  const view = new DataView(new ArrayBuffer(4 * values.length));
  values.forEach((value, i) => {
    view.setFloat32(4 * i, value, true);
  });
  const bytes = new Uint8Array(view.buffer);
  let binary = '';
  for (let start = 0; start < bytes.length; start += CHUNK) {
    binary += String.fromCharCode(...bytes.subarray(start, start + CHUNK));
  }
  return btoa(binary);
}

function fromBase64(text: string): Float32Array {
  const binary = atob(text);
  const view = new DataView(new ArrayBuffer(4 * Math.floor(binary.length / 4)));
  for (let i = 0; i < view.byteLength; i++) view.setUint8(i, binary.charCodeAt(i));
  return Float32Array.from({ length: view.byteLength / 4 }, (_, i) => view.getFloat32(4 * i, true));
}
