import { BitbudgetError } from '../../core/errors.ts';
import type { LoadPattern } from './load-pattern.ts';
import { lastUpTo } from './power-trace.ts';
import type { MeterLog } from './usb-log.ts';

/** Cells of the grid that the whole pattern is first laid on: a few for each phase, and never less than this. */
const CELLS_PER_PHASE = 4;
const LEAST_CELLS = 1500;
/** Cells that may be looked at while the place in the log is sought: a few seconds of work. */
const MOST_CELLS = 2e9;
/** How much of the log's variation the load must explain (Pearson's r). */
const LEAST_CORRELATION = 0.5;
/** A second place in the log that fits nearly as well makes the first one doubtful. */
const AMBIGUOUS = 0.9;
/** A clock that seems to run more wrongly than this was misjudged: quartz is a hundred times better. */
const MOST_CLOCK_ERROR = 1e-3;

/** Where the load lies in a log: log time, s = offsetS + (load time − originNs) / 1e9 · rate. */
export interface Alignment {
  originNs: number;
  offsetS: number;
  rate: number;
  /** Pearson's r of busy share and power. */
  correlation: number;
}

/**
 * Finds the load in the log of a meter with a clock of its own: the shift at which the power of the log correlates most
 * with the pattern of busy and idle phases, first on a coarse grid over the whole log, then ever finer. Afterwards each
 * half of the pattern is shifted a little by itself, which shows how much faster or slower the meter's clock runs.
 *
 * @param name of the log, for messages.
 * @throws {BitbudgetError} `input` if the log does not cover the load, does not show it, or shows it in several places.
 */
export function alignLog(log: MeterLog, { phases }: LoadPattern, name: string): Alignment {
  const originNs = phases[0].startNs;
  const spanS = (phases[phases.length - 1].endNs - originNs) / 1e9;
  const startS = log.timesS[0];
  const logS = log.timesS[log.timesS.length - 1] - startS;
  if (logS < spanS) {
    const problem = `${name} holds ${logS.toFixed(1)} s, and the load took ${spanS.toFixed(1)} s.`;
    throw mismatch(problem, 'Start the log before the measuring and end it afterwards.');
  }
  const intervalS = logS / (log.timesS.length - 1);
  const fit = new Fit(busyIntegral({ phases }, originNs), powerIntegral(log), intervalS);
  const gridS = Math.max(spanS / Math.max(CELLS_PER_PHASE * phases.length, LEAST_CELLS), intervalS);
  const steps = Math.floor((logS - spanS) / gridS);
  if ((steps * spanS) / gridS > MOST_CELLS) {
    throw mismatch(
      `${name} is too long for a load of ${spanS.toFixed(0)} s.`,
      'Cut away what was logged before and after.',
    );
  }
  const places = Array.from({ length: steps + 1 }, (_, i) => fit.at(0, spanS, startS + i * gridS, gridS));
  const coarse = bestOf(places);
  // next to the best place others fit too; only what is more than a few phases away is another place
  const apartS = Math.max((8 * spanS) / phases.length, 8 * gridS);
  const rival = Math.max(0, ...places.filter((p) => Math.abs(p.offsetS - coarse.offsetS) > apartS).map(({ r }) => r));
  if (rival > AMBIGUOUS * coarse.r && coarse.r >= LEAST_CORRELATION) {
    throw mismatch(`${name} fits the load in more than one place.`, 'Give a log of this one measurement.');
  }
  const whole = fit.refine(0, spanS, coarse.offsetS, gridS);
  if (!(whole.r >= LEAST_CORRELATION)) {
    const problem = `${name} does not show the load: the best correlation is ${whole.r.toFixed(2)}.`;
    throw mismatch(problem, 'Log the supply of this very device, with 10 readings a second or more.');
  }
  const halfS = spanS / 2;
  const reachS = Math.max(MOST_CLOCK_ERROR * spanS, intervalS);
  const [first, last] = [fit.refine(0, halfS, whole.offsetS, reachS), fit.refine(halfS, spanS, whole.offsetS, reachS)];
  // the middles of the halves are half a span apart
  const drift = (last.offsetS - first.offsetS) / halfS;
  const rate = Math.abs(drift) < MOST_CLOCK_ERROR ? 1 + drift : 1;
  return { originNs, rate, offsetS: whole.offsetS - ((rate - 1) * spanS) / 2, correlation: whole.r };
}

