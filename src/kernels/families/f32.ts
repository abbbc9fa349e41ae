import { type TileDescription, tiledVariant } from '../convolution.ts';
import { parseVariantId } from '../variant-id.ts';

/** Direct f32 kernels (scripts/kernels/direct-tiles.mjs): panels of [kernelHeight][run][columns] f32. */
function realTile(id: string) {
  const [, columns] = parseVariantId(id).tile;
  const packPanel: TileDescription['packPanel'] = (target, weightAt, rows, steps) => {
    for (let i = 0; i < rows * steps; i++) {
      for (let c = 0; c < columns; c++) {
        target.setFloat32((i * columns + c) * 4, weightAt(c, Math.floor(i / steps), i % steps), true);
      }
    }
  };
  return tiledVariant({
    id,
    step: 1,
    stepBytes: columns * 4,
    element: 'f32',
    largestInnerSize: Number.POSITIVE_INFINITY,
    packPanel,
  });
}

/** Fusing leaves out a rounding a product; found on layers of up to 4,608 products a sum, and doubled. */
export const FUSED_ERROR_BOUND = 4e-6;

const EXACT = ['f32_conv_2x16__simd', 'f32_conv_4x8__simd', 'f32_dense_1x16__simd', 'f32_dense_1x32__simd'];
const FUSED = [
  'f32_conv_2x16__relaxed',
  'f32_conv_3x16__relaxed',
  'f32_conv_4x8__relaxed',
  'f32_conv_6x8__relaxed', // for processors with 32 vector registers; on x64 the others are faster
  'f32_dense_1x16__relaxed',
  'f32_dense_1x32__relaxed',
];

export const F32_VARIANTS = [
  ...EXACT.map(realTile),
  ...FUSED.map((id) => ({ ...realTile(id), errorBound: FUSED_ERROR_BOUND })),
];
