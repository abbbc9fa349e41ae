import type { FixedMetric, ProxyCheck } from '../node/proxy-check.ts';
import type { CheckedProxy } from '../study/proxy-check/report.ts';
import { renderTable } from './table.ts';
import { percent } from './validation-text.ts';

/** What a check found, for people. */
export function describeProxyCheck(
  network: string,
  { dataset, samples }: { dataset: string; samples?: number },
  { fixed, varied, atBudget, truth, proxies, skipped }: ProxyCheck,
): string {
  const top1 = truth.varied.map((loss) => 1 - loss);
  const range = `top-1 ${percent(Math.min(...top1))} to ${percent(Math.max(...top1))}`;
  const images = samples === undefined ? `the images of ${dataset}` : `${samples} images of ${dataset}`;
  const held = describeFixed(fixed.metric, fixed.value);
  const lines = [
    `${network}: ${varied.length} varied candidates on ${images}, ${range}; ${atBudget.length} more of ${held} within 2%.`,
    'Rank correlation with what was measured, 95% intervals in brackets: 1 is the same order, 0 none.',
    '',
    renderTable(
      [
        { title: 'proxy' },
        { title: 'Spearman' },
        { title: 'Kendall' },
        { title: 'best fifth' },
        { title: 'equal cost' },
        { title: 'saves', align: 'right' },
        { title: 's', align: 'right' },
      ],
      proxies.map((proxy) => [
        proxy.kind === 'baseline' ? `(${proxy.name})` : proxy.name,
        withInterval(proxy.spearman, proxy.low, proxy.high),
        withInterval(proxy.kendall, proxy.kendallLow, proxy.kendallHigh),
        ofGroup(proxy.topFifth),
        ofGroup(proxy.atFixedBudget),
        proxy.evaluationsSaved.toFixed(1),
        proxy.seconds === null ? '' : proxy.seconds.toFixed(1),
      ]),
    ),
    '',
    'Saves: so many random candidates, less one, have to be run to find one as good as the pick. See docs/proxy-check.md.',
  ];
  for (const { name, reason } of skipped) lines.push(`Not asked: ${name}. ${reason}`);
  return lines.join('\n');
}

function ofGroup(group: CheckedProxy['atFixedBudget']): string {
  return group ? withInterval(group.spearman, group.low, group.high) : '';
}

/**
 * A correlation for people.
 *
 * @example withInterval(0.5, -0.1, 0.8) // => '0.50 (−0.10 to 0.80)'
 */
export function withInterval(value: number | null, low: number | null, high: number | null): string {
  const shown = (number: number) => number.toFixed(2).replace('-', '−');
  if (value === null) return 'none';
  return low === null || high === null ? shown(value) : `${shown(value)} (${shown(low)} to ${shown(high)})`;
}

function describeFixed(metric: FixedMetric, value: number): string {
  if (metric === 'latencyMs') return `${value.toPrecision(3)} ms`;
  if (metric === 'sizeBytes') return `${(value / 1024).toPrecision(3)} KiB`;
  return `${(value / 1e6).toPrecision(3)} million bit operations`;
}