/** The load's time of a moment of the log. */
export function toLoadNs({ originNs, offsetS, rate }: Alignment, logTimeS: number): number {
  return originNs + ((logTimeS - offsetS) / rate) * 1e9;
}

interface Place {
  offsetS: number;
  r: number;
}

function bestOf(places: readonly Place[]): Place {
  return places.reduce((best, place) => (place.r > best.r ? place : best));
}

/** How well a part of the pattern fits a place in the log. */
class Fit {
  private readonly busy: Integral;
  private readonly power: Integral;
  private readonly intervalS: number;

  constructor(busy: Integral, power: Integral, intervalS: number) {
    this.busy = busy;
    this.power = power;
    this.intervalS = intervalS;
  }

  /** Pearson's r of the busy share and the mean power in the cells of a grid. */
  at(fromS: number, toS: number, offsetS: number, gridS: number): Place {
    const cells = Math.max(Math.floor((toS - fromS) / gridS), 2);
    let [sumX, sumY, sumXX, sumYY, sumXY] = [0, 0, 0, 0, 0];
    let beforeX = this.busy.upTo(fromS);
    let beforeY = this.power.upTo(fromS + offsetS);
    for (let cell = 1; cell <= cells; cell++) {
      const atS = fromS + cell * gridS;
      const [nowX, nowY] = [this.busy.upTo(atS), this.power.upTo(atS + offsetS)];
      const [x, y] = [nowX - beforeX, nowY - beforeY];
      [beforeX, beforeY] = [nowX, nowY];
      sumX += x;
      sumY += y;
      sumXX += x * x;
      sumYY += y * y;
      sumXY += x * y;
    }
    const covariance = sumXY - (sumX * sumY) / cells;
    const variances = (sumXX - (sumX * sumX) / cells) * (sumYY - (sumY * sumY) / cells);
    return { offsetS, r: variances > 0 ? covariance / Math.sqrt(variances) : 0 };
  }

  /** The best place near one: each pass looks at 17 shifts and goes on with a quarter of the reach. */
  refine(fromS: number, toS: number, aroundS: number, reachS: number): Place {
    const gridS = Math.max(this.intervalS / 2, (toS - fromS) / 20_000);
    let best: Place = { offsetS: aroundS, r: Number.NEGATIVE_INFINITY };
    for (let reach = reachS; ; reach /= 4) {
      const around = best.offsetS;
      best = bestOf(Array.from({ length: 17 }, (_, i) => this.at(fromS, toS, around + ((i - 8) / 8) * reach, gridS)));
      if (reach <= this.intervalS / 8) return best;
    }
  }
}

/** A quantity's running integral, by straight lines between knots; constant before the first and after the last. */
class Integral {
  private readonly timesS: readonly number[];
  private readonly sums: readonly number[];
  /** Where the last answer was found: times are asked for in rising order, mostly. */
  private position = 0;

  constructor(timesS: readonly number[], sums: readonly number[]) {
    this.timesS = timesS;
    this.sums = sums;
  }

  upTo(timeS: number): number {
    const { timesS, sums } = this;
    if (timeS <= timesS[0]) return sums[0];
    if (timeS >= timesS[timesS.length - 1]) return sums[sums.length - 1];
    if (timesS[this.position] > timeS) this.position = lastUpTo(timesS, timeS);
    while (timesS[this.position + 1] <= timeS) this.position++;
    const i = this.position;
    return sums[i] + ((timeS - timesS[i]) / (timesS[i + 1] - timesS[i])) * (sums[i + 1] - sums[i]);
  }
}

function busyIntegral({ phases }: LoadPattern, originNs: number): Integral {
  const timesS: number[] = [];
  const sums: number[] = [];
  let sum = 0;
  for (const { startNs, endNs, busyNs } of phases) {
    timesS.push((startNs - originNs) / 1e9, (endNs - originNs) / 1e9);
    sums.push(sum, (sum += busyNs / 1e9));
  }
  return new Integral(timesS, sums);
}

function powerIntegral({ timesS, watts }: MeterLog): Integral {
  const sums = [0];
  for (let i = 1; i < timesS.length; i++) {
    sums.push(sums[i - 1] + ((watts[i] + watts[i - 1]) / 2) * (timesS[i] - timesS[i - 1]));
  }
  return new Integral(timesS, sums);
}

function mismatch(problem: string, remedy: string): BitbudgetError {
  return new BitbudgetError('input', problem, remedy);
}
