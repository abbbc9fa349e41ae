import { describe, expect, it } from 'vitest';
import { findBatteries, wattsOf } from '../../../../src/measure/energy/battery.ts';
import { chooseMeter, findMeters } from '../../../../src/measure/energy/find-meters.ts';
import { findHwmon } from '../../../../src/measure/energy/hwmon.ts';
import type { FoundMeter, LiveMeter } from '../../../../src/measure/energy/meter.ts';
import { findPmic, railsOf } from '../../../../src/measure/energy/pmic.ts';
import { findRapl } from '../../../../src/measure/energy/rapl.ts';
import { fakeSystem } from './simulated-power.ts';

const still = { nowNs: () => 0 };
const live = ({ meter }: FoundMeter) => meter as LiveMeter;
const files = { exists: async () => false, readText: async () => '' };
const surroundings = { clock: still, pause: async () => {}, cancellation: { aborted: false } };

describe('RAPL', () => {
  const root = 'sys/class/powercap';
  const zone = (path: string, name: string, uj: string | (() => string)) => ({
    [`${root}/${path}/name`]: name,
    [`${root}/${path}/energy_uj`]: uj,
    [`${root}/${path}/max_energy_range_uj`]: '262143328850',
  });

  it('adds packages and memory, and counts nothing twice', () => {
    const system = fakeSystem({
      ...zone('intel-rapl:0', 'package-0', '5000000'),
      ...zone('intel-rapl:0:0', 'core', '1000000'),
      ...zone('intel-rapl:0:1', 'uncore', '10'),
      ...zone('intel-rapl:0:2', 'dram', '250000'),
      ...zone('intel-rapl:1', 'package-1', '3000000'),
      ...zone('intel-rapl:2', 'psys', '9000000'),
      ...zone('intel-rapl-mmio:0', 'package-0', '5000000'),
      [`${root}/intel-rapl/enabled`]: '1',
    });
    const found = findRapl(system, still);
    expect(found.map(({ listing }) => [listing.id, listing.status])).toEqual([
      ['rapl', 'ok'],
      ['rapl:core', 'ok'],
      ['rapl:psys', 'ok'],
    ]);
  });

  it('counts on where a counter wraps around, each at its own end', () => {
    let package0 = 262_143_328_000;
    let memory = 100;
    const system = fakeSystem({
      ...zone('intel-rapl:0', 'package-0', () => String(package0)),
      ...zone('intel-rapl:0:2', 'dram', () => String(memory)),
    });
    const meter = live(findRapl(system, still)[0]);
    expect(meter.read()).toBe(0);
    package0 = 150;
    memory = 1100;
    expect(meter.read()).toBeCloseTo((262_143_328_850 - 262_143_328_000 + 150 + 1000) / 1e6, 9);
    package0 = 150;
    expect(meter.read()).toBeCloseTo(0.002, 9);
  });

  it('is refused where it was not read for so long that it may have wrapped twice', () => {
    let nowNs = 0;
    const meter = live(findRapl(fakeSystem(zone('intel-rapl:0', 'package-0', '1')), { nowNs: () => nowNs })[0]);
    meter.read();
    nowNs = 60e9;
    expect(meter.read()).toBe(0);
    nowNs += 200e9;
    expect(() => meter.read()).toThrow('may have wrapped more than once');
  });

  it('says who may read it', () => {
    const [{ listing, meter }] = findRapl(
      fakeSystem({ [`${root}/intel-rapl:0/name`]: 'package-0', [`${root}/intel-rapl:0/max_energy_range_uj`]: '9' }),
      still,
    );
    expect(meter).toBeUndefined();
    expect(listing).toMatchObject({ id: 'rapl', status: 'unusable', reason: expect.stringContaining('root') });
  });

  it('refuses a counter that falls and does not say where it wraps', () => {
    let uj = 900;
    const system = fakeSystem({
      [`${root}/intel-rapl:0/name`]: 'package-0',
      [`${root}/intel-rapl:0/energy_uj`]: () => String(uj),
    });
    const meter = live(findRapl(system, still)[0]);
    meter.read();
    uj = 100;
    expect(() => meter.read()).toThrow('does not say where it wraps');
  });
});

