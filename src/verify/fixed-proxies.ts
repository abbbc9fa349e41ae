import { ARCHITECTURE_PROXIES, BIT_PROXIES } from '../accuracy/proxies/index.ts';
import type { ProxyContext } from '../accuracy/proxies/types.ts';
import type { Autodiff } from '../autodiff/index.ts';
import { Random } from '../core/random.ts';
import { sha256Hex } from '../core/sha256.ts';
import { calibrate } from '../engine/calibrate.ts';
import { Engine } from '../engine/engine.ts';
import type { LoadedKernels } from '../kernels/types.ts';
import { NetworkBuilder } from '../network/builder.ts';
import { foldNetwork } from '../network/fold.ts';
import { seededWeights } from '../network/seeded-weights.ts';
import type { Network } from '../network/types.ts';
import { quantizationSource } from '../quant/quantize.ts';

const SIDE = 8;
const IMAGES = 6;

/**
 * SHA-256 of what each proxy says of the fixed network, the same on every engine and CPU. They change only where images,
 * calibration, quantization or the proxy are changed on purpose.
 */
export const FIXED_PROXIES: Readonly<Record<string, string>> = {
  'output-noise': '7a24f590919a0ee92651a2e38d24266b918136543dd43309c7fb6e34137be80b',
  'weight-noise': '8fa0de5be60119c77d2491e1ce4732c96c0bccb54aa2a9417a3c5042c51c3e38',
  'activation-noise': '3411f15df99f39122624eb56f59b26df038ce11dfcdea1196e568f8e96158fb3',
  'signal-noise': '13100dee25ddd6a0073e8ed1b16170138e84c4e24b0c2ab2112ed466a21f4811',
  fit: 'bf006fb5dd640f97191ad5cccede323ad07fa839cd962a725d08ca8e5de0dc35',
  'fisher-noise': '7603fa76ba1073891265f9810872874d837620af8b0d475d1aa2bc928fae2ccb',
  'hawq-v3': 'bf9f829049226d16ca6f14d9df1f00c433b7e5a240d8f12bcf65f258ca54cea4',
  ompq: '856dd7e1acf803ac75d7dd37f40e9c2dafdb13aeb099c10574d2add84ac39987',
  'signal-loss': 'd6dea293cbba787c7bea5eb4a55f3541b7af35cf01f94f9ff2bfdf6b75b58027',
  'sensitivity-kl': 'e14fb3262b96a50ba2c748d098251751fbdc1536c1ad4c75c04d91cbd2a9ad22',
  'sensitivity-loss': '26f40f2f1272ce06aa91f5c889bfe0428bed89a7f2e2b6d2e539497342450c13',
  'sensitivity-top1': '8aa0719cb049386205361cf4ff636c65ea0beb211441aee460baf48f305ce43d',
  'reduction-noise': '270c4c45b7993040b4eea200750072fa8d1796a84db94b5477dbe4b93b383260',
  'reduction-signal': 'd507409e0d1a2cfbdb23fa5eec7f4f828ff19a3760cb0a754b4cb6bb48b3796b',
  synflow: 'a1f3a2a654b19df2aef3811cd03344cfdfdce300e3762bd7dda9b66401d1ec35',
  'jacobian-covariance': 'c21290040723b22b7d09e78c2425797eb3858d50b18e477929eab3bac2553e68',
  'gradient-norm': '755760beeb69e02d2f238625c4acec715588f705aea2c43264544f5652294ec2',
  'bn-statistics': 'e19af6f5c95b6e00be90a1ed2944b6eac9c77adbc2855cccc2c6e8327c97084e',
};

/** A proxy's losses of the fixed network on this engine. */
export interface FixedProxyRun {
  name: string;
  sha256: string;
  /** Whether they are those of every other engine. */
  same: boolean;
}

/**
 * Runs the recorded proxies on one small seeded network and compares its losses, to the last bit, with those recorded: a study that
 * a proxy decides must come out the same everywhere, gradients included.
 */
export async function runFixedProxies(
  kernels: LoadedKernels,
  gradients: () => Promise<Autodiff>,
): Promise<FixedProxyRun[]> {
  const network = fixedNetwork();
  const random = new Random(7);
  const images = Array.from({ length: IMAGES }, () =>
    Uint8Array.from({ length: SIDE * SIDE * 3 }, () => random.below(256)),
  );
  const engine = new Engine(kernels);
  const folded = foldNetwork(network);
  const calibration = calibrate(engine, folded, images, { method: 'mse', dataset: 'fixed', seed: 7 });
  const context: ProxyContext = {
    ...{ engine, network, images, gradients, source: quantizationSource(folded, calibration) },
    labels: images.map((_, i) => i % 4),
    onProgress: () => {},
    cancellation: { aborted: false },
    pause: async () => {},
  };
  const runs: FixedProxyRun[] = [];
  const add = (name: string, losses: unknown) => {
    const sha256 = sha256Hex(JSON.stringify(losses));
    runs.push({ name, sha256, same: sha256 === FIXED_PROXIES[name] });
  };
  const recorded = <Proxy extends { name: string }>(proxies: readonly Proxy[]) =>
    proxies.filter(({ name }) => name in FIXED_PROXIES);
  for (const proxy of recorded(BIT_PROXIES)) {
    const { losses } = await proxy.losses(context, ['w8a8', 'w4a4', 'w3a2', 'w1a2']);
    add(
      proxy.name,
      [...losses.values()].map((row) => [...row]),
    );
  }
  const moved = seededWeights(network, 8);
  for (const proxy of recorded(ARCHITECTURE_PROXIES)) add(proxy.name, await proxy.loss(context, moved));
  return runs;
}

/** Convolutions with batch norm, a strided residual block, and what ends a classifier. */
function fixedNetwork(): Network {
  const builder = new NetworkBuilder('fixed', [SIDE, SIDE, 3], { mean: [0.5, 0.4, 0.5], std: [0.25, 0.25, 0.3] });
  builder.convolution('stem', 6, { kernel: 3, padding: 'same' }).batchNorm('stem.norm', 1e-3);
  builder.activation('stem.relu', 'relu');
  const start = builder.tensor;
  const shortcut = builder.convolution('shortcut', 10, { kernel: 1, stride: 2, padding: 'same', bias: true }).tensor;
  builder.from(start).convolution('conv1', 10, { kernel: 3, stride: 2, padding: 'same' }).batchNorm('norm1', 1e-5);
  builder.activation('relu1', 'relu').convolution('conv2', 10, { kernel: 3, padding: 'same' }).batchNorm('norm2', 1e-5);
  builder.add('add', shortcut).activation('relu2', 'relu6');
  return seededWeights(builder.globalAveragePool('pool').dense('classifier', 4).build(), 7);
}
