import { describe, expect, it } from 'vitest';
import {
  createNsga2,
  createNsga3,
  evaluateConcurrently,
  hypervolume,
  type Individual,
  type Nsga3Options,
  nsga2,
  nsga3,
  type SearchState,
} from '../../../src/search/index.ts';

/** Weights of a knapsack against its values: many optima, soon found. */
const knapsack: Pick<Nsga3Options, 'variables' | 'objectives' | 'evaluate'> = {
  variables: Array.from({ length: 14 }, () => ({ kind: 'choice', count: 3 })),
  objectives: 2,
  evaluate: (batch) =>
    batch.map((genome) => {
      const weight = genome.reduce((sum, v, i) => sum + v * (3 + (i % 5)), 0);
      const value = genome.reduce((sum, v, i) => sum + v * (2 + (i % 3)), 0);
      return { objectives: [weight, -value], violation: weight > 70 ? weight - 70 : 0 };
    }),
};
const options = { ...knapsack, seed: 5, population: 20 };
const reference = [120, 0];

describe.each([
  ['nsga3', nsga3, createNsga3],
  ['nsga2', nsga2, createNsga2],
])('%s', (_name, search, create) => {
  it('gives the same search when it is asked and told', async () => {
    const settings = { ...options, evaluations: 333, hypervolume: { reference } };
    const whole = await search(settings);
    const evolution = create(settings);
    while (!evolution.stopped) {
      const batch = evolution.ask();
      evolution.tell(await settings.evaluate(batch));
    }
    expect(evolution.evaluated()).toEqual(whole.history);
    expect(evolution.hypervolumes).toEqual(whole.hypervolumes);
    expect(evolution.front()).toEqual(whole.front);
    expect(evolution.stopped).toBe('evaluations');
  });

  it('keeps the history of every evaluation, the infeasible too', async () => {
    const asked: number[][][] = [];
    const result = await search({
      ...options,
      generations: 6,
      evaluate: (batch) => {
        asked.push(batch);
        return knapsack.evaluate(batch);
      },
    });
    expect(result.history.map(({ variables }) => variables)).toEqual(asked.flat());
    expect(result.history.map(({ evaluation }) => evaluation)).toEqual(asked.flat().map((_, i) => i + 1));
    expect(result.history.map(({ generation }) => generation)).toEqual(asked.flatMap((b, g) => b.map(() => g + 1)));
    expect(result.history.some(({ violation }) => violation > 0)).toBe(true);
    const feasible = result.history.filter(({ violation }) => violation <= 0);
    expect(feasible.map(({ variables }) => variables)).toEqual(result.archive.map(({ variables }) => variables));
  });

  it('measures the hypervolume of all feasible points after each generation', async () => {
    const seen: (number | undefined)[] = [];
    const result = await search({
      ...options,
      generations: 15,
      hypervolume: { reference },
      onGeneration: (report) => void seen.push(report.hypervolume),
    });
    const until = (generation: number) => (one: Individual & { generation: number }) =>
      one.generation <= generation && one.violation <= 0;
    const expected = seen.map((_, g) =>
      hypervolume(
        result.history.filter(until(g + 1)).map(({ objectives }) => objectives),
        reference,
      ),
    );
    expect(seen).toEqual(expected);
    expect(result.hypervolumes).toEqual(expected);
    expect(expected[14]).toBeGreaterThan(expected[0]);
  });

  it('stops where the hypervolume stands still, and not before', async () => {
    const stagnation = { generations: 4, tolerance: 0.001 };
    const result = await search({ ...options, generations: 400, hypervolume: { reference }, stagnation });
    expect(result.stopped).toBe('stagnation');
    const grew = (g: number) => result.hypervolumes[g] > result.hypervolumes[g - 4] * 1.001;
    for (let g = 4; g < result.generations - 1; g++) expect(grew(g)).toBe(true);
    expect(grew(result.generations - 1)).toBe(false);
  });

  it('stops where its target is reached: a point, a hypervolume, or both', async () => {
    const point = await search({ ...options, generations: 400, target: { objectives: [60, -25] } });
    expect(point.stopped).toBe('target');
    const isGood = ({ objectives: [weight, value] }: Individual) => weight <= 60 && value <= -25;
    expect(point.front.some(isGood)).toBe(true);
    const last = point.generations;
    expect(point.history.some((one) => one.generation < last && one.violation <= 0 && isGood(one))).toBe(false);
    const volume = await search({
      ...options,
      generations: 400,
      hypervolume: { reference },
      target: { hypervolume: 3000 },
    });
    expect(volume.stopped).toBe('target');
    expect(volume.hypervolumes.filter((v) => v >= 3000)).toHaveLength(1);
    const both = { objectives: [60, -25], hypervolume: 1e9 };
    const neither = await search({ ...options, generations: 9, hypervolume: { reference }, target: both });
    expect(neither.stopped).toBe('generations');
  });

  it('stops when its time is over, at the end of a generation', async () => {
    let nowNs = 7e9;
    const clock = { nowNs: () => nowNs };
    const result = await search({
      ...options,
      timeMaxMs: 45,
      clock,
      onGeneration: () => void (nowNs += 20e6),
    });
    // The clock stands at 0, 20 and 40 ms after the first three generations.
    expect(result).toMatchObject({ stopped: 'time', generations: 4 });
  });

  it('resumes with its hypervolumes, stagnation and history as if it had never stopped', async () => {
    const settings = {
      ...options,
      generations: 400,
      hypervolume: { reference },
      stagnation: { generations: 5, tolerance: 0.001 },
    };
    const states: string[] = [];
    const whole = await search({
      ...settings,
      onGeneration: (report) => void states.push(JSON.stringify(report.save())),
    });
    for (const state of [states[0], states[states.length >> 1], states[states.length - 1]]) {
      const resumed = await search({ ...settings, resume: JSON.parse(state) as SearchState });
      expect(JSON.stringify(resumed)).toBe(JSON.stringify(whole));
    }
  });

  it('takes the same course whichever evaluation is ready first', async () => {
    const settings = { ...options, evaluations: 200 };
    const whole = await search(settings);
    let lanesBusy = 0;
    let mostBusy = 0;
    const evaluate = evaluateConcurrently(async (genome) => {
      mostBusy = Math.max(mostBusy, ++lanesBusy);
      for (let turn = (genome[0] * 7 + genome[1] * 3) % 5; turn > 0; turn--) await Promise.resolve();
      lanesBusy--;
      return (await settings.evaluate([genome]))[0];
    }, 3);
    expect(JSON.stringify(await search({ ...settings, evaluate }))).toBe(JSON.stringify(whole));
    expect(mostBusy).toBe(3);
  });

  it('refuses ends and measures that make no sense, naming them', async () => {
    const refuses = (wrong: Partial<Nsga3Options>, words: string) =>
      expect(search({ ...options, generations: 3, ...wrong })).rejects.toThrow(words);
    await refuses({ generations: undefined, target: { objectives: [1, 1] } }, 'no end');
    await refuses({ timeMaxMs: 5 }, 'needs a clock');
    await refuses({ timeMaxMs: 0, clock: { nowNs: () => 0 } }, 'timeMaxMs is 0');
    await refuses({ stagnation: { generations: 3 } }, 'not measured');
    await refuses({ hypervolume: { reference }, stagnation: { generations: 0 } }, 'stagnation.generations is 0');
    await refuses({ hypervolume: { reference }, stagnation: { generations: 2, tolerance: 1 } }, 'tolerance is 1');
    await refuses({ hypervolume: { reference: [1] } }, 'hypervolume.reference is [1]');
    await refuses({ target: { objectives: [1, Number.NaN] } }, 'target.objectives');
    await refuses({ target: {} }, 'names none');
    await refuses({ operators: { crossoverProbability: 2 } }, 'crossover probability is 2');
    await refuses({ operators: { realMutations: Number.NaN } }, 'realMutations is NaN');
  });

  it('refuses a state that contradicts itself or was saved with other measures', async () => {
    let state: SearchState | undefined;
    await search({ ...options, generations: 3, onGeneration: (report) => void (state = report.save()) });
    const resume = (changed: Partial<SearchState>, more = {}) =>
      search({ ...options, generations: 5, ...more, resume: { ...state!, ...changed } });
    await expect(resume({ population: [0, 9999] })).rejects.toThrow('contradicts');
    await expect(resume({ generationEnds: [20, 40] })).rejects.toThrow('contradicts');
    await expect(resume({ violations: [] })).rejects.toThrow('contradicts');
    await expect(resume({ found: undefined as unknown as number[] })).rejects.toThrow('contradicts');
    await expect(resume({ genomes: undefined as unknown as number[][] })).rejects.toThrow('saved state');
    await expect(resume({}, { hypervolume: { reference } })).rejects.toThrow('hypervolume');
  });
});

describe('evaluateConcurrently', () => {
  it('fails with the first failure of the batch, once all others have ended, and starts no more', async () => {
    const started: number[] = [];
    let ended = 0;
    const evaluate = evaluateConcurrently(async ([x]) => {
      started.push(x);
      // The second fails at once, the first a little later.
      for (let turn = x === 0 ? 3 : 0; turn > 0; turn--) await Promise.resolve();
      ended++;
      if (x < 2) throw new Error(`genome ${x}`);
      return { objectives: [x] };
    }, 2);
    await expect(evaluate([[0], [1], [2], [3]])).rejects.toThrow('genome 0');
    expect(started).toEqual([0, 1]);
    expect(ended).toBe(2);
  });

  it('refuses no lanes', () => {
    expect(() => evaluateConcurrently(async () => ({ objectives: [0] }), 0)).toThrow('0 lanes');
  });
});
