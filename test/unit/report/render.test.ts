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

  it('says in words that there is nothing to draw or list', () => {
    const text = bodyText(renderReport({ ...data, networks: [], points: [] }, assets));
    expect(text).toContain('No candidate was evaluated and no network was run.');
    expect(text).toContain('No network is left to show.');
    expect(text).not.toMatch(/<table|<figure/);
  });

  it('draws no baseline as part of the front', () => {
    const baseline: ReportNetwork = { ...candidate, name: 'uniform w8a8', kind: 'baseline', best: false };
    const [accuracy, search] = reportCharts({ ...data, networks: [candidate, baseline] });
    expect(JSON.stringify(accuracy)).toContain('uniform w8a8');
    expect(JSON.stringify(search)).toContain('front/000');
    expect(JSON.stringify(search)).not.toContain('uniform w8a8');
  });

  it('says how many points a logarithmic axis cannot hold', () => {
    const points = [...data.points, { latencyMs: 0.2, loss: 0, feasible: true }];
    const page = renderReport({ ...data, points }, assets);
    expect(page).toContain('no place for the 1 whose loss is not above zero');
    expect(page).toContain('latency of 2 evaluated candidates');
    expect(renderReport(data, assets)).not.toContain('no place for');
  });

  it('lists every network with its own figures and no other', () => {
    const other: ReportNetwork = {
      ...candidate,
      name: 'uniform w4a4',
      kind: 'baseline',
      best: false,
      predictedMs: { value: 2.5, low: 2.4, high: 2.6 },
      measuredMs: { value: 2, low: 1.9, high: 2.1 },
      energyMj: { value: 7.25, source: 'measured' },
      sizeBytes: 2048,
      ramBytes: 4096,
      accuracy: { value: 0.5, low: 0.45, high: 0.55, samples: 400, dataset: 'builtin' },
      budgetVerdict: 'over',
    };
    const text = bodyText(renderReport({ ...data, networks: [candidate, other] }, assets));
    const row = text.split('<tr').find((part) => part.includes('uniform w4a4</th><td>2.500'))!;
    const cells = [...row.matchAll(/<td>(.*?)<\/td>/g)].map(([, cell]) => cell.replace(/<[^>]+>/g, ''));
    expect(cells).toEqual([
      '2.500 2.400 – 2.600',
      '2.000 1.900 – 2.100',
      '25.0%',
      'over',
      '7.25 measured',
      '2.0',
      '4.0',
      '50.0% 45.0% – 55.0%',
    ]);
  });

  it('keeps a script inside its element whatever it says', () => {
    const page = renderReport(data, { echartsScript: 'a = "</SCRIPT ><!--";' });
    expect(page).toContain('a = "<\\/SCRIPT ><\\!--";');
    const separated = renderReport({ ...data, networks: [{ ...candidate, name: 'a\u2028b<!--' }] }, assets);
    expect(separated.slice(separated.indexOf('</main>'))).not.toMatch(/\u2028|<!--/);
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
