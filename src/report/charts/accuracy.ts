import { paretoFront } from '../../search/index.ts';
import { formatMs, formatPercent } from '../format.ts';
import type { ReportData, ReportNetwork } from '../types.ts';
import { axes, type Extent, extentOf, labelSide } from './axes.ts';
import {
  baselineLabel,
  budgetLine,
  type Chart,
  guide,
  kindsOf,
  LEGEND,
  QUIET_LINES,
  scatter,
  toPixelPrecision,
} from './chart.ts';

type RunNetwork = ReportNetwork & { accuracy: NonNullable<ReportNetwork['accuracy']> };

/** Below the rising front there is room; the ground keeps the budget's line from striking the name through. */
const CHOSEN_LABEL = { fontWeight: 600, offset: [0, 12], padding: [1, 3], backgroundColor: 'var(--card)' };

/** Top-1 against latency of everything that was run; predicted and measured latency joined by a line. */
export function accuracyChart(data: ReportData): Chart | undefined {
  const run = data.networks.filter((network): network is RunNetwork => network.accuracy !== undefined);
  if (run.length === 0) return undefined;
  const candidates = run.filter(({ kind }) => kind === 'candidate');
  const baselines = run.filter(({ kind }) => kind === 'baseline');
  const budgets = data.latencyBudgetMs === undefined ? [] : [data.latencyBudgetMs];
  const x = extentOf([...run.flatMap((network) => [latencyMs(network), network.predictedMs.value]), ...budgets]);
  const y = extentOf(run.flatMap(({ accuracy }) => [accuracy.low * 100, accuracy.high * 100]));
  const linear: Extent = { ...y, high: Math.min(y.high, 100), logarithmic: false };
  return {
    id: 'accuracy',
    description: `Top-1 accuracy against latency of ${run.length} networks that were run.`,
    caption: caption(run),
    wide: true,
    option: {
      ...axes({ name: 'latency, ms', extent: x }, { name: 'top-1, %', extent: linear }),
      legend: { ...LEGEND, data: kindsOf(run) },
      series: [
        { ...guide('front', 'var(--accent)', { width: 1.5, opacity: 0.5 }), step: 'end', data: staircase(candidates) },
        {
          ...scatter('candidate', 'circle', 9, 'var(--accent)'),
          data: candidates.map((network) => point(network, x)),
          markLine: lines(candidates),
          z: 7, // above the budget's line
        },
        {
          ...scatter('baseline', 'diamond', 12, 'var(--contrast)'),
          data: baselines.map((network) => point(network, x)),
          markLine: lines(baselines),
          z: 3,
        },
        { ...guide('budget', 'var(--bad)', {}), data: [], ...budgetLine(data) },
      ],
    },
  };
}

function latencyMs(network: ReportNetwork): number {
  return (network.measuredMs ?? network.predictedMs).value;
}

function caption(run: readonly RunNetwork[]): string {
  const baselines = run.filter(({ kind }) => kind === 'baseline').length;
  const measured = run.some((network) => network.measuredMs);
  return [
    'Every network whose accuracy was measured; higher and further left is better.',
    run.length - baselines > 1 && 'The stepped line is the front of the candidates.',
    baselines > 0 && 'Diamonds are uniform baselines.',
    'Vertical bars are 95% intervals of top-1.',
    measured && 'A short horizontal line leads from a measured latency to the predicted one.',
  ]
    .filter((sentence) => sentence)
    .join(' ');
}

function point(network: RunNetwork, x: Extent): object {
  const value = latencyMs(network);
  return {
    name: network.name,
    value: [value, network.accuracy.value * 100],
    ...(network.best && { symbolSize: 15 }),
    label: {
      show: network.kind === 'baseline' || network.best === true,
      formatter: network.best ? '{b}, chosen' : baselineLabel(network.name),
      position: labelSide(x, value),
      distance: 9,
      color: 'var(--ink)',
      ...(network.best && CHOSEN_LABEL),
    },
    tip: `${network.name}: ${formatMs(value)} ms ${network.measuredMs ? 'measured' : 'predicted'}, top-1 ${formatPercent(network.accuracy.value)}`,
  };
}

/** Intervals of top-1, and the way from measured to predicted latency. */
function lines(networks: readonly RunNetwork[]): object {
  const intervals = networks.map((network) => {
    const { low, high } = network.accuracy;
    return [{ coord: [latencyMs(network), low * 100] }, { coord: [latencyMs(network), high * 100] }];
  });
  const joins = networks.flatMap(({ predictedMs, measuredMs, accuracy }) => {
    const y = accuracy.value * 100;
    return measuredMs ? [[{ coord: [measuredMs.value, y] }, { coord: [predictedMs.value, y] }]] : [];
  });
  return { ...QUIET_LINES, data: [...intervals, ...joins] };
}

/** Corners of the candidates that no other beats in both. */
function staircase(candidates: readonly RunNetwork[]): number[][] {
  const corners = paretoFront(candidates.map((network) => [latencyMs(network), -network.accuracy.value * 100]));
  return corners
    .sort((a, b) => a[0] - b[0])
    .map(([latency, negated]) => [toPixelPrecision(latency), toPixelPrecision(-negated)]);
}
