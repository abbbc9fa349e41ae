/** Beyond this ratio of largest to smallest value a linear axis would press the small ones together. */
const LINEAR_RATIO = 2.5;
const PADDING_SHARE = 0.06;
const FEWEST_TICKS = 4;
/** Mantissas of ticks, coarsest first. */
const TICK_STEPS = [[1], [1, 3], [1, 2, 5], [1, 1.5, 2, 3, 4, 5, 6, 8]];

/** Where an axis begins and ends, and whether equal distances on it are equal ratios. */
export interface Extent {
  low: number;
  high: number;
  logarithmic: boolean;
}

/**
 * An extent that holds all values with a margin: logarithmic where they are positive and far apart.
 *
 * @param values at least one.
 * @example extentOf([1, 4]).logarithmic // => true
 */
export function extentOf(values: readonly number[]): Extent {
  let low = Number.POSITIVE_INFINITY;
  let high = Number.NEGATIVE_INFINITY;
  for (const value of values) {
    low = Math.min(low, value);
    high = Math.max(high, value);
  }
  if (low > 0 && high / low > LINEAR_RATIO) {
    const margin = (high / low) ** PADDING_SHARE;
    return { low: low / margin, high: high * margin, logarithmic: true };
  }
  const margin = (high - low) * PADDING_SHARE || Math.abs(high) * PADDING_SHARE || 1;
  return { low: low >= 0 ? Math.max(0, low - margin) : low - margin, high: high + margin, logarithmic: false };
}

/**
 * The side of a point on which its label stays inside the figure.
 *
 * @example labelSide({ low: 0, high: 10, logarithmic: false }, 9) // => 'left'
 */
export function labelSide({ low, high, logarithmic }: Extent, value: number): 'left' | 'right' {
  const share = logarithmic ? Math.log(value / low) / Math.log(high / low) : (value - low) / (high - low);
  return share > 0.65 ? 'left' : 'right';
}

/**
 * Round values for the ticks of a logarithmic axis: the coarsest steps that give four of them.
 *
 * @example logarithmicTicks(0.3, 3) // => [0.3, 0.4, 0.5, 0.6, 0.8, 1, 1.5, 2, 3]
 */
export function logarithmicTicks(low: number, high: number): number[] {
  let ticks: number[] = [];
  for (const step of TICK_STEPS) {
    ticks = [];
    for (let exponent = Math.floor(Math.log10(low)); exponent <= Math.ceil(Math.log10(high)); exponent++) {
      for (const mantissa of step) {
        const tick = Number(`${mantissa}e${exponent}`);
        if (tick >= low && tick <= high) ticks.push(tick);
      }
    }
    if (ticks.length >= FEWEST_TICKS) break;
  }
  return ticks;
}

/** An echarts axis over an extent; a logarithmic one says so in its name. */
export function axis(name: string, { low, high, logarithmic }: Extent, nameGapPx: number): object {
  const looks = {
    name: logarithmic ? `${name} (logarithmic)` : name,
    nameLocation: 'middle',
    nameGap: nameGapPx,
    nameTextStyle: { color: 'var(--soft)', fontWeight: 600 },
    axisLine: { show: true, lineStyle: { color: 'var(--line)' } },
    splitLine: { lineStyle: { color: 'var(--line)', opacity: 0.6 } },
  };
  const axisLabel = { color: 'var(--soft)', hideOverlap: true };
  if (!logarithmic) {
    return { ...looks, type: 'value', min: rounded(low), max: rounded(high), axisLabel: { ...axisLabel, ...INNER } };
  }
  const customValues = logarithmicTicks(low, high);
  return {
    ...looks,
    type: 'log',
    min: rounded(low),
    max: rounded(high),
    axisTick: { customValues },
    axisLabel: { ...axisLabel, customValues },
  };
}

/** The ends of a linear axis are no round numbers and carry no label. */
const INNER = { showMinLabel: false, showMaxLabel: false };

function rounded(value: number): number {
  return Number(value.toPrecision(6));
}

/** The frame and the axes of a figure. */
export function axes(x: { name: string; extent: Extent }, y: { name: string; extent: Extent }) {
  return {
    grid: { left: 64, right: 24, top: 60, bottom: 52 },
    tooltip: { trigger: 'item' },
    xAxis: axis(x.name, x.extent, 32),
    yAxis: axis(y.name, y.extent, 46),
  };
}
