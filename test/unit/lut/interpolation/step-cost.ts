import { Random } from '../../../../src/core/random.ts';
import { createEntry } from '../../../../src/lut/entry-key.ts';
import type { LutEntry } from '../../../../src/lut/schema.ts';
import { outputSize, type Workload } from '../../../../src/network/workload.ts';
import type { Scheme } from '../../../../src/quant/scheme.ts';
import { CONVOLUTION, HASH, latencyAround } from '../toy-table.ts';

/** A made-up kernel: whole tiles of pixels and channels, and passes over the input and the output. */
export interface StepKernel {
  variant: string;
  scheme: Scheme;
  pixels: number;
  channels: number;
  nsPerMac: number;
  nsPerInput: number;
  nsPerOutput: number;
  callNs: number;
}

export const BYTE_KERNEL: StepKernel = {
  ...{ variant: 'w8a8_conv_2x16__simd', scheme: 'w8a8', pixels: 2, channels: 16 },
  ...{ nsPerMac: 0.027, nsPerInput: 0.1, nsPerOutput: 0.3, callNs: 400 },
};
export const NIBBLE_KERNEL: StepKernel = {
  ...{ variant: 'w4a4_conv_4x16__simd_packeddot', scheme: 'w4a4', pixels: 4, channels: 16 },
  ...{ nsPerMac: 0.016, nsPerInput: 0.4, nsPerOutput: 0.35, callNs: 600 },
};

/** What the kernel takes for a workload; steps and all, without noise. */
export function stepCostUs(kernel: StepKernel, workload: Workload): number {
  const [height, width] = outputSize(workload);
  const pixels = Math.ceil((height * width) / kernel.pixels) * kernel.pixels;
  const channels = Math.ceil(workload.outChannels / kernel.channels) * kernel.channels;
  const inner = workload.kernel[0] * workload.kernel[1] * (workload.inChannels / workload.groups);
  const inputs = workload.height * workload.width * workload.inChannels;
  const outputs = height * width * workload.outChannels;
  const ns =
    kernel.callNs +
    pixels * channels * inner * kernel.nsPerMac +
    inputs * kernel.nsPerInput +
    outputs * kernel.nsPerOutput;
  return ns / 1000;
}

/** A convolution of any channels and size, as pruned networks have them. */
export function randomConvolution(random: Random): Workload {
  const kernel = random.chance(0.5) ? 3 : 1;
  const size = [4, 7, 8, 14, 16, 28, 32][random.below(7)];
  const pad = kernel >> 1;
  return {
    ...CONVOLUTION,
    ...{ height: size, width: size, inChannels: 4 + random.below(93), outChannels: 4 + random.below(93) },
    kernel: [kernel, kernel],
    padding: [pad, pad, pad, pad],
    residual: false,
  };
}

/** Entries of a kernel for workloads, with log-normal noise of the medians. */
export function stepEntries(
  kernel: StepKernel,
  workloads: readonly Workload[],
  noise: number,
  seed: number,
): LutEntry[] {
  const random = new Random(seed);
  const normal = () => Math.sqrt(-2 * Math.log(1 - random.real())) * Math.cos(2 * Math.PI * random.real());
  const { variant, scheme } = kernel;
  return workloads.map((workload) =>
    createEntry({
      ...{ workload, scheme, variant, variantSha256: HASH, trust: 'stable' },
      latencyUs: latencyAround(stepCostUs(kernel, workload) * Math.exp(noise * normal())),
      scratchBytes: 2 * workload.height * workload.width * workload.inChannels,
      packedBytes:
        Math.ceil(workload.outChannels / kernel.channels) *
        kernel.channels *
        workload.inChannels *
        workload.kernel[0] ** 2,
    }),
  );
}
