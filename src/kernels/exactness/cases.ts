import { Random } from '../../core/random.ts';
import type { Activation, ActivationFunction } from '../../network/types.ts';
import type { InputFormat, OutputFormat, Workload } from '../../network/workload.ts';
import { type Scheme, schemeBits } from '../../quant/scheme.ts';
import type { KernelVariant } from '../types.ts';
import { type ExactnessCase, makeCase, type Numbers } from './layers.ts';
import { largestShape, shapesOf, type WorkloadShape } from './shapes.ts';

/** How a layer is joined to its neighbours. */
type Joint = [input: InputFormat, output: OutputFormat, residual: NonNullable<Numbers['residual']>, Activation];

const INTEGER_JOINTS: Joint[] = [
  ['u8', 'u8', 'none', 'relu'],
  ['u8', 'u8', 'u8', 'relu'],
  ['shared', 'u8', 'none', 'none'],
  ['u8', 'f32', 'u8', 'none'],
  ['shared', 'f32', 'none', 'relu6'],
  ['shared', 'u8', 'u8', 'relu6'],
];

const REAL_JOINTS: Joint[] = [
  ['f32', 'f32', 'none', 'relu'],
  ['f32', 'f32', 'f32', 'relu6'],
  ['u8', 'u8', 'u8', 'relu'],
  ['shared', 'f32', 'f32', 'none'],
  ['f32', 'u8', 'none', 'none'],
  ['f32', 'f32', 'u8', 'none'],
  ['u8', 'f32', 'none', 'none'],
];

/** Layers that are an activation have another one than those that end in it. */
const FUNCTIONS: Record<Activation, ActivationFunction> = { none: 'sigmoid', relu: 'hardSwish', relu6: 'relu6' };

const ZERO_POINTS = ['random', 'lowest', 'highest'] as const;
const PATTERNS = ['lowest', 'highest', 'alternating'] as const;

/** Shapes and extremes of a brief run: the self-test of a device has all variants to try, in both tiers, within seconds. */
const BRIEF_SHAPES = 8;
const BRIEF_EXTREMES = 6;

/** How much of the suite is wanted: `full` for tests, `brief` for the self-test of a device. */
export type Extent = 'full' | 'brief';

/** Every case of a variant, the same on every machine: fixed shapes × joints, accumulator extremes, then random ones. */
export function casesFor(variant: KernelVariant, extent: Extent = 'full'): ExactnessCase[] {
  const random = new Random(seedOf(variant.id));
  const supported = supportedShapes(variant);
  const shapes = extent === 'full' ? supported : evenly(supported, BRIEF_SHAPES);
  const joints = jointsOf(variant);
  const schemes = schemesOf(variant);
  const cases: ExactnessCase[] = [];
  let turn = 0;
  for (const shape of shapes) {
    // a brief run takes each shape once, with the joints in turn
    for (const joint of extent === 'full' ? joints : [joints[turn % joints.length]]) {
      const scheme = turn % 3 === 2 ? schemes[turn % schemes.length] : variant.scheme;
      cases.push(joined(shape, variant, scheme, joint, { zeroPoint: ZERO_POINTS[turn % 3] }, random));
      turn++;
    }
  }
  const extremes = extremeCases(variant, random, extent);
  cases.push(...(extent === 'full' ? extremes : evenly(extremes, BRIEF_EXTREMES)));
  for (let i = 0; i < (extent === 'full' ? 40 : 0); i++) {
    const scheme = schemes[random.below(schemes.length)];
    cases.push(joined(randomShape(variant, random), variant, scheme, joints[random.below(joints.length)], {}, random));
  }
  return cases.filter(({ layer }) => variant.supports(layer.workload) && variant.condition?.holds(layer) !== false);
}

/** At most so many of a list, at equal distances from each other. */
function evenly<T>(list: readonly T[], count: number): T[] {
  const taken = Math.min(count, list.length);
  return Array.from({ length: taken }, (_, i) => list[Math.floor((i * list.length) / taken)]);
}

