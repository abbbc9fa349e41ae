import { paretoFront } from '../../search/index.ts';
import { formatCount, formatMs } from '../format.ts';
import type { ReportData } from '../types.ts';
import { axes, extentOf, labelSide } from './axes.ts';
import { baselineLabel, budgetLine, type Chart, guide, LEGEND, scatter, toPixelPrecision } from './chart.ts';

/** Networks of the table: they have the front's colour, and the caption names them. */
const LISTED = 'listed';

/** The search itself: the proxy's loss of every evaluated candidate against its predicted latency. */
export function searchChart(data: ReportData): Chart | undefined {
  const drawable = data.points.filter(({ loss }) => loss > 0); // the axis is logarithmic
  if (drawable.length === 0) return undefined;
  const shown = data.networks.flatMap(({ name, kind, predictedMs, proxyLoss }) =>
    proxyLoss !== undefined && proxyLoss > 0 ? [{ name, kind, latencyMs: predictedMs.value, loss: proxyLoss }] : [],
  );
  const budgets = data.latencyBudgetMs === undefined ? [] : [data.latencyBudgetMs];
  const everything = [...drawable, ...shown];
  const x = extentOf([...everything.map(({ latencyMs }) => latencyMs), ...budgets]);
  const y = extentOf(everything.map(({ loss }) => loss));
  const coordinates = (feasible: boolean) =>
    drawable
      .filter((p) => p.feasible === feasible)
      .map((p) => [toPixelPrecision(p.latencyMs), toPixelPrecision(p.loss)]);
  const [within, over] = [coordinates(true), coordinates(false)];
  const named = (kind: 'candidate' | 'baseline') =>
    shown
      .filter((network) => network.kind === kind)
      .map(({ name, latencyMs, loss }) => ({
        name,
        value: [latencyMs, loss],
        label: {
          show: kind === 'baseline',
          formatter: baselineLabel(name),
          position: labelSide(x, latencyMs),
          color: 'var(--ink)',
        },
        tip: `${name}: ${formatMs(latencyMs)} ms, loss ${loss.toPrecision(3)}`,
      }));
  const [candidates, baselines] = [named('candidate'), named('baseline')];
  const series = [
    { ...scatter('evaluated', 'circle', 3.5, 'var(--faint)'), data: within, ...budgetLine(data) },
    over.length > 0 && {
      ...scatter('over budget', 'triangle', 5, 'var(--bad)'),
      itemStyle: { opacity: 0.22 },
      data: over,
    },
    { ...guide('front', 'var(--accent)', { width: 2 }), step: 'end', data: staircase(within) },
    baselines.length > 0 && { ...scatter('baseline', 'diamond', 11, 'var(--contrast)'), data: baselines },
    candidates.length > 0 && { ...scatter(LISTED, 'circle', 9, 'var(--accent)'), data: candidates },
  ].filter((entry) => entry !== false);
  return {
    id: 'search',
    description: `Predicted loss against predicted latency of ${formatCount(drawable.length)} evaluated candidates.`,
    caption: caption(data, drawable.length),
    wide: false,
    option: {
      ...axes({ name: 'predicted latency, ms', extent: x }, { name: `loss by ${data.proxyName}`, extent: y }),
      legend: { ...LEGEND, data: series.map(({ name }) => name).filter((name) => name !== LISTED) },
      series,
    },
  };
}

function caption({ points, networks }: ReportData, drawn: number): string {
  const undrawable = points.length - drawn;
  const listed = networks.some(({ kind, proxyLoss }) => kind === 'candidate' && proxyLoss !== undefined);
  return [
    'Every candidate that the search evaluated, priced from the table; lower and further left is better. The line is their front.',
    listed && 'Large points are the networks of the table below.',
    undrawable > 0 && `${formatCount(undrawable)} more, whose loss is not above zero, are not drawn.`,
  ]
    .filter((sentence) => sentence)
    .join(' ');
}

/** Corners of the feasible candidates that no other beats in both. */
function staircase(feasible: number[][]): number[][] {
  return paretoFront(feasible).sort((a, b) => a[0] - b[0]);
}