describe('the power management chip of a Raspberry Pi 5', () => {
  const text = `     3V7_WL_SW_A current(0)=0.10000000A
       3V3_SYS_A current(1)=0.05000000A
      VDD_CORE_A current(7)=2.00000000A
     3V7_WL_SW_V volt(8)=3.70000000V
       3V3_SYS_V volt(9)=3.30000000V
      VDD_CORE_V volt(15)=0.80000000V
         EXT5V_V volt(24)=5.10000000V
          BATT_V volt(25)=0.00600000V
`;

  it('is summed over the rails that have both figures, by name', async () => {
    expect(railsOf(text).map(({ name }) => name)).toEqual(['3V7_WL_SW', '3V3_SYS', 'VDD_CORE']);
    const [found] = await findPmic(fakeSystem({}, { 'vcgencmd pmic_read_adc': () => text }));
    expect(await live(found).read()).toBeCloseTo(0.37 + 0.165 + 1.6, 9);
  });

  it('does not exist on boards that report no current', async () => {
    expect(await findPmic(fakeSystem({}))).toEqual([]);
    const older = fakeSystem({}, { 'vcgencmd pmic_read_adc': () => 'error=1 error_msg="Command not registered"' });
    expect(await findPmic(older)).toEqual([]);
  });

  it('says so where it stops answering', async () => {
    let answer: string | undefined = text;
    const [found] = await findPmic(fakeSystem({}, { 'vcgencmd pmic_read_adc': async () => answer }));
    answer = undefined;
    await expect(live(found).read()).rejects.toMatchObject({ kind: 'unsupported' });
  });
});

describe('shunt monitors', () => {
  const root = 'sys/class/hwmon';

  it('are found by name, in µW or in mV and mA', () => {
    const system = fakeSystem({
      [`${root}/hwmon0/name`]: 'cpu_thermal',
      [`${root}/hwmon0/power1_input`]: '1',
      [`${root}/hwmon1/name`]: 'ina219',
      [`${root}/hwmon1/power1_input`]: '3140000',
      [`${root}/hwmon2/name`]: 'ina226',
      [`${root}/hwmon2/update_interval`]: '35',
      [`${root}/hwmon2/in1_input`]: '5000',
      [`${root}/hwmon2/curr1_input`]: '-600',
    });
    const found = findHwmon(system);
    expect(found.map(({ listing }) => [listing.id, listing.updateMs])).toEqual([
      ['hwmon:ina219-1', 10],
      ['hwmon:ina226-2', 35],
    ]);
    expect(found.map((meter) => live(meter).read())).toEqual([3.14, 3]);
  });

  it('are one meter a channel where a chip has three', async () => {
    const channel = (n: number, label: string, mv: number, ma: number) => ({
      [`${root}/hwmon0/in${n}_label`]: label,
      [`${root}/hwmon0/in${n}_input`]: String(mv),
      [`${root}/hwmon0/curr${n}_input`]: String(ma),
    });
    const system = fakeSystem({
      [`${root}/hwmon0/name`]: 'ina3221',
      ...channel(1, 'CPU GPU', 5000, 400),
      ...channel(2, 'VDD_IN', 5000, 900),
      ...channel(3, 'SOC', 5000, 300),
      [`${root}/hwmon0/in3_enable`]: '0',
    });
    expect(findHwmon(system).map(({ listing }) => listing.id)).toEqual([
      'hwmon:ina3221-0:CPU-GPU',
      'hwmon:ina3221-0:VDD_IN',
    ]);
    // of its channels the input is the one with the most power
    expect((await chooseMeter('auto', system, files, surroundings))?.id).toBe('hwmon:ina3221-0:VDD_IN');
  });

  it('are listed with the reason where they cannot be read', () => {
    const system = fakeSystem({ [`${root}/hwmon0/name`]: 'ina260', [`${root}/hwmon0/power1_input`]: 'n/a' });
    expect(findHwmon(system)[0].listing).toMatchObject({ status: 'unusable' });
  });
});

