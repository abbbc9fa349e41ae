import type { Timed } from './contestants.ts';
import { geometricMean, medianMs, type Ratio, speedup, tenthPercentileMs } from './interleave.ts';
import type { LayerResult, OurResult } from './layer-results.ts';
import type { LimitName } from './limits.ts';
import type { NetworkResult } from './networks.ts';

/** The section of bench/RESULTS.md for one version of Node. */
export function renderReport(node: string, layers: LayerResult[], networks: NetworkResult[]): string {
  const parts = [`### Node ${node}`, ''];
  if (layers.length > 0)
    parts.push(...limitsText(layers), ...peerTable(layers), ...bitsTable(layers), ...means(layers));
  if (networks.length > 0) parts.push(...networkTable(networks));
  parts.push(interruptions(layers, networks), '');
  return parts.join('\n');
}

const LIMIT_TEXTS: [LimitName, string][] = [
  ['f32', 'f32 multiplication and addition'],
  ['fma', 'fused multiply-add'],
  ['i16', 'i16 dot and addition'],
  ['i8', 'i8 dot'],
];

function limitsText(layers: LayerResult[]): string[] {
  const texts = LIMIT_TEXTS.flatMap(([limit, text]) => {
    const rates = layers.map(({ limits }) => limits[limit]).filter((rate) => rate !== undefined);
    if (rates.length === 0) return [];
    const unit = limit === 'f32' || limit === 'fma' ? 'GFLOP/s' : 'GOP/s';
    return [`${text} ${Math.min(...rates).toFixed(0)} to ${Math.max(...rates).toFixed(0)} ${unit}`];
  });
  return [`Limits of the machine, loops over registers timed among the kernels: ${texts.join(', ')}.`, ''];
}

function table(header: string[], rows: string[][]): string[] {
  return [header, header.map(() => '---'), ...rows].map((row) => `| ${row.join(' | ')} |`).concat('');
}

const milliseconds = (timed: Timed) => `${medianMs(timed).toFixed(4)} (${tenthPercentileMs(timed).toFixed(4)})`;
const withInterval = ({ median, low, high }: Ratio) => `${median.toFixed(2)} [${low.toFixed(2)}, ${high.toFixed(2)}]`;
const ourOf = (result: LayerResult, scheme: string) => result.ours.find((our) => our.scheme === scheme)!;
const percent = ({ ofLimit, limit }: OurResult) => `${(100 * ofLimit).toFixed(0)}% ${limit}`;
/** What follows the scheme and the op, which the row and the column say. */
const short = (id: string) =>
  id
    .replace(/^(\w+?)_[a-z0-9]+_/, '$1 ')
    .replace('__', ' ')
    .replace(/_/g, ' ');

function peerTable(layers: LayerResult[]): string[] {
  const rows = layers.map((result) => {
    const { emptyCall } = result;
    const [real, integer] = [ourOf(result, 'f32'), ourOf(result, 'w8a8')];
    return [
      result.layer.name,
      short(real.variant),
      milliseconds(real.timed),
      percent(real),
      withInterval(speedup(result.tfjs, real.timed)),
      withInterval(speedup(result.ort, real.timed, emptyCall.ort)),
      short(integer.variant),
      milliseconds(integer.timed),
      percent(integer),
      withInterval(speedup(result.ortInt8, integer.timed, emptyCall.ortInt8)),
      speedup(real.timed, integer.timed).median.toFixed(2),
      medianMs(emptyCall.ort).toFixed(3),
    ];
  });
  const ours = (scheme: string) => [`${scheme} variant`, 'ms (10th percentile)', 'of limit'];
  return [
    "Layer by layer: median milliseconds, per cent of the limit of the variant's instruction (above 100% where Winograd saves multiplications), and how many times as fast as each peer, with the 95% interval. onnxruntime-web is counted without what an empty call of it costs (last column, tensors copied in and out), so as within a network; tfjs without reading the result.",
    '',
    ...table(
      ['layer', ...ours('f32'), '× tfjs', '× ORT', ...ours('w8a8'), '× ORT int8', '× our f32', 'empty ORT call, ms'],
      rows,
    ),
  ];
}

const narrowSchemes = ([first]: LayerResult[]) =>
  first.ours.map(({ scheme }) => scheme).filter((scheme) => scheme !== 'f32' && scheme !== 'w8a8');
