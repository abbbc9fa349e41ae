import { outputSize, type Workload } from '../network/workload.ts';
import { entryGops } from './check-entry.ts';
import type { Lut, Trust } from './schema.ts';

/** One line of `lut show`. */
export interface LutRow {
  /** The workload in words, see {@link describeWorkload}. */
  workload: string;
  scheme: string;
  variant: string;
  medianUs: number;
  /** 95% interval of the median. */
  lowUs: number;
  highUs: number;
  trust: Trust;
  /** Operations a nanosecond, two a multiply-accumulate; absent for layers without weights. */
  gops?: number;
}

/** The entries of a table as rows for a reader, in the table's order. */
export function showLut(lut: Pick<Lut, 'entries'>): LutRow[] {
  return lut.entries.map((entry) => {
    const gops = entryGops(entry);
    return {
      workload: describeWorkload(entry.workload),
      scheme: entry.scheme,
      variant: entry.variant,
      medianUs: entry.latencyUs.median,
      lowUs: entry.latencyUs.low,
      highUs: entry.latencyUs.high,
      trust: entry.trust,
      ...(gops !== undefined && { gops }),
    };
  });
}

/**
 * A workload in words: op, channels, output and input size, window, and what is fused.
 *
 * @example describeWorkload({ op: 'conv2d', batch: 1, height: 32, width: 32, inChannels: 16, outChannels: 32, kernel: [3, 3], stride: [2, 2], padding: [1, 1, 1, 1], dilation: [1, 1], groups: 1, activation: 'relu', residual: true, input: 'shared', output: 'u8' }) // => 'conv2d 3×3 /2 16→32 32×32→16×16 +residual relu shared→u8'
 */
export function describeWorkload(workload: Workload): string {
  const { op, height, width, inChannels, outChannels, kernel, stride, dilation, groups } = workload;
  const windowed = op === 'conv2d' || op === 'averagePool' || op === 'maxPool';
  const parts: string[] = [groups > 1 && groups === inChannels ? `depthwise ${op}` : op];
  if (windowed) parts.push(kernel.join('×'));
  if (stride[0] !== 1 || stride[1] !== 1)
    parts.push(stride[0] === stride[1] ? `/${stride[0]}` : `/${stride.join('×')}`);
  if (dilation[0] !== 1 || dilation[1] !== 1) parts.push(`dilated ${dilation.join('×')}`);
  if (groups > 1 && groups !== inChannels) parts.push(`${groups} groups`);
  parts.push(inChannels === outChannels ? `${inChannels}` : `${inChannels}→${outChannels}`);
  if (op !== 'dense') parts.push(`${height}×${width}${windowed ? `→${outputSize(workload).join('×')}` : ''}`);
  if (workload.residual) parts.push('+residual');
  if (workload.activation !== 'none') parts.push(workload.activation);
  parts.push(`${workload.input}→${workload.output}`);
  return parts.join(' ');
}
