import { formatMs, formatPercent } from './format.ts';
import type { ReportData, ReportNetwork } from './types.ts';

/** A chart as plain data: an echarts option whose colours are names that the page's script replaces by the theme's. */
export interface Chart {
  id: string;
  /** What the chart shows, for those who cannot see it. */
  description: string;
  option: object;
}

const AXIS_NAME = { nameLocation: 'middle', nameTextStyle: { fontWeight: 600 } } as const;
const LEGEND = { top: 0, itemGap: 24, itemWidth: 12, itemHeight: 10 };
const GRID = { left: 64, right: 32, top: 56, bottom: 52 };
/** Interval bars and joins: visible, but never what the pointer finds. */
const QUIET_LINES = {
  silent: true,
  symbol: 'none',
  precision: 6,
  label: { show: false },
  lineStyle: { type: 'solid', width: 1.5, opacity: 0.6 },
};

/** The charts for which there is data. */
export function reportCharts(data: ReportData): Chart[] {
  return [accuracyChart(data), searchChart(data), verificationChart(data)].filter((chart) => chart !== undefined);
}

/** Top-1 against latency of everything that was run; predicted and measured latency joined by a line. */
function accuracyChart(data: ReportData): Chart | undefined {
  const run = data.networks.filter((network) => network.accuracy !== undefined);
  if (run.length === 0) return undefined;
  const latency = (network: ReportNetwork) => (network.measuredMs ?? network.predictedMs).value;
  const slowest = Math.max(...run.map(latency));
  // A label to the right of the right half's points would leave the figure.
  const side = (network: ReportNetwork) => (latency(network) > slowest * 0.6 ? 'left' : 'right');
  const point = (network: ReportNetwork) => ({
    name: network.name,
    value: [latency(network), network.accuracy!.value * 100],
    ...(network.best && { symbolSize: 15 }),
    label: {
      show: network.kind === 'baseline' || network.best === true,
      formatter: network.best ? '{b}, chosen' : '{b}',
      position: network.best ? 'top' : side(network),
      distance: 8,
    },
    tip: `${network.name}: ${formatMs(latency(network))} ms ${network.measuredMs ? 'measured' : 'predicted'}, top-1 ${formatPercent(network.accuracy!.value)}`,
  });
  const joined = run.flatMap(({ predictedMs, measuredMs, accuracy }) => {
    const y = accuracy!.value * 100;
    return measuredMs ? [[{ coord: [predictedMs.value, y] }, { coord: [measuredMs.value, y] }]] : [];
  });
  const intervals = run.map((network) => {
    const { low, high } = network.accuracy!;
    return [{ coord: [latency(network), low * 100] }, { coord: [latency(network), high * 100] }];
  });
  return {
    id: 'accuracy',
    description: `Top-1 accuracy against latency of ${run.length} networks that were run.`,
    option: {
      ...axes('latency, ms', 'top-1, %'),
      legend: { ...LEGEND, data: ['candidate', 'baseline'] },
      series: [
        {
          name: 'candidate',
          type: 'scatter',
          symbol: 'circle',
          symbolSize: 9,
          color: '@accent',
          data: run.filter(({ kind }) => kind === 'candidate').map(point),
          markLine: { ...QUIET_LINES, data: [...intervals, ...joined] },
        },
        {
          name: 'baseline',
          type: 'scatter',
          symbol: 'diamond',
          symbolSize: 12,
          color: '@contrast',
          data: run.filter(({ kind }) => kind === 'baseline').map(point),
          ...budgetLine(data),
        },
      ],
    },
  };
}