const gain = (result: LayerResult, scheme: string) =>
  speedup(ourOf(result, 'w8a8').timed, ourOf(result, scheme).timed).median;

function bitsTable(layers: LayerResult[]): string[] {
  const narrow = narrowSchemes(layers);
  const rows = layers.map((result) => [
    result.layer.name,
    ...narrow.map((scheme) => gain(result, scheme).toFixed(2)),
    ...['w4a4', 'w2a2', 'w1a2'].map((scheme) => short(ourOf(result, scheme).variant)),
  ]);
  return [
    'Fewer bits: how many times as fast as our own w8a8; 1.00 where a scheme is an alias.',
    '',
    ...table(['layer', ...narrow, 'w4a4 variant', 'w2a2 variant', 'w1a2 variant'], rows),
  ];
}

function means(layers: LayerResult[]): string[] {
  const narrow = narrowSchemes(layers);
  const groups = [...new Set(layers.map(({ layer }) => layer.group))];
  const row = (name: string, members: LayerResult[]) => {
    const mean = (ratio: (result: LayerResult) => number) => geometricMean(members.map(ratio)).toFixed(2);
    const both = (ratio: (result: LayerResult, net: boolean) => number) =>
      `${mean((r) => ratio(r, true))} (${mean((r) => ratio(r, false))})`;
    return [
      name,
      String(members.length),
      mean((r) => speedup(r.tfjs, ourOf(r, 'f32').timed).median),
      both((r, net) => speedup(r.ort, ourOf(r, 'f32').timed, net ? r.emptyCall.ort : undefined).median),
      both((r, net) => speedup(r.ortInt8, ourOf(r, 'w8a8').timed, net ? r.emptyCall.ortInt8 : undefined).median),
      ...narrow.map((scheme) => mean((r) => gain(r, scheme))),
    ];
  };
  const rows = groups.map((group) => {
    const members = layers.filter(({ layer }) => layer.group === group);
    return row(group, members);
  });
  const header = ['f32 × tfjs', 'f32 × ORT', 'w8a8 × ORT int8', ...narrow.map((scheme) => `${scheme} × w8a8`)];
  return [
    'Geometric means; in brackets with what calling onnxruntime-web costs.',
    '',
    ...table(['group', 'layers', ...header], [...rows, row('all', layers)]),
  ];
}

function networkTable(networks: NetworkResult[]): string[] {
  const rows = networks.flatMap(({ network, timed }) => {
    const find = (name: string) => timed.find((one) => one.name === name)!;
    const peers = ['tfjs-wasm f32', 'onnxruntime-web f32', 'onnxruntime-web int8'].map(find);
    return timed.map((one) => [
      network,
      one.name,
      `${medianMs(one).toFixed(3)} (${tenthPercentileMs(one).toFixed(3)})`,
      ...peers.map((peer) => (peer === one ? '1' : withInterval(speedup(peer, one)))),
    ]);
  });
  const off = (share: number) => `${(100 * share).toPrecision(1)}%`;
  const checks = networks.map(({ network, differences: { tfjs, ort, ortInt8 } }) => {
    return `${network} ${off(tfjs)}, ${off(ort)} and ${off(ortInt8)}`;
  });
  return [
    'End to end, every layer in the scheme, each as its users call it: ours from raw pixels to a copy of the logits, tfjs from a tensor to logits read back, onnxruntime-web from one tensor to another. Median milliseconds, and how many times as fast as each peer.',
    '',
    ...table(['network', 'runs', 'ms (10th percentile)', '× tfjs f32', '× ORT f32', '× ORT int8'], rows),
    `Furthest logit of tfjs, onnxruntime-web and its int8 from ours of the same kind, of the greatest: ${checks.join('; ')}.`,
    '',
  ];
}

function interruptions(layers: LayerResult[], networks: NetworkResult[]): string {
  const ofLayers = layers.flatMap(({ ours, tfjs, ort, ortInt8 }) => [
    ...ours.map(({ timed }) => timed),
    ...[tfjs, ort, ortInt8],
  ]);
  const timed = [...ofLayers, ...networks.flatMap((network) => network.timed)];
  const sum = (values: number[]) => values.reduce((total, value) => total + value, 0);
  const share = sum(timed.map(({ interrupted }) => interrupted)) / sum(timed.map(({ samplesMs }) => samplesMs.length));
  return `Other processes interrupted ${(100 * share).toFixed(1)}% of the samples.`;
}
