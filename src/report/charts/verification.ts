import { formatMs, formatPercent } from '../format.ts';
import type { ReportData, ReportNetwork } from '../types.ts';
import { axes, extentOf } from './axes.ts';
import { type Chart, guide, kindsOf, LEGEND, QUIET_LINES, type Series, scatter } from './chart.ts';

type TimedNetwork = ReportNetwork & { measuredMs: NonNullable<ReportNetwork['measuredMs']> };

/** Half-width of the corridor drawn along the diagonal, as a share. */
const CORRIDOR = 0.05;

/** Predicted against measured latency, with the diagonal on which a perfect table would lie. */
export function verificationChart(data: ReportData): Chart | undefined {
  const timed = data.networks.filter((network): network is TimedNetwork => network.measuredMs !== undefined);
  if (timed.length === 0) return undefined;
  // Room for the corridor, even where a single network fills the figure.
  const extent = extentOf(
    timed.flatMap(({ predictedMs: p, measuredMs: m }) => [
      ...[p.low, p.high, m.low, m.high],
      ...[m.value * (1 - CORRIDOR), m.value * (1 + CORRIDOR)],
    ]),
  );
  const along = (factor: number) => [
    [extent.low, extent.low * factor],
    [extent.high, extent.high * factor],
  ];
  const corridor = (factor: number) => ({
    ...guide('corridor', 'var(--faint)', { type: 'dotted', width: 1.25 }),
    data: along(factor),
  });
  return {
    id: 'verification',
    description: `Predicted against measured latency of ${timed.length} networks.`,
    caption: `${errorFigures(data)} Bars are 95% intervals, the dashed line is equality, the dotted ones ±${CORRIDOR * 100}%.`,
    wide: false,
    option: {
      ...axes({ name: 'measured latency, ms', extent }, { name: 'predicted latency, ms', extent }),
      legend: { ...LEGEND, data: kindsOf(timed) },
      series: [
        corridor(1 - CORRIDOR),
        corridor(1 + CORRIDOR),
        { ...guide('equal', 'var(--soft)', { type: 'dashed', width: 1 }), data: along(1) },
        points(timed, 'candidate', 'circle', 'var(--accent)'),
        points(timed, 'baseline', 'diamond', 'var(--contrast)'),
      ],
    },
  };
}

function points(timed: readonly TimedNetwork[], kind: ReportNetwork['kind'], symbol: string, color: string): Series {
  const chosen = timed.filter((network) => network.kind === kind);
  const intervals = chosen.flatMap(({ predictedMs: predicted, measuredMs: measured }) => [
    [{ coord: [measured.low, predicted.value] }, { coord: [measured.high, predicted.value] }],
    [{ coord: [measured.value, predicted.low] }, { coord: [measured.value, predicted.high] }],
  ]);
  return {
    ...scatter(kind, symbol, kind === 'candidate' ? 7 : 9, color),
    markLine: { ...QUIET_LINES, data: intervals },
    data: chosen.map(({ name, predictedMs, measuredMs }) => ({
      name,
      value: [measuredMs.value, predictedMs.value],
      tip: `${name}: predicted ${formatMs(predictedMs.value)} ms, measured ${formatMs(measuredMs.value)} ms`,
    })),
  };
}

function errorFigures({ verification }: ReportData): string {
  if (!verification) return 'Predicted against measured latency.';
  const { networks, medianRelativeError, p95RelativeError, bias, kendallTau } = verification;
  const tau = kendallTau === null ? '' : `, Kendall τ ${kendallTau.toFixed(3).replace('-', '−')}`;
  const counted = `${networks} ${networks === 1 ? 'network' : 'networks'}`;
  return `${counted}: median error ${formatPercent(medianRelativeError)}, p95 ${formatPercent(p95RelativeError)}, bias ${formatPercent(bias)}${tau}.`;
}
