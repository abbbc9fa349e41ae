import { type Chart, reportCharts } from './charts/index.ts';
import { escapeHtml, inlineScript } from './escape.ts';
import { pageScript } from './page-script.ts';
import { STYLES } from './styles.ts';
import { machineLine, outcome } from './summary.ts';
import { networksTable, provenanceList, schemesTable } from './tables.ts';
import type { ReportData } from './types.ts';

/** What the page is made of besides its data. */
export interface ReportAssets {
  /** The text of echarts/dist/echarts.min.js, which goes into the page: it opens without a network. */
  echartsScript: string;
}

/** The browser itself refuses whatever a page that must open offline would load. */
const POLICY = "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'";

/**
 * A run as one HTML page that needs nothing else: figures, tables, provenance, light and dark. What was not measured is
 * left out or said to be missing, never shown as 0.
 *
 * @returns a whole document.
 */
export function renderReport(data: ReportData, { echartsScript }: ReportAssets): string {
  const charts = reportCharts(data);
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${POLICY}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escapeHtml(data.title)} · bitbudget</title>
<style>${STYLES}</style>
</head>
<body>
<header>
<h1>${escapeHtml(data.title)}</h1>
<p class="facts">${escapeHtml(machineLine(data))}</p>
<p class="lead">${escapeHtml(outcome(data))}</p>
</header>
<main>
<h2>Accuracy, latency and the search</h2>
${figures(charts)}
<h2>Networks</h2>
${networksTable(data)}
<h2>Bits of each layer</h2>
${schemesTable(data)}
<h2>Where this comes from</h2>
${provenanceList(data)}
</main>
${scripts(charts, echartsScript)}</body>
</html>
`;
}

function figures(charts: readonly Chart[]): string {
  if (charts.length === 0) return '<p class="missing">No candidate was evaluated and no network was run.</p>';
  return `<noscript><p>The figures need JavaScript; the tables below hold the numbers of every network.</p></noscript>
<div class="charts">${charts.map(figure).join('\n')}</div>`;
}

function figure({ id, description, caption, wide }: Chart): string {
  return `<figure${wide ? ' class="wide"' : ''}>
<div class="chart" id="chart-${id}" role="img" aria-label="${escapeHtml(description)}"></div>
<figcaption>${escapeHtml(caption)}</figcaption>
</figure>`;
}

function scripts(charts: readonly Chart[], echartsScript: string): string {
  if (charts.length === 0) return '';
  return `<script>${inlineScript(echartsScript)}</script>
<script>${pageScript(charts)}</script>
`;
}
