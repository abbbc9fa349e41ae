import { describeConditions } from './conditions.ts';
import { formatCount, formatMs, formatPercent } from './format.ts';
import type { ReportData, ReportNetwork } from './types.ts';

/** The machine and the conditions of the measurement, on one line. */
export function machineLine({ device, conditions }: ReportData): string {
  const cores = `${device.cores} ${device.cores === 1 ? 'core' : 'cores'}`;
  return [device.cpu, cores, device.os, device.engine, ...describeConditions(conditions)].join(' · ');
}

/** The outcome in a few sentences. */
export function outcome(data: ReportData): string {
  return `${found(data)}${rejected(data.rejections ?? {})}`;
}

function found(data: ReportData): string {
  const { networks, latencyBudgetMs, evaluations } = data;
  const budget = latencyBudgetMs === undefined ? '' : ` under a budget of ${formatMs(latencyBudgetMs)} ms`;
  const searched = `${formatCount(evaluations)} ${evaluations === 1 ? 'candidate was' : 'candidates were'} evaluated${budget}.`;
  const best = networks.find((network) => network.best);
  if (best) return `${searched} ${choice(best, networks)}`;
  const verdicts = networks.flatMap(({ kind, budgetVerdict }) => (kind === 'candidate' ? [budgetVerdict] : []));
  const allOver = verdicts.length > 0 && verdicts.every((verdict) => verdict === 'over');
  return allOver ? `${searched} None of the candidates that were run kept the budget.` : searched;
}

/** What was kept from evaluation, by reason; nothing where there was nothing. */
function rejected(rejections: Readonly<Record<string, number>>): string {
  const reasons = Object.entries(rejections).map(([reason, count]) => `${formatCount(count)} ${reason}`);
  return reasons.length > 0 ? ` Repaired or turned away before they were evaluated: ${reasons.join(', ')}.` : '';
}

function choice(best: ReportNetwork, networks: readonly ReportNetwork[]): string {
  const accuracy = best.accuracy ? ` at ${formatPercent(best.accuracy.value)} top-1` : '';
  const latency = best.measuredMs
    ? `${formatMs(best.measuredMs.value)} ms measured`
    : `${formatMs(best.predictedMs.value)} ms predicted`;
  const f32 = networks.find(
    ({ kind, schemes }) => kind === 'baseline' && schemes.every((scheme) => scheme === 'f32' || scheme === ''),
  );
  const gain =
    f32?.measuredMs && best.measuredMs
      ? `, ${(f32.measuredMs.value / best.measuredMs.value).toFixed(1)} times as fast as f32`
      : '';
  return `Chosen: ${best.name}, ${latency}${accuracy}${gain}.`;
}
