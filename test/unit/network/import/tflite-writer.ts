import { type FlatFields, writeFlatBuffer } from './flatbuffer-writer.ts';

/** A tensor of a model under test: without values it is computed. */
export interface TestTensor {
  shape: number[];
  /** float16 values are given as their bits. */
  type?: 'float32' | 'float16' | 'int32' | 'int8' | 'uint8';
  values?: readonly number[];
  scales?: number[];
  zeroPoints?: number[];
  axis?: number;
}

export interface TestOperator {
  code: keyof typeof CODES;
  inputs: string[];
  output: string;
  options?: FlatFields;
}

export interface TestModel {
  tensors: Record<string, TestTensor>;
  operators: TestOperator[];
  input: string;
  output: string;
}

/** Codes of `BuiltinOperator`. */
const CODES = {
  ...{ ADD: 0, AVERAGE_POOL_2D: 1, CONCATENATION: 2, CONV_2D: 3, DEPTHWISE_CONV_2D: 4, DEQUANTIZE: 6 },
  ...{ FULLY_CONNECTED: 9, LOGISTIC: 14, MAX_POOL_2D: 17, MUL: 18, RELU: 19, RELU6: 21, RESHAPE: 22, SOFTMAX: 25 },
  ...{ TANH: 28, PAD: 34, MEAN: 40, QUANTIZE: 114, HARD_SWISH: 117 },
} as const;

const TYPES = { float32: 0, float16: 1, int32: 2, uint8: 3, int8: 9 } as const;
const ARRAYS = {
  float32: Float32Array,
  float16: Uint16Array,
  int32: Int32Array,
  uint8: Uint8Array,
  int8: Int8Array,
} as const;

/** A TFLite file of one graph. */
export function writeTflite({ tensors, operators, input, output }: TestModel): Uint8Array {
  const names = Object.keys(tensors);
  const codes = [...new Set(operators.map(({ code }) => CODES[code]))];
  const position = (name: string) => (name === '' ? -1 : names.indexOf(name));
  const graph: FlatFields = {
    0: { tables: names.map((name, i) => tensorTable(name, tensors[name], i + 1)) },
    1: { int32s: [position(input)] },
    2: { int32s: [position(output)] },
    3: {
      tables: operators.map((operator) => ({
        0: { int32: codes.indexOf(CODES[operator.code]) },
        1: { int32s: operator.inputs.map(position) },
        2: { int32s: [position(operator.output)] },
        ...table(4, operator.options),
      })),
    },
  };
  const root: FlatFields = {
    0: { int32: 3 },
    1: { tables: codes.map((code) => ({ 0: { int8: code }, 3: { int32: code } })) },
    2: { tables: [graph] },
    4: { tables: [{}, ...names.map((name) => bufferTable(tensors[name]))] },
  };
  return writeFlatBuffer(root, 'TFL3');
}

function tensorTable(name: string, { shape, type, scales, zeroPoints, axis }: TestTensor, buffer: number): FlatFields {
  const quantization: FlatFields = {
    2: { float32s: scales ?? [] },
    3: { int64s: zeroPoints ?? (scales ?? []).map(() => 0) },
    6: { int32: axis ?? 0 },
  };
  return {
    0: { int32s: shape },
    1: { int8: TYPES[type ?? 'float32'] },
    2: { int32: buffer },
    3: { text: name },
    ...table(4, scales && quantization),
  };
}

function table(field: number, fields: FlatFields | undefined): FlatFields {
  return fields ? { [field]: { table: fields } } : {};
}

function bufferTable({ type, values }: TestTensor): FlatFields {
  if (!values) return {};
  return { 0: { bytes: new Uint8Array(ARRAYS[type ?? 'float32'].from(values).buffer) } };
}