/** The search itself: the proxy's loss of every evaluated candidate against its predicted latency. */
function searchChart(data: ReportData): Chart | undefined {
  const drawable = data.points.filter(({ loss }) => loss > 0); // the axis is logarithmic
  if (drawable.length === 0) return undefined;
  const front = data.networks.filter(
    ({ kind, proxyLoss }) => kind === 'candidate' && proxyLoss !== undefined && proxyLoss > 0,
  );
  const undrawable = data.points.length - drawable.length;
  const shown = (feasible: boolean) =>
    drawable.filter((p) => p.feasible === feasible).map((p) => [p.latencyMs, p.loss]);
  const infeasible = shown(false);
  return {
    id: 'search',
    description: `Predicted loss against predicted latency of ${drawable.length} evaluated candidates, on a logarithmic axis${undrawable > 0 ? `; ${undrawable} more have no loss above zero and are not drawn` : ''}.`,
    option: {
      ...axes('predicted latency, ms', `loss by ${data.proxyName}`, 'log'),
      legend: LEGEND,
      series: [
        { name: 'evaluated', type: 'scatter', symbolSize: 4, color: '@faint', data: shown(true), ...budgetLine(data) },
        ...(infeasible.length > 0
          ? [
              {
                name: 'over budget',
                type: 'scatter',
                symbol: 'triangle',
                symbolSize: 6,
                color: '@bad',
                itemStyle: { opacity: 0.3 },
                data: infeasible,
              },
            ]
          : []),
        {
          name: 'front',
          type: 'scatter',
          symbolSize: 11,
          color: '@accent',
          data: front.map((network) => ({
            name: network.name,
            value: [network.predictedMs.value, network.proxyLoss],
            tip: `${network.name}: ${formatMs(network.predictedMs.value)} ms, loss ${network.proxyLoss!.toPrecision(3)}`,
          })),
        },
      ],
    },
  };
}

/** Predicted against measured latency, with the diagonal on which a perfect table would lie. */
function verificationChart(data: ReportData): Chart | undefined {
  const run = data.networks.filter((network) => network.measuredMs !== undefined);
  if (run.length === 0) return undefined;
  const most = Math.max(...run.flatMap(({ predictedMs, measuredMs }) => [predictedMs.high, measuredMs!.high])) * 1.05;
  const intervals = run.flatMap(({ predictedMs: predicted, measuredMs: measured }) => [
    [{ coord: [measured!.low, predicted.value] }, { coord: [measured!.high, predicted.value] }],
    [{ coord: [measured!.value, predicted.low] }, { coord: [measured!.value, predicted.high] }],
  ]);
  const series = (kind: ReportNetwork['kind'], symbol: string, color: string) => ({
    name: kind,
    type: 'scatter',
    symbol,
    symbolSize: 8,
    color,
    data: run
      .filter((network) => network.kind === kind)
      .map(({ name, predictedMs, measuredMs }) => ({
        name,
        value: [measuredMs!.value, predictedMs.value],
        tip: `${name}: predicted ${formatMs(predictedMs.value)} ms, measured ${formatMs(measuredMs!.value)} ms`,
      })),
  });
  return {
    id: 'verification',
    description: `Predicted against measured latency of ${run.length} networks.`,
    option: {
      ...axes('measured latency, ms', 'predicted latency, ms'),
      legend: { ...LEGEND, data: ['candidate', 'baseline'] },
      series: [
        series('candidate', 'circle', '@accent'),
        series('baseline', 'diamond', '@contrast'),
        {
          name: 'equal',
          type: 'line',
          symbol: 'none',
          silent: true,
          color: '@soft',
          lineStyle: { type: 'dashed', width: 1 },
          markLine: { ...QUIET_LINES, data: intervals },
          data: [
            [0, 0],
            [most, most],
          ],
        },
      ],
    },
  };
}

function axes(x: string, y: string, yType: 'value' | 'log' = 'value') {
  return {
    grid: GRID,
    tooltip: { trigger: 'item' },
    xAxis: { type: 'value', scale: true, name: x, nameGap: 32, ...AXIS_NAME },
    yAxis: { type: yType, scale: true, name: y, nameGap: 44, ...AXIS_NAME },
  };
}

function budgetLine({ latencyBudgetMs }: ReportData): object {
  if (latencyBudgetMs === undefined) return {};
  const label = { formatter: `budget ${formatMs(latencyBudgetMs)} ms`, position: 'end', color: '@bad' };
  const lineStyle = { color: '@bad', type: 'dashed' };
  return {
    markLine: { silent: true, symbol: 'none', precision: 6, label, lineStyle, data: [{ xAxis: latencyBudgetMs }] },
  };
}
