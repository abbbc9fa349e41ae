import { type Command, Option } from 'commander';
import { readLut } from '../../lut/file.ts';
import { coverNetwork, type NetworkCoverage } from '../../measure/network-coverage.ts';
import { foldNetwork } from '../../network/fold.ts';
import { type LayerSummary, type NetworkSummary, summarize } from '../../network/summary.ts';
import { openLearned } from '../../node/open-network.ts';
import { networkFlag, schemesOf, weightsFlag } from '../options.ts';
import type { CliContext } from '../session.ts';
import { renderTable } from '../table.ts';

interface InspectFlags {
  network: string;
  weights?: string;
  lut?: string;
  schemes?: string;
}

/** `bitbudget inspect MODEL`: layers, multiply-accumulates, parameters, activations, weights, and what a table covers. */
export function register(program: Command, context: CliContext): void {
  const command = program
    .command('inspect')
    .description("a network's layers: shapes, MACs, parameters, activations, weights, and what a table covers")
    .argument('[network]', 'a network of the zoo, or a .tflite, .onnx or tfjs model.json file')
    .addOption(networkFlag())
    .addOption(weightsFlag())
    .addOption(new Option('--lut <file>', 'also show which workloads this table covers'))
    .addOption(new Option('--schemes <list>', "with --lut: in these schemes; the table's own unless given"));
  context.handle<InspectFlags>(command, async ([name], flags, { files }) => {
    const schemes = flags.schemes === undefined ? undefined : schemesOf({ schemes: flags.schemes, bits: '' });
    const network = await openLearned(name ?? flags.network, flags.weights);
    const summary = summarize(network);
    if (flags.lut === undefined) return { document: summary, text: () => describeNetwork(summary) };
    const lut = { path: flags.lut, ...coverNetwork(foldNetwork(network), await readLut(files, flags.lut), schemes) };
    return { document: { ...summary, lut }, text: () => `${describeNetwork(summary)}\n\n${describeCoverage(lut)}` };
  });
}

function describeNetwork(summary: NetworkSummary): string {
  const { network, macs, parameters, peakActivationBytes, integerLayers, layers } = summary;
  const table = renderTable(
    [
      { title: 'layer' },
      { title: 'op' },
      { title: 'input' },
      { title: 'output' },
      { title: 'MACs', align: 'right' },
      { title: 'parameters', align: 'right' },
      { title: 'bytes out', align: 'right' },
      { title: 'weights', align: 'right' },
    ],
    layers.map((layer) => [
      layer.name,
      layer.op,
      layer.inputShape.join('×'),
      layer.outputShape.join('×'),
      layer.macs === 0 ? '' : grouped(layer.macs),
      layer.parameters === 0 ? '' : grouped(layer.parameters),
      grouped(layer.activationBytes),
      describeRange(layer.weightRange),
    ]),
  );
  const lines = [
    `${network}: ${grouped(macs)} MACs, ${grouped(parameters)} parameters (before batch norm is folded)`,
    `Activations alive at once: at most ${grouped(peakActivationBytes)} bytes at one byte an element, as all integer layers store them; ${grouped(4 * peakActivationBytes)} in f32.`,
  ];
  if (integerLayers > 0)
    lines.push(`${integerLayers} layers bring 8-bit weights, scales and zero points of their own; w8a8 keeps them.`);
  return `${table}\n\n${lines.join('\n')}`;
}

function describeRange(range: LayerSummary['weightRange']): string {
  return range ? `${range.low.toPrecision(3)} … ${range.high.toPrecision(3)}` : '';
}

function describeCoverage({ path, workloads, counts }: NetworkCoverage & { path: string }): string {
  const table = renderTable(
    [{ title: 'workload' }, { title: 'layers', align: 'right' }, { title: 'in the table' }, { title: 'not in it' }],
    workloads.map(({ workload, layers, covered, uncovered }) => [
      workload,
      layers.length,
      covered.join(' '),
      uncovered
        .map(({ scheme, status }) => (status === 'interpolable' ? `${scheme} (interpolable)` : scheme))
        .join(' '),
    ]),
  );
  const total = Object.values(counts).reduce((sum, count) => sum + count, 0);
  const open = counts.missing + counts.interpolable;
  const complete = workloads.filter(({ uncovered }) => uncovered.length === 0).length;
  const sum = `${path} covers ${complete} of ${workloads.length} workloads whole: ${total - open} of ${total} entries.`;
  return `${table}\n\n${sum}`;
}

function grouped(value: number): string {
  return value.toLocaleString('en');
}
