import type { Chart } from './charts/index.ts';
import { scriptJson } from './escape.ts';

/**
 * What the page runs once echarts is there: draws the figures as SVG, and fits them to the width. A view box lets the
 * print style scale what was drawn for the screen.
 */
export function pageScript(charts: readonly Chart[]): string {
  return `
const charts = ${scriptJson(charts.map(({ id, option }) => ({ id, option })))};
const escapeText = (text) => String(text).replace(/[&<>"']/g, (c) => '&#' + c.charCodeAt(0) + ';');
const digits = (value) => String(Number(value.toPrecision(4)));
const shared = {
  animation: false,
  textStyle: { fontFamily: 'system-ui, -apple-system, "Segoe UI", Roboto, sans-serif' },
};
const tooltip = {
  confine: true,
  backgroundColor: 'var(--card)',
  borderColor: 'var(--line)',
  textStyle: { color: 'var(--ink)', fontSize: 13 },
  formatter: ({ data, value }) => escapeText(data.tip ?? value.map(digits).join(', ')),
};
const fit = ({ element, chart }) => {
  chart.resize();
  element.querySelector('svg').setAttribute('viewBox', '0 0 ' + chart.getWidth() + ' ' + chart.getHeight());
};
const drawn = charts.map(({ id, option }) => {
  const element = document.getElementById('chart-' + id);
  const chart = echarts.init(element, null, { renderer: 'svg' });
  const legend = { ...option.legend, textStyle: { color: 'var(--soft)' } };
  chart.setOption({ ...shared, ...option, legend, tooltip: { ...tooltip, ...option.tooltip } });
  fit({ element, chart });
  return { element, chart };
});
addEventListener('resize', () => drawn.forEach(fit));
`;
}