/** Weights and activations at their ends, on an ordinary shape and at the largest K that the variant admits. */
function extremeCases(variant: KernelVariant, random: Random, extent: Extent): ExactnessCase[] {
  if (variant.scheme === 'f32') return [];
  const weighted = variant.op === 'conv2d' || variant.op === 'dense';
  const joint: Joint = ['u8', weighted ? 'f32' : 'u8', 'none', 'none'];
  const shapes = supportedShapes(variant);
  const ordinary = shapes[Math.min(4, shapes.length - 1)];
  const largest = weighted ? largestShape(variant, workloadOf(ordinary, variant, joint)) : undefined;
  const cases: ExactnessCase[] = [];
  for (const weights of weighted ? PATTERNS : (['random'] as const)) {
    for (const activations of PATTERNS) {
      for (const zeroPoint of ['lowest', 'highest'] as const) {
        const numbers = { weights, activations, zeroPoint };
        cases.push(joined(ordinary, variant, variant.scheme, joint, numbers, random));
        // the bound is met where no two products cancel: x = q − z of the greatest magnitude, weights of one sign
        const greatest = activations === (zeroPoint === 'lowest' ? 'highest' : 'lowest');
        if (extent === 'brief' || !largest || !greatest) continue;
        cases.push(joined(largest, variant, variant.scheme, joint, numbers, random));
      }
    }
  }
  return cases;
}

function joined(
  shape: WorkloadShape,
  variant: KernelVariant,
  scheme: Scheme,
  joint: Joint,
  numbers: Numbers,
  random: Random,
): ExactnessCase {
  const [, , residual] = joint;
  // an add or concat always has its second operand; ops without one ignore the joint's
  const joins = variant.op === 'conv2d' || variant.op === 'dense';
  const takesTwo = variant.op === 'add' || variant.op === 'concat';
  const operand = joins ? residual : takesTwo ? (residual === 'none' ? joint[0] : residual) : 'none';
  return makeCase(
    workloadOf(shape, variant, joint),
    scheme,
    { ...numbers, residual: operand === 'shared' ? 'u8' : variant.op === 'dense' ? 'none' : operand },
    random,
  );
}

function workloadOf(shape: WorkloadShape, variant: KernelVariant, joint: Joint): Workload {
  const [input, output, , activation] = joint;
  return {
    ...shape,
    op: variant.op,
    batch: 1,
    activation: variant.op === 'activation' ? FUNCTIONS[activation] : activation,
    residual: false,
    input,
    output,
  };
}

/** Types that the variant's kind can have at all; `supports` refuses the rest. */
function jointsOf(variant: KernelVariant): Joint[] {
  return variant.scheme === 'f32' ? REAL_JOINTS : INTEGER_JOINTS;
}

/** The variant's own scheme and the narrower ones that it serves as an alias. */
function schemesOf(variant: KernelVariant): Scheme[] {
  if (!variant.scheme.startsWith('w')) return [variant.scheme];
  const { weightBits, activationBits } = schemeBits(variant.scheme);
  const schemes: Scheme[] = [];
  for (let w = 1; w <= weightBits; w++) {
    for (let a = 1; a <= activationBits; a++) schemes.push(`w${w}a${a}`);
  }
  return schemes.reverse();
}

function randomShape(variant: KernelVariant, random: Random): WorkloadShape {
  const shapes = supportedShapes(variant);
  const template = shapes[random.below(shapes.length)];
  const inChannels = 1 + random.below(40);
  const shape = { ...template, inChannels };
  if (variant.op === 'dense') return { ...shape, outChannels: 1 + random.below(40) };
  shape.height = template.kernel[0] + random.below(6);
  shape.width = template.kernel[1] + random.below(6);
  if (variant.op === 'conv2d') return { ...shape, ...randomChannels(template, inChannels, random) };
  if (variant.op === 'concat') return { ...shape, outChannels: inChannels + 1 + random.below(40) };
  if (variant.op === 'subsample') return { ...shape, outChannels: inChannels + template.padding[3] + random.below(5) };
  return { ...shape, outChannels: inChannels };
}

/** Channels of a convolution that go with its groups. */
function randomChannels({ groups, inChannels, outChannels }: WorkloadShape, channels: number, random: Random) {
  if (groups === 1) return { inChannels: channels, outChannels: 1 + random.below(40) };
  if (groups === inChannels && groups === outChannels) {
    return { inChannels: channels, outChannels: channels, groups: channels };
  }
  return { inChannels, outChannels, groups };
}

/** Shapes of the tables that the variant supports with at least one kind of input and output. */
function supportedShapes(variant: KernelVariant): WorkloadShape[] {
  return shapesOf(variant.op).filter((shape) =>
    jointsOf(variant).some((joint) => variant.supports(workloadOf(shape, variant, joint))),
  );
}

/** FNV-1a of the id: each variant has its own committed sequence. */
function seedOf(id: string): number {
  let hash = 0x811c9dc5;
  for (const character of id) hash = Math.imul(hash ^ character.charCodeAt(0), 0x01000193);
  return hash >>> 0;
}
