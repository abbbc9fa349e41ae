import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { Files } from '../../../src/core/ports.ts';
import { chooseDevice, deviceJsonSchema, parseDevice, readDevices } from '../../../src/cost/device.ts';

const folder = new URL('../../../devices/', import.meta.url);
const files = {
  list: async () => readdirSync(folder),
  readText: async (path: string) => readFileSync(new URL(path.replace('devices/', ''), folder), 'utf8'),
} as unknown as Files;

describe('the devices of the package', () => {
  it('are all readable, named as their files, and say where each number is from', async () => {
    const devices = await readDevices(files, 'devices');
    const names = readdirSync(folder).map((name) => name.replace('.json', ''));
    expect(devices.map(({ id }) => id)).toEqual(names.sort());
    for (const device of devices) {
      expect(device.idlePowerW.value).toBeLessThan(10);
      expect(device.activePowerPerCoreW.value).toBeLessThan(15);
      const simulated = device.recognise.arch === 'simulated'; // an accelerator's array, no processor
      expect(device.peakGopsPerCore.value).toBeLessThan(simulated ? 10_000 : 2000);
    }
  });

  it('are recognised by the start of the model, else by the architecture', async () => {
    const devices = await readDevices(files, 'devices');
    const idFor = (arch: string, model: string) => chooseDevice(devices, { arch, model }).id;
    expect(idFor('arm64', 'Raspberry Pi 4 Model B Rev 1.4')).toBe('raspberry-pi-4');
    expect(idFor('arm64', 'Raspberry Pi 5 Model B Rev 1.0')).toBe('raspberry-pi-5');
    expect(idFor('arm64', 'Raspberry Pi 3 Model B Plus Rev 1.3')).toBe('raspberry-pi-3');
    expect(idFor('arm64', 'Raspberry Pi Zero 2 W Rev 1.0')).toBe('raspberry-pi-zero-2');
    expect(idFor('arm64', 'Pixel 8')).toBe('pixel-8');
    expect(idFor('arm64', 'Pixel 7a')).toBe('pixel-7');
    expect(idFor('arm64', 'SM-S918B')).toBe('galaxy-s23');
    expect(idFor('arm64', 'iPhone14,7')).toBe('iphone-14');
    expect(idFor('arm64', 'Pixel 3')).toBe('generic-arm64');
    expect(idFor('x64', '')).toBe('generic-x86-64');
    expect(idFor('simulated', 'BitFusion')).toBe('simulated-accelerator');
    expect(() => idFor('riscv64', 'board')).toThrow(expect.objectContaining({ kind: 'unsupported' }));
  });
});

describe('a damaged device file', () => {
  const text = readFileSync(new URL('raspberry-pi-4.json', folder), 'utf8');

  it.each([
    ['is cut off', text.slice(0, 200), 'no JSON'],
    ['lacks a source', text.replace(/"source": "[^"]*"/, '"source": ""'), 'cores.source'],
    ['has an unknown kind', text.replace('"datasheet"', '"guessed"'), 'cores.kind'],
    ['has an unknown field', text.replace('"cores"', '"kerne"'), 'cores'],
    ['has a power of zero', text.replace('2.7', '0'), 'idlePowerW.value'],
  ])('is refused where it %s', (_, damaged, place) => {
    expect(() => parseDevice(damaged, 'pi.json')).toThrow(
      expect.objectContaining({
        kind: 'damaged-file',
        message: expect.stringMatching(new RegExp(`^pi.json: .*${place}`)),
      }),
    );
  });
});

it('the published JSON Schema of devices is the one of the code', () => {
  const published = readFileSync(new URL('../../../docs/schema/device.schema.json', import.meta.url), 'utf8');
  expect(published).toBe(`${JSON.stringify(deviceJsonSchema(), null, 2)}\n`);
});
