/** A constant of a model under test. */
export interface TestConstant {
  dims: number[];
  type?: 'float' | 'uint8' | 'int8' | 'int32' | 'int64';
  values: readonly number[];
}

export interface TestNode {
  op: string;
  inputs: string[];
  output: string;
  domain?: string;
  attributes?: Record<string, number | number[] | string | { float: number }>;
}

export interface TestGraph {
  input: { name: string; dims: number[]; type?: number };
  output: string;
  nodes: TestNode[];
  constants?: Record<string, TestConstant>;
  opset?: number;
}

const TYPES = { float: 1, uint8: 2, int8: 3, int32: 6, int64: 7 } as const;
const ARRAYS = { float: Float32Array, uint8: Uint8Array, int8: Int8Array, int32: Int32Array } as const;

type Part = number[];

function varint(value: number): Part {
  let rest = BigInt.asUintN(64, BigInt(value));
  const bytes: Part = [];
  for (; rest > 127n; rest >>= 7n) bytes.push(Number(rest & 127n) | 128);
  return [...bytes, Number(rest)];
}

const int = (field: number, value: number): Part => [...varint(field * 8), ...varint(value)];
const bytes = (field: number, content: Iterable<number>): Part => {
  const list = [...content];
  return [...varint(field * 8 + 2), ...varint(list.length), ...list];
};
const text = (field: number, value: string): Part => bytes(field, new TextEncoder().encode(value));
const float = (field: number, value: number): Part => [
  ...varint(field * 8 + 5),
  ...new Uint8Array(Float32Array.of(value).buffer),
];

function tensor(name: string, { dims, type = 'float', values }: TestConstant): Part {
  const raw = type === 'int64' ? BigInt64Array.from(values, BigInt) : ARRAYS[type].from(values);
  return [
    ...dims.flatMap((size) => int(1, size)),
    ...int(2, TYPES[type]),
    ...text(8, name),
    ...bytes(9, new Uint8Array(raw.buffer)),
  ];
}

function attribute(name: string, value: number | number[] | string | { float: number }): Part {
  if (Array.isArray(value)) return [...text(1, name), ...value.flatMap((one) => int(8, one)), ...int(20, 7)];
  if (typeof value === 'string') return [...text(1, name), ...text(4, value), ...int(20, 3)];
  if (typeof value === 'object') return [...text(1, name), ...float(2, value.float), ...int(20, 1)];
  return [...text(1, name), ...int(3, value), ...int(20, 2)];
}

function node({ op, inputs, output, domain, attributes = {} }: TestNode): Part {
  return [
    ...inputs.flatMap((input) => text(1, input)),
    ...text(2, output),
    ...text(3, `${output}.node`),
    ...text(4, op),
    ...Object.entries(attributes).flatMap(([name, value]) => bytes(5, attribute(name, value))),
    ...(domain ? text(7, domain) : []),
  ];
}

/** An ONNX file. */
export function writeOnnx({ input, output, nodes, constants = {}, opset = 22 }: TestGraph): Uint8Array {
  const shape = input.dims.flatMap((size) => bytes(1, int(1, size)));
  const type = bytes(1, [...int(1, input.type ?? 1), ...bytes(2, shape)]);
  const graph = [
    ...nodes.flatMap((one) => bytes(1, node(one))),
    ...Object.entries(constants).flatMap(([name, constant]) => bytes(5, tensor(name, constant))),
    ...bytes(11, [...text(1, input.name), ...bytes(2, type)]),
    ...bytes(12, text(1, output)),
  ];
  return Uint8Array.from([...int(1, 8), ...bytes(7, graph), ...bytes(8, int(2, opset))]);
}
