import { escapeHtml } from './escape.ts';
import { briefScheme, formatKib, formatMs, formatPercent } from './format.ts';
import type { ReportData, ReportNetwork } from './types.ts';

const VERDICTS = { within: 'within', 'within-interval': 'within its interval', over: 'over' } as const;
const MISSING = '<span class="missing">not run</span>';

/** All networks with their figures, candidates first, baselines apart. */
export function networksTable(data: ReportData): string {
  const heads = [
    'network',
    'predicted<br>latency, ms',
    'measured<br>latency, ms',
    'error, %',
    'budget',
    'energy, mJ',
    'size, KiB',
    'RAM, KiB',
    'top-1, %',
  ];
  if (data.networks.length === 0) return '<p class="missing">No network is left to show.</p>';
  const header = heads.map((head) => `<th scope="col">${head}</th>`).join('');
  const rows = (kind: ReportNetwork['kind']) =>
    data.networks
      .filter((n) => n.kind === kind)
      .map(networkRow)
      .join('\n');
  return `<div class="scroll" role="region" aria-label="Networks" tabindex="0"><table>
<caption>Intervals are 95%. Energy tagged “model” is power times time, not a measurement.</caption>
<thead><tr>${header}</tr></thead>
<tbody>${rows('candidate')}</tbody>
<tbody class="baselines">${rows('baseline')}</tbody>
</table></div>`;
}

function networkRow(network: ReportNetwork): string {
  const { name, best, predictedMs, measuredMs, energyMj, sizeBytes, ramBytes, accuracy, budgetVerdict } = network;
  const interval = (low: string, high: string) => `<small>${low} – ${high}</small>`;
  const latency = (ms: { value: number; low: number; high: number }) =>
    `${formatMs(ms.value)} ${interval(formatMs(ms.low), formatMs(ms.high))}`;
  const cells = [
    latency(predictedMs),
    measuredMs ? latency(measuredMs) : MISSING,
    measuredMs ? formatPercent((predictedMs.value - measuredMs.value) / measuredMs.value) : '',
    budgetVerdict ? `<span class="${budgetVerdict}">${VERDICTS[budgetVerdict]}</span>` : '',
    `${energyMj.value.toFixed(2)} <small>${energyMj.source}</small>`,
    formatKib(sizeBytes),
    formatKib(ramBytes),
    accuracy
      ? `${formatPercent(accuracy.value)} ${interval(formatPercent(accuracy.low), formatPercent(accuracy.high))}`
      : MISSING,
  ];
  const head = `<th scope="row">${escapeHtml(name)}${best ? ' <span class="best">chosen</span>' : ''}</th>`;
  return `<tr${best ? ' class="chosen"' : ''}>${head}${cells.map((cell) => `<td>${cell}</td>`).join('')}</tr>`;
}

/** Which layer has how many bits: a row a candidate, a column a layer. */
export function schemesTable(data: ReportData): string {
  const candidates = data.networks.filter(({ kind }) => kind === 'candidate');
  if (candidates.length === 0) return '<p class="missing">The search left no candidate.</p>';
  const header = data.layers.map((layer) => `<th scope="col"><span>${escapeHtml(layer)}</span></th>`).join('');
  const rows = candidates.map(({ name, schemes }) => {
    const cells = schemes.map((scheme) => `<td class="${cellClass(scheme)}">${escapeHtml(briefScheme(scheme))}</td>`);
    return `<tr><th scope="row">${escapeHtml(name)}</th>${cells.join('')}</tr>`;
  });
  return `<div class="scroll" role="region" aria-label="Bits of each layer" tabindex="0"><table class="schemes">
<caption>Weight bits / activation bits of each layer; the stronger the shade, the more bits.</caption>
<thead><tr><th scope="col">candidate</th>${header}</tr></thead>
<tbody>${rows.join('\n')}</tbody>
</table></div>`;
}

/** Five shades by the product of both widths. */
function cellClass(scheme: string): string {
  const match = /^w(\d)a(\d)$/.exec(scheme);
  if (!match) return 'shade5';
  const product = Number(match[1]) * Number(match[2]);
  if (product >= 64) return 'shade4';
  if (product >= 32) return 'shade3';
  return product >= 16 ? 'shade2' : product >= 8 ? 'shade1' : 'shade0';
}

/** What a reader needs to make the report again. */
export function provenanceList(data: ReportData): string {
  const items = data.provenance.map(([label, value]) => `<dt>${escapeHtml(label)}</dt><dd>${escapeHtml(value)}</dd>`);
  return `<dl>${items.join('\n')}</dl>`;
}
