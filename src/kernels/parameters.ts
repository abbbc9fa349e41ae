/**
 * The parameter block of assembly/inline/parameters.ts: the same fields in the same order, 4 bytes each. A test compares
 * the two; the meaning of each field is documented there.
 */
export const PARAMETER_FIELDS = [
  ['input', 'u32'],
  ['residual', 'u32'],
  ['output', 'u32'],
  ['weights', 'u32'],
  ['constants', 'u32'],
  ['scratch', 'u32'],
  ['height', 'u32'],
  ['width', 'u32'],
  ['inChannels', 'u32'],
  ['outHeight', 'u32'],
  ['outWidth', 'u32'],
  ['outChannels', 'u32'],
  ['kernelHeight', 'u32'],
  ['kernelWidth', 'u32'],
  ['strideHeight', 'u32'],
  ['strideWidth', 'u32'],
  ['paddingTop', 'u32'],
  ['paddingRight', 'u32'],
  ['paddingBottom', 'u32'],
  ['paddingLeft', 'u32'],
  ['packing', 'u32'],
  ['offsets', 'u32'],
  ['inputType', 'u32'],
  ['residualType', 'u32'],
  ['outputType', 'u32'],
  ['inputZeroPoint', 'i32'],
  ['inputScale', 'f32'],
  ['inputCentre', 'i32'],
  ['inputHalo', 'i32'],
  ['rescaleMultiplier', 'i32'],
  ['rescaleShift', 'i32'],
  ['rescaleZeroPoint', 'i32'],
  ['rescaleMaximum', 'i32'],
  ['residualZeroPoint', 'i32'],
  ['residualScale', 'f32'],
  ['outputZeroPoint', 'i32'],
  ['roundingMagic', 'f32'],
  ['roundingOffset', 'i32'],
  ['outputMultiplier', 'f32'],
  ['clampLow', 'f32'],
  ['clampHigh', 'f32'],
  ['activation', 'u32'],
] as const satisfies readonly (readonly [name: string, type: 'u32' | 'i32' | 'f32'])[];

export type ParameterName = (typeof PARAMETER_FIELDS)[number][0];
export type ParameterValues = Partial<Record<ParameterName, number>>;

/** Size of the block. */
export const PARAMETER_BYTES = PARAMETER_FIELDS.length * 4;

/** Writes a whole block; fields that are not given are 0. */
export function writeParameterBlock(memory: DataView, address: number, values: ParameterValues): void {
  for (const [index, [name, type]] of PARAMETER_FIELDS.entries()) {
    const value = values[name] ?? 0;
    const at = address + index * 4;
    if (type === 'f32') memory.setFloat32(at, value, true);
    else if (type === 'i32') memory.setInt32(at, value, true);
    else memory.setUint32(at, value, true);
  }
}
