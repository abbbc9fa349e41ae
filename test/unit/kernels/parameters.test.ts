import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { PACKING, STAGE_BYTES } from '../../../src/kernels/geometry.ts';
import { PARAMETER_BYTES, PARAMETER_FIELDS, writeParameterBlock } from '../../../src/kernels/parameters.ts';

const source = readFileSync(new URL('../../../assembly/inline/parameters.ts', import.meta.url), 'utf8');
const convolve = readFileSync(new URL('../../../assembly/inline/convolve.ts', import.meta.url), 'utf8');

describe('the parameter block', () => {
  it('has the same fields in the same order as the kernels read them', () => {
    const body = source.slice(source.indexOf('class Parameters {'), source.indexOf('\n}\n'));
    const fields = [...body.matchAll(/^ {2}(\w+): (usize|u32|i32|f32);$/gm)];
    const assembly = fields.map(([, name, type]) => [name, type === 'usize' ? 'u32' : type]);
    expect(assembly).toEqual(PARAMETER_FIELDS.map((field) => [...field]));
  });

  it('numbers the packings as the kernels do', () => {
    const constant = (name: string) => Number(new RegExp(`const ${name}: u32 = (\\d+)`).exec(source)?.[1]);
    expect(PACKING).toEqual({
      inPlace: constant('IN_PLACE'),
      gathered: constant('GATHERED'),
      haloed: constant('HALOED'),
    });
  });

  it('reserves the stage that the kernels expect', () => {
    expect(STAGE_BYTES).toBe(Number(/STAGE_BYTES: usize = (\d+)/.exec(convolve)?.[1]));
  });

  it('writes zeros over what a block held before', () => {
    const memory = new DataView(new ArrayBuffer(PARAMETER_BYTES).slice(0));
    writeParameterBlock(memory, 0, { input: 7, clampLow: -1.5 });
    writeParameterBlock(memory, 0, { clampLow: 2.5 });
    expect(memory.getUint32(0, true)).toBe(0);
    expect(memory.getFloat32(PARAMETER_FIELDS.findIndex(([name]) => name === 'clampLow') * 4, true)).toBe(2.5);
  });
});
