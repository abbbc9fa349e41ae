import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { geometricMean, medianMs, speedup } from './interleave.ts';
import type { Limits } from './limits.ts';
import type { NetworkResult } from './networks.ts';
import type { LayerResult } from './run.ts';

const RESULTS = fileURLToPath(new URL('../RESULTS.md', import.meta.url));

/** The section of bench/RESULTS.md for one version of Node. */
export function renderReport(node: string, limits: Limits, layers: LayerResult[], networks: NetworkResult[]): string {
  const [major] = node.split('.');
  const parts = [
    `<!-- peers:node${major} -->`,
    `### Node ${node}`,
    '',
    `Limits of the machine in this run, register-only loops: ${limitsText(limits)}.`,
    '',
  ];
  if (layers.length > 0) parts.push(...layerTables(limits, layers));
  if (networks.length > 0) parts.push(...networkTable(networks));
  parts.push(`<!-- /peers:node${major} -->`, '');
  return parts.join('\n');
}

function limitsText({ f32, i16, fma, i8 }: Limits): string {
  const texts = [
    `f32 multiplication and addition ${f32.toFixed(1)} GFLOP/s`,
    `i16 dot and addition ${i16.toFixed(1)} GOP/s`,
  ];
  if (fma) texts.push(`fused multiply-add ${fma.toFixed(1)} GFLOP/s`);
  if (i8) texts.push(`i8 dot ${i8.toFixed(1)} GOP/s`);
  return texts.join(', ');
}

function table(header: string[], rows: string[][]): string[] {
  return [header, header.map(() => '---'), ...rows].map((row) => `| ${row.join(' | ')} |`).concat('');
}

function layerTables(limits: Limits, layers: LayerResult[]): string[] {
  const ourOf = (result: LayerResult, scheme: string) => result.ours.find((our) => our.scheme === scheme)!;
  const rate = (result: LayerResult, scheme: string) => result.operations / medianMs(ourOf(result, scheme).timed) / 1e6;
  const short = (id: string) => id.replace('__', ' ').replace(/_/g, ' ');
  const peerRows = layers.map((result) => {
    const real = ourOf(result, 'f32');
    const integer = ourOf(result, 'w8a8');
    return [
      result.layer.name,
      short(real.variant),
      `${medianMs(real.timed).toFixed(4)}`,
      `${((100 * rate(result, 'f32')) / limits.f32).toFixed(0)}%`,
      speedup(result.tfjs, real.timed).median.toFixed(2),
      speedup(result.ort, real.timed).median.toFixed(2),
      short(integer.variant),
      `${medianMs(integer.timed).toFixed(4)}`,
      `${((100 * rate(result, 'w8a8')) / limits.i16).toFixed(0)}%`,
      speedup(result.ortInt8, integer.timed).median.toFixed(2),
      speedup(real.timed, integer.timed).median.toFixed(2),
    ];
  });
  const groups = [...new Set(layers.map(({ layer }) => layer.group))];
  const meanRows = groups.map((group) => {
    const members = layers.filter(({ layer }) => layer.group === group);
    const mean = (ratio: (result: LayerResult) => number) => geometricMean(members.map(ratio)).toFixed(2);
    return [
      group,
      String(members.length),
      mean((r) => speedup(r.tfjs, ourOf(r, 'f32').timed).median),
      mean((r) => speedup(r.ort, ourOf(r, 'f32').timed).median),
      mean((r) => speedup(r.ortInt8, ourOf(r, 'w8a8').timed).median),
      ...layers[0].ours
        .filter(({ scheme }) => scheme !== 'f32' && scheme !== 'w8a8')
        .map(({ scheme }) => mean((r) => speedup(ourOf(r, 'w8a8').timed, ourOf(r, scheme).timed).median)),
    ];
  });
  const narrow = layers[0].ours.map(({ scheme }) => scheme).filter((scheme) => scheme !== 'f32' && scheme !== 'w8a8');
  const bitRows = layers.map((result) => [
    result.layer.name,
    ...narrow.map((scheme) => speedup(ourOf(result, 'w8a8').timed, ourOf(result, scheme).timed).median.toFixed(2)),
    short(ourOf(result, 'w4a4').variant),
    short(ourOf(result, 'w2a2').variant),
    short(ourOf(result, 'w1a2').variant),
  ]);
  return [
    'Layer by layer: median milliseconds, per cent of the limit (above 100% where Winograd saves multiplications), and how many times as fast as each peer.',
    '',
    ...table(
      [
        'layer',
        'f32 variant',
        'ms',
        'of limit',
        '× tfjs',
        '× ORT',
        'w8a8 variant',
        'ms',
        'of limit',
        '× ORT int8',
        '× our f32',
      ],
      peerRows,
    ),
    'Fewer bits: how many times as fast as our own w8a8; 1.00 where a scheme is an alias.',
    '',
    ...table(['layer', ...narrow, 'w4a4 variant', 'w2a2 variant', 'w1a2 variant'], bitRows),
    'Geometric means.',
    '',
    ...table(
      ['group', 'layers', 'f32 × tfjs', 'f32 × ORT', 'w8a8 × ORT int8', ...narrow.map((s) => `${s} × w8a8`)],
      meanRows,
    ),
  ];
}

function networkTable(networks: NetworkResult[]): string[] {
  const rows = networks.flatMap(({ network, timed }) => {
    const find = (name: string) => timed.find(({ runner }) => runner.name === name)!;
    const [tfjs, ort, ortInt8] = ['tfjs-wasm f32', 'onnxruntime-web f32', 'onnxruntime-web int8'].map(find);
    return timed.map((one) => [
      network,
      one.runner.name,
      medianMs(one).toFixed(3),
      ...[tfjs, ort, ortInt8].map((peer) => speedup(peer, one).median.toFixed(2)),
    ]);
  });
  return [
    'End to end, every layer in the scheme, from the input tensor to the logits (ours includes writing the input): median milliseconds, and how many times as fast as each peer.',
    '',
    ...table(['network', 'runs', 'ms', '× tfjs f32', '× ORT f32', '× ORT int8'], rows),
  ];
}

/** Puts the section in place of the one of the same version, or at the end. */
export function updateResults(report: string): void {
  const text = readFileSync(RESULTS, 'utf8');
  const [marker] = report.split('\n');
  const end = marker.replace('peers', '/peers');
  const from = text.indexOf(marker);
  const until = text.indexOf(end);
  const kept =
    from < 0
      ? `${text.trimEnd()}\n\n${report}`
      : text.slice(0, from) + report.trimEnd() + text.slice(until + end.length);
  writeFileSync(RESULTS, kept);
}