describe('a battery gauge', () => {
  const root = 'sys/class/power_supply/battery';
  const supply = (fields: Record<string, string>) =>
    fakeSystem(Object.fromEntries(Object.entries({ type: 'Battery', ...fields }).map(([k, v]) => [`${root}/${k}`, v])));
  const reading = { status: 'Discharging', current: 500_000, voltage: 4_000_000, power: undefined };

  it.each([
    ['µA and µV', reading, 2],
    ['a negative sign for what flows out', { ...reading, current: -500_000 }, 2],
    ['mA', { ...reading, current: 450 }, 1.8],
    ['mV', { ...reading, voltage: 4000 }, 2],
    ['V', { ...reading, voltage: 4 }, 2],
    ['mA and mV', { ...reading, current: -450, voltage: 4000 }, 1.8],
    ['power instead of current', { ...reading, current: undefined, power: 7_500_000 }, 7.5],
  ])('may use %s', (_, units, watts) => expect(wattsOf('battery:b', units)).toBeCloseTo(watts, 9));

  it.each([
    ['charges', { ...reading, status: 'Charging' }, 'Charging'],
    ['is full on a charger', { ...reading, status: 'Full' }, 'Full'],
    ['does not say what it does', { ...reading, status: 'Unknown' }, 'Unknown'],
    ['stands at zero', { ...reading, current: 0 }, 'gives 0 W'],
    ['reports nonsense', { ...reading, current: 2_000_000_000 }, '8000 W'],
    ['gives no voltage', { ...reading, voltage: undefined }, 'no voltage'],
  ])('is refused where it %s', (_, wrong, message) => {
    expect(() => wattsOf('battery:b', wrong)).toThrow(message);
  });

  it('is listed, and why it cannot be used', async () => {
    const fields = { status: 'Charging', current_now: '100000', voltage_now: '4100000' };
    const [{ listing, meter }] = await findBatteries(supply(fields));
    expect(meter).toBeUndefined();
    expect(listing).toMatchObject({ id: 'battery:battery', reason: expect.stringContaining('Unplug the charger') });
    const [usable] = await findBatteries(supply({ ...fields, status: 'Discharging' }));
    expect(await live(usable).read()).toBeCloseTo(0.41, 9);
  });

  it('stops the measurement when the charger is plugged in meanwhile', async () => {
    let status = 'Discharging';
    const system = fakeSystem({
      [`${root}/type`]: 'Battery',
      [`${root}/status`]: () => status,
      [`${root}/current_now`]: '-700000',
      [`${root}/voltage_now`]: '3900000',
    });
    const [found] = await findBatteries(system);
    status = 'Charging';
    await expect(live(found).read()).rejects.toMatchObject({ kind: 'unsupported' });
  });

  it('is asked of Android through Termux where the files are hidden', async () => {
    const answer = JSON.stringify({ status: 'DISCHARGING', plugged: 'UNPLUGGED', current: -372000, voltage: 3856 });
    const [found] = await findBatteries(fakeSystem({}, { 'termux-battery-status': () => answer }));
    expect(found.listing.id).toBe('battery:termux');
    expect(await live(found).read()).toBeCloseTo(0.372 * 3.856, 9);
    expect(await findBatteries(fakeSystem({}, { 'termux-battery-status': () => 'not yet available' }))).toEqual([]);
  });

  it('of a mouse is none of the machine', async () => {
    expect(await findBatteries(supply({ scope: 'Device', current_now: '1', status: 'Discharging' }))).toEqual([]);
  });
});

describe('the choice of a meter', () => {
  const battery = {
    'sys/class/power_supply/BAT0/type': 'Battery',
    'sys/class/power_supply/BAT0/status': 'Discharging',
    'sys/class/power_supply/BAT0/power_now': '9000000',
  };
  const choose = (choice: string, system = fakeSystem(battery)) => chooseMeter(choice, system, files, surroundings);

  it('is none where there is none, where it is off, and where only slow ones are left', async () => {
    expect(await choose('auto', fakeSystem({}))).toBeUndefined();
    expect(await choose('off')).toBeUndefined();
    expect(await choose('auto')).toBeUndefined();
    expect((await choose('battery:BAT0'))?.id).toBe('battery:BAT0');
  });

  it('is refused with the names that there are', async () => {
    await expect(choose('batery:BAT0')).rejects.toMatchObject({
      kind: 'usage',
      message: expect.stringContaining('Did you mean battery:BAT0?'),
      remedy: expect.stringContaining('auto, off, battery:BAT0'),
    });
    const charging = fakeSystem({ ...battery, 'sys/class/power_supply/BAT0/status': 'Charging' });
    await expect(choose('battery:BAT0', charging)).rejects.toMatchObject({ kind: 'unsupported' });
  });

  it('of a log is by its ending', async () => {
    expect(await choose('meter.csv')).toMatchObject({ source: 'usb-meter', updateMs: 100 });
  });

  it('goes over all kinds', async () => {
    const found = await findMeters(fakeSystem(battery), still);
    expect(found.map(({ listing }) => listing.id)).toEqual(['battery:BAT0']);
  });
});
