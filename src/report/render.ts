import { type Chart, reportCharts } from './charts.ts';
import { escapeHtml, inlineScript, scriptJson } from './escape.ts';
import { formatCount, formatMs, formatPercent } from './format.ts';
import { STYLES } from './styles.ts';
import { networksTable, provenanceList, schemesTable } from './tables.ts';
import type { ReportData } from './types.ts';

/** What the page is made of besides its data. */
export interface ReportAssets {
  /** The text of echarts/dist/echarts.min.js, which goes into the page: it opens without a network. */
  echartsScript: string;
}

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
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escapeHtml(data.title)} · bitbudget</title>
<style>${STYLES}</style>
</head>
<body>
<header>
<h1>${escapeHtml(data.title)}</h1>
<div class="facts">${escapeHtml(facts(data))}</div>
<p class="lead">${escapeHtml(lead(data))}</p>
</header>
<main>
<h2>Accuracy, latency and the search</h2>
${figures(charts, data)}
<h2>Networks</h2>
${networksTable(data)}
<h2>Bits of each layer</h2>
${schemesTable(data)}
<h2>Where this comes from</h2>
${provenanceList(data)}
</main>
<script>${inlineScript(echartsScript)}</script>
<script>${chartScript(charts)}</script>
</body>
</html>
`;
}

function facts({ device, conditions }: ReportData): string {
  const known = Object.entries(conditions).filter(([, value]) => value !== null);
  const listed = known.map(([name, value]) => `${name} ${value}`);
  return [
    device.cpu,
    `${device.cores} ${device.cores === 1 ? 'core' : 'cores'}`,
    device.os,
    device.engine,
    ...listed,
  ].join(' · ');
}

/** The outcome in a sentence or two. */
function lead({ networks, latencyBudgetMs, evaluations }: ReportData): string {
  const budget = latencyBudgetMs === undefined ? '' : ` under a budget of ${formatMs(latencyBudgetMs)} ms`;
  const searched = `${formatCount(evaluations)} ${evaluations === 1 ? 'candidate was' : 'candidates were'} evaluated${budget}.`;
  const best = networks.find((network) => network.best);
  if (!best) return searched;
  const accuracy = best.accuracy ? ` at ${formatPercent(best.accuracy.value)} top-1` : '';
  const latency = best.measuredMs
    ? `${formatMs(best.measuredMs.value)} ms measured`
    : `${formatMs(best.predictedMs.value)} ms predicted`;
  const reference = networks.find(({ name }) => name === 'uniform f32')?.measuredMs;
  const gain =
    reference && best.measuredMs
      ? `, ${(reference.value / best.measuredMs.value).toFixed(1)} times as fast as f32`
      : '';
  return `${searched} Chosen: ${best.name}, ${latency}${accuracy}${gain}.`;
}

function figures(charts: readonly Chart[], data: ReportData): string {
  if (charts.length === 0) return '<p class="missing">No candidate was evaluated and no network was run.</p>';
  return `<div class="charts">${charts.map((chart) => figure(chart, data)).join('\n')}</div>
<noscript><p>The figures need JavaScript; the tables below hold the figures of every network.</p></noscript>`;
}

function figure({ id, description }: Chart, data: ReportData): string {
  const caption =
    id === 'verification' ? verificationCaption(data) : id === 'search' ? searchCaption(data) : ACCURACY_CAPTION;
  return `<figure${id === 'accuracy' ? ' class="wide"' : ''}>
<div class="chart" id="chart-${id}" role="img" aria-label="${escapeHtml(description)}"></div>
<figcaption>${escapeHtml(caption)}</figcaption>
</figure>`;
}

const ACCURACY_CAPTION =
  'Every network whose accuracy was measured; higher and further left is better. Vertical bars are the 95% interval of top-1; horizontal ones join predicted and measured latency.';

function searchCaption({ points }: ReportData): string {
  const undrawable = points.filter(({ loss }) => loss <= 0).length;
  const left =
    undrawable > 0
      ? ` A logarithmic axis has no place for the ${formatCount(undrawable)} whose loss is not above zero.`
      : '';
  return `Every candidate that the search evaluated, priced from the table; lower and further left is better.${left}`;
}

function verificationCaption({ verification }: ReportData): string {
  if (!verification) return 'Predicted against measured latency, with 95% intervals. The dashed line is equality.';
  const { networks, medianRelativeError, p95RelativeError, bias, kendallTau } = verification;
  const tau = kendallTau === null ? '' : `, Kendall τ ${kendallTau.toFixed(3)}`;
  return `${networks} networks: median error ${formatPercent(medianRelativeError)}, p95 ${formatPercent(p95RelativeError)}, bias ${formatPercent(bias)}${tau}. Bars are 95% intervals; the dashed line is equality.`;
}

/** Draws the charts in the theme's colours, and again when the theme or the width changes. */
function chartScript(charts: readonly Chart[]): string {
  return `
const charts = ${scriptJson(charts.map(({ id, option }) => ({ id, option })))};
const theme = (name) => getComputedStyle(document.documentElement).getPropertyValue('--' + name).trim();
const coloured = (value) => {
  if (typeof value === 'string') return value.startsWith('@') ? theme(value.slice(1)) : value;
  if (Array.isArray(value)) return value.map(coloured);
  if (value === null || typeof value !== 'object') return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, coloured(inner)]));
};
const escapeText = (text) => String(text).replace(/[&<>"']/g, (c) => '&#' + c.charCodeAt(0) + ';');
let drawn = [];
const draw = () => {
  drawn.forEach((chart) => chart.dispose());
  const soft = theme('soft'), line = theme('line'), ink = theme('ink');
  drawn = charts.map(({ id, option }) => {
    const chart = echarts.init(document.getElementById('chart-' + id), null, { renderer: 'svg' });
    const axis = { axisLabel: { color: soft }, nameTextStyle: { color: soft }, axisLine: { lineStyle: { color: line } }, splitLine: { lineStyle: { color: line, opacity: 0.6 } } };
    const full = coloured(option);
    for (const name of ['xAxis', 'yAxis']) full[name] = { ...axis, ...full[name], nameTextStyle: { ...full[name].nameTextStyle, color: soft } };
    full.legend = { ...full.legend, textStyle: { color: soft } };
    full.tooltip = { ...full.tooltip, formatter: ({ data, value }) => escapeText(data.tip ?? value.map((v) => +v.toPrecision(4)).join(', ')) };
    full.textStyle = { fontFamily: 'inherit' };
    full.animation = false;
    for (const series of full.series) for (const point of series.data) if (point.label) point.label = { ...point.label, color: ink };
    chart.setOption(full);
    return chart;
  });
};
draw();
matchMedia('(prefers-color-scheme: dark)').addEventListener('change', draw);
const fit = () => drawn.forEach((chart) => chart.resize());
addEventListener('resize', fit);
addEventListener('beforeprint', fit);
`;
}
