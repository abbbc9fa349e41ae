import type { Highs } from 'highs';
import type { StageGraph } from './graph.ts';

/** Seconds after which the general solver gives up. */
const MOST_SECONDS = 120;
/** Rows are scaled to numbers of this size, at which the solver's absolute tolerances mean little. */
const SCALE = 1e5;

/** What the general solver found: every layer's choice, and whether it proved that nothing is better. */
export interface GeneralResult {
  choice: Int32Array;
  proven: boolean;
}

/**
 * Solves the same path problem as a mixed-integer program with HiGHS: one binary an arc, flow kept at each state, one
 * row a limit. Far slower than label setting, and as good as it where that runs out of room; an independent opinion in
 * tests. The caller checks the result against its own sums: the solver works to tolerances.
 *
 * @param ceilings of the limited metrics, in the graph's order.
 * @returns undefined where nothing feasible was found.
 * @see Huangfu and Hall, Parallelizing the dual revised simplex method, Mathematical Programming Computation 10, 2018.
 */
export async function solveWithHighs(
  graph: StageGraph,
  ceilings: readonly number[],
): Promise<GeneralResult | undefined> {
  // Loaded here: megabytes of WebAssembly that few problems need. Its types are those of a CommonJS module, which it is not.
  const { default: loadHighs } = (await import('highs')) as unknown as { default(): Promise<Highs> };
  const highs = await loadHighs();
  const solution = highs.solve(programText(graph, ceilings), {
    output_flag: false,
    mip_rel_gap: 0,
    mip_abs_gap: 1e-7,
    time_limit: MOST_SECONDS,
  });
  const proven = solution.Status === 'Optimal';
  if (!proven && solution.Status !== 'Time limit reached') return undefined;
  const columns = solution.Columns as Record<string, { Primal?: number }>;
  const choice = new Int32Array(graph.layerCount).fill(-1);
  graph.stages.forEach((stage, s) => {
    for (let arc = 0; arc < stage.choice.length; arc++) {
      if ((columns[`x${s}_${arc}`]?.Primal ?? 0) < 0.5) continue;
      for (const layer of stage.layers) choice[layer] = stage.choice[arc];
    }
  });
  return choice.includes(-1) ? undefined : { choice, proven };
}

/** The program in the LP format. */
function programText(graph: StageGraph, ceilings: readonly number[]): string {
  const names: string[] = [];
  const columns: number[][] = Array.from({ length: graph.width }, () => []);
  const flows = new Map<string, string[]>();
  const flow = (state: string, sign: string, name: string) => {
    const terms = flows.get(state) ?? [];
    terms.push(`${sign} ${name}`);
    flows.set(state, terms);
  };
  graph.stages.forEach((stage, s) => {
    for (let arc = 0; arc < stage.choice.length; arc++) {
      const name = `x${s}_${arc}`;
      names.push(name);
      for (let k = 0; k < graph.width; k++) columns[k].push(stage.values[arc * graph.width + k]);
      flow(`${s}_${stage.from[arc]}`, '+', name);
      flow(`${s + 1}_${stage.to[arc]}`, '-', name);
    }
  });
  const row = (column: readonly number[], scale: number) =>
    column.flatMap((value, i) =>
      value === 0 ? [] : [`${value < 0 ? '-' : '+'} ${Math.abs(value * scale)} ${names[i]}`],
    );
  const lines = [
    'Minimize',
    ` obj: ${row(columns[0], scaleOf(columns[0])).join('\n ') || `0 ${names[0]}`}`,
    'Subject To',
  ];
  ceilings.forEach((ceiling, k) => {
    const scale = scaleOf(columns[k + 1]);
    const terms = row(columns[k + 1], scale);
    if (terms.length > 0) lines.push(` limit${k}: ${terms.join('\n ')} <= ${ceiling * scale}`);
  });
  const last = `${graph.stages.length}_0`;
  for (const [state, terms] of flows) {
    if (state === last) continue; // follows from the others
    lines.push(` flow${state}: ${terms.join('\n ')} = ${state === '0_0' ? 1 : 0}`);
  }
  return [...lines, 'Binary', ...names.map((name) => ` ${name}`), 'End', ''].join('\n');
}

function scaleOf(column: readonly number[]): number {
  const most = column.reduce((greatest, value) => Math.max(greatest, Math.abs(value)), 0);
  return most === 0 ? 1 : SCALE / most;
}
