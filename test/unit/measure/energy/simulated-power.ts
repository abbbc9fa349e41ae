import type { SystemReader } from '../../../../src/core/ports.ts';
import { Random } from '../../../../src/core/random.ts';

/** The files and commands of a made-up system; a function is asked anew at every reading. */
export function fakeSystem(
  files: Record<string, string | (() => string)>,
  commands: Record<string, () => string | Promise<string | undefined>> = {},
): SystemReader {
  const paths = Object.keys(files);
  return {
    text: (path) => {
      const file = files[path];
      return typeof file === 'function' ? file() : file;
    },
    list: (folder) => {
      const inside = paths.filter((path) => path.startsWith(`${folder}/`)).map((path) => path.slice(folder.length + 1));
      return [...new Set(inside.map((rest) => rest.split('/')[0]))].sort();
    },
    command: async (name, args) => commands[[name, ...args].join(' ')]?.(),
  };
}

export interface PowerOptions {
  seed?: number;
  idleW?: number;
  /** Idle power that comes on top as time goes by, W a second. */
  driftWPerS?: number;
  /** Spread of the power of each millisecond, W: the sum of three uniform numbers. */
  noiseW?: number;
}

/** A machine on a clock of its own whose power is known: it idles, or runs loads that add theirs. */
export class SimulatedMachine {
  nowNs = 5e9;
  /** The power at the end of each stretch of at most a millisecond: what a perfect meter would log. */
  readonly history: { timeNs: number; watts: number }[] = [];
  private joules = 0;
  private noiseUntilNs = 0;
  private noise = 0;
  private readonly random: Random;
  private readonly options: Required<PowerOptions>;

  constructor(options: PowerOptions = {}) {
    this.options = { seed: 1, idleW: 2, driftWPerS: 0, noiseW: 0, ...options };
    this.random = new Random(this.options.seed);
  }

  readonly surroundings = {
    clock: { nowNs: () => (this.nowNs += 50) },
    pause: async (ms: number) => this.pass(Math.max(ms, 1) * 1e6, 0),
    cancellation: { aborted: false },
  };

  /** A load whose runs take so long and add so much power. */
  load(name: string, watts: number, runNs: number) {
    return { name, run: () => this.pass(runNs, watts) };
  }

  get microjoules(): number {
    return this.joules * 1e6;
  }

  /** Mean power of the last so many milliseconds. */
  wattsOver(ms: number): number {
    let sum = 0;
    let spanNs = 0;
    for (let i = this.history.length - 1; i > 0 && spanNs < ms * 1e6; i--) {
      const ns = this.history[i].timeNs - this.history[i - 1].timeNs;
      sum += this.history[i].watts * ns;
      spanNs += ns;
    }
    return spanNs === 0 ? this.options.idleW : sum / spanNs;
  }

  private pass(ns: number, loadW: number): void {
    const { idleW, driftWPerS, noiseW } = this.options;
    const untilNs = this.nowNs + ns;
    while (this.nowNs < untilNs) {
      if (this.nowNs >= this.noiseUntilNs) {
        this.noise = (this.random.real() + this.random.real() + this.random.real() - 1.5) * 2 * noiseW;
        this.noiseUntilNs = this.nowNs + 1e6;
      }
      const nextNs = Math.min(untilNs, this.noiseUntilNs);
      const watts = Math.max(idleW + driftWPerS * ((this.nowNs - 5e9) / 1e9) + loadW + this.noise, 0);
      this.joules += (watts * (nextNs - this.nowNs)) / 1e9;
      this.nowNs = nextNs;
      this.history.push({ timeNs: nextNs, watts });
    }
  }
}
