import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { conditionsReader } from '../../../src/node/conditions.ts';
import { deviceId, readDevice, readEngine } from '../../../src/node/device.ts';

const roots: string[] = [];

/** A system's files under a folder of its own. */
function systemWith(files: Record<string, string>): string {
  const root = mkdtempSync(join(tmpdir(), 'bitbudget-system-'));
  roots.push(root);
  for (const [path, text] of Object.entries(files)) put(root, path, text);
  return root;
}

function put(root: string, path: string, text: string): void {
  mkdirSync(dirname(join(root, path)), { recursive: true });
  writeFileSync(join(root, path), text);
}

afterEach(() => {
  for (const root of roots.splice(0)) rmSync(root, { recursive: true });
});

const bare = { os: 'linux 6.6', arch: 'x64', cores: 4, cpuModel: '' };

describe('readDevice', () => {
  it('names a PC by its processor, and its maker and model from the firmware', () => {
    const root = systemWith({
      'proc/cpuinfo': 'processor\t: 0\nmodel name\t: AMD Ryzen 7 5800U with Radeon Graphics\nflags\t: sse4_1\n',
      'sys/class/dmi/id/sys_vendor': 'LENOVO\n',
      'sys/class/dmi/id/product_name': '20XF\n',
    });
    expect(readDevice({ root, ...bare })).toEqual({
      id: 'amd-ryzen-7-5800u-with-radeon-graphics-4-core-x64',
      vendor: 'LENOVO',
      model: '20XF',
      cpu: 'AMD Ryzen 7 5800U with Radeon Graphics',
      cores: 4,
      os: 'linux 6.6',
      arch: 'x64',
    });
  });

  it('names a board by its device tree and an Arm core by its part number', () => {
    const root = systemWith({
      'proc/cpuinfo': 'processor\t: 0\nCPU implementer\t: 0x41\nCPU part\t: 0xd08\n',
      'sys/firmware/devicetree/base/model': 'Raspberry Pi 4 Model B Rev 1.4\0',
    });
    expect(readDevice({ root, ...bare, arch: 'arm64' })).toMatchObject({
      id: 'raspberry-pi-4-model-b-rev-1-4-arm64',
      vendor: 'Raspberry',
      model: 'Raspberry Pi 4 Model B Rev 1.4',
      cpu: 'Cortex-A72',
    });
  });

  it('knows something of a system that tells nothing', () => {
    expect(readDevice({ root: systemWith({}), ...bare })).toMatchObject({
      id: 'x64-4-core-x64',
      cpu: 'x64',
      vendor: '',
    });
    expect(readDevice({ root: systemWith({}), ...bare, cpuModel: 'Apple M2', arch: 'arm64' }).id).toBe(
      'apple-m2-4-core-arm64',
    );
  });

  it('reads this machine', () => {
    const device = readDevice();
    expect(device.id).toMatch(/^[a-z0-9]+(-[a-z0-9]+)*$/);
    expect(device.cores).toBeGreaterThan(0);
    expect(readEngine(['simd'])).toMatchObject({ name: 'node', version: process.versions.node, features: ['simd'] });
  });
});

describe('deviceId', () => {
  it.each([
    ['11th Gen Intel(R) Core(TM) i7-1185G7 @ 3.00GHz', '11th-gen-intel-core-i7-1185g7-3ghz-x64'],
    ['Intel(R) Core(TM) i5-8250U CPU @ 1.60GHz', 'intel-core-i5-8250u-1-6ghz-x64'],
    ['   ', 'unknown-x64'],
  ])('of %s', (name, id) => expect(deviceId(name, 'x64')).toBe(id));
});

