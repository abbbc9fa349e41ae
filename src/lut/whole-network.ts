import type { Lut } from './schema.ts';

/** What of a table turns sums of entries into latencies of whole networks. */
export type WholeNetworkFit = Pick<Lut, 'scalar' | 'lengthCorrection'>;

/**
 * The latency of a whole network from the sum of its entries: scalar · sum, and for the network that the table was
 * profiled for the length correction, `slope` · (sum − `meanUs`). Beyond the sums that it was fitted on its share of the
 * sum stays what it is at the nearest of them.
 *
 * @param sumUs Σ of the entries' medians, µs, positive.
 * @param network name of the network.
 * @returns µs.
 * @example wholeNetworkUs(1000, 'resnet20', { scalar: 1.02 }) // => 1020
 */
export function wholeNetworkUs(sumUs: number, network: string, { scalar, lengthCorrection }: WholeNetworkFit): number {
  if (lengthCorrection?.network !== network) return scalar * sumUs;
  const { slope, meanUs, lowUs, highUs } = lengthCorrection;
  const within = Math.min(Math.max(sumUs, lowUs), highUs);
  return sumUs * (scalar + slope * (1 - meanUs / within));
}
