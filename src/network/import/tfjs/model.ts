import { z } from 'zod';
import { halfToNumber } from '../../half.ts';
import { damagedModel, printable, unsupportedLayer } from '../failures.ts';
import { assertCount, countElements, LIMITS } from '../limits.ts';

const layerSchema = z.object({
  class_name: z.string(),
  config: z.record(z.string(), z.unknown()),
  name: z.string().optional(),
  inbound_nodes: z.array(z.unknown()).optional(),
});

const graphSchema = z.object({
  class_name: z.string(),
  config: z.union([
    z.array(layerSchema),
    z.object({ layers: z.array(layerSchema), output_layers: z.array(z.unknown()).optional() }),
  ]),
});

const weightSchema = z.object({
  name: z.string(),
  shape: z.array(z.int().nonnegative()),
  dtype: z.string(),
  quantization: z.object({ dtype: z.string(), min: z.number().optional(), scale: z.number().optional() }).optional(),
});

const modelSchema = z.object({
  modelTopology: z.union([z.object({ model_config: graphSchema }), graphSchema]),
  weightsManifest: z.array(z.object({ paths: z.array(z.string()), weights: z.array(weightSchema) })),
});

export type TfjsLayer = z.infer<typeof layerSchema>;
type Manifest = z.infer<typeof modelSchema>['weightsManifest'];

/** The topology and the list of weights of a LayersModel, as its file has them. */
export interface TfjsModel {
  sequential: boolean;
  layers: TfjsLayer[];
  /** Names of the output layers; of a sequential model none is stated. */
  outputs: string[];
  manifest: Manifest;
}

/** @throws {BitbudgetError} `damaged-file` for what is no LayersModel. */
export function readTfjsModel(text: string, source: string): TfjsModel {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (error) {
    throw damagedModel(source, `is no JSON (${printable((error as Error).message)})`);
  }
  if (json !== null && typeof json === 'object' && 'format' in json && json.format === 'graph-model') {
    const remedy = 'Save or convert it as a LayersModel (tfjs_layers_model), or bring the TFLite or ONNX file instead.';
    throw unsupportedLayer({ source, op: 'graph-model', layer: 'model' }, 'is a GraphModel, not a LayersModel', remedy);
  }
  const parsed = modelSchema.safeParse(json);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    throw damagedModel(
      source,
      `is no tfjs LayersModel: ${issue.path.join('.') || 'the document'}: ${printable(issue.message)}`,
    );
  }
  const { modelTopology: topology, weightsManifest: manifest } = parsed.data;
  const graph = 'model_config' in topology ? topology.model_config : topology;
  const { config } = graph;
  const layers = Array.isArray(config) ? config : config.layers;
  assertCount(source, 'layers', layers.length, LIMITS.layers);
  const outputs = Array.isArray(config)
    ? []
    : (config.output_layers ?? []).flat().filter((part) => typeof part === 'string');
  return { sequential: graph.class_name === 'Sequential', layers, outputs: outputs as string[], manifest };
}

/** Bytes of an element as it is stored. */
const STORED_BYTES: Readonly<Record<string, number>> = { float32: 4, float16: 2, int32: 4, uint8: 1, uint16: 2 };

/**
 * The weights of all shards by name.
 *
 * @throws {BitbudgetError} `damaged-file` for shards that hold too little or too much.
 */
export function readTfjsWeights(
  manifest: Manifest,
  shards: ReadonlyMap<string, Uint8Array>,
  source: string,
): Map<string, { shape: number[]; values: Float32Array }> {
  const weights = new Map<string, { shape: number[]; values: Float32Array }>();
  const listed = manifest.flatMap(({ paths }) => paths);
  if (new Set(listed).size < listed.length) throw damagedModel(source, 'names a shard more than once');
  for (const { paths, weights: stored } of manifest) {
    const parts = paths.map((path) => {
      const bytes = shards.get(path);
      if (!bytes) throw damagedModel(source, `names the shard "${printable(path)}", which is not there`);
      return bytes;
    });
    const bytes = joined(parts);
    let at = 0;
    for (const { name, shape, dtype, quantization } of stored) {
      const type = quantization?.dtype ?? dtype;
      const width = STORED_BYTES[type];
      if (width === undefined)
        throw damagedModel(
          source,
          `holds "${printable(name)}" in an element type that is not read (${printable(type)})`,
        );
      const count = shape.includes(0) ? 0 : countElements(source, shape);
      if (at + count * width > bytes.length)
        throw damagedModel(source, `has shards that end within "${printable(name)}"`);
      const view = new DataView(bytes.buffer, bytes.byteOffset + at, count * width);
      at += count * width;
      const [scale, minimum] = [quantization?.scale ?? 1, quantization?.min ?? 0];
      const values = Float32Array.from({ length: count }, (_, i) => readElement(view, i * width, type));
      const affine = quantization && type !== 'float16';
      weights.set(name, { shape, values: affine ? values.map((q) => q * scale + minimum) : values });
    }
    if (at !== bytes.length)
      throw damagedModel(source, `has shards with ${bytes.length - at} bytes that belong to no weight`);
  }
  return weights;
}

function joined(parts: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}

function readElement(view: DataView, at: number, type: string): number {
  switch (type) {
    case 'float32':
      return view.getFloat32(at, true);
    case 'float16':
      return halfToNumber(view.getUint16(at, true));
    case 'int32':
      return view.getInt32(at, true);
    case 'uint16':
      return view.getUint16(at, true);
    default:
      return view.getUint8(at);
  }
}
