import type { Cost } from '../cost/types.ts';
import { describeReduction } from '../network/reduce/index.ts';
import { type Candidate, quantizationSha256 } from '../quant/candidate.ts';
import type { Design } from '../quant/design.ts';
import type { DesignBuilder } from './designs.ts';
import type { Workbench } from './workbench.ts';

export interface CandidateFacts {
  space: string;
  genome: readonly number[];
  design: Design;
  cost: Cost;
  accuracy: { value: number; kind: string };
}

/** The candidate file of one point of a search, runnable as it stands: it records the very numbers of its quantization. */
export function makeCandidate(
  { opened, folded, calibration }: Workbench,
  builder: DesignBuilder,
  facts: CandidateFacts,
): Candidate {
  const { space, genome, design, cost, accuracy } = facts;
  const { latencyMs, energyMj, sizeBytes, ramBytes, macs, bitOps } = cost;
  const quantized = builder.quantize(design);
  return {
    network: folded.name,
    weightsSha256: opened.weightsSha256,
    ...(opened.preprocessing && { preprocessing: opened.preprocessing }),
    space,
    genome: [...genome],
    layers: describeReduction(opened.network, design.reduction, quantized.folded).map((layer) => {
      const { name, outChannels, keptChannels, kernel } = layer;
      return {
        name,
        scheme: design.schemes.get(name)!,
        outChannels,
        ...(keptChannels && { keptChannels: [...keptChannels] }),
        ...(kernel !== undefined && { kernel }),
      };
    }),
    quantization: { ...calibration, sha256: quantizationSha256(quantized) },
    predicted: { latencyMs: { ...latencyMs }, energyMj: { ...energyMj }, sizeBytes, ramBytes, macs, bitOps, accuracy },
  };
}
