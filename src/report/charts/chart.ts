import { formatMs } from '../format.ts';
import type { ReportData, ReportNetwork } from '../types.ts';

/**
 * A figure as plain data: an echarts option. Its colours are the page's CSS variables, so that a change of theme, or
 * printing, recolours a figure that is already drawn.
 */
export interface Chart {
  id: 'accuracy' | 'search' | 'verification';
  /** What the figure shows, for those who cannot see it. */
  description: string;
  caption: string;
  /** Whether it takes the whole width of the page. */
  wide: boolean;
  option: { series: Series[]; [component: string]: unknown };
}

export type Series = { name: string; [option: string]: unknown };

export const LEGEND = { top: 0, itemGap: 12, itemWidth: 12, itemHeight: 10, inactiveColor: 'var(--line)' };

/** The kinds of network that a figure's legend must explain. */
export function kindsOf(networks: readonly ReportNetwork[]): ReportNetwork['kind'][] {
  return (['candidate', 'baseline'] as const).filter((kind) => networks.some((network) => network.kind === kind));
}

/** Interval bars and joins: visible, but never what the pointer finds. */
export const QUIET_LINES = {
  silent: true,
  symbol: 'none',
  precision: 9,
  label: { show: false },
  lineStyle: { type: 'solid', width: 1.5, opacity: 0.6 },
};

/** Points of one colour; without a colour of its own the hovered state would be derived from a CSS variable and vanish. */
export function scatter(name: string, symbol: string, symbolSize: number, color: string): Series {
  const emphasis = { scale: 1.4, itemStyle: { color } };
  return { name, type: 'scatter', symbol, symbolSize, color, itemStyle: { opacity: 1 }, emphasis };
}

/**
 * A baseline's name as short as a narrow figure needs it; that it is uniform its symbol says already.
 *
 * @example baselineLabel('uniform w8a8') // => 'w8a8'
 */
export function baselineLabel(name: string): string {
  return name.replace(/^uniform /, '');
}

/** A line that accompanies points: no symbols, no tooltip. */
export function guide(name: string, color: string, lineStyle: object): Series {
  return { name, type: 'line', symbol: 'none', silent: true, color, lineStyle: { color, ...lineStyle } };
}

/** The budget as a labelled vertical line, to be spread into a series; empty without a budget. */
export function budgetLine({ latencyBudgetMs }: ReportData): object {
  if (latencyBudgetMs === undefined) return {};
  const label = { formatter: `budget ${formatMs(latencyBudgetMs)} ms`, position: 'end', color: 'var(--bad)' };
  const lineStyle = { color: 'var(--bad)', type: 'dashed', width: 1.25 };
  return {
    markLine: { silent: true, symbol: 'none', precision: 9, label, lineStyle, data: [{ xAxis: latencyBudgetMs }] },
  };
}

/**
 * A coordinate with the digits that a screen can show.
 *
 * @example toPixelPrecision(0.123456789) // => 0.12346
 */
export function toPixelPrecision(value: number): number {
  return Number(value.toPrecision(5));
}
