import { escapeHtml } from './escape.ts';
import { briefScheme, formatCount, formatKib, formatMj, formatMs, percentOf, signedPercentOf } from './format.ts';
import type { ReportData, ReportNetwork } from './types.ts';

const VERDICTS = { within: 'within', 'within-interval': 'within interval', over: 'over' } as const;
const NOT_RUN = '<span class="missing">not run</span>';
const NONE = '<span class="missing">none</span>';

interface Column {
  /** Header with its unit, as HTML. */
  head: string;
  /** A cell, as HTML. */
  cell(network: ReportNetwork): string;
}

/** All networks with their figures, candidates first, baselines apart. */
export function networksTable(data: ReportData): string {
  if (data.networks.length === 0) return '<p class="missing">No network is left to show.</p>';
  const columns = networkColumns(data);
  const header = ['network', ...columns.map(({ head }) => head)].map((head) => `<th scope="col">${head}</th>`).join('');
  return `<div class="scroll" role="region" aria-label="Networks" tabindex="0"><table>
<thead><tr>${header}</tr></thead>
${group('Candidates', 'candidate', data, columns)}${group('Uniform baselines', 'baseline', data, columns)}</table></div>
<p class="note">${escapeHtml(notes(data))}</p>`;
}

function networkColumns(data: ReportData): Column[] {
  const some = (present: (network: ReportNetwork) => boolean, column: Column) =>
    data.networks.some(present) ? [column] : [];
  return [
    { head: 'predicted<br>latency, ms', cell: ({ predictedMs }) => withInterval(predictedMs, formatMs) },
    {
      head: 'measured<br>latency, ms',
      cell: ({ measuredMs }) => (measuredMs ? withInterval(measuredMs, formatMs) : NOT_RUN),
    },
    ...some(({ measuredMs }) => measuredMs !== undefined, { head: 'error, %', cell: predictionError }),
    ...some(({ budgetVerdict }) => budgetVerdict !== undefined, {
      head: 'budget',
      cell: ({ budgetVerdict: verdict }) =>
        verdict ? `<span class="${verdict}">${VERDICTS[verdict]}</span>` : NOT_RUN,
    }),
    {
      head: 'energy, mJ',
      cell: ({ energyMj }) => `${formatMj(energyMj.value)} <small>${energyMj.source}</small>`,
    },
    { head: 'size, KiB', cell: ({ sizeBytes }) => formatKib(sizeBytes) },
    { head: 'RAM, KiB', cell: ({ ramBytes }) => formatKib(ramBytes) },
    ...some(({ proxyLoss }) => proxyLoss !== undefined, {
      head: 'proxy<br>loss',
      cell: ({ proxyLoss }) => (proxyLoss === undefined ? NONE : proxyLoss.toPrecision(3)),
    }),
    {
      head: 'measured<br>top-1, %',
      cell: ({ accuracy }) => (accuracy ? withInterval(accuracy, percentOf) : NOT_RUN),
    },
  ];
}

function withInterval({ value, low, high }: { value: number; low: number; high: number }, format: Format): string {
  return `${format(value)} <small>${format(low)} – ${format(high)}</small>`;
}

type Format = (value: number) => string;

function predictionError({ predictedMs, measuredMs }: ReportNetwork): string {
  return measuredMs ? signedPercentOf((predictedMs.value - measuredMs.value) / measuredMs.value) : NOT_RUN;
}

function group(title: string, kind: ReportNetwork['kind'], data: ReportData, columns: readonly Column[]): string {
  const networks = data.networks.filter((network) => network.kind === kind);
  if (networks.length === 0) return '';
  const heading = `<tr class="group"><th colspan="${columns.length + 1}" scope="rowgroup"><span>${title}</span></th></tr>`;
  const rows = networks.map((network) => {
    const cells = columns.map(({ cell }) => `<td>${cell(network)}</td>`).join('');
    const mark = network.best ? ' <span class="best">chosen</span>' : '';
    return `<tr${network.best ? ' class="chosen"' : ''}><th scope="row">${escapeHtml(network.name)}${mark}</th>${cells}</tr>`;
  });
  return `<tbody class="${kind}s">${[heading, ...rows].join('\n')}</tbody>\n`;
}

/** What the columns mean, as far as there is something in them. */
function notes({ networks, proxyName }: ReportData): string {
  const datasets = new Set(
    networks.flatMap(({ accuracy: a }) => (a ? [`${formatCount(a.samples)} images of ${a.dataset}`] : [])),
  );
  return [
    'Small figures are 95% intervals.',
    networks.some((n) => n.measuredMs) && 'Error is (predicted − measured) / measured.',
    networks.some((n) => n.budgetVerdict === 'within-interval') &&
      'A latency is within interval where its median lies over the budget and its interval reaches below it.',
    networks.some((n) => n.energyMj.source === 'model') &&
      'Energy tagged “model” is power times time, not a measurement.',
    networks.some((n) => n.proxyLoss !== undefined) && `The proxy loss is ${proxyName}: it ranks, lower is better.`,
    datasets.size > 0 && `Top-1 was measured on ${[...datasets].join(' and ')}.`,
  ]
    .filter((sentence) => sentence)
    .join(' ');
}

/** Which layer has how many bits: a row a candidate, a column a layer. */
export function schemesTable(data: ReportData): string {
  const candidates = data.networks.filter(({ kind }) => kind === 'candidate');
  if (candidates.length === 0) return '<p class="missing">The search left no candidate.</p>';
  const header = data.layers.map((layer) => `<th scope="col"><span>${escapeHtml(layer)}</span></th>`).join('');
  const rows = candidates.map(({ name, schemes, outChannels, best }) => {
    const cells = schemes.map((scheme, i) => {
      if (scheme === '') return '<td class="missing">–</td>';
      const left = outChannels?.[i] ? ` <small>${outChannels[i]} ch</small>` : '';
      return `<td class="${cellClass(scheme)}">${escapeHtml(briefScheme(scheme))}${left}</td>`;
    });
    const mark = best ? ' <span class="best">chosen</span>' : '';
    return `<tr><th scope="row">${escapeHtml(name)}${mark}</th>${cells.join('')}</tr>`;
  });
  return `<div class="scroll" role="region" aria-label="Bits of each layer" tabindex="0"><table class="schemes">
<thead><tr><th scope="col">candidate</th>${header}</tr></thead>
<tbody>${rows.join('\n')}</tbody>
</table></div>
<p class="note">${schemesNote(candidates)}</p>`;
}

function schemesNote(candidates: readonly ReportNetwork[]): string {
  return [
    'Weight bits / activation bits of each layer; the stronger the shade, the more bits.',
    candidates.some(({ outChannels }) => outChannels) && 'Where channels were removed, ch counts those that are left.',
    candidates.some(({ schemes }) => schemes.includes('')) && 'A dash stands for a layer that the candidate lacks.',
  ]
    .filter((sentence) => sentence)
    .join(' ');
}

/** Five shades by the product of both widths, and one for f32. */
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
  if (data.provenance.length === 0) return '<p class="missing">Nothing was recorded.</p>';
  const items = data.provenance.map(([label, value]) => `<dt>${escapeHtml(label)}</dt><dd>${escapeHtml(value)}</dd>`);
  return `<dl>${items.join('\n')}</dl>`;
}
