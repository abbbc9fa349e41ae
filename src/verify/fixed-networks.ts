import { sha256Hex } from '../core/sha256.ts';
import { builtinDataset } from '../data/index.ts';
import { calibrate } from '../engine/calibrate.ts';
import { Engine } from '../engine/engine.ts';
import type { LoadedKernels } from '../kernels/types.ts';
import { foldNetwork } from '../network/fold.ts';
import { seededWeights } from '../network/seeded-weights.ts';
import { zooNetwork } from '../network/zoo/index.ts';
import { quantizationSource, quantizeNetwork } from '../quant/quantize.ts';
import { uniformSchemes } from '../quant/tensor-plan.ts';

const CALIBRATION_IMAGES = 16;
const RUN_IMAGES = 8;

/**
 * SHA-256 of the logits of three integer networks, the same on every engine and CPU: resnet8 with seeded weights,
 * calibrated on built-in images. They change only where images, calibration or quantization are changed on purpose.
 */
export const FIXED_NETWORKS = {
  w8a8: '961514c133aa5f6408705e5ac12437b8126912e96fc918e313fe52957e502649',
  w4a4: '5743880a0bd1a8c1c0e95ac395ac6a26ce4f11a100d761e296f581d35f99eaf7',
  w2a2: '25283d31ebc76d54cb33d3d076e9c7441904c121c36c56854d572e9b42e12e3a',
} as const;

export type FixedNetwork = keyof typeof FIXED_NETWORKS;

/** One network whose logits were hashed. */
export interface FixedNetworkResult {
  scheme: FixedNetwork;
  sha256: string;
  /** Whether the bits are those that every engine gives. */
  same: boolean;
}

/**
 * Draws, calibrates, quantizes and runs the fixed networks. Needs no environment, so it runs in Node, in browsers and
 * under emulation alike.
 */
export function runFixedNetworks(kernels: LoadedKernels): FixedNetworkResult[] {
  const engine = new Engine(kernels);
  const folded = foldNetwork(seededWeights(zooNetwork('resnet8'), 1));
  const dataset = builtinDataset({ split: 'calibration', samples: CALIBRATION_IMAGES });
  const images = Array.from({ length: CALIBRATION_IMAGES }, (_, i) => dataset.pixels(i));
  const calibration = calibrate(engine, folded, images, { method: 'mse', dataset: 'builtin', seed: 1 });
  const source = quantizationSource(folded, calibration);
  return (Object.keys(FIXED_NETWORKS) as FixedNetwork[]).map((scheme) => {
    const session = engine.load(quantizeNetwork(source, uniformSchemes(folded, scheme)));
    const logits = images.slice(0, RUN_IMAGES).flatMap((image) => [...session.run(image)]);
    session.dispose();
    const sha256 = sha256Hex(littleEndian(logits));
    return { scheme, sha256, same: sha256 === FIXED_NETWORKS[scheme] };
  });
}

function littleEndian(values: readonly number[]): Uint8Array {
  const bytes = new Uint8Array(4 * values.length);
  const view = new DataView(bytes.buffer);
  for (const [i, value] of values.entries()) view.setFloat32(4 * i, value, true);
  return bytes;
}
