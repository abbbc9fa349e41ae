import { BitbudgetError } from '../../core/errors.ts';
import type { Clock, SystemReader } from '../../core/ports.ts';
import type { FoundMeter, LiveMeter } from './meter.ts';

const ROOT = 'sys/class/powercap';
/** The counter moves about once a millisecond (Intel, Software Developer's Manual, volume 3, section 15.10). */
const UPDATE_MS = 1;
/** Energy unit of most processors: 2⁻¹⁴ J. */
const STEP_J = 1 / 16384;
/** No zone takes more than this: a counter that may have wrapped twice since the last reading is refused. */
const MOST_W = 2000;

/** One counter of the powercap interface. */
interface Zone {
  path: string;
  name: string;
}

/**
 * The energy counters of an x86-64 processor (Linux powercap, RAPL; AMD's are shown the same way). `rapl` is the sum of
 * the packages and of memory, where memory has a counter of its own; the cores alone and the whole platform are meters
 * beside it where they exist. Counters wrap around at `max_energy_range_uj`.
 */
export function findRapl(system: SystemReader, clock: Clock): FoundMeter[] {
  // intel-rapl-mmio counts the same packages once more
  const zones = system
    .list(ROOT)
    .filter((name) => /^intel-rapl:\d+(:\d+)?$/.test(name))
    .map((name): Zone => ({ path: `${ROOT}/${name}`, name: system.text(`${ROOT}/${name}/name`) ?? '' }));
  const named = (pattern: RegExp) => zones.filter(({ name }) => pattern.test(name));
  const packages = named(/^package-\d+$/);
  const memory = named(/^dram$/);
  const meters: [id: string, zones: Zone[], description: string][] = [
    ['rapl', [...packages, ...memory], memory.length > 0 ? 'processor package and memory' : 'processor package'],
    ['rapl:core', named(/^core$/), 'processor cores alone'],
    ['rapl:psys', named(/^psys$/), 'whole platform'],
  ];
  return meters
    .filter(([id, counted]) => counted.length > 0 && (id !== 'rapl' || packages.length > 0))
    .map(([id, counted, description]) => found(system, clock, id, counted, description));
}

function found(
  system: SystemReader,
  clock: Clock,
  id: string,
  zones: readonly Zone[],
  description: string,
): FoundMeter {
  const facts = { id, source: 'rapl' as const, description, updateMs: UPDATE_MS };
  const shut = zones.find(({ path }) => system.text(`${path}/energy_uj`) === undefined);
  if (shut) {
    const reason = `/${shut.path}/energy_uj may be read by root alone: run as root, or let others read it`;
    return { listing: { ...facts, status: 'unusable', reason } };
  }
  const counters = zones.map((zone) => new WrappingCounter(system, clock, zone));
  const meter: LiveMeter = {
    ...facts,
    kind: 'live',
    quantity: 'energy',
    step: STEP_J,
    read: () => counters.reduce((sum, counter) => sum + counter.joules(), 0),
  };
  return { listing: { ...facts, status: 'ok' }, meter };
}

/** A counter in µJ that starts again at zero, made one that goes on for ever. */
class WrappingCounter {
  private readonly system: SystemReader;
  private readonly clock: Clock;
  private readonly zone: Zone;
  private readonly rangeUj: number;
  private lastUj: number | undefined;
  private lastNs = 0;
  private sumUj = 0;

  constructor(system: SystemReader, clock: Clock, zone: Zone) {
    this.system = system;
    this.clock = clock;
    this.zone = zone;
    this.rangeUj = Number(system.text(`${zone.path}/max_energy_range_uj`));
  }

  joules(): number {
    const text = this.system.text(`${this.zone.path}/energy_uj`);
    const nowUj = Number(text);
    const nowNs = this.clock.nowNs();
    if (text === undefined || !(nowUj >= 0)) throw this.lost(`reads "${text ?? 'nothing'}"`);
    if (this.lastUj !== undefined) {
      const seconds = (nowNs - this.lastNs) / 1e9;
      if (nowUj < this.lastUj && !(this.rangeUj >= this.lastUj))
        throw this.lost('fell, and does not say where it wraps');
      if (this.rangeUj > 0 && seconds * MOST_W * 1e6 > this.rangeUj) {
        throw this.lost(`was not read for ${seconds.toFixed(0)} s and may have wrapped more than once`);
      }
      this.sumUj += nowUj < this.lastUj ? nowUj + this.rangeUj - this.lastUj : nowUj - this.lastUj;
    }
    this.lastUj = nowUj;
    this.lastNs = nowNs;
    return this.sumUj / 1e6;
  }

  private lost(what: string): BitbudgetError {
    const problem = `The energy counter /${this.zone.path} ${what}.`;
    return new BitbudgetError('unsupported', problem, 'Measure again, or choose another meter with `--energy`.');
  }
}
