import { beforeAll, describe, expect, it } from 'vitest';
import { KERNEL_VARIANTS } from '../../../../src/kernels/registry.ts';
import type { ProfileResult, ProfileStep } from '../../../../src/measure/profile.ts';
import { ReferenceKernel } from '../../../../src/measure/reference-kernel.ts';
import type { TimedNetwork } from '../../../../src/measure/rounds.ts';
import { profileSpace } from '../../../../src/measure/space/profile-space.ts';
import type { MeasuredSpace } from '../../../../src/measure/space/sample-space.ts';
import type { Bench } from '../../../../src/measure/surroundings.ts';
import { measuredSpace } from '../../../../src/node/measured-space.ts';
import { openWorkbench, type Workbench } from '../../../../src/node/workbench.ts';

/** Every reading of the clock takes as long, so that all layers do: what is tested is what is measured, not how long. */
const STEP_NS = 400_000;
const VISITS = 4;
const TIME_MAX_S = 7;
/** What is under way when the time is over is brought to its end. */
const LATEST = 1.1;
const variantHashes = new Map(KERNEL_VARIANTS.map(({ id }) => [id, 'a'.repeat(64)]));
let workbench: Workbench;
let space: MeasuredSpace;
let nowNs = 0;

beforeAll(async () => {
  workbench = await openWorkbench('resnet8', {
    calibration: { method: 'minmax', dataset: 'builtin', samples: 2, seed: 1 },
  });
  const config = {
    bits: { schemes: ['w8a8' as const, 'w4a4' as const] },
    keep: { only: ['stage1.*'], ratios: [0.25, 0.5, 0.75, 1] },
  };
  space = measuredSpace(workbench.opened.network, config);
});

function profile(options: { timeMaxS?: number }, changes: Partial<Bench> = {}, onStep = (_: ProfileStep) => {}) {
  nowNs = 0;
  const clock = { nowNs: () => (nowNs += STEP_NS) };
  const loop = (steps: number) => {
    nowNs += steps;
    return steps;
  };
  const bench: Bench = {
    ...workbench.bench({ cancellation: { aborted: false }, onProgress: () => {} }),
    clock,
    interruptions: { contextSwitches: () => 0 },
    reference: new ReferenceKernel(loop, clock),
    pause: async (ms) => void (nowNs += ms * 1e5),
    ...changes,
  };
  return profileSpace(bench, workbench.opened.network, space, {
    ...{ seed: 1, visits: VISITS, validationNetworks: 2, variantHashes },
    onProgressMade: onStep,
    ...options,
  });
}

const interpolatedOf = ({ entries }: ProfileResult) => entries.filter(({ trust }) => trust === 'interpolated');

describe('profiling a space within a time limit', () => {
  let result: ProfileResult;
  let tookNs = 0;
  beforeAll(async () => {
    result = await profile({ timeMaxS: TIME_MAX_S });
    tookNs = nowNs;
  });

  it('measures some entries, holds some of them out, and interpolates the rest', () => {
    const interpolated = interpolatedOf(result);
    const heldOut = result.entries.filter((entry) => entry.heldOut);
    const { interpolation } = result;
    expect(interpolated.length).toBeGreaterThan(0);
    expect(heldOut.length).toBeGreaterThan(0);
    expect(heldOut.every(({ trust }) => trust !== 'interpolated')).toBe(true);
    expect(interpolation!.interpolated).toBe(interpolated.length);
    expect(interpolation!.measured).toBe(result.entries.length - interpolated.length - heldOut.length);
    expect(result.entries.length + interpolation!.missing).toBe(space.reachable.size);
    expect(result.entries.every(({ key }) => space.reachable.has(key))).toBe(true);
  });

  it('leaves time for the validation within the limit', () => {
    expect(result.validation).toBeTruthy();
    expect(tookNs / 1e9).toBeLessThan(LATEST * TIME_MAX_S);
  });

  it('gives interpolated entries a time near that of the measured ones, and an interval around it', () => {
    for (const { latencyUs, variantSha256 } of interpolatedOf(result)) {
      expect(Math.abs(latencyUs.median / (STEP_NS / 1e3) - 1)).toBeLessThan(0.1);
      expect(latencyUs.low).toBeLessThan(latencyUs.median);
      expect(latencyUs.high).toBeGreaterThan(latencyUs.median);
      expect(variantSha256).toBe('a'.repeat(64));
    }
  });
});

describe('a profile of a space that is interrupted', () => {
  it('has told everything that it had measured, and stops', async () => {
    const networks: TimedNetwork[] = [];
    const cancellation = { aborted: false };
    const stopped = profile({}, { cancellation }, (step) => {
      if ('network' in step && networks.push(step.network) === 5) cancellation.aborted = true;
    });
    await expect(stopped).rejects.toMatchObject({ kind: 'interrupted' });
    expect(networks).toHaveLength(5);
    expect(networks[0].groups).toHaveLength(networks[0].layersUs.length);
  });
});