describe('conditionsReader', () => {
  it('reads governor, hottest zone, load and frequency with their units', () => {
    const root = systemWith({
      'sys/devices/system/cpu/cpu0/cpufreq/scaling_governor': 'schedutil\n',
      'sys/devices/system/cpu/cpu0/cpufreq/scaling_cur_freq': '1800000\n',
      'sys/class/thermal/thermal_zone0/temp': '48312\n',
      'sys/class/thermal/thermal_zone1/temp': '51000\n',
      'sys/class/thermal/thermal_zone2/temp': '-274000\n',
      'proc/loadavg': '0.52 0.40 0.31 1/123 4567\n',
    });
    const reader = conditionsReader(root);
    expect(reader.conditions()).toEqual({ governor: 'schedutil', tempC: 51, throttled: null, load: 0.52 });
    expect(reader.frequencyMhz()).toBe(1800);
  });

  it('says null, not zero, of what it cannot know', () => {
    const reader = conditionsReader(systemWith({}));
    expect(reader.conditions()).toEqual({ governor: null, tempC: null, throttled: null, load: null });
    expect(reader.frequencyMhz()).toBeNull();
  });

  it('sees throttling now in the firmware word of a Raspberry Pi, not throttling of long ago', () => {
    const word = 'sys/devices/platform/soc/soc:firmware/get_throttled';
    expect(conditionsReader(systemWith({ [word]: '50005\n' })).conditions().throttled).toBe(true);
    expect(conditionsReader(systemWith({ [word]: '50000\n' })).conditions().throttled).toBe(false);
  });

  it('sees the count of throttling events grow on x86', () => {
    const count = 'sys/devices/system/cpu/cpu1/thermal_throttle/core_throttle_count';
    const root = systemWith({ [count]: '7\n' });
    const reader = conditionsReader(root);
    expect(reader.conditions().throttled).toBe(false);
    put(root, count, '8\n');
    expect(reader.conditions().throttled).toBe(true);
  });

  const word = 'sys/devices/platform/soc/soc:firmware/get_throttled';

  it('sees throttling that came and went between two looks', () => {
    const root = systemWith({ [word]: '40000\n' });
    const reader = conditionsReader(root);
    expect(reader.sensors(false).throttled).toBe(false);
    put(root, word, '60000\n'); // the frequency was capped meanwhile
    expect(reader.sensors(false).throttled).toBe(true);
  });

  it('asks the firmware of a Raspberry Pi whose system shows no such file, when there is time', () => {
    const board = { 'sys/firmware/devicetree/base/model': 'Raspberry Pi 4 Model B Rev 1.4\0' };
    const answers = ['throttled=0x0', 'throttled=0x0', 'throttled=0x4', undefined];
    const reader = conditionsReader(systemWith(board), () => answers.shift());
    expect(reader.sensors(true).throttled).toBe(false);
    expect(reader.sensors(false).throttled).toBeNull();
    expect(reader.sensors(true).throttled).toBe(true);
    expect(reader.conditions().throttled).toBeNull();
    const asked = { count: 0 };
    conditionsReader(systemWith({}), () => String(asked.count++)).sensors(true);
    expect(asked.count).toBe(0); // no Raspberry Pi
  });

  it('reads what the processors did, and how long this process waited for one', () => {
    const root = systemWith({
      'proc/stat':
        'cpu  100 20 30 4000 50 6 7 80 0 0\ncpu0 50 10 15 2000 25 3 4 40 0 0\ncpu1 50 10 15 2000 25 3 3 40 0 0\nintr 1\n',
      'proc/self/schedstat': '123456789 2000000000 77\n',
      'sys/devices/system/cpu/cpu0/cpufreq/scaling_cur_freq': '600000\n',
      'sys/devices/system/cpu/cpu1/cpufreq/scaling_cur_freq': '1800000\n',
    });
    expect(conditionsReader(root).sensors(false)).toMatchObject({
      busyMs: 1630,
      stolenMs: 800,
      processors: 2,
      waitedMs: 2000,
      frequencyMhz: 1800,
      tempC: null,
    });
    expect(conditionsReader(systemWith({})).sensors(true)).toMatchObject({ busyMs: null, waitedMs: null });
    expect(conditionsReader().sensors(true).ownMs).toBeGreaterThan(0);
  });
});
