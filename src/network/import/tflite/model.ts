import { damagedModel, printable } from '../failures.ts';
import { assertCount, LIMITS } from '../limits.ts';
import { FlatTable } from './flatbuffer.ts';
import { OPERATOR_NAMES } from './operator-names.ts';

export type TfliteType = 'float32' | 'float16' | 'int32' | 'uint8' | 'int64' | 'int16' | 'int8' | 'other';

const TYPES: Record<number, TfliteType> = {
  ...{ 0: 'float32', 1: 'float16', 2: 'int32', 3: 'uint8', 4: 'int64', 7: 'int16', 9: 'int8' },
};

export interface TfliteTensor {
  name: string;
  type: TfliteType;
  /** Sizes of the axes; empty for a scalar. */
  shape: number[];
  /** Stored content; empty for activations. */
  data: Uint8Array;
  scales: number[];
  zeroPoints: number[];
  quantizedAxis: number;
}

export interface TfliteOperator {
  /** In the schema's words, such as `CONV_2D`. */
  name: string;
  /** Positions in `tensors`; −1 for one that is left out. */
  inputs: number[];
  outputs: number[];
  options: FlatTable | undefined;
}

/** The one graph of a model, as the file has it. */
export interface TfliteModel {
  tensors: TfliteTensor[];
  operators: TfliteOperator[];
  inputs: number[];
  outputs: number[];
}

const IDENTIFIER = 'TFL3';
const VERSION = 3;

/** @throws {BitbudgetError} `damaged-file` for what is no TFLite model; RangeError for one that points outside itself. */
export function readTfliteModel(bytes: Uint8Array, source: string): TfliteModel {
  const identifier = new TextDecoder('latin1').decode(bytes.subarray(4, 8));
  if (identifier !== IDENTIFIER) throw damagedModel(source, `is no TFLite model: it says "${printable(identifier)}"`);
  const root = FlatTable.root(bytes);
  if (root.uint32(0) !== VERSION) throw damagedModel(source, `is of TFLite version ${root.uint32(0)} instead of 3`);
  const subgraphs = root.tables(2);
  if (subgraphs.length !== 1) throw damagedModel(source, `holds ${subgraphs.length} graphs instead of one`);
  const names = root.tables(1).map(operatorName);
  const buffers = root.tables(4);
  const [graph] = subgraphs;
  const tensorTables = graph.tables(0);
  const operatorTables = graph.tables(3);
  assertCount(source, 'tensors', tensorTables.length, LIMITS.tensors);
  assertCount(source, 'layers', operatorTables.length, LIMITS.layers);
  const tensors = tensorTables.map((table) => readTensor(table, buffers, source));
  const known = (positions: number[], least: number) => {
    for (const i of positions) {
      if (i < least || i >= tensors.length) throw damagedModel(source, `names tensor ${i} of ${tensors.length}`);
    }
    return positions;
  };
  const operators = operatorTables.map((table): TfliteOperator => {
    const code = table.uint32(0);
    if (code >= names.length) throw damagedModel(source, `names operator code ${code} of ${names.length}`);
    const [inputs, outputs] = [known(table.int32s(1), -1), known(table.int32s(2), 0)];
    assertCount(source, 'operands in one layer', Math.max(inputs.length, outputs.length), LIMITS.operands);
    return { name: names[code], inputs, outputs, options: table.table(4) };
  });
  return { tensors, operators, inputs: known(graph.int32s(1), 0), outputs: known(graph.int32s(2), 0) };
}

/** Codes above 126 stand in a later field than those of the first schema. */
function operatorName(table: FlatTable): string {
  const code = Math.max(table.int8(0), table.int32(3));
  const name = OPERATOR_NAMES[code] ?? `operator ${code}`;
  return name === 'CUSTOM' ? `custom ${printable(table.text(1))}` : name;
}

function readTensor(table: FlatTable, buffers: readonly FlatTable[], source: string): TfliteTensor {
  const buffer = table.uint32(2);
  if (buffer >= buffers.length) throw damagedModel(source, `names buffer ${buffer} of ${buffers.length}`);
  const quantization = table.table(4);
  const shape = table.int32s(0);
  assertCount(source, 'axes in a tensor', shape.length, LIMITS.rank);
  return {
    name: table.text(3),
    type: TYPES[table.int8(1)] ?? 'other',
    shape,
    data: buffers[buffer].bytes(0),
    scales: quantization?.float32s(2) ?? [],
    zeroPoints: quantization?.int64s(3) ?? [],
    quantizedAxis: quantization?.int32(6) ?? 0,
  };
}
