import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { createCostModel } from '../../../src/cost/cost-model.ts';
import { parseDevice } from '../../../src/cost/device.ts';
import { completeLut } from '../../../src/lut/serialize.ts';
import { zooNetwork } from '../../../src/network/zoo/index.ts';
import { createBitSpace } from '../../../src/space/index.ts';
import { tableFor } from '../lut/toy-table.ts';
import { memoryFiles, runToyStudy, toyCostModel, toyLoss, toySpace } from './toy-study.ts';
const device = parseDevice(readFileSync(new URL('../../../devices/raspberry-pi-4.json', import.meta.url), 'utf8'), 'pi');
function model(name: string, schemes: any[]) {
  const network = zooNetwork(name);
  let k = 1;
  const memo = new Map();
  const table = tableFor(network, schemes, (w: any, s: any) => { const key = JSON.stringify(w) + s; if (!memo.has(key)) { k = (k * 48271) % 2147483647; memo.set(key, 5 + (k % 1000) / 50); } return memo.get(key); });
  return createCostModel({ network, table: completeLut(table), device });
}
const S: any[] = ['f32', 'w8a8', 'w8a4', 'w4a8', 'w4a4', 'w2a2', 'w2a8', 'w8a2', 'w4a2', 'w2a4'];
it('joint', async () => {
  const costModel = model('resnet8', S);
  const space = createBitSpace({ layers: costModel.layers, schemes: S, fixed: new Map() });
  let n = 0;
  const uni = S.map((s) => { const c = costModel.estimate(costModel.layers.map(() => s)); return [s, c.latencyMs.value, c.sizeBytes, c.ramBytes, c.bitOps]; });
  console.log(uni);
  for (const budgets of [{ latencyMs: 0.12, bitOps: 6e7 }, { latencyMs: 0.1, sizeBytes: 22000 }, { latencyMs: 0.09, sizeBytes: 22000 }]) {
  const files = memoryFiles(); n = 0;
  const e: any = await runToyStudy({ budgets }, { files, costModel, space, proxy: { name: 't', loss: (s) => { n++; return toyLoss(s); } } }).catch((x) => x);
  console.log('joint', n, e.message ?? e.points.length, e.remedy, [...files.contents.keys()].length);
  }
});
it('many objectives, resnet20', async () => {
  const costModel = model('resnet20', S);
  const space = createBitSpace({ layers: costModel.layers, schemes: S, fixed: new Map() });
  for (const objectives of [['accuracy', 'latency', 'size'], ['accuracy', 'latency', 'size', 'ram'], ['accuracy', 'latency', 'size', 'bitops'], ['accuracy', 'latency', 'size', 'ram', 'bitops'], ['accuracy', 'latency', 'energy', 'size', 'ram', 'macs', 'bitops']] as any) {
  for (const evaluations of [300, 500]) {
  const t = performance.now();
  const r = await runToyStudy({ evaluations, population: 92, objectives }, { costModel, space });
  console.log('many', objectives.length, evaluations, r.front.length, r.hypervolume, Math.round(performance.now() - t));
  }}
}, 100000);
