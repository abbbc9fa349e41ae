import type { ReportData } from '../types.ts';
import { accuracyChart } from './accuracy.ts';
import type { Chart } from './chart.ts';
import { searchChart } from './search.ts';
import { verificationChart } from './verification.ts';

export type { Chart } from './chart.ts';

/** The figures for which there is data; one that would stand beside nothing takes the whole width. */
export function reportCharts(data: ReportData): Chart[] {
  const charts = [accuracyChart(data), searchChart(data), verificationChart(data)].filter((c) => c !== undefined);
  const narrow = charts.filter((chart) => !chart.wide);
  return charts.map((chart) => ({ ...chart, wide: chart.wide || narrow.length === 1 }));
}
