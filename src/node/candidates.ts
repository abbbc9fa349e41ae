import type { Cost } from '../cost/types.ts';
import { type Candidate, quantizationSha256 } from '../quant/candidate.ts';
import { quantizeNetwork } from '../quant/quantize.ts';
import type { Scheme } from '../quant/scheme.ts';
import { isModelFile } from './model-files.ts';
import type { Workbench } from './workbench.ts';

export interface CandidateFacts {
  space: string;
  genome: readonly number[];
  /** The scheme of every layer with weights, by name, in execution order. */
  schemes: ReadonlyMap<string, Scheme>;
  cost: Cost;
  accuracy: { value: number; kind: string };
}

/** The candidate file of one point of a search, runnable as it stands: it records the very numbers of its quantization. */
export function makeCandidate({ opened, folded, source, calibration }: Workbench, facts: CandidateFacts): Candidate {
  const { space, genome, schemes, cost, accuracy } = facts;
  const { latencyMs, energyMj, sizeBytes, ramBytes, macs, bitOps } = cost;
  const quantized = quantizeNetwork(source, schemes);
  return {
    network: folded.name,
    weightsSha256: opened.weightsSha256,
    ...(isModelFile(folded.name) && { preprocessing: folded.preprocessing }),
    space,
    genome: [...genome],
    layers: [...schemes].map(([name, scheme]) => ({ name, scheme, outChannels: quantized.plan.shapes.get(name)![2] })),
    quantization: { ...calibration, sha256: quantizationSha256(quantized) },
    predicted: { latencyMs: { ...latencyMs }, energyMj: { ...energyMj }, sizeBytes, ramBytes, macs, bitOps, accuracy },
  };
}
