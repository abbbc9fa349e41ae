import { describe, expect, it } from 'vitest';
import { reportCharts } from '../../../src/report/charts/index.ts';
import { renderReport } from '../../../src/report/render.ts';
import { machineLine, outcome } from '../../../src/report/summary.ts';
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
  it('shows the channels that are left, and layers that a candidate lacks', () => {
    const layers = ['stem', 'stage1.conv1', 'classifier'];
    const slim: ReportNetwork = { ...candidate, schemes: ['w8a8', '', 'f32'], outChannels: [12, null, null] };
    const text = bodyText(renderReport({ ...data, layers, networks: [slim] }, assets));
    expect(text).toContain('8/8 <small>12 ch</small>');
    expect(text).toContain('<td class="missing">–</td>');
    expect(text).toContain('A dash stands for a layer that the candidate lacks.');
    expect(() => parseReportData(JSON.stringify({ ...data, networks: [slim] }), 'report.json')).toThrowError(
      'has 3 schemes and 3 counts of channels for 2 layers',
    );
  });

  it('shows the numbers that it was given, with their intervals and kinds', () => {
    const text = bodyText(renderReport(data, assets));
    for (const shown of [
      '0.123',
      '0.120 – 0.130',
      '0.125',
      '0.124 – 0.127',
      '−1.4',
      'within interval',
      '3.46',
      'model',
    ]) {
      expect(text).toContain(shown);
    }
    for (const shown of ['10.0', '20.0', '0.0100', '87.5', '86.0 – 89.0', '2,000 images of builtin', '8/8', '4/2'])
      expect(text).toContain(shown);
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
    expect(page).not.toMatch(/(src|href)=|url\(|@import|https?:|<link|<base/);
    expect(page).toContain(`content="default-src 'none';`);
  });

  it('leaves out what was not measured, and says so', () => {
    const { measuredMs: _, accuracy: __, budgetVerdict: ___, ...predicted } = candidate;
    const { verification: ____, latencyBudgetMs: _____, ...rest } = data;
    const partial: ReportData = { ...rest, networks: [predicted] };
    expect(reportCharts(partial).map(({ id }) => id)).toEqual(['search']);
    const page = renderReport(partial, assets);
    expect(bodyText(page)).toContain('not run');
    expect(bodyText(page)).not.toMatch(/error, %|>budget<|>0\.0+<|NaN|undefined/);
    expect(page).not.toMatch(/budget 0|of a budget|Top-1 was/);
  });

  it('stands without a single candidate', () => {
    const page = renderReport({ ...data, networks: [], points: [] }, assets);
    expect(page).toContain('The search left no candidate.');
  });

  it('says in words that there is nothing to draw or list', () => {
    const text = bodyText(renderReport({ ...data, networks: [], points: [] }, assets));
    expect(text).toContain('No candidate was evaluated and no network was run.');
    expect(text).toContain('No network is left to show.');
    expect(text).not.toMatch(/<table|<figure|<noscript/);
  });

  it('draws baselines beside the front, never as part of it', () => {
    const baseline: ReportNetwork = { ...candidate, name: 'uniform w8a8', kind: 'baseline', best: false };
    baseline.measuredMs = { value: 0.05, low: 0.05, high: 0.05 };
    const [accuracy, search] = reportCharts({ ...data, networks: [candidate, baseline] });
    for (const { option } of [accuracy, search]) {
      const drawn = option.series.map((series) => ({ name: series.name, text: JSON.stringify(series.data) }));
      const holding = drawn.filter(({ text }) => text.includes('uniform w8a8'));
      expect(holding.map(({ name }) => name)).toEqual(['baseline']);
    }
    const front = accuracy.option.series.find(({ name }) => name === 'front')!;
    expect(front.data).toEqual([[0.1251, 87.5]]);
  });

  it('draws the front of the feasible candidates alone', () => {
    const points = [
      { latencyMs: 0.3, loss: 0.1, feasible: true },
      { latencyMs: 0.1, loss: 0.5, feasible: true },
      { latencyMs: 0.2, loss: 0.6, feasible: true },
      { latencyMs: 0.1, loss: 0.1, feasible: false },
    ];
    const search = reportCharts({ ...data, points })[1];
    const front = search.option.series.find(({ name }) => name === 'front')!;
    expect(front.data).toEqual([
      [0.1, 0.5],
      [0.3, 0.1],
    ]);
  });

  it('says how many points have no loss to draw', () => {
    const points = [...data.points, { latencyMs: 0.2, loss: 0, feasible: true }];
    const page = renderReport({ ...data, points }, assets);
    expect(page).toContain('1 more, whose loss is not above zero, are not drawn');
    expect(page).toContain('latency of 2 evaluated candidates');
    expect(renderReport(data, assets)).not.toContain('are not drawn');
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
    const text = bodyText(renderReport({ ...data, networks: [other, candidate] }, assets));
    expect(text.indexOf('Candidates')).toBeLessThan(text.indexOf('front/000'));
    expect(text.indexOf('front/000')).toBeLessThan(text.indexOf('Uniform baselines'));
    expect(text.indexOf('Uniform baselines')).toBeLessThan(text.indexOf('uniform w4a4'));
    const row = text.split('<tr').find((part) => part.includes('uniform w4a4</th><td>2.500'))!;
    const cells = [...row.matchAll(/<td>(.*?)<\/td>/g)].map(([, cell]) => cell.replace(/<[^>]+>/g, ''));
    expect(cells).toEqual([
      '2.500 2.400 – 2.600',
      '2.000 1.900 – 2.100',
      '+25.0',
      'over',
      '7.25 measured',
      '2.0',
      '4.0',
      '0.0100',
      '50.0 45.0 – 55.0',
    ]);
  });

  it('keeps a script inside its element whatever it says', () => {
    const page = renderReport(data, { echartsScript: 'a = "</SCRIPT ><!--";' });
    expect(page).toContain('a = "<\\/SCRIPT ><\\!--";');
    const separated = renderReport({ ...data, networks: [{ ...candidate, name: 'a\u2028b<!--' }] }, assets);
    expect(separated.slice(separated.indexOf('</main>'))).not.toMatch(/\u2028|<!--/);
  });

  it('takes no name for a colour', () => {
    const networks = [{ ...candidate, name: '@bad' }];
    const [accuracy] = reportCharts({ ...data, networks });
    const [point] = accuracy.option.series.find(({ name }) => name === 'candidate')!.data as [
      { name: string; label: { formatter: string } },
    ];
    expect(point).toMatchObject({ name: '@bad', label: { formatter: '{b}, chosen' } });
  });

  it('tells the outcome: the choice, its gain over f32, or that nothing kept the budget', () => {
    const f32: ReportNetwork = { ...candidate, name: 'float', kind: 'baseline', schemes: ['f32', 'f32'], best: false };
    f32.measuredMs = { value: 0.5004, low: 0.5, high: 0.51 };
    expect(outcome({ ...data, networks: [candidate, f32] })).toBe(
      '2,000 candidates were evaluated under a budget of 0.125 ms. Chosen: front/000, 0.125 ms measured at 87.5% top-1, 4.0 times as fast as f32.',
    );
    const over = { ...candidate, best: false, budgetVerdict: 'over' as const };
    expect(outcome({ ...data, networks: [over, f32] })).toMatch(
      /None of the candidates that were run kept the budget\.$/,
    );
  });

  it('says how many candidates were turned away, by reason', () => {
    const rejections = { 'over latencyMs': 1234, 'over ramBytes': 5 };
    expect(outcome({ ...data, rejections })).toMatch(
      / Repaired or turned away before they were evaluated: 1,234 over latencyMs, 5 over ramBytes\.$/,
    );
  });

  it('says the conditions in words and leaves out what is unknown', () => {
    const conditions = { governor: 'performance', tempC: 48, throttled: false, load: null };
    expect(machineLine({ ...data, conditions })).toBe(
      'Toy CPU · 2 cores · linux · node 20 · performance governor · 48 °C · not throttled',
    );
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
    expect(() => parseReportData('{"title": ', 'report.json')).toThrowError(
      'report.json is no JSON: cut off at line 1, column 10.',
    );
    expect(() => parseReportData('{"title": x}', 'report.json')).toThrowError(
      'report.json is no JSON: unexpected "x" at line 1, column 11.',
    );
    expect(() => parseReportData('', 'report.json')).toThrowError('report.json is no JSON: empty.');
    const wrong = { ...data, networks: [{ ...candidate, sizeBytes: '10' }] };
    expect(() => parseReportData(JSON.stringify(wrong), 'report.json')).toThrowError(
      'report.json: networks.0.sizeBytes',
    );
    const short = { ...data, networks: [{ ...candidate, schemes: ['w8a8'] }] };
    expect(() => parseReportData(JSON.stringify(short), 'report.json')).toThrowError(
      'report.json: networks.0: has 1 schemes for 2 layers.',
    );
    expect(() => parseReportData(JSON.stringify({ ...data, surplus: 1 }), 'report.json')).toThrowError(/surplus/);
    try {
      parseReportData('[]', 'report.json');
      expect.unreachable();
    } catch (error) {
      expect(error).toMatchObject({ kind: 'damaged-file', exitCode: 1 });
    }
  });
});
