import { quantileSorted } from 'simple-statistics';
import { type Workload, workloadMacs } from '../../network/workload.ts';
import type { Scheme } from '../../quant/scheme.ts';
import { nonNegativeLeastSquares } from '../interpolation/nonnegative.ts';
import { shapeKey } from '../shape-key.ts';
import type { ImportedFigure } from './imported-table.ts';

/** Several layers that another tool timed as one. */
export interface TimedBlock {
  timeUs: number;
  layers: readonly Workload[];
}

export interface SplitBlocks {
  figures: ImportedFigure[];
  /** How far the sum of its layers is from a block's own time: median and 95th percentile, relative. */
  medianRelativeError: number;
  p95RelativeError: number;
}

const ROUNDS = 200;

/**
 * Shares the times of blocks out among their layers, so that layers that occur in several blocks get one figure and sums
 * of layers come as close to the blocks as they can. It starts from a model of one constant, one rate for multiply-
 * accumulates of depthwise layers and one for others, fitted to all blocks by non-negative least squares of the relative
 * error; then every layer is scaled, again and again, by the geometric mean of what its blocks lack (iterative
 * proportional fitting, Deming and Stephan 1940). A layer's interval is the range of what its blocks imply.
 *
 * @param blocks each with at least one layer and a positive time.
 */
export function splitBlocks(blocks: readonly TimedBlock[], scheme: Scheme): SplitBlocks {
  const layers = new Map<string, { workload: Workload; blocks: number[]; us: number }>();
  const members = blocks.map(({ layers: own }, block) =>
    own.map((workload) => {
      const name = shapeKey(workload, scheme);
      const layer = layers.get(name) ?? { workload, blocks: [], us: 0 };
      layer.blocks.push(block);
      layers.set(name, layer);
      return layer;
    }),
  );
  const rows = blocks.map(({ layers: own }) => sumFeatures(own));
  const rates = nonNegativeLeastSquares(
    rows,
    blocks.map(({ timeUs }) => timeUs),
    blocks.map(({ timeUs }) => 1 / timeUs ** 2),
  );
  const least = Math.min(...blocks.map(({ timeUs }) => timeUs)) * 1e-3; // no layer is free, whatever the model says
  for (const layer of layers.values()) {
    layer.us = Math.max(least, dot(rates, features(layer.workload)));
  }
  const lacking = () => blocks.map(({ timeUs }, b) => timeUs / members[b].reduce((sum, { us }) => sum + us, 0));
  for (let round = 0; round < ROUNDS; round++) {
    const factors = lacking();
    for (const layer of layers.values()) {
      const product = layer.blocks.reduce((sum, b) => sum + Math.log(factors[b]), 0);
      layer.us *= Math.exp(product / layer.blocks.length);
    }
  }
  const factors = lacking();
  const errors = factors.map((factor) => Math.abs(1 / factor - 1)).sort((a, b) => a - b);
  const figures = [...layers.values()].map(({ workload, blocks: own, us }): ImportedFigure => {
    const implied = own.map((b) => factors[b] * us);
    const [low, high] = [Math.min(us, ...implied), Math.max(us, ...implied)];
    return { workload, scheme, latencyUs: { median: us, low, high, p95: high, count: own.length } };
  });
  return {
    figures,
    medianRelativeError: quantileSorted(errors, 0.5),
    p95RelativeError: quantileSorted(errors, 0.95),
  };
}

function features(workload: Workload): number[] {
  const macs = workloadMacs(workload) || workload.height * workload.width * workload.inChannels;
  const depthwise = workload.groups > 1 && workload.groups === workload.inChannels;
  return [1, depthwise ? 0 : macs, depthwise ? macs : 0];
}

function sumFeatures(workloads: readonly Workload[]): number[] {
  return workloads.map(features).reduce((sum, row) => sum.map((value, i) => value + row[i]));
}

function dot(a: readonly number[], b: readonly number[]): number {
  return a.reduce((sum, value, i) => sum + value * b[i], 0);
}
