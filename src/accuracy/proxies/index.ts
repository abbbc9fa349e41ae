import { BitbudgetError } from '../../core/errors.ts';
import { nearestName } from '../../core/nearest-name.ts';
import { ACTIVATION_NOISE } from './activation-noise.ts';
import { BN_STATISTICS } from './bn-statistics.ts';
import { FISHER_NOISE } from './fisher-noise.ts';
import { FIT } from './fit.ts';
import { GRADIENT_NORM } from './gradient-norm.ts';
import { HAWQ_V3 } from './hawq-v3.ts';
import { JACOBIAN_COVARIANCE } from './jacobian-covariance.ts';
import { OMPQ } from './ompq.ts';
import { OUTPUT_NOISE } from './output-noise.ts';
import { REDUCTION_NOISE } from './reduction-noise.ts';
import { REDUCTION_SIGNAL } from './reduction-signal.ts';
import { SENSITIVITY_KL, SENSITIVITY_LOSS, SENSITIVITY_TOP1 } from './sensitivity.ts';
import { SIGNAL_LOSS } from './signal-loss.ts';
import { SIGNAL_NOISE } from './signal-noise.ts';
import { SYNFLOW } from './synflow.ts';
import type { ArchitectureProxy, BitProxy } from './types.ts';
import { WEIGHT_NOISE } from './weight-noise.ts';

/** The proxies that rank bit allocations; the first is the default where nothing else is chosen. */
export const BIT_PROXIES: readonly BitProxy[] = [
  OUTPUT_NOISE,
  SIGNAL_LOSS,
  SENSITIVITY_KL,
  SENSITIVITY_LOSS,
  SENSITIVITY_TOP1,
  WEIGHT_NOISE,
  ACTIVATION_NOISE,
  SIGNAL_NOISE,
  FIT,
  FISHER_NOISE,
  HAWQ_V3,
  OMPQ,
];

/** The proxies that rank reduced networks; the first is the default. */
export const ARCHITECTURE_PROXIES: readonly ArchitectureProxy[] = [
  REDUCTION_SIGNAL,
  REDUCTION_NOISE,
  SYNFLOW,
  JACOBIAN_COVARIANCE,
  GRADIENT_NORM,
  BN_STATISTICS,
];

/**
 * A proxy for bits by its name.
 *
 * @throws {BitbudgetError} `usage` for an unknown name, with the nearest one.
 * @example findBitProxy('output-noise').needs // => ['images']
 */
export function findBitProxy(name: string): BitProxy {
  return findProxy(BIT_PROXIES, name, 'proxy');
}

/**
 * A proxy for reduced networks by its name.
 *
 * @throws {BitbudgetError} `usage` for an unknown name, with the nearest one.
 * @example findArchitectureProxy('reduction-noise').needs // => ['images']
 */
export function findArchitectureProxy(name: string): ArchitectureProxy {
  return findProxy(ARCHITECTURE_PROXIES, name, 'architecture proxy');
}

function findProxy<Proxy extends { name: string }>(proxies: readonly Proxy[], name: string, kind: string): Proxy {
  const proxy = proxies.find((own) => own.name === name);
  if (proxy) return proxy;
  const names = proxies.map((own) => own.name);
  const guess = nearestName(name, names);
  const remedy = `${guess ? `Did you mean ${guess}? ` : ''}Use ${names.join(', ')}.`;
  throw new BitbudgetError('usage', `Unknown ${kind} "${name}".`, remedy);
}
