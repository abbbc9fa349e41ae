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
const LEGEND = { top: 0, itemGap: 32 };
const GRID = { left: 64, right: 24, top: 40, bottom: 52 };

/** The charts for which there is data. */
export function reportCharts(data: ReportData): Chart[] {
  return [accuracyChart(data), searchChart(data), verificationChart(data)].filter((chart) => chart !== undefined);
}

/** Top-1 against latency of everything that was run; predicted and measured latency joined by a line. */
function accuracyChart(data: ReportData): Chart | undefined {
  const run = data.networks.filter((network) => network.accuracy !== undefined);
  if (run.length === 0) return undefined;
  const latency = (network: ReportNetwork) => (network.measuredMs ?? network.predictedMs).value;
  const point = (network: ReportNetwork) => ({
    name: network.name,
    value: [latency(network), network.accuracy!.value * 100],
    label: { show: network.kind === 'baseline' || network.best === true, formatter: '{b}', position: 'right' },
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
  const quiet = { silent: true, symbol: 'none', precision: 6, label: { show: false } };
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
          symbolSize: 11,
          color: '@accent',
          data: run.filter(({ kind }) => kind === 'candidate').map(point),
          markLine: { ...quiet, lineStyle: { type: 'solid', opacity: 0.45 }, data: [...intervals, ...joined] },
        },
        {
          name: 'baseline',
          type: 'scatter',
          symbol: 'diamond',
          symbolSize: 14,
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
  const chosen = data.networks.filter(({ proxyLoss }) => proxyLoss !== undefined && proxyLoss > 0);
  const shown = (feasible: boolean) =>
    drawable.filter((p) => p.feasible === feasible).map((p) => [p.latencyMs, p.loss]);
  const infeasible = shown(false);
  return {
    id: 'search',
    description: `Predicted loss against predicted latency of ${data.points.length} evaluated candidates.`,
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
                data: infeasible,
              },
            ]
          : []),
        {
          name: 'front, run on this device',
          type: 'scatter',
          symbolSize: 11,
          color: '@accent',
          data: chosen.map((network) => ({
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
  const most = Math.max(...run.flatMap(({ predictedMs, measuredMs }) => [predictedMs.value, measuredMs!.value])) * 1.05;
  const series = (kind: ReportNetwork['kind'], symbol: string, color: string) => ({
    name: kind,
    type: 'scatter',
    symbol,
    symbolSize: 11,
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
          color: '@faint',
          lineStyle: { type: 'dashed', width: 1 },
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
  const label = { formatter: `budget ${formatMs(latencyBudgetMs)} ms`, position: 'insideEndTop' };
  const lineStyle = { color: '@bad', type: 'dashed' };
  return {
    markLine: { silent: true, symbol: 'none', precision: 6, label, lineStyle, data: [{ xAxis: latencyBudgetMs }] },
  };
}
