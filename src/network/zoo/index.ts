import { BitbudgetError } from '../../core/errors.ts';
import { nearestName } from '../../core/nearest-name.ts';
import type { Network } from '../types.ts';
import { cifarResNet, resnet8 } from './resnet.ts';

const BUILDERS: Record<string, () => Network> = {
  resnet8,
  resnet20: () => cifarResNet(20, false),
  resnet32: () => cifarResNet(32, false),
  resnet56: () => cifarResNet(56, false),
  'resnet20-a': () => cifarResNet(20, true),
  'resnet32-a': () => cifarResNet(32, true),
  'resnet56-a': () => cifarResNet(56, true),
};

/** Names of the networks that bitbudget knows by heart. */
export const ZOO_NAMES: readonly string[] = Object.keys(BUILDERS);

/**
 * A network of the zoo as a graph without weights; batch norm is not folded.
 *
 * @throws {BitbudgetError} `usage` for an unknown name.
 * @example zooNetwork('resnet8').inputShape // => [32, 32, 3]
 */
export function zooNetwork(name: string): Network {
  const build = Object.hasOwn(BUILDERS, name) ? BUILDERS[name] : undefined;
  if (build) return build();
  const guess = nearestName(name, ZOO_NAMES);
  const remedy = `${guess ? `Did you mean ${guess}? ` : ''}The zoo holds ${ZOO_NAMES.join(', ')}.`;
  throw new BitbudgetError('usage', `Unknown network "${name}".`, remedy);
}
