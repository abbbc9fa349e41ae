import { type TileDescription, tiledVariant } from '../convolution.ts';

/** f32 kernels (assembly/f32): panels of [kernelHeight][run][columns] f32, in the fixed order of the reference. */
function realTile(id: string, columns: number) {
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

export const F32_VARIANTS = [
  realTile('f32_conv_2x16__simd', 16),
  realTile('f32_conv_4x8__simd', 8),
  realTile('f32_dense_1x16__simd', 16),
];
