import { BitbudgetError } from '../../core/errors.ts';
import { nearestName } from '../../core/nearest-name.ts';
import type { Network } from '../types.ts';
import { apqNetwork, mobileNetV1Quarter, mobileNetV2 } from './mobilenet.ts';
import { cifarResNet, resnet8 } from './resnet.ts';
import { autoencoder, dsCnn } from './tiny.ts';

const BUILDERS: Record<string, () => Network> = {
  resnet8,
  resnet20: () => cifarResNet(20, false),
  resnet32: () => cifarResNet(32, false),
  resnet56: () => cifarResNet(56, false),
  'resnet20-a': () => cifarResNet(20, true),
  'resnet32-a': () => cifarResNet(32, true),
  'resnet56-a': () => cifarResNet(56, true),
  'mobilenet-v2': () => mobileNetV2(1, 224),
  'mobilenet-v1-0.25': mobileNetV1Quarter,
  'ds-cnn': dsCnn,
  apq: apqNetwork,
  autoencoder,
};

/** Names of the networks that bitbudget knows by heart; `mobilenet-v2` takes a width and a resolution besides. */
export const ZOO_NAMES: readonly string[] = Object.keys(BUILDERS);

const V2_PREFIX = 'mobilenet-v2-';
const WIDTHS = { from: 0.1, to: 2 };
const RESOLUTIONS = { from: 32, to: 512, step: 32 };

/**
 * A network of the zoo as a graph without weights; batch norm is not folded.
 *
 * @param name one of {@link ZOO_NAMES}, or `mobilenet-v2-<width>-<resolution>` such as `mobilenet-v2-0.35-96`.
 * @throws {BitbudgetError} `usage` for an unknown name.
 * @example zooNetwork('resnet8').inputShape // => [32, 32, 3]
 */
export function zooNetwork(name: string): Network {
  const build = Object.hasOwn(BUILDERS, name) ? BUILDERS[name] : undefined;
  if (build) return build();
  if (name.startsWith(V2_PREFIX)) return scaledMobileNetV2(name);
  const guess = nearestName(name, ZOO_NAMES);
  const remedy = `${guess ? `Did you mean ${guess}? ` : ''}The zoo holds ${ZOO_NAMES.join(', ')} and ${V2_PREFIX}<width>-<resolution>.`;
  throw new BitbudgetError('usage', `Unknown network "${name}".`, remedy);
}

function scaledMobileNetV2(name: string): Network {
  const match = /^(\d+(?:\.\d+)?)-(\d+)$/.exec(name.slice(V2_PREFIX.length));
  const [width, resolution] = match ? [Number(match[1]), Number(match[2])] : [0, 0];
  const known = width >= WIDTHS.from && width <= WIDTHS.to;
  const sized = resolution >= RESOLUTIONS.from && resolution <= RESOLUTIONS.to && resolution % RESOLUTIONS.step === 0;
  if (known && sized) return mobileNetV2(width, resolution);
  const remedy = `Write mobilenet-v2-<width>-<resolution>, such as mobilenet-v2-0.35-96: width from ${WIDTHS.from} to ${WIDTHS.to}, resolution a multiple of ${RESOLUTIONS.step} from ${RESOLUTIONS.from} to ${RESOLUTIONS.to}.`;
  throw new BitbudgetError('usage', `Unknown network "${name}".`, remedy);
}
