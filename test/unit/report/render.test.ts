import { describe, expect, it } from 'vitest';
import { reportCharts } from '../../../src/report/charts.ts';
import { renderReport } from '../../../src/report/render.ts';
import { parseReportData, type ReportData, type ReportNetwork } from '../../../src/report/types.ts';

const candidate: ReportNetwork = {
  name: 'front/000',
  kind: 'candidate',
  schemes: ['w8a8', 'w4a2'],
  predictedMs: { value: 0.1234, low: 0.12, high: 0.13 },
  measuredMs: { value: 0.1251, low: 0.124, high: 0.127 },
  energyMj: { value: 3.456, source: 'model' },
  sizeBytes: 10240,
  ramBytes: 20480,
  proxyLoss: 0.01,
  accuracy: { value: 0.875, low: 0.86, high: 0.89, samples: 2000, dataset: 'builtin' },
  budgetVerdict: 'within-interval',
  best: true,
};

const data: ReportData = {
  title: 'resnet8 on Toy CPU',
  network: 'resnet8',
  layers: ['stem', 'classifier'],
  device: { id: 'toy', cpu: 'Toy CPU', cores: 2, os: 'linux', engine: 'node 20' },
  conditions: { governor: 'performance', tempC: null },
  provenance: [['seed', '1']],
  proxyName: 'output-noise',
  latencyBudgetMs: 0.125,
  evaluations: 2000,
  points: [
    { latencyMs: 0.1, loss: 0.5, feasible: true },
    { latencyMs: 0.3, loss: 0.1, feasible: false },
  ],
  networks: [candidate],
  verification: { networks: 1, medianRelativeError: 0.0136, p95RelativeError: 0.02, bias: -0.0136, kendallTau: null },
};
const assets = { echartsScript: 'var echarts = "</script>";' };

function bodyText(page: string): string {
  return page.slice(page.indexOf('<main>'), page.indexOf('</main>'));
}

describe('the report', () => {
  it('shows the numbers that it was given, with their intervals and kinds', () => {
    const text = bodyText(renderReport(data, assets));
    for (const shown of [
      '0.123',
      '0.120 – 0.130',
      '0.125',
      '0.124 – 0.127',
      '−1.4%',
      'within its interval',
      '3.46',
      'model',
    ]) {
      expect(text).toContain(shown);
    }
    for (const shown of ['10.0', '20.0', '87.5%', '86.0% – 89.0%', '8/8', '4/2']) expect(text).toContain(shown);
  });

  it('escapes every text', () => {
    const hostile = '</script><img src=x onerror=alert(1)>';
    const networks = [{ ...candidate, name: hostile }];
    const page = renderReport(
      { ...data, title: hostile, layers: [hostile, 'b'], networks, provenance: [[hostile, hostile]] },
      assets,
    );
    expect(page).not.toContain('<img');
    expect(page.match(/<script/g)).toHaveLength(page.match(/<\/script/g)!.length);
    expect(page.match(/<\/script/g)).toHaveLength(2);
  });

  it('fetches nothing', () => {
    const page = renderReport(data, { echartsScript: '' });
    expect(page).not.toMatch(/(src|href)=|url\(|@import|https?:/);
  });

  it('leaves out what was not measured, and says so', () => {
    const { measuredMs: _, accuracy: __, budgetVerdict: ___, ...predicted } = candidate;
    const { verification: ____, latencyBudgetMs: _____, ...rest } = data;
    const partial: ReportData = { ...rest, networks: [predicted] };
    expect(reportCharts(partial).map(({ id }) => id)).toEqual(['search']);
    const page = renderReport(partial, assets);
    expect(bodyText(page)).toContain('not run');
    expect(bodyText(page)).not.toContain('0.0%');
    expect(page).not.toContain('budget 0');
  });

  it('stands without a single candidate', () => {
    const page = renderReport({ ...data, networks: [], points: [] }, assets);
    expect(page).toContain('The search left no candidate.');
  });

  it('marks infeasible candidates as such', () => {
    const [, search] = reportCharts(data);
    expect(JSON.stringify(search)).toContain('"over budget"');
    const feasible = data.points.filter((point) => point.feasible);
    expect(JSON.stringify(reportCharts({ ...data, points: feasible })[1])).not.toContain('over budget');
  });
});

describe('report.json', () => {
  it('reads back what was written', () => {
    expect(parseReportData(JSON.stringify(data), 'report.json')).toEqual(data);
  });

  it('is refused when damaged, naming the place', () => {
    expect(() => parseReportData('{"title": ', 'report.json')).toThrowError(/^report\.json is no JSON/);
    const wrong = { ...data, networks: [{ ...candidate, sizeBytes: '10' }] };
    expect(() => parseReportData(JSON.stringify(wrong), 'report.json')).toThrowError(
      'report.json: networks.0.sizeBytes',
    );
  });
});
